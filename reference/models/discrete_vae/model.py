"""The networks of a variational autoencoder with discrete latents, and the noise it takes.

Spec: DVA-1, DVA-2, DVA-14.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.models import mlp
from reference.models.mlp import Mlp

__all__ = [
    "DiscreteVae",
    "Noise",
    "check_encoders",
    "check_noise",
    "draw_noise",
    "in_rows",
    "initialise_discrete",
    "signs",
]


@dataclass(frozen=True)
class DiscreteVae:
    """Encoders, decoders and a prior (DVA-2)."""

    encoders: tuple[Mlp, ...]
    """The first takes the image."""
    decoders: tuple[Mlp, ...]
    """The first puts out the logits of the image."""
    prior: mlp.Floats
    """The logits of the last layer; shape ``(its width,)``."""
    outcomes: int = 1
    """1 for bits, otherwise the number of outcomes of each latent."""

    def __post_init__(self) -> None:
        """Refuse networks that do not fit one another (DVA-2)."""
        check_encoders(self.encoders, self.outcomes)
        widths = self.pixels, *self.widths
        for decoder in self.decoders:
            mlp.check_layers(decoder)
        wanted = [(above, below) for below, above in pairwise(widths)]
        found = [(d[0].weights.shape[0], d[-1].bias.size) for d in self.decoders]
        if found != wanted or self.prior.shape != widths[-1:]:
            raise ModelError(f"decoders {found}, prior {self.prior.shape} for {widths}")
        if not np.isfinite(self.prior).all():
            raise ModelError(f"a prior of logits {self.prior}")
        types = {d[0].bias.dtype for d in (*self.encoders, *self.decoders)}
        if types != {self.prior.dtype}:
            raise ModelError(f"networks of {types} and a prior of {self.prior.dtype}")

    @property
    def pixels(self) -> int:
        """Return how many pixels an image has."""
        return int(self.encoders[0][0].weights.shape[0])

    @property
    def widths(self) -> tuple[int, ...]:
        """Return how many numbers the state of each layer has."""
        return tuple(int(e[-1].bias.size) for e in self.encoders)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of all parameters: float32 or float64."""
        return self.prior.dtype


@dataclass(frozen=True)
class Noise:
    """Uniform noise of a batch: one array a layer, of shape ``(K, B, width)`` (DVA-14)."""

    u: tuple[Floats, ...]
    """What states are made of."""
    v: tuple[Floats, ...] = ()
    """What their conditional reparameterisation takes, for REBAR and RELAX."""


def initialise_discrete(
    pixels: int,
    layers: Sequence[int],
    rng: np.random.Generator,
    *,
    outcomes: int = 1,
    hidden: tuple[int, ...] = (),
    dtype: DTypeLike = np.float32,
) -> DiscreteVae:
    """Draw a model: the encoders, then the decoders. Spec: DVA-2.

    Args:
        layers: how many variables each layer has, from the image on.
        outcomes: 1 for bits, otherwise the number of outcomes of a variable.
        hidden: widths of the hidden layers of each encoder; a decoder has them reversed.
            With none, the model is linear.

    Raises:
        ModelError: a number is below 1, or there is no layer (DVA-2).
    """
    widths = [pixels, *(H * outcomes for H in layers)]
    encoders = [mlp.initialise((i, *hidden, o), rng, dtype) for i, o in pairwise(widths)]
    decoders = [mlp.initialise((o, *hidden[::-1], i), rng, dtype) for i, o in pairwise(widths)]
    prior = np.zeros(widths[-1], dtype)
    return DiscreteVae(tuple(encoders), tuple(decoders), prior, outcomes)


def draw_noise(
    widths: Sequence[int], images: int, draws: int, rng: np.random.Generator, *, pairs: bool
) -> Noise:
    """Draw the noise of a batch. Spec: DVA-14.

        u  =  (r + 1/2) / 2^23,    r uniform in [0, 2^23)

    Args:
        widths: of the layers.
        images: ``B``, at least 1.
        draws: ``K``, at least 1.
        pairs: whether there is a `v` too.

    Raises:
        DataError: there are no images, or no draws (DVA-14).
    """
    if images < 1 or draws < 1:
        raise DataError(f"{draws} draws for {images} images")

    def uniform() -> tuple[Floats, ...]:
        shapes = [(draws, images, width) for width in widths]
        return tuple((rng.integers(0, 2**23, s, np.uint32) + 0.5) / 2**23 for s in shapes)

    u = uniform()
    return Noise(u, uniform() if pairs else ())


def in_rows(noise: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Return noise with a row for each draw of each image, draw by draw. Spec: DVA-3."""
    return tuple(a.reshape(-1, a.shape[-1]) for a in noise)


def signs(s: Floats) -> Floats:
    """Return a state as networks take it, ``2 s - 1``. Spec: DVA-2."""
    return 2 * s - 1


def check_encoders(encoders: tuple[Mlp, ...], outcomes: int) -> None:
    """Refuse encoders that make no layers of latents. Spec: DVA-2.

    Raises:
        ModelError: there is none, one does not take what the one before it puts out, or that
            is no number of variables (DVA-1).
    """
    for encoder in encoders:
        mlp.check_layers(encoder)
    shapes = [(e[0].weights.shape[0], e[-1].bias.size) for e in encoders]
    if not shapes or any(a[1] != b[0] for a, b in pairwise(shapes)):
        raise ModelError(f"encoders {shapes} make no layers of latents")
    if outcomes < 1 or any(width % outcomes for _, width in shapes):
        raise ModelError(f"encoders {shapes} of latents with {outcomes} outcomes")
    types = {e[0].bias.dtype for e in encoders}
    if len(types) != 1:
        raise ModelError(f"encoders of types {types}")


def check_noise(
    widths: Sequence[int], images: int, noise: Noise, *, pairs: bool = False, least: int = 1
) -> int:
    """Return the number of draws ``K``, or refuse noise that does not fit. Spec: DVA-3.

    Args:
        pairs: whether `v` is needed.
        least: the fewest draws that will do.

    Raises:
        DistributionError: noise is of another shape, outside (0, 1), or too little of it
            (DVA-3, DVA-7).
    """
    arrays = noise.u + noise.v if pairs else noise.u
    found = [a.shape for a in arrays]
    draws = found[0][0] if found and len(found[0]) == 3 else 0
    wanted = [(draws, images, width) for width in widths] * (2 if pairs else 1)
    if draws < least or found != wanted:
        raise DistributionError(
            f"noise of shapes {found} for {images} images and layers of {tuple(widths)}, at"
            f" least {least} draws" + (", u and v" if pairs else "")
        )
    for a in arrays:
        u = a.astype(np.float64) if a.dtype.kind == "f" else np.zeros(1)
        if not ((u > 0) & (u < 1)).all():
            raise DistributionError(f"noise outside (0, 1), or of {a.dtype}")
    return draws
