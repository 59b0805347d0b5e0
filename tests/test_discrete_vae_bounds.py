"""DVA-3, DVA-4 and DVA-13: estimates of the ELBO and of the evidence."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp

from reference.models.discrete_vae import (
    DiscreteVae,
    discrete_elbo,
    discrete_elbo_estimate,
    discrete_log_evidence_bounds,
    discrete_log_weights,
    draw_noise,
)
from tests import discrete_vae_by_hand as by_hand
from tests.discrete_vae_models import (
    Floats,
    any_noise,
    bits,
    noise_of,
    paths,
    rng,
    single_draws,
    small,
)

MODELS = {
    "one layer": small([2]),
    "two layers": small([2, 1], seed=1),
    "three layers": small([2, 1, 2], seed=2),
    "hidden": small([1, 2], hidden=(3,), seed=3),
    "outcomes": small([2], outcomes=3, seed=4),
    "layers of outcomes": small([1, 2, 1], outcomes=2, seed=5),
    "hidden outcomes": small([2, 1], outcomes=2, hidden=(4, 3), seed=6),
}
X = np.array([[1, 0, 1]], np.uint8)


def probabilities(model: DiscreteVae) -> Floats:
    """``q(b | x)`` of every state."""
    p = by_hand.plain(model)
    return np.exp([by_hand.log_q(p, X[0], path).real for path in paths(model)])


@pytest.mark.spec("DVA-3", "DVA-4")
@pytest.mark.parametrize("name", MODELS)
def test_expectations_over_all_states(name: str) -> None:
    """Both estimates have the ELBO by its definition, which is below the evidence."""
    model = MODELS[name]
    every, p = paths(model), by_hand.plain(model)
    q, noise = probabilities(model), noise_of(every, model.outcomes)
    assert q.sum() == pytest.approx(1, abs=1e-13)
    elbo, evidence = (f(p, X[0], every).real for f in (by_hand.elbo, by_hand.log_evidence))
    estimates = discrete_elbo_estimate(model, X, noise)
    log_w = discrete_log_weights(model, X, noise)
    assert estimates.shape == log_w.shape == (len(every), 1)
    assert q @ estimates[:, 0] == pytest.approx(elbo, rel=1e-12)
    assert q @ log_w[:, 0] == pytest.approx(elbo, rel=1e-12)
    assert q @ np.exp(log_w[:, 0]) == pytest.approx(np.exp(evidence), rel=1e-12)
    assert elbo < evidence - 1e-3  # q is not the posterior
    for path, estimate, weight in zip(every, estimates[:, 0], log_w[:, 0], strict=True):
        by_definition = by_hand.estimate(p, X[0], lambda i, _: path[i])  # noqa: B023
        assert estimate == pytest.approx(by_definition.real, rel=1e-12)
        log_p, log_q = (f(p, X[0], path).real for f in (by_hand.log_joint, by_hand.log_q))
        assert weight == pytest.approx(log_p - log_q, rel=1e-11)


@pytest.mark.spec("DVA-4")
def test_bound_of_many_draws() -> None:
    """Over all K-tuples, E L_K grows from the ELBO towards the evidence."""
    model = small([2], seed=7)
    every, p = paths(model), by_hand.plain(model)
    q, noise = probabilities(model), noise_of(every, 1)
    log_w = discrete_log_weights(model, X, noise)[:, 0]
    bounds = []
    for K in (1, 2, 3, 6):
        tuples = np.array(list(product(range(len(every)), repeat=K)))
        L = logsumexp(log_w[tuples], axis=1) - np.log(K)
        bounds.append(q[tuples].prod(axis=1) @ L)
    assert bounds[0] == pytest.approx(by_hand.elbo(p, X[0], every).real, rel=1e-12)
    assert (np.diff(bounds) > 1e-3).all()
    assert bounds[-1] < by_hand.log_evidence(p, X[0], every).real


@pytest.mark.spec("DVA-4", "DVA-13")
def test_posterior_closes_the_gap() -> None:
    """Where decoders say nothing and encoders are the prior, every weight is p(x)."""
    model = small([2, 2], seed=8)
    model.decoders[0][0].weights[:] = 0
    for encoder, logits in zip(
        model.encoders, (model.decoders[1][0].bias, model.prior), strict=True
    ):
        encoder[0].weights[:], encoder[0].bias[:] = 0, logits
    model.decoders[1][0].weights[:] = 0
    p = 1 / (1 + np.exp(-model.decoders[0][0].bias))
    expected = np.log(np.where(X[0], p, 1 - p)).sum()
    assert_allclose(
        discrete_log_weights(model, X, any_noise(model, 5, 1)), expected, rtol=1e-13
    )
    found = discrete_log_evidence_bounds(model, X, 3, rng())
    assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.spec("DVA-3", "DVA-4")
@pytest.mark.parametrize("name", MODELS)
def test_each_draw_of_each_image(name: str) -> None:
    """A batch holds what each draw of each image has by itself."""
    model = MODELS[name]
    x, noise = bits(3, 3), any_noise(model, 2, 3)
    for estimates in (discrete_elbo_estimate, discrete_log_weights):
        found = estimates(model, x, noise).ravel()
        for value, (i, one) in zip(found, single_draws(noise), strict=True):
            assert_allclose(value, estimates(model, x[i : i + 1], one)[0, 0], rtol=1e-13)


@pytest.mark.spec("DVA-3", "DVA-4")
def test_binary32() -> None:
    """Within the chapter's bound of the same model in binary64; the values are binary64."""
    single = small([4, 3], pixels=6, hidden=(5,), dtype=np.float32)
    double = small([4, 3], pixels=6, hidden=(5,))
    x, noise = bits(20, 6), any_noise(double, 4, 20)
    for estimates in (discrete_elbo_estimate, discrete_log_weights):
        found, expected = (estimates(m, x, noise) for m in (single, double))
        assert found.dtype == np.float64
        assert_allclose(found, expected, rtol=1e-5)
        assert not np.array_equal(found, expected)


@pytest.mark.spec("DVA-13")
@pytest.mark.parametrize("samples", [1, 3])
def test_bounds_of_a_data_set(samples: int) -> None:
    """Batch by batch, draw by draw, from one generator: the mean, and the log of the mean."""
    model, x = small([2, 1], seed=1), bits(503, 3)
    source, elbos, weights = rng(5), [], []
    for batch in (x[:500], x[500:]):
        noises = [
            draw_noise((2, 1), len(batch), 1, source, pairs=False) for _ in range(samples)
        ]
        elbos.append(np.concatenate([discrete_elbo_estimate(model, batch, n) for n in noises]))
        weights.append(np.concatenate([discrete_log_weights(model, batch, n) for n in noises]))
    elbo, log_w = np.concatenate(elbos, axis=1), np.concatenate(weights, axis=1)
    found = discrete_elbo(model, x, samples, rng(5))
    assert found.shape == (503,)
    assert_allclose(found, elbo.mean(axis=0), rtol=1e-13)
    found = discrete_log_evidence_bounds(model, x, samples, rng(5))
    assert_allclose(found, logsumexp(log_w, axis=0) - np.log(samples), rtol=1e-12)
