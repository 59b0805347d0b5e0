"""Streams of symbols that all have the same table.

Spec: LAN-6.
"""

from collections.abc import Sequence
from itertools import compress

from reference.coding.ans import Message
from reference.coding.codecs import Codec, categorical
from reference.coding.integers import integers
from reference.coding.lanes.message import checked_count, decode, encode
from reference.errors import IntervalError, SymbolError

__all__ = ["decode_static", "encode_static", "static_codec"]

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
    return encode([static_codec(freqs)] * len(symbols), symbols, lanes, W)


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
    return decode(words, [static_codec(freqs)] * checked_count(count), lanes, W)


def static_codec(freqs: Sequence[int]) -> Codec[int]:
    """Return the codec of the symbols that have slots. Spec: LAN-6."""
    numbers = integers(freqs)
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
