"""The mean field of a normal target, whose optimum and gap are known.

Spec: MFV-1.
Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 10.1.2.

A product of normal distributions takes its means from the target, and its precisions from the
diagonal of the target's precision matrix: it is as narrow as the target is along each axis,
with the other latents held fixed, and knows nothing of how they move together.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.multivariate_normal import SYMMETRY_TOLERANCE
from reference.inference.distributions.parameters import Floats, check_positive, reals

__all__ = [
    "normal_target_elbo",
    "normal_target_gap",
    "normal_target_mean_field",
    "normal_target_update",
]


def normal_target_mean_field(
    mean: npt.ArrayLike, precision: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return means and standard deviations of the best product of normal distributions.

    Spec: MFV-1.

        mu = mean        sigma_i = P_ii^(-1/2)

    Args:
        mean: shape ``(L,)``.
        precision: shape ``(L, L)``; the inverse of the target's covariance.

    Returns:
        Shape ``(L,)``, twice.

    Raises:
        DistributionError: these make no normal distribution (MFV-1).
    """
    (mean,), diagonal, _ = _target(precision, mean=mean)
    return mean, 1 / np.sqrt(diagonal)


def normal_target_gap(precision: npt.ArrayLike) -> float:
    """Return what the best product of normal distributions lacks of the evidence, in nats.

    Spec: MFV-1. With the Cholesky factor C of P scaled to a unit diagonal,

        (sum_i log P_ii - log det P) / 2  =  -sum_i log C_ii

    Args:
        precision: shape ``(L, L)``.

    Raises:
        DistributionError: `precision` is no precision matrix (MFV-1).
    """
    _, _, factor = _target(precision)
    return -float(np.log(np.diagonal(factor)).sum()) + 0.0


def normal_target_elbo(
    mu: npt.ArrayLike,
    sigma: npt.ArrayLike,
    mean: npt.ArrayLike,
    precision: npt.ArrayLike,
    log_evidence: float = 0.0,
) -> float:
    """Return the ELBO of a product of normal distributions, in nats.

    Spec: MFV-1. With P' of a unit diagonal, ``d_i = (mu_i - mean_i) sqrt(P_ii)`` and
    ``r_i = sigma_i sqrt(P_ii)``,

        log p(x)  -  d^T P' d / 2  -  sum_i (r_i^2 - 1 - log r_i^2) / 2  -  gap

    Args:
        mu: shape ``(L,)``; `sigma` and `mean` likewise.
        precision: shape ``(L, L)``.
        log_evidence: ``log p(x)``.

    Raises:
        DistributionError: these make no normal distributions (MFV-1).
    """
    (mu, sigma, mean), diagonal, factor = _target(precision, mu=mu, sigma=sigma, mean=mean)
    check_positive(sigma=sigma)
    d, r = (mu - mean) * np.sqrt(diagonal), sigma * np.sqrt(diagonal)
    quadratic = ((factor.T @ d) ** 2).sum() + (r**2 - 1 - 2 * np.log(r)).sum()
    return log_evidence - float(quadratic) / 2 + float(np.log(np.diagonal(factor)).sum())


def normal_target_update(
    i: int, mu: npt.ArrayLike, mean: npt.ArrayLike, precision: npt.ArrayLike
) -> tuple[float, float]:
    """Return the mean and standard deviation that are best for factor `i`, given the others.

    Spec: MFV-1.

        mean_i  -  sum_{j != i} P_ij (mu_j - mean_j) / P_ii        P_ii^(-1/2)

    Args:
        i: in ``[0, L)``.
        mu: shape ``(L,)``; the means of all factors.

    Raises:
        DistributionError: these make no normal distribution, or `i` is out of range (MFV-1).
    """
    (mu, mean), diagonal, _ = _target(precision, mu=mu, mean=mean)
    if not 0 <= i < mu.size:
        raise DistributionError(f"factor {i} of {mu.size}")
    row = np.asarray(precision, np.float64)[i]
    others = row @ (mu - mean) - row[i] * (mu[i] - mean[i])
    return float(mean[i] - others / diagonal[i]), float(1 / np.sqrt(diagonal[i]))


def _target(
    precision: npt.ArrayLike, **vectors: npt.ArrayLike
) -> tuple[tuple[Floats, ...], Floats, Floats]:
    """Return the vectors, the diagonal of the matrix, and the factor of its scaled form."""
    (matrix,) = reals(precision=precision)
    arrays = reals(**vectors)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise DistributionError(f"a precision of shape {matrix.shape}")
    for name, array in zip(vectors, arrays, strict=True):
        if array.shape != matrix.shape[:1]:
            raise DistributionError(f"{name} has {array.shape}, precision {matrix.shape}")
    diagonal = np.diagonal(matrix).copy()
    check_positive(diagonal=diagonal)
    scaled = matrix / np.sqrt(diagonal) / np.sqrt(diagonal)[:, None]
    if not (np.abs(scaled - scaled.T) <= SYMMETRY_TOLERANCE).all():
        raise DistributionError("a precision that is not symmetric")
    try:
        return arrays, diagonal, np.asarray(np.linalg.cholesky(scaled), np.float64)
    except np.linalg.LinAlgError:
        raise DistributionError("a precision that is not positive definite") from None
