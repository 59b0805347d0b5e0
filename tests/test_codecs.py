"""COD-1 to COD-9 hold for `reference.coding.codecs`."""

import math
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import ans, codecs
from reference.coding.ans import EMPTY, Message
from reference.coding.codecs import Codec
from reference.errors import IntervalError, SymbolError
from tests.strategies import frequencies, messages

EDGES = tuple(range(-(2 << 16), (2 << 16) + 1, 1 << 12))
edges = st.lists(st.integers(-(5 << 16), 5 << 16), min_size=1, max_size=30, unique=True).map(
    lambda e: tuple(sorted(e))
)


@st.composite
def simple_codecs(draw: st.DrawFn) -> tuple[Codec[int], int]:
    """A codec of one symbol, and the number of its symbols."""
    kind = draw(st.sampled_from(["uniform", "categorical", "bernoulli", "bucket"]))
    if kind == "uniform":
        prec = draw(st.integers(1, 32))
        n = draw(st.integers(1, min(2**prec, 1000)))
        return codecs.uniform(n, prec), n
    if kind == "categorical":
        freqs = draw(frequencies())
        return codecs.categorical(freqs), len(freqs)
    if kind == "bernoulli":
        prec = draw(st.integers(1, 32))
        return codecs.bernoulli(draw(st.integers(1, 2**prec - 1)), prec), 2
    e = draw(edges)
    mean, inverse_scale = draw(st.integers(-(8 << 16), 8 << 16)), draw(st.integers(1, 2**23))
    make = draw(st.sampled_from([codecs.gaussian, codecs.logistic]))
    return make(e, mean, inverse_scale, draw(st.integers(5, 32))), len(e) + 1


@pytest.mark.spec("COD-1", "COD-2", "COD-3", "COD-4", "COD-5", "COD-9")
@given(m=messages(least_words=1), drawn=simple_codecs(), data=st.data())
def test_push_and_pop_undo_each_other(
    m: Message, drawn: tuple[Codec[int], int], data: st.DataObject
) -> None:
    codec, n = drawn
    symbol = data.draw(st.integers(0, n - 1))
    assert codec.pop(codec.push(m, symbol)) == (m, symbol)
    rest, popped = codec.pop(m)
    assert codec.push(rest, popped) == m


@pytest.mark.spec("COD-1")
@given(drawn=simple_codecs())
def test_rejects_a_symbol_outside_the_support(drawn: tuple[Codec[int], int]) -> None:
    codec, n = drawn
    for symbol in (-1, n):
        with pytest.raises(SymbolError, match=f"symbol {symbol}"):
            codec.push(EMPTY, symbol)


def slots(codec: Codec[int], prec: int) -> list[int]:
    """Return the owner of every slot."""
    return [codec.pop(Message(2**63 + slot, (0,)))[1] for slot in range(2**prec)]


