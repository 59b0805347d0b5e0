"""`fast.information.symbol_codes` writes and reads the bytes of the reference."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

import fast.information.symbol_codes as fast
import reference.information.symbol_codes as reference
from reference.errors import (
    DistributionError,
    FormatError,
    MessageExhausted,
    SpecError,
    SymbolError,
)

Lengths = list[int | None]
IMPLS = pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
LONG: Lengths = [*range(1, 100), 99]
"""Codewords beyond the decoder's table, a register and a piece of 32 bits."""
EDGES: Lengths = [1, 3, 12, 11, 10, 31, 32, 33, 64, 65, 70, 300, None]


@st.composite
def lengths_of_codes(draw: st.DrawFn) -> Lengths:
    """Lengths of binary prefix codes: complete and not, with gaps, short and long."""
    kind = draw(st.sampled_from(["huffman", "shannon", "long", "edges"]))
    if kind == "long":
        return draw(st.permutations(LONG))
    if kind == "edges":
        return draw(st.permutations(EDGES))
    exponent = st.integers(0, 40).map(lambda k: 2**k)
    w = draw(st.lists(st.one_of(st.integers(0, 9), exponent), min_size=1).filter(any))
    make = reference.huffman_lengths if kind == "huffman" else reference.shannon_lengths
    return list(make(w, normalize=True))


def outcome(read: Callable[..., Any], *args: Any) -> Any:
    """What is returned, as a tuple, or the class of the error."""
    try:
        return tuple(np.asarray(read(*args)).tolist())
    except SpecError as error:
        return type(error)


@pytest.mark.spec("SYM-8", "SYM-9", "SYM-10")
@given(lengths=lengths_of_codes(), data=st.data())
def test_bytes(lengths: Lengths, data: st.DataObject) -> None:
    """The same bytes, and what each writes, the other reads."""
    possible = [i for i, n in enumerate(lengths) if n is not None]
    symbols = data.draw(st.lists(st.sampled_from(possible), max_size=60))
    coded = fast.encode_bytes(symbols, lengths)
    assert coded == reference.encode_bytes(symbols, lengths)
    assert reference.decode_bytes(coded, lengths, len(symbols)) == tuple(symbols)
    decoded = fast.decode_bytes(coded, lengths, len(symbols))
    assert decoded.tolist() == symbols
    assert decoded.dtype == np.uint8


@pytest.mark.spec("SYM-9", "SYM-10")
@given(lengths=lengths_of_codes(), data=st.binary(max_size=20), count=st.integers(-1, 200))
@example(lengths=[None], data=b"", count=1)
@example(lengths=[None], data=b"", count=0)
@example(lengths=[], data=b"\x00", count=0)
@example(lengths=[0], data=b"", count=1000)
@example(lengths=[0], data=b"\x00", count=1)
@example(lengths=[1, 1], data=b"\x00", count=1)
@example(lengths=[1, 1], data=b"\x00\x00", count=8)
@example(lengths=[12], data=b"\x00", count=1).via("exhausted beyond the table")
@example(lengths=[3], data=b"\x07", count=3).via("undecodable at the last bit")
@example(lengths=[3], data=b"\x00", count=3).via("exhausted where the padding would decode")
def test_any_bytes(lengths: Lengths, data: bytes, count: int) -> None:
    """The same symbols, or the same error."""
    expected = outcome(reference.decode_bytes, data, lengths, count)
    assert outcome(fast.decode_bytes, data, lengths, count) == expected


@pytest.mark.spec("SYM-9", "SYM-10")
@pytest.mark.parametrize("n", [256, 257, 1000])
def test_a_large_alphabet(n: int) -> None:
    """Beyond 256 symbols they are 64-bit integers."""
    rng = np.random.default_rng(5)
    lengths = reference.huffman_lengths(rng.geometric(0.001, n), normalize=True)
    symbols = [*rng.integers(0, n, 2000).tolist(), n - 1]
    coded = fast.encode_bytes(symbols, lengths)
    assert coded == reference.encode_bytes(symbols, lengths)
    decoded = fast.decode_bytes(coded, lengths, len(symbols))
    assert decoded.tolist() == symbols
    assert decoded.dtype == (np.uint8 if n == 256 else np.int64)


