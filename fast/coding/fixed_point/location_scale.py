"""Compiled twin of `reference.coding.fixed_point.location_scale`: the same integers.

Spec: FIX-10.

Numpy would go through the arrays once for every operation and check.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import float64, int64

from fast._jit import kernel
from reference.coding.fixed_point.location_scale import LEAST_SCALE, MOST_MEAN
from reference.errors import DistributionError
from reference.params import ARGUMENT_FRACTION, INVERSE_SCALE_FRACTION

__all__ = ["invert_scales", "invert_scales_kernel", "quantise_means", "quantise_means_kernel"]

MEAN_UNITS = 2.0**ARGUMENT_FRACTION
SCALE_UNITS = 2.0**INVERSE_SCALE_FRACTION
MOST_SCALE = np.finfo(np.float64).max


@kernel
def quantise_means_kernel(means, out):  # type: ignore[no-untyped-def]
    """Leave means as integers in ``out``; return how many are out of range. Spec: FIX-10.

    Arrays of one length: of floats or integers, and of int64.
    """
    faults = int64(0)
    for i in range(means.size):
        mu = float64(means[i])
        is_mean = abs(mu) <= MOST_MEAN
        faults += int64(not is_mean)
        out[i] = int64(math.floor((mu if is_mean else 0.0) * MEAN_UNITS + 0.5))
    return faults


@kernel
def invert_scales_kernel(scales, out):  # type: ignore[no-untyped-def]
    """Leave inverses of scales in ``out``; return how many are out of range. Spec: FIX-10.

    Arrays of one length: of floats or integers, and of int64.
    """
    faults = int64(0)
    for i in range(scales.size):
        s = float64(scales[i])
        is_scale = (s >= LEAST_SCALE) & (s <= MOST_SCALE)
        faults += int64(not is_scale)
        inverse = int64(math.floor(SCALE_UNITS / (s if is_scale else 1.0) + 0.5))
        out[i] = max(inverse, int64(1))
    return faults


def quantise_means(means: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return means as integers with 16 fraction bits.

    Spec: FIX-10. Arguments, result and errors as for the reference.
    """
    mu = _numbers(means)
    out = np.empty(mu.size, np.int64)
    if quantise_means_kernel(mu.reshape(-1), out):
        _refuse(mu[~(np.abs(mu) <= MOST_MEAN)])
    return out.reshape(mu.shape)


def invert_scales(scales: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the inverses of scales as integers with 14 fraction bits, at least 1.

    Spec: FIX-10. Arguments, result and errors as for the reference.
    """
    s = _numbers(scales)
    out = np.empty(s.size, np.int64)
    if invert_scales_kernel(s.reshape(-1), out):
        _refuse(s[~((s >= LEAST_SCALE) & (s <= MOST_SCALE))])
    return out.reshape(s.shape)


def _numbers(values: npt.ArrayLike) -> npt.NDArray[np.float32 | np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"no array of numbers: {error}") from None
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise DistributionError(f"an array of type {array.dtype} is not of binary64 numbers")
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    return np.asarray(array, order="C")


def _refuse(wrong: npt.NDArray[np.float32 | np.float64]) -> None:
    raise DistributionError(f"{wrong[0]} is no mean or scale: out of its range")
