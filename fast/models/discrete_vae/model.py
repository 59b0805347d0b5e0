"""Compiled twin of `reference.models.discrete_vae.model`: the same noise, in fewer passes.

Spec: DVA-14.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reference.errors import DataError
from reference.models.discrete_vae import Noise

__all__ = ["draw_noise"]


def draw_noise(
    widths: Sequence[int], images: int, draws: int, rng: np.random.Generator, *, pairs: bool
) -> Noise:
    """Draw the noise of a batch. Spec: DVA-14.

    Raises:
        DataError: there are no images, or no draws (DVA-14).
    """
    if images < 1 or draws < 1:
        raise DataError(f"{draws} draws for {images} images")

    def uniform(width: int) -> NDArray[np.float64]:
        u = rng.integers(0, 2**23, (draws, images, width), np.uint32).astype(np.float64)
        u += 0.5
        u *= 2.0**-23
        return u

    u = tuple(map(uniform, widths))
    return Noise(u, tuple(map(uniform, widths)) if pairs else ())
