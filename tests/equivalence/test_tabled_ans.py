"""`fast.coding.tabled_ans` writes and reads the bytes of the reference."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

import fast.coding.tabled_ans as fast
import reference.coding.tabled_ans as reference
from reference.errors import (
    FormatError,
    IntervalError,
    MessageExhausted,
    SpecError,
    SymbolError,
)
from tests.strategies import spreads

IMPLS = pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
LARGEST = tuple(range(2**16))
"""Every push of it moves 16 bits, all that a row can hold."""


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    """What is returned, as a tuple, or the class of the error."""
    try:
        return tuple(np.asarray(call(*args)).tolist())
    except SpecError as error:
        return type(error)


@pytest.mark.spec("TAN-4", "TAN-5", "TAN-12", "TAN-13")
@given(spread=spreads(10), data=st.data())
def test_bytes(spread: tuple[int, ...], data: st.DataObject) -> None:
    """The same bytes, and what each writes, the other reads."""
    symbols = data.draw(st.lists(st.sampled_from(spread), max_size=100))
    coded = fast.encode_tabled(symbols, spread)
    assert coded == reference.encode_tabled(symbols, spread)
    assert reference.decode_tabled(coded, spread, len(symbols)) == tuple(symbols)
    decoded = fast.decode_tabled(coded, spread, len(symbols))
    assert decoded.dtype == np.uint8
    assert decoded.tolist() == symbols


@pytest.mark.spec("TAN-1", "TAN-4", "TAN-5", "TAN-13")
@pytest.mark.parametrize(
    "spread",
    [LARGEST, (0,) * 2**16, tuple(range(256)), (*range(257), *range(255))],
    ids=["16 bits each", "no bits", "just bytes", "no bytes"],
)
def test_large_tables(spread: tuple[int, ...]) -> None:
    symbols = [spread[i * 40_503 % len(spread)] for i in range(300)]
    coded = fast.encode_tabled(symbols, spread)
    assert coded == reference.encode_tabled(symbols, spread)
    decoded = fast.decode_tabled(coded, spread, 300)
    assert decoded.dtype == (np.uint8 if max(spread) < 256 else np.uint16)
    assert decoded.tolist() == symbols


@pytest.mark.spec("TAN-4", "TAN-5")
@given(spread=spreads(7))
def test_every_head_and_symbol(spread: tuple[int, ...]) -> None:
    """A symbol at a time: the kernels leave the head and bits of push and pop."""
    table = reference.tabulate(spread)
    encoder = fast.tabled_encoder_arguments(spread)
    decoder = fast.tabled_decoder_arguments(spread)
    size, words = len(spread), np.empty(2, np.uint32)
    for head in range(size, 2 * size):
        for symbol in range(len(table.slots)):
            expected = reference.push(table, reference.BitMessage(head, ()), symbol)
            array = np.array([symbol], np.uint8)
            new, bits = fast.encode_tabled_kernel(array, np.uint64(head), *encoder, words)
            number = sum(bit << i for i, bit in enumerate(expected.bits))
            assert (int(new), int(bits), int(words[0])) == (
                expected.head,
                len(expected.bits),
                number,
            )
            out = np.empty(1, np.uint8)
            back = fast.decode_tabled_kernel(
                words, np.int64(bits), np.uint64(new), *decoder, out
            )
            assert tuple(map(int, back)) == (1, head, 0)
            assert out[0] == symbol


@pytest.mark.spec("TAN-12", "TAN-13")
@given(spread=spreads(), data=st.binary(max_size=20), count=st.integers(-1, 60))
@example(spread=(0, 0), data=b"\2", count=10**4).via("symbols without bits")
@example(spread=LARGEST, data=b"\0\0\1", count=0).via("the longest head, and nothing else")
@example(spread=LARGEST, data=b"\1\2\3\4\1", count=1).via("a head in three bytes")
@example(spread=(0, 1, 0, 0), data=b"8\0", count=4).via("a message, but for the last byte")
@example(spread=(0, 1) * 8, data=b"\x0f", count=0).via("too few bits for a head")
@example(spread=(0, 1), data=b"\2", count=-1).via("the empty message")
@example(spread=(0, 1), data=b"\xff" * 9, count=70).via("as many bits as there are")
@example(spread=(0, 1), data=b"\xff" * 9, count=71).via("one bit more")
def test_any_bytes(spread: tuple[int, ...], data: bytes, count: int) -> None:
    """Where one returns, both return the same; where one raises, both raise the same."""
    expected = outcome(reference.decode_tabled, data, spread, count)
    assert outcome(fast.decode_tabled, data, spread, count) == expected


@pytest.mark.spec("TAN-13")
@pytest.mark.parametrize("count", [63, 64, 65, 128, 1000])
def test_longer_than_a_piece(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces make no difference, and a count beyond any memory does no harm."""
    monkeypatch.setattr(fast, "PIECE", 64)
    spread = reference.precise_spread([37, 3, 16, 8])
    symbols = np.random.default_rng(count).choice(np.array(spread), count)
    coded = fast.encode_tabled(symbols, spread)
    assert np.array_equal(fast.decode_tabled(coded, spread, count), symbols)
    with pytest.raises(MessageExhausted):
        fast.decode_tabled(coded, spread, 10**18)
    with pytest.raises(FormatError):
        fast.decode_tabled(coded, spread, count - 1)


