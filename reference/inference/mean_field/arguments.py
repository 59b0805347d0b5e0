"""What the estimators of this chapter take: data, and settings that are in range.

Spec: MFV-2, MFV-3, MFV-11.
"""

from math import inf
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions.parameters import Floats

__all__ = ["LARGEST", "check_ascent", "check_count", "check_sigma", "real_data"]

LARGEST = 2.0**200
"""Largest magnitude of data and means: the sum of their squares is finite (MFV-3)."""


def real_data(x: npt.ArrayLike, axes: int) -> Floats:
    """Return data as binary64. Spec: MFV-3, MFV-11.

    Args:
        axes: how many the data must have; none may be empty.

    Raises:
        DataError: `x` has others, or holds anything but finite real numbers of at most
            ``LARGEST`` in magnitude (MFV-3).
    """
    try:
        array = np.asarray(x)
    except ValueError as error:  # lists of unequal length
        raise DataError(f"data are no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"data have the type {array.dtype}: no reals")
    if array.ndim != axes or 0 in array.shape:
        raise DataError(f"data have the shape {array.shape}, not {axes} axes with numbers")
    array = array.astype(np.float64)
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        raise DataError(f"data hold {array[wrong][0]}")
    return array


def check_sigma(sigma: float) -> None:
    """Refuse a standard deviation of a prior that is none. Spec: MFV-3.

    Raises:
        DistributionError: `sigma` is out of range (MFV-3).
    """
    if not 1 / LARGEST <= sigma <= LARGEST:
        raise DistributionError(f"sigma is {sigma}: not in [2**-200, 2**200]")


def check_count(**named: SupportsIndex) -> None:
    """Refuse what is no integer of at least 1. Spec: MFV-2, MFV-3.

    Raises:
        ModelError: a count is not (MFV-2, MFV-3).
    """
    for name, count in named.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
            raise ModelError(f"{name} is {count!r}: no integer of at least 1")


def check_ascent(tol: float, max_iter: int) -> None:
    """Refuse a tolerance or a number of sweeps out of range. Spec: MFV-2.

    Raises:
        ModelError: `tol` is not at least 0 and finite, or `max_iter` below 1 (MFV-2).
    """
    if not 0 <= tol < inf:
        raise ModelError(f"tol is {tol}: negative or not finite")
    check_count(max_iter=max_iter)
