"""`fast.coding.lanes` makes the streams of the reference, and reads or refuses the same."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

import fast.coding.fixed_point as fast_fixed_point
import fast.coding.lanes as fast
import reference.coding.fixed_point as reference_fixed_point
import reference.coding.lanes as reference
from fast.coding.lanes import _heads, _intervals, _streams
from reference.coding import ans
from reference.coding.ans import Message
from reference.errors import (
    DataError,
    DistributionError,
    FormatError,
    MessageExhausted,
    SpecError,
    SymbolError,
)
from tests.strategies import BucketCase, bucket_cases, words_near

names = pytest.mark.parametrize("name", ["gaussians", "logistics"])
lanes_numbers = st.integers(1, 70) | st.just(1000)


def four(name: str):
    """Both encoders, and both decoders."""
    return tuple(
        getattr(m, f"{d}_{name}") for d in ("encode", "decode") for m in (fast, reference)
    )


def agree_on(words, ours, theirs) -> None:
    """Both return the same symbols, or raise the same error."""
    try:
        symbols = theirs(words)
    except SpecError as error:
        with pytest.raises(type(error)):
            ours(words)
    else:
        assert ours(words).tolist() == symbols


@pytest.mark.spec("LAN-10")
@names
@given(case=bucket_cases(), lanes=lanes_numbers)
def test_buckets(name: str, case: BucketCase, lanes: int) -> None:
    encode, encode_there, decode, _ = four(name)
    words = encode(case.symbols, *case.models, lanes=lanes)
    assert words.tolist() == encode_there(case.symbols, *case.models, lanes=lanes)
    assert words.dtype == np.uint32
    symbols = decode(words, *case.models, lanes=lanes)
    assert symbols.tolist() == case.symbols
    assert symbols.dtype == np.int32


@pytest.mark.spec("LAN-4", "LAN-10")
@names
@given(case=bucket_cases(), lanes=lanes_numbers, data=st.data())
def test_any_words_and_buckets(
    name: str, case: BucketCase, lanes: int, data: st.DataObject
) -> None:
    encode, _, decode, decode_there = four(name)
    words = encode(case.symbols, *case.models, lanes=lanes).tolist()
    agree_on(
        data.draw(words_near(words)),
        lambda words: decode(words, *case.models, lanes=lanes),
        lambda words: decode_there(words, *case.models, lanes=lanes),
    )


@pytest.mark.spec("LAN-10")
@names
@pytest.mark.parametrize("lanes", [1, 7, 8, 32, 64, 257, 1000])
@pytest.mark.parametrize("count", [255, 1023])
def test_blocks_of_buckets(name: str, lanes: int, count: int) -> None:
    """More symbols than a block and than the lanes, and a rest of both."""
    rng = np.random.default_rng(lanes)
    mu, s = rng.uniform(-50, 50, count), np.exp(rng.uniform(-1, 3, count))
    means, scales = np.rint(mu * 2**16).astype(int), np.rint(2**14 / s).astype(int)
    symbols = np.clip(np.rint(rng.normal(mu, 2 * s)), -90, 90).astype(int)
    models = (-90, 90, means, scales)
    encode, encode_there, decode, decode_there = four(name)
    words = encode(symbols, *models, lanes=lanes)
    assert words.tolist() == encode_there(symbols, *models, lanes=lanes)
    assert np.array_equal(decode(words, *models, lanes=lanes), symbols)
    noise = rng.integers(0, 2**32, 3 * count, dtype=np.uint32)
    noise[-2 * lanes :] |= 1  # heads that are large enough
    for cut in (0, count, 5 * count // 2):
        words = noise[cut:]
        agree_on(
            words,
            lambda words: decode(words, *models, lanes=lanes),
            lambda words: decode_there(words, *models, lanes=lanes),
        )


@pytest.mark.spec("LAN-5")
@pytest.mark.parametrize("count", [0, 2**14 - 1, 2**14, 2**18 - 1, 2**18, 2**40])
def test_default_lanes(count: int) -> None:
    lanes = reference.default_lanes(count)
    assert fast.default_lanes(count) == _streams.number_of_lanes(count, None) == lanes


@pytest.mark.spec("LAN-5", "LAN-10")
@pytest.mark.parametrize("count", [2**14 - 1, 2**14])
def test_streams_have_the_default_lanes(count: int) -> None:
    symbols, models = np.zeros(count, np.int8), (-1, 1, *np.full((2, count), 1 << 14))
    words = fast.encode_gaussians(symbols, *models)
    lanes = reference.default_lanes(count)
    assert np.array_equal(words, fast.encode_gaussians(symbols, *models, lanes=lanes))
    assert np.array_equal(symbols, fast.decode_gaussians(words, *models))


@pytest.mark.spec("LAN-10")
def test_any_integer_type_and_layout() -> None:
    """Read-only, strided and byte-swapped arrays too, and words of other types."""
    symbols, means, scales = [0, 3, 5, 127, 6], [5, 60, 100, 7, 8], [9, 8, 127, 100, 3]
    expected = reference.encode_gaussians(symbols, 0, 127, means, scales)
    for name in ("u1", ">i4", "u8"):
        strided = np.repeat([symbols, means, scales], 2, axis=1).astype(name)[:, ::2]
        strided.flags.writeable = False
        models = (0, 127, strided[1], strided[2])
        assert fast.encode_gaussians(strided[0], *models).tolist() == expected
        words = np.frombuffer(np.array(expected, "u4").tobytes(), "u4")
        wide = words.astype(">i8" if name == "u1" else "u8")
        assert fast.decode_gaussians(words, *models).tolist() == symbols
        assert fast.decode_gaussians(wide, *models).tolist() == symbols
    assert fast.encode_uniforms(np.array([True, False]), 2, 1).tolist() == [
        *reference.encode_uniforms([1, 0], 2, 1)
    ]


ONE = 1 << 14


@pytest.mark.spec("LAN-10")
@names
@pytest.mark.parametrize(
    ("symbols", "low", "high", "means", "inverse_scales", "lanes"),
    [
        ([], 0, 0, [], [], None),
        ([], 1, 0, [], [], None),
        ([], -(2**20) - 1, 0, [], [], None),
        ([], 0, 2**20 + 1, [], [], None),
        ([0], 0, 1, [2**37 + 1], [ONE], None),
        ([0], 0, 1, [-(2**37) - 1], [ONE], None),
        ([0], 0, 1, [2**70], [ONE], None),
        ([0], 0, 1, np.array([2**64 - 5], np.uint64), [ONE], None),
        ([0], 0, 1, [0], [0], None),
        ([0], 0, 1, [0], [-1], None),
        ([0], 0, 1, [0], [2**24 + 1], None),
        ([0], 0, 1, [0, 0], [ONE], None),
        ([0, 0], 0, 1, [0], [ONE], None),
        ([2], 0, 1, [0], [ONE], None),
        ([-1], 0, 1, [0], [ONE], None),
        ([2**70], 0, 1, [0], [ONE], None),
        (np.array([2**64 - 1], np.uint64), -1, 1, [0], [ONE], None),
        (np.array([-(2**63)]), -1, 1, [0], [ONE], None),
        ([0], 0, 1, [0], [ONE], 0),
        ([0], 0, 1, [0], [ONE], -1),
    ],
)
def test_buckets_refused(
    name: str, symbols, low: int, high: int, means, inverse_scales, lanes
) -> None:
    encode, encode_there, decode, decode_there = four(name)
    with pytest.raises(SpecError) as expected:
        encode_there(symbols, low, high, means, inverse_scales, lanes=lanes)
    for k in (0, 300):  # in the first block, and in the next
        models = (low, high, [0] * k + [*means], [ONE] * k + [*inverse_scales])
        with pytest.raises(expected.type):
            encode([0] * k + [*symbols], *models, lanes=lanes)
    with pytest.raises(expected.type):
        encode(symbols, low, high, means, inverse_scales, lanes=lanes)
    if expected.type is not SymbolError and len(symbols) < 2:
        for function in (decode, decode_there):
            with pytest.raises(expected.type):
                function([0, 1], low, high, means, inverse_scales, lanes=lanes)


@pytest.mark.spec("LAN-10")
@pytest.mark.parametrize(
    "bad", [["a"], [[1]], [[1], [1, 2]], np.ones(1), np.ones((1, 1), int)]
)
def test_no_vector_of_integers(bad) -> None:
    """The reference takes any sequence of integers, so this is about arrays only."""
    for arguments in ((bad, 0, 1, [0], [ONE]), ([0], 0, 1, bad, [ONE])):
        with pytest.raises(DataError):
            fast.encode_gaussians(*arguments)
    with pytest.raises(DataError):
        fast.decode_gaussians(bad, 0, 1, [0], [ONE])


@pytest.mark.spec("LAN-4", "LAN-10")
@pytest.mark.parametrize("lanes", [1, 5, 8, 64])
def test_every_lane_wants_a_word(lanes: int) -> None:
    """With one word too few for the last round, and with just enough."""
    symbols = [9] * (2 * lanes)  # each has one slot, so each costs 24 bits
    models = (-9, 9, [-(9 << 16)] * len(symbols), [2**24] * len(symbols))
    words = fast.encode_gaussians(symbols, *models, lanes=lanes).tolist()
    assert len(words) == 3 * lanes
    assert fast.decode_gaussians(words, *models, lanes=lanes).tolist() == symbols
    for decode in (fast.decode_gaussians, reference.decode_gaussians):
        with pytest.raises(MessageExhausted):
            decode(words[1:], *models, lanes=lanes)


# Uniforms


@pytest.mark.spec("LAN-4", "LAN-9")
@given(prec=st.integers(1, 32), lanes=lanes_numbers, data=st.data())
def test_uniforms(prec: int, lanes: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 2**prec) | st.just(2**prec))
    symbols = data.draw(st.lists(st.integers(0, n - 1) | st.just(n - 1), max_size=150))
    words = fast.encode_uniforms(symbols, n, prec, lanes=lanes)
    assert words.tolist() == reference.encode_uniforms(symbols, n, prec, lanes=lanes)
    count = len(symbols)
    assert fast.decode_uniforms(words, n, prec, count, lanes=lanes).tolist() == symbols
    agree_on(
        data.draw(words_near(words.tolist())),
        lambda words: fast.decode_uniforms(words, n, prec, count, lanes=lanes),
        lambda words: reference.decode_uniforms(words, n, prec, count, lanes=lanes),
    )


@pytest.mark.spec("LAN-9")
@pytest.mark.parametrize(
    ("symbols", "n", "prec", "lanes"),
    [
        ([], 0, 4, None),
        ([], 17, 4, None),
        ([], 1, 0, None),
        ([], 1, 33, None),
        ([], 1, -1, None),
        ([5], 5, 4, None),
        ([-1], 5, 4, None),
        ([2**70], 5, 4, None),
        ([0], 5, 4, 0),
    ],
)
def test_uniforms_refused(symbols: list[int], n: int, prec: int, lanes: int | None) -> None:
    with pytest.raises(SpecError) as expected:
        reference.encode_uniforms(symbols, n, prec, lanes=lanes)
    with pytest.raises(expected.type):
        fast.encode_uniforms(symbols, n, prec, lanes=lanes)
    if expected.type is not SymbolError:
        with pytest.raises(expected.type):
            fast.decode_uniforms([0, 1], n, prec, len(symbols), lanes=lanes)
    with pytest.raises(DataError):
        fast.decode_uniforms([0, 1], 5, 4, -1)


# What they are made of


@pytest.mark.spec("LAN-3", "LAN-4")
@pytest.mark.parametrize("w", [16, 32])
@given(data=st.data())
def test_streams(w: int, data: st.DataObject) -> None:
    """Of both widths: any words are the same message, or the same error."""
    words = data.draw(st.lists(st.integers(0, 2**w - 1) | st.integers(-1, 2**70), max_size=9))
    lanes = data.draw(st.integers(1, 3))
    try:
        m = reference.lanes_from_stream(words, lanes, w)
    except FormatError:
        with pytest.raises(FormatError):
            _streams.from_stream(words, lanes, w)
        return
    for given_ in (words, np.array(words), np.array(words, f"uint{w}")):
        heads, below = _streams.from_stream(given_, lanes, w)
        assert (tuple(heads.tolist()), tuple(below.tolist())) == (m.heads, m.words)
        assert _streams.to_stream(heads, below, below.size).tolist() == words


@pytest.mark.spec("ANS-3", "LAN-2")
@given(
    rows=st.lists(
        st.tuples(
            st.integers(2**32, 2**64 - 1) | st.integers(1, 2**14).map(lambda d: 2**64 - d),
            st.integers(0, 2**24 - 1),
            st.integers(1, 2**24) | st.sampled_from([1, 2, 3, 2**24 - 1, 2**24]),
            st.integers(-2, 2),
        ),
        min_size=1,
        max_size=9,
    )
)
@example(rows=[(2**64 - 1, 0, 2**24, 0)]).via("the largest quotient and freq")
@example(rows=[(2**64 - 2**40 - 1, 0, 2**24 - 1, 0)]).via("as a float, a multiple of freq")
def test_push_run_divides_exactly(rows: list[tuple[int, int, int, int]]) -> None:
    """Heads next to multiples of their freq too, where a float may be rounded up to one."""
    heads, starts, ends = [], [], []
    for head, start, freq, near in rows:
        freq = min(freq, 2**24 - start)
        multiple = head // freq * freq + near
        heads.append(multiple if 2**32 <= multiple < 2**64 and near else head)
        starts.append(start)
        ends.append(start + freq)
    expected = reference.Lanes(tuple(heads), ())
    pushed, words = [], []
    for head, start, end in reversed(list(zip(heads, starts, ends, strict=True))):
        one = ans.push(Message(head, ()), start, end - start, 24)
        pushed.insert(0, one.head)
        words += one.words
    assert len(expected.heads) == len(pushed)
    array, out = np.array(heads, np.uint64), np.empty(len(rows), np.uint32)
    slots = np.array([starts, ends], np.int64)
    u64 = np.uint64
    n = _heads.push_run_kernel(array, u64(0), out, u64(0), *slots, u64(len(rows)), u64(24))
    assert array.tolist() == pushed
    assert out[: int(n)].tolist() == words


@pytest.mark.spec("LAN-9", "LAN-10")
def test_kernels_inside_compiled_code() -> None:
    """A message that holds Gaussians, and uniforms on top, on the same lanes."""

    @njit
    def encode(heads, words, n, symbols, digits, means, scales, cells, scratch):
        n, faults = fast.encode_buckets_kernel(
            heads, words, n, symbols, -9, 9, means, scales, cells, scratch
        )
        n = fast.encode_uniforms_kernel(heads, words, n, digits, np.uint64(10), np.uint64(9))
        return n, faults

    @njit
    def decode(heads, words, n, symbols, digits, means, scales, cells, quantiles, scratch):
        n = fast.decode_uniforms_kernel(heads, words, n, digits, np.uint64(10), np.uint64(9))
        return fast.decode_buckets_kernel(
            heads, words, n, symbols, -9, 9, means, scales, cells, quantiles, scratch
        )

    symbols, digits = np.arange(-9, 10), np.arange(10)
    means, scales = np.arange(19) << 15, np.arange(1, 20) << 11
    heads, words = np.full(8, 1 << 32, np.uint64), np.empty(29, np.uint32)
    tables, scratch = fast.gaussian_arguments(), np.empty((5, 256), np.int64)
    n, faults = encode(
        heads, words, np.uint64(0), symbols, digits, means, scales, tables.cells, scratch
    )
    assert faults == 0
    back, more = np.empty(19, np.int32), np.empty(10, np.uint8)
    n, faults = decode(heads, words, np.uint64(n), back, more, means, scales, *tables, scratch)
    assert (int(n), faults, heads.tolist()) == (0, 0, [1 << 32] * 8)
    assert back.tolist() == symbols.tolist()
    assert more.tolist() == digits.tolist()


@pytest.mark.spec("LAN-10")
@pytest.mark.parametrize("arguments", [fast.gaussian_arguments, fast.logistic_arguments])
def test_guesses_are_good(arguments) -> None:
    """They decide no symbol but how long it takes: 99 of 100 slots need no search."""
    tables, rng = arguments(), np.random.default_rng(10)
    low, high, missed = np.int64(-255), np.int64(255), 0
    for _ in range(2000):
        mean = np.int64(rng.integers(-50 << 16, 50 << 16))
        scale = np.int64(2**14 / np.exp(rng.uniform(-1, 3)))
        slot = np.int64(rng.integers(0, 2**24))
        model = low, high, mean, scale
        guess = _intervals.guess_kernel(slot, *model, tables.quantiles)
        missed += guess != _intervals.search_kernel(slot, *model, tables.cells)[0]
    assert missed <= 20


@pytest.mark.spec("LAN-10", "LAN-11")
@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_bounds_of_any_width(dtype) -> None:
    """As ``symbols.min()`` has it, where products and differences would wrap."""
    most = min(1 << 20, np.iinfo(dtype).max)
    bounds, numbers = (dtype(-most), dtype(most)), (-most, most)
    for mean, scale, names in (
        (5, 256, ("encode_gaussians", "encode_logistics")),
        (5.0, 2.0, ("encode_constriction_gaussians",)),
    ):
        for name in names:
            ours = reference if hasattr(reference, name) else reference_fixed_point
            theirs = fast if hasattr(fast, name) else fast_fixed_point
            expected = getattr(ours, name)([7], *numbers, [mean], [scale])
            assert getattr(ours, name)([7], *bounds, [mean], [scale]) == expected
            assert getattr(theirs, name)([7], *bounds, [mean], [scale]).tolist() == expected


@pytest.mark.spec("LAN-11")
def test_a_support_of_numpy_that_is_too_wide() -> None:
    low, high = np.int32(-(2**31)), np.int32(2**31 - 1)
    for package in (fast_fixed_point, reference_fixed_point):
        with pytest.raises(DistributionError):
            package.encode_constriction_gaussians([5], low, high, [0.0], [1.0])
        for mean in ("0", None, 10**400):
            with pytest.raises(DistributionError):
                package.encode_constriction_gaussians([5], -9, 9, [mean], [1.0])
