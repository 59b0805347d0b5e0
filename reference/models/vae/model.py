"""The two networks of a variational autoencoder, and the images they take.

Spec: VAE-1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reference.errors import DataError, ModelError
from reference.models import mlp
from reference.models.mlp import Mlp

__all__ = ["EVALUATION_BATCH", "Images", "Vae", "check_images", "initialise"]

Images = NDArray[np.uint8]
"""Shape ``(N, D)``, or ``(B, D)`` for a batch."""

EVALUATION_BATCH = 500
"""How many images are evaluated at a time where no gradient is wanted (VAE-6)."""


@dataclass(frozen=True)
class Vae:
    """Two networks (VAE-1)."""

    encoder: Mlp
    """From ``D`` pixels to ``2 L`` numbers: mu, then log_sigma."""
    decoder: Mlp
    """From ``L`` latents to ``D`` logits."""

    def __post_init__(self) -> None:
        """Refuse networks that do not fit one another (VAE-1)."""
        mlp.check_layers(self.encoder)
        mlp.check_layers(self.decoder)
        inner = self.encoder[-1].bias.size, self.decoder[0].weights.shape[0]
        outer = self.encoder[0].weights.shape[0], self.decoder[-1].bias.size
        if inner[0] != 2 * inner[1] or outer[0] != outer[1]:
            raise ModelError(f"networks {outer[0]} -> {inner[0]}, {inner[1]} -> {outer[1]}")
        types = self.encoder[0].bias.dtype, self.decoder[0].bias.dtype
        if types[0] != types[1]:
            raise ModelError(f"an encoder of {types[0]} and a decoder of {types[1]}")

    @property
    def pixels(self) -> int:
        """Return ``D``."""
        return int(self.encoder[0].weights.shape[0])

    @property
    def latents(self) -> int:
        """Return ``L``."""
        return int(self.decoder[0].weights.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of all parameters: float32 or float64."""
        return self.encoder[0].bias.dtype


def initialise(
    pixels: int,
    hidden: tuple[int, ...],
    latents: int,
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
) -> Vae:
    """Draw a model: the encoder, then the decoder. Spec: VAE-1, MLP-2.

    Args:
        hidden: widths of the hidden layers of the encoder; the decoder has them reversed.

    Raises:
        ModelError: a number of units is below 1 (MLP-2).
    """
    encoder = mlp.initialise((pixels, *hidden, 2 * latents), rng, dtype)
    decoder = mlp.initialise((latents, *reversed(hidden), pixels), rng, dtype)
    return Vae(encoder, decoder)


def check_images(images: Images, peak: int, pixels: int | None = None) -> None:
    """Refuse an array that is no images with values in ``[0, peak]``. Spec: VAE-4, VAE-7.

    Args:
        pixels: what ``D`` must be, if that is known.

    Raises:
        DataError: `images` are empty, of another shape or type, or hold a larger value; or
            `peak` is not in ``[1, 255]``.
    """
    if images.ndim != 2 or 0 in images.shape or images.dtype != np.uint8:
        raise DataError(f"an array of shape {images.shape} and type {images.dtype}")
    if pixels is not None and images.shape[1] != pixels:
        raise DataError(f"images of {images.shape[1]} pixels instead of {pixels}")
    if not 1 <= peak <= 255 or images.max() > peak:
        raise DataError(f"values up to {images.max()} with a peak of {peak}")
