"""Streams of symbols whose models are integer tables.

Spec: LAN-6 to LAN-8.

Each coder is a pair, ``encode_...`` and ``decode_...``, with the same models given to both.
All take any sequence of integers, and `lanes`, the number of lanes, or None for LAN-5.
"""

from collections.abc import Sequence
from itertools import compress

from reference.coding.ans import Message
from reference.coding.codecs import Codec, bernoulli, categorical, uniform
from reference.coding.lanes.message import decode, encode
from reference.errors import DataError, FormatError, IntervalError, SymbolError

__all__ = [
    "decode_bernoullis",
    "decode_categoricals",
    "decode_indexed",
    "decode_static",
    "encode_bernoullis",
    "encode_categoricals",
    "encode_indexed",
    "encode_static",
]

W = 16
"""Width of a word of these lanes in bits (LAN-6)."""


def encode_static(
    symbols: Sequence[int], freqs: Sequence[int], *, lanes: int | None = None
) -> list[int]:
    """Return the stream of symbols that all have the same table. Spec: LAN-6.

    Args:
        freqs: one for each symbol from 0 on; not negative, with a sum of ``2**prec``,
            ``1 <= prec <= 16``.

    Returns:
        Words of 16 bits.

    Raises:
        IntervalError: `freqs` are no such table.
        SymbolError: a symbol has no slot.
        DataError: there is no lane.
    """
    return encode([_static(freqs)] * len(symbols), symbols, lanes, W)


def decode_static(
    words: Sequence[int], freqs: Sequence[int], count: int, *, lanes: int | None = None
) -> list[int]:
    """Undo `encode_static`; `count` is the number of symbols. Spec: LAN-6.

    Raises:
        IntervalError: `freqs` are no table.
        DataError: there is no lane, or `count` is negative.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of `count` symbols (LAN-4).
    """
    return decode(words, [_static(freqs)] * _checked(count), lanes, W)


