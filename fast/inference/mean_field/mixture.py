"""Compiled twin of `reference.inference.mean_field.mixture`: equal within the bounds of MFV.

Spec: MFV-5 to MFV-8, MFV-10.  Checked by tests/equivalence/test_mean_field.py.

A sweep reads the data once, a block of points at a time. A block is turned so that a row holds
one dimension, or one component, of all its points: so every inner loop runs along memory, and
LLVM makes vector instructions of it. Nothing of the size of the responsibilities is kept.
Logarithms are to the base 2 in here, since it is ``2**t`` that is computed, and converted at
the end.
"""

from math import log, pi

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference._exponential import exp2_kernel
from fast.inference.mean_field._arguments import (
    Floats,
    check_ascent,
    check_count,
    check_sigma,
    data,
    data_and_posterior,
)
from reference.inference.mean_field.coordinate_ascent import FALL_TOLERANCE, Ascent
from reference.inference.mean_field.mixture import MixturePosterior

__all__ = [
    "mixture_ascent",
    "mixture_log_density",
    "mixture_log_density_kernel",
    "mixture_responsibilities",
    "mixture_responsibilities_kernel",
    "mixture_seed_kernel",
    "mixture_seeds",
    "mixture_statistics_kernel",
]

# NaN and infinities stay what they are; the order of a sum does not.
GRADE_CLOSE = {"reassoc", "contract", "nsz"}

MOST_BLOCK = 256
"""Most points of a block: with ten components it fits the first cache."""
PRODUCT_BITS = 1000
"""A product of as many numbers up to `K` as a block has points stays below ``2**1000``."""


@kernel(fastmath=GRADE_CLOSE)
def _weigh(points, means, scales, offsets, columns, weights, tops, totals):  # type: ignore[no-untyped-def]
    """Set ``tops[i]`` to the largest ``l_ik``, ``weights[k, i]`` to ``2**(l_ik - tops[i])``.

    ``l_ik = offsets[k] + scales[k] |x_i - m_k|^2``; ``totals[i]`` becomes the sum of the
    weights, and ``columns[d, i]`` the coordinates of the points.
    """
    n, last = points.shape[0], points.shape[1] - 1
    for d in range(last + 1):
        column = columns[d]
        for i in range(n):
            column[i] = points[i, d]
    for i in range(n):
        tops[i] = -np.inf
        totals[i] = 0.0
    for k in range(means.shape[0]):
        row, scale, offset = weights[k], scales[k], offsets[k]
        for i in range(n):
            row[i] = 0.0
        for d in range(last):
            column, mean = columns[d], means[k, d]
            for i in range(n):
                row[i] += (column[i] - mean) * (column[i] - mean)
        column, mean = columns[last], means[k, last]
        for i in range(n):
            square = row[i] + (column[i] - mean) * (column[i] - mean)
            row[i] = offset + scale * square
            tops[i] = max(tops[i], row[i])
    for k in range(means.shape[0]):
        row = weights[k]
        for i in range(n):
            row[i] = exp2_kernel(row[i] - tops[i])
            totals[i] += row[i]


@kernel(fastmath=GRADE_CLOSE)
def mixture_statistics_kernel(  # type: ignore[no-untyped-def]
    x, means, scales, offsets, columns, weights, tops, totals, counts, sums
):
    """Return the sum over all points of ``log2 sum_k 2**l_ik``; set `counts` and `sums`.

    With ``l_ik = offsets[k] + scales[k] |x_i - m_k|^2`` and the responsibilities
    ``phi_ik = 2**l_ik / sum_j 2**l_ij`` (MFV-5), ``counts[k]`` becomes ``sum_i phi_ik``, and
    ``sums[k]`` becomes ``sum_i phi_ik x_i``.

    `columns`, `weights`, `tops` and `totals` are room to work in, of the shapes ``(D, n)``,
    ``(K, n)``, ``(n,)`` and ``(n,)``, for blocks of n points with ``K**n`` below ``2**1023``.
    """
    block = tops.size
    counts[:] = 0.0
    sums[:] = 0.0
    bits = 0.0
    for start in range(0, x.shape[0], block):
        points = x[start : start + block]
        n = points.shape[0]
        _weigh(points, means, scales, offsets, columns, weights, tops, totals)
        # One logarithm for the product of all totals, each of which is at least 1.
        largest, product = 0.0, 1.0
        for i in range(n):
            largest += tops[i]
            product *= totals[i]
        bits += largest + np.log2(product)
        for i in range(n):
            totals[i] = 1.0 / totals[i]
        for k in range(counts.size):
            row, column = weights[k], columns[0]
            count, total = 0.0, 0.0
            for i in range(n):
                row[i] *= totals[i]
                count += row[i]
                total += row[i] * column[i]
            counts[k] += count
            sums[k, 0] += total
            for d in range(1, x.shape[1]):
                column, total = columns[d], 0.0
                for i in range(n):
                    total += row[i] * column[i]
                sums[k, d] += total
    return bits


@kernel(fastmath=GRADE_CLOSE)
def mixture_responsibilities_kernel(  # type: ignore[no-untyped-def]
    x, means, scales, offsets, columns, weights, tops, totals, out
):
    """Set ``out[i, k]`` to ``phi_ik``; other arguments as of the statistics."""
    block = tops.size
    for start in range(0, x.shape[0], block):
        points = x[start : start + block]
        _weigh(points, means, scales, offsets, columns, weights, tops, totals)
        for i in range(points.shape[0]):
            inverse = 1.0 / totals[i]
            for k in range(out.shape[1]):
                out[start + i, k] = weights[k, i] * inverse


