"""Gamma distributions, given by a shape and a rate.

Spec: DIS-7, DIS-20, DIS-22.
Source: W. Penny, "Kullback-Leibler divergences of normal, gamma, Dirichlet and Wishart
densities" (2001), with the logarithms of gamma functions taken apart by DIS-2.

The density is proportional to ``x^(a-1) exp(-b x)``, so the mean is ``a / b``: ``b`` is the
rate, the inverse of what numpy and scipy call the scale.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaln, xlogy

from reference.inference.distributions.parameters import (
    Floats,
    Shape,
    check_positive,
    reals,
    sample_shape,
)
from reference.inference.distributions.remainders import (
    HALF_LOG_TAU,
    log_minus_digamma,
    ratio_excess,
    stirling_remainder,
)

__all__ = [
    "gamma_cdf",
    "gamma_entropy",
    "gamma_kl",
    "gamma_log_density",
    "gamma_sample",
    "shape_excess",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def gamma_log_density(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the log density at `x` of the gamma distribution, in nats; -inf for x < 0.

    Spec: DIS-7.

        a log b - log Gamma(a) + (a - 1) log x - b x

    At 0 it is ``inf`` for a < 1, ``log b`` for a = 1, and ``-inf`` for a > 1.

    Args:
        x: finite; the three broadcast.
        a: positive; the shape.
        b: positive; the rate.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, a, b = reals(x=x, a=a, b=b)
    check_positive(a=a, b=b)
    y = np.maximum(x, 0)
    inside = xlogy(a, b) - gammaln(a) + xlogy(a - 1, y) - b * y
    return np.where(x >= 0, inside, -np.inf)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def gamma_cdf(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the probability that a gamma variable is at most `x`.

    Spec: DIS-20.

        P(a, b x), the regularised lower incomplete gamma function

    Args:
        x: finite; the three broadcast.
        a: positive; the shape.
        b: positive; the rate.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, a, b = reals(x=x, a=a, b=b)
    check_positive(a=a, b=b)
    return np.asarray(np.minimum(gammainc(a, b * np.maximum(x, 0)), 1))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def gamma_sample(
    rng: np.random.Generator, a: npt.ArrayLike, b: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws of a gamma variable.

    Spec: DIS-22. They are those of `rng.standard_gamma`, divided by the rate. Of a small
    shape about ``2^(-1074 a)`` of them are below binary64, and are 0.

    Args:
        a: positive; the shape.
        b: positive; the rate.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    return np.asarray(rng.standard_gamma(a, sample_shape(shape, a, b)) / b)


def gamma_entropy(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the differential entropy of the gamma distribution, in nats.

    Spec: DIS-7.

        a - log b + log Gamma(a) + (1 - a) psi(a)
            =  log(2 pi) / 2 + log(a) / 2 - log b + stirling(a) + (a - 1) (log a - psi(a))

    Args:
        a: positive; the shape.
        b: positive; the rate.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    logs = HALF_LOG_TAU + np.log(a) / 2 - np.log(b)
    return np.asarray(logs + stirling_remainder(a) + (a - 1) * log_minus_digamma(a))


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def gamma_kl(
    a_q: npt.ArrayLike, b_q: npt.ArrayLike, a_p: npt.ArrayLike, b_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of gamma distributions, in nats; at least 0.

    Spec: DIS-7, DIS-11.

        (a_q - a_p) psi(a_q) - log Gamma(a_q) + log Gamma(a_p)
            + a_p log(b_q / b_p) + a_q (b_p - b_q) / b_q
        =  a_p (r - 1 - log r) + shape_excess(a_q, a_p),   r = (a_q / b_q) / (a_p / b_p)

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    a_q, b_q, a_p, b_p = reals(a_q=a_q, b_q=b_q, a_p=a_p, b_p=b_p)
    check_positive(a_q=a_q, b_q=b_q, a_p=a_p, b_p=b_p)
    means = a_p * ratio_excess(a_q / a_p, b_q / b_p)
    return np.maximum(means + shape_excess(a_q, a_p), 0)


def shape_excess(a: Floats, c: Floats) -> Floats:
    """Return KL(Gamma(a) || Gamma(c)), in nats, of gamma distributions with the same mean.

    Spec: DIS-7.

        log(a / c) / 2 + stirling(c) - stirling(a) + (c - a) (log a - psi(a))

    Args:
        a: positive; the shape of the first one.
        c: positive; of the second one.
    """
    near = np.abs(a - c) < 0.5 * c
    log_ratio = np.where(near, np.log1p(np.where(near, (a - c) / c, 0)), np.log(a) - np.log(c))
    remainders = stirling_remainder(c) - stirling_remainder(a)
    return np.asarray(log_ratio / 2 + remainders + (c - a) * log_minus_digamma(a))
