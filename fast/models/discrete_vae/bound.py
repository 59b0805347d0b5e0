"""Compiled twin of `reference.models.discrete_vae.bound`, for bits.

Spec: DVA-3, DVA-4, DVA-13.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from fast.inference.elbo import log_mean_exp
from fast.models.discrete_vae._kernels import log_mass_kernel
from fast.models.discrete_vae._passes import (
    Noises,
    Pass,
    Values,
    check_bits,
    pass_through,
    signs,
)
from fast.models.discrete_vae.model import draw_noise
from fast.models.vae.bound import _check_images
from reference.errors import DataError
from reference.models.discrete_vae import DiscreteVae, Noise
from reference.models.vae.model import EVALUATION_BATCH, Images

__all__ = [
    "discrete_elbo",
    "discrete_elbo_estimate",
    "discrete_log_evidence_bounds",
    "discrete_log_weights",
    "in_batches",
]


def discrete_elbo_estimate(model: DiscreteVae, x: Images, noise: Noise) -> Values:
    """Return the estimates of the ELBO of each image, one a draw, in nats: shape ``(K, B)``.

    Spec: DVA-3.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
        ModelError: the latents are no bits.
    """
    passes = _pass_through(model, x, noise)
    values = sum((p.log_masses + p.closed for p in passes), np.zeros(len(passes[0].closed)))
    return values.reshape(-1, len(x))


def discrete_log_weights(model: DiscreteVae, x: Images, noise: Noise) -> Values:
    """Return the log weight of each draw, in nats: shape ``(K, B)``.

    Spec: DVA-4.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
        ModelError: the latents are no bits.
    """
    passes = _pass_through(model, x, noise)
    one, log_p, log_q = model.dtype.type(1), *np.zeros((2, len(passes[0].closed)))
    for through in passes:
        layer = through.layer
        log_p += through.log_masses
        log_mass_kernel(layer.logits, layer.s, one, log_q, np.empty_like(layer.s))
    prior = np.tile(model.prior, (len(log_p), 1))
    log_mass_kernel(prior, layer.s, one, log_p, np.empty_like(layer.s))
    return (log_p - log_q).reshape(-1, len(x))


def discrete_elbo(
    model: DiscreteVae, x: Images, samples: int, rng: np.random.Generator
) -> Values:
    """Return an estimate of the ELBO of each image, from as many `samples`, in nats.

    Spec: DVA-13.

    Raises:
        DataError: images are not the model's (DVA-3), or `samples` is below 1.
    """
    estimate = partial(discrete_elbo_estimate, model)
    return np.asarray(in_batches(estimate, model.widths, samples, rng, x).mean(axis=0))


def discrete_log_evidence_bounds(
    model: DiscreteVae, x: Images, samples: int, rng: np.random.Generator
) -> Values:
    """Return an estimate of ``L_K``, of as many `samples`, of each image, in nats.

    Spec: DVA-13.

    Raises:
        DataError: images are not the model's (DVA-3), or `samples` is below 1.
    """
    log_w = in_batches(partial(discrete_log_weights, model), model.widths, samples, rng, x)
    return log_mean_exp(log_w.T)


def in_batches(
    values: Callable[..., Values],
    widths: tuple[int, ...],
    samples: int,
    rng: np.random.Generator,
    *images: Images,
) -> Values:
    """Return the values of all draws of all images: shape ``(samples, M)`` (DVA-13)."""
    counts = {len(x) for x in images}
    if samples < 1 or len(counts) != 1 or 0 in counts:
        raise DataError(f"{samples} samples of {counts} images")
    found = np.empty((samples, len(images[0])))
    for start in range(0, len(images[0]), EVALUATION_BATCH):
        place = slice(start, start + EVALUATION_BATCH)
        batch = [x[place] for x in images]
        for draw in range(samples):
            noise = draw_noise(widths, len(batch[0]), 1, rng, pairs=False)
            found[draw, place] = values(*batch, noise)[0]
    return found


def _pass_through(model: DiscreteVae, x: Images, noise: Noise) -> list[Pass]:
    """Go through all layers, or refuse images and noise that do not fit (DVA-3)."""
    check_bits(model.outcomes)
    _check_images(x, 1, model.pixels)
    noises = Noises(noise, model.widths, len(x))
    return pass_through(model, signs(x, model.dtype), noises, 0.0)
