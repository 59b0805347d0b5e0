"""Negative binomial distributions, given by a number of failures and a success probability.

Spec: DIS-17, DIS-20, DIS-22.
Source: N. Johnson, A. Kemp, S. Kotz, Univariate Discrete Distributions (2005), chapter 5; the
form with deviances is that of C. Loader, "Fast and accurate computation of binomial
probabilities" (2000).

The variable counts the successes before failure number ``r``, and ``p`` is the probability of
a success, of what is counted: the mean ``r p / (1 - p)`` rises with it. In numpy and scipy
``p`` is that of what ends the counting, ``1 - p`` here. ``r`` need not be whole: the variable
is Poisson with a gamma distributed rate, of shape ``r`` and scale ``p / (1 - p)``.

The entropy, and the divergence between two numbers ``r``, have no closed form.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import betaincc

from reference.errors import DistributionError
from reference.inference.distributions.parameters import (
    Counts,
    Floats,
    Shape,
    check_broadcast,
    check_positive,
    outcomes,
    reals,
    sample_shape,
    unit_reals,
)
from reference.inference.distributions.remainders import (
    HALF_LOG_TAU,
    ratio_excess,
    stirling_remainder,
)

__all__ = [
    "count_log_mass",
    "negative_binomial_cdf",
    "negative_binomial_log_mass",
    "negative_binomial_sample",
]

LARGEST_SCALE = 2.0**44
"""Of a draw: draws then stay below ``2**52`` (DIS-22)."""


def negative_binomial_log_mass(x: npt.ArrayLike, r: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the log mass at `x` of the negative binomial distribution, in nats.

    Spec: DIS-17.

        log Gamma(x + r) - log x! - log Gamma(r) + x log p + r log(1 - p)

    Args:
        x: whole numbers, of successes; -inf for x < 0.
        r: positive; the number of failures at which counting ends.
        p: in ``[0, 1)``; the probability of a success. The three broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or an outcome is no whole
            number (DIS-12).
    """
    r, p = _parameters(r, p)
    x, r, p = outcomes(x, r, p)
    return np.where(x >= 0, count_log_mass(np.maximum(x, 0), r, p, 1 - p), -np.inf)


def negative_binomial_cdf(x: npt.ArrayLike, r: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the probability that a negative binomial variable is at most `x`.

    Spec: DIS-20.

        1 - I_p(k + 1, r),   k the largest whole number up to x

    Args:
        x: finite; the three broadcast.
        r: positive; the number of failures at which counting ends.
        p: in ``[0, 1)``; the probability of a success.

    Raises:
        DistributionError: an argument is out of its range (DIS-1).
    """
    (x,) = reals(x=x)
    r, p = _parameters(r, p)
    check_broadcast(x.shape, r.shape, p.shape)
    k = np.floor(np.maximum(x, 0))
    return np.where(x >= 0, betaincc(k + 1, r, p), 0)


def negative_binomial_sample(
    rng: np.random.Generator, r: npt.ArrayLike, p: npt.ArrayLike, shape: Shape = ()
) -> Counts:
    """Return draws of a negative binomial variable.

    Spec: DIS-22. They are Poisson draws with the rates ``y p / (1 - p)``, where y are draws of
    `rng.standard_gamma` of shape `r`.

    Args:
        r: positive; the number of failures at which counting ends.
        p: in ``[0, 1)``; the probability of a success.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), or `shape` is none, or
            ``max(r, 1) p / (1 - p)`` is above ``2**44`` (DIS-22).
    """
    r, p = _parameters(r, p)
    odds = p / (1 - p)
    largest = (np.maximum(r, 1) * odds).max(initial=0)
    if largest > LARGEST_SCALE:
        raise DistributionError(f"counts around {largest}: above 2**44")
    return np.asarray(rng.poisson(rng.standard_gamma(r, sample_shape(shape, r, p)) * odds))


def count_log_mass(x: Floats, r: Floats, p: Floats, q: Floats) -> Floats:
    """Return the log mass at x of the negative binomial of `r` and `p`, with ``q = 1 - p``.

    Spec: DIS-17. With ``n = x + r``, for x > 0,

        log(r / (2 pi x n)) / 2 + stirling(n) - stirling(x) - stirling(r)
            - x excess(n p / x) - r excess(n q / r)

    which at 0 is ``r log q``.

    Args:
        x: whole numbers of at least 0.
        r: positive.
        p: in ``[0, 1]``.
        q: positive where r is large, as 1 - p may have lost its digits.
    """
    log_q = np.where(p < 0.5, np.log1p(-np.minimum(p, 0.5)), np.log(q))
    y, s = np.where(x > 0, x, 1), np.where(p > 0, p, 1)
    n = y + r
    logs = (np.log(r) - np.log(y) - np.log(n)) / 2 - HALF_LOG_TAU
    remainders = stirling_remainder(n) - stirling_remainder(y) - stirling_remainder(r)
    deviances = y * ratio_excess(n * s, y) + r * ratio_excess(n * q, r)
    beyond_0 = np.where(p > 0, logs + remainders - deviances, -np.inf)
    return np.where(x > 0, beyond_0, r * log_q)


def _parameters(r: npt.ArrayLike, p: npt.ArrayLike) -> tuple[Floats, Floats]:
    (r,) = reals(r=r)
    check_positive(r=r)
    (p,) = unit_reals(p=p)
    if (p == 1).any():
        raise DistributionError("p is 1: no failure ever ends the counting")
    check_broadcast(r.shape, p.shape)
    return r, p
