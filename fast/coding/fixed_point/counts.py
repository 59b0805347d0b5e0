"""Compiled twin of `reference.coding.fixed_point.counts`.

Spec: FIX-9.

Floats make a guess, and slots then move one by one until FIX-9 holds. It holds just where the
sum is right and, of the quotients ``n / (2 * k - 1)`` of the slots ``k > 1`` that are given,
the last one comes before the first one of a slot that is not: for the quotients of a symbol
fall, and the clause gives slots in the order of the quotients. So the guess decides nothing.
"""

from collections.abc import Sequence

import numpy as np
from numba import float64, int64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding.lanes._streams import integer
from reference.coding.fixed_point.counts import MOST_COUNTS_PREC, MOST_TOTAL
from reference.errors import DistributionError

__all__ = ["quantise_counts", "quantise_counts_kernel"]

ZERO = int64(0)
ONE = int64(1)
LAST = int64(-1)
ROUNDS = 8
"""How often a guess is corrected for the symbols that have less than half a slot."""


@kernel
def _is_before(counts, freqs, i, next_i, j, next_j):  # type: ignore[no-untyped-def]
    """Tell whether a slot of symbol `i` comes before one of `j` in the order of the clause.

    They are the next slots of both if `next_i` and `next_j` are 1, the last ones if -1.
    Rounded quotients that differ are in the order of the exact ones. Those that do not have
    the same integer part, for exact ones with an integer between them are ``1 / divisor``
    apart, and counts below ``2**48`` have quotients that are rounded by less. Products of
    remainders fit 64 bits, as the divisors have at most 26.
    """
    n, m = counts[i], counts[j]
    a, b = freqs[i] + freqs[i] + next_i, freqs[j] + freqs[j] + next_j
    if n / a != m / b:
        return n / a > m / b
    if n == m and a == b:  # only to be fast where many counts are equal
        return i < j
    left, right = n % a * b, m % b * a
    return left > right or (left == right and i < j)


@kernel
def _guess(counts, freqs, slots):  # type: ignore[no-untyped-def]
    """Fill in nearly the frequencies that FIX-9 wants, and return their sum."""
    total = ZERO
    for n in counts:
        total += n
    scale = float64(slots) / float64(total)
    for _ in range(ROUNDS):
        small, mass = ZERO, ZERO
        for n in counts:
            if n > ZERO and n * scale < 0.5:
                small += ONE
                mass += n
        if small >= slots or mass == total:
            break
        scale = float64(slots - small) / float64(total - mass)
    given = ZERO
    for i in range(counts.size):
        share = max(ONE, int64(counts[i] * scale + 0.5))
        freqs[i] = share if counts[i] > ZERO else ZERO
        given += freqs[i]
    return given


@kernel
def quantise_counts_kernel(counts, freqs, prec):  # type: ignore[no-untyped-def]
    """Fill in the frequencies of counts. Spec: FIX-9.

    Args:
        counts: int64; not negative, with a sum in ``[1, 2**48)``.
        freqs: int64, as many; filled.
        prec: int64, in ``[1, 24]``; at least ``log2`` of the number of positive counts.
    """
    slots = ONE << prec
    given = _guess(counts, freqs, slots)
    while True:
        gains, loses = -1, -1  # whose next slot comes first, and whose last one last
        for i in range(counts.size):
            if counts[i] > ZERO and (
                gains < 0 or _is_before(counts, freqs, i, ONE, gains, ONE)
            ):
                gains = i
            if freqs[i] > ONE and (
                loses < 0 or _is_before(counts, freqs, loses, LAST, i, LAST)
            ):
                loses = i
        if given == slots and (
            loses < 0 or _is_before(counts, freqs, loses, LAST, gains, ONE)
        ):
            return
        if given < slots:
            freqs[gains] += ONE
            given += ONE
        else:
            freqs[loses] -= ONE
            given -= ONE


def quantise_counts(counts: Sequence[int], prec: int) -> NDArray[np.int64]:
    """Return frequencies with the sum ``2**prec`` that are nearly in proportion to `counts`.

    Spec: FIX-9. Arguments and errors as for the reference.
    """
    try:
        array = np.asarray(counts)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"counts are no vector: {error}") from None
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise DistributionError(
            f"an array of shape {array.shape} and type {array.dtype} is no vector of integers"
        )
    if array.min() < 0:
        raise DistributionError(f"the count {array.min()} is negative")
    total = sum(array.tolist())
    present = int(np.count_nonzero(array))
    if not 0 < total <= MOST_TOTAL:
        raise DistributionError(f"counts have the sum {total}: it is not in [1, 2**48)")
    prec = integer(prec, DistributionError)
    if not 1 <= prec <= MOST_COUNTS_PREC:
        raise DistributionError(f"{prec} bits of precision are not in [1, {MOST_COUNTS_PREC}]")
    if present > 1 << prec:
        raise DistributionError(f"{present} symbols do not share 2**{prec} slots")
    freqs = np.empty(array.size, np.int64)
    quantise_counts_kernel(np.array(array, np.int64), freqs, np.int64(prec))
    return freqs
