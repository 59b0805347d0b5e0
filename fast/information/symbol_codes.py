"""Compiled twin of the bytes of `reference.information.symbol_codes`: equal to it bit for bit.

Spec: SYM-8 to SYM-10.

From Python, call the plain names: they check their arguments, then run the kernel.
From ``@njit`` code, call the ``_kernel`` names with the arrays that the ``_arguments`` names
make of the lengths: they check nothing.

A codeword may have more bits than a register, so the encoder has it in pieces of up to 32
bits. The decoder looks the next `LOOKUP_BITS` bits up in a table; the few codewords that are
longer, and the end of the message, go through the tree of the code, bit by bit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import int64, uint8, uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from reference.errors import (
    DistributionError,
    FormatError,
    MessageExhausted,
    SymbolError,
)

__all__ = [
    "DecoderArguments",
    "EncoderArguments",
    "decode_bytes",
    "decode_bytes_kernel",
    "decoder_arguments",
    "encode_bytes",
    "encode_bytes_kernel",
    "encoder_arguments",
    "measure_kernel",
]

Symbols = NDArray[np.uint8] | NDArray[np.int64]
"""Of uint8 where the alphabet has at most 256 symbols."""

LOOKUP_BITS = 11
"""Bits of the decoder's table: 2048 entries of 8 bytes, half of a first-level cache."""
PADDING = 8
"""Bytes of 0 after the data of the decoder, so that it may read ahead."""

# Kernel arithmetic is uint64 where bits are shifted, int64 where places are counted.
PIECE = uint64(32)
EIGHT = uint64(8)
LOOKUP = uint64(LOOKUP_BITS)
INDEX_MASK = uint64((1 << LOOKUP_BITS) - 1)
LENGTH_BITS = int64(8)
LENGTH_MASK = int64(255)
LONG = int64(-1)
NONE = int64(-1)


class EncoderArguments(NamedTuple):
    """A code as `encode_bytes_kernel` wants it."""

    starts: NDArray[np.int64]
    """Shape ``(n + 1,)``: the pieces of symbol ``i`` are those from ``starts[i]`` on."""
    pieces: NDArray[np.uint64]
    """Each of at most 32 bits."""
    sizes: NDArray[np.uint64]
    """Bits of each piece."""


class DecoderArguments(NamedTuple):
    """A code as `decode_bytes_kernel` wants it."""

    table: NDArray[np.int64]
    """For the next bits: symbol and length, ``symbol << 8 | length``; or -1."""
    children: NDArray[np.int64]
    """Shape ``(nodes, 2)``: where a bit leads to, or -1; a leaf is ``-2 - symbol``."""


@kernel
def measure_kernel(symbols, sizes):  # type: ignore[no-untyped-def]
    """Return the bits of all codewords, and where a symbol with the size -1 is, or -1.

    Spec: SYM-9.
    """
    bits = int64(0)
    for i in range(symbols.size):
        size = sizes[symbols[i]]
        if size < 0:
            return bits, i
        bits += size
    return bits, -1


@kernel
def encode_bytes_kernel(symbols, starts, pieces, sizes, words):  # type: ignore[no-untyped-def]
    """Write the codewords into `words`, the first bit highest; return the bits. Spec: SYM-10.

    ``words`` is an array of uint32 with room for all bits. The caller has checked that every
    symbol has a codeword.
    """
    buffer, held, n = uint64(0), uint64(0), int64(0)
    for i in range(symbols.size):
        symbol = int64(symbols[i])
        for k in range(starts[symbol], starts[symbol + 1]):
            # Fewer than 32 bits are held, so 64 suffice; those above are written already.
            buffer = (buffer << sizes[k]) | pieces[k]
            held += sizes[k]
            if held >= PIECE:
                held -= PIECE
                words[n] = uint32(buffer >> held)
                n += 1
    if held > uint64(0):
        words[n] = uint32(buffer << (PIECE - held))
    return n * 32 + int64(held)


@kernel
def decode_bytes_kernel(data, bits, table, children, symbols):  # type: ignore[no-untyped-def]
    """Read ``symbols.size`` codewords; return ``(decoded, bit, status)``. Spec: SYM-9.

    ``data`` holds the ``bits`` bits and 8 more bytes. The status is 0; 1 if the message ends
    within a codeword; 2 if its bits begin none.
    """
    bit = int64(0)
    for i in range(symbols.size):
        at = bit >> 3
        ahead = uint64(data[at]) << EIGHT | uint64(data[at + 1])
        ahead = ahead << EIGHT | uint64(data[at + 2])
        # 24 bits from the byte on: at most 7 of them are read already, so 17 are ahead.
        shift = uint64(24) - LOOKUP - uint64(bit & 7)
        entry = table[(ahead >> shift) & INDEX_MASK]
        if entry != LONG and bit + (entry & LENGTH_MASK) <= bits:
            bit += entry & LENGTH_MASK
            symbols[i] = entry >> LENGTH_BITS
            continue
        node = int64(0)
        while node >= 0:
            if bit == bits:
                return i, bit, 1
            side = int64(data[bit >> 3] >> uint8(7 - (bit & 7))) & 1
            node = children[node, side]
            bit += 1
        if node == NONE:
            return i, bit, 2
        symbols[i] = -2 - node
    return symbols.size, bit, 0


