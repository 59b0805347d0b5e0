"""Hypothesis strategies: one a type of SPEC.md, every valid value and no other."""

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from reference.coding.ans import Message
from reference.coding.tabled_ans import precise_spread, sorted_spread, stride_spread
from reference.compression.integer_network import IntegerLayer, IntegerNetwork
from reference.compression.latent_codec import LatentModel
from reference.inference.expectation_maximization import GaussianMixture, PoissonFactors
from reference.information.entropy.distribution import Floats
from reference.params import WORD_BITS

precisions = st.integers(1, WORD_BITS)
"""Bits of precision (ANS-2)."""

masses = st.one_of(
    st.sampled_from([0.0, 5e-324, 1e-310, 1e-40, 2.0**-60, 1.0]), st.floats(0.0, 1.0)
)
"""What a distribution (ENT-1) is made of, before its sum is 1: often 0 or subnormal."""


def messages(least_words: int = 0, w: int = WORD_BITS) -> st.SearchStrategy[Message]:
    """Messages (ANS-1), shrinking to the empty one."""
    words = st.lists(st.integers(0, 2**w - 1), min_size=least_words).map(tuple)
    return st.builds(Message, st.integers(2**w, 2 ** (2 * w) - 1), words)


@st.composite
def intervals(draw: st.DrawFn, prec: int) -> tuple[int, int]:
    """Pairs ``(start, freq)`` (ANS-2), shrinking to ``(0, 1)``."""
    start = draw(st.integers(0, 2**prec - 1))
    return start, draw(st.integers(1, 2**prec - start))


