"""Categorical distributions, given by the probabilities of ``K`` outcomes on the last axis.

Spec: DIS-10, DIS-13.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), sections 2.1 and 2.3.

These are the definitions, in nats, with ``0 log 0 = 0``. The outcomes are 0 to ``K - 1``.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from reference.errors import DistributionError
from reference.inference.distributions.parameters import (
    Counts,
    Floats,
    Shape,
    outcomes,
    sample_shape,
    unit_reals,
)
from reference.inference.distributions.remainders import divergence

__all__ = [
    "TOTAL_TOLERANCE",
    "categorical_cross_entropy",
    "categorical_entropy",
    "categorical_kl",
    "categorical_log_mass",
    "categorical_sample",
]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of the probabilities of a categorical may be from 1 (DIS-10)."""


def categorical_log_mass(x: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """Return the log mass of `p` at `x`, in nats.

    Spec: DIS-13.

        log p_x

    Args:
        x: whole numbers; -inf beyond 0 to ``K - 1``.
        p: shape ``(..., K)``; not negative, with a sum within ``2**-16`` of 1, by which it
            is divided; `x` broadcasts with its leading axes.

    Raises:
        DistributionError: a row is no distribution, or its leading axes and `x` do not
            broadcast (DIS-1, DIS-10); an outcome is no whole number (DIS-12).
    """
    (p,) = _rows(p=p)
    x, _ = outcomes(x, p[..., 0])
    size = p.shape[-1]
    p = np.broadcast_to(p, (*x.shape, size))
    index = np.clip(x, 0, size - 1).astype(np.int64)
    with np.errstate(divide="ignore"):
        log_p = np.log(np.take_along_axis(p, index[..., None], -1)[..., 0])
    return np.where(x == index, log_p, -np.inf)


def categorical_sample(
    rng: np.random.Generator, p: npt.ArrayLike, shape: Shape = ()
) -> Counts:
    """Return draws of the outcomes 0 to ``K - 1``; never one of probability 0.

    Spec: DIS-22. A draw is how many of the sums ``p_0 + ... + p_k`` are at most a uniform
    number in ``[0, 1)``.

    Args:
        p: shape ``(..., K)``, as for `categorical_log_mass`.

    Returns:
        Shape ``(*shape, ...)``.

    Raises:
        DistributionError: a row is no distribution (DIS-1, DIS-10), or `shape` is none
            (DIS-22).
    """
    (p,) = _rows(p=p)
    sums = np.cumsum(p, -1)
    sums /= sums[..., -1:]  # the last one is 1 to the bit, so no draw is K
    uniform = rng.random(sample_shape(shape, p[..., 0]))
    return np.asarray((sums <= uniform[..., None]).sum(-1), np.int64)


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
        q: shape ``(..., K)``, as for `categorical_log_mass`; the two broadcast.

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
        q: shape ``(..., K)``, as for `categorical_log_mass`; the two broadcast.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: a row is no distribution (DIS-1, DIS-10).
    """
    q, p = _rows(q=q, p=p)
    return np.asarray(divergence(q, p).sum(-1))


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
