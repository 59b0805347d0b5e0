"""VEM: Poisson factors: bound, gradients, best local parameters, evidence, the envelope."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from reference.errors import DataError, DistributionError, LowerBoundError, ModelError
from reference.inference.distributions import normal_kl
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization import (
    PoissonFactors,
    best_local,
    local_curvature,
    poisson_gradients,
    poisson_log_evidence,
    poisson_lower_bounds,
    prior_local,
    profile_bound,
)
from tests.strategies import poisson_problems

INF = math.inf
ONE = PoissonFactors(np.array([[0.8], [-0.5]]), np.array([0.3, 1.0]))
COUNTS = np.array([[0, 0], [3, 1], [1, 9], [12, 0], [0, 60]])


def random_local(rng: np.random.Generator, points: int, latents: int) -> Floats:
    return rng.normal(0, 0.5, (points, 2 * latents))


# The bound


@pytest.mark.spec("VEM-9")
def test_bound_by_quadrature() -> None:
    """E_q[log p(x | z)] - KL, the expectation as an integral over a line."""
    local = np.array([[0.3, -0.4], [-1.0, 0.2], [0.0, 0.0], [0.7, -2.0], [2.0, -1.0]])
    bounds = poisson_lower_bounds(COUNTS, ONE, local)
    for x, (mu, log_sigma), bound in zip(COUNTS, local, bounds, strict=True):
        sigma = math.exp(log_sigma)

        def integrand(z: float, x: Any = x, mu: float = mu, sigma: float = sigma) -> float:
            rates = np.exp(ONE.bias + ONE.weights[:, 0] * z)
            return float(stats.norm.pdf(z, mu, sigma) * stats.poisson.logpmf(x, rates).sum())

        mean, _ = quad(integrand, mu - 12 * sigma, mu + 12 * sigma, epsabs=1e-12, epsrel=1e-12)
        assert bound == pytest.approx(mean - normal_kl(mu, sigma, 0, 1), rel=1e-11)


@pytest.mark.spec("VEM-8", "VEM-9", "VEM-18")
@given(problem=poisson_problems())
@settings(max_examples=40)
def test_without_weights_the_prior_is_the_posterior(
    problem: tuple[Floats, PoissonFactors],
) -> None:
    """W = 0: independent Poisson counts; the bound is their log probability, exactly."""
    x, model = problem
    flat = PoissonFactors(np.zeros_like(model.weights), model.bias)
    expected = stats.poisson.logpmf(x, np.exp(model.bias)).sum(axis=1)
    bounds = poisson_lower_bounds(x, flat, prior_local(len(x), flat))
    assert bounds == pytest.approx(expected, rel=1e-12)
    assert np.abs(best_local(x, flat)).max() <= 1e-12
    if model.weights.shape[1] == 1:
        assert poisson_log_evidence(x, flat) == pytest.approx(expected, rel=1e-11)


@pytest.mark.spec("VEM-9")
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
def test_gradients_by_differences(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """Of every parameter, the scales too, along random directions."""
    x, model = problem
    rng = np.random.default_rng(seed)
    local = random_local(rng, len(x), model.weights.shape[1])
    d_local, d_model = poisson_gradients(x, model, local)
    towards, weights, bias = (
        rng.normal(size=a.shape) for a in (local, model.weights, model.bias)
    )
    h = 2.0**-17

    def total(step: float, *, inference: bool) -> float:
        if inference:
            return float(poisson_lower_bounds(x, model, local + step * towards).sum())
        moved = PoissonFactors(model.weights + step * weights, model.bias + step * bias)
        return float(poisson_lower_bounds(x, moved, local).sum())

    scale = 1 + np.abs(poisson_lower_bounds(x, model, local)).sum()
    slope = (total(h, inference=True) - total(-h, inference=True)) / (2 * h)
    assert slope == pytest.approx((d_local * towards).sum(), rel=1e-5, abs=1e-8 * scale)
    slope = (total(h, inference=False) - total(-h, inference=False)) / (2 * h)
    along = (d_model.weights * weights).sum() + (d_model.bias * bias).sum()
    assert slope == pytest.approx(along, rel=1e-5, abs=1e-8 * scale)


@pytest.mark.spec("VEM-9")
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
def test_curvature_by_differences(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """The Hessian times a vector; and it is symmetric."""
    x, model = problem
    rng = np.random.default_rng(seed)
    local = random_local(rng, len(x), model.weights.shape[1])
    towards, other = rng.normal(size=(2, *local.shape))
    h = 2.0**-17
    there, back = (poisson_gradients(x, model, local + step * towards)[0] for step in (h, -h))
    product = local_curvature(model, local, towards)
    scale = 1 + np.abs(there).max()
    assert product == pytest.approx((there - back) / (2 * h), rel=1e-5, abs=1e-7 * scale)
    one = (product * other).sum(axis=1)
    two = (local_curvature(model, local, other) * towards).sum(axis=1)
    assert one == pytest.approx(two, rel=1e-9, abs=1e-9 * scale)


@pytest.mark.spec("VEM-9")
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
def test_concave(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """In (mu, sigma^2) given the model, in (W, b) given q: half-way lies above the chord."""
    x, model = problem
    rng = np.random.default_rng(seed)
    latents = model.weights.shape[1]
    ends = [random_local(rng, len(x), latents) for _ in range(2)]
    middle = (ends[0] + ends[1]) / 2
    variances = (np.exp(2 * ends[0][:, latents:]) + np.exp(2 * ends[1][:, latents:])) / 2
    middle[:, latents:] = np.log(variances) / 2
    first, second, between = (
        poisson_lower_bounds(x, model, local) for local in (*ends, middle)
    )
    chord = (first + second) / 2
    assert (between >= chord - 2.0**-40 * (1 + np.abs(first) + np.abs(second))).all()
    models = [
        PoissonFactors(rng.normal(size=model.weights.shape), rng.normal(size=model.bias.shape))
        for _ in range(2)
    ]
    half = PoissonFactors(
        (models[0].weights + models[1].weights) / 2, (models[0].bias + models[1].bias) / 2
    )
    first, second, between = (poisson_lower_bounds(x, m, ends[0]) for m in (*models, half))
    chord = (first + second) / 2
    assert (between >= chord - 2.0**-40 * (1 + np.abs(first) + np.abs(second))).all()


# The optimum and the evidence


@pytest.mark.spec("VEM-11")
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_best_local_is_the_maximum(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """Gradient 0, which by strict concavity is the maximum; and nothing else is above it."""
    x, model = problem
    best = best_local(x, model)
    bounds = poisson_lower_bounds(x, model, best)
    scale = 1 + x.max() * np.abs(model.weights).max()
    assert np.abs(poisson_gradients(x, model, best)[0]).max() <= 1e-8 * scale
    rng = np.random.default_rng(seed)
    slack = 2.0**-40 * (1 + np.abs(bounds))
    for size in (1e-3, 1e-1, 1.0):
        other = best + size * rng.normal(size=best.shape)
        assert (poisson_lower_bounds(x, model, other) <= bounds + slack).all()
    assert (poisson_lower_bounds(x, model, prior_local(len(x), model)) <= bounds + slack).all()


@pytest.mark.spec("VEM-11")
@pytest.mark.parametrize("count", [0, 1, 10**4, 10**9, 2**40])
@pytest.mark.parametrize("weight", [1e-3, 0.7, -8.0])
def test_best_local_from_far(count: int, weight: float) -> None:
    """Large counts are far from the prior: from there Newton's full steps would not do."""
    model = PoissonFactors(np.array([[weight]]), np.array([0.5]))
    best = best_local([[count]], model)
    gradient = poisson_gradients([[count]], model, best)[0]
    assert np.abs(gradient).max() <= 2.0**-44 * (1 + count * abs(weight)) + 1e-9


