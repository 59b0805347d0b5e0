"""DVA-6, DVA-7 and DVA-10: expectations of gradients are gradients of exact bounds."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from reference.models import mlp
from reference.models.discrete_vae import (
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
    discrete_gradients,
)
from reference.models.discrete_vae.bound import draws_in_rows
from reference.models.discrete_vae.chain import pass_through
from reference.models.discrete_vae.gradients import logit_gradients
from reference.models.discrete_vae.layers import events, hard, latents, rows
from tests import discrete_vae_by_hand as by_hand
from tests import networks
from tests.discrete_vae_models import (
    Floats,
    Path,
    arrays,
    network,
    noise_of,
    nothing,
    paths,
    small,
)
from tests.gradients import grid
from tests.gradients import noise_of as noise_of_places

X = np.array([[1, 0, 1]], np.uint8)
MODELS = {
    "one layer": small([2]),
    "two layers": small([2, 1], seed=1),
    "hidden": small([1, 2], hidden=(3,), seed=3),
    "outcomes": small([1], outcomes=3, seed=4),
    "layers of outcomes": small([1, 1], outcomes=2, seed=5),
}


def expected_gradient(
    model: DiscreteVae, estimator: Estimator, learned: tuple[Learned, ...], draws: int
) -> list[Floats]:
    """The mean over all states of all draws of the gradient in all parameters."""
    every, p = paths(model), by_hand.plain(model)
    q = {id(path): np.exp(by_hand.log_q(p, X[0], path).real) for path in every}
    total = [np.zeros(a.shape) for a in arrays(model)]
    for chosen in product(every, repeat=draws):
        noise = noise_of(chosen, model.outcomes)
        found = discrete_gradients(model, X, noise, estimator, learned)
        weight = np.prod([q[id(path)] for path in chosen])
        for t, a in zip(total, arrays(found.model), strict=True):
            t += weight * a
    return total


def exact_gradient(model: DiscreteVae) -> list[Floats]:
    """The gradient of minus the ELBO."""
    every = paths(model)
    return by_hand.gradient(lambda p: -by_hand.elbo(p, X[0], every), model)


def assert_same(found: list[Floats], expected: list[Floats], tolerance: float) -> None:
    for a, b in zip(found, expected, strict=True):
        assert_allclose(a, b, atol=tolerance * np.abs(b).max())
        assert np.abs(b).max() > 1e-3


def baselines(model: DiscreteVae, hidden: tuple[int, ...] = (2,)) -> tuple[Learned, ...]:
    widths = model.pixels, *model.widths
    return tuple(
        Learned(baseline=network((w, *hidden, 1), i)) for i, w in enumerate(widths[:-1])
    )


@pytest.mark.spec("DVA-6", "DVA-7")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", ["score function", "leave one out", "MuProp"])
def test_unbiased(estimator: str, name: str) -> None:
    """In encoders, decoders and prior alike; MuProp with baselines of what is below."""
    model = MODELS[name]
    learned = baselines(model) if estimator == "MuProp" else nothing(model)
    which = Estimator(estimator)
    found = expected_gradient(model, which, learned, which.least_draws)
    assert_same(found, exact_gradient(model), 1e-11)


@pytest.mark.spec("DVA-7")
@pytest.mark.parametrize("name", MODELS)
def test_bias_of_nvil(name: str) -> None:
    """GRD-6's, of the part that is estimated; the closed forms have none."""
    model, decay, draws = MODELS[name], 0.9, 2
    every = paths(model)
    q = by_hand.plain(model)

    def closed_forms(p: by_hand.Plain) -> Any:
        total = 0
        for path in every:
            below = (X[0], *path[:-1])
            forms = sum(
                by_hand.closed_form(p, i, by_hand.run(p.encoders[i], b))
                for i, b in enumerate(below)
            )
            total += np.exp(by_hand.log_q(q, X[0], path).real) * forms
        return -total

    closed = by_hand.gradient(closed_forms, model)
    learned = tuple(
        Learned(one.baseline, centre=-1.5, variance=0.2) for one in baselines(model)
    )
    found = expected_gradient(model, Estimator("NVIL", decay=decay), learned, draws)
    expected = exact_gradient(model)
    encoders = sum(2 * len(e) for e in model.encoders)
    for i in range(encoders):
        share = 1 - (1 - decay) / draws
        expected[i] = closed[i] + share * (expected[i] - closed[i])
    assert_same(found, expected, 1e-11)


