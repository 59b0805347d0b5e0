"""What this chapter takes: data, and settings that are in range.

Spec: VEM-3, VEM-4, VEM-8.
"""

from math import inf
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from reference.errors import DataError, ModelError
from reference.inference.distributions.parameters import Floats

__all__ = ["LARGEST", "LARGEST_COUNT", "check_number", "check_tolerance", "count_data", "data"]

LARGEST = 2.0**200
"""Largest magnitude of data and means: the sum of their squares is finite (VEM-4)."""
LARGEST_COUNT = 2.0**40
"""Largest count (VEM-8)."""


def data(x: npt.ArrayLike) -> Floats:
    """Return data of shape ``(N, D)`` as binary64. Spec: VEM-4.

    Raises:
        DataError: `x` has another shape, or holds anything but finite real numbers of at most
            ``LARGEST`` in magnitude (VEM-4).
    """
    try:
        array = np.asarray(x)
    except ValueError as error:  # lists of unequal length
        raise DataError(f"data are no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"data have the type {array.dtype}: no reals")
    if array.ndim != 2 or 0 in array.shape:
        raise DataError(f"data have the shape {array.shape}, not (N, D)")
    array = array.astype(np.float64)
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        raise DataError(f"data hold {array[wrong][0]}")
    return array


def count_data(x: npt.ArrayLike, dimensions: int) -> Floats:
    """Return counts of shape ``(N, D)`` as binary64. Spec: VEM-8.

    Raises:
        DataError: `x` has another shape or `D`, or holds anything but whole numbers from 0 to
            ``LARGEST_COUNT`` (VEM-8).
    """
    counts = data(x)
    if counts.shape[1] != dimensions:
        raise DataError(f"counts of {counts.shape[1]} dimensions for a model of {dimensions}")
    wrong = (counts < 0) | (counts > LARGEST_COUNT) | (counts != np.floor(counts))
    if wrong.any():
        raise DataError(f"{counts[wrong][0]} is no count")
    return counts


def check_tolerance(tol: float) -> None:
    """Refuse a tolerance out of range. Spec: VEM-3.

    Raises:
        ModelError: `tol` is not at least 0 and finite (VEM-3).
    """
    if not 0 <= tol < inf:
        raise ModelError(f"tol is {tol}: negative or not finite")


def check_number(**named: SupportsIndex) -> None:
    """Refuse what is no integer of at least 1. Spec: VEM-3.

    Raises:
        ModelError: a number of iterations, or of steps, is not (VEM-3).
    """
    for name, number in named.items():
        if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < 1:
            raise ModelError(f"{name} is {number!r}: no integer of at least 1")
