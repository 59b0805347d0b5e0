"""Structured prediction: images from images, through layers of discrete latents.

Spec: DVA-11, DVA-12.
Source: T. Raiko, M. Berglund, G. Alain, L. Dinh, "Techniques for learning binary stochastic
feedforward neural networks", ICLR 2015, arXiv:1406.2989; C. Maddison, A. Mnih, Y. Teh, "The
Concrete distribution", ICLR 2017, arXiv:1611.00712, section 5.1; lecture 004.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.special import softmax

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.elbo import log_mean_exp
from reference.inference.gradients import vimco_signal
from reference.models import mlp
from reference.models.discrete_vae.bound import in_batches
from reference.models.discrete_vae.chain import (
    Encoded,
    descend,
    encode,
    encoder_gradient,
    run,
)
from reference.models.discrete_vae.estimators import Estimator, Learned, nvil
from reference.models.discrete_vae.layers import (
    Relaxation,
    at_temperature,
    hard,
    log_mass,
    probabilities,
)
from reference.models.discrete_vae.model import Noise, check_encoders, check_noise, in_rows
from reference.models.mlp import Mlp
from reference.models.vae.model import Images, check_images

__all__ = [
    "PREDICTION",
    "PredictionGradients",
    "Predictor",
    "initialise_predictor",
    "log_prediction_bounds",
    "prediction_estimate",
    "prediction_gradients",
]


PREDICTION = ("NVIL", "VIMCO", "Concrete")
"""The estimators for structured prediction (DVA-12)."""


@dataclass(frozen=True)
class Predictor:
    """Layers of latents between two images (DVA-11)."""

    encoders: tuple[Mlp, ...]
    """The first takes x."""
    decoder: Mlp
    """From the last layer to the logits of y."""
    outcomes: int = 1
    """1 for bits, otherwise the number of outcomes of each latent."""

    def __post_init__(self) -> None:
        """Refuse networks that do not fit one another (DVA-11)."""
        check_encoders(self.encoders, self.outcomes)
        mlp.check_layers(self.decoder)
        above, decoder = self.encoders[-1][-1].bias, self.decoder[0].weights
        if above.size != decoder.shape[0] or above.dtype != decoder.dtype:
            raise ModelError(f"a decoder {decoder.shape} for a layer of {above.size}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Return how many numbers the state of each layer has."""
        return tuple(int(e[-1].bias.size) for e in self.encoders)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of all parameters: float32 or float64."""
        return self.decoder[0].bias.dtype

    @property
    def pixels(self) -> tuple[int, int]:
        """Return how many pixels x and y have."""
        return int(self.encoders[0][0].weights.shape[0]), int(self.decoder[-1].bias.size)


@dataclass(frozen=True)
class PredictionGradients:
    """What a step of training takes (DVA-12)."""

    nats: float
    """The mean of minus the estimates that were used."""
    predictor: Predictor
    """The gradient of that, with the structure of the predictor."""
    learned: tuple[Learned, ...]
    """The gradients in the baselines of NVIL, and its means and variances after this batch."""


def initialise_predictor(
    pixels: tuple[int, int],
    layers: Sequence[int],
    rng: np.random.Generator,
    *,
    outcomes: int = 1,
    dtype: DTypeLike = np.float32,
) -> Predictor:
    """Draw linear encoders, then a linear decoder, with a gain of 1. Spec: DVA-11, MLP-2.

    Args:
        pixels: of x and of y.
        layers: how many variables each layer has, from x on.

    Raises:
        ModelError: a number is below 1, or there is no layer (DVA-2).
    """
    widths = [pixels[0], *(H * outcomes for H in layers)]
    *encoders, decoder = (
        mlp.initialise(sizes, rng, dtype, last_gain=1.0)
        for sizes in pairwise([*widths, pixels[1]])
    )
    return Predictor(tuple(encoders), decoder, outcomes)


def prediction_estimate(predictor: Predictor, x: Images, y: Images, noise: Noise) -> Floats:
    """Return the estimates of the bound of ``log p(y | x)``, in nats: shape ``(B,)``.

    Spec: DVA-11.

    Raises:
        DataError, DistributionError: images or noise are not the predictor's (DVA-11).
    """
    return log_mean_exp(_pass_through(predictor, x, y, noise, hard).log_masses)


def log_prediction_bounds(
    predictor: Predictor, x: Images, y: Images, samples: int, rng: np.random.Generator
) -> Floats:
    """Return the estimates of all pairs, from as many `samples`, in nats: shape ``(M,)``.

    Spec: DVA-13.

    Raises:
        DataError: images are not the predictor's (DVA-11), or `samples` is below 1 (DVA-13).
    """

    def log_masses(x: Images, y: Images, noise: Noise) -> Floats:
        return _pass_through(predictor, x, y, noise, hard).log_masses.T

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

    Args:
        x: shape ``(B, pixels)``; 0 and 1. `y` likewise.
        estimator: NVIL, which takes one draw, VIMCO, which takes several, or Concrete.
        learned: one a layer.

    Raises:
        DataError, DistributionError: images or noise are not the predictor's (DVA-11).
        ModelError: another estimator (DVA-12), or `learned` is not its (DVA-8).
    """
    name = estimator.name
    if name not in PREDICTION:
        raise ModelError(f"{name} for prediction is none of {PREDICTION}")
    pixels, target = predictor.pixels
    estimator.check_learned(learned, (pixels, *predictor.widths), predictor.dtype, target)
    relaxation = at_temperature(estimator.temperature) if name == "Concrete" else hard
    through = _pass_through(predictor, x, y, noise, relaxation, estimator.least_draws)
    log_w = through.log_masses
    if name == "NVIL" and log_w.shape[1] > 1:
        raise DistributionError(f"NVIL takes one draw, not {log_w.shape[1]}")
    share = softmax(log_w, axis=1).T.reshape(-1, 1) / len(x)
    decoder, d_s = descend(predictor.decoder, through.inputs, -share * through.gap)
    if name == "Concrete":
        encoders = _through_layers(predictor, through, d_s)
    elif name == "VIMCO":
        signals = [vimco_signal(log_w).T.ravel()] * len(learned)
        encoders = _scores(predictor, through, signals, len(x))
    else:
        both = [np.concatenate([p.below, y.astype(float)], axis=1) for p in through.layers]
        pairs = zip(learned, both, strict=True)
        found = [nvil(estimator, known, below, log_w[:, 0]) for known, below in pairs]
        encoders = _scores(predictor, through, [signal for signal, _ in found], len(x))
        learned = tuple(lesson for _, lesson in found)
    gradient = replace(predictor, encoders=encoders, decoder=decoder)
    return PredictionGradients(-float(log_mean_exp(log_w).mean()), gradient, learned)


