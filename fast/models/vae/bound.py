"""Compiled twin of `reference.models.vae.bound`: equal within the bounds of VAE-2 to VAE-6.

Spec: VAE-2 to VAE-6.  Checked by tests/equivalence/test_vae.py.

Matrix products are numpy's (BLAS), into arrays that training allocates once. Between two of
them stands one kernel that does all there is to do, in one pass over the memory. float32 is
the type to train in; float64 works as well, and is how the formulas are compared.
"""

from collections.abc import Sequence
from math import log

import numpy as np

from fast._jit import kernel
from fast.models._elementary import exp_minus, log1p_unit
from fast.models.mlp import GRADE_CLOSE, bias_relu_kernel, relu_reverse_kernel
from reference.errors import DataError
from reference.models.mlp import Floats, Layer, Mlp
from reference.models.vae.model import EVALUATION_BATCH, Images, Vae

__all__ = [
    "bernoulli_kernel",
    "gradients",
    "negative_elbo_bits_per_pixel",
    "reparameterise_kernel",
    "reparameterise_reverse_kernel",
]


@kernel(fastmath=GRADE_CLOSE)
def reparameterise_kernel(code, bias, eps, sigma, z):  # type: ignore[no-untyped-def]
    """Add `bias` to `code`, set `sigma` and `z`, and return the KL of all rows (VAE-3, VAE-4).

    `code` is mu and log_sigma side by side.
    """
    latents = z.shape[1]
    half, one = z.dtype.type(0.5), z.dtype.type(1)
    total = 0.0
    for i in range(z.shape[0]):
        mu, log_sigma = code[i, :latents], code[i, latents:]
        for j in range(latents):
            mu[j] += bias[j]
            log_sigma[j] += bias[latents + j]
            # not exp_minus: log_sigma has any sign, and there are few of them
            sigma[i, j] = np.exp(log_sigma[j])
            z[i, j] = mu[j] + sigma[i, j] * eps[i, j]
            square = mu[j] * mu[j] + sigma[i, j] * sigma[i, j]
            total += half * (square - one) - log_sigma[j]
    return total


@kernel(fastmath=GRADE_CLOSE)
def reparameterise_reverse_kernel(d_z, code, eps, sigma, scale, d_code, d_bias):  # type: ignore[no-untyped-def]
    """Set `d_code` from the gradient `d_z`, and `d_bias` to the sum of its rows (VAE-5).

    `scale` is ``1 / B``, of the dtype of `d_z`.
    """
    latents = d_z.shape[1]
    one = d_z.dtype.type(1)
    d_bias[:] = d_z.dtype.type(0)
    for i in range(d_z.shape[0]):
        for j in range(latents):
            s = sigma[i, j]
            d_mu = d_z[i, j] + code[i, j] * scale
            d_log_sigma = d_z[i, j] * s * eps[i, j] + (s * s - one) * scale
            d_code[i, j] = d_mu
            d_code[i, latents + j] = d_log_sigma
            d_bias[j] += d_mu
            d_bias[latents + j] += d_log_sigma


@kernel(fastmath=GRADE_CLOSE)
def bernoulli_kernel(logits, bias, x, scale, d_bias):  # type: ignore[no-untyped-def]
    """Return ``-log p(x | z)`` of all rows; turn `logits` into its gradient (VAE-2, VAE-5).

    On entry `logits` lack their bias. `scale` is ``1 / B``, of the dtype of `logits`; `d_bias`
    becomes the sum of the rows of the gradient.
    """
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    d_bias[:] = zero
    total = 0.0
    for i in range(logits.shape[0]):
        row, image = logits[i], x[i]
        nats = zero  # of one image, so that the sum over a batch is taken in float64
        for d in range(d_bias.size):
            v = row[d] + bias[d]
            t = exp_minus(abs(v))
            nats += max(v, zero) - v * image[d] + log1p_unit(t)
            inverse = one / (one + t)
            p = inverse if v >= zero else t * inverse
            row[d] = (p - image[d]) * scale
            d_bias[d] += row[d]
        total += nats
    return total


# From Python


def gradients(vae: Vae, x: Images, eps: Floats) -> tuple[float, Vae]:
    """Return the mean of minus `elbo_estimate`, in nats an image, and its gradient.

    Spec: VAE-5.

    Raises:
        DataError: `x` is empty, of another shape or type, or holds other numbers; or `eps` is
            of another shape, or not finite (VAE-4).
    """
    _check_images(x, 1, vae.pixels)
    if eps.shape != (len(x), vae.latents) or not np.isfinite(eps).all():
        raise DataError(f"noise of shape {eps.shape}, or not finite, for {len(x)} images")
    batch = _Batch(vae, len(x))
    batch.x[:], batch.eps[:] = x, eps
    _, gradient = _flatten(vae)
    return _gradients(vae, batch, gradient) / len(x), gradient


def negative_elbo_bits_per_pixel(
    vae: Vae, x: Images, samples: int, rng: np.random.Generator
) -> float:
    """Return minus the ELBO, as a mean over images and samples, in bits per pixel.

    Spec: VAE-6.

    Raises:
        DataError: `x` is empty, of another shape or type, or holds other numbers (VAE-4), or
            `samples` is below 1.
    """
    _check_images(x, 1, vae.pixels)
    if samples < 1:
        raise DataError(f"{samples} samples")
    unused, nats = np.empty(vae.pixels, vae.dtype), 0.0
    batches = _batches(vae, len(x), EVALUATION_BATCH)
    for start in range(0, len(x), EVALUATION_BATCH):
        images = x[start : start + EVALUATION_BATCH]
        batch = batches[len(images)]
        batch.x[:] = images
        for _ in range(samples):
            rng.standard_normal(out=batch.eps, dtype=vae.dtype)
            nats += _bound(vae, batch, unused)
    return nats / (samples * x.size * log(2))


