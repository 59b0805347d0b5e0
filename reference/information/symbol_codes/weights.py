"""Probabilities as integers in their exact ratio, so that no rounding decides a length.

Spec: SYM-1.

A binary64 number is an integer over a power of two. So any probabilities have a common
denominator, and a code can be made of their numerators alone: sums and comparisons of
integers, the same on every machine. The weights of `[0.5, 0.25, 0.25]` are `(2, 1, 1)`.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reference.errors import DistributionError

__all__ = ["TOTAL_TOLERANCE", "Probabilities", "integer_weights"]

Probabilities = Sequence[int | float | Fraction] | NDArray[np.floating] | NDArray[np.integer]
"""One vector of ``n >= 1`` numbers (SYM-1)."""

TOTAL_TOLERANCE = Fraction(1, 2**16)
"""How far the sum of probabilities may be from 1 (SYM-1)."""


def integer_weights(
    probabilities: Probabilities, *, normalize: bool = False
) -> tuple[int, ...]:
    """Return the smallest integers in the exact ratio of the probabilities.

    Spec: SYM-1.

    Args:
        probabilities: shape ``(n,)``, ``n >= 1``; integers, binary64 numbers or fractions,
            not negative, with a sum within ``2**-16`` of 1, or any positive one if
            `normalize`.

    Returns:
        ``n`` integers, at least 0, without a common divisor.

    Raises:
        DistributionError: the numbers are no distribution (SYM-1).
    """
    numbers = [_exact(i, p) for i, p in enumerate(_sequence(probabilities))]
    total = sum(numbers, Fraction(0))
    if normalize and total == 0:
        raise DistributionError("probabilities have the sum 0: it cannot become 1")
    if not normalize and abs(total - 1) > TOTAL_TOLERANCE:
        raise DistributionError(f"probabilities have the sum {float(total)!r}, not 1")
    common = math.lcm(*(p.denominator for p in numbers))
    weights = [p.numerator * (common // p.denominator) for p in numbers]
    divisor = math.gcd(*weights)
    return tuple(w // divisor for w in weights)


def _sequence(probabilities: Probabilities) -> list[object]:
    try:
        numbers = list(probabilities)
    except TypeError:
        raise DistributionError(f"{probabilities!r} is no vector of numbers") from None
    if not numbers:
        raise DistributionError("there are no probabilities")
    return [p.item() if isinstance(p, np.generic) else p for p in numbers]


def _exact(i: int, p: object) -> Fraction:
    if isinstance(p, bool) or not isinstance(p, int | float | Fraction):
        raise DistributionError(f"probability {i} is {p!r}: no integer, binary64 or fraction")
    if not 0 <= p < math.inf:
        raise DistributionError(f"probability {i} is {p}")
    return Fraction(p)
