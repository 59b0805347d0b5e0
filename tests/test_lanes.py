"""LAN-1 to LAN-5, LAN-12: messages of several lanes, whatever the codecs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import codecs
from reference.coding.ans import EMPTY, Message
from reference.coding.lanes.message import (
    Lanes,
    decode,
    default_lanes,
    empty_lanes,
    encode,
    lanes_from_stream,
    lanes_to_stream,
    pop_lanes,
    push_lanes,
)
from reference.errors import DataError, FormatError, MessageExhausted, SymbolError

widths = st.sampled_from([16, 32])


@st.composite
def lanes_messages(draw: st.DrawFn, w: int) -> Lanes:
    """Messages of 1 to 9 lanes (LAN-1), shrinking to an empty one of one lane."""
    heads = draw(st.lists(st.integers(2**w, 2 ** (2 * w) - 1), min_size=1, max_size=9))
    return Lanes(tuple(heads), tuple(draw(st.lists(st.integers(0, 2**w - 1), max_size=20))))


@st.composite
def coded(draw: st.DrawFn, w: int) -> list[tuple[list[int], int]]:
    """Tables of up to ``w`` bits, given by their frequencies, and a symbol of each."""
    rows = []
    for _ in range(draw(st.integers(0, 30))):
        prec = draw(st.integers(1, w))
        freq = draw(st.integers(1, 2**prec - 1))
        rows.append(([freq, 2**prec - freq], draw(st.integers(0, 1))))
    return rows


def models(rows: list[tuple[list[int], int]], w: int) -> list[codecs.Codec[int]]:
    return [codecs.categorical(freqs, w=w) for freqs, _ in rows]


@pytest.mark.spec("LAN-1")
@given(w=widths, lanes=st.integers(1, 99))
def test_the_empty_message(w: int, lanes: int) -> None:
    assert empty_lanes(lanes, w) == Lanes((2**w,) * lanes, ())


@pytest.mark.spec("LAN-1")
@pytest.mark.parametrize("lanes", [0, -1])
def test_no_lane_is_refused(lanes: int) -> None:
    with pytest.raises(DataError, match=f"{lanes} lanes"):
        empty_lanes(lanes, 16)
    with pytest.raises(DataError, match=f"{lanes} lanes"):
        encode([], [], lanes, 16)
    with pytest.raises(DataError, match=f"{lanes} lanes"):
        decode([], [], lanes, 16)


@pytest.mark.spec("LAN-2")
@given(w=widths, data=st.data())
def test_push_and_pop_undo_each_other(w: int, data: st.DataObject) -> None:
    """On any message that holds enough: decoding what nobody has encoded can be undone."""
    m, rows = data.draw(lanes_messages(w)), data.draw(coded(w))
    symbols = [symbol for _, symbol in rows]
    pushed = push_lanes(m, models(rows, w), symbols)
    assert all(2**w <= head < 2 ** (2 * w) for head in pushed.heads)
    assert all(0 <= word < 2**w for word in pushed.words)
    assert pop_lanes(pushed, models(rows, w)) == (m, symbols)
    try:
        rest, popped = pop_lanes(m, models(rows, w))
    except MessageExhausted:
        return
    assert push_lanes(rest, models(rows, w), popped) == m


@pytest.mark.spec("LAN-2")
@given(w=widths, data=st.data())
def test_a_head_is_that_of_its_own_symbols(w: int, data: st.DataObject) -> None:
    """Lane k holds symbols k, k + K, ... as a message of ANS does, but for the words."""
    m, rows = data.draw(lanes_messages(w)), data.draw(coded(w))
    pushed = push_lanes(m, models(rows, w), [symbol for _, symbol in rows])
    lanes, count = len(m.heads), len(m.words)
    for k, head in enumerate(m.heads):
        alone = Message(head, ())
        for (_, symbol), model in reversed(
            list(zip(rows[k::lanes], models(rows, w)[k::lanes], strict=True))
        ):
            alone = model.push(alone, symbol)
        assert pushed.heads[k] == alone.head
        count += len(alone.words)
    assert len(pushed.words) == count


@pytest.mark.spec("LAN-2")
@given(rows=coded(32))
def test_one_wide_lane_is_a_message(rows: list[tuple[list[int], int]]) -> None:
    """And its message is that of the product of the codecs (COD-6)."""
    symbols = [symbol for _, symbol in rows]
    m = codecs.product(models(rows, 32)).push(EMPTY, tuple(symbols))
    assert push_lanes(empty_lanes(1, 32), models(rows, 32), symbols) == Lanes(
        (m.head,), m.words
    )


@pytest.mark.spec("LAN-2", "LAN-3")
def test_order_of_words() -> None:
    """Two lanes of 16 bits, and symbols of 16 bits: each moves its lane's head out."""
    digit = codecs.uniform(2**16, 16, w=16)
    symbols = [11, 22, 33, 44, 55]
    # symbol 4 is pushed first, on lane 0: the head 2**16 + 55 stays, and so on
    m = push_lanes(empty_lanes(2, 16), [digit] * 5, symbols)
    assert m.words == (0, 0, 55, 44, 33)
    assert m.heads == ((1 << 16) + 11, (1 << 16) + 22)
    assert lanes_to_stream(m, 16) == [0, 0, 55, 44, 33, 11, 1, 22, 1]


