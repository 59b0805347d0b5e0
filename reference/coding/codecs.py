"""Codecs: entropy models as pairs of push and pop, and the ways to build large ones.

Spec: COD-1 to COD-7, COD-9; COD-8 is what they add up to.
Source: J. Townsend, T. Bird, D. Barber, "Practical lossless compression with latent
variables using bits back coding", ICLR 2019, arXiv:1901.04866, appendix C.

A codec knows a distribution. Its push codes a symbol, its pop decodes one; either undoes
the other, so a codec whose pop is run on random bits draws a sample. A codec built
from smaller ones pushes in reverse order, because the last symbol pushed is the first one
popped: every pop runs forward.

``w`` is the width of a word of the message in bits, as in `reference.coding.ans`; lanes have
words of 16 bits too (LAN-1).
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Generic, SupportsIndex, TypeVar

from reference.coding import ans
from reference.coding.ans import Message
from reference.coding.integers import integer
from reference.coding.tables import logistic_cdf, normal_cdf
from reference.errors import IntervalError, SymbolError
from reference.params import CDF_FRACTION, INVERSE_SCALE_FRACTION, WORD_BITS

__all__ = [
    "Codec",
    "autoregressive",
    "bernoulli",
    "categorical",
    "gaussian",
    "gaussian_cumulative",
    "logistic",
    "product",
    "sequence",
    "table",
    "uniform",
]

S = TypeVar("S")

_integer = partial(integer, error=IntervalError)


@dataclass(frozen=True)
class Codec(Generic[S]):
    """A distribution over symbols of type ``S``, as a pair of functions (COD-1)."""

    push: Callable[[Message, S], Message]
    """Code a symbol; a `SymbolError` if it is outside the support."""
    pop: Callable[[Message], tuple[Message, S]]
    """Decode a symbol; returns the rest of the message, and the symbol."""


# Codecs of one symbol


def uniform(n: int, prec: int, *, w: int = WORD_BITS) -> Codec[int]:
    """Code symbols in ``[0, n)``, all but the last one with ``2**prec // n`` slots.

    Spec: COD-2.

    Raises:
        IntervalError: `prec` is not in ``[1, w]``, or `n` not in ``[1, 2**prec]``.
    """
    n, prec = _integer(n), _precision(prec, w)
    if not 1 <= n <= 1 << prec:
        raise IntervalError(f"{n} symbols do not share 2**{prec} slots")
    width = (1 << prec) // n
    return _from_cumulative(
        n,
        lambda i: i * width if i < n else 1 << prec,
        lambda s: min(s // width, n - 1),
        prec,
        w,
    )


def table(cumulative: Sequence[int], *, w: int = WORD_BITS) -> Codec[int]:
    """Code symbol ``i`` with the slots ``[cumulative[i], cumulative[i + 1])``.

    Spec: COD-3.

    Args:
        cumulative: ``n + 1`` integers, strictly increasing, from 0 to ``2**prec`` with `prec`
            in ``[1, 32]``.

    Raises:
        IntervalError: `cumulative` is not such a sequence.
    """
    c = tuple(map(_integer, cumulative))
    if len(c) < 2 or c[0] != 0 or any(a >= b for a, b in pairwise(c)):
        raise IntervalError(f"a table of {len(c)} integers does not rise strictly from 0")
    prec = c[-1].bit_length() - 1
    if c[-1] != 1 << prec:
        raise IntervalError(f"the table's last integer, {c[-1]}, is no power of two")
    _precision(prec, w)
    return _from_cumulative(
        len(c) - 1, c.__getitem__, lambda s: bisect_right(c, s) - 1, prec, w
    )


def categorical(freqs: Sequence[int], *, w: int = WORD_BITS) -> Codec[int]:
    """Code symbol ``i`` with ``freqs[i]`` slots. Spec: COD-3.

    Args:
        freqs: positive integers whose sum is ``2**prec`` with `prec` in ``[1, 32]``.

    Raises:
        IntervalError: `freqs` is not such a sequence.
    """
    return table((0, *accumulate(map(_integer, freqs))), w=w)


def bernoulli(freq: int, prec: int, *, w: int = WORD_BITS) -> Codec[int]:
    """Code 1 with the upper `freq` slots, and 0 with the others.

    Spec: COD-4.

    Raises:
        IntervalError: `prec` is not in ``[1, w]``, or `freq` not in ``[1, 2**prec)``.
    """
    freq, prec = _integer(freq), _precision(prec, w)
    if not 1 <= freq < 1 << prec:
        raise IntervalError(f"a 1 with {freq} of 2**{prec} slots")
    return table((0, (1 << prec) - freq, 1 << prec), w=w)


def gaussian_cumulative(
    i: int, edges: Sequence[int], mean: int, inverse_scale: int, prec: int
) -> int:
    """Return the slots that lie below bucket `i` of a quantised Gaussian.

    Spec: COD-5.

        t    =  ((edges[i - 1] - mean) * inverse_scale) >> 14
        c_i  =  ((normal_cdf(t) * (2**prec - K)) >> 32) + i,   c_0 = 0,   c_K = 2**prec

    Args:
        i: in ``[0, K]``, where ``K - 1`` is the number of edges.
        edges: between the buckets, rising; 16 fraction bits.
        mean: 16 fraction bits.
        inverse_scale: positive; 14 fraction bits.
        prec: in ``[1, 32]``, with ``K <= 2**prec``.

    Raises:
        IntervalError: an argument is no integer, `prec` is out of its range, or there is no
            such bucket.
    """
    i, mean, inverse_scale = map(_integer, (i, mean, inverse_scale))
    prec, buckets = _precision(prec, WORD_BITS), len(edges) + 1
    if not 0 <= i <= buckets:
        raise IntervalError(f"bucket {i} of {buckets}")
    return _slots_below(normal_cdf, i, edges, mean, inverse_scale, prec)


def gaussian(edges: Sequence[int], mean: int, inverse_scale: int, prec: int) -> Codec[int]:
    """Code the bucket that a Gaussian variable falls in. Spec: COD-5.

    Arguments as for `gaussian_cumulative`.

    Raises:
        IntervalError: an argument is no integer, an edge is below the one before, there are
            more buckets than slots, or the scale is not positive.
    """
    return _buckets(normal_cdf, edges, mean, inverse_scale, prec)


def logistic(edges: Sequence[int], mean: int, inverse_scale: int, prec: int) -> Codec[int]:
    """Code the bucket that a logistic variable falls in. Spec: COD-9.

    Arguments and errors as for `gaussian`.
    """
    return _buckets(logistic_cdf, edges, mean, inverse_scale, prec)


def _slots_below(
    cdf: Callable[[int], int],
    i: int,
    edges: Sequence[int],
    mean: int,
    inverse_scale: int,
    prec: int,
) -> int:
    """Return what the cumulative function of COD-5, with any CDF, is at `i`."""
    buckets = len(edges) + 1
    if i == 0:
        return 0
    if i == buckets:
        return 1 << prec
    t = (_integer(edges[i - 1]) - mean) * inverse_scale >> INVERSE_SCALE_FRACTION
    return (cdf(t) * ((1 << prec) - buckets) >> CDF_FRACTION) + i


def _buckets(
    cdf: Callable[[int], int], edges: Sequence[int], mean: int, inverse_scale: int, prec: int
) -> Codec[int]:
    """Return the codec of the buckets between edges (COD-5, COD-9)."""
    if not isinstance(edges, range):  # which has integers that rise, and may be long
        edges = tuple(map(_integer, edges))
        for before, edge in pairwise(edges):
            if edge < before:
                raise IntervalError(f"the edge {edge} comes after {before}")
    mean, inverse_scale = _integer(mean), _integer(inverse_scale)
    prec, buckets = _precision(prec, WORD_BITS), len(edges) + 1
    if buckets > 1 << prec or inverse_scale < 1:
        raise IntervalError(
            f"no distribution of inverse scale {inverse_scale} has {buckets} buckets "
            f"of 2**{prec} slots"
        )

    def cumulative(i: int) -> int:
        return _slots_below(cdf, i, edges, mean, inverse_scale, prec)

    def search(slot: int) -> int:
        return bisect_right(range(buckets), slot, key=cumulative) - 1

    return _from_cumulative(buckets, cumulative, search, prec, WORD_BITS)


# Codecs of many symbols


def sequence(codec: Codec[S], count: int) -> Codec[tuple[S, ...]]:
    """Code `count` symbols, all with the same codec. Spec: COD-6."""
    return product([codec] * count)


def product(codecs: Sequence[Codec[S]]) -> Codec[tuple[S, ...]]:
    """Code one symbol with each codec, independently. Spec: COD-6."""
    return autoregressive(lambda before: codecs[len(before)], len(codecs))


def autoregressive(
    conditional: Callable[[tuple[S, ...]], Codec[S]], count: int
) -> Codec[tuple[S, ...]]:
    """Code `count` symbols, each with the codec that those before it determine.

    Spec: COD-7. The encoder knows all symbols at once; the decoder learns each codec
    only after it has decoded what comes before.
    """

    def push(m: Message, symbols: tuple[S, ...]) -> Message:
        if len(symbols) != count:
            raise SymbolError(f"{len(symbols)} symbols where the codec has {count}")
        for i in reversed(range(count)):
            m = conditional(symbols[:i]).push(m, symbols[i])
        return m

    def pop(m: Message) -> tuple[Message, tuple[S, ...]]:
        symbols: tuple[S, ...] = ()
        for _ in range(count):
            m, symbol = conditional(symbols).pop(m)
            symbols = (*symbols, symbol)
        return m, symbols

    return Codec(push, pop)


def _from_cumulative(
    n: int, cumulative: Callable[[int], int], search: Callable[[int], int], prec: int, w: int
) -> Codec[int]:
    """Make a codec of a cumulative function of ``[0, n]`` and its search (COD-1)."""

    def interval(symbol: int) -> tuple[int, int]:
        start = cumulative(symbol)
        return start, cumulative(symbol + 1) - start

    def push(m: Message, symbol: int) -> Message:
        symbol = integer(symbol, SymbolError)
        if not 0 <= symbol < n:
            raise SymbolError(f"symbol {symbol} is outside [0, {n})")
        return ans.push(m, *interval(symbol), prec, w=w)

    def pop(m: Message) -> tuple[Message, int]:
        symbol = search(ans.peek(m, prec))
        return ans.pop(m, *interval(symbol), prec, w=w), symbol

    return Codec(push, pop)


def _precision(prec: SupportsIndex, w: int) -> int:
    """Return the bits of precision of a codec, in ``[1, w]`` (ANS-2)."""
    bits = _integer(prec)
    if not 1 <= bits <= w:
        raise IntervalError(f"2**{bits} slots, not 2**1 to 2**{w}")
    return bits
