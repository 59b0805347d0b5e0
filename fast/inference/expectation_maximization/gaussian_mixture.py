"""Compiled twin of `reference.inference.expectation_maximization.gaussian_mixture`.

Spec: VEM-6, VEM-7.  Checked by tests/equivalence/test_expectation_maximization.py.

An iteration reads the data once, a block of points at a time, and keeps no responsibilities:
only their sums, and those of the first two powers of the distance from some centre. A block is
turned so that a row holds one dimension, or one component, of all its points: so every inner
loop runs along memory, and LLVM makes vector instructions of it.
Logarithms are to the base 2 in the kernel, since it is ``2**t`` that it computes.
"""

from collections.abc import Collection
from math import log, pi

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference._exponential import exp2_kernel
from fast.inference.mean_field._arguments import Floats, check_count, data
from reference.errors import DataError, DistributionError, LowerBoundError, ModelError
from reference.inference.expectation_maximization.finite_latents import NEGLIGIBLE
from reference.inference.expectation_maximization.gaussian_mixture import (
    FLOOR,
    LARGEST_VARIANCE,
    LEAST_VARIANCE,
    PARTS,
    GaussianMixture,
)
from reference.inference.mean_field.coordinate_ascent import FALL_TOLERANCE, Ascent

__all__ = ["em_step", "em_step_kernel", "fit_gaussian_mixture"]

# NaN and infinities stay what they are; the order of a sum does not.
GRADE_CLOSE = {"reassoc", "contract", "nsz"}

MOST_BLOCK = 256
"""Most points of a block: with ten components it fits the first cache."""
PRODUCT_BITS = 1000
"""A product of as many numbers up to `K` as a block has points stays below ``2**1000``."""
CANCELLATION = 2.0**-10
"""A variance that is less than this part of what it is the difference of is computed again."""

_Sums = tuple[Floats, Floats, Floats]


@kernel(fastmath=GRADE_CLOSE)
def em_step_kernel(  # type: ignore[no-untyped-def]
    x, means, scales, offsets, centres, columns, weights, tops, totals, counts, firsts, squares
):
    """Return the log2 of the evidence of all points; set the sums that the M step needs.

    With ``log2 p(x_i, k) = offsets[k] - sum_d scales[k, d] (x_id - means[k, d])^2``, and the
    posterior ``q_ik`` (VEM-2), ``counts[k]`` becomes ``sum_i q_ik``, and ``firsts[k, d]`` and
    ``squares[k, d]`` that of ``q_ik`` times ``x_id - centres[k, d]`` and times its square.

    `columns`, `weights`, `tops` and `totals` are room to work in, of the shapes ``(D, n)``,
    ``(K, n)``, ``(n,)`` and ``(n,)``, for blocks of n points with ``K**n`` below ``2**1023``.
    """
    block, dimensions, components = tops.size, x.shape[1], counts.size
    counts[:] = 0.0
    firsts[:] = 0.0
    squares[:] = 0.0
    evidence = 0.0
    for start in range(0, x.shape[0], block):
        points = x[start : start + block]
        n = points.shape[0]
        for d in range(dimensions):
            column = columns[d]
            for i in range(n):
                column[i] = points[i, d]
        # The log joints, and the largest of each point
        for i in range(n):
            tops[i] = -np.inf
            totals[i] = 0.0
        for k in range(components):
            row, offset = weights[k], offsets[k]
            for i in range(n):
                row[i] = offset
            for d in range(dimensions):
                column, mean, scale = columns[d], means[k, d], scales[k, d]
                for i in range(n):
                    distance = column[i] - mean
                    row[i] -= scale * distance * distance
            for i in range(n):
                tops[i] = max(tops[i], row[i])
        # The posteriors
        for k in range(components):
            row = weights[k]
            for i in range(n):
                row[i] = exp2_kernel(row[i] - tops[i])
                totals[i] += row[i]
        # One logarithm for the product of all totals, each of which is at least 1.
        largest, product = 0.0, 1.0
        for i in range(n):
            largest += tops[i]
            product *= totals[i]
            totals[i] = 1.0 / totals[i]
        evidence += largest + np.log2(product)
        # The sums
        for k in range(components):
            row, count = weights[k], 0.0
            for i in range(n):
                share = row[i] * totals[i]
                row[i] = share if share >= NEGLIGIBLE else 0.0
                count += row[i]
            counts[k] += count
            for d in range(dimensions):
                column, centre, first, square = columns[d], centres[k, d], 0.0, 0.0
                for i in range(n):
                    distance = column[i] - centre
                    part = row[i] * distance
                    first += part
                    square += part * distance
                firsts[k, d] += first
                squares[k, d] += square
    return evidence


def em_step(
    x: npt.ArrayLike,
    mixture: GaussianMixture,
    *,
    floor: float = FLOOR,
    fixed: Collection[str] = (),
) -> tuple[GaussianMixture, float]:
    """Return the mixture after an iteration, and the log evidence before it, in nats.

    Spec: VEM-2, VEM-6.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `mixture` (VEM-4).
        DistributionError: `floor` is out of range, or above a variance of `mixture` that is
            not fixed (VEM-6).
        ModelError: `fixed` names anything but ``PARTS`` (VEM-6).
    """
    x = _data_for(x, mixture)
    _check_settings(mixture, floor, fixed)
    sums, evidence = _sums(x, mixture, mixture.means)
    return _m_step(x, mixture, sums, floor, fixed), evidence


