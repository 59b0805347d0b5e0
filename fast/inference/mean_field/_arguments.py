"""What the twins of this chapter take: checked, as C-contiguous binary64.

Spec: MFV-2, MFV-3.
"""

from math import inf
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from fast.inference._arguments import finite_reals
from reference.errors import DataError, DistributionError, ModelError
from reference.inference.mean_field.arguments import LARGEST
from reference.inference.mean_field.mixture import MixturePosterior

Floats = NDArray[np.float64]


def data(x: npt.ArrayLike) -> Floats:
    """Return data of shape ``(N, D)``, in memory that kernels take for writable (MFV-3).

    Raises:
        DataError: `x` has another shape, or holds anything but real numbers in range (MFV-3).
    """
    try:
        array = np.asarray(x)
    except ValueError as error:  # lists of unequal length
        raise DataError(f"data are no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"data have the type {array.dtype}: no reals")
    if array.ndim != 2 or 0 in array.shape:
        raise DataError(f"data have the shape {array.shape}, not 2 axes with numbers")
    array = np.require(array, np.float64, ["C", "W"])
    if not max(array.max(), -array.min()) <= LARGEST:  # NaN is neither
        raise DataError(f"data hold {array[~(np.abs(array) <= LARGEST)][0]}")
    return array


def data_and_posterior(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> tuple[Floats, MixturePosterior]:
    """Return these as arrays, and refuse what MFV-3 refuses."""
    x, means = data(x), finite_reals("means", means)
    variances = finite_reals("variances", variances)
    if means.ndim != 2 or 0 in means.shape or variances.shape != means.shape[:1]:
        raise DistributionError(f"means of {means.shape}, variances of {variances.shape}")
    if np.abs(means).max() > LARGEST:
        raise DistributionError(f"means of up to {np.abs(means).max()} in magnitude")
    if not ((variances >= LARGEST**-2) & (variances <= LARGEST**2)).all():
        raise DistributionError(f"variances from {variances.min()} to {variances.max()}")
    if x.shape[1] != means.shape[1]:
        raise DataError(f"data of {x.shape[1]} dimensions, means of {means.shape[1]}")
    return x, MixturePosterior(means, variances)


def check_sigma(sigma: float) -> None:
    """Refuse a standard deviation of a prior that is none (MFV-3)."""
    if not 1 / LARGEST <= sigma <= LARGEST:
        raise DistributionError(f"sigma is {sigma}: not in [2**-200, 2**200]")


def check_ascent(tol: float, max_iter: int, step: float) -> None:
    """Refuse settings of an ascent that are out of range (MFV-2, MFV-6)."""
    if not 0 <= tol < inf:
        raise ModelError(f"tol is {tol}: negative or not finite")
    check_count(max_iter=max_iter)
    if not 0 < step <= 1:
        raise ModelError(f"a step of {step} is not in (0, 1]")


def check_count(**named: SupportsIndex) -> None:
    """Refuse what is no integer of at least 1 (MFV-2, MFV-3)."""
    for name, count in named.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
            raise ModelError(f"{name} is {count!r}: no integer of at least 1")