@pytest.mark.spec("SYM-9", "SYM-10")
@pytest.mark.parametrize(
    "symbols", [[0, 255], np.arange(256), np.arange(256, dtype=np.uint8)[::-1]]
)
def test_all_bytes(symbols: Any) -> None:
    coded = fast.encode_bytes(symbols, [8] * 256)
    assert coded == bytes(np.asarray(symbols, np.uint8))
    assert fast.decode_bytes(coded, [8] * 256, len(symbols)).tolist() == list(symbols)


@pytest.mark.spec("SYM-2")
@IMPLS
@pytest.mark.parametrize(
    "lengths", [[0, 1], [1, 1, 1], [1, 2, 3, 3, 70], [-1], [1.0], [True], ["1"], [0, 0]]
)
def test_rejects_lengths_alike(impl: Any, lengths: Any) -> None:
    with pytest.raises(DistributionError):
        impl.encode_bytes([], lengths)
    with pytest.raises(DistributionError):
        impl.decode_bytes(b"", lengths, 0)


@pytest.mark.spec("SYM-9", "SYM-3")
@IMPLS
@pytest.mark.parametrize(
    "symbols", [[1], [-1], [0, 3], [2**70], [0.0], [True], ["0"], [[0]], 0, [-(2**40)], [256]]
)
def test_rejects_symbols_alike(impl: Any, symbols: Any) -> None:
    with pytest.raises(SymbolError):
        impl.encode_bytes(symbols, [1, None, 1])


@pytest.mark.spec("SYM-9", "SYM-10")
@IMPLS
@pytest.mark.parametrize(
    ("data", "count", "error"),
    [
        (b"", 1, MessageExhausted),
        (b"\x00", 9, MessageExhausted),
        (b"\x00", 2**62, MessageExhausted),
        (b"\x01", 7, FormatError),
        (b"\x00\x00", 8, FormatError),
        (b"\x60", 3, FormatError),
        (b"\x00", -1, FormatError),
    ],
    ids=[
        "empty",
        "cut",
        "huge count",
        "padding",
        "a byte too many",
        "undecodable",
        "negative",
    ],
)
def test_rejects_bytes_alike(
    impl: Any, data: bytes, count: int, error: type[Exception]
) -> None:
    """The code 0, 100, 101: no codeword begins with 11."""
    with pytest.raises(error):
        impl.decode_bytes(data, [1, 3, 3], count)


@pytest.mark.spec("SYM-10")
def test_kernels_from_compiled_code() -> None:
    """Encode and decode within one ``@njit`` function, with the arrays of the code."""
    encode, decode, measure = (
        fast.encode_bytes_kernel,
        fast.decode_bytes_kernel,
        fast.measure_kernel,
    )

    @njit  # type: ignore[untyped-decorator]
    def there_and_back(symbols, sizes, encoder, decoder, words, data):  # type: ignore[no-untyped-def]
        bits, _ = measure(symbols, sizes)
        written = encode(symbols, encoder[0], encoder[1], encoder[2], words)
        for i in range(words.size):
            for k in range(4):
                data[4 * i + k] = words[i] >> np.uint32(24 - 8 * k) & np.uint32(255)
        found = np.zeros_like(symbols)
        done = decode(data, written, decoder[0], decoder[1], found)
        return bits, written, done, found

    lengths = [1, 2, 3, 3]
    symbols = np.array([3, 0, 1, 2, 0, 0, 3] * 20, np.uint8)
    bits, written, done, found = there_and_back(
        symbols,
        np.array(lengths),
        tuple(fast.encoder_arguments(lengths)),
        tuple(fast.decoder_arguments(lengths)),
        np.zeros(10, np.uint32),
        np.zeros(48, np.uint8),
    )
    assert bits == written == done[1] == 20 * 14
    assert done[0] == len(symbols)
    assert done[2] == 0
    assert (found == symbols).all()
