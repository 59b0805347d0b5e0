"""Normal distributions of vectors, given by a mean and a covariance matrix.

Spec: DIS-6, DIS-21, DIS-22.
Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 2.3 and appendix B.

``L`` is the number of components, on the last axis. The diagonal of the matrix holds
variances, not standard deviations.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.normal import LOG_TAU
from reference.inference.distributions.parameters import (
    Floats,
    Shape,
    check_broadcast,
    reals,
    sample_shape,
)
from reference.inference.distributions.remainders import ratio_excess

__all__ = [
    "SYMMETRY_TOLERANCE",
    "multivariate_normal_entropy",
    "multivariate_normal_from_noise",
    "multivariate_normal_kl",
    "multivariate_normal_log_density",
    "multivariate_normal_sample",
]

SYMMETRY_TOLERANCE = 2.0**-40
"""How far a covariance may be from its transpose, in units of both deviations (DIS-6)."""


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def multivariate_normal_log_density(
    x: npt.ArrayLike, mu: npt.ArrayLike, covariance: npt.ArrayLike
) -> Floats:
    """Return log N(x; mu, covariance), in nats.

    Spec: DIS-6. With the Cholesky factor C of the covariance, ``covariance = C C^T``,

        -|C^-1 (x - mu)|^2 / 2 - sum_i log C_ii - L log(2 pi) / 2

    Args:
        x: shape ``(..., L)``.
        mu: shape ``(..., L)``.
        covariance: shape ``(..., L, L)``; variances and covariances.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or `covariance` is not
            symmetric and positive definite (DIS-6).
    """
    factor, x, mu = _factor(covariance, x=x, mu=mu)
    scaled = _solve(factor, (x - mu)[..., None])[..., 0]
    size = factor.shape[-1]
    return np.asarray(-(scaled**2).sum(-1) / 2 - _log_det(factor) - size * LOG_TAU / 2)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def multivariate_normal_from_noise(
    eps: npt.ArrayLike, mu: npt.ArrayLike, covariance: npt.ArrayLike
) -> Floats:
    """Return what independent standard normal noise becomes under N(mu, covariance).

    Spec: DIS-21. With the Cholesky factor C of the covariance,

        mu + C eps

    Args:
        eps: shape ``(..., L)``.
        mu: shape ``(..., L)``.
        covariance: shape ``(..., L, L)``; variances and covariances.

    Returns:
        Shape ``(..., L)``.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or `covariance` is not
            symmetric and positive definite (DIS-6).
    """
    factor, eps, mu = _factor(covariance, eps=eps, mu=mu)
    return np.asarray(mu + (factor * eps[..., None, :]).sum(-1))


def multivariate_normal_sample(
    rng: np.random.Generator,
    mu: npt.ArrayLike,
    covariance: npt.ArrayLike,
    shape: Shape = (),
) -> Floats:
    """Return draws from N(mu, covariance).

    Spec: DIS-22. They are `multivariate_normal_from_noise` of `rng.standard_normal`.

    Args:
        mu: shape ``(..., L)``.
        covariance: shape ``(..., L, L)``; variances and covariances.

    Returns:
        Shape ``(*shape, ..., L)``.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `covariance` is not
            symmetric and positive definite (DIS-6), or `shape` is none (DIS-22).
    """
    factor, mu = _factor(covariance, mu=mu)
    eps = rng.standard_normal(sample_shape(shape, mu, factor[..., 0]))
    return multivariate_normal_from_noise(eps, mu, covariance)


def multivariate_normal_entropy(covariance: npt.ArrayLike) -> Floats:
    """Return the differential entropy of N(., covariance), in nats.

    Spec: DIS-6.

        L (1 + log(2 pi)) / 2 + sum_i log C_ii

    Args:
        covariance: shape ``(..., L, L)``; variances and covariances.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: `covariance` is not finite (DIS-1), or not symmetric and positive
            definite (DIS-6).
    """
    (factor,) = _factor(covariance)
    return np.asarray(factor.shape[-1] * (1 + LOG_TAU) / 2 + _log_det(factor))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def multivariate_normal_kl(
    mu_q: npt.ArrayLike,
    covariance_q: npt.ArrayLike,
    mu_p: npt.ArrayLike,
    covariance_p: npt.ArrayLike,
) -> Floats:
    """Return KL(q || p) of normal distributions, in nats; at least 0.

    Spec: DIS-6, DIS-11. With the Cholesky factors Q and P of the covariances, and the lower
    triangular M = P^-1 Q,

        |P^-1 (mu_q - mu_p)|^2 / 2  +  sum_{i > j} M_ij^2 / 2
            +  sum_i ((M_ii - 1)^2 / 2  +  M_ii - 1 - log M_ii)

    That is the textbook's trace and determinants, with no term negative.

    Args:
        mu_q: shape ``(..., L)``; `mu_p` likewise.
        covariance_q: shape ``(..., L, L)``; `covariance_p` likewise.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or a covariance is not
            symmetric and positive definite (DIS-6).
    """
    factor_q, mu_q, mu_p = _factor(covariance_q, mu_q=mu_q, mu_p=mu_p)
    (factor_p,) = _factor(covariance_p)
    if factor_q.shape[-1] != factor_p.shape[-1]:
        raise DistributionError(f"{factor_q.shape[-1]} and {factor_p.shape[-1]} components")
    check_broadcast(factor_q.shape[:-1], factor_p.shape[:-1], mu_q.shape, mu_p.shape)
    scaled = _solve(factor_p, (mu_q - mu_p)[..., None])[..., 0]
    below = np.tril(_solve(factor_p, factor_q), -1)
    q, p = (np.diagonal(f, axis1=-2, axis2=-1) for f in (factor_q, factor_p))
    diagonal = ((q - p) / p) ** 2 / 2 + ratio_excess(q, p)
    return np.asarray(
        (scaled**2).sum(-1) / 2 + (below**2).sum((-1, -2)) / 2 + diagonal.sum(-1)
    )


def _factor(covariance: npt.ArrayLike, **vectors: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return the Cholesky factor of a covariance, and vectors of its size."""
    (matrix,) = reals(covariance=covariance)
    arrays = reals(**vectors)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] == 0:
        raise DistributionError(f"a covariance of shape {matrix.shape} is not square")
    if any(v.ndim < 1 or v.shape[-1] != matrix.shape[-1] for v in arrays):
        raise DistributionError(
            f"vectors of shapes {[v.shape for v in arrays]} for {matrix.shape}"
        )
    check_broadcast(matrix.shape[:-1], *(v.shape for v in arrays))
    deviations = np.sqrt(np.abs(np.diagonal(matrix, axis1=-2, axis2=-1)))
    bound = SYMMETRY_TOLERANCE * deviations[..., :, None] * deviations[..., None, :]
    if (np.abs(matrix - np.swapaxes(matrix, -1, -2)) > bound).any():
        raise DistributionError("a covariance is not symmetric")
    try:
        return np.asarray(np.linalg.cholesky(matrix), np.float64), *arrays
    except np.linalg.LinAlgError:
        raise DistributionError("a covariance is not positive definite") from None


def _solve(factor: Floats, b: Floats) -> Floats:
    """Return ``factor^-1 b`` by forward substitution: of b = factor exactly the identity."""
    shape = np.broadcast_shapes(factor.shape[:-2], b.shape[:-2])
    x = np.zeros((*shape, *b.shape[-2:]))
    for i in range(b.shape[-2]):
        known = (factor[..., i, :i, None] * x[..., :i, :]).sum(-2)
        x[..., i, :] = (b[..., i, :] - known) / factor[..., i, i, None]
    return x


def _log_det(factor: Floats) -> Floats:
    return np.asarray(np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1))
