"""Compiled twin of `reference.coding.fixed_point.constriction_arrays`: the same words.

Spec: LAN-11.

From Python, call the plain names. From ``@njit`` code, call the kernels, with a message
``(head, words, n)`` as in `fast.coding.ans`; ``symbols`` are an array of any integers,
``means`` and ``stds`` arrays of float64, all of one length; ``low`` and ``high`` are int64.

Every decision is the arithmetic of FIX-8, in its order. A decoder guesses the symbol, computes
its slots, and searches if they do not hold the slot on top.
"""

from collections.abc import Sequence

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding._quantiles import LEVEL_BITS, OFFSET, normal_quantiles, value_kernel
from fast.coding.ans import (
    is_full_kernel,
    is_low_kernel,
    pop_head_kernel,
    push_head_kernel,
    refill_kernel,
    spill_kernel,
)
from fast.coding.fixed_point.error_function import erf_kernel
from fast.coding.lanes._streams import (
    Array,
    check_end,
    empty_heads,
    from_stream,
    integer,
    integers,
    to_stream,
)
from reference.coding.fixed_point.constriction_arrays import MOST_STD, PREC, W
from reference.coding.fixed_point.constriction_models import SLOTS, SQRT_2
from reference.errors import DataError, DistributionError, SymbolError
from reference.params import ARGUMENT_FRACTION

__all__ = [
    "decode_constriction_gaussians",
    "decode_constriction_gaussians_kernel",
    "encode_constriction_gaussians",
    "encode_constriction_gaussians_kernel",
]

Floats = NDArray[np.float64]

BITS = uint64(PREC)
MASK = uint64(SLOTS - 1)
NONE = int64(0)
ONE = int64(1)
ALL = int64(SLOTS)
LARGEST = float(np.finfo(np.float64).max)
LEVELS = 2.0**LEVEL_BITS
TO_UNITS = 2.0**-ARGUMENT_FRACTION


@kernel
def encode_constriction_gaussians_kernel(  # type: ignore[no-untyped-def]
    head, words, n, symbols, low, high, means, stds
):
    """Push symbols, the last one first; return ``(head, n, faults)``. Spec: LAN-11.

    ``words`` has a free place for each. If ``faults`` is not 0, some numbers are out of their
    ranges and the message is void.
    """
    faults = _faults_kernel(means, stds)
    for k in range(symbols.size):
        symbol = int64(symbols[k])
        faults += int64((symbol < low) | (symbol > high))
    if faults:
        return head, n, faults
    for k in range(symbols.size - 1, -1, -1):
        # of Python, which unlike numpy's do not warn of an infinity
        symbol, mean, width = int64(symbols[k]), float(means[k]), float(stds[k]) * SQRT_2
        start = _cumulative_kernel(symbol, low, high, mean, width)
        end = _cumulative_kernel(symbol + ONE, low, high, mean, width)
        freq = uint64(end - start)
        if is_full_kernel(head, freq, BITS):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, uint64(start), freq, BITS)
    return head, n, faults


@kernel
def decode_constriction_gaussians_kernel(  # type: ignore[no-untyped-def]
    head, words, n, out, low, high, means, stds, quantiles
):
    """Pop symbols into ``out``, the first first; return ``(head, n, faults)``. Spec: LAN-11.

    ``quantiles`` are those of `gaussian_arguments`. If ``faults`` is not 0, some numbers are
    out of their ranges and the symbols are void. If the head is 0, the message is exhausted.
    """
    faults = _faults_kernel(means, stds)
    if faults:
        return head, n, faults
    for k in range(out.size):
        mean, std = float(means[k]), float(stds[k])
        width = std * SQRT_2
        slot = int64(head & MASK)
        symbol = _guess_kernel(slot, low, high, mean, std, quantiles)
        start = _cumulative_kernel(symbol, low, high, mean, width)
        end = _cumulative_kernel(symbol + ONE, low, high, mean, width)
        if slot < start or slot >= end:
            symbol, start, end = _search_kernel(slot, low, high, mean, width)
        out[k] = symbol
        head = pop_head_kernel(head, uint64(start), uint64(end - start), BITS)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
    return head, n, faults


@kernel
def _faults_kernel(means, stds):  # type: ignore[no-untyped-def]
    """Count the means and standard deviations that are out of their ranges. Spec: LAN-11."""
    faults = NONE
    for k in range(means.size):
        faults += int64(not (abs(means[k]) <= LARGEST))
        faults += int64(not ((stds[k] > 0.0) & (stds[k] <= MOST_STD)))
    return faults


