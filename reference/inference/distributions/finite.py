"""Entropies and divergences that are sums over a finite support.

Spec: DIS-19.

Where no closed form exists, but the outcomes are 0 to K - 1, the log masses of all of them on
a last axis are enough.
"""

import numpy as np

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.distributions.remainders import log_divergence

__all__ = ["entropy_of_log_masses", "kl_of_log_masses", "support"]

LARGEST_SUPPORT = 2.0**24
"""Work and memory grow with the number of outcomes (DIS-19)."""


def support(size: Floats, *parameters: Floats) -> tuple[Floats, ...]:
    """Return the outcomes 0 to the largest size less 1 on a new last axis, and parameters.

    Spec: DIS-19. Of a smaller size, those too many have the log mass -inf (DIS-12).

    Raises:
        DistributionError: there are more than ``2**24`` outcomes (DIS-19).
    """
    if (size > LARGEST_SUPPORT).any():
        raise DistributionError(f"a sum over {size.max()} outcomes: more than 2**24")
    x = np.arange(size.max(initial=1))
    return x, *(p[..., None] for p in (size, *parameters))


def entropy_of_log_masses(log_p: Floats) -> Floats:
    """Return ``-sum_x p_x log p_x`` over the last axis, in nats. Spec: DIS-19."""
    p = np.exp(log_p)
    return np.asarray(-(p * np.where(p > 0, log_p, 0)).sum(-1))


def kl_of_log_masses(log_q: Floats, log_p: Floats) -> Floats:
    """Return ``sum_x q_x (log q_x - log p_x)`` over the last axis, in nats; at least 0.

    Spec: DIS-19.
    """
    return np.asarray(log_divergence(log_q, log_p).sum(-1))
