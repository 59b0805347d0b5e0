"""FIX-9: counts become tables as the method of Sainte-Lague says, and nothing is repaired."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.coding.fixed_point import quantise_counts
from reference.errors import DistributionError
from tests.strategies import tied_counts

count = st.one_of(st.integers(0, 3), st.integers(0, 100), st.integers(0, 2**40))


@st.composite
def counts_and_prec(draw: st.DrawFn, most_prec: int = 8) -> tuple[list[int], int]:
    """Counts, at least one of them positive, and slots for all that are."""
    counts = draw(st.lists(count, max_size=12))
    counts.insert(draw(st.integers(0, len(counts))), draw(st.integers(1, 2**40)))
    present = sum(n > 0 for n in counts)
    return counts, draw(st.integers(max(1, (present - 1).bit_length()), most_prec))


def slot_by_slot(counts: list[int], prec: int) -> tuple[int, ...]:
    """The clause, read aloud."""
    freqs = [int(n > 0) for n in counts]
    for _ in range(2**prec - sum(freqs)):
        quotients = [Fraction(n, 2 * f + 1) for n, f in zip(counts, freqs, strict=True)]
        freqs[quotients.index(max(quotients))] += 1
    return tuple(freqs)


@pytest.mark.spec("FIX-9")
@given(counts_and_prec())
@example(([1, 1, 1], 3))
@example(([1, 1, 1], 2))
@example(([1000, *[1] * 15], 4))
@example(([10**9, *[1] * 100], 7))
@example(([0, 5, 0], 1))
def test_slots_are_given_one_by_one(case: tuple[list[int], int]) -> None:
    assert quantise_counts(*case) == slot_by_slot(*case)


@pytest.mark.spec("FIX-9")
@given(tied_counts())
def test_the_first_of_equals_comes_first(case: tuple[list[int], int]) -> None:
    """Every symbol wants one slot more by the same right, and half of them get it."""
    counts, prec = case
    unit = sum(counts) // 2 ** (prec + 1)
    half = len(counts) // 2
    expected = [(n // unit - 1) // 2 + (i < half) for i, n in enumerate(counts)]
    assert quantise_counts(counts, prec) == tuple(expected) == slot_by_slot(counts, prec)


@pytest.mark.spec("FIX-9")
@given(counts_and_prec(24))
def test_no_slot_would_be_better_elsewhere(case: tuple[list[int], int]) -> None:
    """At any precision: no symbol's last slot saves less than another one's next slot."""
    counts, prec = case
    freqs = quantise_counts(counts, prec)
    assert sum(freqs) == 2**prec
    assert [f > 0 for f in freqs] == [n > 0 for n in counts]
    pairs = [(n, f) for n, f in zip(counts, freqs, strict=True) if n]
    most = max(Fraction(n, 2 * f + 1) for n, f in pairs)
    assert all(Fraction(n, 2 * f - 1) >= most for n, f in pairs if f > 1)


@pytest.mark.spec("FIX-9")
def test_shares_that_are_whole_numbers_are_kept() -> None:
    assert quantise_counts([3000, 1000, 0, 4000], 3) == (3, 1, 0, 4)
    assert quantise_counts(np.array([2**47, 2**47 - 1], np.uint64), 24) == (2**23, 2**23)


@pytest.mark.spec("FIX-9")
@pytest.mark.parametrize(
    ("counts", "prec"),
    [
        ([], 4),
        ([0, 0], 4),
        ([3, -1], 4),
        ([1, 2**48 - 1], 4),
        ([2**64, 1], 4),
        ([1.0, 2.0], 4),
        ([True, False], 4),
        ([[1, 2]], 4),
        ([[1], [1, 2]], 4),
        (["1"], 4),
        ([1, 1], 0),
        ([1, 1], 25),
        ([1, 1, 1], 1),
    ],
)
def test_refusals(counts: object, prec: int) -> None:
    with pytest.raises(DistributionError):
        quantise_counts(counts, prec)  # type: ignore[arg-type]
