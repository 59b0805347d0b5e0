"""SYM: codes are decodable, as short as whole digits allow, and exact in every length."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise, permutations, product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.coding import ans
from reference.errors import (
    DistributionError,
    FormatError,
    MessageExhausted,
    SymbolError,
)
from reference.information import symbol_codes as sym
from reference.information.symbol_codes import Codeword, Lengths
from tests.strategies import frequencies

radixes = st.integers(2, 5)
counts = st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any)
"""Integers that are probabilities once normalised, with zeros and ties."""
weights = st.one_of(
    counts,
    st.lists(st.one_of(st.just(5e-324), st.floats(0, 1)), min_size=1, max_size=20).filter(any),
)


@st.composite
def dyadic(draw: st.DrawFn, radix: int = 2) -> list[Fraction]:
    """Probabilities that are powers of ``1 / radix``, made by splitting; some are 0."""
    lengths = [0]
    for _ in range(draw(st.integers(0, 6))):
        lengths += [lengths.pop(draw(st.integers(0, len(lengths) - 1))) + 1] * radix
    p = [Fraction(1, radix**length) for length in lengths]
    return draw(st.permutations(p + [Fraction(0)] * draw(st.integers(0, 2))))


def exact(w: list[Any]) -> list[Fraction]:
    """The probabilities that the weights stand for (SYM-1)."""
    numbers = [Fraction(v) for v in w]
    return [v / sum(numbers) for v in numbers]


def mean(lengths: Lengths, p: list[Fraction]) -> Fraction:
    return sum((v * n for v, n in zip(p, lengths, strict=True) if n), Fraction(0))


def excess_digits(cost: Fraction, p: list[Fraction], radix: int = 2) -> mpmath.mpf:
    """The cost less the entropy, to digits enough for any binary64 probability."""
    with mpmath.workdps(700):
        terms = (mpmath.mpf(v.numerator) / v.denominator for v in p if v)
        logs = mpmath.fsum(v * mpmath.log(v, radix) for v in terms)
        return mpmath.mpf(cost.numerator) / cost.denominator + logs


def some(lengths: Lengths) -> list[int]:
    return [n for n in lengths if n is not None]


@st.composite
def codes(draw: st.DrawFn) -> tuple[sym.Code, int]:
    """Prefix codes of several makes, and their radix."""
    w, radix = draw(weights), draw(radixes)
    make: Callable[..., sym.Code] = draw(st.sampled_from([sym.huffman_code, sym.shannon_code]))
    return make(w, radix=radix, normalize=True), radix


# Probabilities


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


# Codes


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


# Shannon


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


# Huffman


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


# Messages


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


# What a code costs


@pytest.mark.spec("SYM-11")
@given(w=weights, data=st.data())
def test_expected_length_is_rounded_once(w: list[Any], data: st.DataObject) -> None:
    sizes = st.lists(st.integers(0, 2000), min_size=len(w), max_size=len(w))
    lengths = data.draw(sizes)
    exact_mean = mean(tuple(lengths), exact(w))
    assert sym.expected_length(lengths, w, normalize=True) == float(exact_mean)


@pytest.mark.spec("SYM-11")
@given(w=weights, v=weights, radix=radixes)
def test_redundancy_is_close(w: list[Any], v: list[Any], radix: int) -> None:
    """Against mpmath, within the clause's bound; also of a code made for something else."""
    n = min(len(w), len(v))
    if not any(w[:n]) or not any(v[:n]):
        return
    p = exact(w[:n])
    lengths = sym.huffman_lengths(v[:n], radix=radix, normalize=True)
    found = sym.redundancy_bits(lengths, w[:n], radix=radix, normalize=True)
    if any(a and b is None for a, b in zip(p, lengths, strict=True)):
        assert found == math.inf
        assert sym.expected_length(lengths, w[:n], normalize=True) == math.inf
        return
    with mpmath.workdps(60):
        pairs = [
            (mpmath.mpf(a.numerator) / a.denominator, b)
            for a, b in zip(p, lengths, strict=True)
            if a
        ]
        logs = [(a, (b or 0) * mpmath.log(radix, 2), mpmath.log(a, 2)) for a, b in pairs]
        expect = mpmath.fsum(a * (cost + log) for a, cost, log in logs)
        bound = mpmath.fsum(a * (1 + cost + abs(log)) for a, cost, log in logs)
        assert abs(found - expect) <= bound / 2**50
    assert found >= -float(bound) / 2**50


