"""Logistic distributions rounded to the whole numbers 0 to ``levels - 1``.

Spec: DIS-16, DIS-19, DIS-20, DIS-22.
Source: T. Salimans, A. Karpathy, X. Chen, D. Kingma, "PixelCNN++", ICLR 2017,
arXiv:1701.05517, section 2.1.

``mu`` and ``scale`` are those of the logistic variable, in units of a level; ``scale`` is not
the standard deviation. Level ``x`` owns the bin from ``x - 1/2`` to ``x + 1/2``, and the two
levels at the ends own the tails as well::

      level 0      1      2     levels - 1
    ---------|------|------|-------------
            0.5    1.5    2.5
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from reference.inference.distributions.finite import (
    entropy_of_log_masses,
    kl_of_log_masses,
    support,
)
from reference.inference.distributions.logistic import logistic_from_noise
from reference.inference.distributions.parameters import (
    Counts,
    Floats,
    Shape,
    check_broadcast,
    check_positive,
    outcomes,
    reals,
    sample_shape,
    wholes,
)

__all__ = [
    "discretised_logistic_cdf",
    "discretised_logistic_entropy",
    "discretised_logistic_from_noise",
    "discretised_logistic_kl",
    "discretised_logistic_log_mass",
    "discretised_logistic_sample",
]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def discretised_logistic_log_mass(
    x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike, levels: npt.ArrayLike
) -> Floats:
    """Return the log mass at `x` of a discretised logistic variable, in nats.

    Spec: DIS-16.

        log(sigmoid(u) - sigmoid(l))  =  log sigmoid(u) + log sigmoid(-l) + log(1 - exp(l - u))
        with u = (x + 1/2 - mu) / scale,   l = (x - 1/2 - mu) / scale

    of which no term is positive, so that nothing cancels, however far in a tail. Of level 0,
    l is -inf, and of the last one u is inf.

    Args:
        x: whole numbers; -inf beyond 0 to ``levels - 1``.
        mu: finite; the location, in levels.
        scale: positive; in levels.
        levels: whole numbers of at least 1. The four broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or an outcome or `levels`
            is no whole number (DIS-12).
    """
    mu, scale, levels = _parameters(mu, scale, levels)
    x, mu, scale, levels = outcomes(x, mu, scale, levels)
    first, last = x <= 0, x >= levels - 1
    upper = np.where(last, np.inf, (x + 0.5 - mu) / scale)
    lower = np.where(first, -np.inf, (x - 0.5 - mu) / scale)
    width = np.where(first | last, np.inf, 1 / scale)
    inside = log_expit(upper) + log_expit(-lower) + np.log(-np.expm1(-width))
    return np.where((x >= 0) & (x < levels), inside, -np.inf)


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def discretised_logistic_cdf(
    x: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike, levels: npt.ArrayLike
) -> Floats:
    """Return the probability that a discretised logistic variable is at most `x`.

    Spec: DIS-20.

        sigmoid((k + 1/2 - mu) / scale),   k the largest whole number up to x

    It is 0 for x < 0, and 1 from ``levels - 1`` on.

    Args:
        x: finite; the four broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or `levels` is no whole
            number (DIS-12).
    """
    (x,) = reals(x=x)
    mu, scale, levels = _parameters(mu, scale, levels)
    check_broadcast(x.shape, mu.shape, scale.shape, levels.shape)
    inside = expit((np.floor(x) + 0.5 - mu) / scale)
    return np.where(x < 0, 0, np.where(x >= levels - 1, 1, inside))


def discretised_logistic_from_noise(
    eps: npt.ArrayLike, mu: npt.ArrayLike, scale: npt.ArrayLike, levels: npt.ArrayLike
) -> Counts:
    """Return the levels that standard logistic noise becomes.

    Spec: DIS-21. The nearest to ``mu + scale eps``, of a half the upper one:

        max(0, min(levels - 1, floor(mu + scale eps + 1/2)))

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or `levels` is no whole
            number (DIS-12).
    """
    (eps,) = reals(eps=eps)
    mu, scale, levels = _parameters(mu, scale, levels)
    check_broadcast(eps.shape, mu.shape, scale.shape, levels.shape)
    nearest = np.floor(logistic_from_noise(eps, mu, scale) + 0.5)
    return np.clip(nearest, 0, levels - 1).astype(np.int64)


def discretised_logistic_sample(
    rng: np.random.Generator,
    mu: npt.ArrayLike,
    scale: npt.ArrayLike,
    levels: npt.ArrayLike,
    shape: Shape = (),
) -> Counts:
    """Return draws of a discretised logistic variable.

    Spec: DIS-22. They are `discretised_logistic_from_noise` of `rng.logistic`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `levels` is no whole number
            (DIS-12), or `shape` is none (DIS-22).
    """
    mu, scale, levels = _parameters(mu, scale, levels)
    eps = rng.logistic(size=sample_shape(shape, mu, scale, levels))
    return discretised_logistic_from_noise(eps, mu, scale, levels)


def discretised_logistic_entropy(
    mu: npt.ArrayLike, scale: npt.ArrayLike, levels: npt.ArrayLike
) -> Floats:
    """Return the entropy of a discretised logistic variable, in nats: a sum over all levels.

    Spec: DIS-19.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `levels` is no whole number
            (DIS-12), or it is above ``2**24`` (DIS-19).
    """
    mu, scale, levels = _parameters(mu, scale, levels)
    x, levels, mu, scale = support(levels, mu, scale)
    return entropy_of_log_masses(discretised_logistic_log_mass(x, mu, scale, levels))


def discretised_logistic_kl(
    mu_q: npt.ArrayLike,
    scale_q: npt.ArrayLike,
    mu_p: npt.ArrayLike,
    scale_p: npt.ArrayLike,
    levels: npt.ArrayLike,
) -> Floats:
    """Return KL(q || p) of discretised logistic variables, in nats: a sum over all levels.

    Spec: DIS-19, DIS-11.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `levels` is no whole number
            (DIS-12), or it is above ``2**24`` (DIS-19).
    """
    mu_q, scale_q, levels = _parameters(mu_q, scale_q, levels)
    mu_p, scale_p, _ = _parameters(mu_p, scale_p, levels)
    check_broadcast(*(a.shape for a in (mu_q, scale_q, mu_p, scale_p, levels)))
    x, levels, mu_q, scale_q, mu_p, scale_p = support(levels, mu_q, scale_q, mu_p, scale_p)
    return kl_of_log_masses(
        discretised_logistic_log_mass(x, mu_q, scale_q, levels),
        discretised_logistic_log_mass(x, mu_p, scale_p, levels),
    )


def _parameters(
    mu: npt.ArrayLike, scale: npt.ArrayLike, levels: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    mu, scale = reals(mu=mu, scale=scale)
    check_positive(scale=scale)
    (levels,) = wholes(1, levels=levels)
    check_broadcast(mu.shape, scale.shape, levels.shape)
    return mu, scale, levels
