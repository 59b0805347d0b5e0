"""SYM: Kraft's sum, prefix-free codes, the canonical code, and what is rejected."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.information import symbol_codes as sym
from reference.information.symbol_codes import Lengths
from tests.exact_probabilities import radixes


@pytest.mark.spec("SYM-2")
@pytest.mark.parametrize(
    ("lengths", "radix", "expect"),
    [
        ((), 2, Fraction(0)),
        ((None, None), 2, Fraction(0)),
        ((0,), 2, Fraction(1)),
        ((1, 2, 3, 3), 2, Fraction(1)),
        ((1, None, 2), 3, Fraction(4, 9)),
        ((1, 1, 1), 2, Fraction(3, 2)),
        ((2000, 1), 2, Fraction(1, 2) + Fraction(1, 2**2000)),
        (tuple(np.array([70, 70])), 2, Fraction(1, 2**69)),
    ],
)
def test_kraft_sum(lengths: Lengths, radix: int, expect: Fraction) -> None:
    assert sym.kraft_sum(lengths, radix=radix) == expect


@pytest.mark.spec("SYM-2", "SYM-8")
@given(lengths=st.lists(st.one_of(st.none(), st.integers(0, 7)), max_size=12), radix=radixes)
def test_kraft_decides_whether_a_code_exists(lengths: list[int | None], radix: int) -> None:
    """Where the sum is at most 1 the canonical code is prefix free; else there is none."""
    if sym.kraft_sum(lengths, radix=radix) > 1:
        with pytest.raises(DistributionError, match="Kraft"):
            sym.canonical_code(lengths, radix=radix)
        return
    code = sym.canonical_code(lengths, radix=radix)
    assert [None if word is None else len(word) for word in code] == lengths
    assert sym.is_prefix_free(code)
    assert all(0 <= digit < radix for word in code if word is not None for digit in word)


@pytest.mark.spec("SYM-8")
@given(lengths=st.lists(st.one_of(st.none(), st.integers(1, 6)), max_size=9), radix=radixes)
def test_canonical_codewords_lie_side_by_side(lengths: list[int | None], radix: int) -> None:
    """By length, then by number, each begins where the one before ends, from 0 on."""
    if sym.kraft_sum(lengths, radix=radix) > 1:
        return
    code = sym.canonical_code(lengths, radix=radix)
    at = Fraction(0)
    for length, i in sorted((n, i) for i, n in enumerate(lengths) if n is not None):
        assert at == sum(Fraction(d, radix ** (k + 1)) for k, d in enumerate(code[i] or ()))
        at += Fraction(1, radix**length)


@pytest.mark.spec("SYM-8")
def test_canonical_code_of_rfc_1951() -> None:
    """Section 3.2.2: lengths (3, 3, 3, 3, 3, 2, 4, 4) of A to H."""
    code = sym.canonical_code((3, 3, 3, 3, 3, 2, 4, 4))
    assert ["".join(map(str, word or ())) for word in code] == (
        ["010", "011", "100", "101", "110", "00", "1110", "1111"]
    )
    assert sym.canonical_code(tuple(np.array([1, 70, 70]))) == sym.canonical_code((1, 70, 70))


@pytest.mark.spec("SYM-2")
@pytest.mark.parametrize(
    ("code", "free"),
    [
        (((0,), (1, 0), (1, 1)), True),
        (((0,), (0, 1), (1,)), False),
        (((1, 0), (0,), (1,)), False),
        (((0,), (0,)), False),
        (((), (0,)), False),
        (((),), True),
        (((), None), True),
        ((None, None), True),
        (((0, 0, 1), (0, 1), (0, 0, 0), (0, 0)), False),
    ],
)
def test_prefix_free(code: sym.Code, free: bool) -> None:
    assert sym.is_prefix_free(code) is free
    if not free:
        for use in (sym.encode_digits, lambda s, c: sym.decode_digits(s, c, 0)):
            with pytest.raises(DistributionError, match="begins another"):
                use((), code)


@pytest.mark.spec("SYM-2")
@pytest.mark.parametrize("radix", [1, 0, -2])
@pytest.mark.parametrize(
    "make",
    [
        lambda r: sym.kraft_sum((), radix=r),
        lambda r: sym.canonical_code((), radix=r),
        lambda r: sym.huffman_lengths([1], radix=r),
        lambda r: sym.shannon_lengths([1], radix=r),
        lambda r: sym.shannon_code([1], radix=r),
        lambda r: sym.redundancy_bits([0], [1], radix=r),
    ],
    ids=["kraft", "canonical", "huffman", "shannon lengths", "shannon code", "redundancy"],
)
def test_rejects_a_radix_without_a_choice(make: Callable[[int], object], radix: int) -> None:
    with pytest.raises(DistributionError, match="radix"):
        make(radix)


@pytest.mark.spec("SYM-2")
@pytest.mark.parametrize("length", [-1, 1.0, True, "1", math.nan])
@pytest.mark.parametrize("make", [sym.kraft_sum, sym.canonical_code])
def test_rejects_what_is_no_length(make: Callable[[Any], object], length: Any) -> None:
    with pytest.raises(DistributionError, match="length of codeword 1"):
        make((3, length))
