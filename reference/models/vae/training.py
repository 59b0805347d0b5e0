"""Training: images binarised at random, one step of Adam a batch, and early stopping.

Spec: VAE-7 to VAE-9.
Source: R. Salakhutdinov, I. Murray, "On the quantitative analysis of deep belief networks",
ICML 2008, section 6.2 (binarisation); the model and the batches of J. Townsend, T. Bird,
D. Barber, ICLR 2019, arXiv:1901.04866, section 3.2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf, isfinite, log

import numpy as np

from reference.errors import ModelError
from reference.models import mlp
from reference.models.mlp import AdamState
from reference.models.vae.bound import gradients, negative_elbo_bits_per_pixel
from reference.models.vae.model import Images, Vae, check_images, initialise

__all__ = ["Epoch", "Plan", "binarise", "train"]


@dataclass(frozen=True)
class Plan:
    """The shape of a model, and how to train it (VAE-8)."""

    hidden: tuple[int, ...] = (100,)
    """Widths of the hidden layers of the encoder; the decoder has them reversed."""
    latents: int = 40
    """``L``."""
    epochs: int = 20
    """How often each image is seen."""
    batch_size: int = 100
    """``B``; the last batch of an epoch has what is left."""
    learning_rate: float = 3e-3
    """Of Adam, at first."""
    decay: float = 0.7
    """The share of all steps, at the end, in which the learning rate falls linearly to 0."""
    patience: int | None = None
    """Stop after so many epochs in a row without a new best validation; None: never."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range (VAE-8)."""
        counts = (*self.hidden, self.latents, self.epochs, self.batch_size)
        if min(counts) < 1 or (self.patience is not None and self.patience < 1):
            raise ModelError(f"a count below 1 in {self}")
        if not (0 < self.learning_rate < inf and 0 <= self.decay <= 1):
            raise ModelError(f"learning rate or decay out of range in {self}")


@dataclass(frozen=True)
class Epoch:
    """A line of the history of a training (VAE-8)."""

    number: int
    """1 for the first."""
    training_bits_per_pixel: float
    """Mean of the estimates of ``-ELBO`` from which the steps of the epoch were made."""
    validation_bits_per_pixel: float | None
    """``-ELBO`` of the validation images after the epoch, from one sample (VAE-6)."""


def binarise(images: Images, rng: np.random.Generator, *, peak: int) -> Images:
    """Set each pixel to 1 with probability ``value / peak``, and to 0 otherwise.

    Spec: VAE-7.

        1 where  floor(u peak / 2^16) < value,    u uniform in [0, 2^16)

    Images of 0 and 1 have a peak of 1: they return as they are, and nothing is drawn.

    Args:
        images: shape ``(N, D)``; values in ``[0, peak]``.
        peak: the value of a white pixel, in ``[1, 255]``; of ordinary grey images 255.

    Returns:
        Shape ``(N, D)``; 0 and 1.

    Raises:
        DataError: `images` are empty, of another shape or type, or hold a larger value; or
            `peak` is out of range (VAE-7).
    """
    check_images(images, peak)
    if peak == 1:
        return images
    words = rng.integers(0, 2**64, ceil(images.size / 4), np.uint64)
    parts = words[:, None] >> np.array([0, 16, 32, 48], np.uint64) & np.uint64(0xFFFF)
    u = parts.ravel()[: images.size].reshape(images.shape)
    return (u * np.uint64(peak) >> np.uint64(16) < images).astype(np.uint8)


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
    """Return a trained model, and the history of its training.

    Spec: VAE-8, VAE-9. With `validation`, the model is the one after the epoch whose
    validation was best; without, the one after the last epoch.

    Args:
        images: shape ``(N, D)``; values in ``[0, peak]``, binarised anew for every batch.
        peak: the value of a white pixel, in ``[1, 255]``; of images of 0 and 1 it is 1.
        validation: likewise, but binarised once, before the first epoch.
        on_step: called after each step with its number, from 1, and the number of all.
        on_epoch: called after each epoch.

    Raises:
        DataError: `images` or `validation` are not as VAE-7 demands.
        ModelError: a patience without `validation`, or numbers that are no longer finite
            (VAE-8).
    """
    check_images(images, peak)
    if plan.patience is not None and validation is None:
        raise ModelError("patience needs validation images")
    if validation is not None:
        check_images(validation, peak, images.shape[1])
        validation = binarise(validation, rng, peak=peak)
    vae = best = initialise(images.shape[1], plan.hidden, plan.latents, rng)
    state = mlp.adam_initialise(vae.encoder + vae.decoder)
    history: list[Epoch] = []
    for number in range(1, plan.epochs + 1):
        vae, state, nats = _epoch(vae, state, images, plan, rng, peak, on_step)
        history.append(_line(number, nats / images.size, vae, validation, rng))
        if on_epoch is not None:
            on_epoch(history[-1])
        if _best(history) == number:
            best = vae
        elif plan.patience is not None and number - _best(history) >= plan.patience:
            break
    return best, tuple(history)


def _epoch(
    vae: Vae,
    state: AdamState,
    images: Images,
    plan: Plan,
    rng: np.random.Generator,
    peak: int,
    on_step: Callable[[int, int], None] | None,
) -> tuple[Vae, AdamState, float]:
    """See every image once; return also the sum of minus the ELBO estimates, in nats."""
    order, nats = rng.permutation(len(images)), 0.0
    steps = plan.epochs * ceil(len(images) / plan.batch_size)
    for start in range(0, len(images), plan.batch_size):
        x = binarise(images[order[start : start + plan.batch_size]], rng, peak=peak)
        eps = rng.standard_normal((len(x), plan.latents), vae.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # _line finds it
            mean, gradient = gradients(vae, x, eps)
            vae, state = _step(vae, gradient, state, _learning_rate(plan, state.steps, steps))
        nats += mean * len(x)
        if on_step is not None:
            on_step(state.steps, steps)
    return vae, state, nats


def _step(vae: Vae, gradient: Vae, state: AdamState, rate: float) -> tuple[Vae, AdamState]:
    """Take one step of Adam with all parameters of both networks."""
    n = len(vae.encoder)
    layers, state = mlp.adam_step(
        vae.encoder + vae.decoder, gradient.encoder + gradient.decoder, state, rate
    )
    return Vae(layers[:n], layers[n:]), state


def _learning_rate(plan: Plan, done: int, steps: int) -> float:
    """Return the learning rate of the next step, after `done` of all `steps` (VAE-8)."""
    left = 1 - done / steps
    return plan.learning_rate * (left / plan.decay if left < plan.decay else 1)


def _line(
    number: int,
    nats_per_pixel: float,
    vae: Vae,
    validation: Images | None,
    rng: np.random.Generator,
) -> Epoch:
    """Return the line of an epoch; refuse one that is not finite."""
    bound = None
    if validation is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            bound = negative_elbo_bits_per_pixel(vae, validation, 1, rng)
    if not isfinite(nats_per_pixel) or (bound is not None and not isfinite(bound)):
        raise ModelError(f"training left the finite numbers in epoch {number}")
    return Epoch(number, nats_per_pixel / log(2), bound)


def _best(history: list[Epoch]) -> int:
    """Return the number of the epoch whose model is kept; the first of equals (VAE-8)."""
    bounds = [line.validation_bits_per_pixel for line in history]
    known = [bound for bound in bounds if bound is not None]
    return 1 + known.index(min(known)) if known else len(history)