@st.composite
def interval_sequences(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A precision and some intervals of it (ANS-2)."""
    prec = draw(precisions)
    return prec, draw(st.lists(intervals(prec), max_size=50))


@st.composite
def frequencies(draw: st.DrawFn, most_symbols: int = 20) -> list[int]:
    """Positive integers whose sum is a power of two (COD-3)."""
    prec = draw(st.integers(5, 24))
    cuts = st.lists(st.integers(1, 2**prec - 1), max_size=most_symbols - 1, unique=True).map(
        sorted
    )
    edges = [0, *draw(cuts), 2**prec]
    return [b - a for a, b in pairwise(edges)]


@st.composite
def pmfs(draw: st.DrawFn, most: int = 12, size: int | None = None) -> Floats:
    """Distributions (ENT-1) with zeros and subnormal numbers, shrinking to certainty."""
    k = draw(st.integers(1, most)) if size is None else size
    drawn = min(k, 40)  # the rest repeats them
    p = np.resize(draw(st.lists(masses, min_size=drawn, max_size=drawn)), k)
    p[draw(st.integers(0, k - 1))] += draw(st.floats(0.01, 1.0))
    return p / p.sum()


@st.composite
def joint_pmfs(draw: st.DrawFn, variables: int = 2, most: int = 5) -> Floats:
    """Joint distributions (ENT-10)."""
    shape = draw(st.tuples(*[st.integers(1, most)] * variables))
    return draw(pmfs(size=math.prod(shape))).reshape(shape)


@st.composite
def dyadic_pmfs(draw: st.DrawFn) -> Floats:
    """Distributions of powers of two: a leaf of a tree, cut in two again and again."""
    depths = [0]
    for _ in range(draw(st.integers(0, 20))):
        i = draw(st.integers(0, len(depths) - 1))
        if depths[i] < 20:
            depths[i : i + 1] = [depths[i] + 1] * 2
    return np.ldexp(1.0, -np.array(depths))


@st.composite
def networks(
    draw: st.DrawFn, sizes: tuple[int, ...], input_limit: int, fractions: tuple[int, int]
) -> IntegerNetwork:
    """Valid integer networks (INN-3) of given sizes, for binary32 or for binary64."""
    most = draw(st.sampled_from([3, 500, 2**20]))
    layers = []
    for i, (rows, columns) in enumerate(pairwise(sizes)):
        weights = hnp.arrays(np.int64, (rows, columns), elements=st.integers(-most, most))
        bias = hnp.arrays(np.int64, columns, elements=st.integers(-(2**20), 2**20))
        maximum = 0 if i == len(sizes) - 2 else draw(st.integers(1, 2000))
        layers.append(
            IntegerLayer(draw(weights), draw(bias), draw(st.integers(1, 12)), maximum)
        )
    return IntegerNetwork(tuple(layers), input_limit, *fractions)


@st.composite
def any_networks(draw: st.DrawFn) -> IntegerNetwork:
    """Valid integer networks (INN-3) of one to three layers."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple))
    limit = draw(st.integers(1, 1000))
    return draw(networks(sizes, limit, (draw(st.integers(0, 8)), draw(st.integers(0, 16)))))


@st.composite
def latent_models(draw: st.DrawFn) -> LatentModel:
    """Valid models (LAT-8) of a few pixels and latents."""
    pixels, latents, hidden = (draw(st.integers(1, 6)) for _ in range(3))
    bits, fraction = draw(st.integers(1, 8)), draw(st.integers(0, 16))
    limit = 8 << fraction  # no centre is beyond 8
    encoder = networks((pixels, hidden, 2 * latents), 1, (0, draw(st.integers(8, 16))))
    decoder = networks((latents, hidden, pixels), limit, (fraction, 8))
    return LatentModel(draw(encoder), draw(decoder), bits)


def images(model: LatentModel, most: int = 12) -> st.SearchStrategy[NDArray[np.uint8]]:
    """Images that a model codes (LSL-2), shape ``(N, D)``."""
    shapes = st.tuples(st.integers(1, most), st.just(model.pixels))
    return hnp.arrays(np.uint8, shapes, elements=st.integers(0, 1))


@st.composite
def tabled_frequencies(draw: st.DrawFn, most_prec: int = 8, least_prec: int = 1) -> list[int]:
    """Frequencies that have a spread (TAN-1), shrinking to one symbol with both slots."""
    size = 1 << draw(st.integers(least_prec, most_prec))
    cuts = draw(st.lists(st.integers(1, size - 1), max_size=12, unique=True).map(sorted))
    return [b - a for a, b in pairwise([0, *cuts, size])]


@st.composite
def spreads(draw: st.DrawFn, most_prec: int = 8, least_prec: int = 1) -> tuple[int, ...]:
    """Spreads (TAN-1): those with a name, and any others."""
    freqs = draw(tabled_frequencies(most_prec, least_prec))
    named = draw(st.sampled_from([sorted_spread, stride_spread, precise_spread, None]))
    return named(freqs) if named else tuple(draw(st.permutations(sorted_spread(freqs))))


@st.composite
def mixture_problems(
    draw: st.DrawFn,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Data, means, variances and the prior's deviation (MFV-3): few points, often equal."""
    n, k, d = (draw(st.integers(1, most)) for most in (9, 5, 3))
    scale = draw(st.sampled_from([0.1, 1.0, 30.0]))
    numbers = st.one_of(st.integers(-2, 2).map(float), st.floats(-3, 3))
    x, means = (
        scale * draw(hnp.arrays(np.float64, (rows, d), elements=numbers)) for rows in (n, k)
    )
    variances = draw(hnp.arrays(np.float64, k, elements=st.floats(1e-3, 50)))
    return x, means, variances, draw(st.floats(0.05, 50))


@st.composite
def em_problems(draw: st.DrawFn) -> tuple[NDArray[np.float64], GaussianMixture]:
    """Data, and a mixture (VEM-4): few points, often equal, and weights that may be 0."""
    n, k, d = (draw(st.integers(1, most)) for most in (9, 5, 3))
    scale = draw(st.sampled_from([0.1, 1.0, 30.0]))
    numbers = st.one_of(st.integers(-2, 2).map(float), st.floats(-3, 3))
    x, means = (
        scale * draw(hnp.arrays(np.float64, (rows, d), elements=numbers)) for rows in (n, k)
    )
    columns = draw(st.sampled_from([1, d]))
    variances = draw(hnp.arrays(np.float64, (k, columns), elements=st.floats(1e-3, 50)))
    weights = draw(hnp.arrays(np.float64, k, elements=st.sampled_from([0.0, 1e-3, 1.0])))
    weights[draw(st.integers(0, k - 1))] = 1.0
    return x, GaussianMixture(weights / weights.sum(), means, variances)


@st.composite
def poisson_problems(
    draw: st.DrawFn, latents: int | None = None
) -> tuple[NDArray[np.float64], PoissonFactors]:
    """Counts, and a model of them (VEM-8) that is not far from possible."""
    n, d = (draw(st.integers(1, most)) for most in (5, 4))
    columns = latents or draw(st.integers(1, 3))
    number = st.floats(-1.5, 1.5)
    weights = draw(hnp.arrays(np.float64, (d, columns), elements=number))
    bias = draw(hnp.arrays(np.float64, d, elements=number))
    counts = st.integers(0, 3) | st.integers(0, 60)
    x = draw(hnp.arrays(np.int64, (n, d), elements=counts))
    return x.astype(np.float64), PoissonFactors(weights, bias)


class BucketCase(NamedTuple):
    """Symbols, and the arguments of LAN-10 or LAN-11 that say how they are distributed."""

    symbols: list[int]
    models: tuple[int, int, list[Any], list[Any]]
    """From which symbol to which, means, and inverse scales or standard deviations."""


@st.composite
def bucket_cases(
    draw: st.DrawFn, most_buckets: int = 2**21 + 1, most_symbols: int = 80
) -> BucketCase:
    """Arrays for Gaussians or logistics (LAN-10), of every size and at the ends of ranges."""
    low = draw(st.integers(-300, 300) | st.integers(-(2**20), 2**20 - 1))
    most = min(2**20, low + most_buckets - 1)
    high = draw(st.integers(low + 1, min(most, low + 600)) | st.integers(low + 1, most))
    near = st.integers((low - 9) << 16, (high + 9) << 16)
    mean = near | st.sampled_from([-(2**37), 2**37])
    inverse_scale = st.integers(1, 2**24) | st.sampled_from([1, 900, 1 << 14, 2**24])
    symbol = st.integers(low, high) | st.sampled_from([low, high])
    rows = draw(st.lists(st.tuples(symbol, mean, inverse_scale), max_size=most_symbols))
    symbols, means, inverse_scales = ([row[i] for row in rows] for i in range(3))
    return BucketCase(symbols, (low, high, means, inverse_scales))


@st.composite
def constriction_cases(draw: st.DrawFn, most_symbols: int = 80) -> BucketCase:
    """Arrays for the Gaussians of `constriction` (LAN-11)."""
    low, size = draw(st.integers(-300, 300)), draw(st.integers(2, 300))
    high = low + size - 1
    mean = st.floats(low - 50.0, high + 50.0)
    std = st.floats(2.0**-10, 100.0) | st.floats(5e-324, 2.0**40)
    rows = draw(st.lists(st.tuples(st.integers(low, high), mean, std), max_size=most_symbols))
    symbols, means, stds = ([row[i] for row in rows] for i in range(3))
    return BucketCase(symbols, (low, high, means, stds))


@st.composite
def words_near(draw: st.DrawFn, words: list[int], w: int = 32) -> list[int]:
    """Any words: often a stream with one of its words changed, or less or more of them."""
    word = st.integers(0, 2**w - 1) | st.sampled_from([-1, 0, 1, 2**w - 1, 2**w, 2**64])
    kind = draw(st.sampled_from(["cut", "change", "add", "random"]))
    at = draw(st.integers(0, len(words) - 1))
    if kind == "cut":
        return words[at + 1 :]
    if kind == "change":
        return [*words[:at], draw(word), *words[at + 1 :]]
    if kind == "add":
        return [*words[:at], draw(word), *words[at:]]
    return draw(st.lists(st.integers(0, 2**w - 1), max_size=40))


@st.composite
def tied_counts(draw: st.DrawFn, most: int = 9) -> tuple[list[int], int]:
    """Counts, and a precision, half a slot above what each symbol gets at least (FIX-9)."""
    least = draw(st.lists(st.integers(1, most), min_size=1, max_size=11))
    least += [1] * (1 - len(least) % 2)
    prec = (sum(least) + len(least) // 2 + 1).bit_length()
    least.append(2**prec - sum(least) - (len(least) + 1) // 2)
    factor = draw(st.sampled_from([1, 2, 3, 2 ** (46 - prec) - 1]))
    return draw(st.permutations([factor * (2 * k + 1) for k in least])), prec


@st.composite
def byte_strings(draw: st.DrawFn) -> bytes:
    """Bytes that are all alike, few, many or any, so that blocks are coded and copied."""
    alphabet = draw(st.sampled_from([1, 2, 5, 40, 256]))
    shift = draw(st.integers(0, 255))
    places = draw(st.binary(max_size=300)) * draw(st.sampled_from([1, 1, 3]))
    return bytes((place % alphabet + shift) % 256 for place in places)