@kernel(fastmath=GRADE_CLOSE)
def mixture_log_density_kernel(  # type: ignore[no-untyped-def]
    x, means, scales, offsets, columns, weights, tops, totals, out
):
    """Set ``out[i]`` to ``log2 sum_k 2**l_ik``; other arguments as of the statistics."""
    block = tops.size
    for start in range(0, x.shape[0], block):
        points = x[start : start + block]
        _weigh(points, means, scales, offsets, columns, weights, tops, totals)
        for i in range(points.shape[0]):
            out[start + i] = tops[i] + np.log2(totals[i])


@kernel
def mixture_seed_kernel(x, mean, distances, sums):  # type: ignore[no-untyped-def]
    """Lower `distances` to those from a new mean; set their running `sums` (MFV-8)."""
    total = 0.0
    for i in range(x.shape[0]):
        distance = 0.0
        for d in range(x.shape[1]):
            distance += (x[i, d] - mean[d]) * (x[i, d] - mean[d])
        distances[i] = min(distances[i], distance)
        total += distances[i]
        sums[i] = total


def mixture_responsibilities(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> Floats:
    """Return the factors ``q(c_i)`` that are best for these means and variances. Spec: MFV-5.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = data_and_posterior(x, means, variances)
    out = np.empty((len(x), len(q.means)))
    mixture_responsibilities_kernel(x, q.means, *_expected(q), *_room(q.means), out)
    return out


def mixture_ascent(
    x: npt.ArrayLike,
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    sigma: float,
    *,
    step: float = 1.0,
    tol: float = 1e-3,
    max_iter: int = 100,
) -> Ascent[MixturePosterior]:
    """Ascend from these means and variances until the bound no longer rises. Spec: MFV-7.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
        ModelError: a setting is out of range (MFV-2, MFV-6).
    """
    x, q = data_and_posterior(x, means, variances)
    check_sigma(sigma)
    check_ascent(tol, max_iter, step)
    room, counts, sums = _room(q.means), np.empty(len(q.means)), np.empty(q.means.shape)
    lower_bounds: list[float] = []
    while True:
        # One pass: the responsibilities of these parameters, the bound that they have with
        # them, and all that the next update needs.
        bits = mixture_statistics_kernel(x, q.means, *_expected(q), *room, counts, sums)
        lower_bounds.append(_bound(bits * log(2), len(x), q, sigma))
        if len(lower_bounds) > 1:
            before, bound = lower_bounds[-2:]
            # All terms of the bound are at most 0, so that rounding stays below this.
            assert before - bound <= FALL_TOLERANCE * (1 + abs(before))
            if bound <= before + tol or len(lower_bounds) > max_iter:
                return Ascent(q, tuple(lower_bounds), bound <= before + tol)
        q = _update(q, counts, sums, sigma, step)


def mixture_seeds(
    x: npt.ArrayLike, n_components: int, sigma: float, rng: np.random.Generator
) -> Floats:
    """Draw means to start from, far from one another. Spec: MFV-8.

    Raises:
        DataError: `x` is out of range (MFV-3).
        DistributionError: `sigma` is (MFV-3).
        ModelError: `n_components` is (MFV-3).
    """
    x = data(x)
    check_sigma(sigma)
    check_count(n_components=n_components)
    n, d = x.shape
    means, distances, sums = np.empty((n_components, d)), np.full(n, np.inf), np.empty(n)
    means[0] = x[rng.integers(n)]
    for k in range(1, n_components):
        mixture_seed_kernel(x, means[k - 1], distances, sums)
        if sums[-1] > 0:
            means[k] = x[np.searchsorted(sums, rng.random() * sums[-1], side="right")]
        else:
            means[k] = sigma * rng.standard_normal(d)
    return means


def mixture_log_density(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> Floats:
    """Return the log density that has been learned, in nats. Spec: MFV-10.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = data_and_posterior(x, means, variances)
    wide, out = 1 + q.variances, np.empty(len(x))
    offsets = -x.shape[1] / 2 * np.log2(2 * pi * wide) - np.log2(len(wide))
    scales = -1 / (2 * log(2) * wide)
    mixture_log_density_kernel(x, q.means, scales, offsets, *_room(q.means), out)
    return out * log(2)


def _expected(q: MixturePosterior) -> tuple[Floats, Floats]:
    """Return the scales and offsets that make ``l_ik`` of MFV-5, in bits."""
    scales = np.full(len(q.variances), -1 / (2 * log(2)))
    return scales, scales * q.means.shape[1] * q.variances


def _room(means: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the arrays that kernels work in, for blocks of as many points as they allow."""
    k, d = means.shape
    n = min(MOST_BLOCK, PRODUCT_BITS // k.bit_length())
    return np.empty((d, n)), np.empty((k, n)), np.empty(n), np.empty(n)


def _bound(nats: float, n: int, q: MixturePosterior, sigma: float) -> float:
    """Return the bound from the sum of ``log sum_k exp(l_ik)`` over the points (MFV-4)."""
    k, d = q.means.shape
    ratios = q.variances / sigma**2
    divergence = ((q.means / sigma) ** 2).sum() + d * (ratios - 1 - np.log(ratios)).sum()
    return float(nats - n * log(k) - n * d / 2 * log(2 * pi) - divergence / 2)


def _update(
    q: MixturePosterior, counts: Floats, sums: Floats, sigma: float, step: float
) -> MixturePosterior:
    """Return MFV-6, as the mean of the old parameters and the best ones."""
    curvatures = 1 / sigma**2 + counts
    best = sums / curvatures[:, None]
    if step == 1:
        return MixturePosterior(best, 1 / curvatures)
    precisions = (1 - step) / q.variances + step * curvatures
    return MixturePosterior((1 - step) * q.means + step * best, 1 / precisions)
