"""Compiled twin of `reference.information.entropy.samples`: equal within the bound of ENT-3.

Spec: ENT-15, ENT-16.  Checked by tests/equivalence/test_entropy_samples.py.

Integers from a small range are counted in a table, in one pass and without sorting; others are
first given small numbers by sorting them.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from fast._jit import kernel
from fast.information.entropy.discrete import entropy_kernel
from fast.information.entropy.distribution import in_base, numbers
from reference.errors import DistributionError
from reference.information.entropy.distribution import Floats

__all__ = [
    "conditional_entropy_from_samples",
    "count_byte_pairs_kernel",
    "count_kernel",
    "count_pairs_kernel",
    "entropy_from_samples",
    "joint_entropy_from_samples",
    "mutual_information_from_samples",
    "weigh_kernel",
    "weigh_pairs_kernel",
]

SMALL_TABLE = 1 << 8
"""Outcomes for which a table is always made; beyond, at most `SPARSENESS` for each sample."""
SPARSENESS = 4

TRIAL_SAMPLES = 1 << 14
"""Pairs from which on their numbers are taken for bytes, on trial."""

BEYOND_A_BYTE = ~255
"""The bits of an integer of which none is set in 0 to 255."""

Samples = NDArray[Any]


@kernel
def count_kernel(x, least, counts):  # type: ignore[no-untyped-def]
    """Add 1 to ``counts[x - least]`` for every sample."""
    for i in range(x.size):
        counts[np.int64(x[i]) - least] += 1


@kernel
def weigh_kernel(x, least, weights, counts):  # type: ignore[no-untyped-def]
    """Add its weight to ``counts[x - least]`` for every sample."""
    for i in range(x.size):
        counts[np.int64(x[i]) - least] += weights[i]


@kernel
def count_pairs_kernel(x, x_least, y, y_least, counts):  # type: ignore[no-untyped-def]
    """Add 1 to ``counts[x - x_least, y - y_least]`` for every pair."""
    for i in range(x.size):
        counts[np.int64(x[i]) - x_least, np.int64(y[i]) - y_least] += 1


@kernel
def count_byte_pairs_kernel(x, y, counts):  # type: ignore[no-untyped-def]
    """Add 1 to ``counts[x, y]`` for each pair before the first beyond a byte; return how many.

    `counts` is of int32, so that more of its 256 x 256 numbers stay in the cache.
    """
    one = counts.dtype.type(1)
    for i in range(x.size):
        a, b = np.int64(x[i]), np.int64(y[i])
        if (a | b) & BEYOND_A_BYTE != 0:
            return i
        counts[a, b] += one
    return x.size


@kernel
def weigh_pairs_kernel(x, x_least, y, y_least, weights, counts):  # type: ignore[no-untyped-def]
    """Add its weight to ``counts[x - x_least, y - y_least]`` for every pair."""
    for i in range(x.size):
        counts[np.int64(x[i]) - x_least, np.int64(y[i]) - y_least] += weights[i]


def entropy_from_samples(
    x: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the entropy of relative frequencies, in units of ``log(base)``.

    Spec: ENT-15, ENT-16.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    samples, occurrences = _samples(x), _weights(x, weights)
    counts = _counts(*_ranged(samples), occurrences)
    total = _total(samples, occurrences)
    bits, outcomes = _entropy(counts, total)
    correction = (outcomes - 1) / (2 * total * math.log(2)) if miller_madow else 0.0
    return in_base(max(bits, 0.0) + correction, base)


def joint_entropy_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the entropy of frequencies of pairs, in units of ``log(base)``.

    Spec: ENT-15, ENT-16.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    (bits, cells), _, _, total = _entropies(x, y, weights)
    correction = (cells - 1) / (2 * total * math.log(2)) if miller_madow else 0.0
    return in_base(max(bits, 0.0) + correction, base)


def conditional_entropy_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return ``H(X | Y)`` of frequencies, in units of ``log(base)``. Spec: ENT-15, ENT-16.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    (both, cells), _, (known, columns), total = _entropies(x, y, weights)
    correction = (cells - columns) / (2 * total * math.log(2)) if miller_madow else 0.0
    return in_base(max(both - known, 0.0) + correction, base)


def mutual_information_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the mutual information of frequencies of pairs. Spec: ENT-15, ENT-16.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    (both, cells), (first, rows), (second, columns), total = _entropies(x, y, weights)
    excess = rows + columns - cells - 1
    correction = excess / (2 * total * math.log(2)) if miller_madow else 0.0
    return in_base(max(first + second - both, 0.0) + correction, base)


def _samples(x: npt.ArrayLike) -> Samples:
    """Return samples in a row, of a type of integers (ENT-15)."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise DistributionError(f"samples are no array: {error}") from None
    if array.dtype.kind not in "iub" or array.size == 0:
        raise DistributionError(
            f"an array of shape {array.shape} and type {array.dtype} holds no samples"
        )
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("=")).ravel()


