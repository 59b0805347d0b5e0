"""Streams of symbols each of which names one of several tables, with an escape.

Spec: LAN-7.
"""

from collections.abc import Sequence

from reference.coding.ans import Message
from reference.coding.codecs import Codec, uniform
from reference.coding.integers import integers
from reference.coding.lanes.message import decode, encode
from reference.coding.lanes.static import static_codec
from reference.errors import DataError, FormatError, IntervalError, SymbolError

__all__ = ["decode_indexed", "encode_indexed"]

W = 16
"""Width of a word of these lanes in bits (LAN-7)."""
MOST_ENTRIES = 1 << 16
"""Largest number of entries of a table (LAN-7)."""
MOST_OFFSET = 1 << 30
"""Largest magnitude of an offset (LAN-7)."""


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
        tables: each as for `encode_static`, with one `prec` for all, and up to ``2**16``
            entries; the last entry of a table is the escape.
        offsets: for each table, the symbol that its first entry stands for; up to ``2**30``
            in magnitude.

    Returns:
        Words of 16 bits.

    Raises:
        IntervalError: a table is none, has another sum than the first one or too many
            entries, or an offset is out of its range.
        SymbolError: a symbol has no slot in its table, nor has the escape, or it does not
            fit 32 bits.
        DataError: there is no table, an index names none, there are not as many of one as
            of the other, or there is no lane.
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
        IntervalError: a table is none, has another sum than the first one or too many
            entries, or an offset is out of its range.
        DataError: there is no table, an index names none, or there is no lane.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4), or an escape
            stands for a symbol that its table has.
    """
    return decode(words, _indexed(indices, tables, offsets), lanes, W)


def _indexed(
    indices: Sequence[int], tables: Sequence[Sequence[int]], offsets: Sequence[int]
) -> list[Codec[int]]:
    """Return the codec that each index names. Spec: LAN-7."""
    if not len(tables) == len(offsets) >= 1:
        raise DataError(f"{len(offsets)} offsets of {len(tables)} tables")
    codecs, rows = [], [integers(freqs) for freqs in tables]
    for freqs, offset in zip(rows, integers(offsets), strict=True):
        if sum(freqs) != sum(rows[0]):
            raise IntervalError(f"a table has the sum {sum(freqs)}, not {sum(rows[0])}")
        if len(freqs) > MOST_ENTRIES or abs(offset) > MOST_OFFSET:
            raise IntervalError(f"a table of {len(freqs)} entries at the offset {offset}")
        codecs.append(_escaped(freqs, offset))
    numbers = integers(indices)
    for index in numbers:
        if not 0 <= index < len(codecs):
            raise DataError(f"index {index} names none of {len(codecs)} tables")
    return [codecs[index] for index in numbers]


def _escaped(freqs: Sequence[int], offset: int) -> Codec[int]:
    """Return the codec of a table whose last entry is the escape. Spec: LAN-7."""
    codec, digit, escape = static_codec(freqs), uniform(1 << W, W, w=W), len(freqs) - 1

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
