"""Parameters: arrays of finite reals that broadcast; whatever else is refused.

Spec: DIS-1.
"""

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from reference.errors import DistributionError

__all__ = ["Floats", "check_broadcast", "check_positive", "reals", "unit_reals"]

Floats = NDArray[np.float64]


def reals(**named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return the numbers as binary64. Spec: DIS-1.

    Raises:
        DistributionError: one is no real number or not finite, or their shapes do not
            broadcast (DIS-1).
    """
    arrays = []
    for name, numbers in named.items():
        try:
            array = np.asarray(numbers)
        except ValueError as error:  # lists of unequal length
            raise DistributionError(f"{name} is no array: {error}") from None
        if array.dtype.kind not in "fiu":
            raise DistributionError(f"{name} has the type {array.dtype}: no reals")
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise DistributionError(f"{name} is not finite: {array[~np.isfinite(array)][0]}")
        arrays.append(array)
    check_broadcast(*(array.shape for array in arrays))
    return tuple(arrays)


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
