"""Measures of the distribution that samples show: the plug-in estimates.

Spec: ENT-15, ENT-16.
Source: G. Miller, "Note on the bias of information estimates" (1955), for the correction.

A sample is an integer, and only matters by which others it is equal to. The estimate is the
measure of the relative frequencies, so with few samples entropies come out too low, and mutual
information too high. The correction of Miller and Madow takes away the first term of that
bias: for `m` outcomes seen in `n` samples, the entropy is raised by ``(m - 1) / (2 n)`` nats.
"""

import math

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from reference.errors import DistributionError
from reference.information.entropy.distribution import Floats, expected, in_base, log2, numbers

__all__ = [
    "conditional_entropy_from_samples",
    "entropy_from_samples",
    "joint_entropy_from_samples",
    "mutual_information_from_samples",
]

Integers = NDArray[np.int64]


def entropy_from_samples(
    x: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the entropy of the relative frequencies of samples, in units of ``log(base)``.

    Spec: ENT-15, ENT-16.

    Args:
        x: integers of any shape, of which every one is a sample.
        weights: the shape of `x`; how often each sample has occurred, not always a whole
            number. By default once.
        miller_madow: add ``(m - 1) / (2 n)`` nats, for `m` outcomes and `n` samples.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    occurrences = _occurrences(_samples(x), weights)
    bits, outcomes = _entropy(_codes(x), occurrences)
    correction = _miller_madow(outcomes - 1, occurrences) if miller_madow else 0.0
    return in_base(max(bits, 0.0) + correction, base)


def joint_entropy_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the entropy of the relative frequencies of pairs, in units of ``log(base)``.

    Spec: ENT-15, ENT-16.

    Args:
        x: integers of any shape, of which every one is a sample.
        y: likewise, of the same shape: the second numbers of the pairs.
        weights: as in `entropy_from_samples`.
        miller_madow: add ``(m - 1) / (2 n)`` nats, for `m` pairs that occur.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    pairs, _, _, occurrences = _paired(x, y, weights)
    bits, outcomes = _entropy(pairs, occurrences)
    correction = _miller_madow(outcomes - 1, occurrences) if miller_madow else 0.0
    return in_base(max(bits, 0.0) + correction, base)


def conditional_entropy_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return ``H(X | Y)`` of the relative frequencies of pairs, in units of ``log(base)``.

    Spec: ENT-15, ENT-16.

    Args:
        x: integers of any shape, of which every one is a sample.
        y: likewise, of the same shape: what is known.
        weights: as in `entropy_from_samples`.
        miller_madow: correct ``H(X, Y)`` and ``H(Y)``, whose difference this is.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    pairs, _, of_y, occurrences = _paired(x, y, weights)
    (both, cells), (known, rows) = (_entropy(codes, occurrences) for codes in (pairs, of_y))
    correction = _miller_madow(cells - rows, occurrences) if miller_madow else 0.0
    return in_base(max(both - known, 0.0) + correction, base)


def mutual_information_from_samples(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    base: float = 2,
    miller_madow: bool = False,
) -> Floats:
    """Return the mutual information of the relative frequencies of pairs.

    Spec: ENT-15, ENT-16.

    Args:
        x: integers of any shape, of which every one is a sample.
        y: likewise, of the same shape: the second numbers of the pairs.
        weights: as in `entropy_from_samples`.
        miller_madow: correct the three entropies of ``H(X) + H(Y) - H(X, Y)``.

    Returns:
        In units of ``log(base)``; never below 0, unless it is corrected.

    Raises:
        DistributionError: no samples, or no weights (ENT-15), or no base (ENT-2).
    """
    pairs, of_x, of_y, occurrences = _paired(x, y, weights)
    (both, cells), (first, rows), (second, columns) = (
        _entropy(codes, occurrences) for codes in (pairs, of_x, of_y)
    )
    excess = rows + columns - cells - 1
    correction = _miller_madow(excess, occurrences) if miller_madow else 0.0
    return in_base(max(first + second - both, 0.0) + correction, base)


def _samples(x: npt.ArrayLike) -> NDArray[np.generic]:
    """Return samples in a row (ENT-15)."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise DistributionError(f"samples are no array: {error}") from None
    if array.dtype.kind not in "iub" or array.size == 0:
        raise DistributionError(
            f"an array of shape {array.shape} and type {array.dtype} holds no samples"
        )
    return array.ravel()


def _codes(x: npt.ArrayLike) -> Integers:
    """Return samples as the integers from 0 on, without gaps."""
    codes = np.unique(_samples(x), return_inverse=True)[1]
    return np.asarray(codes, dtype=np.int64)


def _occurrences(samples: NDArray[np.generic], weights: npt.ArrayLike | None) -> Floats:
    """Return how often each sample has occurred (ENT-15)."""
    if weights is None:
        return np.ones(samples.size)
    occurrences = numbers(weights).ravel()
    if occurrences.size != samples.size:
        raise DistributionError(f"{occurrences.size} weights of {samples.size} samples")
    for wrong in occurrences[~((occurrences >= 0) & (occurrences < np.inf))][:1]:
        raise DistributionError(f"{wrong} is no weight")
    with np.errstate(over="ignore"):
        total = occurrences.sum()
    if not 0 < total < np.inf:
        raise DistributionError(f"weights have the sum {total}")
    return occurrences


def _paired(
    x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[Integers, Integers, Integers, Floats]:
    """Return the codes of the pairs, of both their numbers, and the occurrences."""
    if _samples(x).shape != _samples(y).shape or np.shape(x) != np.shape(y):
        raise DistributionError(f"samples of shapes {np.shape(x)} and {np.shape(y)}")
    of_x, of_y = _codes(x), _codes(y)
    occurrences = _occurrences(_samples(x), weights)
    return _codes(of_x * (of_y.max() + 1) + of_y), of_x, of_y, occurrences


def _entropy(codes: Integers, occurrences: Floats) -> tuple[float, int]:
    """Return the entropy of relative frequencies in bits, and the number of outcomes."""
    counts = np.bincount(codes, occurrences)
    p = counts / counts.sum()
    return float(expected(p, -log2(p)).sum()), int(np.count_nonzero(counts))


def _miller_madow(outcomes: int, occurrences: Floats) -> float:
    """Return ``outcomes / (2 n)`` nats, in bits (ENT-16)."""
    return outcomes / (2 * float(occurrences.sum()) * math.log(2))
