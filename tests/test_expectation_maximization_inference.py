"""VEM: steps of ascent; local, amortised and iterative inference; the two loops."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from reference.errors import DataError, DistributionError, LowerBoundError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization import (
    AmortisedInference,
    Inference,
    IterativeInference,
    LocalInference,
    PoissonFactors,
    ascent_step,
    best_local,
    inference_step,
    model_step,
    poisson_gradients,
    poisson_log_evidence,
    poisson_lower_bounds,
    prior_local,
    profile_bound,
    variational_em,
)
from tests.strategies import poisson_problems

INF = math.inf
KINDS = ["local", "amortised", "iterative"]


def start(kind: str, x: Floats, model: PoissonFactors) -> Inference:
    if kind == "local":
        return LocalInference(prior_local(len(x), model))
    if kind == "amortised":
        return AmortisedInference.start(model)
    return IterativeInference.start(model, steps=3)


def shaken(inference: Inference, seed: int, size: float = 0.05) -> Inference:
    """The same with other parameters near by."""
    rows = inference.rows()
    return inference.at(rows + size * np.random.default_rng(seed).normal(size=rows.shape))


def counts(n: int = 40, d: int = 3, latents: int = 1) -> tuple[Floats, PoissonFactors]:
    """Counts drawn from a model of about one nat a dimension, and that model."""
    rng = np.random.default_rng(0)
    model = PoissonFactors(rng.normal(0, 0.9, (d, latents)), rng.normal(0.7, 0.7, d))
    z = rng.standard_normal((n, latents))
    return rng.poisson(np.exp(model.bias + z @ model.weights.T)).astype(float), model


def trained(kind: str, x: Floats, model: PoissonFactors, steps: int) -> Inference:
    inference = start(kind, x, model)
    rates = np.ones(len(inference.rows()))
    for _ in range(steps):
        inference, rates = inference_step(x, model, inference, rates)
    return inference


# A step of ascent


@pytest.mark.spec("VEM-13")
@pytest.mark.parametrize(
    ("rate", "taken"), [(0.25, 0.25), (0.5, 0.5), (1.0, 0.5), (3.0, 0.375), (1024.0, 0.5)]
)
def test_ascent_of_a_parabola(rate: float, taken: float) -> None:
    """Of -p^2, with curvature 2: any rate up to 1/2 is enough, and no larger one."""
    moved, following = ascent_step(
        lambda p: -(p**2).sum(axis=1), np.array([[3.0]]), np.array([[-6.0]]), np.array([rate])
    )
    assert moved == 3 - 6 * taken
    assert following == 2 * taken


@pytest.mark.spec("VEM-13")
def test_rows_are_separate_problems() -> None:
    """Each with its own rate, as if it were alone; -inf and NaN are no gain."""

    def objective(p: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(p[:, 0]) - np.array([1.0, 50.0, 1.0]) * p[:, 0]

    points = np.array([[0.5], [0.5], [1.0]])
    gradient = 1 / points - np.array([[1.0], [50.0], [1.0]])
    moved, rates = ascent_step(objective, points, gradient, np.array([1.0, 1.0, 1.0]))
    for i in range(3):

        def alone(p: Floats, i: int = i) -> Floats:
            return objective(np.repeat(p, 3, axis=0))[[i]]

        one, rate = ascent_step(alone, points[[i]], gradient[[i]], np.array([1.0]))
        assert moved[i] == one[0]
        assert rates[i] == rate[0]
    assert (objective(moved) >= objective(points)).all()
    assert moved[1] > 0
    assert moved[2] == 1.0  # a gradient of 0
    assert rates[2] == 1.0


@pytest.mark.spec("VEM-13")
def test_no_step_where_nothing_gains() -> None:
    """A gradient that points down: after 64 rates the point stays."""
    tried: list[Floats] = []

    def objective(p: Floats) -> Floats:
        tried.append(p)
        return -p[:, 0]

    moved, rates = ascent_step(
        objective, np.array([[0.0]]), np.array([[1.0]]), np.array([1.0])
    )
    assert moved == 0.0
    assert len(tried) == 1 + 64
    assert tried[-1] == 2.0**-63
    assert rates == 1.0
    nan = ascent_step(lambda p: p[:, 0] * np.nan, np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
    assert nan[0] == 1.0


@pytest.mark.spec("VEM-13")
def test_a_point_that_stayed_can_move_again() -> None:
    """At a maximum but for rounding nothing is tried for long, and the rate is kept."""
    tried: list[Floats] = []

    def objective(p: Floats) -> Floats:
        tried.append(p)
        return 1 - (p[:, 0] - 1) ** 2

    points = np.array([[1 + 1e-9]])
    stayed, rates = ascent_step(objective, points, -2 * (points - 1), np.array([0.5]))
    assert stayed == points
    assert rates == 0.5
    assert len(tried) == 1


# Gradients of what is trained


@pytest.mark.spec("VEM-14", "VEM-15", "VEM-16")
@pytest.mark.parametrize("kind", KINDS)
@given(problem=poisson_problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_gradient_by_differences(
    kind: str, problem: tuple[Floats, PoissonFactors], seed: int
) -> None:
    """The whole derivative, through all updates of the iterative kind."""
    x, model = problem
    inference = shaken(start(kind, x, model), seed)
    value = inference.objective(x, model)
    if not np.isfinite(value).all() or np.abs(value).max() > 1e6:
        return  # out of range, or so steep that differences say nothing
    gradient = inference.gradient(x, model)
    rows, rng, h = inference.rows(), np.random.default_rng(seed), 2.0**-19
    towards = rng.normal(size=rows.shape)
    there, back = (inference.at(rows + s * towards).objective(x, model) for s in (h, -h))
    along = (gradient * towards).sum(axis=1)
    scale = np.abs(value) + np.abs(gradient).max()
    assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-4, abs=1e-5 * scale.max())


@pytest.mark.spec("VEM-16")
def test_every_weight_of_the_update_by_differences() -> None:
    x, model = counts(latents=2)
    inference = shaken(start("iterative", x, model), 1)
    gradient, rows = inference.gradient(x, model)[0], inference.rows()
    h = 1e-6
    for i in range(rows.size):
        step = h * np.eye(rows.size)[[i]]
        there, back = (inference.at(rows + s * step).objective(x, model)[0] for s in (1, -1))
        assert (there - back) / (2 * h) == pytest.approx(gradient[i], rel=1e-6, abs=1e-4)


# What each kind gives


@pytest.mark.spec("VEM-15")
def test_amortised_inference_is_one_matrix() -> None:
    x = np.array([[0.0, 7.0, 1.0]])
    _, model = counts()
    weights = np.arange(8.0).reshape(4, 2) / 10
    found = AmortisedInference(weights).infer(x, model)[0]
    by_hand = weights[0] + math.log(8) * weights[2] + math.log(2) * weights[3]
    assert found == pytest.approx(by_hand, rel=1e-15)
    assert (AmortisedInference.start(model).infer(x, model) == 0).all()


@pytest.mark.spec("VEM-16")
def test_iterative_inference_by_hand() -> None:
    """One factor, one count, one update from the prior: all in scalars."""
    model = PoissonFactors(np.array([[0.8]]), np.array([0.3]))
    rate = math.exp(0.3 + 0.32)
    d_mu, d_log_sigma = 0.8 * (2 - rate), 1 - (1 + 0.64 * rate)
    weights = np.zeros((5, 2))
    weights[0] = [0.1, -0.2]
    weights[3] = [0.5, 0.25]  # for asinh of the natural gradient in mu
    weights[4] = [-1.0, 0.75]
    inference = IterativeInference(weights, 1)
    mu = 0.1 + 0.5 * math.asinh(d_mu) - math.asinh(d_log_sigma / 2)
    log_sigma = -0.2 + 0.25 * math.asinh(d_mu) + 0.75 * math.asinh(d_log_sigma / 2)
    assert inference.infer([[2]], model)[0] == pytest.approx([mu, log_sigma], rel=1e-13)
    again = IterativeInference(weights, 2)
    assert again.path([[2]], model)[1] == pytest.approx(inference.infer([[2]], model))
    bounds = [poisson_lower_bounds([[2]], model, p)[0] for p in again.path([[2]], model)[1:]]
    assert again.objective([[2]], model)[0] == pytest.approx(np.mean(bounds), rel=1e-14)
    identity = IterativeInference(np.zeros((5, 2)), 3)
    assert (identity.infer([[2]], model) == 0).all()
    # rows 1 and 2 see the parameters themselves: doubling what the first update made
    weights[1:3] = np.eye(2)
    kept = IterativeInference(np.concatenate([weights[:3], np.zeros((2, 2))]), 2)
    first = np.array([0.1, -0.2])
    assert kept.infer([[2]], model)[0] == pytest.approx(2 * first + first, rel=1e-14)


@pytest.mark.spec("VEM-18")
@pytest.mark.parametrize("kind", ["amortised", "iterative"])
@given(problem=poisson_problems(latents=1), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_gaps_are_not_negative(
    kind: str, problem: tuple[Floats, PoissonFactors], seed: int
) -> None:
    """Whatever the network or update: its bound, the best local one, log p(x)."""
    x, model = problem
    inference = shaken(start(kind, x, model), seed, 0.3)
    if not np.isfinite(inference.objective(x, model)).all():
        return
    evidence = poisson_log_evidence(x, model)
    best = poisson_lower_bounds(x, model, best_local(x, model))
    ours = poisson_lower_bounds(x, model, inference.infer(x, model))
    slack = 2.0**-36 * (1 + np.abs(evidence))
    assert (ours <= best + slack).all()
    assert (best <= evidence + slack).all()


@pytest.mark.spec("VEM-15", "VEM-18")
def test_amortisation_is_free_where_the_map_can_be_exact() -> None:
    """Two different data points and a bias: some affine map meets both optima."""
    _, model = counts(d=2)
    x = np.array([[0.0, 3.0], [5.0, 1.0]])
    best = poisson_lower_bounds(x, model, best_local(x, model)).sum()
    inference = trained("amortised", x, model, 600)
    assert inference.objective(x, model)[0] == pytest.approx(best, abs=1e-6)


@pytest.mark.spec("VEM-14", "VEM-15", "VEM-16", "VEM-18")
def test_ranking_of_the_three() -> None:
    """Local reaches the optimum; of the gap of a network, learned steps leave little."""
    x, model = counts(80, 5)
    n = len(x)
    evidence = poisson_log_evidence(x, model).sum() / n
    best = poisson_lower_bounds(x, model, best_local(x, model)).sum() / n
    found = {
        kind: poisson_lower_bounds(
            x, model, trained(kind, x, model, 120).infer(x, model)
        ).sum()
        / n
        for kind in KINDS
    }
    assert found["local"] == pytest.approx(best, abs=1e-9)
    assert found["amortised"] < found["iterative"] < best < evidence
    assert best - found["amortised"] > 5 * (best - found["iterative"])


# The two loops


@pytest.mark.spec("VEM-13", "VEM-14", "VEM-15", "VEM-17")
@pytest.mark.parametrize("kind", ["local", "amortised"])
@given(problem=poisson_problems(), inner_steps=st.integers(1, 3))
@settings(max_examples=40)
def test_no_step_lowers_the_bound(
    kind: str, problem: tuple[Floats, PoissonFactors], inner_steps: int
) -> None:
    """Of the inference, of the model, and of both in turn."""
    x, model = problem
    inference = start(kind, x, model)
    before = inference.objective(x, model)
    moved, _ = inference_step(x, model, inference, np.ones(len(inference.rows())))
    assert (moved.objective(x, model) >= before).all()
    local = inference.infer(x, model)
    better, _ = model_step(x, model, local, 1.0)
    total = poisson_lower_bounds(x, model, local).sum()
    assert poisson_lower_bounds(x, better, local).sum() >= total
    found = variational_em(x, model, inference, iterations=3, inner_steps=inner_steps)
    assert found.lower_bounds[0] == pytest.approx(total, rel=1e-14)
    for b, a in itertools.pairwise(found.lower_bounds):
        assert a >= b - 2.0**-44 * abs(b)
    last = poisson_lower_bounds(x, found.model, found.inference.infer(x, found.model)).sum()
    assert found.lower_bounds[-1] == last


@pytest.mark.spec("VEM-17")
@pytest.mark.parametrize("kind", KINDS)
def test_loops_are_their_steps(kind: str) -> None:
    """Two iterations with three inner steps each, by hand, with the rates carried on."""
    x, model = counts()
    inference = start(kind, x, model)
    seen: list[Any] = []
    found = variational_em(
        x, model, inference, iterations=2, inner_steps=3, on_iteration=seen.append
    )
    rates, rate = np.ones(len(inference.rows())), 1.0
    for i in range(2):
        for _ in range(3):
            inference, rates = inference_step(x, model, inference, rates)
        model, rate = model_step(x, model, inference.infer(x, model), rate)
        assert (seen[i].model.weights == model.weights).all()
        assert (seen[i].inference.rows() == inference.rows()).all()
        assert seen[i].lower_bounds == found.lower_bounds[: i + 2]
    assert (found.model.weights == model.weights).all()
    assert (found.model.bias == model.bias).all()
    assert (found.inference.rows() == inference.rows()).all()


@pytest.mark.spec("VEM-13", "VEM-17")
def test_the_rate_of_the_model_is_carried_on() -> None:
    """Where the bound is nearly flat, a rate of 1 is not the largest that will do."""
    x, model = np.zeros((2, 3)), PoissonFactors(np.full((3, 1), 0.1), np.full(3, -3.0))
    found = variational_em(x, model, start("local", x, model), iterations=3)
    inference, rates, rate = start("local", x, model), np.ones(2), 1.0
    for _ in range(3):
        inference, rates = inference_step(x, model, inference, rates)
        model, rate = model_step(x, model, inference.infer(x, model), rate)
    assert rate == 8.0
    assert (found.model.bias == model.bias).all()


@pytest.mark.spec("VEM-12", "VEM-13", "VEM-14", "VEM-17")
@pytest.mark.parametrize(("inner_steps", "iterations"), [(1, 300), (10, 100)])
def test_variational_em_reaches_the_largest_bound(inner_steps: int, iterations: int) -> None:
    """Where a generic optimiser on the best bound of each model ends too; gradients are 0."""
    x, model = counts()
    begin = PoissonFactors(0.1 + 0 * model.weights, np.log(x.mean(axis=0)))
    found = variational_em(
        x, begin, start("local", x, begin), iterations=iterations, inner_steps=inner_steps
    )
    d_local, d_model = poisson_gradients(x, found.model, found.inference.infer(x, found.model))
    assert np.abs(d_local).max() <= 1e-4
    assert max(np.abs(d_model.weights).max(), np.abs(d_model.bias).max()) <= 1e-4

    def negative(row: Floats) -> tuple[float, Floats]:
        value, slope = profile_bound(x, PoissonFactors(row[:3, None], row[3:]))
        return -value, -np.concatenate([slope.weights[:, 0], slope.bias])

    row = np.concatenate([begin.weights[:, 0], begin.bias])
    largest = -minimize(negative, row, jac=True, method="BFGS").fun
    assert found.lower_bounds[-1] == pytest.approx(largest, abs=1e-7)
    assert largest > found.lower_bounds[0] + 10
    assert largest <= poisson_log_evidence(x, found.model).sum()


@pytest.mark.spec("VEM-17")
def test_without_factors_the_bias_is_the_mean() -> None:
    """At W = 0 the weights have gradient 0: the bias becomes the log of the mean count."""
    x, _ = counts()
    flat = PoissonFactors(np.zeros((3, 1)), np.zeros(3))
    found = variational_em(x, flat, start("local", x, flat), iterations=300)
    assert (found.model.weights == 0).all()
    assert found.model.bias == pytest.approx(np.log(x.mean(axis=0)), abs=1e-6)


# Rejections


@pytest.mark.spec("VEM-8", "VEM-14", "VEM-15", "VEM-16")
@pytest.mark.parametrize(
    "inference",
    [
        LocalInference(np.zeros((2, 2))),
        LocalInference(np.zeros((40, 3))),
        LocalInference(np.full((40, 2), math.nan)),
        AmortisedInference(np.zeros((3, 2))),
        AmortisedInference(np.zeros(8)),
        AmortisedInference(np.full((4, 2), INF)),
        AmortisedInference(np.full((4, 2), 1e4)),
        IterativeInference(np.zeros((4, 2))),
        IterativeInference(np.full((5, 2), math.nan)),
        IterativeInference(np.full((5, 2), 1e4)),
    ],
)
def test_rejects_inference_that_does_not_fit(inference: Inference) -> None:
    x, model = counts()
    for call in (
        lambda: inference.infer(x, model),
        lambda: inference.gradient(x, model),
        lambda: variational_em(x, model, inference, iterations=1),
    ):
        with pytest.raises(DistributionError):
            call()


@pytest.mark.spec("VEM-16")
@pytest.mark.parametrize("steps", [0, -1, 1.5, True])
def test_rejects_numbers_of_updates(steps: Any) -> None:
    x, model = counts()
    with pytest.raises(ModelError):
        IterativeInference(np.zeros((5, 2)), steps).infer(x, model)


@pytest.mark.spec("VEM-13", "VEM-16")
def test_an_update_out_of_range_gains_nothing() -> None:
    x, model = counts()
    for weights in (np.full((5, 2), 1e4), np.full((5, 2), 60.0)):
        assert IterativeInference(weights).objective(x, model) == -INF


@pytest.mark.spec("VEM-8", "VEM-17")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loops", [{"iterations": 0}, {"iterations": 1, "inner_steps": 0}])
def test_rejects_settings(kind: str, loops: dict[str, Any]) -> None:
    x, model = counts()
    with pytest.raises(ModelError):
        variational_em(x, model, start(kind, x, model), **loops)
    with pytest.raises(DataError):
        variational_em(x + 0.5, model, start(kind, x, model), iterations=1)


@pytest.mark.spec("VEM-9", "VEM-17")
def test_rejects_a_start_beyond_binary64() -> None:
    steep = PoissonFactors(np.array([[40.0]]), np.array([0.0]))
    for kind in KINDS:
        with pytest.raises(LowerBoundError, match="beyond binary64"):
            variational_em([[1]], steep, start(kind, np.ones((1, 1)), steep), iterations=1)
