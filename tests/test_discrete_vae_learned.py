"""DVA-8: what estimators learn, by differences of what it is to make small."""

from dataclasses import replace
from itertools import pairwise

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
    initialise_learned,
)
from reference.models.discrete_vae.bound import draws_in_rows
from reference.models.discrete_vae.chain import closed_form_gradient, pass_through
from reference.models.discrete_vae.gradients import logit_gradients
from reference.models.discrete_vae.layers import hard
from tests import discrete_vae_by_hand as by_hand
from tests.discrete_vae_models import (
    Floats,
    any_noise,
    bits,
    network,
    nothing,
    rng,
    single_draws,
    small,
)
from tests.networks import arrays, slopes

MODELS = {
    "one layer": small([3]),
    "two layers": small([2, 1], hidden=(3,), seed=3),
    "outcomes": small([1, 2], outcomes=2, seed=4),
}
K, B = 2, 3
X = bits(B, 3, 2)


def squares(
    model: DiscreteVae, noise: Noise, which: Estimator, learned: tuple[Learned, ...]
) -> list[float]:
    """For each layer, the mean squared norm of the estimates, without the closed forms."""
    below, u = draws_in_rows(model, X, noise)
    through = pass_through(model, 0, below, u, hard)
    estimates = logit_gradients(model, through, noise, which, learned)
    found = []
    for index, (part, (d, _)) in enumerate(zip(through.layers(), estimates, strict=True)):
        g = d - closed_form_gradient(model, index, part.layer.logits)
        found.append(float((g**2).sum(axis=1).mean()))
    return found


@pytest.mark.spec("DVA-8")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", ["REBAR", "RELAX"])
def test_gradient_of_the_squared_norm(estimator: str, name: str) -> None:
    """In eta and in every number of the control variate, of this layer alone, row by row.

    It is that of the variance, in expectation, which does not move with eta.
    """
    model, which = MODELS[name], Estimator(estimator, 0.7)
    noise, widths = any_noise(model, K, B), (model.pixels, *model.widths)
    learned = tuple(
        Learned(control=network((b + a, 3, 1), a) if which.has_control else (), eta=0.6)
        for a, b in pairwise(widths)
    )
    found = discrete_gradients(model, X, noise, which, learned).learned
    for index, lesson in enumerate(found):
        sides = []
        for moved in (0.6 + 1e-4, 0.6 - 1e-4):
            changed = list(learned)
            changed[index] = replace(learned[index], eta=moved)
            sides.append(squares(model, noise, which, tuple(changed))[index])
        assert lesson.eta == pytest.approx((sides[0] - sides[1]) / 2e-4, rel=1e-7)
        assert len(lesson.control) == len(learned[index].control)
        for a, b in zip(arrays(lesson.control), arrays(learned[index].control), strict=True):
            expected = slopes(
                lambda i=index: squares(model, noise, which, learned)[i], b, 1e-4
            )
            assert_allclose(a, expected, atol=1e-7 * np.abs(expected).max() + 1e-9)
        assert estimator == "REBAR" or any(
            np.abs(a).max() > 0.1 for a in arrays(lesson.control)
        )


def values_by_hand(model: DiscreteVae, noise: Noise, estimator: str) -> list[list[float]]:
    """For each layer, what a baseline is of: f, or what MuProp leaves of it; in rows."""
    p = by_hand.plain(model)
    found: list[list[float]] = [[] for _ in model.encoders]
    for i, one in single_draws(noise):
        u, below = [a[0, 0] for a in one.u], X[i].astype(float)
        for index in range(len(model.encoders)):
            f, g = (
                lambda a, c=choose, i=index, b=below: by_hand.given_state(p, i, b, a, c)
                for choose in (by_hand.hard(p, u), by_hand.means(p))
            )
            logits = by_hand.run(p.encoders[index], below).real
            _, target = by_hand.muprop(f, g, logits, u[index], 0.0, p.outcomes)
            below = by_hand.state(logits, u[index], p.outcomes)
            found[index].append(target if estimator == "MuProp" else float(f(below).real))
    return found


