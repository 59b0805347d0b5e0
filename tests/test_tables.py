"""TAB-1 to TAB-7 hold for `reference.coding.tables`."""

import math
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding.tables import (
    exp_table,
    logistic_cdf,
    logistic_cdf_table,
    normal_cdf,
    normal_cdf_table,
    sigmoid_table,
)

SPEC = (Path(__file__).parent.parent / "SPEC.md").read_text()


@pytest.mark.spec("TAB-1", "TAB-2", "TAB-4", "TAB-6")
@pytest.mark.parametrize(
    "table", [sigmoid_table, normal_cdf_table, exp_table, logistic_cdf_table]
)
def test_digests(table) -> None:
    """The entries are those whose digest SPEC.md prints."""
    assert f"`{sha256(','.join(map(str, table())).encode()).hexdigest()}`" in SPEC


def rounded(value: mpmath.mpf) -> int:
    return int(mpmath.floor(value + 0.5))


@pytest.mark.spec("TAB-1", "TAB-2", "TAB-4", "TAB-6")
def test_entries_against_mpmath() -> None:
    """Another implementation, mpmath with 50 digits, rounds to the same integers."""
    with mpmath.workdps(50):
        for k in range(0, 3073, 13):
            p = min(rounded(2**16 / (1 + mpmath.exp(-mpmath.mpf(k) / 256))), 2**16 - 1)
            assert sigmoid_table()[3072 + k] == p
        for k in range(0, 512, 5):
            p = rounded(2**32 * mpmath.ncdf(mpmath.mpf(k) / 64))
            assert normal_cdf_table()[512 + k] == p
        for k in range(-1536, 1537, 11):
            v = rounded(2**14 * mpmath.exp(-mpmath.mpf(k) / 256))
            assert exp_table()[1536 + k] == v
        for k in range(0, 1536, 7):
            p = rounded(2**32 / (1 + mpmath.exp(-mpmath.mpf(k) / 64)))
            assert logistic_cdf_table()[1536 + k] == p


@pytest.mark.spec("TAB-1", "TAB-2", "TAB-6")
@pytest.mark.parametrize(
    ("table", "total"),
    [(sigmoid_table, 2**16), (normal_cdf_table, 2**32), (logistic_cdf_table, 2**32)],
)
def test_symmetry(table, total: int) -> None:
    assert all(a + b == total for a, b in zip(table(), reversed(table()), strict=True))


@pytest.mark.spec("TAB-5")
def test_order() -> None:
    assert len(sigmoid_table()) == 2 * 3072 + 1
    assert all(a <= b for a, b in pairwise(sigmoid_table()))
    assert len(normal_cdf_table()) == 1025
    assert all(a <= b for a, b in pairwise(normal_cdf_table()))
    assert len(logistic_cdf_table()) == 2 * 1536 + 1
    assert all(a <= b for a, b in pairwise(logistic_cdf_table()))
    assert len(exp_table()) == 2 * 1536 + 1
    assert all(a >= b for a, b in pairwise(exp_table()))
    assert exp_table()[-1] > 0
    assert sigmoid_table()[0] > 0
    assert sigmoid_table()[-1] < 2**16


@pytest.mark.spec("TAB-2", "TAB-3")
def test_ends_of_the_normal_cdf() -> None:
    assert normal_cdf(-(8 << 16)) == normal_cdf_table()[0] == 0
    assert normal_cdf(8 << 16) == normal_cdf_table()[-1] == 2**32
    assert normal_cdf(-(10**12)) == 0
    assert normal_cdf(10**12) == 2**32
    assert normal_cdf(0) == 2**31


@pytest.mark.spec("TAB-3")
@given(t=st.integers(-(9 << 16), 9 << 16))
def test_the_normal_cdf_never_falls_and_is_near(t: int) -> None:
    assert normal_cdf(t) <= normal_cdf(t + 1)
    exact = 0.5 * math.erfc(-t / 2**16 / math.sqrt(2))
    assert abs(normal_cdf(t) / 2**32 - exact) < 7.5e-6


@pytest.mark.spec("TAB-3")
def test_the_normal_cdf_at_the_steps() -> None:
    assert tuple(normal_cdf(k << 10) for k in range(-512, 513)) == normal_cdf_table()


@pytest.mark.spec("TAB-6", "TAB-7")
def test_ends_of_the_logistic_cdf() -> None:
    assert logistic_cdf(-(24 << 16)) == logistic_cdf_table()[0] == 0
    assert logistic_cdf(24 << 16) == logistic_cdf_table()[-1] == 2**32
    assert logistic_cdf(-(10**12)) == 0
    assert logistic_cdf(10**12) == 2**32
    assert logistic_cdf(0) == 2**31


@pytest.mark.spec("TAB-7")
@given(t=st.integers(-(25 << 16), 25 << 16))
def test_the_logistic_cdf_never_falls_and_is_near(t: int) -> None:
    assert logistic_cdf(t) <= logistic_cdf(t + 1)
    assert abs(logistic_cdf(t) / 2**32 - 1 / (1 + math.exp(-t / 2**16))) < 3e-6


@pytest.mark.spec("TAB-7")
def test_the_logistic_cdf_at_the_steps() -> None:
    assert tuple(logistic_cdf(k << 10) for k in range(-1536, 1537)) == logistic_cdf_table()
