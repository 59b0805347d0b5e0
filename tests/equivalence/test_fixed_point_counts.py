"""`fast.coding.fixed_point` makes the tables of `reference.coding.fixed_point` from counts."""

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.coding.fixed_point as fast
import reference.coding.fixed_point as reference
from tests.lanes import outcome
from tests.strategies import tied_counts

TOTAL = 2**48 - 1
near = st.integers(2**36, 2**36 + 3)
"""Quotients that differ, if at all, by less than the rounding of binary64."""
count = st.one_of(st.integers(0, 3), st.integers(0, 100), st.integers(0, 2**40), near)


@pytest.mark.spec("FIX-9")
@given(st.lists(count, max_size=40), st.integers(0, 25))
@example([1] * 256, 8)
@example([1] * 255, 8)
@example([10**9, *[1] * 255], 8)
@example([10**9, *[1] * 255], 9)
@example([TOTAL], 24)
@example([TOTAL + 1], 24)
@example([TOTAL - 1, 1], 1)
@example([TOTAL - 1, 1], 24)
@example([2**47 - 1, 2**47, 0], 24)
@example([2**47, 2**47 - 1, 0], 24)
@example([2**64, 1], 4)
@example([3, -1], 4)
def test_counts(counts, prec) -> None:
    ours = outcome(fast.quantise_counts, counts, prec)
    assert ours == outcome(reference.quantise_counts, counts, prec)
    if isinstance(ours, list) and counts:
        array = np.array(counts, np.uint64)
        assert fast.quantise_counts(array, prec).tolist() == ours


@pytest.mark.spec("FIX-9")
@given(tied_counts() | tied_counts(2**19), st.data())
def test_ties(case, data) -> None:
    """Equal quotients of unequal counts, and those that a count of 1 more makes unequal."""
    counts, prec = case
    expected = reference.quantise_counts(counts, prec)
    assert tuple(fast.quantise_counts(counts, prec).tolist()) == expected
    counts[data.draw(st.integers(0, len(counts) - 1))] += data.draw(st.sampled_from([-1, 1]))
    expected = reference.quantise_counts(counts, prec)
    assert tuple(fast.quantise_counts(counts, prec).tolist()) == expected


@pytest.mark.spec("FIX-9")
@pytest.mark.parametrize("counts", [[1.0], [True, True], [[1, 2]], [[1], [1, 2]], ["1"]])
def test_refusals(counts) -> None:
    same = outcome(fast.quantise_counts, counts, 4)
    assert same == outcome(reference.quantise_counts, counts, 4)
    assert isinstance(same, type)


@pytest.mark.spec("FIX-9")
def test_kernel_from_other_kernels() -> None:
    """An example: the table of a histogram, all in the code of another project."""

    @numba.njit
    def table_of(symbols, freqs, prec):
        counts = np.zeros_like(freqs)
        for symbol in symbols:
            counts[symbol] += 1
        fast.quantise_counts_kernel(counts, freqs, prec)
        return freqs

    freqs = table_of(np.array([0, 2, 2, 2, 2, 5]), np.empty(6, np.int64), np.int64(10))
    assert tuple(freqs.tolist()) == reference.quantise_counts([1, 0, 4, 0, 0, 1], 10)


@pytest.mark.spec("FIX-9")
def test_quotients_that_differ_by_less_than_their_rounding() -> None:
    """``n / a`` and ``m / b`` are ``1 / (a * b)`` apart, and the last slot depends on that."""
    a, b = 2**20 + 1, 2**20 - 1
    n = a * 2**26 + a // 2
    m = n * b // a
    assert n * b - m * a == 1
    assert n / a == m / b
    more, fewer = 2**19 + 1, 2**19 - 1
    for quantise_counts in (fast.quantise_counts, reference.quantise_counts):
        assert tuple(quantise_counts([m, n], 20)) == (fewer, more)
        assert tuple(quantise_counts([n, m], 20)) == (more, fewer)
