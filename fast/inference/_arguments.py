"""Real numbers that users pass: the checks that the twins of this part share.

Checked by the rejections in tests/equivalence.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from reference.errors import DistributionError


def reals(name: str, numbers: npt.ArrayLike) -> NDArray[Any]:
    """Return an array of real numbers of any type, infinities and NaN among them (DIS-1).

    Raises:
        DistributionError: they are no such array (DIS-1).
    """
    try:
        array = np.asarray(numbers)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DistributionError(f"{name} has the type {array.dtype}: no reals")
    return array


def finite_reals(name: str, numbers: npt.ArrayLike) -> NDArray[np.float64]:
    """Return finite numbers as C-contiguous binary64, which kernels take for writable (DIS-1).

    It may be the user's own array.

    Raises:
        DistributionError: they are no finite real numbers (DIS-1).
    """
    array = np.require(reals(name, numbers), np.float64, ["C", "W"])
    if not np.isfinite(array).all():
        raise DistributionError(f"{name} is not finite: {array[~np.isfinite(array)][0]}")
    return array
