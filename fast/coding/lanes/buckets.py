"""Compiled twin of `reference.coding.lanes.buckets`: the same words, and the same symbols.

Spec: LAN-10.

From Python, call the plain names. From ``@njit`` code, call the kernels, with a message
``(heads, words, n)``: an array of uint64, one of uint32, and a uint64. ``symbols``, ``means``
and ``inverse_scales`` are arrays of any integer types and of one length; ``low`` and ``high``
are int64; ``cells`` and ``quantiles`` are those of `gaussian_arguments` or
`logistic_arguments`; ``scratch`` is a workspace of shape ``(5, 256)``, int64.

A decoder guesses the symbol from its slot, with an inverse of the CDF and in floats. Then it
computes the slots of that symbol, in integers, and searches if those do not hold the slot. So
the guess decides how long it takes, and never what comes out.
"""

from collections.abc import Sequence

import numpy as np
from numba import int64, uint64

from fast._jit import kernel
from fast.coding.ans import is_low_kernel, pop_head_kernel, refill_kernel
from fast.coding.lanes._heads import (
    lanes_below_kernel,
    pop_run_kernel,
    push_each_kernel,
    push_run_kernel,
)
from fast.coding.lanes._intervals import (
    BLOCK,
    MASK,
    ROWS,
    BucketArguments,
    faults_kernel,
    gaussian_arguments,
    guess_kernel,
    guesses_kernel,
    intervals_kernel,
    logistic_arguments,
    search_kernel,
    search_missed_kernel,
    start_kernel,
)
from fast.coding.lanes._streams import (
    Array,
    check_end,
    empty_heads,
    from_stream,
    integer,
    integers,
    number_of_lanes,
    to_stream,
)
from reference.coding.lanes.buckets import MOST_INVERSE_SCALE, MOST_MEAN, MOST_SYMBOL, W
from reference.errors import DataError, IntervalError, SymbolError
from reference.params import GAUSSIAN_PREC

__all__ = [
    "BucketArguments",
    "decode_buckets_kernel",
    "decode_gaussians",
    "decode_logistics",
    "encode_buckets_kernel",
    "encode_gaussians",
    "encode_logistics",
    "gaussian_arguments",
    "logistic_arguments",
]

FEW = uint64(8)
"""From this number of lanes on, a run of symbols is worth a vector."""

ZERO = uint64(0)
ONE = uint64(1)
PREC = uint64(GAUSSIAN_PREC)
MOST = uint64(BLOCK)
NONE = int64(0)
NEXT = int64(1)


@kernel
def encode_buckets_kernel(  # type: ignore[no-untyped-def]
    heads, words, n, symbols, low, high, means, inverse_scales, cells, scratch
):
    """Push symbols, the last one first; return ``(n, faults)``. Spec: LAN-10.

    ``words`` has a free place for each. If ``faults`` is not 0, some numbers are out of their
    ranges and the message is void.
    """
    index, lower, upper = scratch[0], scratch[1], scratch[2]
    start, end = scratch[3], scratch[4]
    lanes, left = uint64(heads.size), uint64(symbols.size)
    lane = ZERO
    while left > ZERO:
        count = min(left, MOST)
        if lanes >= FEW:
            lane, count = lanes_below_kernel(lanes, left, MOST)
        left -= count
        faults = faults_kernel(means, inverse_scales, left, count)
        for j in range(count):
            symbol = int64(symbols[left + j])
            faults += int64((symbol < low) | (symbol > high))
            index[j] = min(max(symbol, low), high) - low
        if faults:
            return n, faults
        intervals_kernel(
            index,
            lower,
            upper,
            start,
            end,
            low,
            high,
            means,
            inverse_scales,
            left,
            count,
            cells,
        )
        if lanes >= FEW:
            n = push_run_kernel(heads, lane, words, n, start, end, count, PREC)
        else:
            n = push_each_kernel(heads, words, n, start, end, left, count, PREC)
    return n, NONE


@kernel
def decode_buckets_kernel(  # type: ignore[no-untyped-def]
    heads, words, n, out, low, high, means, inverse_scales, cells, quantiles, scratch
):
    """Pop symbols into ``out``, the first one first; return ``(n, faults)``. Spec: LAN-10.

    If ``faults`` is not 0, some numbers are out of their ranges and the symbols are void. If a
    head is 0, the message is exhausted.
    """
    index, lower, upper = scratch[0], scratch[1], scratch[2]
    start, end = scratch[3], scratch[4]
    lanes, size = uint64(heads.size), uint64(out.size)
    if lanes < FEW:
        return _decode_each_kernel(
            heads, words, n, out, low, high, means, inverse_scales, cells, quantiles
        )
    lane = at = ZERO
    while at < size:
        count = min(min(MOST, lanes - lane), size - at)
        faults = faults_kernel(means, inverse_scales, at, count)
        if faults:
            return n, faults
        guesses_kernel(
            index, lower, heads, lane, low, high, means, inverse_scales, at, count, quantiles
        )
        intervals_kernel(
            index, lower, upper, start, end, low, high, means, inverse_scales, at, count, cells
        )
        search_missed_kernel(
            index, start, end, heads, lane, low, high, means, inverse_scales, at, count, cells
        )
        for j in range(count):
            out[at + j] = low + index[j]
        n = pop_run_kernel(heads, lane, words, n, start, end, count, PREC)
        at += count
        lane = (lane + count) % lanes
    return n, NONE


