"""What tests of DVA share: small models, all their states, and noise that makes them."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from reference.models import mlp
from reference.models.discrete_vae import (
    DiscreteVae,
    Learned,
    Noise,
    Predictor,
    initialise_discrete,
    initialise_predictor,
)
from reference.models.mlp import Mlp
from reference.models.vae import Images
from tests import networks

Floats = NDArray[np.float64]
Path = tuple[Floats, ...]
"""A state of every layer."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def bits(n: int, pixels: int, seed: int = 0) -> Images:
    return rng(seed).integers(0, 2, (n, pixels), np.uint8)


def arrays(model: DiscreteVae | Predictor) -> list[mlp.Floats]:
    """All parameters: encoders, decoders, and the prior if there is one."""
    found = [a for encoder in model.encoders for a in networks.arrays(encoder)]
    if isinstance(model, Predictor):
        return found + networks.arrays(model.decoder)
    found += [a for decoder in model.decoders for a in networks.arrays(decoder)]
    return [*found, model.prior]


def drawn(parameters: list[mlp.Floats], seed: int, size: float = 1.2) -> None:
    """Draw all parameters anew; those of new models are small, and many are 0."""
    source = rng(seed)
    for a in parameters:
        a[:] = source.uniform(-size, size, a.shape)


def small(
    layers: Sequence[int],
    *,
    pixels: int = 3,
    outcomes: int = 1,
    hidden: tuple[int, ...] = (),
    seed: int = 0,
    dtype: type = np.float64,
) -> DiscreteVae:
    model = initialise_discrete(
        pixels, layers, rng(), outcomes=outcomes, hidden=hidden, dtype=dtype
    )
    drawn(arrays(model), seed)
    return model


def small_predictor(
    layers: Sequence[int],
    *,
    pixels: tuple[int, int] = (2, 3),
    outcomes: int = 1,
    seed: int = 0,
    dtype: type = np.float64,
) -> Predictor:
    model = initialise_predictor(pixels, layers, rng(), outcomes=outcomes, dtype=dtype)
    drawn(arrays(model), seed)
    return model


def network(sizes: tuple[int, ...], seed: int = 0, dtype: type = np.float64) -> Mlp:
    found = mlp.initialise(sizes, rng(), dtype)
    drawn(networks.arrays(found), seed)
    return found


def nothing(model: DiscreteVae | Predictor) -> tuple[Learned, ...]:
    """What an estimator starts from that has no networks."""
    return (Learned(),) * len(model.encoders)


def states(width: int, outcomes: int) -> list[Floats]:
    """Every state of a layer, as a row."""
    if outcomes == 1:
        return [np.array(s) for s in product([0.0, 1.0], repeat=width)]
    chosen = product(range(outcomes), repeat=width // outcomes)
    return [np.eye(outcomes)[list(c)].ravel() for c in chosen]


def paths(model: DiscreteVae | Predictor) -> list[Path]:
    """Every state of all layers."""
    return list(product(*(states(w, model.outcomes) for w in model.widths)))


def noise_of(draws: Sequence[Path], outcomes: int) -> Noise:
    """Noise of one image and of as many draws, which makes these states.

    That is so for logits below 13 in magnitude: a 1 has noise of 28, and a 0 of -28 for bits,
    of -1 for outcomes.
    """
    low = 2.0**-40 if outcomes == 1 else 0.05
    u = (np.where(np.stack(s) == 1, 1 - 2.0**-40, low) for s in zip(*draws, strict=True))
    return Noise(tuple(a[:, None] for a in u))


def any_noise(model: DiscreteVae | Predictor, draws: int, images: int, seed: int = 0) -> Noise:
    """Noise u and v of a batch."""
    source = rng(seed)
    shapes = [(draws, images, width) for width in model.widths]
    u, v = ([source.uniform(0.02, 0.98, s) for s in shapes] for _ in range(2))
    return Noise(tuple(u), tuple(v))


def single_draws(noise: Noise) -> Iterator[tuple[int, Noise]]:
    """Each draw of each image by itself, and which image it is of; draw by draw."""
    K, B, _ = noise.u[0].shape
    for k, i in product(range(K), range(B)):
        part = [tuple(a[k : k + 1, i : i + 1] for a in each) for each in (noise.u, noise.v)]
        yield i, Noise(*part)
