"""`fast.coding.tables` holds the integers of `reference.coding.tables`."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.coding.tables as fast
import reference.coding.tables as reference


@pytest.mark.spec("TAB-1", "TAB-2", "TAB-4", "TAB-6")
@pytest.mark.parametrize(
    "name", ["sigmoid_table", "normal_cdf_table", "exp_table", "logistic_cdf_table"]
)
def test_tables(name: str) -> None:
    """Every entry, from the series here and from ``decimal`` there."""
    table = getattr(fast, name)()
    assert tuple(table.tolist()) == getattr(reference, name)()
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


@pytest.mark.spec("TAB-3")
@given(t=st.integers(-(9 << 16), 9 << 16))
@example(t=8 << 16)
@example(t=-(8 << 16))
@example(t=2**70).via("beyond 64 bits")
def test_normal_cdf(t: int) -> None:
    assert fast.normal_cdf(t) == reference.normal_cdf(t)


@pytest.mark.spec("TAB-7")
@given(t=st.integers(-(25 << 16), 25 << 16))
@example(t=24 << 16)
@example(t=-(24 << 16))
@example(t=-(2**70)).via("beyond 64 bits")
def test_logistic_cdf(t: int) -> None:
    assert fast.logistic_cdf(t) == reference.logistic_cdf(t)
