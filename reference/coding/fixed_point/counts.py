"""Counts to the frequencies of a static table: every symbol that occurs gets a slot.

Spec: FIX-9.

The slots are seats and the counts are votes: the method of Sainte-Lague, with a first seat for
every party. It rounds each share to the nearest integer where the shares so rounded make the
sum, so that is where the search starts.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from reference.coding.integers import integer
from reference.errors import DistributionError

__all__ = ["MOST_COUNTS_PREC", "MOST_TOTAL", "quantise_counts"]

MOST_COUNTS_PREC = 24
"""Most bits of precision of frequencies from counts (FIX-9)."""
MOST_TOTAL = (1 << 48) - 1
"""Largest sum of counts (FIX-9)."""


def quantise_counts(counts: Sequence[int], prec: int) -> tuple[int, ...]:
    """Return frequencies with the sum ``2**prec`` that are nearly in proportion to `counts`.

    Spec: FIX-9. Slot after slot is given to whom it saves most, which is the largest
    ``n_i / (2 * freq_i + 1)``. All slots whose quotient is at least ``total / 2**(prec + 1)``
    are given at once, for they come before all others; and if those are too many, the last
    ones are taken back.

    Args:
        counts: one for each symbol from 0 on; not negative, with a sum in ``[1, 2**48)``.
        prec: in ``[1, 24]``; at least ``log2`` of the number of positive counts.

    Thousands of symbols take long if many have less than one slot's share: the time is then
    quadratic in their number.

    Raises:
        DistributionError: the numbers are no such counts, or there are too few slots.
    """
    numbers = _numbers(counts)
    total, present = sum(numbers), [i for i, n in enumerate(numbers) if n]
    if not 0 < total <= MOST_TOTAL:
        raise DistributionError(f"counts have the sum {total}: it is not in [1, 2**48)")
    prec = integer(prec, DistributionError)
    if not 1 <= prec <= MOST_COUNTS_PREC:
        raise DistributionError(f"{prec} bits of precision are not in [1, {MOST_COUNTS_PREC}]")
    slots = 1 << prec
    if len(present) > slots:
        raise DistributionError(f"{len(present)} symbols do not share 2**{prec} slots")
    freqs = [max(1, (2 * n * slots + total) // (2 * total)) if n else 0 for n in numbers]
    while sum(freqs) < slots:
        freqs[max(present, key=lambda i: Fraction(numbers[i], 2 * freqs[i] + 1))] += 1
    while sum(freqs) > slots:
        last = reversed([i for i in present if freqs[i] > 1])
        freqs[min(last, key=lambda i: Fraction(numbers[i], 2 * freqs[i] - 1))] -= 1
    return tuple(freqs)


def _numbers(counts: Sequence[int]) -> list[int]:
    try:
        array = np.asarray(counts)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"counts are no vector: {error}") from None
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise DistributionError(
            f"an array of shape {array.shape} and type {array.dtype} is no vector of integers"
        )
    numbers: list[int] = array.tolist()
    if min(numbers) < 0:
        raise DistributionError(f"the count {min(numbers)} is negative")
    return numbers
