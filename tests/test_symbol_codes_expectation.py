"""SYM: what a code costs: its redundancy, the question games, and ANS beside Huffman."""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise, permutations, product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import ans
from reference.errors import DistributionError
from reference.information import symbol_codes as sym
from tests.exact_probabilities import dyadic, exact, mean, radixes, weights
from tests.strategies import frequencies


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
