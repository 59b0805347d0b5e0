"""LAN-9 to LAN-11: the streams of uniforms, Gaussians and logistics."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.coding import codecs
from reference.coding.ans import EMPTY, Message
from reference.coding.fixed_point import (
    constriction_gaussian,
    decode_constriction_gaussians,
    encode_constriction_gaussians,
)
from reference.coding.lanes import (
    decode_gaussians,
    decode_logistics,
    decode_uniforms,
    encode_gaussians,
    encode_logistics,
    encode_uniforms,
)
from reference.errors import (
    DataError,
    DistributionError,
    FormatError,
    IntervalError,
    MessageExhausted,
    SymbolError,
)
from tests.strategies import BucketCase, bucket_cases, constriction_cases, words_near

PAIRS = [
    (encode_gaussians, decode_gaussians, codecs.gaussian),
    (encode_logistics, decode_logistics, codecs.logistic),
]
both = pytest.mark.parametrize(
    ("encode", "decode", "codec"), PAIRS, ids=["gaussian", "logistic"]
)
lanes_numbers = st.integers(1, 9)


def stream(m: Message) -> list[int]:
    return [*m.words, m.head % 2**32, m.head >> 32]


@pytest.mark.spec("LAN-10", "LAN-2")
@both
@given(case=bucket_cases(), lanes=lanes_numbers)
def test_buckets_round_trip(
    encode: Callable[..., list[int]],
    decode: Callable[..., list[int]],
    codec: Any,
    case: BucketCase,
    lanes: int,
) -> None:
    words = encode(case.symbols, *case.models, lanes=lanes)
    assert decode(words, *case.models, lanes=lanes) == case.symbols


@pytest.mark.spec("LAN-10", "LAN-2")
@both
@given(case=bucket_cases(most_buckets=50))
def test_one_lane_of_buckets_is_a_message(
    encode: Callable[..., list[int]],
    decode: Callable[..., list[int]],
    codec: Any,
    case: BucketCase,
) -> None:
    """That of COD-5 or COD-9, with an edge half-way between two symbols."""
    low, high, means, inverse_scales = case.models
    edges = [(2 * k - 1) << 15 for k in range(low + 1, high + 1)]
    each = zip(means, inverse_scales, strict=True)
    product = codecs.product([codec(edges, *pair, 24) for pair in each])
    m = product.push(EMPTY, tuple(symbol - low for symbol in case.symbols))
    assert encode(case.symbols, *case.models, lanes=1) == stream(m)


@pytest.mark.spec("LAN-4", "LAN-10")
@both
@given(case=bucket_cases(), lanes=lanes_numbers, data=st.data())
def test_any_words_and_buckets(
    encode: Callable[..., list[int]],
    decode: Callable[..., list[int]],
    codec: Any,
    case: BucketCase,
    lanes: int,
    data: st.DataObject,
) -> None:
    words = data.draw(words_near(encode(case.symbols, *case.models, lanes=lanes)))
    try:
        symbols = decode(words, *case.models, lanes=lanes)
    except (FormatError, MessageExhausted):
        return
    assert encode(symbols, *case.models, lanes=lanes) == words


ONE = 1 << 14
BAD_BUCKETS = [
    ((0, 0, [], []), IntervalError),
    ((1, 0, [], []), IntervalError),
    ((-(2**20) - 1, 0, [], []), IntervalError),
    ((0, 2**20 + 1, [], []), IntervalError),
    ((0, 1, [2**37 + 1], [ONE]), IntervalError),
    ((0, 1, [-(2**37) - 1], [ONE]), IntervalError),
    ((0, 1, [0], [0]), IntervalError),
    ((0, 1, [0], [-ONE]), IntervalError),
    ((0, 1, [0], [2**24 + 1]), IntervalError),
    ((0, 1, [0, 0], [ONE]), DataError),
    ((0, 1, [0], [ONE, ONE]), DataError),
]


@pytest.mark.spec("LAN-10")
@both
@pytest.mark.parametrize(("models", "error"), BAD_BUCKETS)
def test_buckets_reject(encode: Any, decode: Any, codec: Any, models: Any, error: Any) -> None:
    with pytest.raises(error):
        encode([0] * len(models[2]), *models)
    with pytest.raises(error):
        decode([0, 1], *models)


@pytest.mark.spec("LAN-10")
@both
def test_buckets_reject_symbols(encode: Any, decode: Any, codec: Any) -> None:
    for symbol in (-4, 6, 2**40):
        with pytest.raises(SymbolError, match=f"symbol {symbol}"):
            encode([0, symbol], -3, 5, [0, 0], [ONE, ONE])
    with pytest.raises(DataError):
        encode([0], -3, 5, [0, 0], [ONE, ONE])
    with pytest.raises(DataError):
        encode([0], -3, 5, [0], [ONE], lanes=0)


# Uniforms


@st.composite
def uniform_cases(draw: st.DrawFn) -> tuple[list[int], int, int]:
    prec = draw(st.integers(1, 32))
    n = draw(st.integers(1, 2**prec) | st.just(2**prec))
    return draw(st.lists(st.integers(0, n - 1), max_size=40)), n, prec


@pytest.mark.spec("LAN-9", "LAN-2")
@given(case=uniform_cases(), lanes=lanes_numbers)
def test_uniforms(case: tuple[list[int], int, int], lanes: int) -> None:
    """They come back, and one lane is the message of COD-2."""
    symbols, n, prec = case
    words = encode_uniforms(symbols, n, prec, lanes=lanes)
    assert decode_uniforms(words, n, prec, len(symbols), lanes=lanes) == symbols
    m = codecs.sequence(codecs.uniform(n, prec), len(symbols)).push(EMPTY, tuple(symbols))
    assert encode_uniforms(symbols, n, prec, lanes=1) == stream(m)


@pytest.mark.spec("LAN-4", "LAN-9")
@given(case=uniform_cases(), lanes=lanes_numbers, data=st.data())
def test_any_words_and_uniforms(
    case: tuple[list[int], int, int], lanes: int, data: st.DataObject
) -> None:
    symbols, n, prec = case
    words = data.draw(words_near(encode_uniforms(symbols, n, prec, lanes=lanes)))
    try:
        popped = decode_uniforms(words, n, prec, len(symbols), lanes=lanes)
    except (FormatError, MessageExhausted):
        return
    assert encode_uniforms(popped, n, prec, lanes=lanes) == words


@pytest.mark.spec("LAN-9")
@pytest.mark.parametrize(("n", "prec"), [(0, 4), (-1, 4), (17, 4), (1, 0), (1, 33), (1, -1)])
def test_uniforms_reject(n: int, prec: int) -> None:
    with pytest.raises(IntervalError):
        encode_uniforms([], n, prec)
    with pytest.raises(IntervalError):
        decode_uniforms([0, 1], n, prec, 0)


@pytest.mark.spec("LAN-9")
def test_uniforms_reject_symbols_and_sizes() -> None:
    for symbol in (-1, 5):
        with pytest.raises(SymbolError, match=f"symbol {symbol}"):
            encode_uniforms([0, symbol], 5, 4)
    with pytest.raises(DataError):
        encode_uniforms([0], 5, 4, lanes=0)
    with pytest.raises(DataError):
        decode_uniforms([0, 1], 5, 4, -1)


# Gaussians of constriction


@pytest.mark.spec("LAN-11", "LAN-2")
@given(case=constriction_cases(most_symbols=20))
def test_constriction_gaussians_are_those_of_their_tables(case: BucketCase) -> None:
    """One table a symbol (FIX-8), whole: no search here."""
    low, high, means, stds = case.models
    tables = [
        codecs.table(constriction_gaussian(low, high, *pair))
        for pair in zip(means, stds, strict=True)
    ]
    m = codecs.product(tables).push(EMPTY, tuple(symbol - low for symbol in case.symbols))
    assert encode_constriction_gaussians(case.symbols, *case.models) == stream(m)
    assert decode_constriction_gaussians(stream(m), *case.models) == case.symbols


@pytest.mark.spec("LAN-4", "LAN-11")
@given(case=constriction_cases(), data=st.data())
def test_any_words_and_constriction_gaussians(case: BucketCase, data: st.DataObject) -> None:
    words = encode_constriction_gaussians(case.symbols, *case.models)
    words = data.draw(words_near(words))
    try:
        symbols = decode_constriction_gaussians(words, *case.models)
    except (FormatError, MessageExhausted):
        return
    assert encode_constriction_gaussians(symbols, *case.models) == words


BAD_GAUSSIANS = [
    ((0, 0, [], []), DistributionError),
    ((-(2**31) - 1, 0, [], []), DistributionError),
    ((2**31 - 2, 2**31, [], []), DistributionError),
    ((0, 2**24, [], []), DistributionError),
    ((0, 1, [float("nan")], [1.0]), DistributionError),
    ((0, 1, [float("inf")], [1.0]), DistributionError),
    ((0, 1, [0.0], [0.0]), DistributionError),
    ((0, 1, [0.0], [-1.0]), DistributionError),
    ((0, 1, [0.0], [float("nan")]), DistributionError),
    ((0, 1, [0.0], [float("inf")]), DistributionError),
    ((0, 1, [0.0], [2.0**40 * 1.001]), DistributionError),
    ((0, 1, [0.0, 0.0], [1.0]), DataError),
]


@pytest.mark.spec("LAN-11")
@pytest.mark.parametrize(("models", "error"), BAD_GAUSSIANS)
def test_constriction_gaussians_reject(models: Any, error: Any) -> None:
    with pytest.raises(error):
        encode_constriction_gaussians([0] * len(models[2]), *models)
    with pytest.raises(error):
        decode_constriction_gaussians([0, 1], *models)


@pytest.mark.spec("LAN-11")
def test_constriction_gaussians_reject_symbols() -> None:
    for symbol in (-4, 6, 2**40):
        with pytest.raises(SymbolError, match=f"symbol {symbol}"):
            encode_constriction_gaussians([0, symbol], -3, 5, [0.0, 0.0], [1.0, 1.0])
    with pytest.raises(DataError):
        encode_constriction_gaussians([0], -3, 5, [0.0, 0.0], [1.0, 1.0])


@pytest.mark.spec("LAN-11", "ANS-7")
@given(case=constriction_cases())
@settings(max_examples=200)
def test_constriction_makes_and_reads_the_same_streams(case: BucketCase) -> None:
    peer: ModuleType = pytest.importorskip("constriction")
    low, high, *columns = case.models
    family = peer.stream.model.QuantizedGaussian(low, high)
    arrays = [np.array(column, np.float64) for column in columns]
    coder = peer.stream.stack.AnsCoder(np.array([0, 1], np.uint32))
    coder.encode_reverse(np.array(case.symbols, np.int32), family, *arrays)
    words = encode_constriction_gaussians(case.symbols, *case.models)
    assert coder.get_compressed().tolist() == words
    decoder = peer.stream.stack.AnsCoder(np.array(words, np.uint32))
    assert decoder.decode(family, *arrays).tolist() == case.symbols
    assert decoder.get_compressed().tolist() == [0, 1]
