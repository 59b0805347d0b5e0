"""Compiled twin of `reference.inference.semi_implicit.gibbs`: the same draws of one generator.

Spec: SIV-12.  Checked by tests/equivalence/test_semi_implicit.py.

How many numbers a draw takes depends on the numbers, so no array of them can be made
beforehand: the kernel takes the generator itself, whose state numba shares with numpy. It does
not take numpy's lock, so a generator belongs to one thread at a time.
"""

import numpy as np

from fast._jit import kernel
from reference.errors import DataError, DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.semi_implicit.gibbs import ONE_BY_ONE
from reference.inference.semi_implicit.negative_binomial import (
    LARGEST_COUNT,
    Counts,
    NegativeBinomialPrior,
)

__all__ = ["negative_binomial_gibbs", "negative_binomial_gibbs_kernel"]


@kernel
def negative_binomial_gibbs_kernel(  # type: ignore[no-untyped-def]
    n, N, total, a, b, alpha, beta, burn_in, rng, r_draws, p_draws
):
    """Set `r_draws` and `p_draws` after each sweep that follows the first `burn_in` (SIV-12).

    Args:
        n: the tails, int64; and `total` their sum, as a float.
        N: the number of counts, as a float.
        rng: a generator that no other thread uses.
    """
    r = 1.0
    for i in range(burn_in + r_draws.size):
        q = rng.beta(beta + N * r, alpha + total)
        tables = n[0] if n.size > 0 else 0
        for j in range(1, n.size):
            c = r / (r + j)
            if n[j] <= ONE_BY_ONE:
                for _ in range(n[j]):
                    tables += int(rng.random() < c)
            else:
                tables += rng.binomial(n[j], c)
        r = rng.gamma(a + tables, 1.0 / (b - N * np.log(q)))
        if i >= burn_in:
            r_draws[i - burn_in], p_draws[i - burn_in] = r, 1.0 - q


def negative_binomial_gibbs(
    counts: Counts,
    draws: int,
    rng: np.random.Generator,
    *,
    burn_in: int = 1000,
    prior: NegativeBinomialPrior | None = None,
) -> tuple[Floats, Floats]:
    """Draw r and p from their posterior, each draw near the one before it. Spec: SIV-12.

    Raises:
        DataError: `counts` are none (SIV-7).
        DistributionError: `draws` or `burn_in` is out of range (SIV-12).
    """
    array, prior = np.asarray(counts), prior or NegativeBinomialPrior()
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise DataError(f"counts of shape {array.shape} and type {array.dtype}")
    if array.min() < 0 or array.max() > LARGEST_COUNT:
        raise DataError(f"counts from {array.min()} to {array.max()}: not in [0, 2**20]")
    if draws < 1 or burn_in < 0:
        raise DistributionError(f"{draws} draws after {burn_in} others")
    n = array.size - np.cumsum(np.bincount(array.astype(np.int64)))[:-1]
    r, p = np.empty(draws), np.empty(draws)
    # All positive floats: numba compiles once, whatever kinds of numbers the prior is made of.
    shapes = (float(v) for v in (prior.a, prior.b, prior.alpha, prior.beta))
    with np.errstate(divide="ignore"):  # a 1 - p of 0 makes an r of 0
        negative_binomial_gibbs_kernel(
            n, float(array.size), float(n.sum()), *shapes, burn_in, rng, r, p
        )
    return r, p
