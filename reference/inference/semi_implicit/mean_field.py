"""The mean field of the negative binomial model: coordinate ascent with tables.

Spec: SIV-10, SIV-11.
Source: M. Zhou, L. Carin, "Negative binomial process count and mixture modeling", IEEE
Transactions on Pattern Analysis and Machine Intelligence 37 (2015), section 3 (the tables).

The likelihood has the factors ``r + j``, of which no gamma prior is conjugate. Read as a story
they are: customer j of a restaurant opens a new table with probability ``r / (r + j)``. Given
the number of all tables, the likelihood is a power of r; and given r, the tables are binomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import digamma, gammaincinv

from reference.errors import DistributionError
from reference.inference.distributions import beta_kl, gamma_kl
from reference.inference.distributions.parameters import Floats
from reference.inference.semi_implicit.negative_binomial import (
    Counts,
    NegativeBinomialPrior,
    tails,
)

__all__ = ["MeanField", "negative_binomial_mean_field"]

TOLERANCE = 1e-13
"""Relative change of every parameter below which coordinate ascent has ended (SIV-10)."""
MOST_SWEEPS = 10_000
"""Sweeps after which it is given up (SIV-10)."""


@dataclass(frozen=True)
class MeanField:
    """``q(r) = Gamma(a, rate b)`` and ``q(p) = Beta(alpha, beta)`` (SIV-10)."""

    a: float
    b: float
    alpha: float
    beta: float
    lower_bounds_: tuple[float, ...]
    """The bound with the tables after each sweep, in nats; rising (SIV-11)."""
    elbo: float
    """The ELBO of q(r) q(p), in nats; at least the last of them (SIV-11)."""

    @property
    def mean(self) -> Floats:
        """Means of r and p. Spec: SIV-10."""
        return np.array([self.a / self.b, self.alpha / (self.alpha + self.beta)])

    @property
    def sd(self) -> Floats:
        """Standard deviations of r and p. Spec: SIV-10."""
        total = self.alpha + self.beta
        variance_p = self.alpha * self.beta / total**2 / (total + 1)
        return np.asarray(np.sqrt([self.a / self.b**2, variance_p]))


def negative_binomial_mean_field(
    counts: Counts, prior: NegativeBinomialPrior | None = None
) -> MeanField:
    """Return the fixed point of coordinate ascent.

    Spec: SIV-10, SIV-11. With ``g = exp E log r``, a sweep sets

        alpha' = alpha + sum x                      beta' = beta + N E r
        a' = a + sum_j n_j g / (g + j)              b' = b - N E log(1 - p)

    Args:
        counts: shape ``(N,)``, as `tails` takes them.
        prior: all parameters are 0.01 by default.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: no fixed point within 10,000 sweeps (SIV-10).
    """
    n, prior = tails(counts), prior or NegativeBinomialPrior()
    N, j, alpha = len(counts), np.arange(n.size), float(prior.alpha + n.sum())
    mean_r = g = 1.0
    last, bounds = np.full(3, np.nan), []
    for _ in range(MOST_SWEEPS):
        beta = prior.beta + N * mean_r
        a = float(prior.a + n @ (g / (g + j)))
        b = prior.b - N * float(digamma(beta) - digamma(alpha + beta))
        mean_r, g = a / b, float(np.exp(digamma(a)) / b)
        now = np.array([a, b, beta])
        bounds.append(_table_bound(a, b, alpha, beta, n, N, prior))
        if (np.abs(now - last) <= TOLERANCE * now).all():
            elbo = bounds[-1] + _loss_of_tables(a, b, n)
            return MeanField(a, b, alpha, beta, tuple(bounds), elbo)
        last = now
    raise DistributionError(f"no fixed point in {MOST_SWEEPS} sweeps: {last}, {now}")


def _table_bound(
    a: float,
    b: float,
    alpha: float,
    beta: float,
    n: NDArray[np.int64],
    N: int,
    prior: NegativeBinomialPrior,
) -> float:
    """Return the bound that the sweeps raise, in nats, with the best q of the tables.

    Spec: SIV-11.

        sum_j n_j (log(g + j) - log(j + 1) + E log p) + N E r E log(1 - p)
            - KL(q(r) || p(r)) - KL(q(p) || p(p)),      g = exp E log r
    """
    j, g = np.arange(n.size), np.exp(digamma(a)) / b
    log_p, log_q = digamma([alpha, beta]) - digamma(alpha + beta)
    expected = n @ (np.log((g + j) / (j + 1)) + log_p) + N * a / b * log_q
    of_r = gamma_kl(a, b, prior.a, prior.b)
    of_p = beta_kl(alpha, beta, prior.alpha, prior.beta)
    return float(expected - of_r - of_p)


def _loss_of_tables(a: float, b: float, n: NDArray[np.int64]) -> float:
    """Return the ELBO less the bound, in nats: tables have a q of their own, apart from r's.

    Spec: SIV-11. It is the mean, over quantiles of r, of ``sum_j n_j log((r + j) / (g + j))``;
    the first term of the sum has the mean 0.
    """
    j, g = np.arange(1, n.size), np.exp(digamma(a)) / b

    def excess(quantile: float) -> float:
        return float(n[1:] @ np.log((gammaincinv(a, quantile) / b + j) / (g + j)))

    return float(quad(excess, 0.0, 1.0, epsabs=1e-11, epsrel=1e-11)[0])
