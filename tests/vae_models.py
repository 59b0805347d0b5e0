"""What tests of VAE share: small models, images, and quadrature over a latent."""

from math import pi

import numpy as np

from reference.models import vae
from reference.models.mlp import Floats, Layer
from reference.models.vae import Images, Vae

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / np.sqrt(2 * pi)
"""Gauss-Hermite quadrature: the mean of f over a standard normal is ``WEIGHTS @ f(NODES)``."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def bits(n: int, pixels: int, seed: int = 0) -> Images:
    return rng(seed).integers(0, 2, (n, pixels), np.uint8)


def arrays(model: Vae) -> list[Floats]:
    layers = model.encoder + model.decoder
    return [array for layer in layers for array in (layer.weights, layer.bias)]


def small(seed: int = 0, dtype: type = np.float64) -> Vae:
    """Five pixels, four hidden units, two latents; every bias is drawn too."""
    model = vae.initialise(5, (4,), 2, rng(seed), dtype)
    for array in arrays(model):
        array[:] = rng(seed + array.size).uniform(-1, 1, array.shape)
    return model


def linear(mu: float, log_sigma: float, slope: float, offset: float) -> Vae:
    """One pixel, one latent: q is N(mu, sigma^2) for all x, and the logit a line in z."""
    encoder = Layer(np.zeros((1, 2)), np.array([mu, log_sigma]))
    return Vae((encoder,), (Layer(np.array([[slope]]), np.array([offset])),))