@kernel(forceinline=True)
def _cumulative_kernel(symbol, low, high, mean, width):  # type: ignore[no-untyped-def]
    """Return the slots below a symbol. Spec: FIX-8."""
    if symbol == low:
        return NONE
    if symbol > high:
        return ALL
    cdf = (1.0 + erf_kernel((float(symbol) - 0.5 - mean) / width)) / 2.0
    return int64(float(ALL - ONE - (high - low)) * cdf) + symbol - low


@kernel
def _search_kernel(slot, low, high, mean, width):  # type: ignore[no-untyped-def]
    """Return the symbol that owns ``slot``, its start and its end. Spec: FIX-8."""
    inside, outside = low, high + ONE
    start, end = NONE, ALL
    while outside - inside > ONE:
        middle = (inside + outside) >> ONE
        c = _cumulative_kernel(middle, low, high, mean, width)
        if c <= slot:
            inside, start = middle, c
        else:
            outside, end = middle, c
    return inside, start, end


@kernel(forceinline=True)
def _guess_kernel(slot, low, high, mean, std, quantiles):  # type: ignore[no-untyped-def]
    """Return a symbol that is likely to own ``slot``."""
    least, most = float(low), float(high)
    owned = min(max(mean, least), most) - least
    level = (float(slot) - owned) * (LEVELS / float(ALL - (high - low)))
    cell = int64(min(max(level, 0.0), LEVELS - 1.0))
    deviation = float(value_kernel(quantiles[uint64(cell >> OFFSET)], cell)) * TO_UNITS * std
    return low + int64(min(max(mean + deviation + 0.5, least), most) - least)


def encode_constriction_gaussians(
    symbols: Sequence[int], low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> Array:
    """Return the stream of integers that have a Gaussian of `constriction` each.

    Spec: LAN-11. Arguments and errors as for the reference.

    Returns:
        Words, uint32.
    """
    low, high = integer(low, DistributionError), integer(high, DistributionError)
    mean, std = _parameters(low, high, means, stds)
    symbol = integers(symbols, SymbolError)
    if symbol.size != mean.size:
        raise DataError(f"{symbol.size} symbols and {mean.size} models")
    words, i64 = np.empty(symbol.size, np.uint32), np.int64
    head, n, faults = encode_constriction_gaussians_kernel(
        empty_heads(1, W)[0], words, np.uint64(0), symbol, i64(low), i64(high), mean, std
    )
    if faults:
        _refuse_parameters(mean, std)
        wrong = symbol[(symbol < low) | (symbol > high)]
        raise SymbolError(f"symbol {wrong[0]} is outside [{low}, {high}]")
    return to_stream(np.array([head], np.uint64), words, n)


def decode_constriction_gaussians(
    words: Sequence[int], low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> Array:
    """Undo `encode_constriction_gaussians`. Spec: LAN-11.

    Arguments and errors as for the reference.

    Returns:
        Symbols, int32.
    """
    low, high = integer(low, DistributionError), integer(high, DistributionError)
    mean, std = _parameters(low, high, means, stds)
    heads, below = from_stream(words, 1, W)
    symbols, i64 = np.empty(mean.size, np.int32), np.int64
    quantiles = normal_quantiles()
    n = np.uint64(below.size)
    head, n, faults = decode_constriction_gaussians_kernel(
        heads[0], below, n, symbols, i64(low), i64(high), mean, std, quantiles
    )
    if faults:
        _refuse_parameters(mean, std)
    check_end(np.array([head], np.uint64), n, symbols.size)
    return symbols


def _parameters(
    low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> tuple[Floats, Floats]:
    if not (-(2**31) <= low < high < 2**31 and high - low < SLOTS):
        raise DistributionError(f"no support of 32-bit symbols runs from {low} to {high}")
    mean, std = _floats(means), _floats(stds)
    if mean.size != std.size:
        raise DataError(f"{mean.size} means and {std.size} standard deviations")
    return mean, std


def _floats(values: Sequence[float]) -> Floats:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"type {array.dtype}")
        array = array.astype(np.float64, copy=False)
    except (OverflowError, TypeError, ValueError) as error:
        raise DistributionError(f"no vector of numbers: {error}") from None
    if array.ndim != 1:
        raise DataError(f"an array of shape {array.shape} is no vector")
    return array if array.flags.carray else np.require(array, None, ["C", "W"])


def _refuse_parameters(means: Floats, stds: Floats) -> None:
    wrong = ~(np.isfinite(means) & (stds > 0.0) & (stds <= MOST_STD))
    for mean, std in zip(means[wrong], stds[wrong], strict=True):
        raise DistributionError(
            f"no Gaussian has mean {mean} and standard deviation {std}, up to 2**40"
        )