class _Batch:
    """The arrays that a batch of `n` images passes through."""

    def __init__(self, vae: Vae, n: int) -> None:
        def rows(*widths: int) -> list[Floats]:
            return [np.empty((n, width), vae.dtype) for width in widths]

        encoder = [layer.bias.size for layer in vae.encoder]
        decoder = [layer.bias.size for layer in vae.decoder]
        self.n = n
        self.x, self.eps, self.sigma, self.z, self.d_z = rows(vae.pixels, *[vae.latents] * 4)
        self.encoded, self.decoded = rows(*encoder), rows(*decoder)
        self.d_encoded, self.d_decoded = rows(*encoder), rows(*decoder[:-1])


def _batches(vae: Vae, n: int, size: int) -> dict[int, _Batch]:
    """Return a batch for each number of images that `n` are cut into."""
    return {k: _Batch(vae, k) for k in {min(n, size), n % size} - {0}}


def _bound(vae: Vae, batch: _Batch, d_bias: Floats) -> float:
    """Return the sum of minus the ELBO estimates of a batch, in nats.

    It leaves the gradient of the mean with respect to the logits in the last of ``decoded``,
    and that with respect to the last bias in `d_bias`.
    """
    _forward(vae.encoder, batch.x, batch.encoded)
    code, bias = batch.encoded[-1], vae.encoder[-1].bias
    kl = reparameterise_kernel(code, bias, batch.eps, batch.sigma, batch.z)
    _forward(vae.decoder, batch.z, batch.decoded)
    logits, bias, scale = batch.decoded[-1], vae.decoder[-1].bias, vae.dtype.type(1 / batch.n)
    return float(kl + bernoulli_kernel(logits, bias, batch.x, scale, d_bias))


def _gradients(vae: Vae, batch: _Batch, gradient: Vae) -> float:
    """Write the gradient of the mean; return the sum of minus the ELBO estimates, in nats."""
    nats = _bound(vae, batch, gradient.decoder[-1].bias)
    inputs = [batch.z, *batch.decoded[:-1]]
    d = [batch.d_z, *batch.d_decoded, batch.decoded[-1]]
    _reverse(vae.decoder, gradient.decoder, inputs, d)
    code, d_code, bias = batch.encoded[-1], batch.d_encoded[-1], gradient.encoder[-1].bias
    reparameterise_reverse_kernel(
        batch.d_z, code, batch.eps, batch.sigma, vae.dtype.type(1 / batch.n), d_code, bias
    )
    inputs = [batch.x, *batch.encoded[:-1]]
    _reverse(vae.encoder, gradient.encoder, inputs, [None, *batch.d_encoded])
    return nats


def _forward(network: Mlp, x: Floats, outputs: list[Floats]) -> None:
    """Write the outputs of each layer; those of the last one lack their bias (MLP-1)."""
    for i, (layer, output) in enumerate(zip(network, outputs, strict=True)):
        np.matmul(x, layer.weights, out=output)
        if i < len(network) - 1:
            bias_relu_kernel(output, layer.bias)
        x = output


def _reverse(
    network: Mlp, gradient: Mlp, inputs: list[Floats], d: Sequence[Floats | None]
) -> None:
    """Write the gradient, but for the last bias, which is there already (MLP-3).

    ``d[i + 1]`` is the gradient with respect to what layer `i` puts out before its ReLU; the
    last one is given, the others are written. So is ``d[0]``, with respect to the inputs of
    the network, unless it is None.
    """
    for i in reversed(range(len(network))):
        d_output, d_input = d[i + 1], d[i]
        assert d_output is not None
        np.matmul(inputs[i].T, d_output, out=gradient[i].weights)
        if d_input is not None:
            np.matmul(d_output, network[i].weights.T, out=d_input)
        if i > 0:
            relu_reverse_kernel(d_input, inputs[i], gradient[i - 1].bias)


def _check_images(images: Images, peak: int, pixels: int | None = None) -> None:
    """Refuse an array that is no images with values in ``[0, peak]`` (VAE-4, VAE-7)."""
    if images.ndim != 2 or 0 in images.shape or images.dtype != np.uint8:
        raise DataError(f"an array of shape {images.shape} and type {images.dtype}")
    if pixels is not None and images.shape[1] != pixels:
        raise DataError(f"images of {images.shape[1]} pixels instead of {pixels}")
    if not 1 <= peak <= 255 or images.max() > peak:
        raise DataError(f"values up to {images.max()} with a peak of {peak}")


def _flatten(vae: Vae) -> tuple[Floats, Vae]:
    """Return a copy of all parameters as one vector, and as a model that shares its memory."""
    layers = vae.encoder + vae.decoder
    arrays = [array for layer in layers for array in (layer.weights, layer.bias)]
    vector = np.concatenate([array.ravel() for array in arrays])
    ends = np.cumsum([array.size for array in arrays])
    views = [
        vector[end - array.size : end].reshape(array.shape)
        for array, end in zip(arrays, ends, strict=True)
    ]
    copies = tuple(map(Layer, views[::2], views[1::2]))
    return vector, Vae(copies[: len(vae.encoder)], copies[len(vae.encoder) :])
