"""Importance-weighted bounds, the evidence that they estimate, and how many draws count.

Spec: ELB-11 to ELB-14.
Source: Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
arXiv:1509.00519, section 3 and appendix A; A. Kong, "A note on importance sampling using
standardized weights", technical report 348, University of Chicago (1992).

A log weight is ``log w = log p(x, z) - log q(z | x)`` at a draw of q. The mean weight is an
unbiased estimate of p(x); its logarithm is not one of log p(x), but too low on average::

    ELBO  =  L_1  <=  L_2  <=  ...  <=  log p(x)        L_k = E log( (w_1 + ... + w_k) / k )

The logarithm is taken of the mean over the k draws of one data point. Means over data points,
and over groups of k, are taken outside it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_index

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.elbo.estimate import Estimate, estimate, log_densities

__all__ = [
    "EvidenceEstimate",
    "effective_sample_size",
    "evidence_estimate",
    "importance_weighted_bound",
    "log_mean_exp",
]


def log_mean_exp(a: npt.ArrayLike, axis: int = -1) -> Floats:
    """Return the logarithm of the mean of exponentials.

    Spec: ELB-11.

        max a + log( sum_i exp(a_i - max a) / k );      -inf where all a_i are -inf

    Args:
        a: ``k`` numbers in ``[-inf, inf)`` on `axis`, at least one.

    Returns:
        The shape of `a` without `axis`.

    Raises:
        DistributionError: `a` is no such array (ELB-11), or has no such axis.
    """
    a, axis = _log_weights(a, axis)
    top = a.max(axis=axis, keepdims=True)
    top = np.where(np.isneginf(top), 0.0, top)  # -inf less -inf would be NaN
    with np.errstate(divide="ignore"):  # log 0 is -inf
        return np.asarray(np.log(np.exp(a - top).mean(axis=axis)) + top.squeeze(axis))


def importance_weighted_bound(log_weights: npt.ArrayLike) -> Estimate:
    """Return the importance-weighted bound L_k from groups of k draws.

    Spec: ELB-12.

        L_k  =  E log( (w_1 + ... + w_k) / k )

    Args:
        log_weights: shape ``(S, k, ...)``; S groups of k draws from q.

    Returns:
        Shape ``(...)``; of the S groups as `estimate` has it of S draws.

    Raises:
        DistributionError: `log_weights` are no such numbers (ELB-1), or have no groups.
    """
    return estimate(log_mean_exp(log_weights, 1))


@dataclass(frozen=True)
class EvidenceEstimate:
    """What draws from q say of p(x) (ELB-13)."""

    log_mean: Floats
    """The logarithm of the mean weight, which is an unbiased estimate of p(x)."""
    relative_error: Floats
    """The standard error of the mean weight, over the mean weight."""


def evidence_estimate(log_weights: npt.ArrayLike, axis: int = -1) -> EvidenceEstimate:
    """Return the marginal likelihood p(x) as estimated from k draws of q.

    Spec: ELB-13.

        mean w = sum_i w_i / k        relative error = sqrt((k / ESS - 1) / (k - 1))

    Args:
        log_weights: ``k`` numbers in ``[-inf, inf)`` on `axis`.

    Raises:
        DistributionError: as for `log_mean_exp`.
    """
    a, axis = _log_weights(log_weights, axis)
    k, size = a.shape[axis], effective_sample_size(a, axis)
    with np.errstate(divide="ignore", invalid="ignore"):  # ESS is 0, or k is 1
        spread = np.maximum(k / size - 1, 0) / np.float64(k - 1)
    return EvidenceEstimate(log_mean_exp(a, axis), np.asarray(np.sqrt(spread)))


def effective_sample_size(log_weights: npt.ArrayLike, axis: int = -1) -> Floats:
    """Return how many equal weights would vary as little as these.

    Spec: ELB-14.

        ESS  =  (sum_i w_i)^2 / sum_i w_i^2

    Args:
        log_weights: ``k`` numbers in ``[-inf, inf)`` on `axis`.

    Returns:
        The shape of `log_weights` without `axis`; in ``[1, k]``, or 0 where all weights are 0.

    Raises:
        DistributionError: as for `log_mean_exp`.
    """
    a, axis = _log_weights(log_weights, axis)
    top = a.max(axis=axis, keepdims=True)
    w = np.exp(a - np.where(np.isneginf(top), 0.0, top))
    squares = (w**2).sum(axis=axis)
    return np.asarray(w.sum(axis=axis) ** 2 / np.where(squares == 0, 1, squares))


def _log_weights(a: npt.ArrayLike, axis: int) -> tuple[Floats, int]:
    """Refuse what is no array of log weights on an axis (ELB-11)."""
    (array,) = log_densities(log_weights=a)
    try:
        return array, normalize_axis_index(axis, array.ndim)
    except np.exceptions.AxisError:
        raise DistributionError(f"log_weights {array.shape} have no axis {axis}") from None
