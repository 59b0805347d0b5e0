"""Streams of integers that have a Gaussian or a logistic distribution each.

Spec: LAN-10.

Means and inverse scales are integers (FIX-10), so a stream is the same on every machine.
"""

from collections.abc import Callable, Sequence

from reference.coding.codecs import Codec, gaussian, logistic
from reference.coding.integers import integer, integers
from reference.coding.lanes.message import decode, encode
from reference.errors import DataError, IntervalError, SymbolError
from reference.params import ARGUMENT_FRACTION, GAUSSIAN_PREC

__all__ = ["decode_gaussians", "decode_logistics", "encode_gaussians", "encode_logistics"]

W = 32
"""Width of a word of these lanes in bits (LAN-10)."""
MOST_SYMBOL = 1 << 20
"""Largest magnitude of a symbol (LAN-10)."""
MOST_MEAN = 1 << 37
"""Largest magnitude of a mean; 16 fraction bits (LAN-10)."""
MOST_INVERSE_SCALE = 1 << 24
"""Largest inverse scale; 14 fraction bits (LAN-10)."""

MakeCodec = Callable[[Sequence[int], int, int, int], Codec[int]]


def encode_gaussians(
    symbols: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Return the stream of integers that have a Gaussian each. Spec: LAN-10.

    Args:
        symbols: in ``[low, high]``.
        low: at least ``-2**20``, and below `high`.
        high: at most ``2**20``.
        means: one for each symbol, 16 fraction bits; up to ``2**37`` in magnitude.
        inverse_scales: one for each symbol, 14 fraction bits; in ``[1, 2**24]``.
        lanes: the number of lanes, or None for LAN-5.

    Returns:
        Words of 32 bits.

    Raises:
        IntervalError: `low`, `high`, a mean or an inverse scale is out of its range.
        SymbolError: a symbol is out of ``[low, high]``.
        DataError: there are not as many of one as of the other, or there is no lane.
    """
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    codecs = _codecs(gaussian, low, high, means, inverse_scales)
    return _encode(codecs, symbols, low, high, lanes)


def decode_gaussians(
    words: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Undo `encode_gaussians`. Spec: LAN-10.

    Raises:
        IntervalError: `low`, `high`, a mean or an inverse scale is out of its range.
        DataError: there are not as many of one as of the other, or there is no lane.
        MessageExhausted: a pop needs a word where there is none (LAN-4).
        FormatError: the words are no stream of so many symbols (LAN-4).
    """
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    codecs = _codecs(gaussian, low, high, means, inverse_scales)
    return [low + i for i in decode(words, codecs, lanes, W)]


def encode_logistics(
    symbols: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Return the stream of integers that have a logistic distribution each. Spec: LAN-10.

    Arguments, result and errors as for `encode_gaussians`.
    """
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    codecs = _codecs(logistic, low, high, means, inverse_scales)
    return _encode(codecs, symbols, low, high, lanes)


def decode_logistics(
    words: Sequence[int],
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
    *,
    lanes: int | None = None,
) -> list[int]:
    """Undo `encode_logistics`. Spec: LAN-10.

    Errors as for `decode_gaussians`.
    """
    low, high = integer(low, IntervalError), integer(high, IntervalError)
    codecs = _codecs(logistic, low, high, means, inverse_scales)
    return [low + i for i in decode(words, codecs, lanes, W)]


def _encode(
    codecs: Sequence[Codec[int]],
    symbols: Sequence[int],
    low: int,
    high: int,
    lanes: int | None,
) -> list[int]:
    numbers = integers(symbols)
    for symbol in numbers:
        if not low <= symbol <= high:
            raise SymbolError(f"symbol {symbol} is outside [{low}, {high}]")
    return encode(codecs, [symbol - low for symbol in numbers], lanes, W)


def _codecs(
    codec: MakeCodec,
    low: int,
    high: int,
    means: Sequence[int],
    inverse_scales: Sequence[int],
) -> list[Codec[int]]:
    if not -MOST_SYMBOL <= low < high <= MOST_SYMBOL:
        raise IntervalError(f"no symbols from {low} to {high}")
    if len(means) != len(inverse_scales):
        raise DataError(f"{len(means)} means and {len(inverse_scales)} inverse scales")
    half = 1 << ARGUMENT_FRACTION - 1
    edges = range((2 * low + 1) * half, 2 * high * half, 2 * half)
    codecs = []
    for mean, inverse_scale in zip(integers(means), integers(inverse_scales), strict=True):
        if abs(mean) > MOST_MEAN or not 1 <= inverse_scale <= MOST_INVERSE_SCALE:
            raise IntervalError(f"mean {mean}, inverse scale {inverse_scale}: out of range")
        codecs.append(codec(edges, mean, inverse_scale, GAUSSIAN_PREC))
    return codecs