def expected_by_quadrature(
    model: DiscreteVae, estimator: Estimator, learned: tuple[Learned, ...], n: int
) -> list[Floats]:
    """The mean over both noises of the gradient of minus the ELBO in the encoders.

    Given all states, as in `tests.gradients.expectation`: v by quadrature, and u such that z
    is z~ of v. An estimate is a sum of functions of one of them, and the two have one law;
    what the layers above do with a state, and with numbers in its place, is of u alone.
    """
    p, widths = by_hand.plain(model), model.widths
    v, weights = grid(n, sum(widths))
    parts = np.split(v, np.cumsum(widths)[:-1], axis=1)
    total = [np.zeros(a.shape) for e in model.encoders for a in networks.arrays(e)]
    for path in paths(model):
        u = [noise_at(p, i, below, s, parts[i]) for i, (below, s) in enumerate(steps(path))]
        noise = Noise(tuple(a[:, None] for a in u), tuple(a[:, None] for a in parts))
        below, drawn = draws_in_rows(model, X, noise, pairs=True)
        through = pass_through(model, 0, below, drawn, hard)
        for part, s in zip(through.layers(), path, strict=True):
            assert (part.layer.s == s).all()
        estimates = logit_gradients(model, through, noise, estimator, learned)
        q = np.exp(by_hand.log_q(p, X[0], path).real)
        found: list[Floats] = []
        for encoder, (rows_, _), (under, _) in zip(
            model.encoders, estimates, steps(path), strict=True
        ):
            _, inputs = mlp.forward(encoder, 2.0 * under[None] - 1)
            gradient, _ = mlp.reverse(encoder, inputs, -q * (weights @ rows_)[None])
            found += networks.arrays(gradient)
        for t, a in zip(total, found, strict=True):
            t += a
    return total


def steps(path: Path) -> list[tuple[Floats, Floats]]:
    """What is below each layer, and its state."""
    return list(zip((X[0], *path[:-1]), path, strict=True))


def noise_at(p: by_hand.Plain, index: int, below: Floats, s: Floats, v: Floats) -> Floats:
    logits = by_hand.run(p.encoders[index], below).real
    q = latents(logits[None], p.outcomes)
    b, noise = (events(np.broadcast_to(a, v.shape), p.outcomes) for a in (s, v))
    return rows(noise_of_places(q, q.conditional(b, noise)))


def controls(
    model: DiscreteVae, hidden: tuple[int, ...] = (), eta: float = 0.7
) -> tuple[Learned, ...]:
    widths = model.pixels, *model.widths
    return tuple(
        Learned(control=network((above + below, *hidden, 1), seed), eta=eta)
        for seed, (below, above) in enumerate(pairwise(widths))
    )


def without_kinks(model: DiscreteVae) -> DiscreteVae:
    """All hidden units are at work, whatever the state: quadrature wants what is smooth."""
    for net in (*model.encoders, *model.decoders):
        net[0].bias[:] = 4.0
        net[1].weights[:] *= 0.2
    return model


QUADRATURE = {
    "one layer": (small([2], seed=4), 32, 1e-10),
    "two layers": (small([1, 1], seed=4), 32, 1e-10),
    "three layers": (small([1, 1, 1], seed=4), 20, 1e-4),
    "outcomes": (small([1], outcomes=3, seed=4), 18, 1e-5),
    "layers of outcomes": (small([1, 1], outcomes=2, seed=4), 10, 2e-3),
    "hidden": (without_kinks(small([1, 1], hidden=(3,), seed=9)), 32, 1e-10),
}
"""Models, nodes on each axis, and the error that they leave."""


