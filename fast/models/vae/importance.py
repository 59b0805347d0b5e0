"""Compiled twin of `reference.models.vae.importance`: equal within the bounds of VAE-10 to 12.

Spec: VAE-10 to VAE-12.  Checked by tests/equivalence/test_vae_importance.py.

All draws of all images are the rows of one matrix, draw by draw: row ``i`` is of image
``i % B``. To evaluate a data set, one draw of a batch passes the decoder at a time, and of an
image only the largest log weight and a sum are kept, so that memory does not grow with k.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fast._jit import kernel
from fast.inference.elbo import log_mean_exp
from fast.models._elementary import exp_minus, log1p_unit
from fast.models.mlp import GRADE_CLOSE
from fast.models.vae.bound import _check_images, _flatten, _forward, _reverse
from reference.errors import DataError, DistributionError
from reference.models.mlp import Floats, Mlp
from reference.models.vae.model import EVALUATION_BATCH, Images, Vae

__all__ = [
    "accumulate_kernel",
    "bernoulli_rows_kernel",
    "bernoulli_rows_reverse_kernel",
    "draw_kernel",
    "draw_reverse_kernel",
    "importance_weighted_gradients",
    "log_evidence_bounds",
    "scale_rows_kernel",
]


# Kernels


@kernel(fastmath=GRADE_CLOSE)
def draw_kernel(code, sigma, eps, z, log_weights):  # type: ignore[no-untyped-def]
    """Set `z`, and `log_weights` to ``log p(z) - log q(z | x)``, of each row (VAE-10).

    `code` is mu and log_sigma side by side.
    """
    latents = z.shape[1]
    half = z.dtype.type(0.5)
    for i in range(z.shape[0]):
        image = i % code.shape[0]
        mu, log_sigma = code[image, :latents], code[image, latents:]
        total = z.dtype.type(0)
        for j in range(latents):
            e = eps[i, j]
            v = mu[j] + sigma[image, j] * e
            z[i, j] = v
            total += half * ((e - v) * (e + v)) + log_sigma[j]
        log_weights[i] = total


@kernel(fastmath=GRADE_CLOSE)
def bernoulli_rows_kernel(logits, bias, x, log_weights):  # type: ignore[no-untyped-def]
    """Add ``log p(x | z)`` to the log weight of each row (VAE-2, VAE-10).

    `logits` lack their bias.
    """
    zero = logits.dtype.type(0)
    for i in range(logits.shape[0]):
        row, image = logits[i], x[i % x.shape[0]]
        nats = zero
        for d in range(bias.size):
            v = row[d] + bias[d]
            nats += max(v, zero) - v * image[d] + log1p_unit(exp_minus(abs(v)))
        log_weights[i] -= nats


@kernel(fastmath=GRADE_CLOSE)
def bernoulli_rows_reverse_kernel(logits, bias, x, log_weights):  # type: ignore[no-untyped-def]
    """Do as `bernoulli_rows_kernel`; turn `logits` into ``1 / (1 + exp(-l)) - x`` (VAE-11)."""
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    for i in range(logits.shape[0]):
        row, image = logits[i], x[i % x.shape[0]]
        nats = zero
        for d in range(bias.size):
            v = row[d] + bias[d]
            t = exp_minus(abs(v))
            nats += max(v, zero) - v * image[d] + log1p_unit(t)
            inverse = one / (one + t)
            row[d] = (inverse if v >= zero else t * inverse) - image[d]
        log_weights[i] -= nats


@kernel(fastmath=GRADE_CLOSE)
def scale_rows_kernel(d, shares, d_bias):  # type: ignore[no-untyped-def]
    """Multiply each row of `d` by its share, and set `d_bias` to the sum of the rows."""
    d_bias[:] = d.dtype.type(0)
    for i in range(d.shape[0]):
        row, share = d[i], shares[i]
        for j in range(d_bias.size):
            row[j] *= share
            d_bias[j] += row[j]


@kernel(fastmath=GRADE_CLOSE)
def draw_reverse_kernel(d_z, z, eps, sigma, shares, scale, d_code, d_bias):  # type: ignore[no-untyped-def]
    """Set `d_code` from what the decoder returns in `d_z`, and `d_bias` to its sum (VAE-11).

    `scale` is ``1 / B``, of the dtype of `d_z`.
    """
    latents = d_z.shape[1]
    zero = d_z.dtype.type(0)
    d_code[:, :latents] = zero
    d_code[:, latents:] = -scale
    for i in range(d_z.shape[0]):
        image = i % d_code.shape[0]
        for j in range(latents):
            d = d_z[i, j] + shares[i] * z[i, j]
            d_code[image, j] += d
            d_code[image, latents + j] += d * sigma[image, j] * eps[i, j]
    d_bias[:] = zero
    for i in range(d_code.shape[0]):
        for j in range(d_bias.size):
            d_bias[j] += d_code[i, j]


@kernel
def accumulate_kernel(log_weights, top, total):  # type: ignore[no-untyped-def]
    """Add weights to sums of ``exp(log w - top)``, with `top` the largest so far (ELB-11)."""
    for i in range(log_weights.size):
        a = np.float64(log_weights[i])
        if a > top[i]:
            total[i] = total[i] * math.exp(top[i] - a) + 1.0
            top[i] = a
        else:
            total[i] += math.exp(a - top[i])


# From Python


def importance_weighted_gradients(vae: Vae, x: Images, eps: Floats) -> tuple[float, Vae]:
    """Return the mean of minus `importance_weighted_estimate`, and its gradient. Spec: VAE-11.

    Raises:
        DataError: `x` is empty, of another shape or type, or holds other numbers (VAE-4); or
            `eps` is of another shape, or not finite (VAE-10).
    """
    _check_images(x, 1, vae.pixels)
    shape = (len(x), vae.latents)
    if eps.ndim != 3 or eps.shape[1:] != shape or len(eps) < 1 or not np.isfinite(eps).all():
        raise DataError(f"noise of shape {eps.shape}, or not finite, for {len(x)} images")
    k, n, real = len(eps), len(x), vae.dtype.type
    noise = np.ascontiguousarray(eps.reshape(k * n, -1), vae.dtype)
    _, gradient = _flatten(vae)

    images, encoded = x.astype(vae.dtype), _rows(vae.encoder, n, vae)
    sigma = _encode(vae, images, encoded)
    z, log_weights = np.empty_like(noise), np.empty(k * n)
    draw_kernel(encoded[-1], sigma, noise, z, log_weights)
    decoded = _rows(vae.decoder, k * n, vae)
    _forward(vae.decoder, z, decoded)
    bias = vae.decoder[-1].bias
    bernoulli_rows_reverse_kernel(decoded[-1], bias, images, log_weights)

    bounds = log_mean_exp(log_weights.reshape(k, n), 0)
    shares = np.exp(log_weights.reshape(k, n) - bounds).ravel() / (k * n)  # v_j / B
    shares = shares.astype(vae.dtype)
    scale_rows_kernel(decoded[-1], shares, gradient.decoder[-1].bias)
    d_z = np.empty_like(z)
    d = [d_z, *map(np.empty_like, decoded[:-1]), decoded[-1]]
    _reverse(vae.decoder, gradient.decoder, [z, *decoded[:-1]], d)
    d_encoded = [np.empty_like(a) for a in encoded]
    d_bias = gradient.encoder[-1].bias
    draw_reverse_kernel(d_z, z, noise, sigma, shares, real(1 / n), d_encoded[-1], d_bias)
    _reverse(vae.encoder, gradient.encoder, [images, *encoded[:-1]], [None, *d_encoded])
    return -float(bounds.mean()), gradient


def log_evidence_bounds(
    vae: Vae, x: Images, samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return an estimate of L_k of each image of a data set, with ``k = samples``, in nats.

    Spec: VAE-12.

    Raises:
        DataError: `x` is empty, of another shape or type, or holds other numbers (VAE-4), or
            `samples` is below 1.
    """
    _check_images(x, 1, vae.pixels)
    if samples < 1:
        raise DataError(f"{samples} samples")
    top, total = np.full(len(x), -np.inf), np.zeros(len(x))
    for start in range(0, len(x), EVALUATION_BATCH):
        batch = slice(start, start + EVALUATION_BATCH)
        images = x[batch].astype(vae.dtype)
        encoded, decoded = (_rows(p, len(images), vae) for p in (vae.encoder, vae.decoder))
        sigma = _encode(vae, images, encoded)
        eps, z, log_weights = np.empty_like(sigma), np.empty_like(sigma), np.empty(len(images))
        for _ in range(samples):
            rng.standard_normal(out=eps, dtype=vae.dtype)
            draw_kernel(encoded[-1], sigma, eps, z, log_weights)
            _forward(vae.decoder, z, decoded)
            bernoulli_rows_kernel(decoded[-1], vae.decoder[-1].bias, images, log_weights)
            accumulate_kernel(log_weights, top[batch], total[batch])
    bounds = top + np.log(total / samples)
    for wrong in bounds[np.isnan(bounds)][:1]:
        raise DistributionError(f"log_weights is {wrong}: no log density")
    return bounds


def _rows(network: Mlp, n: int, vae: Vae) -> list[Floats]:
    """Return arrays for what each layer puts out for `n` rows."""
    return [np.empty((n, layer.bias.size), vae.dtype) for layer in network]


def _encode(vae: Vae, images: Floats, outputs: list[Floats]) -> Floats:
    """Write what each layer of the encoder puts out, with every bias; return sigma."""
    _forward(vae.encoder, images, outputs)
    outputs[-1] += vae.encoder[-1].bias
    return np.exp(outputs[-1][:, vae.latents :])
