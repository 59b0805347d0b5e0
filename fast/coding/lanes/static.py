"""Compiled twin of `reference.coding.lanes.static`: gigabytes a second on one core.

Spec: LAN-6.

Whole rounds of lanes go through vector registers, eight lanes at a time, where the processor
has what that takes; what is left of a round goes lane by lane. Both do the same arithmetic.

There is no division: ``x // freq`` is the upper half of ``x * reciprocal``, or one more, with
``reciprocal = (2**32 - 1) // freq``. For the quotient falls short of ``x / freq`` by
``x * (2**32 / freq - reciprocal) / 2**32``, and the bracket is at most 1, so by less than 1.
"""

from collections.abc import Sequence

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding._vector import (
    VECTORS,
    any8,
    entries8,
    load8,
    minimum8,
    multiply_high8,
    pop8,
    push8,
    select8,
    slots8,
    store8,
)
from fast.coding.ans import pop_head_kernel
from fast.coding.lanes._narrow import (
    LEAST_HEAD,
    ROOM,
    refill_kernel,
    spill_kernel,
)
from fast.coding.lanes._streams import (
    check_end,
    checked_count,
    empty_heads,
    from_stream,
    integers,
    number_of_lanes,
    to_stream,
)
from fast.coding.lanes._tables import Unsigned, static_table
from reference.errors import SymbolError

__all__ = ["decode_static", "decode_static_kernel", "encode_static", "encode_static_kernel"]

ZERO = uint64(0)
ONE = uint64(1)
EIGHT = uint64(8)
LOW = uint64(0xFFFF)
NO_SLOT = uint64(0xFFFFFFFFFFFFFFFF)
"""What the encoder's kernel returns where a symbol has no slot."""


@kernel
def _push_single(heads, words, n, symbols, begin, end, entries, prec):  # type: ignore[no-untyped-def]
    """Push ``symbols[begin:end]``, the last one first; `begin` belongs to lane 0."""
    lanes, slots = uint64(heads.size), ONE << prec
    lane, i = end % lanes, end
    while i > begin:
        lane = (lane if lane > ZERO else lanes) - ONE
        i -= ONE
        entry = entries[symbols[i]]
        if entry == ZERO:
            return NO_SLOT
        freq = (entry >> uint64(16) & LOW) + ONE
        x = uint64(heads[lane])
        x, n = spill_kernel(x, freq, prec, words, n)
        q = x * (entry >> uint64(32)) >> uint64(32)
        others = slots - freq
        rest = x - q * freq
        x += q * others + (entry & LOW)
        heads[lane] = uint32(x + others if rest >= freq else x)
    return n


@kernel
def _push_eight(x, symbols, i, entries, bits, words, n, least):  # type: ignore[no-untyped-def]
    """Push ``symbols[i : i + 8]`` onto eight heads."""
    interval, reciprocal = entries8(entries, symbols, i)
    freq = (interval >> uint32(16)) + uint32(1)
    full = (x >> (uint32(32) - bits)) >= freq
    n = push8(words, n, x, full)
    x = select8(full, x >> uint32(16), x)
    q = multiply_high8(x, reciprocal)
    rest = x - q * freq
    x = (q << bits) + rest + (interval & uint32(0xFFFF))
    x = select8(rest >= freq, x + ((uint32(1) << bits) - freq), x)
    return x, n, minimum8(least, reciprocal)


@kernel
def _push_rounds8(heads, words, n, symbols, end, entries, prec):  # type: ignore[no-untyped-def]
    bits, lanes = uint32(prec), uint64(heads.size)
    least = load8(heads, ZERO)  # not 0
    i = end
    while i > ZERO:
        lane = lanes
        while lane > ZERO:
            lane -= EIGHT
            i -= EIGHT
            x = load8(heads, lane)
            x, n, least = _push_eight(x, symbols, i, entries, bits, words, n, least)
            store8(heads, lane, x)
    return NO_SLOT if any8(least < uint32(1)) else n


