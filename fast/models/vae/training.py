"""Compiled twin of `reference.models.vae.training`: the same draws, the same steps.

Spec: VAE-7 to VAE-9.  Checked by tests/equivalence/test_vae.py.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from math import ceil, inf, log

import numpy as np
from numpy.typing import NDArray

from fast._jit import kernel
from fast.models.mlp import adam_kernel
from fast.models.vae.bound import (
    _batches,
    _check_images,
    _flatten,
    _gradients,
    negative_elbo_bits_per_pixel,
)
from reference.errors import ModelError
from reference.inference.adam import BETA_1, BETA_2
from reference.models.mlp import LAST_GAIN, Layer, Mlp
from reference.models.vae.model import Images, Vae
from reference.models.vae.training import Epoch, Plan

__all__ = ["binarise", "binarise_kernel", "train"]


@kernel
def binarise_kernel(images, rows, u, peak, out):  # type: ignore[no-untyped-def]
    """Set ``out[i]`` to a binarisation of ``images[rows[i]]`` (VAE-7).

    `u` is uint16 of the shape of `out`, and `peak` uint32: the product is below ``2^24``.
    """
    one, zero = out.dtype.type(1), out.dtype.type(0)
    shift = np.uint32(16)
    for i in range(rows.size):
        image, level, row = images[rows[i]], u[i], out[i]
        for d in range(row.size):
            is_white = np.uint32(np.uint32(level[d]) * peak) >> shift < image[d]
            row[d] = one if is_white else zero


def binarise(images: Images, rng: np.random.Generator, *, peak: int) -> Images:
    """Set each pixel to 1 with probability ``value / peak``, and to 0 otherwise. Spec: VAE-7.

    Raises:
        DataError: `images` are empty, of another shape or type, or hold a larger value; or
            `peak` is out of range (VAE-7).
    """
    _check_images(images, peak)
    if peak == 1:
        return images
    out, rows = np.empty(images.shape, np.uint8), np.arange(len(images))
    images = np.ascontiguousarray(images)
    binarise_kernel(images, rows, _draw(images.shape, rng), np.uint32(peak), out)
    return out


def train(
    images: Images,
    plan: Plan,
    rng: np.random.Generator,
    *,
    peak: int,
    validation: Images | None = None,
    on_step: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[Vae, tuple[Epoch, ...]]:
    """Return a trained model, and the history of its training. Spec: VAE-8, VAE-9.

    Raises:
        DataError: `images` or `validation` are not as VAE-7 demands.
        ModelError: a patience without `validation`, or numbers that are no longer finite
            (VAE-8).
    """
    _check_images(images, peak)
    if plan.patience is not None and validation is None:
        raise ModelError("patience needs validation images")
    if validation is not None:
        _check_images(validation, peak, images.shape[1])
        validation = binarise(validation, rng, peak=peak)
    training = _Training(np.ascontiguousarray(images), plan, rng, peak)
    best, least, best_number = training.vae, inf, 0
    history: list[Epoch] = []
    for number in range(1, plan.epochs + 1):
        nats, bound = training.epoch(rng, on_step) / images.size, None
        if validation is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                bound = negative_elbo_bits_per_pixel(training.vae, validation, 1, rng)
        if not math.isfinite(nats) or (bound is not None and not math.isfinite(bound)):
            raise ModelError(f"training left the finite numbers in epoch {number}")
        history.append(Epoch(number, nats / log(2), bound))
        if on_epoch is not None:
            on_epoch(history[-1])
        if bound is None or bound < least:
            least, best_number = inf if bound is None else bound, number
            best = _flatten(training.vae)[1]
        elif plan.patience is not None and number - best_number >= plan.patience:
            break
    return best, tuple(history)


class _Training:
    """A model in training; all its parameters are one vector, and so are their gradients."""

    def __init__(
        self, images: Images, plan: Plan, rng: np.random.Generator, peak: int
    ) -> None:
        self.images, self.plan, self.peak = images, plan, peak
        self.theta, self.vae = _flatten(_initialise(images.shape[1], plan, rng))
        self.g, self.gradient = _flatten(self.vae)
        self.m, self.v = np.zeros_like(self.theta), np.zeros_like(self.theta)
        self.done, self.steps = 0, plan.epochs * ceil(len(images) / plan.batch_size)
        self.batches = _batches(self.vae, len(images), plan.batch_size)

    def epoch(
        self, rng: np.random.Generator, on_step: Callable[[int, int], None] | None
    ) -> float:
        """See every image once; return the sum of minus the ELBO estimates, in nats."""
        order, nats = rng.permutation(len(self.images)), 0.0
        for start in range(0, len(order), self.plan.batch_size):
            rows = order[start : start + self.plan.batch_size]
            batch = self.batches[len(rows)]
            if self.peak == 1:
                batch.x[:] = self.images[rows]
            else:
                u = _draw(batch.x.shape, rng)
                binarise_kernel(self.images, rows, u, np.uint32(self.peak), batch.x)
            rng.standard_normal(out=batch.eps, dtype=self.vae.dtype)
            with np.errstate(over="ignore", invalid="ignore"):  # train finds it
                nats += _gradients(self.vae, batch, self.gradient)
                self._step()
            if on_step is not None:
                on_step(self.done, self.steps)
        return nats

    def _step(self) -> None:
        """Take one step of Adam with all parameters of both networks (MLP-4, VAE-8)."""
        left = 1 - self.done / self.steps
        falling = left < self.plan.decay
        rate = self.plan.learning_rate * (left / self.plan.decay if falling else 1)
        self.done += 1
        real = self.vae.dtype.type
        scale = real(rate / (1 - BETA_1**self.done)), real(1 / (1 - BETA_2**self.done))
        adam_kernel(self.theta, self.g, self.m, self.v, *scale)


def _initialise(pixels: int, plan: Plan, rng: np.random.Generator) -> Vae:
    """Draw a model: the encoder, then the decoder (MLP-2)."""

    def network(*sizes: int) -> Mlp:
        gains = [1.0] * (len(sizes) - 2) + [LAST_GAIN]
        return tuple(
            layer(i, o, gain) for (i, o), gain in zip(pairwise(sizes), gains, strict=True)
        )

    def layer(inputs: int, outputs: int, gain: float) -> Layer:
        r = gain * np.sqrt(6 / (inputs + outputs))
        weights = rng.uniform(-r, r, (inputs, outputs)).astype(np.float32)
        return Layer(weights, np.zeros(outputs, np.float32))

    hidden = plan.hidden
    encoder = network(pixels, *hidden, 2 * plan.latents)
    return Vae(encoder, network(plan.latents, *hidden[::-1], pixels))


def _draw(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint16]:
    """Draw the numbers `u` of VAE-7: four from 64 bits, the lowest ones first."""
    n = math.prod(shape)
    words = rng.integers(0, 2**64, ceil(n / 4), np.uint64)
    parts = words.astype("<u8", copy=False).view("<u2").astype(np.uint16, copy=False)
    return parts[:n].reshape(shape)
