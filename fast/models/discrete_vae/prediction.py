"""Compiled twin of `reference.models.discrete_vae.prediction`, for bits.

Spec: DVA-11 to DVA-13.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fast.inference.elbo import log_mean_exp
from fast.models.discrete_vae._estimates import nvil, shares, vimco_signal
from fast.models.discrete_vae._kernels import log_mass_kernel, score_kernel, slope_kernel
from fast.models.discrete_vae._networks import forward, input_gradient, reverse
from fast.models.discrete_vae._passes import (
    Encoded,
    Noises,
    Values,
    check_bits,
    encode,
    encoder_gradient,
    inverse,
    signs,
)
from fast.models.discrete_vae.bound import in_batches
from fast.models.vae.bound import _check_images
from reference.errors import DataError, DistributionError, ModelError
from reference.models.discrete_vae import (
    Estimator,
    Learned,
    Noise,
    PredictionGradients,
    Predictor,
)
from reference.models.discrete_vae.prediction import PREDICTION
from reference.models.mlp import Floats, Mlp
from reference.models.vae.model import Images

__all__ = ["log_prediction_bounds", "prediction_estimate", "prediction_gradients"]


def prediction_estimate(predictor: Predictor, x: Images, y: Images, noise: Noise) -> Values:
    """Return the estimates of the bound of ``log p(y | x)``, in nats: shape ``(B,)``.

    Spec: DVA-11.

    Raises:
        DataError, DistributionError: images or noise are not the predictor's (DVA-11).
        ModelError: the latents are no bits.
    """
    return log_mean_exp(_pass_through(predictor, x, y, noise).log_masses.T)


def log_prediction_bounds(
    predictor: Predictor, x: Images, y: Images, samples: int, rng: np.random.Generator
) -> Values:
    """Return the estimates of all pairs, from as many `samples`, in nats: shape ``(M,)``.

    Spec: DVA-13.

    Raises:
        DataError: images are not the predictor's (DVA-11), or `samples` is below 1.
        ModelError: the latents are no bits.
    """

    def log_masses(x: Images, y: Images, noise: Noise) -> Values:
        return _pass_through(predictor, x, y, noise).log_masses

    return log_mean_exp(in_batches(log_masses, predictor.widths, samples, rng, x, y).T)


def prediction_gradients(
    predictor: Predictor,
    x: Images,
    y: Images,
    noise: Noise,
    estimator: Estimator,
    learned: tuple[Learned, ...],
) -> PredictionGradients:
    """Return the mean of minus the bound, and estimates of its gradient. Spec: DVA-12.

    Raises:
        DataError, DistributionError: images or noise are not the predictor's (DVA-11).
        ModelError: another estimator (DVA-12), `learned` is not its (DVA-8), or no bits.
    """
    name = estimator.name
    if name not in PREDICTION:
        raise ModelError(f"{name} for prediction is none of {PREDICTION}")
    pixels, target = predictor.pixels
    estimator.check_learned(learned, (pixels, *predictor.widths), predictor.dtype, target)
    temperature = estimator.temperature if name == "Concrete" else None
    through = _pass_through(predictor, x, y, noise, temperature, estimator.least_draws)
    log_w, dtype = through.log_masses, predictor.dtype
    if name == "NVIL" and len(log_w) > 1:
        raise DistributionError(f"NVIL takes one draw, not {len(log_w)}")
    bounds, share = shares(log_w)
    d = through.gap * (share / -len(x)).reshape(-1, 1).astype(dtype)
    decoder, d_s = reverse(predictor.decoder, through.inputs, d)
    if name == "Concrete":
        slopes = inverse(estimator.temperature, dtype)
        encoders = _through_layers(predictor, through, d_s, slopes)
    else:
        if name == "VIMCO":
            signals = [vimco_signal(log_w, bounds).ravel()] * len(learned)
        else:
            seen = signs(y, dtype)
            both = [np.concatenate([p.below, seen], axis=1) for p in through.layers]
            pairs = zip(learned, both, strict=True)
            found = [nvil(estimator, known, below, log_w[0]) for known, below in pairs]
            signals, learned = [s for s, _ in found], tuple(lesson for _, lesson in found)
        encoders = _scores(predictor, through, signals, len(x))
    gradient = replace(predictor, encoders=encoders, decoder=decoder)
    return PredictionGradients(-float(bounds.mean()), gradient, learned)


@dataclass(frozen=True, eq=False)
class _Pass:
    """What a pass from x to y left behind, a row for each draw of each pair."""

    layers: list[Encoded]
    inputs: list[Floats]
    """Of the decoder."""
    gap: Floats
    """``y - p``, the derivative of the log mass in the logits of y."""
    log_masses: Values
    """``log p(y | s)``; shape ``(K, B)``."""


def _pass_through(
    predictor: Predictor,
    x: Images,
    y: Images,
    noise: Noise,
    temperature: float | None = None,
    least: int = 1,
) -> _Pass:
    """Go through all layers (DVA-11), or refuse images and noise that do not fit."""
    check_bits(predictor.outcomes)
    for images, pixels in zip((x, y), predictor.pixels, strict=True):
        _check_images(images, 1, pixels)
    if len(x) != len(y):
        raise DataError(f"{len(x)} images to predict {len(y)} from")
    dtype, noises = predictor.dtype, Noises(noise, predictor.widths, len(x), least=least)
    logistic = None if temperature is None else noises.logistic(dtype)
    per_temperature = inverse(temperature or 1.0, dtype)
    layers: list[Encoded] = []
    s = signs(x, dtype)
    for index, encoder in enumerate(predictor.encoders):
        relaxed = None if logistic is None else logistic[index]
        layers.append(encode(encoder, s, noises.u[index], relaxed, per_temperature))
        s = layers[-1].s
    decoded, inputs = forward(predictor.decoder, s)
    values, gap = np.zeros(len(s)), np.empty_like(decoded)
    log_mass_kernel(decoded, signs(y, dtype), dtype.type(1), values, gap)
    return _Pass(layers, inputs, gap, values.reshape(-1, len(x)))


def _through_layers(
    predictor: Predictor, through: _Pass, d_s: Floats, per_temperature: np.floating
) -> tuple[Mlp, ...]:
    """Return the gradient in each encoder of what has this one in the last relaxed states."""
    found: list[Mlp] = []
    for index in reversed(range(len(through.layers))):
        encoder, layer = predictor.encoders[index], through.layers[index]
        slope_kernel(layer.s, per_temperature, d_s)
        found.insert(0, encoder_gradient(encoder, layer, d_s))
        if index > 0:
            d_s = input_gradient(encoder, layer.inputs, d_s)
    return tuple(found)


def _scores(
    predictor: Predictor, through: _Pass, signals: Sequence[Values], images: int
) -> tuple[Mlp, ...]:
    """Return in each encoder minus the signal times the gradient of the log mass, a mean."""
    found: list[Mlp] = []
    for encoder, layer, signal in zip(
        predictor.encoders, through.layers, signals, strict=True
    ):
        d = np.empty_like(layer.s)
        score_kernel((signal / -images).astype(d.dtype), layer.s, layer.p, d)
        found.append(encoder_gradient(encoder, layer, d))
    return tuple(found)
