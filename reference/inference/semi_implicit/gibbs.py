"""The Gibbs sampler of the negative binomial model.

Spec: SIV-12.
Source: M. Zhou, L. Carin, "Negative binomial process count and mixture modeling", IEEE
Transactions on Pattern Analysis and Machine Intelligence 37 (2015), section 3.1.

Each of p, the tables of `mean_field`, and r is drawn in turn given the two others.
"""

import numpy as np

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.semi_implicit.negative_binomial import (
    Counts,
    NegativeBinomialPrior,
    tails,
)

__all__ = ["ONE_BY_ONE", "negative_binomial_gibbs"]

ONE_BY_ONE = 32
"""Up to so many trials, a binomial number is counted out of uniform ones (SIV-12)."""


@np.errstate(divide="ignore")  # a 1 - p of 0 makes a rate that is infinite, and an r of 0
def negative_binomial_gibbs(
    counts: Counts,
    draws: int,
    rng: np.random.Generator,
    *,
    burn_in: int = 1000,
    prior: NegativeBinomialPrior | None = None,
) -> tuple[Floats, Floats]:
    """Draw r and p from their posterior, each draw near the one before it.

    Spec: SIV-12.

        1 - p ~ Beta(beta + N r, alpha + sum x)
        T_j ~ Binomial(n_j, r / (r + j))
        r ~ Gamma(a + sum_j T_j, rate b - N log(1 - p))

    It is ``1 - p`` that is drawn, for it may be tiny, and its logarithm matters.

    Args:
        counts: shape ``(N,)``, as `tails` takes them.
        draws: sweeps that are returned; at least 1.
        burn_in: sweeps before them; at least 0.
        prior: all parameters are 0.01 by default.

    Returns:
        r and p after each sweep; each shape ``(draws,)``.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: `draws` or `burn_in` is out of range (SIV-12).
    """
    n, prior = tails(counts), prior or NegativeBinomialPrior()
    if draws < 1 or burn_in < 0:
        raise DistributionError(f"{draws} draws after {burn_in} others")
    N, total = len(counts), n.sum()
    r, chain = 1.0, np.empty((2, draws))
    for i in range(burn_in + draws):
        q = rng.beta(prior.beta + N * r, prior.alpha + total)
        tables = sum(_successes(n_j, r / (r + j), rng) for j, n_j in enumerate(n) if j > 0)
        tables += n[0] if n.size else 0
        r = rng.gamma(prior.a + tables, 1 / (prior.b - N * np.log(q)))
        if i >= burn_in:
            chain[:, i - burn_in] = r, 1 - q
    return chain[0], chain[1]


def _successes(n: int, c: float, rng: np.random.Generator) -> int:
    """Return the number of successes in n trials of probability c."""
    if n <= ONE_BY_ONE:
        return int(np.count_nonzero(rng.random(n) < c))
    return int(rng.binomial(n, c))
