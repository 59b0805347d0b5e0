"""Concrete variables: a point of the simplex in place of one of its corners.

Spec: CON-3, CON-4, CON-7 to CON-9.
Source: C. Maddison, A. Mnih, Y. W. Teh, "The Concrete distribution", ICLR 2017,
arXiv:1611.00712; E. Jang, S. Gu, B. Poole, "Categorical reparameterization with
Gumbel-softmax", ICLR 2017, arXiv:1611.01144; lecture 004.

The maximum of CON-2 becomes a softmax, so a sample has a derivative in the weights, and the
corner of the simplex that is nearest to it is still the categorical sample of the same noise.
Everything is in logarithms: at small temperatures all coordinates but one underflow.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, check_positive, reals
from reference.inference.relaxations.gumbel import perturbed_weights

__all__ = ["concrete_log_density", "concrete_log_sample", "exp_concrete_log_density"]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of the coordinates of a point may be from 1 (CON-4)."""


def concrete_log_sample(
    log_alpha: npt.ArrayLike, temperature: float, u: npt.ArrayLike
) -> Floats:
    """Return the logarithms of the coordinates of a Concrete sample.

    Spec: CON-3; what it is when it is rounded, and as the temperature falls: CON-7, CON-8.

        y_k = (log alpha_k - log(-log u_k)) / temperature,   log x_k = y_k - log sum_i exp(y_i)

    Args:
        log_alpha: shape ``(..., n)``; logarithms of weights, of any sum.
        temperature: positive.
        u: broadcasts with `log_alpha`; in (0, 1).

    Returns:
        Shape ``(..., n)``; not positive, and over the last axis ``exp`` of them adds up to 1.

    Raises:
        DistributionError: a number is out of its range, or there is no axis of outcomes.
    """
    y = perturbed_weights(log_alpha, u) / _temperature(temperature)
    return np.asarray(y - logsumexp(y, axis=-1, keepdims=True))


def concrete_log_density(
    log_x: npt.ArrayLike, log_alpha: npt.ArrayLike, temperature: float
) -> Floats:
    """Return the log density at a point of the simplex, in nats. Spec: CON-4, CON-9.

    With respect to its first ``n - 1`` coordinates:

        log (n-1)! + (n-1) log t + sum_k (log alpha_k - (t + 1) log x_k)
            - n log sum_i exp(log alpha_i - t log x_i)

    Args:
        log_x: shape ``(..., n)``; logarithms of the coordinates, whose sum is within
            ``2**-16`` of 1.
        log_alpha: broadcasts with it; logarithms of weights, of any sum.
        temperature: t; positive.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a number is out of its range, or the point is not on the simplex.
    """
    (log_x,) = reals(log_x=log_x)
    return np.asarray(exp_concrete_log_density(log_x, log_alpha, temperature) - log_x.sum(-1))


def exp_concrete_log_density(
    log_x: npt.ArrayLike, log_alpha: npt.ArrayLike, temperature: float
) -> Floats:
    """Return the log density of the logarithms of a Concrete variable, in nats. Spec: CON-4.

        log (n-1)! + (n-1) log t + sum_k (log alpha_k - t log x_k)
            - n log sum_i exp(log alpha_i - t log x_i)

    Arguments, result and errors as for `concrete_log_density`. A ratio of two densities of one
    variable, as in a KL, is the same in either coordinates; here it does not overflow.
    """
    t = _temperature(temperature)
    log_x, log_alpha = reals(log_x=log_x, log_alpha=log_alpha)
    if log_x.ndim == 0 or log_x.shape[-1] == 0:
        raise DistributionError(f"an array of shape {log_x.shape} has no axis of outcomes")
    if not (np.abs(logsumexp(log_x, axis=-1)) <= TOTAL_TOLERANCE).all():
        raise DistributionError("the coordinates of a point of the simplex have the sum 1")
    n, terms = log_x.shape[-1], log_alpha - t * log_x
    if terms.shape[-1] != n:
        raise DistributionError(f"{terms.shape[-1]} weights of {n} coordinates")
    constant = gammaln(n) + (n - 1) * math.log(t)
    return np.asarray(constant + terms.sum(-1) - n * logsumexp(terms, axis=-1))


def _temperature(temperature: float) -> float:
    (t,) = reals(temperature=temperature)
    check_positive(temperature=t)
    if t.ndim:
        raise DistributionError(f"a temperature of shape {t.shape} is no number")
    return float(t)