def encoder_arguments(lengths: Sequence[int | None]) -> EncoderArguments:
    """Return the binary canonical code as `encode_bytes_kernel` wants it. Spec: SYM-8.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
    """
    pieces: list[list[tuple[int, int]]] = [[] for _ in lengths]
    for length, value, symbol in _canonical(lengths):
        for end in range(length, 0, -32):  # bits from the front on, 32 at a time
            size = min(end, 32)
            pieces[symbol].append((value >> (end - size) & 0xFFFFFFFF >> (32 - size), size))
    flat = np.array([p for ps in pieces for p in ps], np.uint64).reshape(-1, 2)
    starts = np.cumsum([0, *(len(ps) for ps in pieces)], dtype=np.int64)
    return EncoderArguments(
        starts, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])
    )


def decoder_arguments(lengths: Sequence[int | None]) -> DecoderArguments:
    """Return the binary canonical code as `decode_bytes_kernel` wants it. Spec: SYM-8.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
    """
    table = np.full(1 << LOOKUP_BITS, LONG, np.int64)
    children = [[-1, -1]]
    for length, value, symbol in _canonical(lengths):
        if length <= LOOKUP_BITS:
            free = LOOKUP_BITS - length
            table[value << free : (value + 1) << free] = symbol << int(LENGTH_BITS) | length
        node = 0
        for place in range(length - 1, 0, -1):
            side = value >> place & 1
            if children[node][side] < 0:
                children[node][side] = len(children)
                children.append([-1, -1])
            node = children[node][side]
        if length:
            children[node][value & 1] = -2 - symbol
    return DecoderArguments(table, np.array(children, np.int64))


def encode_bytes(symbols: npt.ArrayLike, lengths: Sequence[int | None]) -> bytes:
    """Return the message in the binary canonical code, eight digits a byte.

    Spec: SYM-10. The first digit is the highest bit; zeros fill the last byte.

    Args:
        symbols: shape ``(N,)``; integers.
        lengths: of all codewords, in bits.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
        SymbolError: a symbol has no codeword, or is no integer (SYM-9).
    """
    code = encoder_arguments(lengths)
    array = _checked(symbols, len(lengths))
    bits, lost = measure_kernel(array, np.array([-1 if n is None else n for n in lengths]))
    if lost >= 0:
        raise SymbolError(f"symbol {array[lost]} has no codeword")
    words = np.empty(-(-int(bits) // 32), np.uint32)
    encode_bytes_kernel(array, *code, words)
    return words.astype(">u4").tobytes()[: -(-int(bits) // 8)]


def decode_bytes(data: bytes, lengths: Sequence[int | None], count: int) -> Symbols:
    """Return the `count` symbols of a message in the binary canonical code.

    Spec: SYM-10.

    Args:
        lengths: of all codewords, in bits.

    Returns:
        Shape ``(count,)``; of uint8 if there are at most 256 symbols.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
        MessageExhausted: the bytes end within a codeword (SYM-9).
        FormatError: bits begin no codeword (SYM-9), or what is left after the last symbol
            is not fewer than eight zeros (SYM-10).
    """
    code = decoder_arguments(lengths)
    shortest = min((int(n) for n in lengths if n is not None), default=None)
    if count < 0 or (count and shortest is None):
        raise FormatError(f"a message of {count} symbols with {len(lengths)} lengths")
    bits = 8 * len(data)
    # A count that the bits cannot hold is not allocated, but one symbol more than they hold.
    room = min(count, bits // shortest + 1) if shortest else count
    symbols = _checked(np.zeros(room, np.uint8), max(len(lengths), 1))
    padded = np.frombuffer(data + bytes(PADDING), np.uint8)
    decoded, bit, status = decode_bytes_kernel(padded, np.int64(bits), *code, symbols)
    if status == 1:
        raise MessageExhausted(f"the message ends within its symbol {decoded}")
    if status == 2:
        raise FormatError(f"no codeword begins with the digits before bit {bit}")
    last = data[int(bit) // 8 :]
    if bits - bit >= 8 or (last and last[0] & ((1 << (bits - int(bit))) - 1)):
        raise FormatError(f"{bits - bit} bits are left after the last symbol")
    return symbols


def _canonical(lengths: Sequence[int | None]) -> list[tuple[int, int, int]]:
    """Return length, bits and symbol of every codeword, in their order. Spec: SYM-8."""
    for i, n in enumerate(lengths):
        whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
        if n is not None and not (whole and n >= 0):
            raise DistributionError(f"the length of codeword {i} is {n!r}")
    code, following, at = [], 0, 0
    for length, symbol in sorted((int(n), i) for i, n in enumerate(lengths) if n is not None):
        value = following << (length - at)
        if value >> length:  # all of [0, 1) is taken
            raise DistributionError(f"no codeword of {length} bits is left for {symbol}")
        code.append((length, value, symbol))
        following, at = value + 1, length
    return code


def _checked(symbols: npt.ArrayLike, n: int) -> Symbols:
    """Return symbols in ``[0, n)``, as one of two types, so that kernels are few."""
    array = np.asarray(symbols)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise SymbolError(f"shape {array.shape} of {array.dtype} is no vector of integers")
    if array.size and not (array.min() >= 0 and array.max() < n):
        raise SymbolError(f"symbols {array.min()} to {array.max()} are not all in [0, {n})")
    if n <= 256:
        return np.ascontiguousarray(array, np.uint8)
    return np.ascontiguousarray(array, np.int64)