@pytest.mark.spec("VEM-10")
@pytest.mark.parametrize(
    ("weights", "bias", "x"),
    [
        ([0.8, -0.5], [0.3, 1.0], [0, 0]),
        ([0.8, -0.5], [0.3, 1.0], [3, 1]),
        ([0.8, -0.5], [0.3, 1.0], [0, 60]),
        ([2.0, 2.0], [-3.0, 0.0], [0, 1]),
        ([4.0, -1.0], [2.0, 2.0], [0, 0]),
        ([0.1, 0.1], [9.0, 9.0], [10_000, 8_000]),
        ([-3.0, 0.0], [5.0, -5.0], [2_000_000, 3]),
    ],
)
def test_evidence_to_many_digits(
    weights: list[float], bias: list[float], x: list[int]
) -> None:
    """Against 40 digits of another quadrature, cut at and around the mode."""
    model = PoissonFactors(np.array(weights)[:, None], np.array(bias))
    found = float(poisson_log_evidence([x], model)[0])
    mu, log_sigma = best_local([x], model)[0].tolist()
    sigma = math.exp(log_sigma)
    with mpmath.workdps(40):

        def log_joint(z: Any) -> Any:
            eta = [
                mpmath.mpf(b) + mpmath.mpf(w) * z for w, b in zip(weights, bias, strict=True)
            ]
            terms = [
                n * e - mpmath.exp(e) - mpmath.loggamma(n + 1)
                for n, e in zip(x, eta, strict=True)
            ]
            return mpmath.fsum(terms) - z * z / 2 - mpmath.log(2 * mpmath.pi) / 2

        top = log_joint(mpmath.mpf(mu))
        cuts = [mpmath.mpf(mu) + sigma * t for t in (-40, -12, -6, -3, 0, 3, 6, 12, 40)]
        cuts = [
            mpmath.mpf(mu) - 14,
            *[c for c in cuts if abs(c - mu) < 14],
            mpmath.mpf(mu) + 14,
        ]
        total = mpmath.quad(lambda z: mpmath.exp(log_joint(z) - top), cuts)
        exact = float(top + mpmath.log(total))
    assert found == pytest.approx(exact, abs=1e-9 * (1 + 1e-3 * max(x)))