@dataclass(frozen=True, eq=False)
class _Pass:
    """What a pass from x to y left behind, a row for each draw of each pair."""

    layers: tuple[Encoded, ...]
    inputs: tuple[mlp.Floats, ...]
    """Of the decoder."""
    gap: Floats
    """``y - p``, the derivative of the log mass in the logits of y."""
    log_masses: Floats
    """``log p(y | s)``; shape ``(B, K)``."""


def _pass_through(
    predictor: Predictor,
    x: Images,
    y: Images,
    noise: Noise,
    relaxation: Relaxation,
    least: int = 1,
) -> _Pass:
    """Go through all layers (DVA-11), or refuse images and noise that do not fit."""
    for images, pixels in zip((x, y), predictor.pixels, strict=True):
        check_images(images, 1, pixels)
    if len(x) != len(y):
        raise DataError(f"{len(x)} images to predict {len(y)} from")
    K = check_noise(predictor.widths, len(x), noise, least=least)
    s, target = np.tile(x.astype(np.float64), (K, 1)), np.tile(y.astype(np.float64), (K, 1))
    layers: list[Encoded] = []
    for encoder, u in zip(predictor.encoders, in_rows(noise.u), strict=True):
        layers.append(encode(encoder, s, u, predictor.outcomes, relaxation))
        s = layers[-1].s
    decoded, inputs = run(predictor.decoder, s)
    log_masses = log_mass(target, decoded, 1).reshape(K, -1).T
    return _Pass(tuple(layers), inputs, target - probabilities(decoded, 1), log_masses)


def _through_layers(predictor: Predictor, through: _Pass, d_s: Floats) -> tuple[Mlp, ...]:
    """Return the gradient in each encoder of what has this one in the last states."""
    found: list[Mlp] = []
    for encoder, layer in zip(predictor.encoders[::-1], through.layers[::-1], strict=True):
        gradient, d_s = encoder_gradient(encoder, layer, d_s, 0.0, predictor.outcomes)
        found.insert(0, gradient)
    return tuple(found)


def _scores(
    predictor: Predictor, through: _Pass, signals: Sequence[Floats], images: int
) -> tuple[Mlp, ...]:
    """Return in each encoder minus the signal times the gradient of the log mass, a mean."""
    found: list[Mlp] = []
    for encoder, layer, signal in zip(
        predictor.encoders, through.layers, signals, strict=True
    ):
        score = layer.s - probabilities(layer.logits, predictor.outcomes)
        found.append(descend(encoder, layer.inputs, -signal[:, None] * score / images)[0])
    return tuple(found)
