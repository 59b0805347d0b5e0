"""Streams of symbols that have frequencies of their own.

Spec: LAN-8.
"""

from collections.abc import Sequence

from reference.coding.codecs import Codec, bernoulli, categorical
from reference.coding.integers import integers
from reference.coding.lanes.message import decode, encode
from reference.errors import IntervalError

__all__ = [
    "decode_bernoullis",
    "decode_categoricals",
    "encode_bernoullis",
    "encode_categoricals",
]

W = 16
"""Width of a word of these lanes in bits (LAN-8)."""


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
    return encode([bernoulli(f, prec, w=W) for f in integers(freqs)], symbols, lanes, W)


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
    return decode(words, [bernoulli(f, prec, w=W) for f in integers(freqs)], lanes, W)


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


def _rows(freqs: Sequence[Sequence[int]]) -> list[Codec[int]]:
    """Return the codec of each row. Spec: LAN-8."""
    rows = [integers(row, IntervalError) for row in freqs]
    for row in rows:
        if len(row) != len(rows[0]) or sum(row) != sum(rows[0]):
            raise IntervalError(
                f"a row of {len(row)} freqs with the sum {sum(row)} after one of "
                f"{len(rows[0])} with the sum {sum(rows[0])}"
            )
    return [categorical(row, w=W) for row in rows]
