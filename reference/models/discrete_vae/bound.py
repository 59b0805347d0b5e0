"""Estimates of the ELBO and of the evidence, and the bounds of a data set.

Spec: DVA-3, DVA-4, DVA-13.
Source: A. Mnih, K. Gregor, "Neural variational inference and learning in belief networks",
ICML 2014, arXiv:1402.0030; Y. Burda, R. Grosse, R. Salakhutdinov, ICLR 2016, arXiv:1509.00519.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from reference.errors import DataError
from reference.inference.distributions.parameters import Floats
from reference.inference.elbo import log_mean_exp
from reference.models.discrete_vae.chain import Pass, outcomes_below, pass_through
from reference.models.discrete_vae.layers import hard, log_mass
from reference.models.discrete_vae.model import (
    DiscreteVae,
    Noise,
    check_noise,
    draw_noise,
    in_rows,
)
from reference.models.vae.model import EVALUATION_BATCH, Images, check_images

__all__ = [
    "discrete_elbo",
    "discrete_elbo_estimate",
    "discrete_log_evidence_bounds",
    "discrete_log_weights",
    "draws_in_rows",
    "in_batches",
    "log_weights",
]


def discrete_elbo_estimate(model: DiscreteVae, x: Images, noise: Noise) -> Floats:
    """Return the estimates of the ELBO of each image, one a draw, in nats.

    Spec: DVA-3.

    Args:
        x: shape ``(B, D)``; 0 and 1.

    Returns:
        Shape ``(K, B)``.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
    """
    below, u = draws_in_rows(model, x, noise)
    return pass_through(model, 0, below, u, hard).values.reshape(-1, len(x))


def discrete_log_weights(model: DiscreteVae, x: Images, noise: Noise) -> Floats:
    """Return the log weight of each draw, in nats: shape ``(K, B)``.

    Spec: DVA-4.

        log w = log p(x, b_1, ..., b_N) - log q(b_1, ..., b_N | x)

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
    """
    below, u = draws_in_rows(model, x, noise)
    through = pass_through(model, 0, below, u, hard)
    return log_weights(model, through).reshape(-1, len(x))


def log_weights(model: DiscreteVae, through: Pass) -> Floats:
    """Return the log weight of each row of a pass from the image. Spec: DVA-4."""
    total = np.zeros(len(through.layer.below))
    for index, part in enumerate(through.layers()):
        total += log_mass(part.layer.below, part.decoded, outcomes_below(model, index))
        total -= log_mass(part.layer.s, part.layer.logits, model.outcomes)
    prior = np.broadcast_to(model.prior.astype(np.float64), part.layer.s.shape)
    return total + log_mass(part.layer.s, prior, model.outcomes)


def discrete_elbo(
    model: DiscreteVae, x: Images, samples: int, rng: np.random.Generator
) -> Floats:
    """Return an estimate of the ELBO of each image, from as many `samples`, in nats.

    Spec: DVA-13.

    Raises:
        DataError: images are not the model's (DVA-3), or `samples` is below 1 (DVA-13).
    """
    estimate = partial(discrete_elbo_estimate, model)
    return np.asarray(in_batches(estimate, model.widths, samples, rng, x).mean(axis=0))


def discrete_log_evidence_bounds(
    model: DiscreteVae, x: Images, samples: int, rng: np.random.Generator
) -> Floats:
    """Return an estimate of ``L_K``, of as many `samples`, of each image, in nats.

    Spec: DVA-13.

    Raises:
        DataError: images are not the model's (DVA-3), or `samples` is below 1 (DVA-13).
    """
    log_w = in_batches(partial(discrete_log_weights, model), model.widths, samples, rng, x)
    return log_mean_exp(log_w.T)


def in_batches(
    values: Callable[..., Floats],
    widths: tuple[int, ...],
    samples: int,
    rng: np.random.Generator,
    *images: Images,
) -> Floats:
    """Return the values of all draws of all images: shape ``(samples, M)``. Spec: DVA-13.

    Args:
        values: of a batch of each of the `images`, and noise; shape ``(1, B)``.

    Raises:
        DataError: `samples` is below 1, there are no images, or not as many of each (DVA-13).
    """
    counts = {len(x) for x in images}
    if samples < 1 or len(counts) != 1 or 0 in counts:
        raise DataError(f"{samples} samples of {counts} images")
    batches = []
    for start in range(0, len(images[0]), EVALUATION_BATCH):
        batch = [x[start : start + EVALUATION_BATCH] for x in images]
        draws = []
        for _ in range(samples):
            noise = draw_noise(widths, len(batch[0]), 1, rng, pairs=False)
            draws.append(values(*batch, noise))
        batches.append(np.concatenate(draws))
    return np.concatenate(batches, axis=1)


def draws_in_rows(
    model: DiscreteVae, x: Images, noise: Noise, *, pairs: bool = False, least: int = 1
) -> tuple[Floats, tuple[Floats, ...]]:
    """Return images and noise `u` with a row for each draw of each image. Spec: DVA-3.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
    """
    check_images(x, 1, model.pixels)
    K = check_noise(model.widths, len(x), noise, pairs=pairs, least=least)
    return np.tile(x.astype(np.float64), (K, 1)), in_rows(noise.u)
