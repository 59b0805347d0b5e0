"""The evidence lower bound, its estimate from one sample, and the gradient of that.

Spec: VAE-2 to VAE-6.
Source: D. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114,
section 2.4 and appendices B and C.1.

The noise is an argument, so that an estimate is a function: that of its gradient can be
checked by differences.
"""

from math import log

import numpy as np

from reference.errors import DataError
from reference.models import mlp
from reference.models.mlp import Floats
from reference.models.vae.model import EVALUATION_BATCH, Images, Vae, check_images

__all__ = [
    "elbo_estimate",
    "gradients",
    "kl_to_prior",
    "log_likelihood",
    "negative_elbo_bits_per_pixel",
    "sigmoid",
]


def log_likelihood(x: Floats, logits: Floats) -> Floats:
    """Return log p(x | z) of each image, in nats.

    Spec: VAE-2.

        log p(x | z)  =  sum_d  l_d x_d - max(l_d, 0) - log(1 + exp(-|l_d|))

    Args:
        x: shape ``(B, D)``; 0 and 1.
        logits: shape ``(B, D)``.

    Returns:
        Shape ``(B,)``; at most 0.
    """
    softplus = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    return np.asarray((logits * x - softplus).sum(axis=1))


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-l)), the probability of a 1.

    Spec: VAE-2. No exponential of a positive number is taken.
    """
    t = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1, t) / (1 + t))


def kl_to_prior(mu: Floats, log_sigma: Floats) -> Floats:
    """Return KL(N(mu, sigma^2) || N(0, 1)), summed over the latents, in nats.

    Spec: VAE-3.

        KL  =  sum_l  (mu_l^2 + sigma_l^2 - 1) / 2 - log_sigma_l

    Args:
        mu: shape ``(B, L)``; `log_sigma` likewise.

    Returns:
        Shape ``(B,)``; at least 0.
    """
    return np.asarray(((mu**2 + np.exp(log_sigma) ** 2 - 1) / 2 - log_sigma).sum(axis=1))


def elbo_estimate(vae: Vae, x: Images, eps: Floats) -> Floats:
    """Return an estimate of the ELBO of each image from one sample, in nats.

    Spec: VAE-4.

        log p(x | mu + sigma eps) - KL(q(z | x) || N(0, 1))

    Args:
        x: shape ``(B, D)``; 0 and 1.
        eps: shape ``(B, L)``; standard normal numbers.

    Returns:
        Shape ``(B,)``.

    Raises:
        DataError: `x` is empty, of another shape or type, or holds other numbers; or `eps` is
            of another shape, or not finite (VAE-4).
    """
    pixels, eps = _check(vae, x, eps)
    mu, log_sigma = np.split(mlp.forward(vae.encoder, pixels)[0], 2, axis=1)
    logits, _ = mlp.forward(vae.decoder, mu + np.exp(log_sigma) * eps)
    return log_likelihood(pixels, logits) - kl_to_prior(mu, log_sigma)


def gradients(vae: Vae, x: Images, eps: Floats) -> tuple[float, Vae]:
    """Return the mean of minus `elbo_estimate`, in nats an image, and its gradient.

    Spec: VAE-5. With ``d_z`` the gradient with respect to z, as the decoder returns it,

        d_logits     =  (1 / (1 + exp(-l)) - x) / B
        d_mu         =  d_z + mu / B
        d_log_sigma  =  d_z sigma eps + (sigma^2 - 1) / B

    Args:
        x: shape ``(B, D)``; 0 and 1.
        eps: shape ``(B, L)``; standard normal numbers.

    Returns:
        The mean; and the gradient, with the structure of `vae`.

    Raises:
        DataError: as for `elbo_estimate` (VAE-4).
    """
    pixels, eps = _check(vae, x, eps)
    code, encoder_inputs = mlp.forward(vae.encoder, pixels)
    mu, log_sigma = np.split(code, 2, axis=1)
    sigma = np.exp(log_sigma)
    logits, decoder_inputs = mlp.forward(vae.decoder, mu + sigma * eps)
    elbo = log_likelihood(pixels, logits) - kl_to_prior(mu, log_sigma)

    d_logits = (sigmoid(logits) - pixels) / len(x)
    d_decoder, d_z = mlp.reverse(vae.decoder, decoder_inputs, d_logits)
    d_mu = d_z + mu / len(x)
    d_log_sigma = d_z * sigma * eps + (sigma**2 - 1) / len(x)
    d_code = np.concatenate([d_mu, d_log_sigma], axis=1)
    d_encoder, _ = mlp.reverse(vae.encoder, encoder_inputs, d_code)
    return -float(elbo.mean(dtype=np.float64)), Vae(d_encoder, d_decoder)


def negative_elbo_bits_per_pixel(
    vae: Vae, x: Images, samples: int, rng: np.random.Generator
) -> float:
    """Return minus the ELBO, as a mean over images and samples, in bits per pixel.

    Spec: VAE-6.

    Args:
        x: shape ``(N, D)``; 0 and 1.
        samples: how many draws of the noise each image is estimated from, at least 1.

    Raises:
        DataError: `x` is as `elbo_estimate` refuses it (VAE-4), or `samples` is below 1.
    """
    check_images(x, 1, vae.pixels)
    if samples < 1:
        raise DataError(f"{samples} samples")
    nats = 0.0
    for start in range(0, len(x), EVALUATION_BATCH):
        batch = x[start : start + EVALUATION_BATCH]
        for _ in range(samples):
            eps = rng.standard_normal((len(batch), vae.latents), vae.dtype)
            nats -= float(elbo_estimate(vae, batch, eps).sum(dtype=np.float64))
    return nats / (samples * x.size * log(2))


def _check(vae: Vae, x: Images, eps: Floats) -> tuple[Floats, Floats]:
    """Refuse images and noise that do not fit; return them in the type of the model."""
    check_images(x, 1, vae.pixels)
    if eps.shape != (len(x), vae.latents) or not np.isfinite(eps).all():
        raise DataError(f"noise of shape {eps.shape}, or not finite, for {len(x)} images")
    return x.astype(vae.dtype), eps.astype(vae.dtype)