def encode_indexed(
    symbols: Sequence[int],
    indices: Sequence[int],
    tables: Sequence[Sequence[int]],
    offsets: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Return the stream of symbols each of which names one of several tables.

    Spec: LAN-7. A learned image codec has a set of tables, one for each scale, say, and a
    network that picks one of them for every symbol.

    Args:
        indices: the number of each symbol's table.
        tables: each as for `encode_static`, with one `prec` for all; the last entry of
            a table is the escape.
        offsets: for each table, the symbol that its first entry stands for.

    Returns:
        Words of 16 bits.

    Raises:
        IntervalError: a table is none, or has another sum than the first one.
        SymbolError: a symbol has no slot in its table, nor has the escape, or it does not
            fit 32 bits.
        DataError: an index names no table, there are not as many of one as of the
            other, or there is no lane.
    """
    return encode(_indexed(indices, tables, offsets), symbols, lanes, W)


def decode_indexed(
    words: Sequence[int],
    indices: Sequence[int],
    tables: Sequence[Sequence[int]],
    offsets: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Undo `encode_indexed`. Spec: LAN-7.

    Raises:
        IntervalError: a table is none, or has another sum than the first one.
        DataError: an index names no table, or there is no lane.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4), or an escape
            stands for a symbol that its table has.
    """
    return decode(words, _indexed(indices, tables, offsets), lanes, W)


def encode_bernoullis(
    symbols: Sequence[int], freqs: Sequence[int], prec: int, *, lanes: int | None = None
) -> list[int]:
    """Return the stream of zeros and ones that have a probability each. Spec: LAN-8.

    Args:
        freqs: the slots of a 1, for each symbol; in ``[1, 2**prec)``.
        prec: in ``[1, 16]``.

    Returns:
        Words of 16 bits.

    Raises:
        IntervalError: a freq or `prec` is out of its range.
        SymbolError: a symbol is not 0 or 1.
        DataError: there are not as many of one as of the other, or there is no lane.
    """
    return encode([bernoulli(int(f), prec, w=W) for f in freqs], symbols, lanes, W)


def decode_bernoullis(
    words: Sequence[int], freqs: Sequence[int], prec: int, *, lanes: int | None = None
) -> list[int]:
    """Undo `encode_bernoullis`. Spec: LAN-8.

    Raises:
        IntervalError: a freq or `prec` is out of its range.
        DataError: there is no lane.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4).
    """
    return decode(words, [bernoulli(int(f), prec, w=W) for f in freqs], lanes, W)


def encode_categoricals(
    symbols: Sequence[int], freqs: Sequence[Sequence[int]], *, lanes: int | None = None
) -> list[int]:
    """Return the stream of symbols that have a table each. Spec: LAN-8.

    Args:
        freqs: one row for each symbol; positive, all of one length and with one sum
            ``2**prec``, ``1 <= prec <= 16``.

    Returns:
        Words of 16 bits.

    Raises:
        IntervalError: a row is no such table.
        SymbolError: a symbol is not in its row.
        DataError: there are not as many of one as of the other, or there is no lane.
    """
    return encode(_rows(freqs), symbols, lanes, W)


def decode_categoricals(
    words: Sequence[int], freqs: Sequence[Sequence[int]], *, lanes: int | None = None
) -> list[int]:
    """Undo `encode_categoricals`. Spec: LAN-8.

    Raises:
        IntervalError: a row is no table.
        DataError: there is no lane.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4).
    """
    return decode(words, _rows(freqs), lanes, W)


def _checked(count: int) -> int:
    if count < 0:
        raise DataError(f"{count} symbols")
    return count


def _static(freqs: Sequence[int]) -> Codec[int]:
    """Return the codec of the symbols that have slots. Spec: LAN-6."""
    numbers = [int(f) for f in freqs]
    if min(numbers, default=0) < 0 or sum(numbers) > 1 << W:
        raise IntervalError(
            f"{len(numbers)} freqs, from {min(numbers, default=0)} on, with the sum "
            f"{sum(numbers)}, are no table of up to 2**{W} slots"
        )
    present = list(compress(range(len(numbers)), numbers))
    codec = categorical([numbers[s] for s in present], w=W)
    position = {symbol: i for i, symbol in enumerate(present)}

    def push(m: Message, symbol: int) -> Message:
        if symbol not in position:
            raise SymbolError(f"symbol {symbol} has no slot")
        return codec.push(m, position[symbol])

    def pop(m: Message) -> tuple[Message, int]:
        m, i = codec.pop(m)
        return m, present[i]

    return Codec(push, pop)


def _rows(freqs: Sequence[Sequence[int]]) -> list[Codec[int]]:
    """Return the codec of each row. Spec: LAN-8."""
    rows = [[int(f) for f in row] for row in freqs]
    for row in rows:
        if len(row) != len(rows[0]) or sum(row) != sum(rows[0]):
            raise IntervalError(
                f"a row of {len(row)} freqs with the sum {sum(row)} after one of "
                f"{len(rows[0])} with the sum {sum(rows[0])}"
            )
    return [categorical(row, w=W) for row in rows]


def _indexed(
    indices: Sequence[int], tables: Sequence[Sequence[int]], offsets: Sequence[int]
) -> list[Codec[int]]:
    """Return the codec that each index names. Spec: LAN-7."""
    if len(offsets) != len(tables):
        raise DataError(f"{len(offsets)} offsets of {len(tables)} tables")
    codecs = []
    for freqs, offset in zip(tables, offsets, strict=True):
        if sum(map(int, freqs)) != sum(map(int, tables[0])):
            raise IntervalError(f"a table has the sum {sum(freqs)}, not {sum(tables[0])}")
        codecs.append(_escaped(freqs, int(offset)))
    for index in indices:
        if not 0 <= index < len(codecs):
            raise DataError(f"index {index} names none of {len(codecs)} tables")
    return [codecs[index] for index in indices]


def _escaped(freqs: Sequence[int], offset: int) -> Codec[int]:
    """Return the codec of a table whose last entry is the escape. Spec: LAN-7."""
    codec, digit, escape = _static(freqs), uniform(1 << W, W, w=W), len(freqs) - 1

    def is_tabled(symbol: int) -> bool:
        return 0 <= symbol - offset < escape and freqs[symbol - offset] > 0

    def push(m: Message, symbol: int) -> Message:
        if is_tabled(symbol):
            return codec.push(m, symbol - offset)
        if not -(1 << 31) <= symbol < 1 << 31:
            raise SymbolError(f"symbol {symbol} does not fit 32 bits")
        upper, lower = divmod(symbol % (1 << 2 * W), 1 << W)
        return codec.push(digit.push(digit.push(m, lower), upper), escape)

    def pop(m: Message) -> tuple[Message, int]:
        m, k = codec.pop(m)
        if k < escape:
            return m, offset + k
        m, upper = digit.pop(m)
        m, lower = digit.pop(m)
        symbol = (upper << W) + lower
        symbol -= symbol >> 31 << 32
        if is_tabled(symbol):
            raise FormatError(f"an escape stands for {symbol}, which has slots of its own")
        return m, symbol

    return Codec(push, pop)