@pytest.mark.spec("VEM-10")
def test_evidence_sums_to_one() -> None:
    """Over all counts that can be: the log evidence is of probabilities."""
    model = PoissonFactors(np.array([[0.6], [-0.4]]), np.array([0.2, -0.3]))
    x = np.stack(np.meshgrid(np.arange(90), np.arange(40)), axis=-1).reshape(-1, 2)
    assert np.exp(poisson_log_evidence(x, model)).sum() == pytest.approx(1, abs=1e-10)


@pytest.mark.spec("VEM-18")
@given(problem=poisson_problems(latents=1), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_bounds_below_the_evidence(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """Any local parameters, the best ones, and log p(x), in this order."""
    x, model = problem
    evidence = poisson_log_evidence(x, model)
    best = poisson_lower_bounds(x, model, best_local(x, model))
    slack = 2.0**-36 * (1 + np.abs(evidence))
    assert (best <= evidence + slack).all()
    local = random_local(np.random.default_rng(seed), len(x), 1)
    assert (poisson_lower_bounds(x, model, local) <= best + slack).all()


@pytest.mark.spec("VEM-18")
def test_gap_closes_as_counts_grow() -> None:
    """The posterior becomes normal: the gap of the family falls like 1 / rate."""
    gaps = []
    for rate in (1e2, 1e3, 1e4):
        model = PoissonFactors(np.array([[0.5]]), np.log([rate]))
        x = [[int(rate * 1.5)]]
        best = poisson_lower_bounds(x, model, best_local(x, model))
        gaps.append(float((poisson_log_evidence(x, model) - best)[0]))
    assert 0 < gaps[2] < gaps[1] < gaps[0]
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.15)
    assert gaps[1] / gaps[2] == pytest.approx(10, rel=0.02)


@pytest.mark.spec("VEM-12")
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_envelope(problem: tuple[Floats, PoissonFactors], seed: int) -> None:
    """Total derivative of the best bound = partial derivative at the best local parameters."""
    x, model = problem
    value, gradient = profile_bound(x, model)
    best = best_local(x, model)
    assert value == pytest.approx(poisson_lower_bounds(x, model, best).sum(), rel=1e-12)
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=model.weights.shape), rng.normal(size=model.bias.shape)
    h = 2.0**-17
    there, back = (
        profile_bound(x, PoissonFactors(model.weights + s * weights, model.bias + s * bias))[0]
        for s in (h, -h)
    )
    along = (gradient.weights * weights).sum() + (gradient.bias * bias).sum()
    assert (there - back) / (2 * h) == pytest.approx(
        along, rel=1e-5, abs=1e-8 * (1 + abs(value))
    )