@pytest.mark.spec("DVA-8")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("estimator", ["NVIL", "MuProp"])
def test_gradient_of_the_squared_error(estimator: str, name: str) -> None:
    """Of the baseline of each layer; and the mean and variance that NVIL goes on with."""
    model, which = MODELS[name], Estimator(estimator, decay=0.9)
    noise = any_noise(model, K, B)
    widths = model.pixels, *model.widths
    learned = tuple(
        Learned(network((a, 3, 1), a), centre=0.5, variance=2.0) for a in widths[:-1]
    )
    found = discrete_gradients(model, X, noise, which, learned).learned
    below, u = draws_in_rows(model, X, noise)
    passes = list(pass_through(model, 0, below, u, hard).layers())
    targets = values_by_hand(model, noise, estimator)
    for lesson, one, part, target in zip(found, learned, passes, targets, strict=True):

        def left(one: Learned = one, part=part, target=target) -> Floats:  # type: ignore[no-untyped-def]
            a, _ = mlp.forward(one.baseline, 2 * part.layer.below - 1)
            return np.asarray(target) - a[:, 0]

        for a, b in zip(arrays(lesson.baseline), arrays(one.baseline), strict=True):
            expected = slopes(lambda f=left: float((f() ** 2).mean()), b)
            assert_allclose(a, expected, atol=1e-8 * max(1, np.abs(expected).max()))
        if estimator == "NVIL":
            assert lesson.centre == pytest.approx(0.45 + 0.1 * left().mean(), rel=1e-12)
            assert lesson.variance == pytest.approx(1.8 + 0.1 * left().var(), rel=1e-12)
        else:
            assert (lesson.centre, lesson.variance) == (0.5, 2.0)


@pytest.mark.spec("DVA-7", "DVA-8")
def test_what_is_not_learned_stays() -> None:
    """Estimators without networks, and NVIL, MuProp and RELAX with none."""
    model = MODELS["two layers"]
    noise = any_noise(model, K, B)
    for name in ("score function", "leave one out", "Concrete", "straight-through", "VIMCO"):
        found = discrete_gradients(model, X, noise, Estimator(name), nothing(model))
        assert found.learned == nothing(model)
    for name, like in (("MuProp", "MuProp"), ("RELAX", "REBAR"), ("NVIL", "NVIL")):
        a, b = (
            discrete_gradients(model, X, noise, Estimator(n), nothing(model))
            for n in (name, like)
        )
        assert a.nats == b.nats
        assert all(one.baseline == one.control == () for one in a.learned)
        assert [one.eta for one in a.learned] == [one.eta for one in b.learned]


@pytest.mark.spec("DVA-8")
def test_new_networks() -> None:
    """Those of MLP-2, layer by layer from one generator; eta is 1, and the rest 0."""
    widths, hidden = (5, 4, 3), (7, 6)
    for name in ("NVIL", "MuProp", "RELAX"):
        found = initialise_learned(Estimator(name), widths, hidden, rng(3), np.float64)
        source = rng(3)
        for one, (below, width) in zip(found, [(5, 4), (4, 3)], strict=True):
            inputs = width + below if name == "RELAX" else below
            expected = mlp.initialise((inputs, *hidden, 1), source, np.float64)
            mine, other = one.baseline, one.control
            if name == "RELAX":
                mine, other = other, mine
            assert other == ()
            for a, b in zip(arrays(mine), arrays(expected), strict=True):
                assert np.array_equal(a, b)
            assert (one.eta, one.centre, one.variance) == (1.0, 0.0, 0.0)
    of_predictor = initialise_learned(Estimator("NVIL"), widths, hidden, rng(3), target=6)
    assert [one.baseline[0].weights.shape[0] for one in of_predictor] == [11, 10]
    for name in ("score function", "REBAR", "Concrete", "VIMCO"):
        assert initialise_learned(Estimator(name), widths, hidden, rng()) == (Learned(),) * 2
    single = initialise_learned(Estimator("NVIL"), widths, hidden, rng())
    assert {a.dtype for one in single for a in arrays(one.baseline)} == {np.dtype(np.float32)}
