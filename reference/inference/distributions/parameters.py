"""Parameters, outcomes and shapes: what they may be; whatever else is refused.

Spec: DIS-1, DIS-12, DIS-22.
"""

import operator

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from reference.errors import DistributionError

__all__ = [
    "Counts",
    "Floats",
    "Shape",
    "check_broadcast",
    "check_positive",
    "extended_reals",
    "outcomes",
    "reals",
    "sample_shape",
    "unit_reals",
    "wholes",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
"""Outcomes of discrete variables (DIS-12, DIS-22)."""
Shape = int | tuple[int, ...]
"""The leading axes of samples (DIS-22)."""

LARGEST_WHOLE = 2.0**52
"""Whole numbers are smaller than this, so that they and their halves are binary64 (DIS-12)."""


def reals(**named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return the numbers as binary64. Spec: DIS-1.

    Raises:
        DistributionError: one is no real number or not finite, or their shapes do not
            broadcast (DIS-1).
    """
    arrays = []
    for name, numbers in named.items():
        array = extended_reals(name, numbers)
        if not np.isfinite(array).all():
            raise DistributionError(f"{name} is not finite: {array[~np.isfinite(array)][0]}")
        arrays.append(array)
    check_broadcast(*(array.shape for array in arrays))
    return tuple(arrays)


def extended_reals(name: str, numbers: npt.ArrayLike) -> Floats:
    """Return an array of reals, infinities and NaN among them, as binary64. Spec: DIS-1.

    Raises:
        DistributionError: it is no such array (DIS-1).
    """
    try:
        array = np.asarray(numbers)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DistributionError(f"{name} has the type {array.dtype}: no reals")
    return array.astype(np.float64)


def check_broadcast(*shapes: tuple[int, ...]) -> None:
    """Refuse shapes that do not broadcast. Spec: DIS-1.

    Raises:
        DistributionError: they do not (DIS-1).
    """
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise DistributionError(f"parameters of shapes {shapes} do not broadcast") from None


def check_positive(**named: Floats) -> None:
    """Refuse what is not positive. Spec: DIS-1.

    Raises:
        DistributionError: a number is 0 or negative (DIS-1).
    """
    for name, array in named.items():
        if not (array > 0).all():
            raise DistributionError(f"{name} is {array[~(array > 0)][0]}: not positive")


def unit_reals(**named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return probabilities as binary64. Spec: DIS-1.

    Raises:
        DistributionError: as for `reals`, or a number is outside ``[0, 1]`` (DIS-1).
    """
    arrays = reals(**named)
    for name, array in zip(named, arrays, strict=True):
        outside = (array < 0) | (array > 1)
        if outside.any():
            raise DistributionError(f"{name} is {array[outside][0]}: outside [0, 1]")
    return arrays


def wholes(least: float, **named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return whole numbers as binary64. Spec: DIS-12.

    Raises:
        DistributionError: as for `reals` (DIS-1), or a number is not whole, below `least`, or
            as large as ``2**52`` (DIS-12).
    """
    arrays = reals(**named)
    for name, array in zip(named, arrays, strict=True):
        wrong = (array != np.floor(array)) | (array < least) | (array >= LARGEST_WHOLE)
        if wrong.any():
            raise DistributionError(
                f"{name} is {array[wrong][0]}: no whole number from {least} to 2**52"
            )
    return arrays


def outcomes(x: npt.ArrayLike, *parameters: Floats) -> tuple[Floats, ...]:
    """Return the outcomes at which a log mass is taken, and parameters, all of one shape.

    Spec: DIS-12.

    Raises:
        DistributionError: `x` is no real number or does not broadcast (DIS-1), or is no whole
            number of magnitude below ``2**52`` (DIS-12).
    """
    (x,) = wholes(-LARGEST_WHOLE + 1, x=x)
    check_broadcast(x.shape, *(p.shape for p in parameters))
    return tuple(np.broadcast_arrays(x, *parameters))


def sample_shape(shape: Shape, *parameters: Floats) -> tuple[int, ...]:
    """Return `shape` followed by the shape that the parameters have together. Spec: DIS-22.

    Raises:
        DistributionError: `shape` is no number or tuple of numbers of at least 0 (DIS-22).
    """
    axes = shape if isinstance(shape, tuple) else (shape,)
    try:
        sizes = tuple(operator.index(n) for n in axes)
    except TypeError:
        raise DistributionError(f"{shape!r} is no shape") from None
    if min(sizes, default=0) < 0:
        raise DistributionError(f"{shape!r} is no shape: an axis is negative")
    return sizes + np.broadcast_shapes(*(p.shape for p in parameters))
