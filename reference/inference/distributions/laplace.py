"""Laplace distributions, given by a location and a scale.

Spec: DIS-9, DIS-20 to DIS-22.
Source: S. Kotz, T. Kozubowski, K. Podgorski, The Laplace Distribution and Generalizations
(2001), chapter 2; the divergence is an integral of its two pieces.

``scale`` is the mean of ``|x - mu|``; the standard deviation is ``sqrt(2)`` times as large.
"""

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.parameters import (
    Floats,
    Shape,
    check_positive,
    reals,
    sample_shape,
)
from reference.inference.distributions.remainders import ratio_excess, rise_of_exp

__all__ = [
    "laplace_cdf",
    "laplace_entropy",
    "laplace_from_noise",
    "laplace_kl",
    "laplace_log_density",
    "laplace_sample",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def laplace_log_density(x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the log density at `x` of the Laplace distribution, in nats.

    Spec: DIS-9.

        -|x - mu| / scale - log(2 scale)

    Args:
        x: finite; the three broadcast.
        mu: finite; the mean, and the median.
        scale: positive; the mean of ``|x - mu|``.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, scale = reals(x=x, mu=mu, scale=scale)
    check_positive(scale=scale)
    return np.asarray(-np.abs(x - mu) / scale - np.log(scale) - np.log(2))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def laplace_cdf(x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the probability that a Laplace variable is at most `x`.

    Spec: DIS-20.

        exp(t) / 2 for t < 0,   1 - exp(-t) / 2 otherwise,   t = (x - mu) / scale

    Args:
        x: finite; the three broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, scale = reals(x=x, mu=mu, scale=scale)
    check_positive(scale=scale)
    t = (x - mu) / scale
    half = np.exp(-np.abs(t)) / 2
    return np.where(t < 0, half, 1 - half)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def laplace_from_noise(eps: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return what standard Laplace noise becomes at another location and scale.

    Spec: DIS-21.

        mu + scale eps

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    eps, mu, scale = reals(eps=eps, mu=mu, scale=scale)
    check_positive(scale=scale)
    return np.asarray(mu + scale * eps)


def laplace_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, scale: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws of a Laplace variable.

    Spec: DIS-22. They are `laplace_from_noise` of `rng.laplace`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    mu, scale = reals(mu=mu, scale=scale)
    eps = rng.laplace(size=sample_shape(shape, mu, scale))
    return laplace_from_noise(eps, mu, scale)


def laplace_entropy(scale: npt.ArrayLike) -> Floats:
    """Return the differential entropy of the Laplace distribution, in nats.

    Spec: DIS-9.

        1 + log(2 scale)

    Raises:
        DistributionError: `scale` is not positive and finite (DIS-1).
    """
    (scale,) = reals(scale=scale)
    check_positive(scale=scale)
    return np.asarray(1 + np.log(2) + np.log(scale))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def laplace_kl(
    mu_q: npt.ArrayLike, scale_q: npt.ArrayLike, mu_p: npt.ArrayLike, scale_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of Laplace distributions, in nats; at least 0.

    Spec: DIS-9, DIS-11.

        (r - 1 - log r)  +  r (exp(-d) - 1 + d)
        with r = scale_q / scale_p,   d = |mu_q - mu_p| / scale_q

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    mu_q, scale_q, mu_p, scale_p = reals(
        mu_q=mu_q, scale_q=scale_q, mu_p=mu_p, scale_p=scale_p
    )
    check_positive(scale_q=scale_q, scale_p=scale_p)
    moved = rise_of_exp(np.abs(mu_q - mu_p) / scale_q)
    return np.asarray(ratio_excess(scale_q, scale_p) + scale_q / scale_p * moved)
