"""DVA-5 to DVA-7, DVA-9, DVA-10: every estimator, on the same noise, by its formula."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from reference.models import mlp
from reference.models.discrete_vae import (
    DiscreteGradients,
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
    discrete_elbo_estimate,
    discrete_gradients,
    discrete_log_weights,
)
from reference.models.vae import Images
from tests import discrete_vae_by_hand as by_hand
from tests.discrete_vae_models import (
    Floats,
    any_noise,
    arrays,
    bits,
    network,
    nothing,
    single_draws,
    small,
)

MODELS = {
    "one layer": small([3]),
    "two layers": small([2, 3], seed=1),
    "three layers": small([2, 1, 2], seed=2),
    "hidden": small([2, 2], hidden=(3,), seed=3),
    "outcomes": small([2], outcomes=3, seed=4),
    "layers of outcomes": small([2, 1], outcomes=3, hidden=(4,), seed=12),
}
LAYERWISE = ["score function", "leave one out", "NVIL", "MuProp", "REBAR", "RELAX"]
K, B, T, DECAY = 2, 3, 0.6, 0.7


def networks_of(model: DiscreteVae, estimator: str) -> tuple[Learned, ...]:
    """Networks with a hidden layer each, where the estimator has any, and other numbers."""
    widths, found = (model.pixels, *model.widths), []
    for i in range(len(model.encoders)):
        one = Learned(eta=0.4 + i)
        if estimator in ("NVIL", "MuProp"):
            one = replace(
                one, baseline=network((widths[i], 4, 1), i), centre=-2.0, variance=5.0
            )
        if estimator == "RELAX":
            one = replace(one, control=network((widths[i + 1] + widths[i], 4, 1), i))
        found.append(one)
    return tuple(found)


Function = Callable[[Any], Any]


@dataclass
class Row:
    """One layer of one draw of one image: its f, and the two that stand in for it."""

    below: Floats
    logits: Floats
    s: Floats
    u: Floats
    v: Floats
    f: Function
    at_temperature: Function
    at_means: Function

    @property
    def value(self) -> float:
        """Return f of the state."""
        return float(np.real(self.f(self.s)))


def rows_by_hand(model: DiscreteVae, x: Images, noise: Noise) -> list[list[Row]]:
    """For each draw of each image, its layers."""
    p, found = by_hand.plain(model), []
    for i, one in single_draws(noise):
        u, v = ([a[0, 0] for a in each] for each in (one.u, one.v))
        below, line = x[i].astype(float), []
        for index in range(len(model.encoders)):
            logits = by_hand.run(p.encoders[index], below).real
            s = by_hand.state(logits, u[index], p.outcomes)
            functions = [
                lambda a, c=choose, i=index, b=below: by_hand.given_state(p, i, b, a, c)
                for choose in (by_hand.hard(p, u), by_hand.relaxed(p, u, T), by_hand.means(p))
            ]
            line.append(Row(below, logits, s, u[index], v[index], *functions))
            below = s
        found.append(line)
    return found


def estimates_by_hand(
    rows: list[Row], estimator: str, one: Learned, outcomes: int
) -> tuple[list[by_hand.Numbers], float]:
    """For each row of a layer, the estimate in the logits; and by what NVIL divides."""
    scores = [row.s - by_hand.mean(row.logits, outcomes) for row in rows]
    if estimator in ("REBAR", "RELAX"):
        found = [
            by_hand.relax(
                row.f, control(one, row, outcomes), row.logits, row.u, row.v, outcomes
            )
            for row in rows
        ]
        return found, 1.0
    a = [plain_network(one.baseline, row.below) if one.baseline else 0.0 for row in rows]
    if estimator == "MuProp":
        found = [
            by_hand.muprop(row.f, row.at_means, row.logits, row.u, baseline, outcomes)[0]
            for row, baseline in zip(rows, a, strict=True)
        ]
        return found, 1.0
    signal, scale = np.array([row.value for row in rows]) - a, 1.0
    if estimator == "leave one out":
        by_draw = signal.reshape(K, B)
        signal = (by_draw - (by_draw.sum(axis=0) - by_draw) / (K - 1)).ravel()
    if estimator == "NVIL":
        scale = np.sqrt(DECAY * one.variance + (1 - DECAY) * signal.var())
        assert scale > 1
        signal = (signal - DECAY * one.centre - (1 - DECAY) * signal.mean()) / scale
    return [f * score for f, score in zip(signal, scores, strict=True)], scale


def plain_network(layers: mlp.Mlp, below: Floats) -> float:
    pairs = [(p.weights.astype(complex), p.bias.astype(complex)) for p in layers]
    return float(by_hand.run(pairs, below)[0].real)


def control(learned: Learned, row: Row, outcomes: int) -> Function:
    """``eta g(x(z)) + r(z, 2 b - 1)``."""

    def c(z: Any) -> Any:
        value = learned.eta * row.at_temperature(by_hand.mean(z / T, outcomes))
        if not learned.control:
            return value
        pairs = [(p.weights.astype(complex), p.bias.astype(complex)) for p in learned.control]
        both = np.concatenate([(z + 1) / 2, row.below])  # `run` takes a as 2 a - 1
        return value + by_hand.run(pairs, both)[0]

    return c


def gradient_by_hand(
    model: DiscreteVae, x: Images, noise: Noise, estimator: str, learned: tuple[Learned, ...]
) -> list[by_hand.Numbers]:
    """Encoders from rows of estimates, decoders and prior from the estimate of the ELBO."""
    rows, whole = rows_by_hand(model, x, noise), by_hand.plain(model)
    layers = [
        (line, *estimates_by_hand(list(line), estimator, one, model.outcomes))
        for line, one in zip(zip(*rows, strict=True), learned, strict=True)
    ]

    def encoders(p: by_hand.Plain) -> Any:
        total = 0
        for index, (line, estimates, scale) in enumerate(layers):
            for row, d in zip(line, estimates, strict=True):
                logits = by_hand.run(p.encoders[index], row.below)
                total += d @ logits + by_hand.closed_form(whole, index, logits) / scale
        return -total / len(rows)

    def others(p: by_hand.Plain) -> Any:
        total = 0
        for i, one in single_draws(noise):
            total += by_hand.estimate(p, x[i], by_hand.hard(p, [a[0, 0] for a in one.u]))
        return -total / len(rows)

    count = sum(2 * len(e) for e in model.encoders)
    return by_hand.gradient(encoders, model)[:count] + by_hand.gradient(others, model)[count:]


def assert_same(found: DiscreteGradients, expected: list[by_hand.Numbers]) -> None:
    for a, b in zip(arrays(found.model), expected, strict=True):
        assert a.shape == b.shape
        assert_allclose(a, b, atol=1e-11 * np.abs(b).max())
        assert np.abs(b).max() > 1e-4


@pytest.mark.spec("DVA-6", "DVA-7")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", LAYERWISE)
def test_estimators_of_one_layer_at_a_time(estimator: str, name: str) -> None:
    """Draw by draw and image by image, from the clauses."""
    model, x = MODELS[name], bits(B, 3, 2)
    noise, learned = any_noise(model, K, B, 3), networks_of(model, estimator)
    which = Estimator(estimator, T, DECAY)
    found = discrete_gradients(model, x, noise, which, learned)
    expected = gradient_by_hand(model, x, noise, estimator, learned)
    assert found.nats == pytest.approx(-discrete_elbo_estimate(model, x, noise).mean())
    assert_same(found, expected)


@pytest.mark.spec("DVA-5", "DVA-9")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", ["Concrete", "straight-through"])
def test_estimators_through_the_whole_chain(estimator: str, name: str) -> None:
    """The derivative of the estimate with numbers, or derivatives, in the place of states."""
    model, x = MODELS[name], bits(B, 3, 2)
    noise = any_noise(model, K, B, 3)

    def mean(p: by_hand.Plain) -> Any:
        total = 0
        for i, one in single_draws(noise):
            u = [a[0, 0] for a in one.u]
            choose = by_hand.straight_through(p, u)
            if estimator == "Concrete":
                choose = by_hand.relaxed(p, u, T)
            total += by_hand.estimate(p, x[i], choose)
        return -total / (K * B)

    found = discrete_gradients(model, x, noise, Estimator(estimator, T), nothing(model))
    assert found.nats == pytest.approx(mean(by_hand.plain(model)).real, rel=1e-12)
    assert_same(found, by_hand.gradient(mean, model))
    assert found.learned == nothing(model)


@pytest.mark.spec("DVA-10")
@pytest.mark.parametrize("name", MODELS)
def test_vimco(name: str) -> None:
    """With as many as 4 draws, and the geometric mean of the weights of the others."""
    draws, model, x = 4, MODELS[name], bits(B, 3, 2)
    noise = any_noise(model, draws, B, 3)
    log_w, p = discrete_log_weights(model, x, noise), by_hand.plain(model)
    terms = []
    for number, (i, one) in enumerate(single_draws(noise)):
        j, w = number // B, log_w[:, i]
        L = np.log(np.exp(w).mean())
        others = np.delete(w, j)
        stand_in = np.append(others, others.mean())
        share = np.exp(w[j]) / np.exp(w).sum()
        below, path = x[i].astype(float), []
        for index, a in enumerate(one.u):
            below = by_hand.state(by_hand.run(p.encoders[index], below), a[0, 0], p.outcomes)
            path.append(below)
        terms.append((i, path, L - np.log(np.exp(stand_in).mean()) - share, share))

    def surrogate(q: by_hand.Plain) -> Any:
        total = 0
        for i, path, signal, share in terms:
            total += signal * by_hand.log_q(q, x[i], path)
            total += share * by_hand.log_joint(q, x[i], path)
        return -total / B

    found = discrete_gradients(model, x, noise, Estimator("VIMCO"), nothing(model))
    assert found.nats == pytest.approx(-np.log(np.exp(log_w).mean(axis=0)).mean(), rel=1e-13)
    assert_same(found, by_hand.gradient(surrogate, model))


@pytest.mark.spec("DVA-6", "DVA-7", "DVA-9")
@pytest.mark.parametrize(
    "estimator", ["score function", "MuProp", "REBAR", "RELAX", "Concrete", "straight-through"]
)
def test_means_over_draws_and_images(estimator: str) -> None:
    """Where no row meets another, the gradient is the mean of those of each, learned too."""
    model, x, which = MODELS["hidden"], bits(B, 3, 2), Estimator(estimator, T)
    noise, learned = any_noise(model, K, B, 3), networks_of(model, estimator)
    whole = discrete_gradients(model, x, noise, which, learned)
    parts = [
        discrete_gradients(model, x[i : i + 1], one, which, learned)
        for i, one in single_draws(noise)
    ]
    assert whole.nats == pytest.approx(np.mean([p.nats for p in parts]), rel=1e-13)
    for a, b in zip(numbers(whole), zip(*map(numbers, parts), strict=True), strict=True):
        assert_allclose(a, np.mean(b, axis=0), rtol=1e-11, atol=1e-13)


def numbers(found: DiscreteGradients) -> list[mlp.Floats]:
    learned = [
        a
        for one in found.learned
        for layer in one.baseline + one.control
        for a in (layer.weights, layer.bias)
    ]
    return arrays(found.model) + learned + [np.array(one.eta) for one in found.learned]


@pytest.mark.spec("DVA-6", "DVA-7", "DVA-9", "DVA-10")
@pytest.mark.parametrize("outcomes", [1, 3])
@pytest.mark.parametrize(
    "estimator",
    [*LAYERWISE, "Concrete", "straight-through", "VIMCO"],
)
def test_binary32(estimator: str, outcomes: int) -> None:
    """The gradient has the type of the model, and is as near to binary64 as DVA has it.

    T is no smaller than the largest estimate.
    """
    results = []
    for dtype in (np.float32, np.float64):
        model = small([4, 3], pixels=5, outcomes=outcomes, hidden=(6,), seed=7, dtype=dtype)
        noise = any_noise(model, 3, 4)
        which, widths = Estimator(estimator, T), (model.pixels, *model.widths)
        learned = tuple(
            Learned(
                network((a, 4, 1), 1, dtype) if which.has_baseline else (),
                network((a + b, 4, 1), 2, dtype) if which.has_control else (),
            )
            for a, b in pairwise(widths)
        )
        results.append(discrete_gradients(model, bits(4, 5), noise, which, learned))
        types = {a.dtype for a in arrays(results[-1].model)}
        layers = [p for one in results[-1].learned for p in one.baseline + one.control]
        assert {p.bias.dtype for p in layers} | types == {np.dtype(dtype)}
    single, double = results
    most = np.abs(discrete_elbo_estimate(model, bits(4, 5), noise)).max()
    assert single.nats == pytest.approx(double.nats, rel=1e-5)
    a, b = (np.concatenate([n.ravel() for n in numbers(one)]) for one in results)
    assert np.linalg.norm(a - b) <= 1e-5 * (1 + most) * (1 + np.linalg.norm(b))
    assert not np.array_equal(a, b)
