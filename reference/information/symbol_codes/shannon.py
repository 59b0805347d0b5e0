"""Shannon's code: every symbol has the whole digits that its surprisal needs.

Spec: SYM-4, SYM-5.
Source: C. Shannon, "A mathematical theory of communication" (1948), section 9.

Likelier symbols first, a symbol owns the part of ``[0, 1)`` from the probability of those
before it on; its codeword is the beginning of that number, long enough to stay inside::

    0            0.1            0.110  0.111   1      p = 1/2, 1/4, 1/8, 1/8
    |-------------|--------------|------|------|      codewords 0, 10, 110, 111
"""

from itertools import count

from reference.information.symbol_codes.prefix_code import (
    Code,
    Codeword,
    Lengths,
    check_radix,
    digits_of,
)
from reference.information.symbol_codes.weights import Probabilities, integer_weights

__all__ = ["shannon_code", "shannon_lengths"]


def shannon_lengths(
    probabilities: Probabilities, *, radix: int = 2, normalize: bool = False
) -> Lengths:
    """Return the surprisal of every symbol in digits, rounded up.

    Spec: SYM-4.

        l_i  =  the least l >= 0 with  p_i * radix**l >= 1

    Args:
        probabilities: shape ``(n,)``, as for `integer_weights`; of probability 0 is ``None``.

    Raises:
        DistributionError: the numbers are no distribution (SYM-1), or `radix` is below 2.
    """
    check_radix(radix)
    weights = integer_weights(probabilities, normalize=normalize)
    total = sum(weights)
    return tuple(
        next(length for length in count() if w * radix**length >= total) if w else None
        for w in weights
    )


def shannon_code(
    probabilities: Probabilities, *, radix: int = 2, normalize: bool = False
) -> Code:
    """Return Shannon's codewords: the first digits of the probability of likelier symbols.

    Spec: SYM-5. Symbols of equal probability are taken in the order of their numbers.

    Arguments and errors are those of `shannon_lengths`.
    """
    weights = integer_weights(probabilities, normalize=normalize)
    lengths = shannon_lengths(weights, radix=radix, normalize=True)
    codewords: list[Codeword | None] = [None] * len(weights)
    before, total = 0, sum(weights)
    for i in sorted(range(len(weights)), key=lambda i: (-weights[i], i)):
        length = lengths[i]
        if length is not None:
            codewords[i] = digits_of(before * radix**length // total, length, radix)
        before += weights[i]
    return tuple(codewords)
