"""Compiled twin of `reference.coding.codecs`: many symbols in one call.

Spec: COD-2, COD-4 to COD-6.

The kernels code a whole array of symbols, each with a model of its own, on a message
``(head, words, n)`` as `fast.coding.ans` has it; they check nothing. Pushes run from
the last symbol to the first, and pops from the first to the last, as in COD-6.

A push moves one word at most and adds less than ``prec + 1`` bits (ANS-8). So for the push of
``k`` symbols, whatever the head, ``k`` free places in ``words``, from ``words[n]`` on, are
enough, and so are ``k * (prec + 1) // 32 + 1``.
"""

from collections.abc import Sequence
from operator import index

import numpy as np
from numba import float64, int64, uint64

from fast._jit import kernel
from fast.coding._quantiles import LEVEL_BITS, OFFSET, value_kernel
from fast.coding.ans import (
    is_full_kernel,
    is_low_kernel,
    pop_head_kernel,
    push_head_kernel,
    refill_kernel,
    spill_kernel,
)
from fast.coding.tables import cdf_kernel, normal_cdf_table
from reference.errors import IntervalError
from reference.params import BERNOULLI_PREC, CDF_FRACTION, INVERSE_SCALE_FRACTION

__all__ = [
    "gaussian_cumulative",
    "gaussian_cumulative_kernel",
    "gaussian_search_kernel",
    "pop_bernoullis_kernel",
    "pop_gaussians_kernel",
    "pop_uniforms_kernel",
    "push_bernoullis_kernel",
    "push_gaussians_kernel",
    "push_uniforms_kernel",
]

ONE = uint64(1)
ZERO = uint64(0)
PIXEL_PREC = uint64(BERNOULLI_PREC)
PIXEL_SLOTS = uint64(1 << BERNOULLI_PREC)
PIXEL_MASK = uint64((1 << BERNOULLI_PREC) - 1)
INVERSE_SCALE_BITS = int64(INVERSE_SCALE_FRACTION)
CDF_BITS = int64(CDF_FRACTION)
LEVEL = int64(LEVEL_BITS)
UNIT_SCALE = 2.0**INVERSE_SCALE_FRACTION


@kernel
def gaussian_cumulative_kernel(i, edges, mean, inverse_scale, prec, table):  # type: ignore[no-untyped-def]
    """Return the slots below bucket ``i`` of a quantised Gaussian. Spec: COD-5.

    Arguments are int64, ``edges`` and the normal ``table`` arrays of int64.
    """
    if i == 0:
        return int64(0)
    if i == edges.size + 1:
        return int64(1) << prec
    # Below 2**21 (16 fraction bits, magnitude 16) times 2**23: no wrap.
    t = (edges[i - 1] - mean) * inverse_scale >> INVERSE_SCALE_BITS
    # 2**32 times 2**prec: no wrap for prec up to 30.
    free = (int64(1) << prec) - edges.size - int64(1)
    return (cdf_kernel(t, table) * free >> CDF_BITS) + i


@kernel
def gaussian_search_kernel(slot, edges, mean, inverse_scale, prec, table):  # type: ignore[no-untyped-def]
    """Return the bucket that owns ``slot``, its start and its freq. Spec: COD-5.

    Bisection on the cumulative function itself: never an inverse of it.
    """
    low, high = int64(0), int64(edges.size + 1)
    start, end = int64(0), int64(1) << prec
    while high - low > 1:
        middle = (low + high) >> int64(1)
        c = gaussian_cumulative_kernel(middle, edges, mean, inverse_scale, prec, table)
        if c <= slot:
            low, start = middle, c
        else:
            high, end = middle, c
    return low, start, end - start


@kernel(forceinline=True)
def _guess_kernel(slot, edges, mean, inverse_scale, prec, table, quantiles):  # type: ignore[no-untyped-def]
    """Return a bucket that is likely to own ``slot``, if all have one mass (LAT-1)."""
    level = (slot << LEVEL) >> prec
    quantile = float64(value_kernel(quantiles[uint64(level >> OFFSET)], level))
    t = mean + int64(quantile * (UNIT_SCALE / float64(inverse_scale)))
    buckets = int64(edges.size) + int64(1)
    return min(cdf_kernel(t, table) * buckets >> CDF_BITS, buckets - int64(1))


@kernel
def push_gaussians_kernel(  # type: ignore[no-untyped-def]
    head, words, n, symbols, edges, means, inverse_scales, prec, table
):
    """Push one bucket with each Gaussian; return ``(head, n)``. Spec: COD-5, COD-6.

    ``words`` has ``symbols.size`` free places, or ``symbols.size * (prec + 1) // 32 + 1``.
    """
    bits = uint64(prec)
    for k in range(symbols.size - 1, -1, -1):
        i, mean, inverse_scale = symbols[k], means[k], inverse_scales[k]
        start = gaussian_cumulative_kernel(i, edges, mean, inverse_scale, prec, table)
        end = gaussian_cumulative_kernel(i + int64(1), edges, mean, inverse_scale, prec, table)
        freq = uint64(end - start)
        if is_full_kernel(head, freq, bits):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, uint64(start), freq, bits)
    return head, n


