"""What a code costs: its expected length, and how much of that it wastes.

Spec: SYM-11; SYM-13 compares it with what ANS wastes.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), sections 5.3 and 5.4.

A code is known here by its lengths alone. They may have been made for another distribution
than the one that the symbols come from.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from reference.errors import DistributionError
from reference.information.symbol_codes.prefix_code import check_lengths, kraft_sum
from reference.information.symbol_codes.weights import Probabilities, integer_weights

__all__ = ["expected_length", "redundancy_bits"]


def expected_length(
    lengths: Sequence[int | None], probabilities: Probabilities, *, normalize: bool = False
) -> float:
    """Return the mean number of digits of a symbol, correctly rounded.

    Spec: SYM-11.

        sum_i  p_i l_i,    infinite where a symbol of positive probability has no codeword

    Args:
        lengths: ``n`` lengths, in digits.
        probabilities: shape ``(n,)``, as for `integer_weights`.

    Raises:
        DistributionError: the numbers are no distribution (SYM-1), or the lengths are not as
            many, or no integers of at least 0.
    """
    weights = _weights(lengths, probabilities, normalize)
    if any(w and n is None for w, n in zip(weights, lengths, strict=True)):
        return math.inf
    digits = sum(w * int(n or 0) for w, n in zip(weights, lengths, strict=True))
    return float(Fraction(digits, sum(weights)))


def redundancy_bits(
    lengths: Sequence[int | None],
    probabilities: Probabilities,
    *,
    radix: int = 2,
    normalize: bool = False,
) -> float:
    """Return by how much the code exceeds the entropy, in bits a symbol.

    Spec: SYM-11.

        sum_i  p_i (l_i log2(radix) + log2(p_i)),    infinite as `expected_length` is

    With lengths ``-log2(q_i)`` it is KL(p || q), the price of having taken q for p.

    Args:
        lengths: ``n`` lengths, in digits of `radix`.
        probabilities: shape ``(n,)``, as for `integer_weights`.

    Raises:
        DistributionError: the numbers are no distribution (SYM-1), the lengths are not as
            many, or are none of a prefix code (SYM-2).
    """
    weights = _weights(lengths, probabilities, normalize)
    if (kraft := kraft_sum(lengths, radix=radix)) > 1:
        raise DistributionError(f"lengths with the Kraft sum {float(kraft)} have no code")
    terms, total = [], sum(weights)
    for w, length in zip(weights, lengths, strict=True):
        p = float(Fraction(w, total))
        if w and length is None:
            return math.inf
        if p > 0 and length is not None:
            terms.append(p * (int(length) * math.log2(radix) + math.log2(p)))
    return math.fsum(terms)


def _weights(
    lengths: Sequence[int | None], probabilities: Probabilities, normalize: bool
) -> tuple[int, ...]:
    weights = integer_weights(probabilities, normalize=normalize)
    if len(lengths) != len(weights):
        raise DistributionError(f"{len(lengths)} lengths for {len(weights)} probabilities")
    check_lengths(lengths)
    return weights
