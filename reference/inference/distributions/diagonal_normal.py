"""Normal distributions of vectors of independent components, given by standard deviations.

Spec: DIS-5, DIS-22.
Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 2.3.

``L`` is the number of components, on the last axis. What the noise becomes is that of each
component: `normal_from_noise`.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.normal import (
    normal_entropy,
    normal_kl,
    normal_log_density,
    normal_sample,
)
from reference.inference.distributions.parameters import Floats, Shape, reals

__all__ = [
    "diagonal_normal_entropy",
    "diagonal_normal_kl",
    "diagonal_normal_log_density",
    "diagonal_normal_sample",
]


def diagonal_normal_log_density(
    x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike
) -> Floats:
    """Return the log density at `x` of ``L`` independent normal variables, in nats.

    Spec: DIS-5.

    Args:
        x: shape ``(..., L)``; the three broadcast.
        mu: shape ``(..., L)``; means.
        sigma: shape ``(..., L)``; standard deviations.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or has no axis (DIS-5).
    """
    return _sum(normal_log_density(x, mu, sigma))


def diagonal_normal_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, sigma: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws of ``L`` independent normal variables.

    Spec: DIS-22. They are those of `normal_sample`.

    Args:
        mu: shape ``(..., L)``; means.
        sigma: shape ``(..., L)``; standard deviations.

    Returns:
        Shape ``(*shape, ..., L)``.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), they have no axis (DIS-5),
            or `shape` is none (DIS-22).
    """
    mu, sigma = reals(mu=mu, sigma=sigma)
    _check_axis(mu.ndim or sigma.ndim)
    return normal_sample(rng, mu, sigma, shape)


def diagonal_normal_entropy(sigma: npt.ArrayLike) -> Floats:
    """Return the differential entropy of ``L`` independent normal variables, in nats.

    Spec: DIS-5.

    Args:
        sigma: shape ``(..., L)``; standard deviations.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: `sigma` is out of its range (DIS-1), or has no axis (DIS-5).
    """
    return _sum(normal_entropy(sigma))


def diagonal_normal_kl(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of ``L`` independent normal variables, in nats; at least 0.

    Spec: DIS-5, DIS-11.

    Args:
        mu_q: shape ``(..., L)``; the four broadcast.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or has no axis (DIS-5).
    """
    return _sum(normal_kl(mu_q, sigma_q, mu_p, sigma_p))


def _sum(terms: Floats) -> Floats:
    _check_axis(terms.ndim)
    return np.asarray(terms.sum(-1))


def _check_axis(ndim: int) -> None:
    if ndim == 0:
        raise DistributionError("a vector of variables has an axis; this is one number")