@kernel
def pop_gaussians_kernel(  # type: ignore[no-untyped-def]
    head, words, n, symbols, edges, means, inverse_scales, prec, table, quantiles
):
    """Pop one bucket with each Gaussian into ``symbols``. Spec: COD-5, COD-6.

    Returns ``(head, n)``, with a head of 0 if the message is exhausted. Guesses come from the
    ``quantiles`` of `gaussian_arguments`; buckets that do not own the slot are not taken.
    """
    bits = uint64(prec)
    mask = (ONE << bits) - ONE
    for k in range(symbols.size):
        mean, scale, slot = means[k], inverse_scales[k], int64(head & mask)
        i = _guess_kernel(slot, edges, mean, scale, prec, table, quantiles)
        start = gaussian_cumulative_kernel(i, edges, mean, scale, prec, table)
        freq = (
            gaussian_cumulative_kernel(i + int64(1), edges, mean, scale, prec, table) - start
        )
        if slot < start or slot - start >= freq:
            i, start, freq = gaussian_search_kernel(slot, edges, mean, scale, prec, table)
        symbols[k] = i
        head = pop_head_kernel(head, uint64(start), uint64(freq), bits)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
    return head, n


@kernel
def push_bernoullis_kernel(head, words, n, symbols, freqs):  # type: ignore[no-untyped-def]
    """Push one 0 or 1 with each probability of a 1, in slots of 2**16. Spec: COD-4.

    ``words`` has ``symbols.size`` free places, or ``symbols.size * 17 // 32 + 1``.
    Returns ``(head, n)``.
    """
    for j in range(symbols.size - 1, -1, -1):
        freq = uint64(freqs[j])
        if symbols[j]:
            start = PIXEL_SLOTS - freq
        else:
            start, freq = ZERO, PIXEL_SLOTS - freq
        if is_full_kernel(head, freq, PIXEL_PREC):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, start, freq, PIXEL_PREC)
    return head, n


@kernel
def pop_bernoullis_kernel(head, words, n, symbols, freqs):  # type: ignore[no-untyped-def]
    """Pop one 0 or 1 with each probability into ``symbols``. Spec: COD-4.

    Returns ``(head, n)``, with a head of 0 if the message is exhausted.
    """
    for j in range(symbols.size):
        freq = uint64(freqs[j])
        start = PIXEL_SLOTS - freq
        if head & PIXEL_MASK >= start:
            symbols[j] = 1
        else:
            symbols[j] = 0
            start, freq = ZERO, start
        head = pop_head_kernel(head, start, freq, PIXEL_PREC)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
    return head, n


@kernel
def push_uniforms_kernel(head, words, n, symbols, bits):  # type: ignore[no-untyped-def]
    """Push numbers of ``bits`` bits each, all equally likely. Spec: COD-2.

    ``words`` has ``symbols.size`` free places, or ``symbols.size * (bits + 1) // 32 + 1``.
    Returns ``(head, n)``.
    """
    prec = uint64(bits)
    for k in range(symbols.size - 1, -1, -1):
        if is_full_kernel(head, ONE, prec):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, uint64(symbols[k]), ONE, prec)
    return head, n


@kernel
def pop_uniforms_kernel(head, words, n, symbols, bits):  # type: ignore[no-untyped-def]
    """Pop numbers of ``bits`` bits each into ``symbols``. Spec: COD-2.

    Returns ``(head, n)``, with a head of 0 if the message is exhausted.
    """
    prec = uint64(bits)
    mask = (ONE << prec) - ONE
    for k in range(symbols.size):
        slot = head & mask
        symbols[k] = int64(slot)
        head = pop_head_kernel(head, slot, ONE, prec)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
    return head, n


def gaussian_cumulative(
    i: int, edges: Sequence[int], mean: int, inverse_scale: int, prec: int
) -> int:
    """Return the slots that lie below bucket `i` of a quantised Gaussian.

    Spec: COD-5. Arguments as for the reference.

    Raises:
        IntervalError: an argument is no integer, there is no such bucket, or 64 bits do not
            hold the products.
    """
    i64 = np.int64
    try:
        i, mean, inverse_scale, prec, *edges = map(
            index, (i, mean, inverse_scale, prec, *edges)
        )
    except TypeError as error:
        raise IntervalError(f"bucket {i}: {error}") from None
    reach = max((abs(edge - mean) for edge in edges), default=0) * inverse_scale
    if not 0 <= i <= len(edges) + 1 or not 1 <= prec <= 30 or reach >= 1 << 63:
        raise IntervalError(f"bucket {i} of {len(edges) + 1}, {prec} bits, a reach of {reach}")
    return int(
        gaussian_cumulative_kernel(
            i64(i),
            np.asarray(edges, i64),
            i64(mean),
            i64(inverse_scale),
            i64(prec),
            normal_cdf_table(),
        )
    )
