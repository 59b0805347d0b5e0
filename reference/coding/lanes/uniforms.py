"""Streams of symbols that are all equally likely, or nearly.

Spec: LAN-9.
"""

from collections.abc import Sequence

from reference.coding.codecs import uniform
from reference.coding.lanes.message import checked_count, decode, encode

__all__ = ["decode_uniforms", "encode_uniforms"]

W = 32
"""Width of a word of these lanes in bits (LAN-9)."""


def encode_uniforms(
    symbols: Sequence[int], n: int, prec: int, *, lanes: int | None = None
) -> list[int]:
    """Return the stream of symbols in ``[0, n)``, all (nearly) equally likely. Spec: LAN-9.

    Args:
        n: in ``[1, 2**prec]``.
        prec: in ``[1, 32]``.

    Returns:
        Words of 32 bits.

    Raises:
        IntervalError: `n` or `prec` is out of its range.
        SymbolError: a symbol is not in ``[0, n)``.
        DataError: there is no lane.
    """
    return encode([uniform(n, prec)] * len(symbols), symbols, lanes, W)


def decode_uniforms(
    words: Sequence[int], n: int, prec: int, count: int, *, lanes: int | None = None
) -> list[int]:
    """Undo `encode_uniforms`; `count` is the number of symbols. Spec: LAN-9.

    Raises:
        IntervalError: `n` or `prec` is out of its range.
        DataError: there is no lane, or `count` is negative.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of `count` symbols (LAN-4).
    """
    return decode(words, [uniform(n, prec)] * checked_count(count), lanes, W)
