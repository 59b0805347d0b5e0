"""Compiled twin of `reference.coding.lanes.indexed`.

Spec: LAN-7.

The tables stand one behind the other in flat arrays. A slot is looked for from the first entry
on that has slots in the slot's bucket, one of 1024 of its table.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding.ans import pop_head_kernel, push_head_kernel
from fast.coding.lanes._narrow import (
    WORD_BITS,
    WORD_MASK,
    refill_kernel,
    spill_kernel,
)
from fast.coding.lanes._streams import (
    check_end,
    empty_heads,
    from_stream,
    integers,
    number_of_lanes,
    to_stream,
)
from fast.coding.lanes._tables import packed_entries
from reference.coding.lanes.indexed import MOST_ENTRIES, MOST_OFFSET
from reference.errors import DataError, FormatError, IntervalError, SymbolError

__all__ = [
    "decode_indexed",
    "decode_indexed_kernel",
    "encode_indexed",
    "encode_indexed_kernel",
]

ZERO = uint64(0)
ONE = uint64(1)
BUCKET_BITS = uint64(10)
REFUSED = uint64(0xFFFFFFFFFFFFFFFF)
"""What a kernel returns where a symbol has no slot, or an escape is not needed."""


@kernel
def encode_indexed_kernel(  # type: ignore[no-untyped-def]
    heads, words, n, symbols, indices, firsts, offsets, entries, prec
):
    """Push symbols each of which names a table, the last one first. Spec: LAN-7.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16; at least ``n + 3 * len(symbols) + 1`` long.
        n: uint64, the number of words in use.
        symbols: integers of 32 bits.
        indices: integers, as many; each in ``[0, len(offsets))``.
        firsts: uint64; table ``t`` has the entries in ``[firsts[t], firsts[t + 1])``.
        offsets: int64, the symbol of each table's first entry.
        entries: uint64, as for `encode_static_kernel`.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`, or ``2**64 - 1`` if a symbol, and its table's escape, have no slot.
    """
    lanes, slots = uint64(heads.size), ONE << prec
    i = uint64(symbols.size)
    lane = i % lanes
    while i > ZERO:
        lane = (lane if lane > ZERO else lanes) - ONE
        i -= ONE
        table = uint64(indices[i])
        first, escape = firsts[table], firsts[table + ONE] - ONE
        x, k = uint64(heads[lane]), int64(symbols[i]) - offsets[table]
        entry = ZERO
        if int64(0) <= k < int64(escape - first):
            entry = entries[first + uint64(k)]
        if entry == ZERO:
            entry = entries[escape]
            if entry == ZERO:
                return REFUSED
            number = uint64(int64(symbols[i]) & int64(0xFFFFFFFF))
            x, n = _push_digit(x, number & WORD_MASK, words, n)
            x, n = _push_digit(x, number >> WORD_BITS, words, n)
        freq = (entry >> uint64(16) & WORD_MASK) + ONE
        x, n = spill_kernel(x, freq, prec, words, n)
        q = x * (entry >> uint64(32)) >> uint64(32)  # x // freq, or one less
        over = uint64(x - q * freq >= freq)
        heads[lane] = uint32(x + (q + over) * (slots - freq) + (entry & WORD_MASK))
    return n


@kernel
def _push_digit(x, digit, words, n):  # type: ignore[no-untyped-def]
    """Push a number of 16 bits, all equally likely."""
    x, n = spill_kernel(x, ONE, WORD_BITS, words, n)
    return push_head_kernel(x, digit, ONE, WORD_BITS), n


@kernel
def decode_indexed_kernel(  # type: ignore[no-untyped-def]
    heads, words, n, out, indices, firsts, offsets, entries, ends, buckets, prec
):
    """Pop symbols each of which names a table, the first one first. Spec: LAN-7.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16.
        n: uint64, the number of words in use.
        out: int32 or int64; filled, unless the message is exhausted.
        indices: as for `encode_indexed_kernel`, and so are the next three.
        firsts: uint64.
        offsets: int64.
        entries: uint64.
        ends: uint32, one for each entry: the slots of its table up to and with its own.
        buckets: uint16, 1024 for each table, which has as many parts: the first entry,
            counted from 0 in its table, with slots in this part or after it.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`, or ``2**64 - 1`` if an escape stands for a symbol with slots of its own.
        If the message was exhausted, a head is 0.
    """
    lanes, mask = uint64(heads.size), (ONE << prec) - ONE
    lane = ZERO
    for i in range(uint64(out.size)):
        table = uint64(indices[i])
        first, escape = firsts[table], firsts[table + ONE] - ONE
        x = uint64(heads[lane])
        slot = x & mask
        at = first + uint64(buckets[(table << BUCKET_BITS) + (slot << BUCKET_BITS >> prec)])
        # One step without a branch, which no processor can predict; more are seldom needed.
        at += uint64(uint64(ends[at]) <= slot)
        while uint64(ends[at]) <= slot:
            at += ONE
        entry = entries[at]
        x = pop_head_kernel(
            x, entry & WORD_MASK, (entry >> uint64(16) & WORD_MASK) + ONE, prec
        )
        symbol = offsets[table] + int64(at - first)
        x, n = refill_kernel(x, words, n)
        if at == escape:
            upper, x, n = _pop_digit(x, words, n)
            lower, x, n = _pop_digit(x, words, n)
            symbol = int64(upper << WORD_BITS | lower)
            symbol -= symbol >> int64(31) << int64(32)
            k = symbol - offsets[table]
            is_inside = int64(0) <= k < int64(escape - first)
            if x != ZERO and is_inside and entries[first + uint64(k)] != ZERO:
                return REFUSED
        heads[lane] = uint32(x)
        if x == ZERO:
            return n
        out[i] = symbol
        lane = lane + ONE if lane + ONE < lanes else ZERO
    return n


@kernel
def _pop_digit(x, words, n):  # type: ignore[no-untyped-def]
    """Pop a number of 16 bits, all equally likely; the head is 0 if there is no word."""
    digit = x & WORD_MASK
    x, n = refill_kernel(x >> WORD_BITS, words, n)
    return digit, x, n


@kernel
def _fill_buckets(buckets, firsts, ends):  # type: ignore[no-untyped-def]
    """Fill the `buckets` of `decode_indexed_kernel`, one row a table."""
    tables, parts = buckets.shape
    for table in range(tables):
        first, slots = int64(firsts[table]), int64(ends[int64(firsts[table + 1]) - 1])
        k = int64(0)
        for part in range(parts):
            while int64(ends[first + k]) <= part * slots // parts:
                k += int64(1)
            buckets[table, part] = k


def encode_indexed(
    symbols: Sequence[int],
    indices: Sequence[int],
    tables: Sequence[Sequence[int]],
    offsets: Sequence[int],
    *,
    lanes: int | None = None,
) -> NDArray[np.uint16]:
    """Return the stream of symbols each of which names one of several tables.

    Spec: LAN-7. Arguments and errors as for the reference.
    """
    flat = _flat_tables(tables, offsets)
    index, array = _indices(indices, len(tables)), integers(symbols, SymbolError)
    if array.size != index.size:
        raise DataError(f"{array.size} symbols and {index.size} models")
    if array.size and not np.can_cast(array.dtype, np.int32):
        low, high = int(array.min()), int(array.max())
        if low < -(1 << 31) or high >= 1 << 31:
            raise SymbolError(f"symbols from {low} to {high} do not fit 32 bits")
    heads = empty_heads(number_of_lanes(array.size, lanes), 16)
    words = np.empty(3 * array.size + 1, np.uint16)
    n = encode_indexed_kernel(
        heads,
        words,
        ZERO,
        array,
        index,
        flat.firsts,
        flat.offsets,
        flat.entries,
        flat.prec,
    )
    if n == REFUSED:
        raise SymbolError("a symbol is not in its table, which has no slot for the escape")
    return to_stream(heads, words, n)


def decode_indexed(
    words: Sequence[int],
    indices: Sequence[int],
    tables: Sequence[Sequence[int]],
    offsets: Sequence[int],
    *,
    lanes: int | None = None,
) -> NDArray[np.int32]:
    """Undo `encode_indexed`. Spec: LAN-7.

    Errors as for the reference.
    """
    flat = _flat_tables(tables, offsets)
    index = _indices(indices, len(tables))
    buckets = np.empty((len(tables), 1 << int(BUCKET_BITS)), np.uint16)
    _fill_buckets(buckets, flat.firsts, flat.ends)
    out = np.empty(index.size, np.int32)
    heads, below = from_stream(words, number_of_lanes(out.size, lanes), 16)
    n = decode_indexed_kernel(
        heads,
        below,
        np.uint64(below.size),
        out,
        index,
        flat.firsts,
        flat.offsets,
        flat.entries,
        flat.ends,
        buckets.ravel(),
        flat.prec,
    )
    if n == REFUSED:
        raise FormatError("an escape stands for a symbol that has slots of its own")
    check_end(heads, n, out.size)
    return out


class _Tables(NamedTuple):
    """Tables one behind the other, as the kernels want them."""

    prec: np.uint64
    firsts: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    entries: NDArray[np.uint64]
    ends: NDArray[np.uint32]


def _flat_tables(tables: Sequence[Sequence[int]], offsets: Sequence[int]) -> _Tables:
    offset = integers(offsets, IntervalError)
    if not len(tables) == offset.size >= 1:
        raise DataError(f"{offset.size} offsets of {len(tables)} tables")
    rows = [integers(freqs, IntervalError).astype(np.int64, copy=False) for freqs in tables]
    sizes = np.array([0, *(row.size for row in rows)], np.int64)
    freq = np.concatenate(rows)
    low, high = int(freq.min(initial=0)), int(freq.max(initial=0))
    slots = int(rows[0].sum()) if high <= 1 << 16 else 0
    prec, sums = slots.bit_length() - 1, np.array([row.sum() for row in rows])
    if low < 0 or not 1 <= prec <= 16 or slots != 1 << prec or (sums != slots).any():
        raise IntervalError(
            f"tables with freqs from {low} to {high} and sums from {sums.min()} to "
            f"{sums.max()} do not have one power of two up to 2**16 for a sum"
        )
    if sizes.max() > MOST_ENTRIES or np.abs(offset.astype(object)).max() > MOST_OFFSET:
        raise IntervalError(
            f"tables of up to {sizes.max()} entries, or an offset out of range"
        )
    first = np.cumsum(sizes)
    end = np.cumsum(freq) - np.repeat(np.arange(len(rows)) * slots, sizes[1:])
    return _Tables(
        np.uint64(prec),
        first.astype(np.uint64),
        offset.astype(np.int64),
        packed_entries(freq, end - freq),
        end.astype(np.uint32),
    )


def _indices(indices: Sequence[int], tables: int) -> NDArray[Any]:
    index = integers(indices, DataError)
    if index.size and not 0 <= int(index.min()) <= int(index.max()) < tables:
        raise DataError(f"indices from {index.min()} to {index.max()} of {tables} tables")
    return index
