r"""Messages of several lanes, and the streams that they become.

Spec: LAN-1 to LAN-5, LAN-12.
Source: F. Giesen, "Interleaved entropy coders", arXiv:1402.3392 (2014).

::

    symbols    s0 s1 s2 s3 | s4 s5 s6 s7 | s8 ...
    lane        0  1  2  3    0  1  2  3    0            each with a head of its own
                 \  \  |  /
    words      [ .  .  .  .  .  .                        one stack that all lanes share

A decoder takes words in the order in which it pops symbols, and an encoder, which runs
backwards, has left them in the opposite order. So nobody has to say whose a word is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reference.coding.ans import Message
from reference.coding.codecs import Codec
from reference.coding.integers import integer, integers
from reference.errors import DataError, FormatError

__all__ = [
    "Lanes",
    "checked_count",
    "decode",
    "default_lanes",
    "empty_lanes",
    "encode",
    "lanes_from_stream",
    "lanes_to_stream",
    "pop_lanes",
    "push_lanes",
]

MOST_WORDS = 3
"""Words that the codec of one symbol moves at most: those of an escape (LAN-7)."""


@dataclass(frozen=True)
class Lanes:
    """A message with several heads (LAN-1)."""

    heads: tuple[int, ...]
    """One for each lane; in ``[2**w, 2**(2 * w))``."""
    words: tuple[int, ...]
    """Each in ``[0, 2**w)``; the last one is on top."""


def empty_lanes(lanes: int, w: int) -> Lanes:
    """Return the message that holds nothing. Spec: LAN-1.

    Raises:
        DataError: there is no lane.
    """
    return Lanes((1 << w,) * _checked_lanes(lanes), ())


def default_lanes(count: int) -> int:
    """Return the number of lanes for `count` symbols: 1, 32 or 64. Spec: LAN-5."""
    return 1 if count < 1 << 14 else 32 if count < 1 << 18 else 64


def push_lanes(m: Lanes, codecs: Sequence[Codec[int]], symbols: Sequence[int]) -> Lanes:
    """Push one symbol with each codec, the last symbol first. Spec: LAN-2.

    Args:
        codecs: made for words of the width that the message has.

    Raises:
        DataError: there are not as many symbols as codecs, or one is no integer.
        SymbolError: a symbol is outside the support of its codec (COD-1).
    """
    numbers = integers(symbols)
    if len(numbers) != len(codecs):
        raise DataError(f"{len(numbers)} symbols and {len(codecs)} models")
    heads, words = list(m.heads), list(m.words)
    for i in reversed(range(len(numbers))):
        lane = i % len(heads)
        one = codecs[i].push(Message(heads[lane], ()), numbers[i])
        heads[lane] = one.head
        words.extend(one.words)
    return Lanes(tuple(heads), tuple(words))


def pop_lanes(m: Lanes, codecs: Sequence[Codec[int]]) -> tuple[Lanes, list[int]]:
    """Pop one symbol with each codec, the first symbol first. Spec: LAN-2.

    Raises:
        MessageExhausted: a head needs a word and none is left (ANS-5).
    """
    heads, words, symbols = list(m.heads), list(m.words), []
    for i, codec in enumerate(codecs):
        lane = i % len(heads)
        one, symbol = codec.pop(Message(heads[lane], tuple(words[-MOST_WORDS:])))
        heads[lane], words[-MOST_WORDS:] = one.head, one.words
        symbols.append(symbol)
    return Lanes(tuple(heads), tuple(words)), symbols


def lanes_to_stream(m: Lanes, w: int) -> list[int]:
    """Return the words of a message, and then both halves of its heads. Spec: LAN-3."""
    return [*m.words, *(half for x in m.heads for half in (x % (1 << w), x >> w))]


def lanes_from_stream(words: Sequence[int], lanes: int, w: int) -> Lanes:
    """Undo `lanes_to_stream`. Spec: LAN-3, LAN-4.

    Raises:
        DataError: there is no lane.
        FormatError: there are too few words, one has more than `w` bits, or a head is
            below ``2**w`` (LAN-4).
    """
    lanes = _checked_lanes(lanes)
    numbers, below = integers(words), len(words) - 2 * lanes
    if below < 0:
        raise FormatError(f"{len(words)} words are too few for the heads of {lanes} lanes")
    for word in numbers:
        if not 0 <= word < 1 << w:
            raise FormatError(f"{word} is no word of {w} bits")
    low, high = numbers[below::2], numbers[below + 1 :: 2]
    heads = tuple(x + (y << w) for x, y in zip(low, high, strict=True))
    if min(heads) < 1 << w:
        raise FormatError(f"the head {min(heads)} of a lane is below 2**{w}")
    return Lanes(heads, tuple(numbers[:below]))


def encode(
    codecs: Sequence[Codec[int]], symbols: Sequence[int], lanes: int | None, w: int
) -> list[int]:
    """Return the stream of the symbols, on `lanes` lanes or as many as LAN-5 says.

    Spec: LAN-3, LAN-5. The errors are those of `push_lanes` and `empty_lanes`.
    """
    empty = empty_lanes(default_lanes(len(codecs)) if lanes is None else lanes, w)
    return lanes_to_stream(push_lanes(empty, codecs, symbols), w)


def decode(
    words: Sequence[int], codecs: Sequence[Codec[int]], lanes: int | None, w: int
) -> list[int]:
    """Return the symbols whose stream the words are. Spec: LAN-4.

    Raises:
        DataError: there is no lane.
        MessageExhausted: a pop needs a word where there is none.
        FormatError: the words are no stream of this many symbols and lanes.
    """
    lanes = default_lanes(len(codecs)) if lanes is None else integer(lanes)
    m, symbols = pop_lanes(lanes_from_stream(words, lanes, w), codecs)
    if m != empty_lanes(lanes, w):
        raise FormatError(f"the stream holds more than {len(codecs)} symbols")
    return symbols


def _checked_lanes(lanes: int) -> int:
    lanes = integer(lanes)
    if lanes < 1:
        raise DataError(f"{lanes} lanes: there is at least 1")
    return lanes


def checked_count(count: int) -> int:
    """Return a number of symbols that a decoder was given. Spec: LAN-3.

    Raises:
        DataError: it is negative.
    """
    count = integer(count)
    if count < 0:
        raise DataError(f"{count} symbols")
    return count