@pytest.mark.spec("COD-2")
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 15, 16])
def test_uniform_slots(n: int) -> None:
    """Every symbol has ``16 // n`` slots, and the last one the others too."""
    owners = slots(codecs.uniform(n, 4), 4)
    assert owners == sorted(owners)
    assert [owners.count(i) for i in range(n - 1)] == [16 // n] * (n - 1)
    assert set(owners) == set(range(n))


@pytest.mark.spec("COD-3")
def test_table_slots() -> None:
    assert slots(codecs.table((0, 1, 3, 8)), 3) == [0, 1, 1, 2, 2, 2, 2, 2]
    assert slots(codecs.categorical((1, 2, 5)), 3) == [0, 1, 1, 2, 2, 2, 2, 2]


@pytest.mark.spec("COD-4")
def test_bernoulli_slots() -> None:
    assert slots(codecs.bernoulli(3, 3), 3) == [0, 0, 0, 0, 0, 1, 1, 1]


@pytest.mark.spec("COD-3")
@pytest.mark.parametrize(
    "c",
    [(), (0,), (0, 3), (1, 2), (0, 2, 2, 4), (0, 3, 2, 4), (0, 0), (0, 1), (0, 2**33)],
)
def test_rejects_what_is_no_table(c: tuple[int, ...]) -> None:
    with pytest.raises(IntervalError):
        codecs.table(c)


@pytest.mark.spec("COD-3")
@pytest.mark.parametrize("freqs", [(), (3,), (2, 0, 2), (3, -1, 2), (1,), (2**32, 2**32)])
def test_rejects_what_are_no_frequencies(freqs: tuple[int, ...]) -> None:
    with pytest.raises(IntervalError):
        codecs.categorical(freqs)


Make = Callable[[int], Codec[int]]

MADE_OF_PREC: dict[str, Make] = {
    "uniform": lambda prec: codecs.uniform(1, prec),
    "bernoulli": lambda prec: codecs.bernoulli(1, prec),
    "gaussian": lambda prec: codecs.gaussian((), 0, 1, prec),
}


@pytest.mark.spec("COD-2", "COD-4", "COD-5")
@pytest.mark.parametrize("make", MADE_OF_PREC.values(), ids=MADE_OF_PREC)
@pytest.mark.parametrize("prec", [-1, 0, 33, 8.0])
def test_rejects_a_precision_when_the_codec_is_made(make: Make, prec: int) -> None:
    with pytest.raises(IntervalError, match=str(prec)):
        make(prec)


@pytest.mark.spec("COD-2", "COD-4", "COD-5")
def test_rejects_bad_parameters() -> None:
    for n in (0, 17, 4.0):
        with pytest.raises(IntervalError, match=str(n)):
            codecs.uniform(n, 4)
    for freq in (-1, 0, 16, 4.0):
        with pytest.raises(IntervalError, match=str(freq)):
            codecs.bernoulli(freq, 4)
    for arguments in (
        (EDGES, 0, 1, 2),
        (EDGES, 0, 0, 24),
        (EDGES, 0.0, 1, 24),
        (EDGES, 0, 1.0, 24),
        ((0.0, 1.0), 0, 1, 24),
        ((0, 2, 1), 0, 1, 24),
    ):
        with pytest.raises(IntervalError):
            codecs.gaussian(*arguments)


@pytest.mark.spec("COD-3")
def test_floats_are_no_frequencies() -> None:
    """Not even whole ones, whose sums are exact."""
    with pytest.raises(IntervalError, match=r"2\.0"):
        codecs.categorical((2.0, 2))
    with pytest.raises(IntervalError, match=r"4\.0"):
        codecs.table((0, 2, 4.0))
    with pytest.raises(IntervalError, match=r"128\.0"):
        codecs.categorical(np.array([128.0, 128.0]))


@pytest.mark.spec("COD-1", "COD-2", "COD-3", "COD-4", "COD-5")
def test_integers_of_numpy_do_as_well() -> None:
    """They wrap at their width, where the numbers of a message do not."""
    m = Message(2**64 - 1, (7,))
    u8, i64 = np.uint8, np.int64
    for of_numpy, plain in (
        (codecs.uniform(u8(200), u8(31)), codecs.uniform(200, 31)),
        (codecs.categorical(np.array([128, 127, 1], u8)), codecs.categorical([128, 127, 1])),
        (codecs.table(np.array([0, 9, 2**32])), codecs.table([0, 9, 2**32])),
        (codecs.bernoulli(u8(255), u8(32)), codecs.bernoulli(255, 32)),
        (
            codecs.gaussian(np.array(EDGES), i64(2**40), i64(2**24), u8(24)),
            codecs.gaussian(EDGES, 2**40, 2**24, 24),
        ),
    ):
        pushed = plain.push(m, 1)
        assert of_numpy.push(m, i64(1)) == pushed
        assert of_numpy.pop(pushed) == (m, 1)
        assert all(type(n) is int for n in (pushed.head, *pushed.words))


@pytest.mark.spec("COD-1")
@pytest.mark.parametrize("symbol", [0.0, 0.5, "0", None])
def test_a_symbol_is_an_integer(symbol: object) -> None:
    with pytest.raises(SymbolError, match="no integer"):
        codecs.uniform(4, 2).push(EMPTY, symbol)


@pytest.mark.spec("COD-5")
@pytest.mark.parametrize(
    "arguments",
    [
        (-1, EDGES, 0, 1, 24),
        (len(EDGES) + 2, EDGES, 0, 1, 24),
        (1, EDGES, 0, 1, -1),
        (1, EDGES, 0, 1, 33),
        (1.0, EDGES, 0, 1, 24),
        (1, (0.5,), 0, 1, 24),
        (1, EDGES, 0.5, 1, 24),
        (1, EDGES, 0, 1.5, 24),
    ],
)
def test_rejects_bad_arguments_of_the_cumulative_function(arguments) -> None:
    with pytest.raises(IntervalError):
        codecs.gaussian_cumulative(*arguments)


@pytest.mark.spec("COD-5")
@given(
    e=edges,
    mean=st.integers(-(8 << 16), 8 << 16),
    inverse_scale=st.integers(1, 2**23),
    prec=st.integers(5, 32),
)
def test_every_bucket_has_a_slot(
    e: tuple[int, ...], mean: int, inverse_scale: int, prec: int
) -> None:
    c = [
        codecs.gaussian_cumulative(i, e, mean, inverse_scale, prec) for i in range(len(e) + 2)
    ]
    assert c[0] == 0
    assert c[-1] == 2**prec
    assert all(a < b for a, b in pairwise(c))


@pytest.mark.spec("COD-5")
@given(mean=st.integers(-(2 << 16), 2 << 16), log_scale=st.floats(-3, 1))
def test_gaussian_masses(mean: int, log_scale: float) -> None:
    """The buckets have nearly the masses of the normal CDF of ``math.erfc``."""
    sigma = math.exp(log_scale)
    inverse_scale = round(2**14 / sigma)
    for i in range(1, len(EDGES) + 1):
        z = (EDGES[i - 1] - mean) / 2**16 / sigma
        c = codecs.gaussian_cumulative(i, EDGES, mean, inverse_scale, 24)
        # the table's error, the free slots, and the rounding of the inverse scale
        assert (
            abs(c / 2**24 - 0.5 * math.erfc(-z / math.sqrt(2))) < 7.5e-6 + 4e-6 + 3e-5 * sigma
        )


@pytest.mark.spec("COD-9")
@given(mean=st.integers(-(2 << 16), 2 << 16), log_scale=st.floats(-3, 1))
def test_logistic_masses(mean: int, log_scale: float) -> None:
    """The edges between the buckets lie at the slots of the logistic function."""
    s = math.exp(log_scale)
    codec = codecs.logistic(EDGES, mean, round(2**14 / s), 24)
    for i in range(1, len(EDGES) + 1):
        # the first slot that is bucket i's, found by popping
        start = bisect_left(range(2**24), i, key=lambda slot: codec.pop(one_slot(slot))[1])
        p = 1 / (1 + math.exp(-(EDGES[i - 1] - mean) / 2**16 / s))
        # the table's error, the free slots, and the rounding of the inverse scale
        assert abs(start / 2**24 - p) < 3e-6 + 4e-6 + 3e-5 * s


def one_slot(slot: int) -> Message:
    """A message that holds only this slot of 2**24."""
    return Message((1 << 56) + slot, ())


@pytest.mark.spec("COD-9")
@pytest.mark.parametrize(("inverse_scale", "prec"), [(0, 24), (-5, 24), (1 << 14, 4)])
def test_logistic_rejects(inverse_scale: int, prec: int) -> None:
    with pytest.raises(IntervalError, match="buckets"):
        codecs.logistic(EDGES, 0, inverse_scale, prec)


@pytest.mark.spec("COD-6")
@given(m=messages(), freqs=frequencies(), data=st.data())
def test_sequence_and_product(m: Message, freqs: list[int], data: st.DataObject) -> None:
    """The last symbol is pushed first; a sequence is a product of equal codecs."""
    codec = codecs.categorical(freqs)
    symbols = tuple(data.draw(st.lists(st.integers(0, len(freqs) - 1), max_size=9)))
    pushed = m
    for symbol in reversed(symbols):
        pushed = codec.push(pushed, symbol)
    many = codecs.sequence(codec, len(symbols))
    assert many.push(m, symbols) == pushed
    assert many.pop(pushed) == (m, symbols)
    assert codecs.product([codec] * len(symbols)).push(m, symbols) == pushed
    with pytest.raises(SymbolError, match="symbols where the codec has"):
        many.push(m, (*symbols, 0))


@pytest.mark.spec("COD-6")
def test_product_of_different_codecs() -> None:
    pair = codecs.product([codecs.uniform(4, 2), codecs.bernoulli(1, 4)])
    m = pair.push(EMPTY, (3, 1))
    assert m == ans.push(ans.push(EMPTY, 15, 1, 4), 3, 1, 2)
    assert pair.pop(m) == (EMPTY, (3, 1))


@pytest.mark.spec("COD-7")
@given(m=messages(), start=st.integers(1, 5), data=st.data())
def test_autoregressive(m: Message, start: int, data: st.DataObject) -> None:
    """Each symbol's support depends on those before it: no other order could decode."""

    def conditional(before: tuple[int, ...]) -> Codec[int]:
        return codecs.uniform(start + sum(before), 12)

    symbols: tuple[int, ...] = ()
    for _ in range(6):
        symbols += (data.draw(st.integers(0, start + sum(symbols) - 1)),)
    codec = codecs.autoregressive(conditional, 6)
    assert codec.pop(codec.push(m, symbols)) == (m, symbols)
    by_hand = m
    for i in reversed(range(6)):
        by_hand = conditional(symbols[:i]).push(by_hand, symbols[i])
    assert codec.push(m, symbols) == by_hand


@pytest.mark.spec("COD-8")
@given(freqs=frequencies(most_symbols=6), data=st.data())
def test_code_length(freqs: list[int], data: st.DataObject) -> None:
    """The bits used are those of the frequencies, within the roundings of ANS-8."""
    prec = sum(freqs).bit_length() - 1
    symbols = data.draw(st.lists(st.integers(0, len(freqs) - 1), max_size=40))
    m, ideal, bound = EMPTY, 0.0, 2**-35
    codec = codecs.categorical(freqs)
    for symbol in symbols:
        freq = freqs[symbol]
        ideal += prec - math.log2(freq)
        least_head = freq << (32 - prec)
        bound += math.log2(math.e) * (freq + 1) / (least_head - freq)
        m = codec.push(m, symbol)
    assert abs(ans.information(m) - ideal) <= bound