@pytest.mark.spec("VEM-12")
def test_away_from_the_optimum_the_envelope_fails() -> None:
    """There the local parameters' own change matters: it is the optimum that removes it."""
    h, weights = 2.0**-17, np.array([[1.0], [1.0]])

    def bound(model: PoissonFactors) -> float:
        local = best_local(COUNTS, model) + 0.3  # moves with the model, but is not the best
        return float(poisson_lower_bounds(COUNTS, model, local).sum())

    there, back = (bound(PoissonFactors(ONE.weights + s * weights, ONE.bias)) for s in (h, -h))
    partial = poisson_gradients(COUNTS, ONE, best_local(COUNTS, ONE) + 0.3)[1]
    assert abs((there - back) / (2 * h) - (partial.weights * weights).sum()) > 1


# Rejections


@pytest.mark.spec("VEM-8")
@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        ([[1.0]], [0.0, 0.0]),
        ([1.0], [0.0]),
        ([[]], [0.0]),
        (np.empty((0, 1)), []),
        ([[math.nan]], [0.0]),
        ([[1.0]], [INF]),
        ([[65.0]], [0.0]),
        ([[1.0]], [-65.0]),
        ([["1"]], [0.0]),
    ],
)
def test_rejects_models(weights: Any, bias: Any) -> None:
    with pytest.raises(DistributionError):
        PoissonFactors(weights, bias)


@pytest.mark.spec("VEM-8")
@pytest.mark.parametrize(
    "x",
    [
        [],
        [1, 2],
        [[1, 2, 3]],
        [[1, -1]],
        [[1, 0.5]],
        [[1, math.nan]],
        [[1, INF]],
        [[1, 2**41]],
        [["1", "2"]],
        [[1, 2], [3]],
    ],
)
def test_rejects_counts(x: Any) -> None:
    for call in (
        lambda: poisson_lower_bounds(x, ONE, [[0.0, 0.0]]),
        lambda: poisson_gradients(x, ONE, [[0.0, 0.0]]),
        lambda: best_local(x, ONE),
        lambda: poisson_log_evidence(x, ONE),
        lambda: profile_bound(x, ONE),
    ):
        with pytest.raises(DataError):
            call()


@pytest.mark.spec("VEM-8", "VEM-9")
@pytest.mark.parametrize(
    "local",
    [
        [0.0, 0.0],
        [[0.0]],
        [[0.0, 0.0, 0.0]],
        [[0.0, 0.0]] * 2,
        [[math.nan, 0.0]],
        [[0.0, INF]],
        [[0.0, 65.0]],
        [[2.0**61, 0.0]],
    ],
)
def test_rejects_local_parameters(local: Any) -> None:
    with pytest.raises(DistributionError):
        poisson_lower_bounds([[1, 2]], ONE, local)
    with pytest.raises(DistributionError):
        poisson_gradients([[1, 2]], ONE, local)
    with pytest.raises(DistributionError):
        local_curvature(ONE, local, [[0.0, 0.0]])


@pytest.mark.spec("VEM-8")
def test_rejects_directions() -> None:
    for direction in ([[0.0]], [[0.0, 0.0]] * 2, [[INF, 0.0]]):
        with pytest.raises(DistributionError):
            local_curvature(ONE, [[0.0, 0.0]], direction)


@pytest.mark.spec("VEM-9", "VEM-11")
def test_beyond_binary64() -> None:
    """The bound is -inf, and there is no way up from it."""
    assert poisson_lower_bounds([[1, 2]], ONE, [[2000.0, 0.0]]) == -INF
    for call in (
        lambda: poisson_gradients([[1, 2]], ONE, [[2000.0, 0.0]]),
        lambda: local_curvature(ONE, [[2000.0, 0.0]], [[1.0, 1.0]]),
        lambda: best_local([[1]], PoissonFactors(np.array([[40.0]]), np.array([0.0]))),
    ):
        with pytest.raises(LowerBoundError, match="beyond binary64"):
            call()


@pytest.mark.spec("VEM-10")
def test_evidence_takes_one_factor() -> None:
    with pytest.raises(ModelError, match="2 factors"):
        poisson_log_evidence([[1]], PoissonFactors(np.array([[1.0, 1.0]]), np.array([0.0])))
