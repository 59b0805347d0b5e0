"""A normal distribution of unknown mean and precision: exactly, and by mean field.

Spec: MFV-11, MFV-12.
Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 10.1.3, whose
updates are here solved for their fixed point; K. Murphy, "Conjugate Bayesian analysis of the
Gaussian distribution" (2007), section 3.

    tau ~ Gamma(a, b)        mu ~ N(mu_0, 1 / (kappa tau))        x_i ~ N(mu, 1 / tau)

All rates are rates, not scales: the mean of ``Gamma(a, b)`` is ``a / b``.
"""

from dataclasses import dataclass, fields
from math import log, pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from reference.inference.distributions import gamma_kl, normal_entropy
from reference.inference.distributions.parameters import check_positive, reals
from reference.inference.distributions.remainders import log_minus_digamma
from reference.inference.mean_field.arguments import check_count, real_data

__all__ = [
    "NormalGamma",
    "NormalTimesGamma",
    "normal_gamma_elbo",
    "normal_gamma_evidence",
    "normal_gamma_gap",
    "normal_gamma_mean_field",
    "normal_gamma_posterior",
    "normal_gamma_update_mu",
    "normal_gamma_update_tau",
]


@dataclass(frozen=True)
class NormalGamma:
    """A joint distribution of mean and precision, which are dependent in it (MFV-11)."""

    mu: float
    """``mu_0``, the mean of the mean; the other three are positive."""
    kappa: float
    """How many observations the mean is worth."""
    a: float
    """Shape of the precision."""
    b: float
    """Rate of the precision."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range (MFV-11)."""
        _check(self, "kappa", "a", "b")


@dataclass(frozen=True)
class NormalTimesGamma:
    """A product of a normal distribution of the mean and a gamma of the precision (MFV-12)."""

    m: float
    """Mean of the mean; the other three are positive."""
    s: float
    """Standard deviation of the mean."""
    a: float
    """Shape of the precision."""
    b: float
    """Rate of the precision."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range (MFV-11)."""
        _check(self, "s", "a", "b")


def normal_gamma_posterior(x: npt.ArrayLike, prior: NormalGamma) -> NormalGamma:
    """Return the exact posterior.

    Spec: MFV-11.

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    x = real_data(x, 1)
    n, mean = len(x), float(x.mean())
    kappa = prior.kappa + n
    shift = prior.kappa * n * (mean - prior.mu) ** 2 / kappa
    b = prior.b + (float(((x - mean) ** 2).sum()) + shift) / 2
    mu = (prior.kappa * prior.mu + n * mean) / kappa
    return NormalGamma(mu, kappa, prior.a + n / 2, b)


def normal_gamma_evidence(x: npt.ArrayLike, prior: NormalGamma) -> float:
    """Return the exact ``log p(x)``, in nats.

    Spec: MFV-11.

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    q, p, n = normal_gamma_posterior(x, prior), prior, len(real_data(x, 1))
    gammas = gammaln(q.a) - gammaln(p.a) + p.a * log(p.b) - q.a * log(q.b)
    return float(gammas) + log(p.kappa / q.kappa) / 2 - n / 2 * log(2 * pi)


def normal_gamma_elbo(x: npt.ArrayLike, prior: NormalGamma, q: NormalTimesGamma) -> float:
    """Return the ELBO with all its constants, in nats.

    Spec: MFV-12. With ``E[tau] = A / B`` and ``E[log tau] = psi(A) - log B``, it is the sum of

        E_q[log p(x | mu, tau)]    (N / 2) (E[log tau] - log 2 pi)
                                       - (E[tau] / 2) sum_i ((x_i - m)^2 + s^2)
        E_q[log p(mu | tau)]       (log kappa + E[log tau] - log 2 pi) / 2
                                       - (E[tau] / 2) kappa ((m - mu_0)^2 + s^2)
        the entropy of q(mu), and -KL(q(tau) || p(tau))

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    x, tau = real_data(x, 1), q.a / q.b
    log_tau = log(tau) - float(log_minus_digamma(np.asarray(q.a)))
    likelihood = len(x) * (log_tau - log(2 * pi)) - tau * _data_square(x, q)
    mean = log(prior.kappa) + log_tau - log(2 * pi) - tau * _prior_square(prior, q)
    entropy, kl = normal_entropy(q.s), gamma_kl(q.a, q.b, prior.a, prior.b)
    return (likelihood + mean) / 2 + float(entropy) - float(kl)


def normal_gamma_update_mu(
    x: npt.ArrayLike, prior: NormalGamma, q: NormalTimesGamma
) -> NormalTimesGamma:
    """Return `q` with the best factor of the mean, given that of the precision.

    Spec: MFV-12.

        m = mu'        s^2 = B / (kappa' A)

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    exact = normal_gamma_posterior(x, prior)
    return NormalTimesGamma(exact.mu, sqrt(q.b / (exact.kappa * q.a)), q.a, q.b)


def normal_gamma_update_tau(
    x: npt.ArrayLike, prior: NormalGamma, q: NormalTimesGamma
) -> NormalTimesGamma:
    """Return `q` with the best factor of the precision, given that of the mean.

    Spec: MFV-12.

        A = a' + 1/2
        B = b + (sum_i ((x_i - m)^2 + s^2) + kappa ((m - mu_0)^2 + s^2)) / 2

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    x = real_data(x, 1)
    b = prior.b + (_data_square(x, q) + _prior_square(prior, q)) / 2
    return NormalTimesGamma(q.m, q.s, prior.a + (len(x) + 1) / 2, b)


def normal_gamma_mean_field(x: npt.ArrayLike, prior: NormalGamma) -> NormalTimesGamma:
    """Return the product with the largest ELBO: the fixed point of both updates.

    Spec: MFV-12.

        A = a' + 1/2        B = b' A / a'        m = mu'        s^2 = b' / (kappa' a')

    Args:
        x: shape ``(N,)``.

    Raises:
        DataError: `x` is out of range (MFV-11).
    """
    exact = normal_gamma_posterior(x, prior)
    a, s = exact.a + 0.5, sqrt(exact.b / (exact.kappa * exact.a))
    return NormalTimesGamma(exact.mu, s, a, exact.b * a / exact.a)


def normal_gamma_gap(prior: NormalGamma, n: int) -> float:
    """Return what the largest ELBO lacks of the evidence, in nats, whatever the data.

    Spec: MFV-12. With ``a' = a + N / 2`` and ``A = a' + 1/2``,

        KL(Gamma(A, A) || Gamma(a', a'))  +  (log A - psi(A)) / 2

    Args:
        n: at least 1; how many data there are.

    Raises:
        ModelError: `n` is below 1 (MFV-2).
    """
    check_count(n=n)
    exact = prior.a + n / 2
    a = exact + 0.5
    return float(gamma_kl(a, a, exact, exact) + log_minus_digamma(np.asarray(a)) / 2)


def _data_square(x: Any, q: NormalTimesGamma) -> float:
    """Return ``E_q`` of the sum of ``(x_i - mu)^2``."""
    return float(((x - q.m) ** 2).sum()) + len(x) * q.s**2


def _prior_square(prior: NormalGamma, q: NormalTimesGamma) -> float:
    """Return ``E_q`` of ``kappa (mu - mu_0)^2``."""
    return prior.kappa * ((q.m - prior.mu) ** 2 + q.s**2)


def _check(parameters: NormalGamma | NormalTimesGamma, *positive: str) -> None:
    names = [field.name for field in fields(parameters)]
    arrays = reals(**{name: getattr(parameters, name) for name in names})
    check_positive(**{n: a for n, a in zip(names, arrays, strict=True) if n in positive})