@kernel
def _decode_each_kernel(  # type: ignore[no-untyped-def]
    heads, words, n, out, low, high, means, inverse_scales, cells, quantiles
):
    """Pop symbols one by one, where there are few lanes. Spec: LAN-10."""
    lanes, lane = uint64(heads.size), ZERO
    faults = faults_kernel(means, inverse_scales, ZERO, uint64(out.size))
    if faults:
        return n, faults
    for k in range(uint64(out.size)):
        head, mean, scale = heads[lane], int64(means[k]), int64(inverse_scales[k])
        slot = int64(head & MASK)
        i = guess_kernel(slot, low, high, mean, scale, quantiles)
        start = start_kernel(i, low, high, mean, scale, cells)
        end = start_kernel(i + NEXT, low, high, mean, scale, cells)
        if slot < start or slot >= end:
            i, start, end = search_kernel(slot, low, high, mean, scale, cells)
        out[k] = low + i
        head = pop_head_kernel(head, uint64(start), uint64(end - start), PREC)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
        heads[lane] = head
        lane += ONE
        if lane == lanes:
            lane = ZERO
    return n, NONE


def encode_gaussians(
    symbols: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> Array:
    """Return the stream of integers that have a Gaussian each. Spec: LAN-10.

    Arguments and errors as for the reference. Symbols of any integer type are not copied, nor
    are means and inverse scales of int64.

    Returns:
        Words, uint32.
    """
    return _encode(gaussian_arguments(), symbols, low, high, means, inverse_scales, lanes)


def decode_gaussians(
    words: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> Array:
    """Undo `encode_gaussians`. Spec: LAN-10.

    Arguments and errors as for the reference.

    Returns:
        Symbols, int32.
    """
    return _decode(gaussian_arguments(), words, low, high, means, inverse_scales, lanes)


def encode_logistics(
    symbols: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> Array:
    """Return the stream of integers that have a logistic distribution each. Spec: LAN-10.

    Arguments, result and errors as for `encode_gaussians`.
    """
    return _encode(logistic_arguments(), symbols, low, high, means, inverse_scales, lanes)


def decode_logistics(
    words: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> Array:
    """Undo `encode_logistics`. Spec: LAN-10.

    Arguments, result and errors as for `decode_gaussians`.
    """
    return _decode(logistic_arguments(), words, low, high, means, inverse_scales, lanes)


def _encode(
    tables: BucketArguments,
    symbols: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    lanes: int | None,
) -> Array:
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    mean, inverse_scale = _parameters(low, high, means, inverse_scales)
    symbol = integers(symbols, SymbolError)
    heads = empty_heads(number_of_lanes(mean.size, lanes), W)
    if symbol.size != mean.size:
        raise DataError(f"{symbol.size} symbols and {mean.size} models")
    words = np.empty(symbol.size, np.uint32)
    n, faults = encode_buckets_kernel(
        heads,
        words,
        np.uint64(0),
        symbol,
        np.int64(low),
        np.int64(high),
        mean,
        inverse_scale,
        tables.cells,
        np.empty((ROWS, BLOCK), np.int64),
    )
    if faults:
        _refuse_parameters(mean, inverse_scale)
        wrong = symbol[(symbol < low) | (symbol > high)]
        raise SymbolError(f"symbol {wrong[0]} is outside [{low}, {high}]")
    return to_stream(heads, words, n)


def _decode(
    tables: BucketArguments,
    words: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    lanes: int | None,
) -> Array:
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    mean, inverse_scale = _parameters(low, high, means, inverse_scales)
    heads, below = from_stream(words, number_of_lanes(mean.size, lanes), W)
    symbols = np.empty(mean.size, np.int32)
    n, faults = decode_buckets_kernel(
        heads,
        below,
        np.uint64(below.size),
        symbols,
        np.int64(low),
        np.int64(high),
        mean,
        inverse_scale,
        tables.cells,
        tables.quantiles,
        np.empty((ROWS, BLOCK), np.int64),
    )
    if faults:
        _refuse_parameters(mean, inverse_scale)
    check_end(heads, n, symbols.size)
    return symbols


def _parameters(
    low: int, high: int, means: Sequence[int], inverse_scales: Sequence[int]
) -> tuple[Array, Array]:
    if not -MOST_SYMBOL <= low < high <= MOST_SYMBOL:
        raise IntervalError(f"no symbols from {low} to {high}")
    mean = integers(means, IntervalError).astype(np.int64, copy=False)
    inverse_scale = integers(inverse_scales, IntervalError).astype(np.int64, copy=False)
    if mean.size != inverse_scale.size:
        raise DataError(f"{mean.size} means and {inverse_scale.size} inverse scales")
    return mean, inverse_scale


def _refuse_parameters(means: Array, inverse_scales: Array) -> None:
    wrong = (means > MOST_MEAN) | (means < -MOST_MEAN)
    wrong |= (inverse_scales < 1) | (inverse_scales > MOST_INVERSE_SCALE)
    for mean, inverse_scale in zip(means[wrong], inverse_scales[wrong], strict=True):
        raise IntervalError(f"mean {mean}, inverse scale {inverse_scale}: out of range")
