"""DVA-11 to DVA-13: predicting an image from another one, through layers of latents."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp

from reference.models import mlp
from reference.models.discrete_vae import (
    Estimator,
    Learned,
    Noise,
    PredictionGradients,
    Predictor,
    draw_noise,
    initialise_predictor,
    log_prediction_bounds,
    prediction_estimate,
    prediction_gradients,
)
from tests import discrete_vae_by_hand as by_hand
from tests.discrete_vae_models import (
    Floats,
    Path,
    any_noise,
    arrays,
    bits,
    network,
    noise_of,
    nothing,
    paths,
    rng,
    single_draws,
    small_predictor,
)
from tests.networks import arrays as network_arrays
from tests.networks import slopes

MODELS = {
    "one layer": small_predictor([2]),
    "two layers": small_predictor([2, 1], seed=1),
    "three layers": small_predictor([1, 2, 1], seed=2),
    "outcomes": small_predictor([1], outcomes=3, seed=3),
    "layers of outcomes": small_predictor([1, 1], outcomes=2, seed=6),
}
X, Y = np.array([[1, 0]], np.uint8), np.array([[0, 1, 1]], np.uint8)


def log_mass(p: by_hand.Plain, y: Any, path: Path) -> Any:
    return by_hand.log_mass(y, by_hand.run(p.decoders[0], path[-1]), 1)


def bound(p: by_hand.Plain, every: list[Path], draws: int) -> Any:
    """The expectation of DVA-11, over all K-tuples of states."""
    log_q = [by_hand.log_q(p, X[0], path) for path in every]
    w = [np.exp(log_mass(p, Y[0], path)) for path in every]
    total = 0
    for chosen in product(range(len(every)), repeat=draws):
        q = np.exp(sum(log_q[i] for i in chosen))
        total += q * np.log(sum(w[i] for i in chosen) / draws)
    return total


def log_evidence(p: by_hand.Plain, every: list[Path]) -> Any:
    """``log p(y | x)``."""
    q = [np.exp(by_hand.log_q(p, X[0], path) + log_mass(p, Y[0], path)) for path in every]
    return np.log(sum(q))


@pytest.mark.spec("DVA-11")
@pytest.mark.parametrize("name", MODELS)
def test_estimates_over_all_states(name: str) -> None:
    """They grow with the number of draws, towards the evidence."""
    model = MODELS[name]
    every, p = paths(model), by_hand.plain(model)
    q = np.exp([by_hand.log_q(p, X[0], path).real for path in every])
    bounds = []
    for draws in (1, 2) if len(every) > 8 else (1, 2, 3):
        total = 0.0
        for chosen in product(range(len(every)), repeat=draws):
            noise = noise_of([every[i] for i in chosen], model.outcomes)
            (found,) = prediction_estimate(model, X, Y, noise)
            total += q[list(chosen)].prod() * found
        assert total == pytest.approx(bound(p, every, draws).real, rel=1e-12)
        bounds.append(total)
    assert (np.diff(bounds) > 0).all()
    assert bounds[-1] < log_evidence(p, every).real


def expected_gradient(
    model: Predictor, estimator: Estimator, learned: tuple[Learned, ...], draws: int
) -> list[Floats]:
    every, p = paths(model), by_hand.plain(model)
    q = np.exp([by_hand.log_q(p, X[0], path).real for path in every])
    total = [np.zeros(a.shape) for a in arrays(model)]
    for chosen in product(range(len(every)), repeat=draws):
        noise = noise_of([every[i] for i in chosen], model.outcomes)
        found = prediction_gradients(model, X, Y, noise, estimator, learned)
        for t, a in zip(total, arrays(found.predictor), strict=True):
            t += q[list(chosen)].prod() * a
    return total


def assert_same(found: list[Any], expected: list[Any], tolerance: float = 1e-11) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert_allclose(a, b, atol=tolerance * np.abs(b).max())
        assert np.abs(b).max() > 1e-4


@pytest.mark.spec("DVA-12")
@pytest.mark.parametrize("draws", [2, 3])
@pytest.mark.parametrize("name", ["one layer", "outcomes", "layers of outcomes"])
def test_vimco_is_unbiased(name: str, draws: int) -> None:
    model = MODELS[name]
    every = paths(model)
    found = expected_gradient(model, Estimator("VIMCO"), nothing(model), draws)
    assert_same(found, by_hand.gradient(lambda p: -bound(p, every, draws), model))


@pytest.mark.spec("DVA-12")
@pytest.mark.parametrize("name", MODELS)
def test_bias_of_nvil(name: str) -> None:
    """One pair is a batch, so that a share of 1 - decay is lost; of the decoder, nothing."""
    model, decay = MODELS[name], 0.9
    every, widths = paths(model), (model.pixels[0], *model.widths)
    target = model.pixels[1]
    learned = tuple(
        Learned(network((w + target, 1), i), centre=0.4) for i, w in enumerate(widths[:-1])
    )
    found = expected_gradient(model, Estimator("NVIL", decay=decay), learned, 1)
    expected = by_hand.gradient(lambda p: -bound(p, every, 1), model)
    count = 2 * len(model.encoders)
    expected[:count] = [decay * a for a in expected[:count]]
    assert_same(found, expected)


B = 4
PAIRS = bits(B, 2, 5), bits(B, 3, 6)


def path_by_hand(p: by_hand.Plain, x: Any, one: Noise) -> Path:
    path, below = [], x.astype(float)
    for encoder, a in zip(p.encoders, one.u, strict=True):
        below = by_hand.state(by_hand.run(encoder, below), a[0, 0], p.outcomes)
        path.append(below)
    return tuple(path)


@pytest.mark.spec("DVA-11", "DVA-12")
@pytest.mark.parametrize("name", MODELS)
def test_nvil_and_vimco_by_their_formulas(name: str) -> None:
    """On the same noise: signals of the batch, or of the draws of a pair, and shares."""
    model = MODELS[name]
    p, (x, y), widths = by_hand.plain(model), PAIRS, (model.pixels[0], *model.widths)
    learned = tuple(
        Learned(network((w + y.shape[1], 3, 1), i), centre=0.4, variance=9.0)
        for i, w in enumerate(widths[:-1])
    )
    for which, draws in ((Estimator("NVIL", decay=0.6), 1), (Estimator("VIMCO"), 3)):
        noise = any_noise(model, draws, B)
        each = [(i, path_by_hand(p, x[i], one)) for i, one in single_draws(noise)]
        log_w = np.array([log_mass(p, y[i], path).real for i, path in each]).reshape(-1, B)
        L = logsumexp(log_w, axis=0) - np.log(draws)
        shares = np.exp(log_w - np.log(draws) - L)
        signals = np.empty((len(model.encoders), draws, B))
        for j, i in product(range(draws), range(B)):
            others = np.delete(log_w[:, i], j)
            if len(others):
                stand_in = np.append(others, others.mean())
                signals[:, j, i] = L[i] - logsumexp(stand_in) + np.log(draws)
        if which.name == "NVIL":
            for index, one in enumerate(learned):
                below = np.stack([[*(x[i], *path)[index], *y[i]] for i, path in each])
                left = log_w[0] - mlp.forward(one.baseline, 2.0 * below - 1)[0][:, 0]
                centre, variance = 0.24 + 0.4 * left.mean(), 5.4 + 0.4 * left.var()
                signals[index] = (left - centre) / np.sqrt(variance)

        def surrogate(r: by_hand.Plain) -> Any:
            total = 0
            for n, (i, path) in enumerate(each):  # noqa: B023
                j = n // B
                total += shares[j, i] * log_mass(r, y[i], path)  # noqa: B023
                below = (x[i].astype(float), *path[:-1])
                for index, (under, s) in enumerate(zip(below, path, strict=True)):
                    logits = by_hand.run(r.encoders[index], under)
                    signal = signals[index, j, i]  # noqa: B023
                    total += signal * by_hand.log_mass(s, logits, r.outcomes)
            return -total / B

        given = learned if which.name == "NVIL" else nothing(model)
        found = prediction_gradients(model, x, y, noise, which, given)
        assert found.nats == pytest.approx(-L.mean(), rel=1e-12)
        assert_allclose(prediction_estimate(model, x, y, noise), L, rtol=1e-12)
        assert_same(arrays(found.predictor), by_hand.gradient(surrogate, model))
        if which.name == "NVIL":
            check_lessons(model, noise, learned, found)
        else:
            assert found.learned == nothing(model)


def check_lessons(
    model: Predictor, noise: Noise, learned: tuple[Learned, ...], found: PredictionGradients
) -> None:
    """The gradients of squared errors, and the running numbers."""
    p, (x, y) = by_hand.plain(model), PAIRS
    each = [path_by_hand(p, x[i], one) for i, one in single_draws(noise)]
    log_w = np.array([log_mass(p, y[i], path).real for i, path in enumerate(each)])
    for index, (one, lesson) in enumerate(zip(learned, found.learned, strict=True)):
        below = np.stack([[*(x[i], *path)[index], *y[i]] for i, path in enumerate(each)])

        def left(one: Learned = one, below: Floats = below) -> Floats:
            return log_w - mlp.forward(one.baseline, 2.0 * below - 1)[0][:, 0]

        assert lesson.centre == pytest.approx(0.24 + 0.4 * left().mean(), rel=1e-12)
        assert lesson.variance == pytest.approx(5.4 + 0.4 * left().var(), rel=1e-12)
        pairs = (network_arrays(n.baseline) for n in (lesson, one))
        for a, b in zip(*pairs, strict=True):
            expected = slopes(lambda f=left: float((f() ** 2).mean()), b)
            assert_allclose(a, expected, atol=1e-8 * max(1, np.abs(expected).max()))


@pytest.mark.spec("DVA-12")
@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_concrete(name: str, draws: int) -> None:
    """The derivative of the estimate with relaxed states, in the decoder too."""
    model, (x, y), t = MODELS[name], PAIRS, 0.6
    noise = any_noise(model, draws, B)

    def mean(p: by_hand.Plain) -> Any:
        w = [0] * B
        for i, one in single_draws(noise):
            choose = by_hand.relaxed(p, [a[0, 0] for a in one.u], t)
            s = x[i].astype(float)
            for index, encoder in enumerate(p.encoders):
                s = choose(index, by_hand.run(encoder, s))
            w[i] += np.exp(by_hand.log_mass(y[i], by_hand.run(p.decoders[0], s), 1))
        return -sum(np.log(one / draws) for one in w) / B

    which = Estimator("Concrete", t)
    found = prediction_gradients(model, x, y, noise, which, nothing(model))
    assert found.nats == pytest.approx(mean(by_hand.plain(model)).real, rel=1e-12)
    assert_same(arrays(found.predictor), by_hand.gradient(mean, model))


@pytest.mark.spec("DVA-13")
@pytest.mark.parametrize("samples", [1, 3])
def test_bounds_of_a_data_set(samples: int) -> None:
    """Batch by batch, draw by draw, from one generator."""
    model, x, y = MODELS["two layers"], bits(503, 2), bits(503, 3, 1)
    source, expected = rng(5), []
    for part in (slice(500), slice(500, None)):
        n = len(x[part])
        noises = [draw_noise((2, 1), n, 1, source, pairs=False) for _ in range(samples)]
        log_w = [prediction_estimate(model, x[part], y[part], one) for one in noises]
        expected += (logsumexp(log_w, axis=0) - np.log(samples)).tolist()
    found = log_prediction_bounds(model, x, y, samples, rng(5))
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.spec("DVA-11")
@pytest.mark.parametrize("outcomes", [1, 3])
def test_new_predictor(outcomes: int) -> None:
    """Linear networks with a gain of 1, from one generator: encoders, then the decoder."""
    found = initialise_predictor((4, 5), (2, 3), rng(2), outcomes=outcomes)
    source, n = rng(2), outcomes
    for a, sizes in zip(
        (*found.encoders, found.decoder), [(4, 2 * n), (2 * n, 3 * n), (3 * n, 5)], strict=True
    ):
        expected = mlp.initialise(sizes, source, last_gain=1)
        assert len(a) == 1
        for one, other in zip(network_arrays(a), network_arrays(expected), strict=True):
            assert one.dtype == np.float32
            assert np.array_equal(one, other)
    assert (found.widths, found.pixels, found.outcomes) == ((2 * n, 3 * n), (4, 5), n)


@pytest.mark.spec("DVA-11", "DVA-12")
@pytest.mark.parametrize(("estimator", "draws"), [("NVIL", 1), ("VIMCO", 3), ("Concrete", 2)])
def test_binary32(estimator: str, draws: int) -> None:
    """The gradient has the type of the predictor; the values are binary64."""
    results = []
    for dtype in (np.float32, np.float64):
        model = small_predictor([4, 3], pixels=(5, 6), seed=7, dtype=dtype)
        x, y, noise = bits(4, 5), bits(4, 6), any_noise(model, draws, 4)
        estimate = prediction_estimate(model, x, y, noise)
        assert estimate.dtype == np.float64
        found = prediction_gradients(model, x, y, noise, Estimator(estimator), nothing(model))
        assert {a.dtype for a in arrays(found.predictor)} == {np.dtype(dtype)}
        results.append((estimate, found))
    (estimate, single), (other, double) = results
    assert_allclose(estimate, other, rtol=1e-5)
    assert single.nats == pytest.approx(double.nats, rel=1e-5)
    a, b = (
        np.concatenate([n.ravel() for n in arrays(one.predictor)]) for one in (single, double)
    )
    bound = 1e-5 * (1 + np.abs(other).max()) * (1 + np.linalg.norm(b))
    assert np.linalg.norm(a - b) <= bound
