"""Logit-normal distributions, given by the mean and standard deviation of the logit.

Spec: DIS-14, DIS-20 to DIS-22.
Source: J. Aitchison, S. Shen, "Logistic-normal distributions: some properties and uses",
Biometrika 67 (1980).

The variable is ``1 / (1 + exp(-y))`` with ``y`` of N(mu, sigma^2): ``mu`` is not its own mean,
which has no closed form, and neither has its entropy.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from reference.inference.distributions.normal import (
    normal_cdf,
    normal_from_noise,
    normal_kl,
    normal_log_density,
)
from reference.inference.distributions.parameters import Floats, Shape, reals, sample_shape

__all__ = [
    "logit_normal_cdf",
    "logit_normal_from_noise",
    "logit_normal_kl",
    "logit_normal_log_density",
    "logit_normal_sample",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def logit_normal_log_density(
    x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike
) -> Floats:
    """Return the log density at `x` of the logit-normal, in nats; -inf outside (0, 1).

    Spec: DIS-14.

        log N(logit x; mu, sigma^2) - log x - log(1 - x)

    Args:
        x: finite; the three broadcast.
        mu: finite; the mean of the logit.
        sigma: positive; its standard deviation.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    inside = (x > 0) & (x < 1)
    y = np.where(inside, x, 0.5)
    log_density = normal_log_density(logit(y), mu, sigma) - np.log(y) - np.log1p(-y)
    return np.where(inside, log_density, -np.inf)


def logit_normal_cdf(x: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike) -> Floats:
    """Return the probability that a logit-normal variable is at most `x`.

    Spec: DIS-20.

        Phi((logit x - mu) / sigma)

    It is 0 for x <= 0 and 1 for x >= 1.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, mu, sigma = reals(x=x, mu=mu, sigma=sigma)
    inside = (x > 0) & (x < 1)
    return np.where(inside, normal_cdf(logit(np.where(inside, x, 0.5)), mu, sigma), x >= 1)


def logit_normal_from_noise(
    eps: npt.ArrayLike, mu: npt.ArrayLike, sigma: npt.ArrayLike
) -> Floats:
    """Return what standard normal noise becomes under the logit-normal, in [0, 1].

    Spec: DIS-21.

        1 / (1 + exp(-(mu + sigma eps)))

    Where the logit is beyond 37 that is 1 in binary64, where no density is: what goes on
    to use the logit takes `normal_from_noise`.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    return np.asarray(expit(normal_from_noise(eps, mu, sigma)))


def logit_normal_sample(
    rng: np.random.Generator, mu: npt.ArrayLike, sigma: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws from the logit-normal, in [0, 1].

    Spec: DIS-22. They are `logit_normal_from_noise` of `rng.standard_normal`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    mu, sigma = reals(mu=mu, sigma=sigma)
    return logit_normal_from_noise(
        rng.standard_normal(sample_shape(shape, mu, sigma)), mu, sigma
    )


def logit_normal_kl(
    mu_q: npt.ArrayLike, sigma_q: npt.ArrayLike, mu_p: npt.ArrayLike, sigma_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of logit-normal distributions, in nats; at least 0.

    Spec: DIS-14, DIS-11. It is that of the normal ones.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    return normal_kl(mu_q, sigma_q, mu_p, sigma_p)