@kernel
def _push_rounds(heads, words, n, symbols, end, entries, prec):  # type: ignore[no-untyped-def]
    return _push_single(heads, words, n, symbols, ZERO, end, entries, prec)


push_rounds = _push_rounds8 if VECTORS else _push_rounds


@kernel
def encode_static_kernel(heads, words, n, symbols, entries, prec):  # type: ignore[no-untyped-def]
    """Push symbols that all have the same table, the last one first. Spec: LAN-6.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16; at least ``n + len(symbols) + 8`` long.
        n: uint64, the number of words in use.
        symbols: unsigned integers, or signed ones that are not negative.
        entries: uint64, one for each symbol: the reciprocal ``(2**32 - 1) // freq`` in the
            upper 32 bits, then ``freq - 1`` and ``start``, in 16 bits each; or 0 for a symbol
            without a slot.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`, or ``2**64 - 1`` if a symbol has no slot.
    """
    lanes, count = uint64(heads.size), uint64(symbols.size)
    whole = count - count % lanes if lanes % EIGHT == ZERO else ZERO
    n = _push_single(heads, words, n, symbols, whole, count, entries, prec)
    if whole > ZERO and n != NO_SLOT:
        n = push_rounds(heads, words, n, symbols, whole, entries, prec)
    return n


@kernel
def _pop_single(heads, words, n, out, begin, owners, table, prec):  # type: ignore[no-untyped-def]
    """Pop ``out[begin:]``, the first symbol first; `begin` belongs to lane 0."""
    lanes, mask = uint64(heads.size), (ONE << prec) - ONE
    lane = ZERO
    for i in range(begin, uint64(out.size)):
        x = uint64(heads[lane])
        symbol = owners[x & mask]
        interval = uint64(table[symbol])
        x = pop_head_kernel(x, interval & LOW, (interval >> uint64(16)) + ONE, prec)
        x, n = refill_kernel(x, words, n)
        heads[lane] = uint32(x)
        out[i] = symbol
        lane += ONE
        if lane == lanes:
            lane = ZERO
    return n


@kernel
def _pop_eight(x, out, i, owners, table, bits, mask, words, n):  # type: ignore[no-untyped-def]
    """Pop ``out[i : i + 8]`` off eight heads."""
    slot = x & mask
    interval = slots8(slot, owners, table, out, i)
    freq = (interval >> uint32(16)) + uint32(1)
    x = freq * (x >> bits) + (slot - (interval & uint32(0xFFFF)))
    return pop8(words, n, x, x < LEAST_HEAD)


@kernel
def _pop_rounds8(heads, words, n, out, owners, table, prec):  # type: ignore[no-untyped-def]
    bits, lanes = uint32(prec), uint64(heads.size)
    mask = (uint32(1) << bits) - uint32(1)
    i, whole = ZERO, uint64(out.size) - uint64(out.size) % lanes
    while i < whole and n >= lanes:  # a round takes a word a lane at most
        lane = ZERO
        while lane < lanes:
            x = load8(heads, lane)
            x, n = _pop_eight(x, out, i, owners, table, bits, mask, words, n)
            store8(heads, lane, x)
            lane += EIGHT
            i += EIGHT
    return i, n


