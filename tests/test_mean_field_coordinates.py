"""MFV: the mean field of a normal target, and coordinate ascent in general."""

from collections.abc import Iterator
from math import inf, nan
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DistributionError, LowerBoundError, ModelError
from reference.inference import mean_field as mf
from reference.inference.distributions import multivariate_normal_kl
from tests.closed_forms import random_covariance


def target(seed: int, size: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=size), random_covariance(rng, size, 20.0)


targets = st.builds(target, st.integers(0, 2**32), st.integers(1, 6))


@pytest.mark.spec("MFV-1")
def test_known_gap() -> None:
    """Computed independently as (log 2 + log 1 - log det) / 2, with det = 1.19."""
    assert mf.normal_target_gap([[2, 0.9], [0.9, 1]]) == pytest.approx(0.2595969367, abs=1e-10)
    assert mf.normal_target_gap(np.diag([3.0, 0.2, 1e-5])) == 0


@pytest.mark.spec("MFV-1")
@given(target=targets)
def test_gap_in_high_precision(target: Any) -> None:
    _, precision = target
    with mpmath.workdps(50):
        matrix = mpmath.matrix(precision.tolist())
        logs = [mpmath.log(matrix[i, i]) for i in range(len(precision))]
        gap = (mpmath.fsum(logs) - mpmath.log(mpmath.det(matrix))) / 2
        scale = np.sqrt(np.diagonal(precision))
        kappa = np.linalg.cond(precision / scale / scale[:, None])
        found = mf.normal_target_gap(precision)
        bound = 2.0**-44 * len(precision) ** 2 * kappa * (1 + float(sum(map(abs, logs))))
        assert abs(found - gap) <= bound


@pytest.mark.spec("MFV-1")
@given(target=targets, log_evidence=st.floats(-9, 9))
def test_bound_and_gap_are_divergences(target: Any, log_evidence: float) -> None:
    """What an ELBO lacks of the evidence is the divergence from the target."""
    mean, precision = target
    covariance = np.linalg.inv(precision)
    covariance = (covariance + covariance.T) / 2
    mu, sigma = mf.normal_target_mean_field(mean, precision)
    best = mf.normal_target_elbo(mu, sigma, mean, precision, log_evidence)
    gap = mf.normal_target_gap(precision)
    kl = float(multivariate_normal_kl(mu, np.diag(sigma**2), mean, covariance))
    assert gap == pytest.approx(kl, rel=1e-9, abs=1e-10)
    assert log_evidence - best == pytest.approx(gap, rel=1e-9, abs=1e-10)
    assert (sigma <= np.sqrt(np.diagonal(covariance)) * (1 + 1e-12)).all()
    other_mu, other_sigma = mu + 0.1 * np.arange(mu.size), sigma * 1.3
    other = mf.normal_target_elbo(other_mu, other_sigma, mean, precision, log_evidence)
    kl = float(multivariate_normal_kl(other_mu, np.diag(other_sigma**2), mean, covariance))
    assert log_evidence - other == pytest.approx(kl, rel=1e-9)


@pytest.mark.spec("MFV-1")
@given(target=targets, data=st.data())
def test_update_is_the_maximum_along_a_coordinate(target: Any, data: st.DataObject) -> None:
    """The bound falls by r^2 / 2 where the mean moves by r deviations from there."""
    mean, precision = target
    i = data.draw(st.integers(0, mean.size - 1))
    mu, sigma = mean + 1.0, np.full(mean.size, 0.7)
    mu[i], sigma[i] = mf.normal_target_update(i, mu, mean, precision)
    best = mf.normal_target_elbo(mu, sigma, mean, precision)
    for r in (-1.5, 0.5):
        moved = mu.copy()
        moved[i] += r * sigma[i]
        bound = mf.normal_target_elbo(moved, sigma, mean, precision)
        assert best - bound == pytest.approx(r * r / 2, rel=1e-7)
        scaled = sigma.copy()
        scaled[i] *= np.exp(r)
        bound = mf.normal_target_elbo(mu, scaled, mean, precision)
        assert best - bound == pytest.approx((np.exp(2 * r) - 1 - 2 * r) / 2, rel=1e-7)


@pytest.mark.spec("MFV-1", "MFV-2")
def test_ascent_finds_the_mean_field_of_a_normal_target() -> None:
    mean, precision = target(5, 4)

    def update(i: int) -> Any:
        def of(state: Any) -> Any:
            mu, sigma = (array.copy() for array in state)
            mu[i], sigma[i] = mf.normal_target_update(i, mu, mean, precision)
            return mu, sigma

        return of

    ascent = mf.coordinate_ascent(
        (mean - 3.0, np.ones(4)),
        [update(i) for i in range(4)],
        lambda state: mf.normal_target_elbo(*state, mean, precision, -1.5),
        tol=1e-14,
        max_iter=1000,
    )
    assert ascent.converged
    assert (np.diff(ascent.lower_bounds) >= -1e-12).all()
    gap = mf.normal_target_gap(precision)
    assert ascent.lower_bounds[-1] == pytest.approx(-1.5 - gap, abs=1e-12)
    best = mf.normal_target_mean_field(mean, precision)
    np.testing.assert_allclose(ascent.state, best, atol=1e-6)


