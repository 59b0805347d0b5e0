"""SYM: messages as digits and as bytes are decodable, and damaged ones are noticed."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import FormatError, MessageExhausted, SymbolError
from reference.information import symbol_codes as sym
from reference.information.symbol_codes import Codeword
from tests.exact_probabilities import counts, radixes, weights


@st.composite
def codes(draw: st.DrawFn) -> tuple[sym.Code, int]:
    """Prefix codes of several makes, and their radix."""
    w, radix = draw(weights), draw(radixes)
    make: Callable[..., sym.Code] = draw(st.sampled_from([sym.huffman_code, sym.shannon_code]))
    return make(w, radix=radix, normalize=True), radix


@pytest.mark.spec("SYM-9")
@given(made=codes(), data=st.data())
def test_decoding_undoes_encoding(made: tuple[sym.Code, int], data: st.DataObject) -> None:
    code, _ = made
    possible = [i for i, word in enumerate(code) if word is not None]
    symbols = tuple(data.draw(st.lists(st.sampled_from(possible), max_size=40)))
    digits = sym.encode_digits(symbols, code)
    assert len(digits) == sum(len(code[s] or ()) for s in symbols)
    assert sym.decode_digits(digits, code, len(symbols)) == symbols


@pytest.mark.spec("SYM-9")
@given(made=codes(), data=st.data())
def test_a_cut_message_is_exhausted(made: tuple[sym.Code, int], data: st.DataObject) -> None:
    code, _ = made
    possible = [i for i, word in enumerate(code) if word]
    if not possible:
        return
    symbols = tuple(data.draw(st.lists(st.sampled_from(possible), min_size=1, max_size=9)))
    digits = sym.encode_digits(symbols, code)
    cut = data.draw(st.integers(0, len(digits) - 1))
    with pytest.raises(MessageExhausted):
        sym.decode_digits(digits[:cut], code, len(symbols))
    with pytest.raises(FormatError, match="left"):
        sym.decode_digits(digits, code, len(symbols) - 1)


@pytest.mark.spec("SYM-9")
@given(made=codes(), data=st.data())
def test_a_complete_code_decodes_anything(
    made: tuple[sym.Code, int], data: st.DataObject
) -> None:
    """With Kraft's sum 1, any digits are codewords but for their end; and back again."""
    code, radix = made
    lengths = [None if word is None else len(word) for word in code]
    if sym.kraft_sum(lengths, radix=radix) != 1 or 0 in lengths:
        return
    digits = tuple(data.draw(st.lists(st.integers(0, radix - 1), max_size=30)))
    count = 0
    while True:
        try:
            found = sym.decode_digits(digits, code, count)
        except FormatError:
            count += 1
        except MessageExhausted:
            break
        else:
            assert sym.encode_digits(found, code) == digits
            break


CODE: sym.Code = ((0,), None, (1, 0, 0), (1, 0, 1))
"""Incomplete: no codeword begins with 1, 1."""


@pytest.mark.spec("SYM-9")
@pytest.mark.parametrize(
    ("digits", "count", "error"),
    [
        ((1, 1), 1, FormatError),
        ((0, 1, 1, 0, 0), 3, FormatError),
        ((2,), 1, FormatError),
        ((1,), 1, MessageExhausted),
        ((), 1, MessageExhausted),
        ((0, 1, 0), 2, MessageExhausted),
        ((0, 0), 1, FormatError),
        ((0,), 0, FormatError),
        ((), -1, FormatError),
    ],
)
def test_rejects_undecodable_digits(
    digits: Codeword, count: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        sym.decode_digits(digits, CODE, count)


@pytest.mark.spec("SYM-9", "SYM-3")
@pytest.mark.parametrize("symbol", [1, 4, -1, 2**70])
def test_rejects_a_symbol_without_a_codeword(symbol: int) -> None:
    with pytest.raises(SymbolError, match="codeword"):
        sym.encode_digits([0, symbol], CODE)


@pytest.mark.spec("SYM-9")
def test_no_codewords_at_all() -> None:
    assert sym.decode_digits((), (None,), 0) == ()
    with pytest.raises(FormatError):
        sym.decode_digits((), (None,), 1)


# Bytes: tests/equivalence/test_symbol_codes.py does the same to the twin


@pytest.mark.spec("SYM-10")
@given(w=counts, data=st.data())
def test_bytes_are_the_digits(w: list[int], data: st.DataObject) -> None:
    lengths = sym.huffman_lengths(w, normalize=True)
    possible = [i for i, n in enumerate(lengths) if n is not None]
    symbols = tuple(data.draw(st.lists(st.sampled_from(possible), max_size=40)))
    digits = sym.encode_digits(symbols, sym.canonical_code(lengths))
    coded = sym.encode_bytes(symbols, lengths)
    text = "".join(map(str, digits))
    assert "".join(f"{byte:08b}" for byte in coded) == text + "0" * (-len(text) % 8)
    assert sym.decode_bytes(coded, lengths, len(symbols)) == symbols
    assert sym.encode_bytes(np.array(symbols, np.uint8), lengths) == coded


@pytest.mark.spec("SYM-10")
def test_bytes_known_answer() -> None:
    """The code 0, 10, 110, 111: a byte and three bits."""
    assert sym.encode_bytes([3, 0, 1, 2, 0, 0], (1, 2, 3, 3)) == bytes(
        [0b11101011, 0b00000000]
    )
    assert sym.encode_bytes([3, 0, 1, 3], (1, 2, 3, 3)) == bytes([0b11101011, 0b10000000])
