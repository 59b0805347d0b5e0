"""TAN-10, TAN-11: what tabled ANS costs beside the entropy."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import tabled_ans as tan
from reference.coding.tabled_ans import BitMessage
from reference.errors import DistributionError
from tests.strategies import spreads, tabled_frequencies

LOG2_E = math.log2(math.e)
FREQS = (1, 3, 2, 10)


def entropy_bits(weights: Sequence[int]) -> float:
    total = sum(weights)
    return math.fsum(-w / total * math.log2(w / total) for w in weights if w)


def moves(spread: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """For every slot and symbol: the bits that a push moves, and the slot that it makes."""
    table = tan.tabulate(spread)
    for slot in range(len(spread)):
        for symbol in range(len(table.slots)):
            m = tan.push(table, BitMessage(len(spread) + slot, ()), symbol)
            yield slot, symbol, len(m.bits), m.head - len(spread)


def long_run_bits(spread: Sequence[int], weights: Sequence[int]) -> Fraction:
    """The mean of the bits over the stationary distribution, if there is only one."""
    size, total = len(spread), sum(weights)
    # p[slot] - sum of what leads there = 0, the last equation replaced by sum of p = 1.
    rows = [[Fraction(i == j) for j in range(size)] + [Fraction(0)] for i in range(size)]
    cost = [Fraction(0)] * size
    for slot, symbol, bits, following in moves(spread):
        p = Fraction(weights[symbol], total)
        rows[following][slot] -= p
        cost[slot] += p * bits
    rows[-1] = [Fraction(1)] * (size + 1)
    for i in range(size):
        pivot = next(k for k in range(i, size) if rows[k][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in range(size):
            if k != i and rows[k][i]:
                factor = rows[k][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    return sum((row[-1] * c for row, c in zip(rows, cost, strict=True)), Fraction(0))


def excess_bits(spread: Sequence[int]) -> float:
    """Of symbols as frequent as their slots, from the empty message on.

    There may be several closed sets of heads. Staying or pushing, by chance, settles in the
    mean of their stationary distributions; its square is two steps of it.
    """
    size = len(spread)
    freqs = np.bincount(spread)
    step, cost = np.eye(size) / 2, np.zeros(size)
    for slot, symbol, bits, following in moves(spread):
        step[slot, following] += freqs[symbol] / size / 2
        cost[slot] += freqs[symbol] / size * bits
    for _ in range(20):
        step = step @ step
    return float(step[0] @ cost) - entropy_bits(freqs.tolist())


@pytest.mark.spec("TAN-11")
@given(spread=spreads(3), data=st.data())
def test_expectations_are_sums_over_messages(
    spread: tuple[int, ...], data: st.DataObject
) -> None:
    """All messages of up to three symbols, each with its probability."""
    n = max(spread) + 1
    weights = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n).filter(any))
    table, count = tan.tabulate(spread), data.draw(st.integers(0, 3 if n < 6 else 2))
    expected = Fraction(0)
    for symbols in product(range(n), repeat=count):
        m = tan.empty(table.prec)
        for symbol in symbols:
            m = tan.push(table, m, symbol)
        p = math.prod(Fraction(weights[s], sum(weights)) for s in symbols)
        expected += p * len(m.bits)
    assert tan.expected_bits(spread, weights, count) == expected


PUBLISHED = [
    ("0233233133133133", 0.020),
    ("3313233103332133", 0.015),
    ("3233321333313310", 0.0046),
]


@pytest.mark.spec("TAN-11")
@pytest.mark.parametrize(("text", "excess"), PUBLISHED, ids=["fast", "precise", "tuned"])
def test_published_excess(text: str, excess: float) -> None:
    """As printed, in units of the entropy, for the probabilities .04, .16, .16, .64.

    J. Duda, "Asymmetric numeral system toolkit and fast tuned symbol spread", encode.su,
    thread 2013 (2014).
    """
    spread, weights = list(map(int, text)), (4, 16, 16, 64)
    entropy = entropy_bits(weights)
    digits = 4 if excess < 0.01 else 3
    assert round(float(long_run_bits(spread, weights)) / entropy - 1, digits) == excess


@pytest.mark.spec("TAN-11")
@pytest.mark.parametrize(
    ("spread", "excess"),
    [
        (tan.sorted_spread, 0.045261),
        (tan.stride_spread, 0.012828),
        (tan.precise_spread, 0.003872),
    ],
)
def test_the_table_of_excess(spread: Any, excess: float) -> None:
    """And the expected bits of one more symbol settle there, at a geometric rate."""
    made = spread(FREQS)
    long_run = long_run_bits(made, FREQS)
    assert round(float(long_run) - entropy_bits(FREQS), 6) == excess
    assert excess_bits(made) == pytest.approx(excess, abs=1e-6)
    one_more = tan.expected_bits(made, FREQS, 81) - tan.expected_bits(made, FREQS, 80)
    assert abs(one_more - long_run) < 1e-9


def every_frequency(size: int, n: int) -> Iterator[list[int]]:
    for cuts in combinations(range(1, size), n - 1):
        edges = [0, *cuts, size]
        yield [b - a for a, b in pairwise(edges)]


@pytest.mark.spec("TAN-8", "TAN-11")
@pytest.mark.parametrize(("size", "n"), [(8, 2), (8, 3), (8, 4), (16, 2), (16, 3)])
def test_the_precise_spread_beats_the_sorted_one(size: int, n: int) -> None:
    """For all frequencies: never above it, below it where a frequency is no power of two."""
    for freqs in every_frequency(size, n):
        precise = excess_bits(tan.precise_spread(freqs))
        plain = excess_bits(tan.sorted_spread(freqs))
        if all(freq & (freq - 1) == 0 for freq in freqs):
            assert precise == pytest.approx(0, abs=1e-9)
            assert plain == pytest.approx(0, abs=1e-9)
        else:
            assert -1e-9 < precise < plain - 1e-6
            assert precise < LOG2_E * n / size


@pytest.mark.spec("TAN-8")
@pytest.mark.parametrize("freqs", [f for n in (2, 3) for f in every_frequency(8, n)])
def test_no_spread_is_much_better(freqs: list[int]) -> None:
    """Of all spreads of 8 slots the precise one is the best or within 0.002 bits of it."""
    every = set(permutations(tan.sorted_spread(freqs)))
    excess = [excess_bits(spread) for spread in every]
    assert excess_bits(tan.precise_spread(freqs)) < min(excess) + 0.002


@pytest.mark.spec("TAN-10")
@given(freqs=tabled_frequencies(), data=st.data())
def test_the_bits_of_a_message_are_bounded(freqs: list[int], data: st.DataObject) -> None:
    """With the precise spread, for every message, in the order that costs the most too."""
    table = tan.tabulate(tan.precise_spread(freqs))
    n, prec = len(freqs), table.prec
    m, bound = tan.empty(prec), 0.0
    greedy = data.draw(st.booleans())
    for drawn in data.draw(st.lists(st.integers(0, n - 1), max_size=60)):
        pushed = [tan.push(table, m, s) for s in range(n)]
        costs = [len(p.bits) - prec + math.log2(f) for p, f in zip(pushed, freqs, strict=True)]
        symbol = costs.index(max(costs)) if greedy else drawn
        m = pushed[symbol]
        freq = freqs[symbol]
        bound += prec - math.log2(freq) + LOG2_E * (1 / freq + (n - 1) / 2**prec) / 2
        assert len(m.bits) <= bound + 1e-9


@pytest.mark.spec("TAN-11")
@given(spread=spreads(4), data=st.data())
def test_no_spread_beats_the_entropy(spread: tuple[int, ...], data: st.DataObject) -> None:
    """Head and bits tell the symbols apart, so with the head's bits they are enough."""
    n = max(spread) + 1
    weights = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n).filter(any))
    count = data.draw(st.integers(0, 12))
    bits = float(tan.expected_bits(spread, weights, count))
    prec = len(spread).bit_length() - 1
    assert bits + prec >= count * entropy_bits(weights) - 1e-9


@pytest.mark.spec("TAN-11")
@pytest.mark.parametrize("weights", [(), (1,), (1, 2, 3), (0, 0), (-1, 2), (0.5, 0.5)])
def test_rejects_weights(weights: Any) -> None:
    with pytest.raises(DistributionError):
        tan.expected_bits((0, 1), weights, 1)
