"""The buckets of a latent: intervals of equal mass under the prior.

Spec: LAT-1.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

from reference.coding.tables import normal_cdf
from reference.params import ARGUMENT_FRACTION, CDF_FRACTION, CDF_LIMIT

__all__ = ["Buckets", "buckets"]


@dataclass(frozen=True)
class Buckets:
    """Intervals of equal mass under the prior, 16 fraction bits (LAT-1)."""

    edges: tuple[int, ...]
    """Between the buckets: ``K - 1`` of them, rising."""
    centres: tuple[int, ...]
    """Of the buckets: ``K``, rising."""


@cache
def buckets(latent_bits: int) -> Buckets:
    """Return the ``K = 2**latent_bits`` buckets of a latent.

    Spec: LAT-1.

        edge_i    =  the least t with normal_cdf(t) >= 2**32 * i / K
        centre_i  =  the least t with normal_cdf(t) >= 2**32 * (i + 1/2) / K
    """
    step = 1 << (CDF_FRACTION - latent_bits)
    quantiles = [
        _quantile(k * step // 2) for k in range(1, 2 << latent_bits)
    ]  # centre, edge, centre, ...
    return Buckets(edges=tuple(quantiles[1::2]), centres=tuple(quantiles[::2]))


def _quantile(mass: int) -> int:
    """Return the least t with ``normal_cdf(t) >= mass``, by bisection."""
    limit = CDF_LIMIT << ARGUMENT_FRACTION
    return bisect_left(range(-limit, limit), mass, key=normal_cdf) - limit
