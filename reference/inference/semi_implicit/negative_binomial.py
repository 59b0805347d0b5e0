"""The negative binomial model of counts, with a gamma and a beta prior.

Spec: SIV-7, SIV-8.
Source: M. Yin, M. Zhou, "Semi-implicit variational inference", ICML 2018, arXiv:1805.11183,
section 4.2; the product form is that of C. Bliss, R. Fisher, Biometrics 9 (1953).

    x_i ~ NB(r, p)        r ~ Gamma(a, rate b)        p ~ Beta(alpha, beta)

A count x has the probability ``Gamma(x + r) / (x! Gamma(r)) p^x (1 - p)^r``: its mean is
``r p / (1 - p)``. As ``Gamma(x + r) / Gamma(r) = r (r + 1) ... (r + x - 1)``, a factor
``r + j`` stands in the likelihood once for every count above j. Those numbers, the tails, and
N are all that anything here needs to know of the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, log_expit

from reference.errors import DataError, DistributionError
from reference.inference.distributions.parameters import Floats, check_positive, reals

__all__ = [
    "LARGEST_COUNT",
    "Counts",
    "NegativeBinomialPrior",
    "factors",
    "negative_binomial_log_joint",
    "tails",
]

LARGEST_COUNT = 2**20
"""Work grows with the largest count (SIV-7)."""
LARGEST_LATENT = 100.0
"""In magnitude: of ``log r`` and ``logit p`` (SIV-8)."""

Counts = NDArray[np.integer]
"""Numbers of events, shape ``(N,)`` (SIV-7)."""


@dataclass(frozen=True)
class NegativeBinomialPrior:
    """Gamma prior of r, beta prior of p (SIV-7)."""

    a: float = 0.01
    """Shape of the gamma distribution; positive."""
    b: float = 0.01
    """Its rate, not its scale; positive."""
    alpha: float = 0.01
    """Shape of the beta distribution at 0; positive."""
    beta: float = 0.01
    """At 1; positive."""

    def __post_init__(self) -> None:
        """Refuse numbers that are not positive and finite (SIV-7)."""
        for name, number in vars(self).items():
            array = reals(**{name: number})[0]
            check_positive(**{name: array})
            if array.ndim > 0:
                raise DistributionError(f"{name} of shape {array.shape} is not one number")


def tails(counts: Counts) -> NDArray[np.int64]:
    """Return how many counts are above j, for j = 0, 1, ..., up to the largest less 1.

    Spec: SIV-7. Their sum is that of the counts.

    Args:
        counts: shape ``(N,)``, N >= 1; in ``[0, 2**20]``.

    Raises:
        DataError: `counts` are of another shape or type, or out of range (SIV-7).
    """
    array = np.asarray(counts)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise DataError(f"counts of shape {array.shape} and type {array.dtype}")
    if array.min() < 0 or array.max() > LARGEST_COUNT:
        raise DataError(f"counts from {array.min()} to {array.max()}: not in [0, 2**20]")
    each = np.bincount(array.astype(np.int64))
    return np.asarray(array.size - np.cumsum(each)[:-1], np.int64)


def factors(n: NDArray[np.int64]) -> Iterator[tuple[int, float]]:
    """Yield each j and n_j, of which ``(r + j)^n_j / (j + 1)^n_j`` is made. Spec: SIV-7."""
    yield from enumerate(n.astype(np.float64).tolist())


def negative_binomial_log_joint(
    counts: Counts, z: npt.ArrayLike, prior: NegativeBinomialPrior | None = None
) -> tuple[Floats, Floats]:
    """Return the log density of counts and ``z = (log r, logit p)``, in nats, and its slopes.

    Spec: SIV-8.

        sum_j n_j (log(r + j) - log(j + 1) + log p) + N r log(1 - p)
            + log Gamma(r; a, b) + log r  +  log Beta(p; alpha, beta) + log p + log(1 - p)

    The last terms of either prior are the Jacobians: this is a density of z.

    Args:
        z: shape ``(S, 2)``; at most 100 in magnitude.
        prior: all parameters are 0.01 by default.

    Returns:
        Shape ``(S,)``; and the derivatives with respect to z, shape ``(S, 2)``.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: `z` is of another shape or out of range (SIV-8).
    """
    n, prior = tails(counts), prior or NegativeBinomialPrior()
    (points,) = reals(z=z)
    if points.ndim != 2 or points.shape[1] != 2:
        raise DistributionError(f"z of shape {points.shape} has no pairs as rows")
    if (np.abs(points) > LARGEST_LATENT).any():
        raise DistributionError(f"z of {np.abs(points).max()}: beyond 100 in magnitude")
    log_r, logit_p = points.T
    r, log_p, log_q = np.exp(log_r), log_expit(logit_p), log_expit(-logit_p)
    N, total = len(counts), int(n.sum())
    log_joint = total * log_p + N * r * log_q
    log_joint += prior.a * (np.log(prior.b) + log_r) - gammaln(prior.a) - prior.b * r
    log_joint += prior.alpha * log_p + prior.beta * log_q - betaln(prior.alpha, prior.beta)
    by_log_r = N * r * log_q + prior.a - prior.b * r
    for j, n_j in factors(n):
        log_joint += n_j * (np.log(r + j) - np.log(j + 1))
        by_log_r += n_j * r / (r + j)
    by_logit = (total + prior.alpha) * expit(-logit_p) - (N * r + prior.beta) * expit(logit_p)
    return np.asarray(log_joint), np.stack([by_log_r, by_logit], axis=1)
