"""VAE-10 to VAE-12: importance weights, their bound, its gradient, and evaluation."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DataError
from reference.inference import elbo
from reference.inference.distributions import diagonal_normal_log_density
from reference.models import mlp, vae
from reference.models.mlp import Floats, Layer
from reference.models.vae import Images, Vae
from tests.vae_models import NODES, WEIGHTS, arrays, bits, linear, rng, small


@pytest.mark.spec("VAE-10")
def test_log_weights_are_differences_of_densities() -> None:
    """The sum log p(x | z) + log p(z) - log q(z | x), each as its own chapter has it."""
    model, x = small(), bits(3, 5)
    eps = rng().normal(size=(4, 3, 2))
    code, _ = mlp.forward(model.encoder, x.astype(float))
    mu, sigma = code[:, :2], np.exp(code[:, 2:])
    found = vae.log_importance_weights(model, x, eps)
    assert found.shape == (4, 3)
    for j in range(4):
        z = mu + sigma * eps[j]
        logits, _ = mlp.forward(model.decoder, z)
        expected = vae.log_likelihood(x.astype(float), logits)
        expected = expected + diagonal_normal_log_density(z, np.zeros(2), np.ones(2))
        expected = expected - diagonal_normal_log_density(z, mu, sigma)
        np.testing.assert_allclose(found[j], expected, rtol=1e-12)
    estimates = vae.importance_weighted_estimate(model, x, eps)
    np.testing.assert_allclose(estimates, np.log(np.exp(found).mean(axis=0)), rtol=1e-12)


@pytest.mark.spec("VAE-10")
@given(
    mu=st.floats(-1, 1),
    log_sigma=st.floats(-0.5, 0.3),
    slope=st.floats(-2, 2),
    x=st.integers(0, 1),
)
def test_bounds_by_quadrature(mu: float, log_sigma: float, slope: float, x: int) -> None:
    """L_1 is the ELBO of VAE-4, and L_1 <= L_2 <= log p(x), over all pairs of draws."""
    model = linear(mu, log_sigma, slope, offset=0.3)
    images = np.full((1, 1), x, np.uint8)
    log_w = vae.log_importance_weights(model, images, NODES[:, None, None])[:, 0]
    one = WEIGHTS @ log_w
    many = np.full((len(NODES), 1), x, np.uint8)
    assert one == pytest.approx(
        WEIGHTS @ vae.elbo_estimate(model, many, NODES[:, None]), abs=1e-9
    )
    pairs = np.stack(np.meshgrid(NODES, NODES, indexing="ij"))[..., None]
    pairs = pairs.reshape(2, -1, 1)
    flat = np.full((pairs.shape[1], 1), x, np.uint8)
    two = vae.importance_weighted_estimate(model, flat, pairs).reshape(80, 80)
    likelihood = 1 / (1 + np.exp(-(2 * x - 1) * (slope * NODES + 0.3)))
    evidence = np.log(WEIGHTS @ likelihood)
    assert one <= WEIGHTS @ two @ WEIGHTS + 1e-9
    assert WEIGHTS @ two @ WEIGHTS <= evidence + 1e-6


@pytest.mark.spec("VAE-10", "VAE-12")
def test_decoder_that_ignores_its_latents() -> None:
    """Where q is the prior and z says nothing, every weight is p(x)."""
    logits = np.array([-1.0, 0.0, 2.0])
    model = Vae((Layer(np.zeros((3, 4)), np.zeros(4)),), (Layer(np.zeros((2, 3)), logits),))
    x = np.array([[1, 0, 1], [0, 0, 0]], np.uint8)
    p = 1 / (1 + np.exp(-logits))
    expected = np.log(np.where(x, p, 1 - p)).sum(axis=1)
    found = vae.importance_weighted_estimate(model, x, rng().normal(size=(6, 2, 2)))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    bounds = vae.log_evidence_bounds(model, x, 3, rng())
    np.testing.assert_allclose(bounds, expected, rtol=1e-14)


def slopes(model: Vae, x: Images, eps: Floats, array: Floats, h: float = 1e-5) -> Floats:
    """Derivatives of the mean of minus the estimates in `array`, by central differences."""
    found = np.empty_like(array)
    for i in np.ndindex(array.shape):
        kept, sides = array[i], []
        for moved in (kept + h, kept - h):
            array[i] = moved
            sides.append(-vae.importance_weighted_estimate(model, x, eps).mean())
        array[i] = kept
        found[i] = (sides[0] - sides[1]) / (2 * h)
    return found


@pytest.mark.spec("VAE-11")
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_gradient_by_differences(seed: int, k: int) -> None:
    """Every parameter of both networks, both heads of the encoder; away from every kink."""
    model, x, eps = small(seed), bits(3, 5, seed), rng(seed).normal(size=(k, 3, 2))
    code, (_, hidden) = mlp.forward(model.encoder, x.astype(float))
    z = (code[:, :2] + np.exp(code[:, 2:]) * eps).reshape(-1, 2)
    for network, a in ((model.encoder, x), (model.decoder, z)):
        assert np.abs(a @ network[0].weights + network[0].bias).min() > 1e-4
    assert hidden.any()
    shares = np.exp(vae.log_importance_weights(model, x, eps))
    assert k == 1 or np.ptp(shares / shares.sum(axis=0)) > 0.1  # shares that matter

    mean, gradient = vae.importance_weighted_gradients(model, x, eps)
    estimates = vae.importance_weighted_estimate(model, x, eps)
    assert mean == pytest.approx(-estimates.mean(), rel=1e-14)
    for found, array in zip(arrays(gradient), arrays(model), strict=True):
        assert found.shape == array.shape
        expected = slopes(model, x, eps, array)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.spec("VAE-11")
def test_expected_gradient_of_one_draw() -> None:
    """Averaged over eps, it is the gradient of VAE-5: only the KL is estimated here."""
    model, x = linear(0.4, -0.5, 1.5, -0.7), np.ones((1, 1), np.uint8)
    sums = [np.zeros(4), np.zeros(4)]
    for weight, node in zip(WEIGHTS, NODES, strict=True):
        results = (
            vae.gradients(model, x, np.array([[node]])),
            vae.importance_weighted_gradients(model, x, np.array([[[node]]])),
        )
        for total, (_, g) in zip(sums, results, strict=True):
            parts = [g.encoder[0].bias, g.decoder[0].weights[0], g.decoder[0].bias]
            total += weight * np.concatenate(parts)
    np.testing.assert_allclose(sums[1], sums[0], rtol=1e-9, atol=1e-10)


@pytest.mark.spec("VAE-11")
def test_gradient_keeps_the_type() -> None:
    model, x = small(4, np.float32), bits(8, 5)
    _, found = vae.importance_weighted_gradients(model, x, rng().normal(size=(3, 8, 2)))
    assert {a.dtype for a in arrays(found)} == {np.dtype(np.float32)}


@pytest.mark.spec("VAE-12")
def test_evidence_of_a_data_set() -> None:
    """The estimates in the order of VAE-6, over two batches; and what they are bounds of."""
    model, x, k = small(), bits(503, 5), 4
    noise, expected = rng(9), []
    for batch in (x[:500], x[500:]):
        eps = np.stack([noise.standard_normal((len(batch), 2)) for _ in range(k)])
        expected += vae.importance_weighted_estimate(model, batch, eps).tolist()
    found = vae.log_evidence_bounds(model, x, k, rng(9))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.spec("VAE-12")
def test_evidence_of_all_images_adds_up() -> None:
    """With many draws, the 32 images of 5 pixels have probabilities of sum 1: |z| < 4.

    By chance that fails once in 16 000 times. The posterior is wider than the prior here, so
    that weights are bounded and their standard error can be believed.
    """
    x = np.array(list(np.ndindex(*[2] * 5)), np.uint8)
    noise, model = rng(3).normal(size=(4000, 32, 2)), small(2)
    model.encoder[-1].weights[:, 2:], model.encoder[-1].bias[2:] = 0, 0.3
    evidence = elbo.evidence_estimate(vae.log_importance_weights(model, x, noise), 0)
    p = np.exp(evidence.log_mean)
    error = np.sqrt(((p * evidence.relative_error) ** 2).sum())
    assert error < 0.02
    assert abs(p.sum() - 1) < 4 * error


MODEL, X, EPS = small(), bits(3, 5), np.zeros((2, 3, 2))
REFUSED: dict[str, Callable[[], object]] = {
    "no image": lambda: vae.log_importance_weights(MODEL, X[:0], EPS[:, :0]),
    "floats": lambda: vae.importance_weighted_estimate(MODEL, X * 1.0, EPS),  # type: ignore[arg-type]
    "a pixel of 2": lambda: vae.importance_weighted_gradients(MODEL, X + np.uint8(1), EPS),
    "other pixels": lambda: vae.log_evidence_bounds(MODEL, bits(3, 6), 1, rng()),
    "noise of one draw": lambda: vae.log_importance_weights(MODEL, X, EPS[0]),
    "no draws": lambda: vae.importance_weighted_estimate(MODEL, X, EPS[:0]),
    "noise for two images": lambda: vae.importance_weighted_gradients(MODEL, X, EPS[:, 1:]),
    "noise for one latent": lambda: vae.log_importance_weights(MODEL, X, EPS[..., 1:]),
    "infinite noise": lambda: vae.importance_weighted_gradients(MODEL, X, EPS + np.inf),
    "no samples": lambda: vae.log_evidence_bounds(MODEL, X, 0, rng()),
    "images that are floats": lambda: vae.log_evidence_bounds(MODEL, X * 1.0, 1, rng()),  # type: ignore[arg-type]
}


@pytest.mark.spec("VAE-10", "VAE-11", "VAE-12")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    with pytest.raises(DataError):
        REFUSED[case]()
