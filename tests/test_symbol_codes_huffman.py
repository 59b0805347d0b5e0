"""SYM: Huffman's code is as short as whole digits allow, and its ties are settled."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import mpmath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.information import symbol_codes as sym
from reference.information.symbol_codes import Lengths
from tests.exact_probabilities import (
    counts,
    dyadic,
    exact,
    excess_digits,
    mean,
    radixes,
    weights,
)


def some(lengths: Lengths) -> list[int]:
    return [n for n in lengths if n is not None]


@pytest.mark.spec("SYM-6")
@pytest.mark.parametrize(
    ("p", "radix", "expect", "digits"),
    [
        ([0.25, 0.25, 0.2, 0.15, 0.15], 2, (2, 2, 2, 3, 3), 2.3),  # Cover, Thomas, 5.6.1
        ([0.25, 0.25, 0.2, 0.15, 0.15], 3, (1, 1, 2, 2, 2), 1.5),  # 5.6.2
        ([0.25, 0.25, 0.2, 0.1, 0.1, 0.1], 3, (1, 1, 2, 3, 3, 2), 1.7),  # 5.6.3, a dummy
        ([1 / 3, 1 / 3, 1 / 4, 1 / 12], 2, (2, 2, 2, 2), 2.0),  # section 5.7: or (1, 2, 3, 3)
        ([0.2, 0.4, 0.2, 0.1, 0.1], 2, (2, 2, 2, 3, 3), 2.2),  # or (2, 1, 3, 4, 4)
        ([0.5, 0.25, 0.125, 0.125], 2, (1, 2, 3, 3), 1.75),
        ([0.5, 0.5], 5, (1, 1), 1.0),
    ],
)
def test_huffman_known_answers(
    p: list[float], radix: int, expect: Lengths, digits: float
) -> None:
    lengths = sym.huffman_lengths(p, radix=radix)
    assert lengths == expect
    assert sym.expected_length(lengths, p) == pytest.approx(digits, rel=2**-50)
    assert sym.huffman_code(p, radix=radix) == sym.canonical_code(expect, radix=radix)


@pytest.mark.spec("SYM-6", "SYM-7")
@given(w=weights, radix=radixes)
@example(w=[5e-324, 1.0], radix=2)
@example(w=[1, 2**900, 2**899], radix=2)
def test_huffman_is_between_the_entropy_and_shannon(w: list[Any], radix: int) -> None:
    """H <= Huffman < H + 1, and Huffman <= Shannon; a binary code is complete."""
    p = exact(w)
    lengths = sym.huffman_lengths(w, radix=radix, normalize=True)
    assert [n is None for n in lengths] == [v == 0 for v in p]
    cost = mean(lengths, p)
    assert -(mpmath.mpf(10) ** -600) <= excess_digits(cost, p, radix) < 1
    assert cost <= mean(sym.shannon_lengths(w, radix=radix, normalize=True), p)
    # All dummies are in the first merge, so the longest level has at most radix - 2 gaps.
    gap = 1 - sym.kraft_sum(lengths, radix=radix)
    assert 0 <= gap <= Fraction(radix - 2, radix ** max(some(lengths)))


@pytest.mark.spec("SYM-7")
@given(data=st.data(), radix=radixes)
def test_huffman_reaches_the_entropy_of_powers(data: st.DataObject, radix: int) -> None:
    p = data.draw(dyadic(radix))
    lengths = sym.huffman_lengths(p, radix=radix)
    assert lengths == sym.shannon_lengths(p, radix=radix)
    for n, v in zip(lengths, p, strict=True):
        assert (v == 0) if n is None else v == Fraction(1, radix**n)


@cache
def complete_lengths(n: int, most: int, radix: int) -> tuple[tuple[int, ...], ...]:
    """All sorted lengths up to `most` of prefix codes of `n` symbols: every multiset."""

    def grow(left: int, least: int, room: Fraction) -> Iterator[tuple[int, ...]]:
        if left == 0:
            yield ()
            return
        for length in range(least, most + 1):
            part = Fraction(1, radix**length)
            if part <= room:
                yield from ((length, *r) for r in grow(left - 1, length, room - part))

    return tuple(grow(n, 0, Fraction(1)))


@pytest.mark.spec("SYM-6", "SYM-7")
@given(w=st.lists(st.integers(1, 12), min_size=1, max_size=6), radix=st.integers(2, 4))
def test_no_prefix_code_is_shorter(w: list[int], radix: int) -> None:
    """By trying all lengths; of the shortest codes, none has a lower maximum or sum."""
    lengths = sym.huffman_lengths(w, radix=radix, normalize=True)
    heavy = sorted(w, reverse=True)

    def cost(ls: tuple[int, ...]) -> int:
        return sum(v * n for v, n in zip(heavy, ls, strict=True))

    every = complete_lengths(len(w), max(len(w) - 1, 1), radix)
    least = min(map(cost, every))
    assert sum(v * n for v, n in zip(w, some(lengths), strict=True)) == least
    best = [ls for ls in every if cost(ls) == least]
    assert max(some(lengths)) == min(map(max, best))
    assert sum(some(lengths)) == min(map(sum, best))


@pytest.mark.spec("SYM-6")
@given(w=counts, radix=radixes, data=st.data())
def test_the_order_of_the_symbols_decides_ties_alone(
    w: list[int], radix: int, data: st.DataObject
) -> None:
    """Permuted, equally likely symbols share the same lengths, the longer ones first."""
    order = data.draw(st.permutations(range(len(w))))
    lengths = sym.huffman_lengths(w, radix=radix, normalize=True)
    moved = sym.huffman_lengths([w[i] for i in order], radix=radix, normalize=True)
    for value in set(w) - {0}:
        mine = [n or 0 for n, v in zip(lengths, w, strict=True) if v == value]
        theirs = [n or 0 for n, i in zip(moved, order, strict=True) if w[i] == value]
        assert sorted(mine) == sorted(theirs)
    for (v, n), (u, m) in product(zip(w, lengths, strict=True), repeat=2):
        if n is not None and m is not None and v > u:
            assert n <= m
    scaled = sym.huffman_lengths([3 * v for v in w], radix=radix, normalize=True)
    assert scaled == lengths


@pytest.mark.spec("SYM-6")
def test_ties_go_to_dummies_then_symbols_then_merged_nodes() -> None:
    assert sym.huffman_lengths([1, 1, 1], normalize=True) == (2, 2, 1)
    assert sym.huffman_lengths([1, 1, 2], normalize=True) == (2, 2, 1)
    assert sym.huffman_lengths([2, 1, 1], normalize=True) == (1, 2, 2)
    assert sym.huffman_lengths([1, 1, 2, 2], normalize=True) == (2, 2, 2, 2)
    assert sym.huffman_lengths([2, 2, 2, 1, 1], normalize=True) == (2, 2, 2, 3, 3)
    assert sym.huffman_lengths([1] * 6, normalize=True) == (3, 3, 3, 3, 2, 2)
    assert sym.huffman_lengths([1] * 4, radix=3, normalize=True) == (2, 2, 1, 1)
    assert sym.huffman_lengths([1] * 8, radix=3, normalize=True) == (2,) * 8


@pytest.mark.spec("SYM-6", "SYM-7")
def test_a_large_skewed_alphabet() -> None:
    """Fibonacci weights make the deepest tree; no float could hold these."""
    w = [1, 1]
    while len(w) < 300:
        w.append(w[-1] + w[-2])
    lengths = sym.huffman_lengths(w, normalize=True)
    assert max(some(lengths)) >= 298
    assert sym.kraft_sum(lengths) == 1
    assert sym.huffman_lengths([1] * 4096, normalize=True) == (12,) * 4096
