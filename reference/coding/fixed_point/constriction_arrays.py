"""Streams of integers that have a quantised Gaussian of `constriction` each.

Spec: LAN-11.

They are the library's own streams, and so have one lane. Where it need not be involved, the
Gaussians of LAN-10 have any number of lanes, and take no floats.
"""

from bisect import bisect_right
from collections.abc import Sequence

from reference.coding import ans
from reference.coding.ans import Message
from reference.coding.codecs import Codec
from reference.coding.fixed_point.constriction_models import (
    check_gaussian,
    check_support,
    constriction_gaussian_cumulative,
)
from reference.coding.integers import integer
from reference.coding.lanes.message import decode, encode
from reference.errors import DataError, DistributionError, SymbolError

__all__ = ["decode_constriction_gaussians", "encode_constriction_gaussians"]

PREC = 24
"""Bits of precision of the library's models (FIX-8)."""
W = 32
"""Width of a word in bits (LAN-11)."""
MOST_STD = 2.0**40
"""Largest standard deviation (LAN-11)."""


def encode_constriction_gaussians(
    symbols: Sequence[int], low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> list[int]:
    """Return the stream of integers that have a Gaussian of `constriction` each.

    Spec: LAN-11.

    Args:
        symbols: in ``[low, high]``.
        low: the smallest symbol; in ``[-2**31, high)``.
        high: the largest symbol; below ``2**31`` and ``low + 2**24``.
        means: one for each symbol; finite, in units of a symbol.
        stds: one for each symbol; positive, up to ``2**40``, likewise.

    Returns:
        Words of 32 bits.

    Raises:
        DistributionError: `low`, `high`, a mean or a standard deviation is out of its range.
        SymbolError: a symbol is out of ``[low, high]``.
        DataError: there are not as many of one as of the other.
    """
    low, high = integer(low, DistributionError), integer(high, DistributionError)
    return encode(_codecs(low, high, means, stds), symbols, 1, W)


def decode_constriction_gaussians(
    words: Sequence[int], low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> list[int]:
    """Undo `encode_constriction_gaussians`. Spec: LAN-11.

    Raises:
        DistributionError: `low`, `high`, a mean or a standard deviation is out of its range.
        DataError: there are not as many of one as of the other.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4).
    """
    low, high = integer(low, DistributionError), integer(high, DistributionError)
    return decode(words, _codecs(low, high, means, stds), 1, W)


def _codecs(
    low: int, high: int, means: Sequence[float], stds: Sequence[float]
) -> list[Codec[int]]:
    check_support(low, high)
    if len(means) != len(stds):
        raise DataError(f"{len(means)} means and {len(stds)} standard deviations")
    for mean, std in zip(means, stds, strict=True):
        check_gaussian(mean, std)
        if std > MOST_STD:
            raise DistributionError(f"standard deviation {std} is above 2**40")
    pairs = zip(map(float, means), map(float, stds), strict=True)
    return [_codec(low, high, mean, std) for mean, std in pairs]


def _codec(low: int, high: int, mean: float, std: float) -> Codec[int]:
    def cumulative(symbol: int) -> int:
        return constriction_gaussian_cumulative(symbol, low, high, mean, std)

    def interval(symbol: int) -> tuple[int, int, int]:
        start = cumulative(symbol)
        return start, cumulative(symbol + 1) - start, PREC

    def push(m: Message, symbol: int) -> Message:
        if not low <= symbol <= high:
            raise SymbolError(f"symbol {symbol} is outside [{low}, {high}]")
        return ans.push(m, *interval(symbol))

    def pop(m: Message) -> tuple[Message, int]:
        slot, symbols = ans.peek(m, PREC), range(low, high + 1)
        symbol = symbols[bisect_right(symbols, slot, key=cumulative) - 1]
        return ans.pop(m, *interval(symbol)), symbol

    return Codec(push, pop)
