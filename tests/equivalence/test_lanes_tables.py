"""`fast.coding.lanes` does what `reference.coding.lanes` does: streams, symbols and errors."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fast.coding.lanes as fast
import reference.coding.lanes as reference
from fast.coding.lanes._tables import static_table
from reference.errors import SymbolError
from tests.lanes import (
    bernoulli_symbols,
    categorical_symbols,
    indexed_symbols,
    lane_counts,
    outcome,
    static_symbols,
    static_tables,
    words16,
)

integer_types = st.sampled_from(
    [np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
)


def same(name: str, *args, **kwargs) -> object:
    """Return what both packages do, which is the same."""
    ours = outcome(getattr(fast, name), *args, **kwargs)
    assert ours == outcome(getattr(reference, name), *args, **kwargs)
    return ours


@pytest.mark.spec("LAN-6")
@given(static_symbols(), lane_counts, integer_types)
def test_static(arguments, lanes, dtype) -> None:
    freqs, symbols = arguments
    words = same("encode_static", symbols, freqs, lanes=lanes)
    array = np.array(symbols, dtype)
    assert fast.encode_static(array, np.array(freqs), lanes=lanes).tolist() == words
    assert same("decode_static", words, freqs, len(symbols), lanes=lanes) == symbols


@pytest.mark.spec("LAN-6")
@given(static_symbols(), st.integers(0, 199), st.integers(-2, 300), lane_counts)
def test_a_symbol_without_a_slot(arguments, place, symbol, lanes) -> None:
    """Wherever it stands, in a full round of lanes or behind the last one."""
    freqs, symbols = arguments
    same("encode_static", [*symbols[:place], symbol, *symbols[place:]], freqs, lanes=lanes)


@pytest.mark.spec("LAN-4", "LAN-6")
@given(static_tables(), words16, st.integers(-1, 90), lane_counts)
def test_hostile_static_streams(freqs, words, count, lanes) -> None:
    same("decode_static", words, freqs, count, lanes=lanes)


@pytest.mark.spec("LAN-4", "LAN-6")
@given(static_symbols(), lane_counts, st.data())
def test_damaged_static_streams(arguments, lanes, data) -> None:
    """A word changed, lost or added, in streams of several rounds of lanes."""
    freqs, symbols = arguments
    words = reference.encode_static(symbols * 3, freqs, lanes=lanes)
    i = data.draw(st.integers(0, len(words) - 1))
    word = data.draw(st.integers(0, 2**16 - 1))
    for damaged in (
        [*words[:i], word, *words[i + 1 :]],
        words[:i] + words[i + 1 :],
        [*words[:i], word, *words[i:]],
    ):
        same("decode_static", damaged, freqs, 3 * len(symbols), lanes=lanes)


@pytest.mark.spec("LAN-6")
@pytest.mark.parametrize(
    "freqs", [[], [1], [3, 4], [-1, 5], [2**17], [2**63, 2**63], [65535, 1], [0, 65536]]
)
def test_static_tables(freqs) -> None:
    same("encode_static", [0, 0], freqs)
    same("decode_static", [0, 1], freqs, 2)


@pytest.mark.spec("LAN-6")
def test_types_of_static_symbols() -> None:
    """Up to 256 symbols are bytes; no array is written to, and a read-only one will do."""
    freqs = np.full(300, 1)
    freqs[299] = 512 - 299
    symbols = np.arange(300, dtype=np.uint16)
    symbols.flags.writeable = False
    words = fast.encode_static(symbols, freqs)
    assert words.dtype == np.uint16
    assert fast.decode_static(words, freqs, 300).dtype == np.uint16
    assert fast.decode_static([0, 1], [2, 2], 0).dtype == np.uint8
    with pytest.raises(SymbolError, match="symbol 300 has no slot"):
        fast.encode_static([300], freqs)


@pytest.mark.spec("LAN-7")
@given(indexed_symbols(), lane_counts)
def test_indexed(arguments, lanes) -> None:
    symbols, *models = arguments
    words = same("encode_indexed", symbols, *models, lanes=lanes)
    assert same("decode_indexed", words, *models, lanes=lanes) == symbols


@pytest.mark.spec("LAN-4", "LAN-7")
@given(indexed_symbols(), words16, lane_counts)
def test_hostile_indexed_streams(arguments, words, lanes) -> None:
    same("decode_indexed", words, *arguments[1:], lanes=lanes)


@pytest.mark.spec("LAN-7")
@given(indexed_symbols(), st.integers(-(2**40), 2**40), st.integers(-1, 4))
def test_indexed_refusals(arguments, symbol, index) -> None:
    """Symbols that do not fit, indices that name no table, a table without an escape."""
    symbols, indices, tables, offsets = arguments
    same("encode_indexed", [*symbols, symbol], [*indices, index], tables, offsets)
    same("encode_indexed", symbols, indices, [[*t, 0] for t in tables], offsets)
    same("encode_indexed", symbols, indices, tables, [o * 2 for o in offsets])
    same("encode_indexed", symbols, indices, [*tables, [1, 1]], [*offsets, 0])
    same("encode_indexed", symbols, indices, [], [])


@pytest.mark.spec("LAN-8")
@given(bernoulli_symbols(), lane_counts, integer_types)
def test_bernoullis(arguments, lanes, dtype) -> None:
    symbols, freqs, prec = arguments
    words = same("encode_bernoullis", symbols, freqs, prec, lanes=lanes)
    assert same("decode_bernoullis", words, freqs, prec, lanes=lanes) == symbols
    if max(freqs, default=0) <= np.iinfo(dtype).max:
        arrays = np.array(symbols, dtype), np.array(freqs, dtype)
        assert fast.encode_bernoullis(*arrays, prec, lanes=lanes).tolist() == words
        assert fast.decode_bernoullis(words, arrays[1], prec, lanes=lanes).tolist() == symbols


@pytest.mark.spec("LAN-8")
@given(bernoulli_symbols(), st.integers(-1, 2), st.integers(-1, 2**16), st.integers(0, 17))
def test_bernoulli_refusals(arguments, symbol, freq, prec) -> None:
    symbols, freqs, _ = arguments
    same("encode_bernoullis", [*symbols, symbol], [*freqs, freq], prec)
    same("encode_bernoullis", [*symbols, symbol], freqs, 16)


@pytest.mark.spec("LAN-8")
@given(categorical_symbols(), lane_counts)
def test_categoricals(arguments, lanes) -> None:
    symbols, rows = arguments
    words = same("encode_categoricals", symbols, rows, lanes=lanes)
    assert same("decode_categoricals", words, rows, lanes=lanes) == symbols


@pytest.mark.spec("LAN-8")
@pytest.mark.parametrize(
    ("symbols", "rows"),
    [
        ([0], [[3, 2]]),
        ([0], [[4, 0]]),
        ([0], [[-4, 8]]),
        ([0, 0], [[2, 2], [4, 4]]),
        ([0, 0], [[2, 2], [1, 1, 2]]),
        ([0], [[2**17]]),
        ([2], [[2, 2]]),
        ([-1], [[2, 2]]),
        ([0, 1], [[2, 2]]),
        ([], []),
    ],
)
def test_categorical_refusals(symbols, rows) -> None:
    same("encode_categoricals", symbols, rows)


@pytest.mark.spec("LAN-4", "LAN-8")
@given(bernoulli_symbols(), categorical_symbols(), words16, lane_counts)
def test_hostile_streams_of_rows(bits, rows, words, lanes) -> None:
    same("decode_bernoullis", words, *bits[1:], lanes=lanes)
    same("decode_categoricals", words, *rows[1:], lanes=lanes)


@pytest.mark.spec("LAN-2", "LAN-3", "LAN-6")
def test_kernels_from_other_kernels() -> None:
    """An example: two tables on one stack, all in the code of another project."""

    @numba.njit
    def pushed_twice(first, second, tables, precs, heads, words):
        n = np.uint64(0)
        n = fast.encode_static_kernel(heads, words, n, second, tables[1], precs[1])
        return fast.encode_static_kernel(heads, words, n, first, tables[0], precs[0])

    freqs, symbols = ([3, 5], [1, 1, 30]), ([0, 1, 1] * 20, [2, 0, 1, 2] * 16)
    a, b = map(static_table, freqs)
    first, second = (np.array(s, np.uint8) for s in symbols)
    heads, words = np.full(32, 1 << 16, np.uint32), np.empty(200, np.uint16)
    tables, precs = (a.entries, b.entries), (a.prec, b.prec)
    n = pushed_twice(first, second, tables, precs, heads, words)

    m = reference.empty_lanes(32, 16)
    codecs = [reference.static.static_codec(f) for f in freqs]
    m = reference.push_lanes(m, [codecs[1]] * len(second), symbols[1])
    m = reference.push_lanes(m, [codecs[0]] * len(first), symbols[0])
    assert (tuple(heads.tolist()), tuple(words[:n].tolist())) == (m.heads, m.words)


@pytest.mark.spec("LAN-6")
@given(static_tables(), st.integers(0, 2**32), st.integers(190, 700), st.data())
def test_rounds_of_64_lanes(freqs, seed, count, data) -> None:
    """Streams of several full rounds, whole, with a word changed, and cut off."""
    symbols = np.random.default_rng(seed).choice(
        len(freqs), count, p=np.array(freqs) / sum(freqs)
    )
    words = same("encode_static", symbols.tolist(), freqs, lanes=64)
    assert same("decode_static", words, freqs, count, lanes=64) == symbols.tolist()
    i, word = data.draw(st.integers(0, len(words) - 1)), data.draw(st.integers(0, 2**16 - 1))
    same("decode_static", [*words[:i], word, *words[i + 1 :]], freqs, count, lanes=64)
    same("decode_static", words[i:], freqs, count, lanes=64)


@pytest.mark.spec("COD-1", "LAN-2", "LAN-4")
@pytest.mark.parametrize(
    "bad", [[1.7], [1.0], [float("nan")], ["1"], [None], [[1]], np.ones(1), np.ones((1, 1))]
)
def test_only_integers_are_integers(bad) -> None:
    """Not even whole floats are, nor strings of digits: nothing is rounded or repaired."""
    for refused in (
        same("encode_static", bad, [2, 2]),
        same("encode_static", [0], bad),
        same("decode_static", bad, [2, 2], 0),
        same("encode_indexed", bad, [0], [[2, 2]], [0]),
        same("encode_indexed", [0], bad, [[2, 2]], [0]),
        same("encode_indexed", [0], [0], [bad], [0]),
        same("encode_indexed", [0], [0], [[2, 2]], bad),
        same("encode_bernoullis", bad, [1], 1),
        same("encode_bernoullis", [0], bad, 1),
        same("encode_categoricals", bad, [[2, 2]]),
        same("encode_categoricals", [0], [bad]),
    ):
        assert isinstance(refused, type)


@pytest.mark.spec("LAN-2", "LAN-8", "LAN-9")
def test_integers_of_any_width_as_numbers() -> None:
    """Small ones of numpy, which would wrap, are what they are; floats are refused."""
    u8 = np.uint8
    words = same("encode_bernoullis", [1] * 300, [3] * 300, u8(8), lanes=u8(200))
    assert words == same("encode_bernoullis", [1] * 300, [3] * 300, 8, lanes=200)
    assert same("decode_bernoullis", words, [3] * 300, u8(8), lanes=u8(200)) == [1] * 300
    words = same("encode_uniforms", [1], u8(200), u8(8))
    assert same("decode_uniforms", words, u8(200), u8(8), u8(1)) == [1]
    for refused in (
        same("encode_bernoullis", [1], [3], 8.0),
        same("encode_uniforms", [1], 3.0, 8),
        same("encode_uniforms", [1], 3, 8.0),
        same("decode_uniforms", [0, 1], 3, 8, 0.0),
        same("encode_static", [1], [2, 2], lanes=1.0),
        same("decode_static", [0, 1], [2, 2], 0, lanes=10**15),
    ):
        assert isinstance(refused, type)


@pytest.mark.spec("LAN-8")
@pytest.mark.parametrize("dtype", [bool, ">i4", "<i4", ">u8"])
def test_types_of_rows(dtype) -> None:
    rows = np.ones((2, 2), dtype)
    rows.flags.writeable = False
    assert same("encode_categoricals", [1, 0], rows) == same(
        "encode_categoricals", [1, 0], [[1, 1]] * 2
    )


@pytest.mark.spec("LAN-6")
def test_a_table_of_more_than_a_million_symbols() -> None:
    freqs = np.zeros((1 << 20) + 2, np.int64)
    freqs[-2:] = 2, 2
    words = same("encode_static", [1 << 20], freqs)
    assert same("decode_static", words, freqs, 1) == [1 << 20]
