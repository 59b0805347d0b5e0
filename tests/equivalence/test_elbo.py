"""`fast.inference.elbo` equals `reference.inference.elbo`, by the grades of SPEC.md."""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.inference.elbo as fast
import reference.inference.elbo as reference
from reference.errors import DistributionError

logs = st.one_of(
    st.floats(-800, 800),
    st.just(-math.inf),
    st.sampled_from([-1e300, 1e300, -699.9, -700.1, 0.0, 5e-324]),
)


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    """Log weights with one to three axes, of lengths around those of a vector register."""
    shape = draw(st.lists(st.integers(1, 4), max_size=2))
    shape.insert(draw(st.integers(0, len(shape))), draw(st.integers(1, 20)))
    size = math.prod(shape)
    return np.resize(draw(st.lists(logs, min_size=1, max_size=min(size, 30))), shape)


def close(found: Any, expected: Any, k: int) -> bool:
    """Whether two log-mean-exps are each within the bound of ELB-11 of one number."""
    with np.errstate(invalid="ignore"):
        near = np.abs(found - expected) <= 2.0**-52 * (k + 64) * (1 + np.abs(expected))
    return found.shape == expected.shape and bool((near | (found == expected)).all())


@pytest.mark.spec("ELB-11", "ELB-14")
@given(a=arrays(), data=st.data())
@example(a=np.full((2, 3), -np.inf), data=None)
@example(a=np.array([-np.inf, 800.0]), data=None)
def test_each_axis(a: Any, data: st.DataObject | None) -> None:
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1)) if data else -1
    k = a.shape[axis]
    assert close(fast.log_mean_exp(a, axis), reference.log_mean_exp(a, axis), k)
    found = fast.effective_sample_size(a, axis)
    expected = reference.effective_sample_size(a, axis)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2.0**-50 * (k + 64), atol=0)


@pytest.mark.spec("ELB-11")
def test_exponentials_of_all_sizes() -> None:
    """Two numbers d apart, for d up to 800: log((1 + exp(-d)) / 2) by log1p."""
    d = np.concatenate([np.linspace(0, 800, 20_001), np.logspace(-300, 2, 5000)])
    found = fast.log_mean_exp(np.stack([0 * d, -d]), 0)
    expected = np.log1p(np.exp(-d)) - math.log(2)
    assert (np.abs(found - expected) <= 2.0**-53 * 66 * (1 + np.abs(expected))).all()


@pytest.mark.spec("ELB-12")
@given(
    seed=st.integers(0, 2**32),
    shape=st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple),
    holes=st.booleans(),
)
def test_bound(seed: int, shape: tuple[int, ...], holes: bool) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=shape) * 30 - 100
    if holes:
        a[rng.random(shape) < 0.7] = -np.inf
    found, expected = (m.importance_weighted_bound(a) for m in (fast, reference))
    size = np.abs(a[np.isfinite(a)]).max(initial=1)
    n = shape[0]
    for name, bound in (("mean", 2.0**-50 * (n + 9) * size), ("variance", 1e-9 * size**2)):
        values = [getattr(result, name) for result in (found, expected)]
        assert values[0].shape == values[1].shape == shape[2:]
        np.testing.assert_allclose(*values, rtol=1e-9, atol=bound)
    error = np.sqrt(found.variance / n)
    np.testing.assert_array_equal(found.standard_error, error)


@pytest.mark.spec("ELB-11")
def test_types_and_memory() -> None:
    """Integers, float32, arrays that are read-only or not contiguous; nothing is changed."""
    a = np.random.default_rng(0).normal(size=(6, 8))
    expected = reference.log_mean_exp(a)
    frozen = a.copy()
    frozen.setflags(write=False)
    for same in (frozen, np.asfortranarray(a), np.repeat(a, 2, axis=1)[:, ::2], a.tolist()):
        np.testing.assert_allclose(fast.log_mean_exp(same), expected, rtol=1e-14)
    assert (frozen == a).all()
    for kind in (np.float32, np.int8):
        b = (10 * a).astype(kind)
        np.testing.assert_allclose(fast.log_mean_exp(b), reference.log_mean_exp(b), rtol=1e-14)


@pytest.mark.spec("ELB-11", "ELB-14")
def test_kernels_inside_compiled_code() -> None:
    @numba.njit
    def both(rows: Any, out: Any) -> Any:
        wrong = fast.log_mean_exp_kernel(rows, out[0])
        return wrong + fast.effective_sample_size_kernel(rows, out[1])

    rows, out = np.log([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]), np.empty((2, 2))
    assert both(rows, out) == 0
    np.testing.assert_allclose(out, [[math.log(2), math.log(5)], [36 / 14, 3]], rtol=1e-14)


REFUSED: dict[str, Callable[[Any], object]] = {
    "nothing": lambda m: m.log_mean_exp([]),
    "no numbers on the axis": lambda m: m.log_mean_exp(np.zeros((2, 0))),
    "no axis": lambda m: m.log_mean_exp(1.0),
    "an axis that is not there": lambda m: m.log_mean_exp([1.0], 1),
    "NaN": lambda m: m.log_mean_exp([0.0, np.nan]),
    "NaN before all others": lambda m: m.log_mean_exp([np.nan, 3.0]),
    "NaN and minus infinity": lambda m: m.log_mean_exp([np.nan, -np.inf]),
    "plus infinity": lambda m: m.log_mean_exp([[0.0, np.inf], [np.nan, 0.0]]),
    "text": lambda m: m.log_mean_exp(["1"]),
    "ragged": lambda m: m.log_mean_exp([[1.0], [1.0, 2.0]]),
    "size of nothing": lambda m: m.effective_sample_size([]),
    "size of NaN": lambda m: m.effective_sample_size([np.nan]),
    "size along no axis": lambda m: m.effective_sample_size([1.0], -2),
    "one group without an axis": lambda m: m.importance_weighted_bound([1.0, 2.0]),
    "no groups": lambda m: m.importance_weighted_bound(np.zeros((0, 2))),
    "a group with infinity": lambda m: m.importance_weighted_bound([[np.inf]]),
}


@pytest.mark.spec("ELB-1", "ELB-11", "ELB-12", "ELB-14")
@pytest.mark.parametrize("case", REFUSED)
def test_rejects_alike(case: str) -> None:
    """The same error with the same message."""
    messages = []
    for module in (reference, fast):
        with pytest.raises(DistributionError) as caught:
            REFUSED[case](module)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
