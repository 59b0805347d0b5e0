"""Normal variables that depend on one another, given by a Cholesky factor.

Spec: GRD-22.
Source: M. Titsias, M. Lázaro-Gredilla, "Doubly stochastic variational Bayes for non-conjugate
inference", ICML 2014.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.gradients.arguments import Function, evaluate, rows_of_noise

__all__ = ["multivariate_normal_gradient"]


def multivariate_normal_gradient(
    f_gradient: Function, mu: npt.ArrayLike, factor: npt.ArrayLike, eps: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return gradients of ``E f(z)`` in the mean and the factor, one a row of noise.

    Spec: GRD-22. With ``z = mu + C eps``,

        grad f(z)        tril(grad f(z) eps^T)

    Args:
        f_gradient: of z, shape ``(..., L)``; of that shape.
        mu: shape ``(L,)``; the mean.
        factor: shape ``(L, L)``; C, of the covariance ``C C^T``: 0 above the diagonal, and
            positive on it.
        eps: shape ``(..., L)``; independent standard normal noise.

    Returns:
        Shape ``(..., L)``, and shape ``(..., L, L)`` with 0 above the diagonal.

    Raises:
        DistributionError: `factor` is no Cholesky factor for `mu` (GRD-22), or the noise
            breaks GRD-1.
        ModelError: `f_gradient` breaks GRD-1.
    """
    (mu,), (factor,) = reals(mu=mu), reals(factor=factor)
    if mu.ndim != 1 or not mu.size or factor.shape != (mu.size, mu.size):
        raise DistributionError(f"mu of shape {mu.shape}, factor of {factor.shape}")
    if np.triu(factor, 1).any() or not (np.diagonal(factor) > 0).all():
        raise DistributionError(f"{factor} is no Cholesky factor")
    eps = rows_of_noise(mu.shape, eps)
    z = mu + eps @ factor.T
    slope = evaluate(f_gradient, z, z.shape)
    return slope, np.tril(slope[..., :, None] * eps[..., None, :])
