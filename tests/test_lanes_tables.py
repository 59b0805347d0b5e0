"""LAN-6 to LAN-8 hold for `reference.coding.lanes`."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.coding.ans import Message
from reference.coding.codecs import bernoulli, categorical, table
from reference.coding.lanes import (
    decode_bernoullis,
    decode_categoricals,
    decode_indexed,
    decode_static,
    default_lanes,
    encode_bernoullis,
    encode_categoricals,
    encode_indexed,
    encode_static,
)
from reference.errors import (
    DataError,
    FormatError,
    IntervalError,
    MessageExhausted,
    SymbolError,
)
from tests.lanes import (
    bernoulli_symbols,
    categorical_symbols,
    indexed_symbols,
    lane_counts,
    static_symbols,
    static_tables,
    words16,
)


def stream_of(codecs, symbols, lanes: int | None) -> list[int]:
    """LAN-2 and LAN-3 once more, with a dictionary of heads and one list of words."""
    count = default_lanes(len(symbols)) if lanes is None else lanes
    heads, words = dict.fromkeys(range(count), 1 << 16), []
    for i in range(len(symbols) - 1, -1, -1):
        m = codecs[i].push(Message(heads[i % count], ()), symbols[i])
        heads[i % count] = m.head
        words += m.words
    for lane in range(count):
        words += [heads[lane] & 0xFFFF, heads[lane] >> 16]
    return words


@pytest.mark.spec("LAN-6")
@given(static_symbols(), lane_counts)
@example(([65536], [0, 0]), 1)
@example(([0, 4], [1] * 70), 32)
def test_static(arguments, lanes) -> None:
    """Symbols with slots are coded by the table of these symbols alone, and come back."""
    freqs, symbols = arguments
    present = [s for s, freq in enumerate(freqs) if freq]
    codec = categorical([freqs[s] for s in present], w=16)
    words = encode_static(symbols, freqs, lanes=lanes)
    assert words == stream_of(
        [codec] * len(symbols), [present.index(s) for s in symbols], lanes
    )
    assert decode_static(words, freqs, len(symbols), lanes=lanes) == symbols


@pytest.mark.spec("LAN-4", "LAN-6")
@given(static_tables(), words16, st.integers(0, 90), lane_counts)
@example([2, 0], [0, 1], 1000, 1)
def test_any_words_are_a_stream_or_refused(freqs, words, count, lanes) -> None:
    try:
        symbols = decode_static(words, freqs, count, lanes=lanes)
    except (MessageExhausted, FormatError):
        return
    assert encode_static(symbols, freqs, lanes=lanes) == words


@pytest.mark.spec("LAN-6")
@pytest.mark.parametrize(
    ("symbols", "freqs", "error"),
    [
        ([1], [2, 0, 2], SymbolError),
        ([3], [2, 0, 2], SymbolError),
        ([-1], [2, 0, 2], SymbolError),
        ([], [], IntervalError),
        ([], [1], IntervalError),
        ([], [3, 4], IntervalError),
        ([], [-1, 5], IntervalError),
        ([], [2**17], IntervalError),
    ],
)
def test_static_refusals(symbols, freqs, error) -> None:
    with pytest.raises(error):
        encode_static(symbols, freqs)


@pytest.mark.spec("LAN-3", "LAN-6")
def test_negative_counts_are_refused() -> None:
    with pytest.raises(DataError, match="-1"):
        decode_static([0, 1], [2, 2], -1)


@pytest.mark.spec("LAN-7")
@given(indexed_symbols(), lane_counts)
def test_indexed(arguments, lanes) -> None:
    """In its table or not, a symbol comes back."""
    symbols, indices, tables, offsets = arguments
    words = encode_indexed(symbols, indices, tables, offsets, lanes=lanes)
    assert decode_indexed(words, indices, tables, offsets, lanes=lanes) == symbols


@pytest.mark.spec("LAN-7")
def test_indexed_by_hand() -> None:
    """Table 1 holds 10 and 11; -2 escapes it: its digits 0xFFFF and 0xFFFE, upper one on top.

    All heads are pushed from ``2**16`` on a single lane.
    """
    m = Message(1 << 16, ())
    tabled, wide = table((0, 1, 2, 4), w=16), table(tuple(range(2**16 + 1)), w=16)
    m = tabled.push(wide.push(wide.push(m, 0xFFFE), 0xFFFF), 2)
    m = tabled.push(m, 1)
    words = [*m.words, m.head & 0xFFFF, m.head >> 16]
    arguments = [1, 1], [[4], [1, 1, 2]], [0, 10]
    assert encode_indexed([11, -2], *arguments, lanes=1) == words
    assert decode_indexed(words, *arguments, lanes=1) == [11, -2]


@pytest.mark.spec("LAN-4", "LAN-7")
@given(indexed_symbols(), words16, lane_counts)
def test_any_words_are_an_indexed_stream_or_refused(arguments, words, lanes) -> None:
    _, indices, tables, offsets = arguments
    try:
        symbols = decode_indexed(words, indices, tables, offsets, lanes=lanes)
    except (MessageExhausted, FormatError):
        return
    assert encode_indexed(symbols, indices, tables, offsets, lanes=lanes) == words


@pytest.mark.spec("LAN-4", "LAN-7")
def test_an_escape_that_is_not_needed() -> None:
    """5 has slots in its table, so a stream that escapes to it is no stream."""
    wide = table(tuple(range(2**16 + 1)), w=16)
    m = wide.push(wide.push(Message(1 << 16, ()), 5), 0)
    m = table((0, 1, 4), w=16).push(m, 1)
    with pytest.raises(FormatError, match="an escape stands for 5"):
        decode_indexed([*m.words, m.head & 0xFFFF, m.head >> 16], [0], [[1, 3]], [5], lanes=1)


@pytest.mark.spec("LAN-7")
@pytest.mark.parametrize(
    ("symbols", "indices", "tables", "offsets", "error"),
    [
        ([0], [1], [[2, 2]], [0], DataError),
        ([0], [-1], [[2, 2]], [0], DataError),
        ([0], [], [[2, 2]], [0], DataError),
        ([0], [0], [[2, 2]], [0, 0], DataError),
        ([], [], [], [], DataError),
        ([0], [0], [[2, 2], [1, 1]], [0, 0], IntervalError),
        ([0], [0], [[2, 1]], [0], IntervalError),
        ([0], [0], [[2, 2]], [2**30 + 1], IntervalError),
        ([0], [0], [[*[0] * 2**16, 2]], [0], IntervalError),
        ([1], [0], [[4, 0]], [0], SymbolError),
        ([2**31], [0], [[2, 2]], [0], SymbolError),
        ([-(2**31) - 1], [0], [[2, 2]], [0], SymbolError),
    ],
)
def test_indexed_refusals(symbols, indices, tables, offsets, error) -> None:
    with pytest.raises(error):
        encode_indexed(symbols, indices, tables, offsets)


@pytest.mark.spec("LAN-8")
@given(bernoulli_symbols(), lane_counts)
def test_bernoullis(arguments, lanes) -> None:
    symbols, freqs, prec = arguments
    words = encode_bernoullis(symbols, freqs, prec, lanes=lanes)
    assert words == stream_of([bernoulli(f, prec, w=16) for f in freqs], symbols, lanes)
    assert decode_bernoullis(words, freqs, prec, lanes=lanes) == symbols


@pytest.mark.spec("LAN-8")
@given(categorical_symbols(), lane_counts)
def test_categoricals(arguments, lanes) -> None:
    symbols, rows = arguments
    words = encode_categoricals(symbols, rows, lanes=lanes)
    assert words == stream_of([categorical(row, w=16) for row in rows], symbols, lanes)
    assert decode_categoricals(words, rows, lanes=lanes) == symbols


@pytest.mark.spec("LAN-4", "LAN-8")
@given(bernoulli_symbols(), categorical_symbols(), words16, lane_counts)
def test_any_words_are_streams_of_rows_or_refused(bits, rows, words, lanes) -> None:
    for encode, decode, models in (
        (encode_bernoullis, decode_bernoullis, bits[1:]),
        (encode_categoricals, decode_categoricals, rows[1:]),
    ):
        try:
            symbols = decode(words, *models, lanes=lanes)
        except (MessageExhausted, FormatError):
            continue
        assert encode(symbols, *models, lanes=lanes) == words


@pytest.mark.spec("LAN-8")
@pytest.mark.parametrize(
    ("symbols", "freqs", "prec", "lanes", "error"),
    [
        ([2], [1], 4, 1, SymbolError),
        ([1], [0], 4, 1, IntervalError),
        ([1], [16], 4, 1, IntervalError),
        ([1], [1], 17, 1, IntervalError),
        ([1], [1], 0, 1, IntervalError),
        ([1], [1, 1], 4, 1, DataError),
        ([1], [1], 4, 0, DataError),
    ],
)
def test_bernoulli_refusals(symbols, freqs, prec, lanes, error) -> None:
    with pytest.raises(error):
        encode_bernoullis(symbols, freqs, prec, lanes=lanes)


@pytest.mark.spec("LAN-8")
@pytest.mark.parametrize(
    ("symbols", "freqs", "error"),
    [
        ([2], [[2, 2]], SymbolError),
        ([0], [[3, 2]], IntervalError),
        ([0], [[4, 0]], IntervalError),
        ([0, 0], [[2, 2], [4, 4]], IntervalError),
        ([0, 0], [[2, 2], [1, 1, 2]], IntervalError),
        ([0], [[2**17]], IntervalError),
        ([0, 1], [[2, 2]], DataError),
    ],
)
def test_categorical_refusals(symbols, freqs, error) -> None:
    with pytest.raises(error):
        encode_categoricals(symbols, freqs)
