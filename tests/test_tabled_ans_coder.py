"""TAN-3 to TAN-5, TAN-9, TAN-12, TAN-13: messages of tabled ANS, and their bytes."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import tabled_ans as tan
from reference.coding.tabled_ans import BitMessage
from reference.errors import (
    FormatError,
    IntervalError,
    MessageExhausted,
    SymbolError,
)
from reference.information.symbol_codes import huffman_lengths
from tests.exact_probabilities import dyadic
from tests.strategies import spreads

stacks = st.lists(st.integers(0, 1), max_size=40).map(tuple)


@pytest.mark.spec("TAN-3")
def test_the_empty_message() -> None:
    assert [tan.empty(prec) for prec in (1, 16)] == [BitMessage(2, ()), BitMessage(65536, ())]


@pytest.mark.spec("TAN-4", "TAN-5", "TAN-9")
@given(spread=spreads(6), below=stacks)
def test_every_head_and_symbol(spread: tuple[int, ...], below: tuple[int, ...]) -> None:
    """Pop undoes push and push undoes pop, and a push moves the bits that it should."""
    table = tan.tabulate(spread)
    size = len(spread)
    for head in range(size, 2 * size):
        m = BitMessage(head, (*below, *(0, 1) * size))
        popped, symbol = tan.pop(table, m)
        assert size <= popped.head < 2 * size
        assert tan.push(table, popped, symbol) == m
        for symbol, slots in enumerate(table.slots):
            pushed = tan.push(table, BitMessage(head, below), symbol)
            assert pushed.head - size in slots
            assert tan.pop(table, pushed) == (BitMessage(head, below), symbol)
            moved = len(pushed.bits) - len(below)
            assert len(slots) << moved <= head < len(slots) << moved + 1
            ideal = table.prec - math.log2(len(slots))  # exact for powers of two
            assert moved in {math.floor(ideal), math.ceil(ideal)}


@pytest.mark.spec("TAN-9")
@given(p=dyadic(), data=st.data())
def test_powers_of_two_are_huffmans(p: list[Any], data: st.DataObject) -> None:
    """The bits of a symbol are those of its codeword, whatever the head and the spread."""
    p = [v for v in p if v]
    size = max(2, *(v.denominator for v in p))
    freqs = [int(v * size) for v in p]
    table = tan.tabulate(data.draw(st.permutations(tan.sorted_spread(freqs))))
    for head in range(size, 2 * size):
        moved = [len(tan.push(table, BitMessage(head, ()), s).bits) for s in range(len(p))]
        assert tuple(moved) == huffman_lengths(p)


@pytest.mark.spec("TAN-5")
@given(data=st.data())
def test_tables_take_turns(data: st.DataObject) -> None:
    """Any tables of one precision, on one message, pop in reverse what they pushed."""
    prec = data.draw(st.integers(1, 6))
    made = data.draw(st.lists(spreads(prec, prec), max_size=8))
    m, pushed = tan.empty(prec), []
    for table in map(tan.tabulate, made):
        symbol = data.draw(st.integers(0, len(table.slots) - 1))
        m = tan.push(table, m, symbol)
        pushed.append((table, symbol))
    for table, symbol in reversed(pushed):
        m, popped = tan.pop(table, m)
        assert popped == symbol
    assert m == tan.empty(prec)


@pytest.mark.spec("TAN-4")
@pytest.mark.parametrize("symbol", [-1, 2, 2**70])
def test_rejects_symbols_without_slots(symbol: int) -> None:
    with pytest.raises(SymbolError, match="outside"):
        tan.push(tan.tabulate((0, 1)), tan.empty(1), symbol)


@pytest.mark.spec("TAN-3")
@pytest.mark.parametrize("head", [-5, 0, 3, 8])
def test_rejects_other_heads(head: int) -> None:
    table = tan.tabulate((0, 1, 0, 0))
    with pytest.raises(IntervalError, match="head"):
        tan.push(table, BitMessage(head, ()), 0)
    with pytest.raises(IntervalError, match="head"):
        tan.pop(table, BitMessage(head, (0, 0)))


@pytest.mark.spec("TAN-5")
@given(spread=spreads(5), bits=stacks)
def test_exhaustion_is_an_error(spread: tuple[int, ...], bits: tuple[int, ...]) -> None:
    """Whether a pop runs out is a matter of how many bits its symbol had."""
    table = tan.tabulate(spread)
    for slot, (symbol, rest) in enumerate(table.owners):
        lower = len(table.slots[symbol]) + rest
        wanted = table.prec + 1 - lower.bit_length()
        m = BitMessage(len(spread) + slot, bits[:wanted])
        if len(m.bits) < wanted:
            with pytest.raises(MessageExhausted):
                tan.pop(table, m)
        else:
            assert len(tan.pop(table, m)[0].bits) == 0


# Bytes


@pytest.mark.spec("TAN-12")
@given(prec=st.integers(1, 16), data=st.data())
def test_bytes_are_messages(prec: int, data: st.DataObject) -> None:
    """Every message has bytes of its own; in binary they are the head and then the bits."""
    head = data.draw(st.integers(2**prec, 2 ** (prec + 1) - 1))
    m = BitMessage(head, data.draw(stacks))
    packed = tan.pack(m)
    assert tan.unpack(packed, prec) == m
    text = f"{head:b}" + "".join(map(str, reversed(m.bits)))
    padded = "0" * (-len(text) % 8) + text
    assert "".join(f"{byte:08b}" for byte in reversed(packed)) == padded


@pytest.mark.spec("TAN-12")
@given(data=st.binary(max_size=6), prec=st.integers(1, 16))
def test_messages_are_bytes(data: bytes, prec: int) -> None:
    """What is not refused has no other bytes; what is refused has no head at its end."""
    try:
        m = tan.unpack(data, prec)
    except FormatError:
        bits = "".join(f"{byte:08b}" for byte in reversed(data))
        assert not bits or bits.startswith("0" * 8) or len(bits.lstrip("0")) <= prec
    else:
        assert tan.pack(m) == data


@pytest.mark.spec("TAN-12")
def test_bytes_known_answer() -> None:
    """The head 101 above the bits 1, 0, 0, 1, 1, 1, the last of them on top: 1 01111001."""
    assert tan.pack(BitMessage(5, (1, 0, 0, 1, 1, 1))) == bytes([0b01111001, 0b1])
    assert tan.unpack(b"\x01", 0) == BitMessage(1, ())


@pytest.mark.spec("TAN-12")
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\0", b"\x0f"])
def test_rejects_bytes(data: bytes) -> None:
    with pytest.raises(FormatError, match="head of 5 bits"):
        tan.unpack(data, 4)


@pytest.mark.spec("TAN-13", "TAN-4", "TAN-5")
@given(spread=spreads(), data=st.data())
def test_decoding_undoes_encoding(spread: tuple[int, ...], data: st.DataObject) -> None:
    symbols = tuple(data.draw(st.lists(st.sampled_from(spread), max_size=60)))
    coded = tan.encode_tabled(symbols, spread)
    assert tan.decode_tabled(coded, spread, len(symbols)) == symbols
    m, table = tan.empty(len(spread).bit_length() - 1), tan.tabulate(spread)
    for symbol in reversed(symbols):
        m = tan.push(table, m, symbol)
    assert coded == tan.pack(m)


@pytest.mark.spec("TAN-13")
@given(spread=spreads(), data=st.binary(max_size=8), count=st.integers(0, 40))
def test_any_bytes_decode_or_are_refused(
    spread: tuple[int, ...], data: bytes, count: int
) -> None:
    """And what decodes has no other bytes."""
    try:
        symbols = tan.decode_tabled(data, spread, count)
    except (FormatError, MessageExhausted):
        pass
    else:
        assert tan.encode_tabled(symbols, spread) == data


@pytest.mark.spec("TAN-13")
@pytest.mark.parametrize(
    ("data", "count", "error"),
    [
        (b"8", 3, FormatError),
        (b"8", 0, FormatError),
        (b"\4", 1, MessageExhausted),
        (b"\6", 0, FormatError),
        (b"\4", -1, FormatError),
        (b"\x38\0", 4, FormatError),
    ],
    ids=["a head left", "all left", "none left", "no symbols, another head", "-1", "longer"],
)
def test_rejects_messages(data: bytes, count: int, error: type[Exception]) -> None:
    """The message 8 is that of the example in SPEC.md, of four symbols."""
    spread = tan.precise_spread([3, 1])
    assert tan.decode_tabled(b"8", spread, 4) == (0, 1, 0, 0)
    assert tan.decode_tabled(b"\4", spread, 0) == ()
    with pytest.raises(error):
        tan.decode_tabled(data, spread, count)


@pytest.mark.spec("TAN-13")
def test_rejects_bits_that_are_left() -> None:
    """The empty head is not enough."""
    with pytest.raises(FormatError, match="head 2 and 1 bits"):
        tan.decode_tabled(tan.pack(BitMessage(2, (1,))), (0, 1), 0)


@pytest.mark.spec("TAN-13", "TAN-4")
@pytest.mark.parametrize("symbols", [[2], [-1], [0.0], ["0"], np.zeros((2, 2), np.uint8)])
def test_rejects_symbols(symbols: Any) -> None:
    with pytest.raises(SymbolError):
        tan.encode_tabled(symbols, (0, 1))


@pytest.mark.spec("TAN-13")
def test_arrays_do_as_well() -> None:
    spread = tan.precise_spread([3, 1])
    assert tan.encode_tabled(np.array([0, 1, 0, 0], np.uint8), spread) == b"8"  # type: ignore[arg-type]