@pytest.mark.spec("MFV-1")
@pytest.mark.parametrize(
    ("mean", "precision"),
    [
        ([0, 0], [[1, 2], [2, 1]]),
        ([0, 0], [[1, 0.5], [0.4, 1]]),
        ([0, 0], [[-1, 0], [0, 1]]),
        ([0, 0, 0], np.eye(2)),
        ([0, nan], np.eye(2)),
        ([0, 0], [[1, inf], [inf, 1]]),
        ([0, 0], np.ones((2, 3))),
        ([], np.ones((0, 0))),
    ],
)
def test_targets_that_are_none(mean: Any, precision: Any) -> None:
    with pytest.raises(DistributionError):
        mf.normal_target_mean_field(mean, precision)
    with pytest.raises(DistributionError):
        mf.normal_target_elbo(mean, np.ones(len(mean)), mean, precision)
    with pytest.raises(DistributionError):
        mf.normal_target_update(0, mean, mean, precision)


@pytest.mark.spec("MFV-1")
def test_factors_and_deviations_that_are_none() -> None:
    for i in (-1, 2):
        with pytest.raises(DistributionError, match=f"factor {i} of 2"):
            mf.normal_target_update(i, [0, 0], [0, 0], np.eye(2))
    with pytest.raises(DistributionError, match="not positive"):
        mf.normal_target_elbo([0, 0], [1, 0], [0, 0], np.eye(2))


def scripted(*bounds: float) -> Any:
    """A lower bound that takes these values, whatever the state."""
    values: Iterator[float] = iter(bounds)
    return lambda _: next(values)


def ascend(*bounds: float, updates: int = 1, **settings: Any) -> mf.Ascent[int]:
    steps = [lambda state, i=i: 10 * state + i for i in range(1, updates + 1)]
    return mf.coordinate_ascent(0, steps, scripted(*bounds), **settings)


@pytest.mark.spec("MFV-2")
def test_sweeps_apply_updates_in_order() -> None:
    ascent = ascend(-9, -8, -7, -6, -5, -4, -3, updates=3, tol=0.5, max_iter=2)
    assert ascent == mf.Ascent(123123, (-9.0, -6.0, -3.0), False)


@pytest.mark.spec("MFV-2")
@pytest.mark.parametrize("tol", [0.0, 0.25])
def test_ends_with_the_first_small_rise(tol: float) -> None:
    """A rise by the tolerance itself is small; a sweep counts, not an update."""
    ascent = ascend(0, 1, 1 + tol, 99, tol=tol)
    assert ascent == mf.Ascent(11, (0.0, 1.0, 1 + tol), True)
    assert ascend(0, tol, 2, 2.5, 3, updates=2, tol=tol, max_iter=2).lower_bounds == (0, 2, 3)


@pytest.mark.spec("MFV-2")
def test_a_fall_is_an_error_or_reported() -> None:
    """Of any update, even where the sweep as a whole has gained."""
    bounds = (-5, -3, -3.5, -1, -1, -1, -1)
    with pytest.raises(LowerBoundError, match=r"update 1 of sweep 1 .* from -3.0 to -3.5"):
        ascend(*bounds, updates=3)
    ascent = ascend(*bounds, updates=3, strict=False)
    assert ascent.falls == (mf.Fall(1, 1, -3.0, -3.5),)
    assert ascent.lower_bounds == (-5, -1, -1)
    assert ascent.converged


@pytest.mark.spec("MFV-2")
def test_a_sweep_with_a_fall_has_not_converged() -> None:
    ascent = ascend(-5, -6, -6, strict=False, max_iter=5)
    assert ascent == mf.Ascent(11, (-5, -6, -6), True, (mf.Fall(1, 0, -5, -6),))
    assert not ascend(-5, -6, strict=False, max_iter=1).converged


@pytest.mark.spec("MFV-2")
@pytest.mark.parametrize("size", [0.0, 1.0, 1e9])
def test_rounding_is_no_fall(size: float) -> None:
    slack = mf.FALL_TOLERANCE * (1 + size)
    assert ascend(-size, -size - 0.99 * slack).converged
    with pytest.raises(LowerBoundError):
        ascend(-size, -size - 1.01 * slack)


@pytest.mark.spec("MFV-2")
def test_bounds_that_are_none() -> None:
    for strict in (True, False):
        for bounds in [(nan,), (0, nan), (0, inf)]:
            with pytest.raises(LowerBoundError, match="no lower bound"):
                ascend(*bounds, strict=strict)
    assert ascend(-inf, -inf, max_iter=3).converged
    assert ascend(-inf, 0, max_iter=1).lower_bounds == (-inf, 0)
    with pytest.raises(LowerBoundError):
        ascend(0, -inf)


@pytest.mark.spec("MFV-2")
@pytest.mark.parametrize(
    "settings",
    [
        {"tol": -1e-9},
        {"tol": nan},
        {"tol": inf},
        {"max_iter": 0},
        {"max_iter": 1.0},
        {"max_iter": True},
        {"updates": 0},
    ],
)
def test_settings_out_of_range(settings: Any) -> None:
    with pytest.raises(ModelError):
        ascend(0, 1, 1, **settings)
