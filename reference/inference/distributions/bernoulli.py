"""Bernoulli distributions, given by the probability of a 1.

Spec: DIS-10, DIS-13.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), sections 2.1 and 2.3.

These are the definitions, in nats, with ``0 log 0 = 0``.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import xlog1py, xlogy

from reference.inference.distributions.parameters import (
    Counts,
    Floats,
    Shape,
    outcomes,
    sample_shape,
    unit_reals,
)
from reference.inference.distributions.remainders import divergence

__all__ = [
    "bernoulli_cross_entropy",
    "bernoulli_entropy",
    "bernoulli_kl",
    "bernoulli_log_mass",
    "bernoulli_sample",
]


def bernoulli_log_mass(x: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the log mass at `x` of a variable that is 1 with probability `p`, in nats.

    Spec: DIS-13.

        log p at 1,   log(1 - p) at 0

    Args:
        x: whole numbers; -inf but for 0 and 1.
        p: in ``[0, 1]``; the two broadcast.

    Raises:
        DistributionError: a probability is not in ``[0, 1]``, or the two do not broadcast
            (DIS-1); an outcome is no whole number (DIS-12).
    """
    (p,) = unit_reals(p=p)
    x, p = outcomes(x, p)
    with np.errstate(divide="ignore"):
        return np.where(x == 1, np.log(p), np.where(x == 0, np.log1p(-p), -np.inf))


def bernoulli_sample(rng: np.random.Generator, p: npt.ArrayLike, shape: Shape = ()) -> Counts:
    """Return draws of a variable that is 1 with probability `p`, otherwise 0.

    Spec: DIS-22. A draw is 1 where a uniform number in ``[0, 1)`` is below `p`.

    Raises:
        DistributionError: a probability is not in ``[0, 1]`` (DIS-1), or `shape` is none
            (DIS-22).
    """
    (p,) = unit_reals(p=p)
    return np.asarray(rng.random(sample_shape(shape, p)) < p, np.int64)


def bernoulli_entropy(p: npt.ArrayLike) -> Floats:
    """Return the entropy of a variable that is 1 with probability `p`, in nats.

    Spec: DIS-10.

        -p log p - (1 - p) log(1 - p),   0 log 0 = 0

    Raises:
        DistributionError: a probability is not in ``[0, 1]`` (DIS-1).
    """
    return bernoulli_cross_entropy(p, p)


def bernoulli_cross_entropy(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the cross entropy of `q` coded as `p`, probabilities of a 1; in nats.

    Spec: DIS-10.

        -q log p - (1 - q) log(1 - p),   0 log 0 = 0

    Infinite where `p` is certain of what `q` is not.

    Raises:
        DistributionError: a probability is not in ``[0, 1]``, or the two do not broadcast
            (DIS-1).
    """
    q, p = unit_reals(q=q, p=p)
    return np.asarray(0.0 - xlogy(q, p) - xlog1py(1 - q, -p))


def bernoulli_kl(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return KL(q || p) of two probabilities of a 1, in nats; at least 0.

    Spec: DIS-10, DIS-11.

        q log(q / p) + (1 - q) log((1 - q) / (1 - p)),   0 log 0 = 0

    Infinite where `p` is certain of what `q` is not.

    Raises:
        DistributionError: a probability is not in ``[0, 1]``, or the two do not broadcast
            (DIS-1).
    """
    q, p = unit_reals(q=q, p=p)
    return divergence(q, p) + divergence(1 - q, 1 - p)
