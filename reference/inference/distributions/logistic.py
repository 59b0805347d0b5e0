"""Logistic distributions, given by a location and a scale.

Spec: DIS-15, DIS-20 to DIS-22.
Source: N. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions 2 (1995),
chapter 23.

``scale`` is the ``s`` of the cumulative distribution ``sigmoid((x - mu) / s)``; the standard
deviation is ``pi / sqrt(3)`` times as large. The divergence between two scales has no closed
form.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from reference.inference.distributions.parameters import (
    Floats,
    Shape,
    check_positive,
    reals,
    sample_shape,
)

__all__ = [
    "logistic_cdf",
    "logistic_entropy",
    "logistic_from_noise",
    "logistic_log_density",
    "logistic_sample",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def logistic_log_density(x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the log density at `x` of the logistic distribution, in nats.

    Spec: DIS-15.

        log sigmoid(t) + log sigmoid(-t) - log scale,   t = (x - mu) / scale

    Args:
        x: finite; the three broadcast.
        mu: finite; the mean, and the median.
        scale: positive; the standard deviation is ``pi / sqrt(3)`` times as large.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, scale = reals(x=x, mu=mu, scale=scale)
    check_positive(scale=scale)
    t = (x - mu) / scale
    return np.asarray(log_expit(t) + log_expit(-t) - np.log(scale))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def logistic_cdf(x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the probability that a logistic variable is at most `x`.

    Spec: DIS-20.

        sigmoid(t) = 1 / (1 + exp(-t)),   t = (x - mu) / scale

    Args:
        x: finite; the three broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, scale = reals(x=x, mu=mu, scale=scale)
    check_positive(scale=scale)
    return np.asarray(expit((x - mu) / scale))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def logistic_from_noise(eps: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return what standard logistic noise becomes at another location and scale.

    Spec: DIS-21.

        mu + scale eps

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    eps, mu, scale = reals(eps=eps, mu=mu, scale=scale)
    check_positive(scale=scale)
    return np.asarray(mu + scale * eps)


def logistic_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, scale: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws of a logistic variable.

    Spec: DIS-22. They are `logistic_from_noise` of `rng.logistic`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    mu, scale = reals(mu=mu, scale=scale)
    eps = rng.logistic(size=sample_shape(shape, mu, scale))
    return logistic_from_noise(eps, mu, scale)


def logistic_entropy(scale: npt.ArrayLike) -> Floats:
    """Return the differential entropy of the logistic distribution, in nats.

    Spec: DIS-15.

        2 + log scale

    Raises:
        DistributionError: `scale` is not positive and finite (DIS-1).
    """
    (scale,) = reals(scale=scale)
    check_positive(scale=scale)
    return np.asarray(2 + np.log(scale))
