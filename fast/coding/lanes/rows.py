"""Compiled twin of `reference.coding.lanes.rows`.

Spec: LAN-8.

Bernoullis of 12 bits and more go through vector registers, as in `fast.coding.lanes.static`:
their quotients have at most 20 bits then, for which `divide8` is exact.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding._vector import VECTORS, divide8, load8, pop8, push8, select8, store8
from fast.coding.ans import pop_head_kernel, push_head_kernel
from fast.coding.lanes._narrow import (
    LEAST_HEAD,
    ROOM,
    refill_kernel,
    spill_kernel,
)
from fast.coding.lanes._streams import (
    check_end,
    empty_heads,
    from_stream,
    integer,
    integers,
    number_of_lanes,
    to_stream,
)
from reference.errors import DataError, IntervalError, SymbolError

__all__ = [
    "decode_bernoullis",
    "decode_bernoullis_kernel",
    "decode_categoricals",
    "decode_categoricals_kernel",
    "encode_bernoullis",
    "encode_bernoullis_kernel",
    "encode_categoricals",
    "encode_categoricals_kernel",
]

ZERO = uint64(0)
ONE = uint64(1)
EIGHT = uint64(8)
LEAST_VECTOR_PREC = uint64(12)


# Bernoullis


@kernel
def _push_single(heads, words, n, symbols, freqs, begin, end, prec):  # type: ignore[no-untyped-def]
    """Push ``symbols[begin:end]``, the last one first; `begin` belongs to lane 0."""
    lanes, slots = uint64(heads.size), ONE << prec
    lane, i = end % lanes, end
    while i > begin:
        lane = (lane if lane > ZERO else lanes) - ONE
        i -= ONE
        one = symbols[i] != 0
        freq = uint64(freqs[i])
        start = slots - freq if one else ZERO
        freq = freq if one else slots - freq
        x = uint64(heads[lane])
        x, n = spill_kernel(x, freq, prec, words, n)
        heads[lane] = uint32(push_head_kernel(x, start, freq, prec))
    return n


@kernel
def _push_rounds8(heads, words, n, symbols, freqs, end, prec):  # type: ignore[no-untyped-def]
    bits, lanes = uint32(prec), uint64(heads.size)
    slots = uint32(1) << bits
    i = end
    while i > ZERO:
        lane = lanes
        while lane > ZERO:
            lane -= EIGHT
            i -= EIGHT
            x, freq = load8(heads, lane), load8(freqs, i)
            one, rest = load8(symbols, i) >= uint32(1), slots - freq
            start = select8(one, rest, uint32(0))
            freq = select8(one, freq, rest)
            full = (x >> (uint32(32) - bits)) >= freq
            n = push8(words, n, x, full)
            x = select8(full, x >> uint32(16), x)
            q = divide8(x, freq)
            store8(heads, lane, (q << bits) + (x - q * freq) + start)
    return n


@kernel
def _push_rounds(heads, words, n, symbols, freqs, end, prec):  # type: ignore[no-untyped-def]
    return _push_single(heads, words, n, symbols, freqs, ZERO, end, prec)


push_rounds = _push_rounds8 if VECTORS else _push_rounds


@kernel
def encode_bernoullis_kernel(heads, words, n, symbols, freqs, prec):  # type: ignore[no-untyped-def]
    """Push zeros and ones that have a probability each, the last one first. Spec: LAN-8.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16; at least ``n + len(symbols) + 8`` long.
        n: uint64, the number of words in use.
        symbols: integers of up to 32 bits, 0 or 1.
        freqs: integers of up to 32 bits, as many: the slots of a 1, in ``[1, 2**prec)``.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`.
    """
    lanes, count = uint64(heads.size), uint64(symbols.size)
    whole = ZERO
    if lanes % EIGHT == ZERO and prec >= LEAST_VECTOR_PREC:
        whole = count - count % lanes
    n = _push_single(heads, words, n, symbols, freqs, whole, count, prec)
    return push_rounds(heads, words, n, symbols, freqs, whole, prec)


@kernel
def _pop_single(heads, words, n, out, freqs, begin, prec):  # type: ignore[no-untyped-def]
    """Pop ``out[begin:]``, the first symbol first; `begin` belongs to lane 0."""
    lanes, slots = uint64(heads.size), ONE << prec
    lane = ZERO
    for i in range(begin, uint64(out.size)):
        x = uint64(heads[lane])
        freq = uint64(freqs[i])
        one = x & (slots - ONE) >= slots - freq
        start = slots - freq if one else ZERO
        x = pop_head_kernel(x, start, freq if one else slots - freq, prec)
        x, n = refill_kernel(x, words, n)
        heads[lane] = uint32(x)
        out[i] = one
        lane = lane + ONE if lane + ONE < lanes else ZERO
    return n


@kernel
def _pop_rounds8(heads, words, n, out, freqs, prec):  # type: ignore[no-untyped-def]
    bits, lanes = uint32(prec), uint64(heads.size)
    slots = uint32(1) << bits
    i, whole = ZERO, uint64(out.size) - uint64(out.size) % lanes
    while i < whole and n >= lanes:  # a round takes a word a lane at most
        lane = ZERO
        while lane < lanes:
            x, freq = load8(heads, lane), load8(freqs, i)
            slot, rest = x & (slots - uint32(1)), slots - freq
            one = slot >= rest
            store8(out, i, select8(one, uint32(1), uint32(0)))
            start = select8(one, rest, uint32(0))
            x = select8(one, freq, rest) * (x >> bits) + (slot - start)
            x, n = pop8(words, n, x, x < LEAST_HEAD)
            store8(heads, lane, x)
            lane += EIGHT
            i += EIGHT
    return i, n


@kernel
def _pop_rounds(heads, words, n, out, freqs, prec):  # type: ignore[no-untyped-def]
    return ZERO, n


pop_rounds = _pop_rounds8 if VECTORS else _pop_rounds


@kernel
def decode_bernoullis_kernel(heads, words, n, out, freqs, prec):  # type: ignore[no-untyped-def]
    """Pop zeros and ones that have a probability each, the first one first. Spec: LAN-8.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16.
        n: uint64, the number of words in use.
        out: integers of up to 32 bits; filled.
        freqs: integers of up to 32 bits, as many: the slots of a 1, in ``[1, 2**prec)``.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`. If the message was exhausted, a head is 0.
    """
    i = ZERO
    if uint64(heads.size) % EIGHT == ZERO:
        i, n = pop_rounds(heads, words, n, out, freqs, prec)
    return _pop_single(heads, words, n, out, freqs, i, prec)


def encode_bernoullis(
    symbols: Sequence[int], freqs: Sequence[int], prec: int, *, lanes: int | None = None
) -> NDArray[np.uint16]:
    """Return the stream of zeros and ones that have a probability each. Spec: LAN-8.

    Arguments and errors as for the reference; arrays of up to 32 bits are not copied.
    """
    prec = integer(prec, IntervalError)
    freq = _bernoulli_freqs(freqs, prec)
    array = integers(symbols, SymbolError)
    if array.size != freq.size:
        raise DataError(f"{array.size} symbols and {freq.size} models")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= 1:
        raise SymbolError(f"symbols from {array.min()} to {array.max()} are not 0 and 1")
    heads = empty_heads(number_of_lanes(array.size, lanes), 16)
    words = np.empty(array.size + ROOM, np.uint16)
    n = encode_bernoullis_kernel(
        heads, words, ZERO, _up_to_32_bits(array), freq, np.uint64(prec)
    )
    return to_stream(heads, words, n)


def decode_bernoullis(
    words: Sequence[int], freqs: Sequence[int], prec: int, *, lanes: int | None = None
) -> NDArray[np.uint8]:
    """Undo `encode_bernoullis`. Spec: LAN-8.

    Errors as for the reference.

    Returns:
        Shape of `freqs`.
    """
    prec = integer(prec, IntervalError)
    freq = _bernoulli_freqs(freqs, prec)
    out = np.empty(freq.size, np.uint8)
    heads, below = from_stream(words, number_of_lanes(out.size, lanes), 16)
    n = decode_bernoullis_kernel(
        heads, below, np.uint64(below.size), out, freq, np.uint64(prec)
    )
    check_end(heads, n, out.size)
    return out


def _bernoulli_freqs(freqs: Sequence[int], prec: int) -> NDArray[Any]:
    freq = integers(freqs, IntervalError)
    if not 1 <= prec <= 16:
        raise IntervalError(f"{prec} bits of precision are not in [1, 16]")
    if freq.size and not 1 <= int(freq.min()) <= int(freq.max()) < 1 << prec:
        raise IntervalError(
            f"freqs from {freq.min()} to {freq.max()} are not in [1, 2**{prec})"
        )
    return _up_to_32_bits(freq)


def _up_to_32_bits(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.uint32) if array.itemsize > 4 else array


# Categoricals


@kernel
def encode_categoricals_kernel(heads, words, n, symbols, freqs, prec):  # type: ignore[no-untyped-def]
    """Push symbols that have a table each, the last one first. Spec: LAN-8.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16; at least ``n + len(symbols) + 1`` long.
        n: uint64, the number of words in use.
        symbols: integers, each a column of `freqs`.
        freqs: integers, shape ``(len(symbols), columns)``; positive, each row of the sum
            ``2**prec``.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`.
    """
    lanes, i = uint64(heads.size), uint64(symbols.size)
    lane = i % lanes
    while i > ZERO:
        lane = (lane if lane > ZERO else lanes) - ONE
        i -= ONE
        symbol, start = uint64(symbols[i]), ZERO
        for k in range(symbol):
            start += uint64(freqs[i, k])
        freq = uint64(freqs[i, symbol])
        x = uint64(heads[lane])
        x, n = spill_kernel(x, freq, prec, words, n)
        heads[lane] = uint32(push_head_kernel(x, start, freq, prec))
    return n


@kernel
def decode_categoricals_kernel(heads, words, n, out, freqs, prec):  # type: ignore[no-untyped-def]
    """Pop symbols that have a table each, the first one first. Spec: LAN-8.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16.
        n: uint64, the number of words in use.
        out: integers; filled.
        freqs: as for `encode_categoricals_kernel`.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`. If the message was exhausted, a head is 0.
    """
    lanes, mask = uint64(heads.size), (ONE << prec) - ONE
    lane = ZERO
    for i in range(uint64(out.size)):
        x = uint64(heads[lane])
        slot, start, symbol = x & mask, ZERO, ZERO
        freq = uint64(freqs[i, ZERO])
        while slot - start >= freq:
            start += freq
            symbol += ONE
            freq = uint64(freqs[i, symbol])
        x = pop_head_kernel(x, start, freq, prec)
        x, n = refill_kernel(x, words, n)
        heads[lane] = uint32(x)
        out[i] = symbol
        lane = lane + ONE if lane + ONE < lanes else ZERO
    return n


def encode_categoricals(
    symbols: Sequence[int], freqs: Sequence[Sequence[int]], *, lanes: int | None = None
) -> NDArray[np.uint16]:
    """Return the stream of symbols that have a table each. Spec: LAN-8.

    Arguments and errors as for the reference; `freqs` of any integer type are not copied.
    """
    rows, prec = _categorical_freqs(freqs)
    array = integers(symbols, SymbolError)
    if array.size != len(rows):
        raise DataError(f"{array.size} symbols and {len(rows)} models")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < rows.shape[1]:
        raise SymbolError(
            f"symbols from {array.min()} to {array.max()} are not in [0, {rows.shape[1]})"
        )
    heads = empty_heads(number_of_lanes(array.size, lanes), 16)
    words = np.empty(array.size + ROOM, np.uint16)
    n = encode_categoricals_kernel(heads, words, ZERO, array, rows, prec)
    return to_stream(heads, words, n)


def decode_categoricals(
    words: Sequence[int], freqs: Sequence[Sequence[int]], *, lanes: int | None = None
) -> NDArray[Any]:
    """Undo `encode_categoricals`. Spec: LAN-8.

    Errors as for the reference.

    Returns:
        Shape ``(N,)`` for `freqs` of ``(N, K)``; uint8 up to 256 symbols, else uint16.
    """
    rows, prec = _categorical_freqs(freqs)
    out = np.empty(len(rows), np.uint8 if rows.shape[1] <= 256 else np.uint16)
    heads, below = from_stream(words, number_of_lanes(out.size, lanes), 16)
    n = decode_categoricals_kernel(heads, below, np.uint64(below.size), out, rows, prec)
    check_end(heads, n, out.size)
    return out


def _categorical_freqs(freqs: Sequence[Sequence[int]]) -> tuple[NDArray[Any], np.uint64]:
    """Return the rows as one array, and their number of bits of precision."""
    try:
        rows = np.ascontiguousarray(freqs)
    except ValueError as error:
        raise IntervalError(f"rows of frequencies are no matrix: {error}") from None
    if rows.size == 0 and len(rows) == 0:
        return np.empty((0, 1), np.int64), ONE
    if rows.dtype.kind == "b":
        rows = rows.view(np.uint8)
    if rows.ndim != 2 or rows.dtype.kind not in "iu":
        raise IntervalError(f"an array of shape {rows.shape} and type {rows.dtype} is no rows")
    low, high = (int(rows.min()), int(rows.max())) if rows.size else (0, 0)
    slots = int(rows[0].sum()) if high <= 1 << 16 else 0
    prec = slots.bit_length() - 1
    if low < 1 or not 1 <= prec <= 16 or slots != 1 << prec or (rows.sum(1) != slots).any():
        raise IntervalError(
            f"rows of {rows.shape[1]} freqs from {low} to {high}, the first with the sum "
            f"{slots}, are no tables of one size"
        )
    return np.require(rows, rows.dtype.newbyteorder("="), ["C", "W"]), np.uint64(prec)
