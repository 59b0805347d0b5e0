"""SYM: Shannon's code has the least whole numbers of digits above the surprisals."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from reference.information import symbol_codes as sym
from tests.exact_probabilities import exact, excess_digits, mean, radixes, weights


@pytest.mark.spec("SYM-4", "SYM-5", "SYM-7")
@given(w=weights, radix=radixes)
def test_shannon(w: list[Any], radix: int) -> None:
    """The least whole numbers of digits, and a prefix code with them."""
    lengths = sym.shannon_lengths(w, radix=radix, normalize=True)
    p = exact(w)
    for v, n in zip(p, lengths, strict=True):
        assert (n is None) == (v == 0)
        if n is not None:
            assert Fraction(1, radix**n) <= v
            assert n == 0 or Fraction(1, radix ** (n - 1)) > v
    code = sym.shannon_code(w, radix=radix, normalize=True)
    assert tuple(None if word is None else len(word) for word in code) == lengths
    assert sym.is_prefix_free(code)
    likelier = Fraction(0)
    for i in sorted(range(len(p)), key=lambda i: (-p[i], i)):
        if (word := code[i]) is not None:
            value = sum(Fraction(d, radix ** (k + 1)) for k, d in enumerate(word))
            assert value <= likelier < value + Fraction(1, radix ** len(word))
        likelier += p[i]
    assert excess_digits(mean(lengths, p), p, radix) < 1


@pytest.mark.spec("SYM-5")
def test_shannon_of_cover_and_thomas() -> None:
    """Their problem 5.28: p = 0.5, 0.25, 0.125, 0.125; and its order is that of p."""
    p = [0.125, 0.5, 0.25, 0.125]
    assert sym.shannon_code(p) == ((1, 1, 0), (0,), (1, 0), (1, 1, 1))
    assert sym.shannon_lengths([0.9, 0.1]) == (1, 4)
