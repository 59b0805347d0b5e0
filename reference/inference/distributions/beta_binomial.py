"""Beta-binomial distributions, given by a number of trials and two shapes.

Spec: DIS-18, DIS-19, DIS-22.
Source: N. Johnson, A. Kemp, S. Kotz, Univariate Discrete Distributions (2005), chapter 6.

The variable counts the successes in ``n`` trials whose common success probability is beta
distributed with shapes ``a`` and ``b``: the mean is ``n a / (a + b)``.

It is the first of two negative binomial variables, of ``a`` and ``b`` failures, given that
their sum is ``n``. So its log mass is made of theirs; the ``p`` that they share cancels.
"""

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.finite import (
    entropy_of_log_masses,
    kl_of_log_masses,
    support,
)
from reference.inference.distributions.negative_binomial import count_log_mass
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
    "beta_binomial_entropy",
    "beta_binomial_kl",
    "beta_binomial_log_mass",
    "beta_binomial_sample",
]


def beta_binomial_log_mass(
    x: npt.ArrayLike, n: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike
) -> Floats:
    """Return the log mass at `x` of the beta-binomial distribution, in nats.

    Spec: DIS-18. With the log mass NB of DIS-17,

        log C(n, x) + log B(x + a, n - x + b) - log B(a, b)
        =  NB(x; a, p) + NB(n - x; b, p) - NB(n; a + b, p),   p = n / (n + a + b)

    Args:
        x: whole numbers, of successes; -inf beyond 0 to n.
        n: whole numbers of at least 0; the trials.
        a: positive; the shape at probability 0, which draws it towards 1.
        b: positive; the shape at probability 1. The four broadcast.

    Raises:
        DistributionError: an argument is out of its range (DIS-1), or an outcome or `n` is no
            whole number (DIS-12).
    """
    n, a, b = _parameters(n, a, b)
    x, n, a, b = outcomes(x, n, a, b)
    c = a + b
    p, q = n / (n + c), c / (n + c)
    successes = count_log_mass(np.clip(x, 0, n), a, p, q)
    failures = count_log_mass(np.clip(n - x, 0, n), b, p, q)
    inside = successes + failures - count_log_mass(n, c, p, q)
    return np.where((x >= 0) & (x <= n), inside, -np.inf)


def beta_binomial_sample(
    rng: np.random.Generator,
    n: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    shape: Shape = (),
) -> Counts:
    """Return draws of a beta-binomial variable.

    Spec: DIS-22. They are those of `rng.binomial` with probabilities of `rng.beta`.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `n` is no whole number
            (DIS-12), or `shape` is none (DIS-22).
    """
    n, a, b = _parameters(n, a, b)
    p = rng.beta(a, b, sample_shape(shape, n, a, b))
    return np.asarray(rng.binomial(n.astype(np.int64), p), np.int64)


def beta_binomial_entropy(n: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the entropy of a beta-binomial variable, in nats: a sum over 0 to n.

    Spec: DIS-19.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `n` is no whole number
            (DIS-12), or there are more than ``2**24`` outcomes (DIS-19).
    """
    n, a, b = _parameters(n, a, b)
    x, size, a, b = support(n + 1, a, b)
    return entropy_of_log_masses(beta_binomial_log_mass(x, size - 1, a, b))


def beta_binomial_kl(
    n: npt.ArrayLike,
    a_q: npt.ArrayLike,
    b_q: npt.ArrayLike,
    a_p: npt.ArrayLike,
    b_p: npt.ArrayLike,
) -> Floats:
    """Return KL(q || p) of beta-binomial variables of one `n`, in nats: a sum over 0 to n.

    Spec: DIS-19, DIS-11.

    Raises:
        DistributionError: a parameter is out of its range (DIS-1), `n` is no whole number
            (DIS-12), or there are more than ``2**24`` outcomes (DIS-19).
    """
    n, a_q, b_q = _parameters(n, a_q, b_q)
    _, a_p, b_p = _parameters(n, a_p, b_p)
    check_broadcast(*(v.shape for v in (n, a_q, b_q, a_p, b_p)))
    x, size, a_q, b_q, a_p, b_p = support(n + 1, a_q, b_q, a_p, b_p)
    return kl_of_log_masses(
        beta_binomial_log_mass(x, size - 1, a_q, b_q),
        beta_binomial_log_mass(x, size - 1, a_p, b_p),
    )


def _parameters(
    n: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    (n,) = wholes(0, n=n)
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    check_broadcast(n.shape, a.shape, b.shape)
    return n, a, b