@pytest.mark.spec("DVA-6", "DVA-7")
@pytest.mark.parametrize("name", QUADRATURE)
@pytest.mark.parametrize("estimator", ["REBAR", "RELAX"])
def test_unbiased_with_relaxed_states(estimator: str, name: str) -> None:
    """RELAX with a network for control variate, and both with an eta that is not 1."""
    model, n, tolerance = QUADRATURE[name]
    learned = controls(model)
    if estimator == "REBAR":
        learned = tuple(Learned(eta=one.eta) for one in learned)
    found = expected_by_quadrature(model, Estimator(estimator, temperature=0.8), learned, n)
    assert_same(found, exact_gradient(model)[: len(found)], tolerance)


@pytest.mark.spec("DVA-7")
def test_unbiased_with_a_control_that_has_kinks() -> None:
    model = small([1], seed=4)
    found = expected_by_quadrature(model, Estimator("RELAX"), controls(model, (4,)), 4001)
    assert_same(found, exact_gradient(model)[: len(found)], 1e-3)


@pytest.mark.spec("DVA-10")
@pytest.mark.parametrize("draws", [2, 3])
@pytest.mark.parametrize("name", ["one layer", "two layers", "outcomes", "layers of outcomes"])
def test_vimco_is_unbiased(name: str, draws: int) -> None:
    """For L_K, in all parameters, over all K-tuples of states."""
    model = small([1, 1], seed=1) if name == "two layers" else MODELS[name]
    every = paths(model)

    def bound(p: by_hand.Plain) -> Any:
        log_q = [by_hand.log_q(p, X[0], path) for path in every]
        log_p = [by_hand.log_joint(p, X[0], path) for path in every]
        total = 0
        for chosen in product(range(len(every)), repeat=draws):
            w = sum(np.exp(log_p[i] - log_q[i]) for i in chosen) / draws
            total += np.exp(sum(log_q[i] for i in chosen)) * np.log(w)
        return -total

    found = expected_gradient(model, Estimator("VIMCO"), nothing(model), draws)
    assert_same(found, by_hand.gradient(bound, model), 1e-11)


@pytest.mark.spec("DVA-9")
def test_biased_estimators() -> None:
    """Straight-through by its formula for one bit, and Concrete: neither is the gradient."""
    model = small([1], seed=4)
    p, exact = by_hand.plain(model), exact_gradient(model)
    logits = by_hand.run(p.encoders[0], X[0]).real
    mean = by_hand.mean(logits, 1)

    def f(s: Any) -> Any:
        return by_hand.log_mass(X[0], by_hand.run(p.decoders[0], s), 1)

    slopes = [by_hand.slope(f, np.array([b])) for b in (0.0, 1.0)]
    bias = slopes[0] * (1 - mean) + slopes[1] * mean - (f(np.ones(1)) - f(np.zeros(1))).real
    found = expected_gradient(model, Estimator("straight-through"), nothing(model), 1)
    assert_allclose(found[1], exact[1] - mean * (1 - mean) * bias, rtol=1e-12)
    assert np.abs(found[1] - exact[1]) > 0.01
    assert_same(found[2:], exact[2:], 1e-12)  # decoders and prior have no bias

    u, weights = grid(60, 1)
    concrete = Estimator("Concrete", temperature=0.8)
    total = [np.zeros(a.shape) for a in arrays(model)]
    for node, weight in zip(u, weights, strict=True):
        noise = Noise((node[None, None],))
        one = discrete_gradients(model, X, noise, concrete, nothing(model))
        for t, a in zip(total, arrays(one.model), strict=True):
            t += weight * a

    def relaxed(q: by_hand.Plain) -> Any:
        found = [by_hand.estimate(q, X[0], by_hand.relaxed(q, [node], 0.8)) for node in u]
        return -np.array(found) @ weights

    assert_same(total, by_hand.gradient(relaxed, model), 1e-12)
    assert np.abs(total[1] - exact[1]) > 0.01
    assert np.abs(total[3] - exact[3]).max() > 0.01  # of the decoder too
