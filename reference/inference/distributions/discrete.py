"""Bernoulli and categorical distributions, given by probabilities.

Spec: DIS-10.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), sections 2.1 and 2.3.

These are the definitions, in nats. The divergence is a sum of terms that are not negative:
adding ``sum q - sum p``, which is 0, to ``sum p log(p / q)`` makes it one of

    p (q / p - 1 - log(q / p))
"""

import numpy as np
import numpy.typing as npt
from scipy.special import xlog1py, xlogy

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, unit_reals
from reference.inference.distributions.remainders import ratio_excess

__all__ = [
    "TOTAL_TOLERANCE",
    "bernoulli_cross_entropy",
    "bernoulli_entropy",
    "bernoulli_kl",
    "categorical_cross_entropy",
    "categorical_entropy",
    "categorical_kl",
]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of the probabilities of a categorical may be from 1 (DIS-10)."""


def bernoulli_entropy(p: npt.ArrayLike) -> Floats:
    """Return the entropy of a variable that is 1 with probability `p`, in nats.

    Spec: DIS-10.

        -p log p - (1 - p) log(1 - p),   0 log 0 = 0

    Raises:
        DistributionError: a probability is not in ``[0, 1]`` (DIS-1).
    """
    return bernoulli_cross_entropy(p, p)


def bernoulli_cross_entropy(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the cross entropy of `q` coded as `p`, probabilities of a 1; in nats.

    Spec: DIS-10.

        -q log p - (1 - q) log(1 - p),   0 log 0 = 0

    Infinite where `p` is certain of what `q` is not.

    Raises:
        DistributionError: a probability is not in ``[0, 1]``, or the two do not broadcast
            (DIS-1).
    """
    q, p = unit_reals(q=q, p=p)
    return np.asarray(0.0 - xlogy(q, p) - xlog1py(1 - q, -p))


def bernoulli_kl(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return KL(q || p) of two probabilities of a 1, in nats; at least 0.

    Spec: DIS-10, DIS-11.

        q log(q / p) + (1 - q) log((1 - q) / (1 - p)),   0 log 0 = 0

    Infinite where `p` is certain of what `q` is not.

    Raises:
        DistributionError: a probability is not in ``[0, 1]``, or the two do not broadcast
            (DIS-1).
    """
    q, p = unit_reals(q=q, p=p)
    return _divergences(q, p) + _divergences(1 - q, 1 - p)


def categorical_entropy(p: npt.ArrayLike) -> Floats:
    """Return the entropy of `p`, in nats.

    Spec: DIS-10.

        -sum_k  p_k log p_k,   0 log 0 = 0

    Args:
        p: shape ``(..., K)``; not negative, with a sum within ``2**-16`` of 1, by which it
            is divided.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a row is no distribution (DIS-1, DIS-10).
    """
    return categorical_cross_entropy(p, p)


def categorical_cross_entropy(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the cross entropy of `q` coded as `p`, in nats.

    Spec: DIS-10.

        -sum_k  q_k log p_k,   0 log 0 = 0

    Infinite where a `p_k` is 0 and its `q_k` is not.

    Args:
        q: shape ``(..., K)``, as for `categorical_entropy`; the two broadcast.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a row is no distribution (DIS-1, DIS-10).
    """
    q, p = _rows(q=q, p=p)
    return np.asarray(0.0 - xlogy(q, p).sum(-1))


def categorical_kl(q: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return KL(q || p), in nats; at least 0.

    Spec: DIS-10, DIS-11.

        sum_k  q_k log(q_k / p_k),   0 log 0 = 0

    Infinite where a `p_k` is 0 and its `q_k` is not.

    Args:
        q: shape ``(..., K)``, as for `categorical_entropy`; the two broadcast.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a row is no distribution (DIS-1, DIS-10).
    """
    q, p = _rows(q=q, p=p)
    return np.asarray(_divergences(q, p).sum(-1))


def _divergences(q: Floats, p: Floats) -> Floats:
    """Return ``q log(q / p) + p - q``: at least 0, and 0 where q = p."""
    a, b = np.where(q > 0, q, 1), np.where(p > 0, p, 1)
    # Of a q that is tiny next to p, the ratio could overflow.
    far = np.maximum(q * (np.log(a) - np.log(b)) + (p - q), 0)
    terms = np.where(b > 4 * a, far, a * ratio_excess(b, a))
    return np.where(q > 0, np.where(p > 0, terms, np.inf), p)


def _rows(**named: npt.ArrayLike) -> tuple[Floats, ...]:
    arrays = unit_reals(**named)
    rows = []
    for name, array in zip(named, arrays, strict=True):
        if array.ndim < 1 or array.shape[-1] == 0:
            raise DistributionError(f"{name} of shape {array.shape} has no probabilities")
        total = array.sum(-1, keepdims=True)
        if not (np.abs(total - 1) <= TOTAL_TOLERANCE).all():
            worst = total.flat[np.abs(total - 1).argmax()]
            raise DistributionError(f"{name} has the sum {worst!r}, not 1")
        rows.append(array / total)
    if len({row.shape[-1] for row in rows}) > 1:
        raise DistributionError(f"shapes {[row.shape for row in rows]} have not one K")
    return tuple(rows)
