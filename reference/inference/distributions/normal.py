"""Normal distributions, given by a mean and a standard deviation.

Spec: DIS-3, DIS-4, DIS-20 to DIS-22.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), section 8.1.

``sigma`` is the standard deviation, not the variance, and not its logarithm.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from reference.inference.distributions.parameters import (
    Floats,
    Shape,
    check_positive,
    reals,
    sample_shape,
)
from reference.inference.distributions.remainders import ratio_excess

__all__ = [
    "LOG_TAU",
    "normal_cdf",
    "normal_cross_entropy",
    "normal_entropy",
    "normal_from_noise",
    "normal_kl",
    "normal_log_density",
    "normal_sample",
]

LOG_TAU = np.log(2 * np.pi)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def normal_log_density(x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return log N(x; mu, sigma^2), in nats.

    Spec: DIS-3.

        -((x - mu) / sigma)^2 / 2 - log sigma - log(2 pi) / 2

    Args:
        x: finite; the three broadcast.
        mu: finite; the mean.
        sigma: positive; the standard deviation.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    check_positive(sigma=sigma)
    return np.asarray(-(((x - mu) / sigma) ** 2) / 2 - np.log(sigma) - LOG_TAU / 2)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def normal_cdf(x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return the probability that a variable of N(mu, sigma^2) is at most `x`.

    Spec: DIS-20.

        Phi((x - mu) / sigma)

    Args:
        x: finite; the three broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    check_positive(sigma=sigma)
    return np.asarray(ndtr((x - mu) / sigma))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def normal_from_noise(eps: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return what standard normal noise becomes under N(mu, sigma^2).

    Spec: DIS-21.

        mu + sigma eps

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    eps, mu, sigma = reals(eps=eps, mu=mu, sigma=sigma)
    check_positive(sigma=sigma)
    return np.asarray(mu + sigma * eps)


def normal_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, sigma: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws from N(mu, sigma^2).

    Spec: DIS-22. They are `normal_from_noise` of `rng.standard_normal`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    mu, sigma = reals(mu=mu, sigma=sigma)
    return normal_from_noise(rng.standard_normal(sample_shape(shape, mu, sigma)), mu, sigma)


def normal_entropy(sigma: npt.ArrayLike) -> Floats:
    """Return the differential entropy of N(., sigma^2), in nats; it may be negative.

    Spec: DIS-4.

        (1 + log(2 pi)) / 2 + log sigma

    Raises:
        DistributionError: `sigma` is not positive and finite (DIS-1).
    """
    (sigma,) = reals(sigma=sigma)
    check_positive(sigma=sigma)
    return np.asarray((1 + LOG_TAU) / 2 + np.log(sigma))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def normal_cross_entropy(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> Floats:
    """Return the cross entropy -E_q[log p] of normal distributions, in nats.

    Spec: DIS-4.

        ((sigma_q / sigma_p)^2 + ((mu_q - mu_p) / sigma_p)^2 + log(2 pi)) / 2 + log sigma_p

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    mu_q, sigma_q, mu_p, sigma_p = _two(mu_q, sigma_q, mu_p, sigma_p)
    squares = (sigma_q / sigma_p) ** 2 + ((mu_q - mu_p) / sigma_p) ** 2
    return np.asarray((squares + LOG_TAU) / 2 + np.log(sigma_p))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def normal_kl(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of normal distributions, in nats; at least 0.

    Spec: DIS-4, DIS-11.

        ((mu_q - mu_p) / sigma_p)^2 / 2  +  (r - 1)^2 / 2  +  (r - 1 - log r)
        with r = sigma_q / sigma_p

    It is the textbook form with ``r^2 - 1`` taken apart, so that no term is negative.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    mu_q, sigma_q, mu_p, sigma_p = _two(mu_q, sigma_q, mu_p, sigma_p)
    squares = ((mu_q - mu_p) / sigma_p) ** 2 + ((sigma_q - sigma_p) / sigma_p) ** 2
    return np.asarray(squares / 2 + ratio_excess(sigma_q, sigma_p))


def _two(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> tuple[Floats, ...]:
    arrays = reals(mu_q=mu_q, sigma_q=sigma_q, mu_p=mu_p, sigma_p=sigma_p)
    check_positive(sigma_q=arrays[1], sigma_p=arrays[3])
    return arrays
