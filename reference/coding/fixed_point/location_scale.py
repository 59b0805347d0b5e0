"""Means and scales become the integers of the quantised Gaussian and logistic.

Spec: FIX-10.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.params import ARGUMENT_FRACTION, INVERSE_SCALE_FRACTION

__all__ = ["invert_scales", "quantise_means"]

MOST_MEAN = 2.0**21
"""Largest magnitude of a mean, in units of a symbol (FIX-10)."""
LEAST_SCALE = 2.0**-10
"""Smallest scale, in units of a symbol (FIX-10)."""


def quantise_means(means: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return means as integers with 16 fraction bits.

    Spec: FIX-10.

        floor(mu * 2**16 + 1/2)

    Args:
        means: of any shape, in units of a symbol; within ``2**21`` of 0.

    Returns:
        Of the same shape.

    Raises:
        DistributionError: a mean is not a number, or out of its range (FIX-10).
    """
    mu = _binary64(means)
    _refuse(mu, ~(np.abs(mu) <= MOST_MEAN))
    return np.floor(mu * 2.0**ARGUMENT_FRACTION + 0.5).astype(np.int64)


def invert_scales(scales: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the inverses of scales as integers with 14 fraction bits, at least 1.

    Spec: FIX-10.

        max(1, floor(2**14 / s + 1/2))

    Args:
        scales: of any shape, in units of a symbol; finite and at least ``2**-10``.

    Returns:
        Of the same shape; in ``[1, 2**24]``.

    Raises:
        DistributionError: a scale is not a number, or out of its range (FIX-10).
    """
    s = _binary64(scales)
    _refuse(s, ~((s >= LEAST_SCALE) & np.isfinite(s)))
    inverse = np.floor(2.0**INVERSE_SCALE_FRACTION / s + 0.5)
    return np.maximum(inverse, 1.0).astype(np.int64)


def _binary64(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"no array of numbers: {error}") from None
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise DistributionError(f"an array of type {array.dtype} is not of binary64 numbers")
    return array.astype(np.float64)


def _refuse(values: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> None:
    if wrong.any():
        raise DistributionError(f"{values[wrong][0]} is no mean or scale: out of its range")