@pytest.mark.spec("SYM-11", "SYM-7")
@given(data=st.data(), p=dyadic(), q=dyadic())
def test_redundancy_is_the_divergence(
    data: st.DataObject, p: list[Fraction], q: list[Fraction]
) -> None:
    """Dyadic p and q, so all numbers are exact: redundancy = KL(p || q)."""
    size = max(len(p), len(q))
    p += [Fraction(0)] * (size - len(p))
    q += [Fraction(0)] * (size - len(q))
    found = sym.redundancy_bits(sym.huffman_lengths(q), p)
    if any(a and not b for a, b in zip(p, q, strict=True)):
        assert found == math.inf
    else:
        terms = ((a, a / b) for a, b in zip(p, q, strict=True) if a)
        kl = sum(
            a * (ratio.numerator.bit_length() - ratio.denominator.bit_length())
            for a, ratio in terms
        )
        assert found == float(kl)
        assert (found == 0) == (p == q)
    assert sym.redundancy_bits(sym.huffman_lengths(p), p) == 0


# The question games

BLUE, YELLOW, RED, GREEN = range(4)
COINS = (0.5, 0.25, 0.125, 0.125)
GAME_1 = ((YELLOW, RED), (BLUE, GREEN))
PRINTED = (((GREEN, YELLOW), RED), BLUE)
OPTIMAL = (((GREEN, RED), YELLOW), BLUE)


@pytest.mark.spec("SYM-12")
@pytest.mark.parametrize(
    ("strategy", "p", "questions"),
    [
        (GAME_1, (0.25,) * 4, 2.0),
        (PRINTED, COINS, 1.875),
        (OPTIMAL, COINS, 1.75),
        (GAME_1, COINS, 2.0),
    ],
    ids=["game 1", "game 2 as printed", "game 2", "game 3"],
)
def test_question_games(strategy: Any, p: tuple[float, ...], questions: float) -> None:
    code = sym.strategy_code(strategy)
    assert sym.is_prefix_free(code)
    lengths = [len(word or ()) for word in code]
    assert sym.expected_length(lengths, p) == questions
    best = sym.huffman_lengths(p)
    assert sym.expected_length(best, p) == (2.0 if p[0] == 0.25 else 1.75)
    assert sym.redundancy_bits(lengths, p) == questions - sym.expected_length(best, p)


@pytest.mark.spec("SYM-12")
def test_strategies() -> None:
    """Answers are digits, first answer first; forks cost a bit each, three answers a trit."""
    assert sym.strategy_code(OPTIMAL) == ((1,), (0, 1), (0, 0, 1), (0, 0, 0))
    assert sym.strategy_code(0) == ((),)
    assert sym.strategy_code((2, (0, 3, 5))) == ((1, 0), None, (0,), (1, 1), None, (1, 2))
    forks: Any = 0
    for n in range(1, 7):
        leaves = iter(range(2**n))

        def fork(depth: int, leaves: Iterator[int] = leaves) -> Any:
            return (fork(depth - 1), fork(depth - 1)) if depth else next(leaves)

        forks = sym.strategy_code(fork(n))
        assert forks == tuple(product((0, 1), repeat=n))
    for bad in ((0, 0), (), (0, ()), (0, -1), -1):
        with pytest.raises(DistributionError):
            sym.strategy_code(bad)


