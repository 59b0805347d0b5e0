"""Log-normal distributions, given by the mean and standard deviation of the logarithm.

Spec: DIS-3, DIS-4, DIS-20 to DIS-22.
Source: N. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions 1 (1994),
chapter 14.

The variable is ``exp(y)`` with ``y`` of N(mu, sigma^2): ``mu`` is not its own mean.
"""

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.normal import (
    normal_cdf,
    normal_entropy,
    normal_from_noise,
    normal_kl,
    normal_log_density,
)
from reference.inference.distributions.parameters import Floats, Shape, reals, sample_shape

__all__ = [
    "log_normal_cdf",
    "log_normal_entropy",
    "log_normal_from_noise",
    "log_normal_kl",
    "log_normal_log_density",
    "log_normal_sample",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def log_normal_log_density(
    x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike
) -> Floats:
    """Return the log density of exp(N(mu, sigma^2)) at `x`, in nats; -inf for x <= 0.

    Spec: DIS-3.

        log N(log x; mu, sigma^2) - log x

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    log_x = np.log(np.where(x > 0, x, 1))
    return np.where(x > 0, normal_log_density(log_x, mu, sigma) - log_x, -np.inf)


def log_normal_cdf(x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return the probability that exp(N(mu, sigma^2)) is at most `x`; 0 for x <= 0.

    Spec: DIS-20.

        Phi((log x - mu) / sigma)

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    log_x = np.log(np.where(x > 0, x, 1))
    return np.where(x > 0, normal_cdf(log_x, mu, sigma), 0)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def log_normal_from_noise(
    eps: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike
) -> Floats:
    """Return what standard normal noise becomes under exp(N(mu, sigma^2)).

    Spec: DIS-21.

        exp(mu + sigma eps)

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    return np.asarray(np.exp(normal_from_noise(eps, mu, sigma)))


def log_normal_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, sigma: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws from exp(N(mu, sigma^2)).

    Spec: DIS-22. They are `log_normal_from_noise` of `rng.standard_normal`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    mu, sigma = reals(mu=mu, sigma=sigma)
    return log_normal_from_noise(
        rng.standard_normal(sample_shape(shape, mu, sigma)), mu, sigma
    )


def log_normal_entropy(mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return the differential entropy of exp(N(mu, sigma^2)), in nats.

    Spec: DIS-4.

        mu + (1 + log(2 pi)) / 2 + log sigma

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    mu, sigma = reals(mu=mu, sigma=sigma)
    return np.asarray(mu + normal_entropy(sigma))


def log_normal_kl(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of log-normal distributions, in nats; at least 0.

    Spec: DIS-4, DIS-11. It is that of the normal ones.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    return normal_kl(mu_q, sigma_q, mu_p, sigma_p)
