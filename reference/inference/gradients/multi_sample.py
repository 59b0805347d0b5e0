"""VIMCO: importance-weighted bounds with discrete latents.

Spec: GRD-17.
Source: A. Mnih, D. Rezende, "Variational inference for Monte Carlo objectives", ICML 2016,
arXiv:1602.06725, section 3.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.elbo import log_mean_exp
from reference.inference.gradients.arguments import Function, evaluate, over_events
from reference.inference.gradients.latents import Latents

__all__ = ["BASELINES", "vimco_gradient", "vimco_signal"]

BASELINES = ("geometric", "arithmetic", "none")
"""What stands in for the weight that is left out (GRD-17)."""


def vimco_gradient(
    log_joint: Function, q: Latents, u: npt.ArrayLike, baseline: str = "geometric"
) -> Floats:
    """Return gradients of the bound L_K (ELB-12) in the logits of q, one a group of K states.

    Spec: GRD-17.

        sum_j (L - L_-j) grad log q(b_j) - sum_j w~_j grad log q(b_j)

    Args:
        log_joint: ``log p(x, b)``; finite.
        u: in (0, 1); shape ``(..., K, event)``, K at least 2.
        baseline: one of ``BASELINES``.

    Returns:
        The shape of `u` without the axis of K.

    Raises:
        DistributionError: K is 1, the baseline unknown (GRD-17), or noise breaks GRD-1.
        ModelError: the log joint breaks GRD-1.
    """
    z = q.relaxed(u)
    b, rows = q.rounded(z), q.rows(z)
    log_w = evaluate(log_joint, b, rows) - q.log_mass(b)
    weight = vimco_signal(log_w, baseline) - softmax(log_w, axis=-1)
    return np.asarray((over_events(weight, q.axes) * q.score(b)).sum(axis=-1 - q.axes))


def vimco_signal(log_w: npt.ArrayLike, baseline: str = "geometric") -> Floats:
    """Return ``L - L_-j``, for each of K log weights. Spec: GRD-17.

    Args:
        log_w: shape ``(..., K)``, K at least 2.
        baseline: one of ``BASELINES``.

    Raises:
        DistributionError: K is 1, or the baseline unknown (GRD-17).
    """
    (log_w,) = reals(log_w=log_w)
    if baseline not in BASELINES or log_w.ndim == 0 or log_w.shape[-1] < 2:
        raise DistributionError(f"baseline {baseline!r} for groups of shape {log_w.shape}")
    return np.asarray(log_mean_exp(log_w)[..., None] - _without_each(log_w, baseline))


def _without_each(log_w: Floats, baseline: str) -> Floats:
    """Return ``L_-j``: the bound with weight j replaced by a mean of the others."""
    if baseline == "none":
        return np.zeros_like(log_w)
    K = log_w.shape[-1]
    others = np.stack([np.delete(log_w, j, axis=-1) for j in range(K)], axis=-2)
    if baseline == "arithmetic":  # the mean of the others does not move the mean of all
        return log_mean_exp(others)
    stand_in = others.mean(axis=-1, keepdims=True)
    return log_mean_exp(np.concatenate([others, stand_in], axis=-1))
