"""What a distribution is, the unit of a measure, and the one rule about zeros.

Spec: ENT-1, ENT-2, ENT-3, ENT-17.
"""

import math

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from reference.errors import DistributionError

__all__ = [
    "TOTAL_TOLERANCE",
    "Floats",
    "distribution",
    "expected",
    "in_base",
    "log2",
    "numbers",
]

Floats = NDArray[np.float64]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of probabilities may be from 1 (ENT-1)."""


def distribution(
    p: npt.ArrayLike, axis: int | tuple[int, ...] | None, normalize: bool = False
) -> Floats:
    """Return `p` in binary64, unchanged unless `normalize` divides it by its sums over `axis`.

    Spec: ENT-1.

    Raises:
        DistributionError: the numbers are no distributions (ENT-1).
    """
    p = numbers(p)
    for wrong in p[~((p >= 0) & (p < np.inf))][:1]:  # so written, it catches NaN too
        raise DistributionError(f"{wrong} is no probability")
    with np.errstate(over="ignore"):
        totals = p.sum(axis=axis, keepdims=True)
    if normalize:
        for wrong in totals[~((totals > 0) & (totals < np.inf))][:1]:
            raise DistributionError(f"probabilities have the sum {wrong}: it cannot become 1")
        return np.asarray(p / totals)
    for wrong in totals[~(np.abs(totals - 1) <= TOTAL_TOLERANCE)][:1]:
        raise DistributionError(f"probabilities have the sum {wrong!r}, not 1")
    return p


def numbers(p: npt.ArrayLike) -> Floats:
    """Return an array of real numbers as binary64. Spec: ENT-1.

    Raises:
        DistributionError: truth values, complex numbers, text, ragged lists (ENT-1).
    """
    try:
        array = np.asarray(p)
    except ValueError as error:
        raise DistributionError(f"probabilities are no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DistributionError(f"an array of type {array.dtype} holds no probabilities")
    return np.asarray(array, dtype=np.float64)


def in_base(bits: npt.ArrayLike, base: float) -> Floats:
    """Return a measure in units of ``log(base)`` from the same in bits. Spec: ENT-2.

    Raises:
        DistributionError: `base` is not above 1, or not finite (ENT-2).
    """
    if not 1 < base < math.inf:
        raise DistributionError(f"logarithms to the base {base}")
    # [()] makes a number of an array without axes; + 0.0 leaves no -0.0
    measure: Floats = np.asarray(bits) / math.log2(base) + 0.0
    return measure[()]


def log2(p: Floats) -> Floats:
    """Return the binary logarithm, which is ``-inf`` of 0. Spec: ENT-17."""
    with np.errstate(divide="ignore"):
        return np.log2(p)


def expected(p: Floats, values: Floats) -> Floats:
    """Return the terms ``p * values`` of an expectation, where 0 times anything is 0.

    Spec: ENT-3.
    """
    return np.where(p > 0, p, 0.0) * np.where(p > 0, values, 0.0)
