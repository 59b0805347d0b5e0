"""`fast.information.entropy.joint` equals `reference`, within the bound of ENT-3."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.information.entropy as fast
import reference.information.entropy as reference
from tests.entropy_bounds import plog, slack_of_both
from tests.strategies import pmfs

TINY = 5e-324


@pytest.mark.spec("ENT-3", "ENT-11")
@given(data=st.data(), shape=st.tuples(st.integers(1, 20), st.integers(1, 20)))
@example(data=None, shape=(2, 2))
def test_mutual_information(data: st.DataObject | None, shape: tuple[int, int]) -> None:
    if data is None:
        p = np.array([[1.0, TINY], [0.0, 1e-310]])
    else:
        p = data.draw(pmfs(size=math.prod(shape))).reshape(shape)
    a = (
        plog(p, p)
        + plog(p, p.sum(0), computed=True)
        + plog(p, p.sum(1)[:, None], computed=True)
    )
    found = fast.mutual_information(p)
    assert abs(found - reference.mutual_information(p)) <= slack_of_both(p.size, a)
    assert found >= 0


@pytest.mark.spec("ENT-1", "ENT-11")
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [(0, 1), (1, 0), (-1, 0), (2, 1), (3, 1)])
def test_axes_of_tables(axis: Any, keepdims: bool) -> None:
    p = np.random.default_rng(0).random((3, 4, 5, 2))
    options = {"axis": axis, "keepdims": keepdims, "normalize": True, "base": math.e}
    expected = reference.mutual_information(p, **options)  # type: ignore[arg-type]
    found = fast.mutual_information(p, **options)  # type: ignore[arg-type]
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=0, atol=1e-14)
