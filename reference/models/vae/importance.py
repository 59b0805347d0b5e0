"""The importance-weighted bound of a variational autoencoder, its gradient, and evaluation.

Spec: VAE-10 to VAE-12.
Source: Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
arXiv:1509.00519, section 3.

The encoder sees an image once, and the decoder all its k draws::

    x --encoder--> mu, log_sigma --> z_j = mu + sigma eps_j --decoder--> log p(x | z_j)

    log w_j  =  log p(x | z_j) + log p(z_j) - log q(z_j | x),     j = 1 ... k
    L_k      =  E log( (w_1 + ... + w_k) / k )

No closed form of the KL is used: inside the logarithm it would make no bound (ELB-12).
"""

import numpy as np
from numpy.typing import NDArray

from reference.errors import DataError
from reference.inference.elbo import log_mean_exp
from reference.models import mlp
from reference.models.mlp import Floats
from reference.models.vae.bound import log_likelihood, sigmoid
from reference.models.vae.model import EVALUATION_BATCH, Images, Vae, check_images

__all__ = [
    "importance_weighted_estimate",
    "importance_weighted_gradients",
    "log_evidence_bounds",
    "log_importance_weights",
]


def log_importance_weights(vae: Vae, x: Images, eps: Floats) -> Floats:
    """Return log w of each draw of each image, in nats.

    Spec: VAE-10.

        log p(x | z) + sum_l ( (eps_l^2 - z_l^2) / 2 + log_sigma_l ),    z = mu + sigma eps

    Args:
        x: shape ``(B, D)``; 0 and 1.
        eps: shape ``(k, B, L)``; standard normal numbers, k draws of each image.

    Returns:
        Shape ``(k, B)``.

    Raises:
        DataError: `x` is as `elbo_estimate` refuses it (VAE-4), or `eps` is of another shape,
            or not finite (VAE-10).
    """
    pixels, eps = _check(vae, x, eps)
    mu, log_sigma = np.split(mlp.forward(vae.encoder, pixels)[0], 2, axis=1)
    z = mu + np.exp(log_sigma) * eps
    logits, _ = mlp.forward(vae.decoder, z.reshape(-1, vae.latents))
    return _log_weights(pixels, logits, z, eps, log_sigma)


def importance_weighted_estimate(vae: Vae, x: Images, eps: Floats) -> NDArray[np.float64]:
    """Return an estimate of L_k of each image from k draws, in nats.

    Spec: VAE-10.

    Args:
        x: shape ``(B, D)``; 0 and 1.
        eps: shape ``(k, B, L)``; standard normal numbers.

    Returns:
        Shape ``(B,)``.

    Raises:
        DataError: as for `log_importance_weights` (VAE-10).
    """
    return log_mean_exp(log_importance_weights(vae, x, eps), 0)


def importance_weighted_gradients(vae: Vae, x: Images, eps: Floats) -> tuple[float, Vae]:
    """Return the mean of minus `importance_weighted_estimate`, and its gradient.

    Spec: VAE-11. With ``v_j = w_j / (w_1 + ... + w_k)``, and ``d_decoder_z`` the gradient with
    respect to z as the decoder returns it,

        d_logits_j   =  v_j (1 / (1 + exp(-l_j)) - x) / B
        d_z_j        =  d_decoder_z_j + v_j z_j / B
        d_mu         =  sum_j d_z_j
        d_log_sigma  =  sum_j d_z_j sigma eps_j - 1 / B

    Args:
        x: shape ``(B, D)``; 0 and 1.
        eps: shape ``(k, B, L)``; standard normal numbers.

    Returns:
        The mean, in nats an image; and the gradient, with the structure of `vae`.

    Raises:
        DataError: as for `log_importance_weights` (VAE-10).
    """
    pixels, eps = _check(vae, x, eps)
    code, encoder_inputs = mlp.forward(vae.encoder, pixels)
    mu, log_sigma = np.split(code, 2, axis=1)
    sigma = np.exp(log_sigma)
    z = mu + sigma * eps
    logits, decoder_inputs = mlp.forward(vae.decoder, z.reshape(-1, vae.latents))
    log_weights = _log_weights(pixels, logits, z, eps, log_sigma)
    bounds = log_mean_exp(log_weights, 0)
    shares = np.exp(log_weights - bounds) / len(eps)  # v_j; they sum to 1
    shares = shares.astype(vae.dtype)[..., None] / len(x)

    d_logits = shares * (sigmoid(logits).reshape(len(eps), *x.shape) - pixels)
    d_decoder, d_z = mlp.reverse(vae.decoder, decoder_inputs, d_logits.reshape(logits.shape))
    d_z = d_z.reshape(z.shape) + shares * z
    d_mu, d_log_sigma = d_z.sum(axis=0), (d_z * sigma * eps).sum(axis=0) - 1 / len(x)
    d_code = np.concatenate([d_mu, d_log_sigma], axis=1)
    d_encoder, _ = mlp.reverse(vae.encoder, encoder_inputs, d_code)
    return -float(bounds.mean()), Vae(d_encoder, d_decoder)


def log_evidence_bounds(
    vae: Vae, x: Images, samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return an estimate of L_k of each image of a data set, with ``k = samples``, in nats.

    Spec: VAE-12. It estimates log p(x) from below, the better the larger k is.

    Args:
        x: shape ``(N, D)``; 0 and 1.
        samples: ``k``, at least 1.

    Returns:
        Shape ``(N,)``.

    Raises:
        DataError: `x` is as `elbo_estimate` refuses it (VAE-4), or `samples` is below 1.
    """
    check_images(x, 1, vae.pixels)
    if samples < 1:
        raise DataError(f"{samples} samples")
    bounds = []
    for start in range(0, len(x), EVALUATION_BATCH):
        batch = x[start : start + EVALUATION_BATCH]
        draws = []
        for _ in range(samples):
            eps = rng.standard_normal((1, len(batch), vae.latents), vae.dtype)
            draws.append(log_importance_weights(vae, batch, eps)[0])
        bounds.append(log_mean_exp(draws, 0))
    return np.concatenate(bounds)


def _log_weights(
    x: Floats, logits: Floats, z: Floats, eps: Floats, log_sigma: Floats
) -> Floats:
    """Return log w of each draw of each image, shape ``(k, B)`` (VAE-10)."""
    k = len(eps)
    likelihood = log_likelihood(np.tile(x, (k, 1)), logits).reshape(k, -1)
    return np.asarray(likelihood + ((eps**2 - z**2) / 2 + log_sigma).sum(axis=2))


def _check(vae: Vae, x: Images, eps: Floats) -> tuple[Floats, Floats]:
    """Refuse images and noise that do not fit; return them in the type of the model."""
    check_images(x, 1, vae.pixels)
    shape = (len(x), vae.latents)
    if eps.ndim != 3 or eps.shape[1:] != shape or len(eps) < 1 or not np.isfinite(eps).all():
        raise DataError(f"noise of shape {eps.shape}, or not finite, for {len(x)} images")
    return x.astype(vae.dtype), eps.astype(vae.dtype)