@pytest.mark.spec("LAN-3")
@given(w=widths, data=st.data())
def test_streams_and_messages(w: int, data: st.DataObject) -> None:
    m = data.draw(lanes_messages(w))
    stream = lanes_to_stream(m, w)
    assert len(stream) == len(m.words) + 2 * len(m.heads)
    assert lanes_from_stream(stream, len(m.heads), w) == m


@pytest.mark.spec("LAN-4")
@given(w=widths, lanes=st.integers(1, 5), data=st.data())
def test_any_words_are_the_stream_of_what_they_decode_to(
    w: int, lanes: int, data: st.DataObject
) -> None:
    """Often such a stream, cut or with a word changed or added."""
    rows = data.draw(coded(w))
    words = encode(models(rows, w), [symbol for _, symbol in rows], lanes, w)
    word = st.integers(-1, 2**w)
    match data.draw(st.sampled_from(["cut", "change", "add", "random"])):
        case "cut":
            words = words[data.draw(st.integers(0, len(words))) :]
        case "change":
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(word)
        case "add":
            words.insert(data.draw(st.integers(0, len(words))), data.draw(word))
        case "random":
            words = data.draw(st.lists(word, max_size=20))
    try:
        symbols = decode(words, models(rows, w), lanes, w)
    except (FormatError, MessageExhausted):
        return
    assert encode(models(rows, w), symbols, lanes, w) == words


@pytest.mark.spec("LAN-4")
@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ([], FormatError, "too few"),
        ([0, 1, 0], FormatError, "too few"),
        ([0, 1, 0, 2**16], FormatError, "65536 is no word"),
        ([-1, 0, 1, 0, 1], FormatError, "-1 is no word"),
        ([0, 1, 5, 0], FormatError, "head 5 "),
        ([0, 1, 0, 1], MessageExhausted, "no word"),
        ([7, 0, 1, 9, 1], FormatError, "more than 1"),
        ([0, 9, 1, 0, 2], FormatError, "more than 1"),
    ],
)
def test_what_is_no_stream(words: list[int], error: type[Exception], says: str) -> None:
    """Of one symbol of 16 bits on two lanes."""
    digit = codecs.uniform(2**16, 16, w=16)
    assert decode([0, 9, 1, 0, 1], [digit], 2, 16) == [9]
    with pytest.raises(error, match=says):
        decode(words, [digit], 2, 16)


@pytest.mark.spec("LAN-2")
def test_as_many_symbols_as_models() -> None:
    digit = codecs.uniform(4, 2, w=16)
    with pytest.raises(DataError, match="2 symbols and 1 models"):
        encode([digit], [0, 0], 1, 16)
    with pytest.raises(SymbolError):
        encode([digit], [4], 1, 16)


@pytest.mark.spec("LAN-5")
@pytest.mark.parametrize(
    ("count", "lanes"),
    [(0, 1), (2**14 - 1, 1), (2**14, 32), (2**18 - 1, 32), (2**18, 64), (2**30, 64)],
)
def test_number_of_lanes(count: int, lanes: int) -> None:
    assert default_lanes(count) == lanes


@pytest.mark.spec("LAN-5")
@pytest.mark.parametrize("count", [0, 5, 2**14 - 1, 2**14])
def test_streams_have_the_default_lanes(count: int) -> None:
    bit = codecs.uniform(2, 1, w=16)
    words = encode([bit] * count, [1] * count, None, 16)
    assert words == encode([bit] * count, [1] * count, default_lanes(count), 16)
    assert decode(words, [bit] * count, None, 16) == [1] * count


@pytest.mark.spec("LAN-12")
@given(w=widths, lanes=st.integers(1, 9), data=st.data())
def test_size(w: int, lanes: int, data: st.DataObject) -> None:
    """Precisions of up to w - 4 bits; at w, the bound of a rounding is infinite."""
    rows = [r for r in data.draw(coded(w)) if sum(r[0]) <= 2 ** (w - 4)]
    symbols = [symbol for _, symbol in rows]
    bound = 2.0 * lanes * w
    for freqs, symbol in rows:
        freq, prec = freqs[symbol], sum(freqs).bit_length() - 1
        least = freq * 2 ** (w - prec)
        bound += prec - math.log2(freq) + math.log2(math.e) * (freq + 1) / (least - freq)
    assert w * len(encode(models(rows, w), symbols, lanes, w)) <= bound + 1e-9
