"""SYM: probabilities are exact integer weights; those of 0 and of 1, and what is none."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from reference.errors import DistributionError
from reference.information import symbol_codes as sym
from reference.information.symbol_codes import Lengths
from tests.exact_probabilities import exact, weights


@pytest.mark.spec("SYM-1")
@given(w=weights)
def test_weights_are_in_the_exact_ratio(w: list[Any]) -> None:
    found = sym.integer_weights(w, normalize=True)
    assert [Fraction(v, sum(found)) for v in found] == exact(w)
    assert math.gcd(*found) == 1
    assert all(type(v) is int for v in found)


@pytest.mark.spec("SYM-1")
@pytest.mark.parametrize(
    "p",
    [
        [0.5, 0.5],
        (Fraction(1, 2), Fraction(1, 2)),
        np.array([0.5, 0.5]),
        np.array([0.5, 0.5], np.float32),
        [np.float32(0.5), 0.5],
    ],
)
def test_the_same_probabilities(p: Any) -> None:
    assert sym.integer_weights(p) == (1, 1)
    assert sym.integer_weights(np.array([2**62, 2**62], np.int64), normalize=True) == (1, 1)
    assert sym.integer_weights([0.5, 0.5 + 2**-17]) == (2**16, 2**16 + 1)


@pytest.mark.spec("SYM-1")
@pytest.mark.parametrize(
    "p",
    [
        [],
        [math.nan, 1.0],
        [math.inf],
        [-0.5, 1.5],
        [True],
        np.array([True]),
        ["1"],
        [1 + 0j],
        [None],
        0.5,
        np.float64(1.0),
        np.eye(2),
        [[0.5, 0.5]],
        np.array([1], np.longdouble) / 3 * 3 if np.finfo(np.longdouble).nmant > 52 else [-1],
        [0.5, 0.5 + 2**-15],
        [0.5],
        [2, 6],
        [0.0, 0.0],
    ],
)
@pytest.mark.parametrize(
    "make", [sym.integer_weights, sym.huffman_lengths, sym.shannon_lengths, sym.shannon_code]
)
def test_rejects_what_is_no_distribution(make: Callable[[Any], object], p: Any) -> None:
    with pytest.raises(DistributionError):
        make(p)


@pytest.mark.spec("SYM-1", "SYM-11")
def test_rejects_what_cannot_be_normalised_or_does_not_fit() -> None:
    for bad in ([0, 0], [-1, 2], [math.inf, 1]):
        with pytest.raises(DistributionError):
            sym.huffman_lengths(bad, normalize=True)
    for lengths in ((1,), (1, 1, 1), (1, -1), (1, 1.0)):
        with pytest.raises(DistributionError):
            sym.expected_length(lengths, [0.5, 0.5])  # type: ignore[arg-type]
    for lengths in ((0, 1), (1, 1, 1)):
        with pytest.raises(DistributionError):
            sym.redundancy_bits(lengths, [0.5, 0.5])


@pytest.mark.spec("SYM-3")
@pytest.mark.parametrize("lengths", [sym.huffman_lengths, sym.shannon_lengths])
def test_impossible_and_certain_symbols(lengths: Callable[..., Lengths]) -> None:
    assert lengths([1]) == (0,)
    assert lengths([0, 1.0, 0.0]) == (None, 0, None)
    assert lengths([0.5, 0, 0.5]) == (1, None, 1)
    assert sym.expected_length((0, None), [1, 0]) == 0
    assert sym.encode_digits([1] * 9, sym.huffman_code([0, 1])) == ()
    assert sym.decode_digits((), sym.huffman_code([0, 1]), 9) == (1,) * 9
    assert sym.encode_bytes([1] * 9, (None, 0)) == b""
    assert sym.decode_bytes(b"", (None, 0), 9) == (1,) * 9
