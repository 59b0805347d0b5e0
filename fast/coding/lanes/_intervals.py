"""The slots of the buckets of Gaussians and logistics, and the bucket of a slot.

Spec: COD-5, COD-9, TAB-3, TAB-7, with buckets one symbol wide (LAN-10).

All numbers that decide are int64, and none can wrap: an edge less a mean is below 2**38 in
magnitude, an inverse scale at most 2**24; a value of a CDF is at most 2**32, a step of its
table below 2**26, and there are 2**24 slots.

A block of symbols goes through short loops of one kind each: those of arithmetic become vector
instructions, and those that look something up do nothing else. The numbers of a block are
arrays of int64: the bucket, the arguments of the CDF at both edges, and the slots
``[start, end)``. The arrays of the caller are read from ``at`` on, a uint64, as is ``count``.
Why kernels are ``forceinline``, see `fast.coding.lanes._heads`.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import float64, int32, int64, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding._quantiles import (
    LEVEL_BITS,
    OFFSET,
    logistic_quantiles,
    normal_quantiles,
    packed,
    value_kernel,
)
from fast.coding.tables import logistic_cdf_table, normal_cdf_table
from reference.coding.lanes.buckets import MOST_INVERSE_SCALE, MOST_MEAN
from reference.params import (
    ARGUMENT_FRACTION,
    CDF_FRACTION,
    GAUSSIAN_PREC,
    INVERSE_SCALE_FRACTION,
)

Integers = NDArray[np.int64]

BLOCK = 256
"""Most symbols of a block: as many as leave the tables in the first-level cache."""
ROWS = 5
"""Arrays of a block."""
NONE = int64(0)
ONE = int64(1)
SLOTS = int64(1 << GAUSSIAN_PREC)
MASK = uint64((1 << GAUSSIAN_PREC) - 1)
MEAN_BOUND = int64(MOST_MEAN)
SCALE_BOUND = int64(MOST_INVERSE_SCALE)
FRACTION = int64(ARGUMENT_FRACTION)
HALF = int64(1 << (ARGUMENT_FRACTION - 1))
SCALE_BITS = int64(INVERSE_SCALE_FRACTION)
CDF_BITS = int64(CDF_FRACTION)
# slot * (SCALED // free) >> SHIFT is a cell and an offset in it
SCALED = int64(1 << 48)
SHIFT = int64(48 - LEVEL_BITS)
LAST_LEVEL = int64((1 << LEVEL_BITS) - 1)
UNIT_SCALE = 2.0 ** (INVERSE_SCALE_FRACTION - ARGUMENT_FRACTION)
TO_SYMBOLS = 2.0**-ARGUMENT_FRACTION


class BucketArguments(NamedTuple):
    """The tables of a distribution as the kernels take them."""

    cells: Integers
    """The CDF (TAB-2, TAB-6): an entry, 26 bits up, and the step to the next one."""
    quantiles: Integers
    """Its inverse, likewise, at multiples of 1/1024: for guesses, which decide nothing."""


@cache
def gaussian_arguments() -> BucketArguments:
    """Return the tables of the Gaussian. Spec: TAB-2."""
    return BucketArguments(packed(normal_cdf_table()), normal_quantiles())


@cache
def logistic_arguments() -> BucketArguments:
    """Return the tables of the logistic. Spec: TAB-6."""
    return BucketArguments(packed(logistic_cdf_table()), logistic_quantiles())


# Blocks


@kernel(forceinline=True)
def faults_kernel(means, inverse_scales, at, count):  # type: ignore[no-untyped-def]
    """Count the means and inverse scales that are out of their ranges. Spec: LAN-10."""
    faults = NONE
    for j in range(count):
        mean, scale = int64(means[at + j]), int64(inverse_scales[at + j])
        faults += int64((mean > MEAN_BOUND) | (mean < -MEAN_BOUND))
        faults += int64((scale < ONE) | (scale > SCALE_BOUND))
    return faults


@kernel(forceinline=True)
def intervals_kernel(  # type: ignore[no-untyped-def]
    index, lower, upper, start, end, low, high, means, inverse_scales, at, count, cells
):
    """Leave the slots of each bucket of a block. Spec: COD-5, COD-9."""
    last = high - low
    free = SLOTS - last - ONE
    for j in range(count):
        scale = int64(inverse_scales[at + j])
        product = product_kernel(low + index[j], int64(means[at + j]), scale)
        lower[j] = argument_kernel(product, cells)
        upper[j] = argument_kernel(product + (scale << FRACTION), cells)
    for j in range(count):
        start[j] = cells[uint64(lower[j] >> OFFSET)]
        end[j] = cells[uint64(upper[j] >> OFFSET)]
    for j in range(count):
        i = index[j]
        below = (value_kernel(start[j], lower[j]) * free >> CDF_BITS) + i
        above = (value_kernel(end[j], upper[j]) * free >> CDF_BITS) + i + ONE
        start[j] = NONE if i == NONE else below
        end[j] = SLOTS if i == last else above


@kernel(forceinline=True)
def guesses_kernel(  # type: ignore[no-untyped-def]
    index, level, heads, lane, low, high, means, inverse_scales, at, count, quantiles
):
    """Leave in ``index``, for each head of a run, a bucket that is likely to own its slot."""
    scaled = SCALED // (SLOTS - (high - low) - ONE)
    for j in range(count):
        slot = int64(heads[lane + j] & MASK)
        level[j] = level_kernel(slot, low, int64(means[at + j]), scaled)
    for j in range(count):
        index[j] = quantiles[uint64(level[j] >> OFFSET)]
    for j in range(count):
        quantile = value_kernel(index[j], level[j])
        mean, scale = int64(means[at + j]), int64(inverse_scales[at + j])
        index[j] = bucket_kernel(quantile, low, high, mean, scale)


@kernel(forceinline=True)
def search_missed_kernel(  # type: ignore[no-untyped-def]
    index, start, end, heads, lane, low, high, means, inverse_scales, at, count, cells
):
    """Search where the slot of a head is not of the bucket guessed. Spec: COD-5, COD-9."""
    missed = False
    for j in range(count):
        slot = int64(heads[lane + j] & MASK)
        missed |= (slot < start[j]) | (slot >= end[j])
    if missed:
        for j in range(count):
            slot = int64(heads[lane + j] & MASK)
            if slot < start[j] or slot >= end[j]:
                mean, scale = int64(means[at + j]), int64(inverse_scales[at + j])
                index[j], start[j], end[j] = search_kernel(slot, low, high, mean, scale, cells)


# One symbol


@kernel(forceinline=True)
def guess_kernel(slot, low, high, mean, scale, quantiles):  # type: ignore[no-untyped-def]
    """Return a bucket that is likely to own ``slot``."""
    level = level_kernel(slot, low, mean, SCALED // (SLOTS - (high - low) - ONE))
    quantile = value_kernel(quantiles[uint64(level >> OFFSET)], level)
    return bucket_kernel(quantile, low, high, mean, scale)


@kernel
def search_kernel(slot, low, high, mean, scale, cells):  # type: ignore[no-untyped-def]
    """Return the bucket that owns ``slot``, its start and its end. Spec: COD-5, COD-9."""
    inside, outside = NONE, high - low + ONE
    start, end = NONE, SLOTS
    while outside - inside > ONE:
        middle = (inside + outside) >> ONE
        c = start_kernel(middle, low, high, mean, scale, cells)
        if c <= slot:
            inside, start = middle, c
        else:
            outside, end = middle, c
    return inside, start, end


@kernel(forceinline=True)
def start_kernel(i, low, high, mean, scale, cells):  # type: ignore[no-untyped-def]
    """Return the slots below bucket ``i``. Spec: COD-5, COD-9."""
    last = high - low
    argument = argument_kernel(product_kernel(low + i, mean, scale), cells)
    value = value_kernel(cells[uint64(argument >> OFFSET)], argument)
    inner = (value * (SLOTS - last - ONE) >> CDF_BITS) + i
    if i == NONE:
        return NONE
    return SLOTS if i > last else inner


# Arithmetic


@kernel(forceinline=True)
def product_kernel(symbol, mean, scale):  # type: ignore[no-untyped-def]
    """Return the lower edge of a symbol less the mean, scaled; 30 fraction bits."""
    return ((symbol << FRACTION) - HALF - mean) * scale


@kernel(forceinline=True)
def argument_kernel(product, cells):  # type: ignore[no-untyped-def]
    """Return the argument of the CDF, counted from the start of its table. Spec: TAB-3."""
    last = int64(cells.size) - ONE
    argument = (product >> SCALE_BITS) + (last >> ONE << OFFSET)
    return min(max(argument, NONE), last << OFFSET)


@kernel(forceinline=True)
def level_kernel(slot, low, mean, scaled):  # type: ignore[no-untyped-def]
    """Return the part of the mass below a slot as an argument of the inverse of a CDF.

    Of the slots that buckets own outright, about as many are below as buckets below the mean.
    """
    level = (slot - ((mean >> FRACTION) - low)) * scaled >> SHIFT
    return min(max(level, NONE), LAST_LEVEL)


@kernel(forceinline=True)
def bucket_kernel(quantile, low, high, mean, scale):  # type: ignore[no-untyped-def]
    """Return the bucket in which a quantile of the standard distribution lies, or nearly."""
    symbols = float64(quantile) * (UNIT_SCALE / float64(scale))
    position = float64(mean) * TO_SYMBOLS + symbols + (0.5 - float64(low))
    return int64(int32(min(max(position, 0.0), float64(high - low))))
