"""Messages of this spec are streams of the library `constriction`, in both directions.

A message is the stream that has its words and then the two halves of its head; and a coder of
the library that starts from the words [0, 1] makes messages. All skip without the library.
"""

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.coding import ans, codecs
from reference.coding.ans import EMPTY, Message
from reference.coding.codecs import Codec
from reference.coding.fixed_point import (
    constriction_categorical,
    constriction_gaussian,
    constriction_gaussian_cumulative,
)
from reference.errors import DistributionError

PREC = 24
Model = Callable[[ModuleType], Any]
Case = tuple[Codec[int], Model, list[int]]
"""Our codec, their model, and symbols; the codec's symbols count from 0."""


@pytest.fixture(scope="module")
def peer() -> ModuleType:
    """The library; a fixture, so that the marks are collected where it is not installed."""
    return pytest.importorskip("constriction", reason="PyPI's constriction is not installed")


def stream(m: Message) -> np.ndarray:
    return np.array([*m.words, m.head & 0xFFFFFFFF, m.head >> 32], np.uint32)


def message(words: np.ndarray) -> Message:
    *rest, low, high = words.tolist()
    return Message(high << 32 | low, tuple(rest))


def push_all(codec: Codec[int], m: Message, symbols: Sequence[int]) -> Message:
    for symbol in reversed(symbols):
        m = codec.push(m, symbol)
    return m


def pop_all(codec: Codec[int], m: Message, count: int) -> tuple[Message, list[int]]:
    symbols = []
    for _ in range(count):
        m, symbol = codec.pop(m)
        symbols.append(symbol)
    return m, symbols


# Models


def symbols_below(n: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, n - 1), max_size=60)


@st.composite
def uniforms(draw: st.DrawFn) -> Case:
    n = draw(st.integers(2, 300) | st.integers(2, 2**PREC))
    return codecs.uniform(n, PREC), lambda c: c.stream.model.Uniform(n), draw(symbols_below(n))


@st.composite
def categoricals(draw: st.DrawFn) -> Case:
    """With zeros; a table that the library spoils, in binary32, gives way to binary64."""
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    positive = st.floats(2.0**-20, 1.0, width=32)
    p = draw(st.lists(st.just(0.0) | positive, min_size=1, max_size=30))
    p.insert(draw(st.integers(0, len(p))), draw(positive))
    try:
        table = constriction_categorical(p, dtype=dtype)
    except DistributionError:
        dtype = np.float64
        table = constriction_categorical(p, dtype=dtype)
    array = np.array(p, dtype)
    return (
        codecs.table(table),
        lambda c: c.stream.model.Categorical(array, perfect=False),
        draw(symbols_below(len(p))),
    )


@st.composite
def gaussians(draw: st.DrawFn) -> Case:
    low, size = draw(st.integers(-300, 300)), draw(st.integers(2, 100))
    high = low + size - 1
    mean = draw(st.floats(low - 50.0, high + 50.0))
    std = draw(st.floats(2.0**-10, 100.0))
    table = codecs.table(constriction_gaussian(low, high, mean, std))

    def pop(m: Message) -> tuple[Message, int]:
        m, i = table.pop(m)
        return m, i + low

    codec = Codec(lambda m, symbol: table.push(m, symbol - low), pop)
    symbols = [low + i for i in draw(symbols_below(size))]
    return codec, lambda c: c.stream.model.QuantizedGaussian(low, high, mean, std), symbols


cases = st.one_of(uniforms(), categoricals(), gaussians())


# Laws


@pytest.mark.spec("FIX-5", "FIX-8", "ANS-7")
@given(cases)
@settings(max_examples=300)
def test_both_encode_alike_and_decode_the_other(peer: ModuleType, case: Case) -> None:
    codec, model, symbols = case
    ours = push_all(codec, EMPTY, symbols)
    theirs = peer.stream.stack.AnsCoder(np.array([0, 1], np.uint32))
    theirs.encode_reverse(np.array(symbols, np.int32), model(peer))
    assert theirs.get_compressed().tolist() == stream(ours).tolist()

    decoder = peer.stream.stack.AnsCoder(stream(ours))
    assert decoder.decode(model(peer), len(symbols)).tolist() == symbols
    assert decoder.get_compressed().tolist() == [0, 1]
    made_there = message(theirs.get_compressed())
    assert pop_all(codec, made_there, len(symbols)) == (EMPTY, symbols)


@pytest.mark.spec("FIX-5", "FIX-8", "ANS-7")
@given(case=cases, head=st.integers(2**32, 2**64 - 1), seed=st.integers(0, 2**32 - 1))
def test_both_decode_random_bits_alike(
    peer: ModuleType, case: Case, head: int, seed: int
) -> None:
    """Bits-back decodes what nobody encoded: all slots are met, likely symbols or not."""
    words = np.random.default_rng(seed).integers(0, 2**32, 100, dtype=np.uint64).tolist()
    start, (codec, model, _) = Message(head, tuple(words)), case
    rest, symbols = pop_all(codec, start, 50)
    decoder = peer.stream.stack.AnsCoder(stream(start))
    assert decoder.decode(model(peer), 50).tolist() == symbols
    assert decoder.get_compressed().tolist() == stream(rest).tolist()
    assert push_all(codec, rest, symbols) == start


