"""Beta distributions, given by two shapes.

Spec: DIS-8, DIS-20, DIS-22.
Source: the closed forms are in N. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate
Distributions 2 (1995), chapter 25, here with gamma functions taken apart by DIS-2.

The density is proportional to ``x^(a-1) (1-x)^(b-1)``, so the mean is ``a / (a + b)``.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, xlog1py, xlogy

from reference.inference.distributions.gamma import shape_excess
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

__all__ = ["beta_cdf", "beta_entropy", "beta_kl", "beta_log_density", "beta_sample"]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def beta_log_density(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the log density at `x` of the beta distribution, in nats; -inf beyond [0, 1].

    Spec: DIS-8.

        (a - 1) log x + (b - 1) log(1 - x) - log B(a, b)

    Args:
        x: finite; the three broadcast.
        a: positive; the shape at 0.
        b: positive; the shape at 1.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, a, b = reals(x=x, a=a, b=b)
    check_positive(a=a, b=b)
    y = np.clip(x, 0, 1)
    inside = xlogy(a - 1, y) + xlog1py(b - 1, -y) - _log_beta(a, b)
    return np.where(x == y, inside, -np.inf)


def beta_cdf(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the probability that a beta variable is at most `x`.

    Spec: DIS-20.

        I_x(a, b), the regularised incomplete beta function

    Args:
        x: finite; the three broadcast.
        a: positive; the shape at 0.
        b: positive; the shape at 1.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    x, a, b = reals(x=x, a=a, b=b)
    check_positive(a=a, b=b)
    return np.asarray(betainc(a, b, np.clip(x, 0, 1)))


def beta_sample(
    rng: np.random.Generator, a: npt.ArrayLike, b: npt.ArrayLike, shape: Shape = ()
) -> Floats:
    """Return draws of a beta variable, in [0, 1].

    Spec: DIS-22. They are those of `rng.beta`; of small shapes many are 0 or 1 in binary64.

    Args:
        a: positive; the shape at 0.
        b: positive; the shape at 1.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none
            (DIS-22).
    """
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    return np.asarray(rng.beta(a, b, sample_shape(shape, a, b)))


def beta_entropy(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the differential entropy of the beta distribution, in nats; at most 0.

    Spec: DIS-8. With ``c = a + b``,

        log B(a, b) - (a - 1) psi(a) - (b - 1) psi(b) + (c - 2) psi(c)
        =  (log(2 pi) + log a + log b - 3 log c) / 2 + stirling(a) + stirling(b) - stirling(c)
            + (a - 1) (log a - psi(a)) + (b - 1) (log b - psi(b)) - (c - 2) (log c - psi(c))

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    c = a + b
    logs = HALF_LOG_TAU + (np.log(a) + np.log(b) - 3 * np.log(c)) / 2
    remainders = stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(c)
    slopes = (a - 1) * log_minus_digamma(a) + (b - 1) * log_minus_digamma(b)
    entropy = logs + remainders + slopes - (c - 2) * log_minus_digamma(c)
    return np.asarray(np.minimum(entropy, 0))


def beta_kl(
    a_q: npt.ArrayLike, b_q: npt.ArrayLike, a_p: npt.ArrayLike, b_p: npt.ArrayLike
) -> Floats:
    """Return KL(q || p) of beta distributions, in nats; at least 0.

    Spec: DIS-8, DIS-11. With ``c = a + b``,

        log B(a_p, b_p) - log B(a_q, b_q) + (a_q - a_p) psi(a_q) + (b_q - b_p) psi(b_q)
            + (c_p - c_q) psi(c_q)
        =  G(a_q, a_p) + G(b_q, b_p) - G(c_q, c_p)
        with G(s, t) = t (s/t - 1 - log(s/t)) + shape_excess(s, t)

    Raises:
        DistributionError: a parameter is out of its range (DIS-1).
    """
    a_q, b_q, a_p, b_p = reals(a_q=a_q, b_q=b_q, a_p=a_p, b_p=b_p)
    check_positive(a_q=a_q, b_q=b_q, a_p=a_p, b_p=b_p)
    return np.maximum(
        _bregman(a_q, a_p) + _bregman(b_q, b_p) - _bregman(a_q + b_q, a_p + b_p), 0
    )


def _log_beta(a: Floats, b: Floats) -> Floats:
    """Return log B(a, b): that of scipy is infinite for shapes such as 2**256 and 2**276."""
    c = a + b
    logs = HALF_LOG_TAU - (np.log(a) + np.log(b) - np.log(c)) / 2
    remainders = stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(c)
    return np.asarray(logs + remainders - a * np.log1p(b / a) - b * np.log1p(a / b))


def _bregman(s: Floats, t: Floats) -> Floats:
    """Return log Gamma(t) - log Gamma(s) - (t - s) psi(s): by how much it is convex."""
    return np.asarray(t * ratio_excess(s, t) + shape_excess(s, t))
