"""Gumbel noise, and the sample of a categorical variable that it makes.

Spec: CON-1, CON-2.
Source: R. D. Luce, "Individual choice behavior" (1959); C. Maddison, D. Tarlow, T. Minka, "A*
sampling", NeurIPS 2014, arXiv:1411.0030; lecture 004.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals

__all__ = ["gumbel", "gumbel_max", "perturbed_weights", "uniform_noise"]


def gumbel(u: npt.ArrayLike) -> Floats:
    """Return the Gumbel variable that a uniform one is turned into. Spec: CON-1.

        -log(-log u)

    Args:
        u: in (0, 1); any shape.

    Raises:
        DistributionError: a number is not in (0, 1).
    """
    return np.asarray(-np.log(-np.log(uniform_noise(u))))


def gumbel_max(log_alpha: npt.ArrayLike, u: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return a sample of the categorical variable with these weights. Spec: CON-2.

        argmax_k (log alpha_k - log(-log u_k))

    It is k with probability ``alpha_k / sum(alpha)``.

    Args:
        log_alpha: shape ``(..., n)``; logarithms of weights, of any sum.
        u: broadcasts with it; in (0, 1).

    Returns:
        Shape ``(...)``; in ``[0, n)``; of equal maxima the first.

    Raises:
        DistributionError: a number is out of its range, or there is no axis of outcomes.
    """
    return np.asarray(np.argmax(perturbed_weights(log_alpha, u), axis=-1), np.int64)


def perturbed_weights(log_alpha: npt.ArrayLike, u: npt.ArrayLike) -> Floats:
    """Return ``log alpha_k - log(-log u_k)``. Spec: CON-2.

    Raises:
        DistributionError: a number is out of its range, or there is no axis of outcomes.
    """
    log_alpha, u = reals(log_alpha=log_alpha, u=u)
    y = np.asarray(log_alpha + gumbel(u))
    if y.ndim == 0 or y.shape[-1] == 0:
        raise DistributionError(f"an array of shape {y.shape} has no axis of outcomes")
    return y


def uniform_noise(u: npt.ArrayLike) -> Floats:
    """Return the noise as binary64. Spec: CON-1.

    Raises:
        DistributionError: a number is not in (0, 1).
    """
    (u,) = reals(u=u)
    if not ((u > 0) & (u < 1)).all():
        raise DistributionError(f"u is {u[~((u > 0) & (u < 1))][0]}, not in (0, 1)")
    return u