@pytest.mark.spec("TAN-1")
@IMPLS
@pytest.mark.parametrize(
    "spread",
    [
        *((), (0,), (0, 1, 0), (1, 1), (0, 2), (-1, 0), (0, 1.0), (0, 2**62), (0, 2**70)),
        *((0,) * 2**17, np.zeros((2, 2), np.int64)),
    ],
)
def test_rejects_spreads(impl: Any, spread: Any) -> None:
    with pytest.raises(IntervalError):
        impl.encode_tabled([0], spread)
    with pytest.raises(IntervalError):
        impl.decode_tabled(b"\2", spread, 0)


@pytest.mark.spec("TAN-4", "TAN-13")
@IMPLS
@pytest.mark.parametrize(
    "symbols", [[2], [-1], [2**70], [0.0], ["0"], np.zeros((2, 2), np.uint8), [256], [65536]]
)
def test_rejects_symbols(impl: Any, symbols: Any) -> None:
    with pytest.raises(SymbolError):
        impl.encode_tabled(symbols, (0, 1))


@pytest.mark.spec("TAN-13")
@IMPLS
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, ">i4"])
def test_arrays_do_as_well(impl: Any, dtype: str) -> None:
    """Of any integers, not contiguous, read-only."""
    symbols = np.array([0, 9, 1, 9, 0, 9, 0, 9], dtype)[::2]
    symbols.flags.writeable = False
    assert impl.encode_tabled(symbols, np.array([0, 1, 0, 0], dtype)) == b"8"


@njit
def encode_and_decode(symbols, heads, offsets, sizes, owners, rows, words):
    empty = np.uint64(rows.size)
    head, bits = fast.encode_tabled_kernel(symbols, empty, sizes, offsets, heads, words)
    out = np.empty_like(symbols)
    return out, fast.decode_tabled_kernel(words, bits, head, owners, rows, out)


@pytest.mark.spec("TAN-4", "TAN-5")
def test_called_from_compiled_code() -> None:
    """An importer codes blocks of bytes with arguments that it makes once."""
    freqs = [1 + 3840 * (i == 7) for i in range(256)]
    spread = reference.precise_spread(freqs)
    symbols = np.random.default_rng(0).choice(np.array(spread, np.uint8), 5000)
    sizes, offsets, heads = fast.tabled_encoder_arguments(spread)
    owners, rows = fast.tabled_decoder_arguments(spread)
    words = np.empty(5000 * 12 // 32 + 1, np.uint32)
    out, left = encode_and_decode(symbols, heads, offsets, sizes, owners, rows, words)
    assert np.array_equal(out, symbols)
    assert tuple(left) == (5000, 4096, 0)
