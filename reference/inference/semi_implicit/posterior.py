"""The exact posterior of the negative binomial model, by quadrature in one dimension.

Spec: SIV-9.
Source: the trapezoidal rule is that of L. Trefethen, J. Weideman, "The exponentially
convergent trapezoidal rule", SIAM Review 56 (2014).

Given r, the posterior of p is a beta distribution: its integral is known, and what is left is
an integral over ``t = log r``, of a function that is analytic and falls at either end at least
as fast as an exponential.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, logsumexp

from reference.errors import DistributionError
from reference.inference.distributions import beta_log_density
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.distributions.remainders import stirling_remainder
from reference.inference.semi_implicit.negative_binomial import (
    LARGEST_LATENT,
    Counts,
    NegativeBinomialPrior,
    factors,
    tails,
)

__all__ = [
    "NegativeBinomialPosterior",
    "negative_binomial_log_marginal",
    "negative_binomial_posterior",
]

DEPTH = 60.0
"""Nats below a known value of the integrand: what lies beyond is not summed (SIV-9)."""
FIRST_STEPS = 2**8
"""Steps of the first sum (SIV-9)."""
MOST_STEPS = 2**20
"""Steps of the last one that is tried (SIV-9)."""
TOLERANCE = 1e-10
"""By how much the last halving of the step may change a result (SIV-9)."""


@dataclass(frozen=True)
class NegativeBinomialPosterior:
    """The posterior of (r, p): a weight for each of many r, and p given r (SIV-9)."""

    log_evidence: float
    """log p(x), in nats, with every constant."""
    log_r: Floats
    """The nodes of the sum, evenly spaced; shape ``(G,)``."""
    weights: Floats
    """The posterior masses of the nodes; shape ``(G,)``, sum 1."""
    shapes: tuple[float, Floats]
    """Of the beta distribution of p at each node: a number, and shape ``(G,)``."""

    @property
    def mean(self) -> Floats:
        """Posterior means of r and p. Spec: SIV-9."""
        return np.array([self.weights @ np.exp(self.log_r), self.weights @ self._p[0]])

    @property
    def covariance(self) -> Floats:
        """Posterior covariance matrix of (r, p). Spec: SIV-9."""
        r, (p, variance_p) = np.exp(self.log_r), self._p
        from_mean = np.stack([r, p]) - self.mean[:, None]
        covariance = (self.weights * from_mean) @ from_mean.T
        covariance[1, 1] += self.weights @ variance_p
        return np.asarray(covariance)

    @property
    def sd(self) -> Floats:
        """Posterior standard deviations of r and p. Spec: SIV-9."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def correlation(self) -> float:
        """Posterior correlation of r and p. Spec: SIV-9."""
        return float(self.covariance[0, 1] / self.sd.prod())

    def p_density(self, p: npt.ArrayLike) -> Floats:
        """Return the posterior density of p. Spec: SIV-9.

        Args:
            p: finite; the density is 0 outside of [0, 1].

        Returns:
            The shape of `p`.
        """
        (points,) = reals(p=p)
        a, b = self.shapes
        heavy = self.weights > 0
        log_densities = beta_log_density(points[..., None], a, b[heavy])
        return np.asarray(np.exp(log_densities) @ self.weights[heavy])

    @property
    def _p(self) -> tuple[Floats, Floats]:
        """Mean and variance of p given r."""
        a, b = self.shapes
        mean = a / (a + b)
        return mean, mean * (1 - mean) / (a + b + 1)


def negative_binomial_log_marginal(
    counts: Counts, log_r: npt.ArrayLike, prior: NegativeBinomialPrior | None = None
) -> Floats:
    """Return the log density of counts and ``t = log r``, with p integrated out; in nats.

    Spec: SIV-9. Its exponential over the evidence is the posterior density of ``log r``.

        sum_j n_j (log(r + j) - log(j + 1)) + log B(alpha + sum x, beta + N r)
            - log B(alpha, beta) + log Gamma(r; a, b) + t

    Args:
        log_r: at most 100 in magnitude.
        prior: all parameters are 0.01 by default.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: `log_r` is out of range (SIV-8).
    """
    n, (t,) = tails(counts), reals(log_r=log_r)
    if (np.abs(t) > LARGEST_LATENT).any():
        raise DistributionError(f"log_r of {np.abs(t).max()}: beyond 100 in magnitude")
    return _log_integrand(t, n, len(counts), prior or NegativeBinomialPrior())


