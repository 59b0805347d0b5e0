"""VEM: expectation maximisation for mixtures of Gaussians."""

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization import (
    GaussianMixture,
    e_step,
    em_step,
    finite_lower_bound,
    fit_gaussian_mixture,
    gaussian_mixture_log_joint,
    gaussian_mixture_m_step,
)
from tests.strategies import em_problems

INF = math.inf


def problem(
    n: int = 60, k: int = 3, d: int = 2, spherical: bool = False, seed: int = 0
) -> tuple[Floats, GaussianMixture]:
    """Data of separate clusters, and a start between them."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.standard_normal((k, d))
    x = centres[rng.integers(k, size=n)] + rng.standard_normal((n, d))
    variances = rng.uniform(0.5, 2, (k, 1 if spherical else d))
    start = centres + rng.standard_normal((k, d))
    return x, GaussianMixture(rng.dirichlet(np.full(k, 5.0)), start, variances)


def moved(mixture: GaussianMixture, rng: np.random.Generator, size: float) -> GaussianMixture:
    """A mixture near by; variances only grow, so that they stay above the floor."""
    weights = mixture.weights * np.exp(size * rng.standard_normal(mixture.weights.shape))
    return GaussianMixture(
        weights / weights.sum(),
        mixture.means + size * rng.standard_normal(mixture.means.shape),
        mixture.variances
        * np.exp(size * np.abs(rng.standard_normal(mixture.variances.shape))),
    )


# The log joint


@pytest.mark.spec("VEM-5")
@given(problem=em_problems())
def test_log_joint_is_that_of_scipy(problem: tuple[Floats, GaussianMixture]) -> None:
    x, mixture = problem
    table = gaussian_mixture_log_joint(x, mixture)
    deviations = np.sqrt(np.broadcast_to(mixture.variances, mixture.means.shape))
    for k, weight in enumerate(mixture.weights):
        if weight == 0:
            assert (table[:, k] == -INF).all()
            continue
        terms = stats.norm.logpdf(x, mixture.means[k], deviations[k])
        expected = math.log(weight) + terms.sum(axis=1)
        slack = 2.0**-46 * (1 + abs(math.log(weight)) + 2 * np.abs(terms).sum(axis=1))
        slack += 2.0**-46 * x.shape[1] * (2 + 2 * np.abs(np.log(deviations[k])).max())
        assert (np.abs(table[:, k] - expected) <= slack).all()


@pytest.mark.spec("VEM-2", "VEM-5")
@pytest.mark.parametrize("spherical", [False, True])
def test_evidence_by_all_assignments(spherical: bool) -> None:
    """p(x) is the sum over all K^N assignments of points to components: a known answer."""
    x, mixture = problem(n=6, spherical=spherical)
    log_joint = gaussian_mixture_log_joint(x, mixture)
    every = itertools.product(range(3), repeat=6)
    evidence = np.logaddexp.reduce([log_joint[range(6), z].sum() for z in map(list, every)])
    assert evidence == pytest.approx(e_step(log_joint)[1].sum(), rel=1e-13)


@pytest.mark.spec("VEM-4", "VEM-5")
def test_weights_are_divided_by_their_sum() -> None:
    """Within 2**-16 of 1 is enough; the density has the integral 1 all the same."""
    x, m = problem()
    rough = GaussianMixture(m.weights * (1 + 2.0**-17), m.means, m.variances)
    exact = gaussian_mixture_log_joint(x, m)
    assert gaussian_mixture_log_joint(x, rough) == pytest.approx(exact, rel=1e-14)
    assert (rough.weights == m.weights * (1 + 2.0**-17)).all()


# The two steps


@pytest.mark.spec("VEM-6", "VEM-7")
@given(problem=em_problems(), seed=st.integers(0, 2**32 - 1))
def test_m_step_is_the_maximum(problem: tuple[Floats, GaussianMixture], seed: int) -> None:
    """No other mixture with variances above the floor has a larger bound, near or far."""
    x, mixture = problem
    rng = np.random.default_rng(seed)
    q = rng.dirichlet(np.ones(len(mixture.weights)), len(x))
    floor = float(mixture.variances.min()) / 2
    best = gaussian_mixture_m_step(x, q, mixture, floor=floor)
    assert (best.variances >= floor).all()
    bound = finite_lower_bound(gaussian_mixture_log_joint(x, best), q).sum()
    for size in (1e-4, 1e-2, 1.0):
        other = gaussian_mixture_log_joint(x, moved(best, rng, size))
        slack = 2.0**-40 * (1 + abs(bound) + np.abs(other).max())
        assert finite_lower_bound(other, q).sum() <= bound + slack
    before = finite_lower_bound(gaussian_mixture_log_joint(x, mixture), q).sum()
    assert before <= bound + 2.0**-40 * (1 + abs(bound) + abs(before)) or before == -INF


@pytest.mark.spec("VEM-6")
@pytest.mark.parametrize("spherical", [False, True])
def test_m_step_has_gradient_zero(spherical: bool) -> None:
    """In means, log variances, and logits of the weights: by central differences."""
    x, mixture = problem(spherical=spherical)
    q, _ = e_step(gaussian_mixture_log_joint(x, mixture))
    best = gaussian_mixture_m_step(x, q, mixture)

    def bound(part: str, index: tuple[int, ...], h: float) -> float:
        parts = {p: getattr(best, p).copy() for p in ("weights", "means", "variances")}
        parts[part][index] = parts[part][index] * math.exp(h)
        parts["weights"] /= parts["weights"].sum()
        return float(
            finite_lower_bound(
                gaussian_mixture_log_joint(x, GaussianMixture(**parts)), q
            ).sum()
        )

    for part in ("weights", "means", "variances"):
        for index in np.ndindex(getattr(best, part).shape):
            slope = (bound(part, index, 1e-4) - bound(part, index, -1e-4)) / 2e-4
            assert abs(slope) <= 1e-5, (part, index)


@pytest.mark.spec("VEM-6", "VEM-7")
def test_one_component_is_the_sample_mean_and_variance() -> None:
    x, _ = problem(k=1, d=3)
    start = GaussianMixture([1.0], [[0.0, 5.0, -5.0]], [[1.0, 1.0, 1.0]])  # type: ignore[arg-type]
    found = fit_gaussian_mixture(x, start, tol=0)
    assert found.converged
    assert len(found.lower_bounds) == 3
    assert found.state.weights == [1.0]
    assert found.state.means[0] == pytest.approx(x.mean(axis=0), rel=1e-13)
    assert found.state.variances[0] == pytest.approx(x.var(axis=0), rel=1e-13)
    log_likelihood = -60 / 2 * (np.log(2 * np.pi * x.var(axis=0)) + 1).sum()
    assert found.lower_bounds[-1] == pytest.approx(log_likelihood, rel=1e-13)
    spherical = GaussianMixture([1.0], [[0.0, 5.0, -5.0]], [[1.0]])  # type: ignore[arg-type]
    once = em_step(x, spherical)[0]
    assert once.variances == pytest.approx(x.var(axis=0).mean(), rel=1e-13)


@pytest.mark.spec("VEM-7")
@given(problem=em_problems(), spare=st.sampled_from(["weights", "means", "variances", None]))
def test_evidence_never_falls(
    problem: tuple[Floats, GaussianMixture], spare: str | None
) -> None:
    x, mixture = problem
    floor = float(mixture.variances.min())
    fixed = [] if spare is None else [spare]
    found = fit_gaussian_mixture(x, mixture, floor=floor, fixed=fixed, tol=0, max_iter=8)
    for before, after in itertools.pairwise(found.lower_bounds):
        assert after >= before - 2.0**-40 * (1 + abs(before))
    evidence = e_step(gaussian_mixture_log_joint(x, found.state))[1].sum()
    assert found.lower_bounds[-1] == pytest.approx(evidence, rel=1e-12)
    if spare is not None:
        assert (getattr(found.state, spare) == getattr(mixture, spare)).all()


@pytest.mark.spec("VEM-7")
def test_fit_is_steps() -> None:
    x, mixture = problem()
    bounds, now = [], mixture
    for _ in range(4):
        now, evidence = em_step(x, now)
        bounds.append(evidence)
    found = fit_gaussian_mixture(x, mixture, tol=0, max_iter=4)
    assert found.lower_bounds[:4] == pytest.approx(bounds, rel=1e-13)
    assert len(found.lower_bounds) == 5
    assert not found.converged
    for part in ("weights", "means", "variances"):
        assert (getattr(found.state, part) == getattr(now, part)).all()


@pytest.mark.spec("VEM-7")
def test_fixed_point_is_a_maximum_of_the_evidence() -> None:
    """After many iterations the gradient of log p(x) itself is 0."""
    x, mixture = problem()
    best = fit_gaussian_mixture(x, mixture, tol=0, max_iter=2000).state

    def evidence(parts: dict[str, Floats]) -> float:
        return float(e_step(gaussian_mixture_log_joint(x, GaussianMixture(**parts)))[1].sum())

    for part in ("weights", "means", "variances"):
        for index in np.ndindex(getattr(best, part).shape):
            found = []
            for h in (1e-4, -1e-4):
                parts = {p: getattr(best, p).copy() for p in ("weights", "means", "variances")}
                parts[part][index] *= math.exp(h)
                parts["weights"] /= parts["weights"].sum()
                found.append(evidence(parts))
            assert abs(found[0] - found[1]) / 2e-4 <= 1e-4, (part, index)


# Symmetries


@pytest.mark.spec("VEM-7")
@given(problem=em_problems(), seed=st.integers(0, 2**32 - 1))
def test_order_does_not_matter(problem: tuple[Floats, GaussianMixture], seed: int) -> None:
    """Neither that of the points, nor that of the components, nor of the dimensions."""
    x, m = problem
    rng = np.random.default_rng(seed)
    points, components = rng.permutation(len(x)), rng.permutation(len(m.weights))
    floor = float(m.variances.min())
    after, evidence = em_step(x, m, floor=floor)
    turned = GaussianMixture(
        m.weights[components], m.means[components], m.variances[components]
    )
    other, same = em_step(x[points], turned, floor=floor)
    slack = 1e-9 * (1 + np.abs(x).max() + np.abs(m.means).max())
    assert same == pytest.approx(evidence, rel=1e-11)
    assert np.abs(other.weights - after.weights[components]).max() <= 1e-9
    assert np.abs(other.means - after.means[components]).max() <= slack
    assert np.abs(other.variances - after.variances[components]).max() <= slack**2 * 1e9


@pytest.mark.spec("VEM-7")
@pytest.mark.parametrize("scale", [2.0**-40, 0.5, 2.0**60])
def test_units_do_not_matter(scale: float) -> None:
    """Data in other units, by a power of 2: the same fit, and N D log(scale) of evidence."""
    x, mixture = problem()
    other = GaussianMixture(
        mixture.weights, scale * mixture.means, scale**2 * mixture.variances
    )
    ours = fit_gaussian_mixture(x, mixture, tol=0, max_iter=20)
    theirs = fit_gaussian_mixture(scale * x, other, floor=1e-6 * scale**2, tol=0, max_iter=20)
    assert theirs.state.means == pytest.approx(scale * ours.state.means, rel=1e-9)
    assert theirs.state.variances == pytest.approx(scale**2 * ours.state.variances, rel=1e-9)
    shift = x.size * math.log(scale)
    assert theirs.lower_bounds[-1] + shift == pytest.approx(ours.lower_bounds[-1], rel=1e-9)


@pytest.mark.spec("VEM-6")
def test_an_offset_costs_no_digits() -> None:
    """Means of 2**30: variances are those of the same data without it."""
    x, mixture = problem()
    x = np.round(x * 2**16) / 2**16  # so that the shift is exact
    start = GaussianMixture(
        mixture.weights, np.round(mixture.means * 2**16) / 2**16, mixture.variances
    )
    far = GaussianMixture(start.weights, start.means + 2.0**30, start.variances)
    ours, theirs = em_step(x, start)[0], em_step(x + 2.0**30, far)[0]
    assert theirs.variances == pytest.approx(ours.variances, rel=1e-9)
    assert theirs.means - 2.0**30 == pytest.approx(ours.means, abs=1e-6)


# scikit-learn


@pytest.mark.spec("VEM-7")
@pytest.mark.parametrize("spherical", [False, True])
def test_five_iterations_of_scikit_learn(spherical: bool) -> None:
    """The same start, no floor of theirs: the same mixture, to 13 digits.

    Their lower bound is the mean over the points, and that before the last M step.
    """
    x, mixture = problem(n=200, k=4, d=3, spherical=spherical)
    precisions = 1 / mixture.variances
    theirs = ScikitLearnMixture(
        4,
        covariance_type="spherical" if spherical else "diag",
        tol=0,
        reg_covar=0,
        max_iter=5,
        weights_init=mixture.weights,
        means_init=mixture.means,
        precisions_init=precisions[:, 0] if spherical else precisions,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(x)
    ours = fit_gaussian_mixture(x, mixture, floor=1e-100, tol=0, max_iter=5)
    assert ours.state.weights == pytest.approx(theirs.weights_, rel=1e-12)
    assert ours.state.means == pytest.approx(theirs.means_, rel=1e-11)
    assert ours.state.variances.ravel() == pytest.approx(
        theirs.covariances_.ravel(), rel=1e-11
    )
    assert ours.lower_bounds[4] / len(x) == pytest.approx(theirs.lower_bound_, rel=1e-13)
    assert ours.lower_bounds[5] / len(x) == pytest.approx(theirs.score(x), rel=1e-13)


# Degenerate data


@pytest.mark.spec("VEM-6", "VEM-7")
def test_a_collapse_ends_at_the_floor() -> None:
    """A component that starts on one point keeps it, with the least variance."""
    x = np.array([[0.0], [1.0], [2.0], [3.0], [50.0]])
    start = GaussianMixture([0.5, 0.5], [[1.5], [50.0]], [[1.0], [1e-3]])  # type: ignore[arg-type]
    found = fit_gaussian_mixture(x, start, floor=1e-4, tol=0, max_iter=50)
    assert found.state.variances[1] == 1e-4
    assert found.state.variances[0] == pytest.approx(1.25, rel=1e-12)
    assert found.state.weights == pytest.approx([0.8, 0.2], rel=1e-12)


@pytest.mark.spec("VEM-6", "VEM-7")
def test_an_empty_component_stays_as_it_is() -> None:
    x = np.array([[0.0], [1.0]])
    start = GaussianMixture([0.5, 0.5], [[0.5], [1e3]], [[1.0], [2.0]])  # type: ignore[arg-type]
    found = fit_gaussian_mixture(x, start, tol=0, max_iter=20).state
    assert found.weights.tolist() == [1.0, 0.0]
    assert found.means[1] == 1e3
    assert found.variances[1] == 2.0
    kept = em_step(x, start, fixed=["weights"])[0]
    assert kept.weights.tolist() == [0.5, 0.5]
    assert kept.means[1] == 1e3


@pytest.mark.spec("VEM-2", "VEM-6", "VEM-7")
@pytest.mark.parametrize("distance", [50.0, 53.5, 54.5, 60.0, 61.0])
def test_a_component_almost_out_of_reach(distance: float) -> None:
    """Posteriors around 2**-900, and in the subnormal numbers: empty or not, no fall."""
    x, start = (
        np.zeros((5, 1)),
        GaussianMixture(np.full(2, 0.5), np.array([[0.0], [distance]]), np.full((2, 1), 2.5)),
    )
    found = fit_gaussian_mixture(x, start, fixed=["means"], tol=0, max_iter=3)
    assert math.isfinite(found.lower_bounds[-1])


@pytest.mark.spec("VEM-6", "VEM-7")
@pytest.mark.parametrize(
    "x", [[[3.0]], [[3.0]] * 4, [[1.0], [1.0], [2.0]]], ids=["one", "equal", "few"]
)
def test_more_components_than_points(x: Any) -> None:
    """Equal points and K > N: the fit stays finite, at the floor where it must."""
    start = GaussianMixture(np.full(5, 0.2), np.arange(5.0)[:, None], np.ones((5, 1)))
    found = fit_gaussian_mixture(x, start, tol=0, max_iter=100)
    assert math.isfinite(found.lower_bounds[-1])
    assert (found.state.variances >= 1e-6).all()
    assert found.state.weights.sum() == pytest.approx(1, rel=1e-14)
    log_density = -math.log(2 * math.pi * 1e-6) / 2
    assert found.lower_bounds[-1] <= len(x) * log_density


@pytest.mark.spec("VEM-6")
@given(problem=em_problems())
def test_fixed_means_are_the_centre_of_variances(
    problem: tuple[Floats, GaussianMixture],
) -> None:
    x, mixture = problem
    floor = float(mixture.variances.min())
    q, _ = e_step(gaussian_mixture_log_joint(x, mixture))
    after = gaussian_mixture_m_step(x, q, mixture, floor=floor, fixed=["means"])
    for k in np.flatnonzero(q.sum(axis=0) > 1e-200):
        squares = (q[:, k, None] * (x - mixture.means[k]) ** 2).sum(axis=0) / q[:, k].sum()
        if mixture.variances.shape[1] == 1:
            squares = squares.mean(keepdims=True)
        assert after.variances[k] == pytest.approx(np.maximum(squares, floor), rel=1e-11)


# Rejections


@pytest.mark.spec("VEM-4")
@pytest.mark.parametrize(
    ("weights", "means", "variances"),
    [
        ([], np.empty((0, 1)), np.empty((0, 1))),
        ([1.0], [[]], [[]]),
        ([1.0], [0.0], [1.0]),
        ([0.5, 0.5], [[0.0]], [[1.0]]),
        ([1.0], [[0.0, 0.0]], [[1.0, 1.0, 1.0]]),
        ([1.0], [[0.0]], [1.0]),
        ([0.5, 0.4], [[0.0]] * 2, [[1.0]] * 2),
        ([1.5, -0.5], [[0.0]] * 2, [[1.0]] * 2),
        ([math.nan, 1.0], [[0.0]] * 2, [[1.0]] * 2),
        ([1.0], [[INF]], [[1.0]]),
        ([1.0], [[2.0**201]], [[1.0]]),
        ([1.0], [[0.0]], [[0.0]]),
        ([1.0], [[0.0]], [[-1.0]]),
        ([1.0], [[0.0]], [[INF]]),
        ([1.0], [[0.0]], [[2.0**-401]]),
        ([1.0], [[0.0]], [[2.0**405]]),
        (["1"], [[0.0]], [[1.0]]),
    ],
)
def test_rejects_mixtures(weights: Any, means: Any, variances: Any) -> None:
    with pytest.raises(DistributionError):
        GaussianMixture(weights, means, variances)


@pytest.mark.spec("VEM-4", "VEM-6")
@pytest.mark.parametrize(
    "x",
    [
        [],
        [1.0, 2.0],
        [[]],
        [[1.0, 2.0, 3.0]],
        [[1.0, math.nan]],
        [[1.0, INF]],
        [[1.0, 2.0**201]],
        [["a", "b"]],
        [[1.0, 2.0], [3.0]],
        [[1j, 0]],
    ],
)
def test_rejects_data(x: Any) -> None:
    _, mixture = problem()
    for call in (
        lambda: gaussian_mixture_log_joint(x, mixture),
        lambda: gaussian_mixture_m_step(x, [[1.0, 0, 0]], mixture),
        lambda: em_step(x, mixture),
        lambda: fit_gaussian_mixture(x, mixture),
    ):
        with pytest.raises(DataError):
            call()


@pytest.mark.spec("VEM-3", "VEM-6", "VEM-7")
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"floor": 0.0}, DistributionError),
        ({"floor": -1.0}, DistributionError),
        ({"floor": math.nan}, DistributionError),
        ({"floor": INF}, DistributionError),
        ({"floor": 3.0}, DistributionError),  # above variances of the start
        ({"fixed": ["mean"]}, ModelError),
        ({"fixed": "means"}, ModelError),
        ({"tol": -1.0}, ModelError),
        ({"tol": math.nan}, ModelError),
        ({"max_iter": 0}, ModelError),
        ({"max_iter": True}, ModelError),
    ],
)
def test_rejects_settings(settings: dict[str, Any], error: type[Exception]) -> None:
    x, mixture = problem()
    with pytest.raises(error):
        fit_gaussian_mixture(x, mixture, **settings)
    if not {"tol", "max_iter"} & set(settings):
        with pytest.raises(error):
            em_step(x, mixture, **settings)


@pytest.mark.spec("VEM-6")
def test_a_floor_above_fixed_variances_is_none() -> None:
    x, mixture = problem()
    found = fit_gaussian_mixture(x, mixture, floor=1e3, fixed=["variances"])
    assert (found.state.variances == mixture.variances).all()


@pytest.mark.spec("VEM-1", "VEM-6")
def test_rejects_responsibilities() -> None:
    x, mixture = problem(n=2)
    for q in ([[1.0, 0, 0]], [[0.5, 0.5]] * 2, [[1.0, 1.0, 0]] * 2):
        with pytest.raises(DistributionError):
            gaussian_mixture_m_step(x, q, mixture)
