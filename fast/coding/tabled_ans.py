"""Compiled twin of the bytes of `reference.coding.tabled_ans`: equal to it bit for bit.

Spec: TAN-4, TAN-5, TAN-12, TAN-13.

From Python, call the plain names: they check their arguments, then run the kernel.
From ``@njit`` code, call the ``_kernel`` names with the arrays that the ``_arguments`` names
make of a spread: they check nothing.

The kernels hold the top of the bits in a register of 64 and the others in words of 32, the
bottom one first, so that words, register and head in this order are the bytes of TAN-12.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from reference.errors import (
    FormatError,
    IntervalError,
    MessageExhausted,
    SymbolError,
)
from reference.params import MOST_TABLED_PREC

__all__ = [
    "TabledDecoderArguments",
    "TabledEncoderArguments",
    "decode_tabled",
    "decode_tabled_kernel",
    "encode_tabled",
    "encode_tabled_kernel",
    "tabled_decoder_arguments",
    "tabled_encoder_arguments",
]

Symbols = NDArray[np.uint8] | NDArray[np.uint16]
"""Of uint8 where the alphabet has at most 256 symbols."""

COUNT_BITS = 5
"""Bits of a number of bits, which is at most 16."""
PIECE = 1 << 20
"""Symbols decoded at a time, so that no count allocates more than the bits can hold."""

# Kernel arithmetic is uint64 where bits are shifted, int64 where places are counted.
ONE = uint64(1)
ZERO = uint64(0)
W = uint64(32)
REGISTER = uint64(64)
COUNT = uint64(COUNT_BITS)
COUNT_MASK = uint64((1 << COUNT_BITS) - 1)


class TabledEncoderArguments(NamedTuple):
    """A spread as `encode_tabled_kernel` wants it."""

    sizes: NDArray[np.uint64]
    """For each symbol; added to the head, the number of bits to move is above 32 others."""
    offsets: NDArray[np.int64]
    """For each symbol; added to ``freq + rest``, the place in `heads`."""
    heads: NDArray[np.uint32]
    """The heads of symbol 0, rising, then those of symbol 1, and so on."""


class TabledDecoderArguments(NamedTuple):
    """A spread as `decode_tabled_kernel` wants it."""

    symbols: Symbols
    """The owner of each slot."""
    rows: NDArray[np.uint32]
    """For each slot, ``new << 5 | bits``: the bits to move in, and the slot if all are 0."""


@kernel
def encode_tabled_kernel(symbols, head, sizes, offsets, heads, words):  # type: ignore[no-untyped-def]
    """Push the last symbol, then the one before it; return ``(head, bits)``. Spec: TAN-4.

    ``words`` is an array of uint32 with room for ``symbols.size * prec + 32`` bits. It gets
    the bits of the message, the bottom one lowest in the first word, and zeros above the top.
    """
    register, held, n = ZERO, ZERO, int64(0)
    for i in range(symbols.size - 1, -1, -1):
        symbol = symbols[i]
        size = (head + sizes[symbol]) >> W
        # Fewer than 32 bits are held and at most 16 come, so 64 suffice.
        register |= (head & ((ONE << size) - ONE)) << held
        held += size
        head = uint64(heads[int64(head >> size) + offsets[symbol]])
        if held >= W:
            words[n] = uint32(register)
            register >>= W
            held -= W
            n += 1
    words[n] = uint32(register)
    return head, n * 32 + int64(held)


@kernel
def decode_tabled_kernel(words, bits, head, symbols, rows, out):  # type: ignore[no-untyped-def]
    """Pop ``out.size`` symbols into it; return ``(decoded, head, bits)``. Spec: TAN-5.

    ``words`` holds the ``bits`` bits as `encode_tabled_kernel` leaves them, an int64 number of
    them, and perhaps others above. Fewer symbols are decoded where the bits end before.
    """
    size = uint64(rows.size)
    slot = head - size
    # What is held of the bits is at the upper end of the register, over zeros.
    n, held = bits >> 5, uint64(bits & 31)
    register = ZERO
    if held > ZERO:
        register = uint64(words[n]) << (REGISTER - held)
    for i in range(out.size):
        if held < W and n > 0:
            n -= 1
            register |= uint64(words[n]) << (W - held)
            held += W
        row = uint64(rows[slot])
        moved = row & COUNT_MASK
        if moved > held:
            return i, size + slot, n * 32 + int64(held)
        out[i] = symbols[slot]
        # In two steps, for none may move, and a shift by 64 is not defined.
        slot = (row >> COUNT) + ((register >> ONE) >> (REGISTER - ONE - moved))
        register <<= moved
        held -= moved
    return out.size, size + slot, n * 32 + int64(held)


def tabled_encoder_arguments(spread: Sequence[int]) -> TabledEncoderArguments:
    """Return a spread as `encode_tabled_kernel` wants it. Spec: TAN-2.

    Raises:
        IntervalError: `spread` is none (TAN-1).
    """
    owners, freqs, starts, order = _table(spread)
    # From the head freq * 2**most on a push moves so many bits, below it one fewer (TAN-9).
    # Of a power of two all heads are below, so that most is never 0 and nothing wraps.
    most = _floor_log2(owners.size) - _floor_log2(2 * freqs - 1) + 1
    sizes = (most << 32) - (freqs << most)
    return TabledEncoderArguments(
        sizes.astype(np.uint64), starts - freqs, (owners.size + order).astype(np.uint32)
    )


def tabled_decoder_arguments(spread: Sequence[int]) -> TabledDecoderArguments:
    """Return a spread as `decode_tabled_kernel` wants it. Spec: TAN-2.

    Raises:
        IntervalError: `spread` is none (TAN-1).
    """
    owners, freqs, starts, order = _table(spread)
    left = np.empty(owners.size, np.int64)
    left[order] = np.arange(owners.size) - np.repeat(starts - freqs, freqs)  # freq + rest
    bits = _floor_log2(owners.size) - _floor_log2(left)
    rows = ((left << bits) - owners.size) << COUNT_BITS | bits
    return TabledDecoderArguments(_narrow(owners, freqs.size), rows.astype(np.uint32))


def encode_tabled(symbols: Sequence[int], spread: Sequence[int]) -> bytes:
    """Return the message of the symbols, the first one on top.

    Spec: TAN-13.

    Args:
        symbols: shape ``(N,)``; integers.
        spread: the owner of every slot (TAN-1).

    Raises:
        IntervalError: `spread` is none (TAN-1).
        SymbolError: a symbol owns no slot, or is no integer (TAN-4).
    """
    arguments = tabled_encoder_arguments(spread)
    array = _checked(symbols, arguments.sizes.size)
    prec = arguments.heads.size.bit_length() - 1
    words = np.empty(array.size * prec // 32 + 3, np.uint32)
    head, bits = encode_tabled_kernel(array, np.uint64(1 << prec), *arguments, words)
    n, held = divmod(int(bits), 32)
    top = int(words[n]) | int(head) << held
    words[n : n + 2] = top & 0xFFFFFFFF, top >> 32
    return words.astype("<u4").tobytes()[: -(-(int(bits) + prec + 1) // 8)]


def decode_tabled(data: bytes, spread: Sequence[int], count: int) -> Symbols:
    """Return the `count` symbols of a message.

    Spec: TAN-13.

    Returns:
        Shape ``(count,)``; of uint8 if there are at most 256 symbols.

    Raises:
        IntervalError: `spread` is none (TAN-1).
        MessageExhausted: the bits end before the symbols do (TAN-5).
        FormatError: the bytes are no message (TAN-12), or what is left of it after the last
            symbol is not the empty message (TAN-13).
    """
    arguments = tabled_decoder_arguments(spread)
    size = arguments.rows.size
    top = int.from_bytes(data[-4:], "little")  # the head is in the last three bytes
    if not data or data[-1] == 0 or top < size:
        raise FormatError(
            f"{len(data)} bytes do not end in a head of {size.bit_length()} bits"
        )
    if count < 0:
        raise FormatError(f"a message of {count} symbols")
    above = top.bit_length() - size.bit_length()
    head = np.uint64(top >> above)
    bits = np.int64(8 * max(len(data) - 4, 0) + above)
    words = np.frombuffer(data + bytes(-len(data) % 4), "<u4").astype(np.uint32)
    pieces = [np.empty(0, arguments.symbols.dtype)]
    for done in range(0, count, PIECE):
        piece = np.empty(min(count - done, PIECE), arguments.symbols.dtype)
        decoded, head, bits = decode_tabled_kernel(words, bits, head, *arguments, piece)
        if decoded < piece.size:
            raise MessageExhausted(f"the message ends within its symbol {done + decoded}")
        pieces.append(piece)
        head, bits = np.uint64(head), np.int64(bits)
    if head != size or bits:
        raise FormatError(f"the head {head} and {bits} bits are left")
    return np.concatenate(pieces)


def _table(spread: Sequence[int]) -> tuple[NDArray[np.int64], ...]:
    """Return the owner of every slot, each freq and start (COD-3), and the slots by symbol."""
    owners = np.asarray(spread)
    if owners.ndim != 1 or owners.dtype.kind not in "iu":
        raise IntervalError(f"shape {owners.shape} of {owners.dtype} is no spread")
    if owners.size not in {1 << prec for prec in range(1, MOST_TABLED_PREC + 1)}:
        raise IntervalError(
            f"{owners.size} slots are not 2**prec, 1 <= prec <= {MOST_TABLED_PREC}"
        )
    if owners.min() < 0 or owners.max() >= owners.size:
        raise IntervalError(f"a spread of symbols from {owners.min()} to {owners.max()}")
    owners = owners.astype(np.int64)
    freqs = np.bincount(owners)
    if not freqs.all():
        raise IntervalError(
            f"the symbol {freqs.argmin()} is not in the spread, but higher are"
        )
    return owners, freqs, np.cumsum(freqs) - freqs, np.argsort(owners, kind="stable")


def _floor_log2(values: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the logarithm rounded down, of integers from 1 to 2**53."""
    return np.frexp(values)[1].astype(np.int64) - 1


def _checked(symbols: Sequence[int], n: int) -> Symbols:
    """Return symbols that are all in ``[0, n)``."""
    array = np.asarray(symbols)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise SymbolError(f"shape {array.shape} of {array.dtype} is no vector of integers")
    if array.size and not (array.min() >= 0 and array.max() < n):
        raise SymbolError(f"symbols {array.min()} to {array.max()} are not all in [0, {n})")
    return _narrow(array, n)


def _narrow(array: NDArray[np.integer[Any]], n: int) -> Symbols:
    """Return symbols in ``[0, n)`` as one of two types, so that kernels are few."""
    if n <= 256:
        return np.ascontiguousarray(array, np.uint8)
    return np.ascontiguousarray(array, np.uint16)