def negative_binomial_posterior(
    counts: Counts, prior: NegativeBinomialPrior | None = None
) -> NegativeBinomialPosterior:
    """Return the posterior of r and p, and the log evidence in nats.

    Spec: SIV-9.

    Args:
        counts: shape ``(N,)``, as `tails` takes them.
        prior: all parameters are 0.01 by default.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: the sums do not settle (SIV-9).
    """
    n, prior = tails(counts), prior or NegativeBinomialPrior()
    known = _log_integrand(np.zeros(1), n, len(counts), prior)[0]
    grid = np.linspace(*_window(known, n, prior), FIRST_STEPS + 1)
    known = _log_integrand(grid, n, len(counts), prior).max()
    low, high = _window(known, n, prior)
    steps, last = FIRST_STEPS, np.full(6, np.nan)
    least = np.array([1.0, 0, 0, 0, 0, 1])  # log evidence and correlation may be near 0
    while steps <= MOST_STEPS:
        posterior = _sum(np.linspace(low, high, steps + 1), n, len(counts), prior)
        found = np.array(
            [posterior.log_evidence, *posterior.mean, *posterior.sd, posterior.correlation]
        )
        if (np.abs(found - last) <= TOLERANCE * np.maximum(np.abs(found), least)).all():
            return posterior
        steps, last = 2 * steps, found
    raise DistributionError(f"no posterior within {MOST_STEPS} steps: {last}, {found}")


def _log_integrand(
    t: Floats, n: NDArray[np.int64], N: int, prior: NegativeBinomialPrior
) -> Floats:
    """Return f(t) of SIV-9: the log density of the counts and of ``t = log r``."""
    r = np.exp(t)
    f = prior.a * (np.log(prior.b) + t) - gammaln(prior.a) - prior.b * r
    f += _log_beta(float(prior.alpha + n.sum()), prior.beta + N * r)
    f -= betaln(prior.alpha, prior.beta)
    for j, n_j in factors(n):
        # For j = 0 this is t, also where exp(t) is 0: the first window may reach there.
        f += n_j * ((np.log(r + j) if j > 0 else t) - np.log(j + 1))
    return np.asarray(f)


def _log_beta(a: float, b: Floats) -> Floats:
    """Return log B(a, b); also of a large b, where log Gamma has no digits to spare."""
    rest = stirling_remainder(b) - stirling_remainder(a + b)
    return np.asarray(gammaln(a) + a - (b - 0.5) * np.log1p(a / b) - a * np.log(a + b) + rest)


def _window(
    known: float, n: NDArray[np.int64], prior: NegativeBinomialPrior
) -> tuple[float, float]:
    """Return t between which f is everywhere that it is above ``known - DEPTH``.

    For p(x | r) is at most ``min(1, r)^n_0``: elsewhere the prior, or the prior times this
    power, is below already.
    """
    a, b, floor = prior.a, prior.b, known - DEPTH
    power = a + (n[0] if n.size else 0)
    constant = a * np.log(b) - gammaln(a)
    low = min(0.0, (floor - constant) / power)
    high = max(0.0, np.log(a / b))
    while constant + a * high - b * np.exp(high) > floor:
        high += 1.0
    return float(low), float(high)


def _sum(
    t: Floats, n: NDArray[np.int64], N: int, prior: NegativeBinomialPrior
) -> NegativeBinomialPosterior:
    f = _log_integrand(t, n, N, prior)
    log_sum = logsumexp(f)
    shapes = float(prior.alpha + n.sum()), prior.beta + N * np.exp(t)
    log_evidence = float(log_sum + np.log(t[1] - t[0]))
    return NegativeBinomialPosterior(log_evidence, t, np.exp(f - log_sum), shapes)