# Bulk


def push_gaussians(symbols: np.ndarray, means: np.ndarray, stds: np.ndarray) -> Message:
    """Push each symbol of -128 to 127 under a Gaussian of its own."""
    m = EMPTY
    rows = zip(symbols.tolist(), means.tolist(), stds.tolist(), strict=True)
    for symbol, mean, std in reversed(list(rows)):
        start = constriction_gaussian_cumulative(symbol, -128, 127, mean, std)
        end = constriction_gaussian_cumulative(symbol + 1, -128, 127, mean, std)
        m = ans.push(m, start, end - start, PREC)
    return m


@pytest.mark.spec("FIX-8", "ANS-7")
def test_bulk_gaussian_with_a_model_a_symbol(peer: ModuleType) -> None:
    """50 messages of 200 symbols, each symbol with a mean and a scale of its own."""
    rng = np.random.default_rng(2024)
    family = peer.stream.model.QuantizedGaussian(-128, 127)
    for _ in range(50):
        means, stds = rng.uniform(-30, 30, 200), np.exp(rng.uniform(-2, 3, 200))
        drawn = np.rint(rng.normal(means, stds * rng.choice([1, 1, 4], 200)))
        symbols = np.clip(drawn, -128, 127).astype(np.int32)
        m = push_gaussians(symbols, means, stds)
        coder = peer.stream.stack.AnsCoder(np.array([0, 1], np.uint32))
        coder.encode_reverse(symbols, family, means, stds)
        assert coder.get_compressed().tolist() == stream(m).tolist()
        decoder = peer.stream.stack.AnsCoder(stream(m))
        assert decoder.decode(family, means, stds).tolist() == symbols.tolist()


def jump(symbol: int, mean: float, std: float) -> tuple[float, float]:
    """Two neighbouring means near `mean` between which an entry of the table changes."""
    a, b = mean, mean + std
    entry = constriction_gaussian_cumulative(symbol, -128, 127, a, std)
    while math.nextafter(a, b) < b:
        middle = a + (b - a) / 2
        if constriction_gaussian_cumulative(symbol, -128, 127, middle, std) == entry:
            a = middle
        else:
            b = middle
    return a, b


@pytest.mark.spec("FIX-6", "FIX-7", "FIX-8", "ANS-7")
def test_the_last_bit_of_erf_is_that_of_the_library(peer: ModuleType) -> None:
    """At means where the last bit decides an entry; scipy's erf fails at 1 in 100 of them."""
    rng, symbols, means, stds = np.random.default_rng(2026), [], [], []
    for _ in range(8000):
        symbol, std = int(rng.integers(-100, 100)), float(np.exp(rng.uniform(-1, 3)))
        for mean in jump(symbol, symbol + std * float(rng.uniform(-4, 3)), std):
            symbols += [symbol - 1, symbol]
            means += [mean, mean]
            stds += [std, std]
    arrays = np.array(symbols, np.int32), np.array(means), np.array(stds)
    coder = peer.stream.stack.AnsCoder(np.array([0, 1], np.uint32))
    family = peer.stream.model.QuantizedGaussian(-128, 127)
    coder.encode_reverse(arrays[0], family, *arrays[1:])
    assert coder.get_compressed().tolist() == stream(push_gaussians(*arrays)).tolist()


@pytest.mark.spec("FIX-5", "ANS-7")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bulk_categorical(peer: ModuleType, dtype: Any) -> None:
    """50 messages of 200 symbols over up to 256 outcomes, some of them of tiny probability."""
    rng, narrow = np.random.default_rng(2025), 0
    for _ in range(50):
        n = int(rng.integers(2, 257))
        p = rng.dirichlet(np.full(n, rng.choice([0.05, 1.0]))).astype(dtype)
        p[-1] = max(p[-1], dtype(1e-3))  # a tail that binary32 does not spoil
        symbols = rng.integers(0, n, 200, dtype=np.int32)
        codec = codecs.table(constriction_categorical(p, dtype=dtype))
        m = push_all(codec, EMPTY, symbols.tolist())
        coder = peer.stream.stack.AnsCoder(np.array([0, 1], np.uint32))
        coder.encode_reverse(symbols, peer.stream.model.Categorical(p, perfect=False))
        assert coder.get_compressed().tolist() == stream(m).tolist()
        assert pop_all(codec, message(coder.get_compressed()), 200) == (
            EMPTY,
            symbols.tolist(),
        )
        narrow += n
    assert narrow > 50 * 64


@pytest.mark.spec("FIX-5")
def test_what_is_refused_is_what_the_library_cannot_encode(peer: ModuleType) -> None:
    """A symbol without a slot: the library makes the model and fails on the symbol."""
    p = np.array([0.08819184, 0.05179813, 0.0], np.float32)
    with pytest.raises(DistributionError):
        constriction_categorical(p, dtype=np.float32)
    coder = peer.stream.stack.AnsCoder()
    with pytest.raises(KeyError):
        coder.encode_reverse(
            np.array([2], np.int32), peer.stream.model.Categorical(p, perfect=False)
        )