def fit_gaussian_mixture(
    x: npt.ArrayLike,
    mixture: GaussianMixture,
    *,
    floor: float = FLOOR,
    fixed: Collection[str] = (),
    tol: float = 1e-3,
    max_iter: int = 100,
) -> Ascent[GaussianMixture]:
    """Iterate from a mixture until the evidence of the data no longer rises. Spec: VEM-7.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `mixture` (VEM-4).
        DistributionError: `floor` is out of range, or above a variance of `mixture` that is
            not fixed (VEM-6).
        LowerBoundError: the evidence has fallen (VEM-3).
        ModelError: `fixed` names anything but ``PARTS`` (VEM-6), or `tol` or `max_iter` is out
            of range (VEM-3).
    """
    x = _data_for(x, mixture)
    _check_settings(mixture, floor, fixed)
    if not 0 <= tol < np.inf:
        raise ModelError(f"tol is {tol}: negative or not finite")
    check_count(max_iter=max_iter)
    lower_bounds: list[float] = []
    while True:
        # One pass: the evidence of this mixture, and all that the next one is made of.
        sums, after = _sums(x, mixture, mixture.means)
        lower_bounds.append(after)
        if len(lower_bounds) > 1:
            before = lower_bounds[-2]
            if not before - after <= FALL_TOLERANCE * (1 + abs(before)):  # NaN is no bound
                raise LowerBoundError(
                    f"an iteration lowers the bound from {before!r} to {after!r}"
                )
            if after <= before + tol or len(lower_bounds) > max_iter:
                return Ascent(mixture, tuple(lower_bounds), after <= before + tol)
        mixture = _m_step(x, mixture, sums, floor, fixed)


def _sums(x: Floats, mixture: GaussianMixture, centres: Floats) -> tuple[_Sums, float]:
    """Return counts, and the sums of distances from `centres` and of their squares."""
    k, d = mixture.means.shape
    variances = np.array(np.broadcast_to(mixture.variances, (k, d)))
    with np.errstate(divide="ignore"):  # the logarithm of a weight of 0
        log_weights = np.log(mixture.weights / mixture.weights.sum())
    offsets = log_weights - d / 2 * log(2 * pi) - np.log(variances).sum(axis=1) / 2
    n = min(MOST_BLOCK, PRODUCT_BITS // k.bit_length())
    room = np.empty((d, n)), np.empty((k, n)), np.empty(n), np.empty(n)
    sums = np.empty(k), np.empty((k, d)), np.empty((k, d))
    # arrays of the caller may be read-only, which to a kernel is another type
    means, centres = (np.require(a, np.float64, ["C", "W"]) for a in (mixture.means, centres))
    scales, offsets = 0.5 / log(2) / variances, offsets / log(2)
    bits = em_step_kernel(x, means, scales, offsets, centres, *room, *sums)
    return sums, float(bits) * log(2)


def _m_step(
    x: Floats, mixture: GaussianMixture, sums: _Sums, floor: float, fixed: Collection[str]
) -> GaussianMixture:
    """Return VEM-6, given the sums around the means of `mixture`."""
    weights, means, variances = mixture.weights, mixture.means, mixture.variances
    counts, firsts, squares = sums
    seen = counts > 0  # as no posterior is negligible and positive
    shares = np.where(seen, counts, 1)[:, None]  # the others are not used
    if "weights" not in fixed:
        weights = counts / counts.sum()
    if "means" not in fixed:
        means = np.where(seen[:, None], means + firsts / shares, means)
    if "variances" not in fixed:
        found = squares / shares
        spread = found - (means - mixture.means) ** 2
        if ((spread < CANCELLATION * found) & (found > floor)).any():
            # The means moved far: what is left of the difference has too few digits.
            (_, _, squares), _ = _sums(x, mixture, means)
            spread = squares / shares
        if variances.shape[1] == 1:
            spread = spread.mean(axis=1, keepdims=True)
        variances = np.where(seen[:, None], np.maximum(spread, floor), variances)
    return GaussianMixture(weights, means, variances)


def _data_for(x: npt.ArrayLike, mixture: GaussianMixture) -> Floats:
    x = data(x)
    if x.shape[1] != mixture.means.shape[1]:
        raise DataError(f"data of {x.shape[1]} dimensions, means of {mixture.means.shape[1]}")
    return x


def _check_settings(mixture: GaussianMixture, floor: float, fixed: Collection[str]) -> None:
    """Refuse a floor or names that VEM-6 does not allow."""
    if isinstance(fixed, str) or not set(fixed) <= set(PARTS):
        raise ModelError(f"fixed is {fixed!r}, but the parts are {PARTS}")
    if not LEAST_VARIANCE <= floor <= LARGEST_VARIANCE:
        raise DistributionError(f"floor is {floor}: not in [2**-400, 2**404]")
    least = mixture.variances.min()
    if "variances" not in fixed and least < floor:
        raise DistributionError(f"a variance of {least} is below the floor of {floor}")