@pytest.mark.spec("SYM-12")
def test_the_optimal_strategy_is_the_best_order_of_colours() -> None:
    """Asking for one colour after another: no order needs fewer than 1.75 questions."""
    costs = {}
    for a, b, c, d in permutations(range(4)):
        code = sym.strategy_code((((d, c), b), a))
        costs[a, b, c, d] = sym.expected_length([len(w or ()) for w in code], COINS)
    assert min(costs.values()) == 1.75 == costs[BLUE, YELLOW, RED, GREEN]
    assert costs[BLUE, RED, YELLOW, GREEN] == 1.875


# Whole bits and ANS


def ans_information(symbols: list[int], freqs: list[int], prec: int) -> float:
    table = (0, *accumulate(freqs))
    return ans.information(
        ans.push_sequence(
            ans.EMPTY, [table[s] for s in symbols], [freqs[s] for s in symbols], prec
        )
    )


@pytest.mark.spec("SYM-13")
@given(freqs=frequencies(), data=st.data())
def test_ans_costs_the_surprisal(freqs: list[int], data: st.DataObject) -> None:
    """Any message: ANS within 2**-6 bits a symbol, Huffman at least a bit a symbol."""
    prec = sum(freqs).bit_length() - 1
    symbols = data.draw(st.lists(st.integers(0, len(freqs) - 1), max_size=50))
    surprisal = math.fsum(prec - math.log2(freqs[s]) for s in symbols)
    held = ans_information(symbols, freqs, prec)
    assert abs(held - surprisal) <= len(symbols) * 2**-6 + 1e-9
    lengths = sym.huffman_lengths(freqs, normalize=True)
    if len(freqs) > 1:
        assert len(sym.encode_digits(symbols, sym.canonical_code(lengths))) >= len(symbols)


@pytest.mark.spec("SYM-13")
@given(p=dyadic(), data=st.data())
def test_both_coders_agree_on_powers_of_two(p: list[Fraction], data: st.DataObject) -> None:
    p = [v for v in p if v]
    prec = 24
    freqs = [int(v * 2**prec) for v in p]
    symbols = data.draw(st.lists(st.integers(0, len(p) - 1), max_size=50))
    digits = sym.encode_digits(symbols, sym.huffman_code(p))
    assert len(digits) == sum(prec - (freqs[s].bit_length() - 1) for s in symbols)
    if len(p) > 1:
        held = ans_information(symbols, freqs, prec)
        assert abs(held - len(digits)) <= len(symbols) * 2**-6 + 1e-9


@pytest.mark.spec("SYM-13", "SYM-7")
def test_huffman_wastes_most_of_a_bit_on_a_skewed_source() -> None:
    """1 % of ones: a bit a symbol against 0.081; only longer words close in on the entropy."""
    prec, n = 16, 10_000
    ones = round(2**prec / 100)
    freqs = [2**prec - ones, ones]
    rng = np.random.default_rng(1)
    symbols = [1] * (n // 100) + [0] * (n - n // 100)
    symbols = [int(s) for s in rng.permutation(symbols)]
    lengths = sym.huffman_lengths(freqs, normalize=True)
    assert len(sym.encode_bytes(symbols, lengths)) == n // 8
    h = -0.01 * math.log2(0.01) - 0.99 * math.log2(0.99)
    assert abs(ans_information(symbols, freqs, prec) - n * h) < 0.001 * n * h
    assert sym.redundancy_bits(lengths, [0.99, 0.01]) == pytest.approx(1 - h, rel=1e-9)
    rates = []
    for size in (1, 2, 4, 8):
        blocks = [math.prod(b) for b in product((99, 1), repeat=size)]
        cost = sym.expected_length(
            sym.huffman_lengths(blocks, normalize=True), blocks, normalize=True
        )
        rates.append(cost / size)
    assert all(a > b > h for a, b in pairwise(rates))
