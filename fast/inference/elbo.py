"""Compiled twin of `reference.inference.elbo`: equal within the bounds of ELB-11 to ELB-14.

Spec: ELB-11 to ELB-14.  Checked by tests/equivalence/test_elbo.py.

The sums of a row take two passes: the first finds the largest of its numbers.
"""

import math

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_index

from fast._jit import kernel
from fast.inference._arguments import reals
from fast.inference._exponential import exp_kernel
from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.elbo import Estimate

__all__ = [
    "effective_sample_size",
    "effective_sample_size_kernel",
    "importance_weighted_bound",
    "log_mean_exp",
    "log_mean_exp_kernel",
]

GRADE_CLOSE = {"reassoc", "contract", "nsz"}
"""Sums may be taken in any order; infinities stay what they are."""


@kernel(fastmath=GRADE_CLOSE)
def _largest(row):  # type: ignore[no-untyped-def]
    """Return the largest number, and how many are no log density: NaN or plus infinity."""
    top, wrong = -np.inf, 0
    for i in range(row.size):
        wrong += int(not row[i] < np.inf)
        top = row[i] if row[i] > top else top
    return top, wrong


@kernel(fastmath=GRADE_CLOSE)
def log_mean_exp_kernel(rows, out):  # type: ignore[no-untyped-def]
    """Set the log-mean-exp of each row; return how many numbers are refused (ELB-11)."""
    wrong = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        top, found = _largest(row)
        wrong += found
        if top == -np.inf:
            out[i] = top
            continue
        total = 0.0
        for j in range(row.size):
            total += exp_kernel(row[j] - top)
        out[i] = top + math.log(total / row.size)
    return wrong


@kernel(fastmath=GRADE_CLOSE)
def effective_sample_size_kernel(rows, out):  # type: ignore[no-untyped-def]
    """Set the ESS of each row; return how many numbers are refused (ELB-14)."""
    wrong = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        top, found = _largest(row)
        wrong += found
        if top == -np.inf:
            out[i] = 0.0
            continue
        total, squares = 0.0, 0.0
        for j in range(row.size):
            w = exp_kernel(row[j] - top)
            total += w
            squares += w * w
        out[i] = total * total / squares
    return wrong


def log_mean_exp(a: npt.ArrayLike, axis: int = -1) -> Floats:
    """Return the logarithm of the mean of exponentials. Spec: ELB-11.

    Raises:
        DistributionError: `a` is no array of log weights (ELB-11), or has no such axis.
    """
    return _of_rows(log_mean_exp_kernel, a, axis)


def effective_sample_size(log_weights: npt.ArrayLike, axis: int = -1) -> Floats:
    """Return how many equal weights would vary as little as these. Spec: ELB-14.

    Raises:
        DistributionError: `log_weights` are no such numbers (ELB-11), or have no such axis.
    """
    return _of_rows(effective_sample_size_kernel, log_weights, axis)


def importance_weighted_bound(log_weights: npt.ArrayLike) -> Estimate:
    """Return the importance-weighted bound L_k from groups of k draws. Spec: ELB-12.

    Raises:
        DistributionError: `log_weights` are no such numbers (ELB-1), or have no groups.
    """
    t = log_mean_exp(log_weights, 1)
    n, never = len(t), np.isneginf(t).any(axis=0)
    t = np.where(never, 0.0, t)
    mean = t.mean(axis=0)
    variance = np.full_like(mean, np.nan)
    if n > 1:
        variance = np.where(never, np.inf, ((t - mean) ** 2).sum(axis=0) / (n - 1))
    return Estimate(np.where(never, -np.inf, mean), variance, np.sqrt(variance / n))


def _array(log_weights: npt.ArrayLike) -> Floats:
    """Return log weights as binary64; that they are below infinity is left to a kernel."""
    array = reals("log_weights", log_weights)
    if array.ndim == 0 or array.size == 0:
        raise DistributionError(f"log_weights of shape {array.shape} has no draws")
    return array.astype(np.float64, copy=False)


def _of_rows(function, log_weights: npt.ArrayLike, axis: int) -> Floats:  # type: ignore[no-untyped-def]
    array = _array(log_weights)
    try:
        axis = normalize_axis_index(axis, array.ndim)
    except np.exceptions.AxisError:
        raise DistributionError(f"log_weights {array.shape} have no axis {axis}") from None
    moved = np.moveaxis(array, axis, -1)
    rows = np.require(moved.reshape(-1, moved.shape[-1]), requirements=["C", "W"])
    out = np.empty(len(rows))
    with np.errstate(invalid="ignore"):  # the JIT off, what is refused below makes warnings
        wrong = function(rows, out)
    if wrong > 0:
        value = array[~(array < np.inf)][0]
        raise DistributionError(f"log_weights is {value}: no log density")
    return out.reshape(moved.shape[:-1])