@kernel
def _pop_rounds64(heads, words, n, out, owners, table, prec):  # type: ignore[no-untyped-def]
    """Pop as `_pop_rounds8` does, off 64 lanes, whose heads stay in registers."""
    bits, lanes = uint32(prec), uint64(64)
    mask = (uint32(1) << bits) - uint32(1)
    i, whole = ZERO, uint64(out.size) - uint64(out.size) % lanes
    x0, x1 = load8(heads, ZERO), load8(heads, uint64(8))
    x2, x3 = load8(heads, uint64(16)), load8(heads, uint64(24))
    x4, x5 = load8(heads, uint64(32)), load8(heads, uint64(40))
    x6, x7 = load8(heads, uint64(48)), load8(heads, uint64(56))
    while i < whole and n >= lanes:  # a round takes a word a lane at most
        x0, n = _pop_eight(x0, out, i, owners, table, bits, mask, words, n)
        x1, n = _pop_eight(x1, out, i + uint64(8), owners, table, bits, mask, words, n)
        x2, n = _pop_eight(x2, out, i + uint64(16), owners, table, bits, mask, words, n)
        x3, n = _pop_eight(x3, out, i + uint64(24), owners, table, bits, mask, words, n)
        x4, n = _pop_eight(x4, out, i + uint64(32), owners, table, bits, mask, words, n)
        x5, n = _pop_eight(x5, out, i + uint64(40), owners, table, bits, mask, words, n)
        x6, n = _pop_eight(x6, out, i + uint64(48), owners, table, bits, mask, words, n)
        x7, n = _pop_eight(x7, out, i + uint64(56), owners, table, bits, mask, words, n)
        i += lanes
    store8(heads, ZERO, x0)
    store8(heads, uint64(8), x1)
    store8(heads, uint64(16), x2)
    store8(heads, uint64(24), x3)
    store8(heads, uint64(32), x4)
    store8(heads, uint64(40), x5)
    store8(heads, uint64(48), x6)
    store8(heads, uint64(56), x7)
    return i, n


@kernel
def _pop_rounds(heads, words, n, out, owners, table, prec):  # type: ignore[no-untyped-def]
    return ZERO, n


pop_rounds = _pop_rounds8 if VECTORS else _pop_rounds
pop_rounds64 = _pop_rounds64 if VECTORS else _pop_rounds


@kernel
def decode_static_kernel(heads, words, n, out, owners, table, prec):  # type: ignore[no-untyped-def]
    """Pop symbols that all have the same table, the first one first. Spec: LAN-6.

    Args:
        heads: uint32, one for each lane; they are changed.
        words: uint16.
        n: uint64, the number of words in use.
        out: unsigned integers, as wide as `owners` or wider; filled.
        owners: unsigned integers, ``2**prec`` of them: the symbol that owns each slot.
        table: uint32, one for each symbol: ``freq - 1`` in the upper 16 bits, ``start`` in the
            lower ones.
        prec: uint64, in ``[1, 16]``.

    Returns:
        The new `n`. If the message was exhausted, a head is 0.
    """
    i = ZERO
    if heads.size == 64:
        i, n = pop_rounds64(heads, words, n, out, owners, table, prec)
    elif uint64(heads.size) % EIGHT == ZERO:
        i, n = pop_rounds(heads, words, n, out, owners, table, prec)
    return _pop_single(heads, words, n, out, i, owners, table, prec)


def encode_static(
    symbols: Sequence[int], freqs: Sequence[int], *, lanes: int | None = None
) -> NDArray[np.uint16]:
    """Return the stream of symbols that all have the same table. Spec: LAN-6.

    Arguments and errors as for the reference; `symbols` of any integer type are not copied.
    """
    table = static_table(freqs)
    array = table.checked(integers(symbols, SymbolError))
    heads = empty_heads(number_of_lanes(array.size, lanes), 16)
    words = np.empty(array.size + ROOM, np.uint16)
    n = encode_static_kernel(heads, words, ZERO, array, table.entries, table.prec)
    if n == NO_SLOT:
        absent = np.flatnonzero(table.entries[array] == 0)[0]
        raise SymbolError(f"symbol {array[absent]} has no slot")
    return to_stream(heads, words, n)


def decode_static(
    words: Sequence[int], freqs: Sequence[int], count: int, *, lanes: int | None = None
) -> Unsigned:
    """Undo `encode_static`; `count` is the number of symbols. Spec: LAN-6.

    Errors as for the reference.

    Returns:
        Shape ``(count,)``; uint8 if the table has up to 256 symbols, else uint16 or uint32.
    """
    table = static_table(freqs)
    count = checked_count(count)
    out = np.empty(count, table.owners.dtype)
    heads, below = from_stream(words, number_of_lanes(count, lanes), 16)
    n = decode_static_kernel(
        heads, below, np.uint64(below.size), out, table.owners, table.intervals, table.prec
    )
    check_end(heads, n, count)
    return out