def _weights(x: npt.ArrayLike, weights: npt.ArrayLike | None) -> Floats | None:
    """Return how often each sample has occurred, or None: once (ENT-15)."""
    if weights is None:
        return None
    occurrences = np.ascontiguousarray(numbers(weights)).ravel()
    if occurrences.size != np.size(x):
        raise DistributionError(f"{occurrences.size} weights of {np.size(x)} samples")
    for wrong in occurrences[~((occurrences >= 0) & (occurrences < np.inf))][:1]:
        raise DistributionError(f"{wrong} is no weight")
    return occurrences


def _total(samples: Samples, occurrences: Floats | None) -> float:
    """Return the number of samples that have occurred (ENT-15)."""
    if occurrences is None:
        return float(samples.size)
    with np.errstate(over="ignore"):
        total = float(occurrences.sum())
    if not 0 < total < math.inf:
        raise DistributionError(f"weights have the sum {total}")
    return total


def _ranged(samples: Samples) -> tuple[Samples, int, int]:
    """Return the samples, or numbers for them, the least of these, and the size of a table."""
    least, most = int(samples.min()), int(samples.max())
    size = most - least + 1
    if size > max(SMALL_TABLE, SPARSENESS * samples.size) or most >= 1 << 63:
        values, samples = np.unique(samples, return_inverse=True)
        least, size = 0, values.size
    return samples, least, size


def _counts(samples: Samples, least: int, size: int, occurrences: Floats | None) -> Floats:
    if occurrences is None:
        counts = np.zeros(size, np.int64)
        count_kernel(samples, np.int64(least), counts)
        return counts.astype(np.float64)
    weighed = np.zeros(size)
    weigh_kernel(samples, np.int64(least), occurrences, weighed)
    return weighed


def _entropies(
    x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[tuple[float, int], tuple[float, int], tuple[float, int], float]:
    """Return entropy and number of outcomes of pairs and of both numbers, and the total."""
    first, second = _samples(x), _samples(y)
    if np.shape(x) != np.shape(y):
        raise DistributionError(f"samples of shapes {np.shape(x)} and {np.shape(y)}")
    occurrences = _weights(x, weights)
    total = _total(first, occurrences)
    if occurrences is None and TRIAL_SAMPLES <= first.size < 1 << 31:
        # One pass, on trial: to look for the range of the numbers takes as long as to count.
        bytes_ = np.zeros((256, 256), np.int32)
        if count_byte_pairs_kernel(first, second, bytes_) == first.size:
            return *_of_table(bytes_.astype(np.float64), total), total
    (first, x_least, rows), (second, y_least, columns) = _ranged(first), _ranged(second)
    if rows * columns <= max(SMALL_TABLE, SPARSENESS * first.size):
        low = np.int64(x_least), np.int64(y_least)
        if occurrences is None:
            counted = np.zeros((rows, columns), np.int64)
            count_pairs_kernel(first, low[0], second, low[1], counted)
            table = counted.astype(np.float64)
        else:
            table = np.zeros((rows, columns))
            weigh_pairs_kernel(first, low[0], second, low[1], occurrences, table)
        return *_of_table(table, total), total
    # rows and columns are far below 2**31: neither passes SPARSENESS for each sample
    pairs = (first.astype(np.int64) - x_least) * columns + (second.astype(np.int64) - y_least)
    values, pairs = np.unique(pairs, return_inverse=True)
    of_pairs = _entropy(_counts(pairs, 0, values.size, occurrences), total)
    of_x = _entropy(_counts(first, x_least, rows, occurrences), total)
    of_y = _entropy(_counts(second, y_least, columns, occurrences), total)
    return of_pairs, of_x, of_y, total


def _of_table(
    table: Floats, total: float
) -> tuple[tuple[float, int], tuple[float, int], tuple[float, int]]:
    """Return entropy and number of outcomes of pairs, rows and columns of a table."""
    return (
        _entropy(table.ravel(), total),
        _entropy(table.sum(1), total),
        _entropy(table.sum(0), total),
    )


def _entropy(counts: Floats, total: float) -> tuple[float, int]:
    """Return the entropy of relative frequencies in bits, and the number of outcomes."""
    unused, bits = np.empty((2, 1))
    entropy_kernel((counts / total).reshape(1, -1), unused, bits)
    return float(bits[0]), int(np.count_nonzero(counts))
