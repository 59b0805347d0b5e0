"""Measures of one distribution, or of two over the same outcomes.

Spec: ENT-4 to ENT-9.
Source: T. Cover and J. Thomas, Elements of Information Theory (2006), chapter 2.

In all of them `axis` holds the outcomes, ``K`` in number, and the other axes hold separate
distributions; of the two of a pair, the shapes broadcast.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.information.entropy.distribution import (
    Floats,
    distribution,
    expected,
    in_base,
    log2,
    numbers,
)

__all__ = [
    "binary_cross_entropy",
    "binary_entropy",
    "cross_entropy",
    "entropy",
    "jensen_shannon_divergence",
    "kl_divergence",
    "surprisal",
]


def surprisal(p: npt.ArrayLike, *, base: float = 2) -> Floats:
    """Return the surprise at outcomes of probability `p`, in units of ``log(base)``.

    Spec: ENT-4.

        -log p

    Args:
        p: any shape; each number by itself is in ``[0, 1]``.

    Returns:
        The shape of `p`; in ``[0, inf]``.

    Raises:
        DistributionError: a number is not in ``[0, 1]`` (ENT-4), or no base (ENT-2).
    """
    return in_base(-log2(_probabilities(p)), base)


def entropy(
    p: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the entropy of each distribution, in units of ``log(base)``.

    Spec: ENT-5.

        H(p)  =  -sum_k p_k log p_k,    with 0 log 0 = 0

    Args:
        p: its sums over `axis` are 1, or positive if `normalize`.

    Returns:
        The shape of `p` without `axis`; never below 0, and in exact arithmetic at most
        ``log K``.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    p = distribution(p, axis, normalize)
    bits = expected(p, -log2(p)).sum(axis=axis, keepdims=keepdims)
    return in_base(np.maximum(bits, 0), base)


def binary_entropy(p: npt.ArrayLike, *, base: float = 2) -> Floats:
    """Return the entropy of a coin that shows heads with probability `p`.

    Spec: ENT-6.

        H(p)  =  -p log p - (1 - p) log(1 - p)

    Args:
        p: any shape; each number by itself is in ``[0, 1]``.

    Returns:
        The shape of `p`; in units of ``log(base)``.

    Raises:
        DistributionError: a number is not in ``[0, 1]`` (ENT-6), or no base (ENT-2).
    """
    return binary_cross_entropy(p, p, base=base)


def binary_cross_entropy(p: npt.ArrayLike, q: npt.ArrayLike, *, base: float = 2) -> Floats:
    """Return the expected code length of a coin of probability `p` under a code made for `q`.

    Spec: ENT-6.

        H(p, q)  =  -p log q - (1 - p) log(1 - q)

    Args:
        p: any shape; each number by itself is in ``[0, 1]``.
        q: likewise; broadcasts with `p`.

    Returns:
        The shape of both; in ``[0, inf]``, in units of ``log(base)``.

    Raises:
        DistributionError: a number is not in ``[0, 1]`` (ENT-6), or no base (ENT-2).
    """
    p, q = _pair(_probabilities(p), _probabilities(q))
    with np.errstate(divide="ignore"):
        # 1 - q would lose the digits of a small q, and log1p loses a unit at q = 1/2.
        log_rest = np.where(q < 0.25, np.log1p(-q) / np.log(2), log2(1 - q))
    return in_base(expected(p, -log2(q)) + expected(1 - p, -log_rest), base)


def cross_entropy(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the expected code length of outcomes of `p` under a code made for `q`.

    Spec: ENT-7.

        H(p, q)  =  -sum_k p_k log q_k,    with 0 log 0 = 0

    Args:
        p: its sums over `axis` are 1, or positive if `normalize`.
        q: likewise; broadcasts with `p`.

    Returns:
        The shape of both without `axis`; in ``[0, inf]``, in units of ``log(base)``: ``inf``
        where some ``p_k > 0`` has ``q_k = 0``.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    p, q = (distribution(v, axis, normalize) for v in _pair(numbers(p), numbers(q)))
    bits = expected(p, -log2(q)).sum(axis=axis, keepdims=keepdims)
    return in_base(np.maximum(bits, 0), base)


def kl_divergence(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return what a code made for `q` costs on outcomes of `p`, above their entropy.

    Spec: ENT-8.

        KL(p || q)  =  sum_k p_k (log p_k - log q_k),    with 0 log 0 = 0

    Args:
        p: its sums over `axis` are 1, or positive if `normalize`.
        q: likewise; broadcasts with `p`.

    Returns:
        The shape of both without `axis`; in ``[0, inf]``, in units of ``log(base)``: ``inf``
        where some ``p_k > 0`` has ``q_k = 0``.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    p, q = (distribution(v, axis, normalize) for v in _pair(numbers(p), numbers(q)))
    with np.errstate(invalid="ignore"):  # inf - inf, where p is 0
        ratio = log2(p) - log2(q)
    return in_base(np.maximum(expected(p, ratio).sum(axis=axis, keepdims=keepdims), 0), base)


def jensen_shannon_divergence(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the mean divergence of `p` and `q` from halfway between them.

    Spec: ENT-9.

        JS(p, q)  =  KL(p || m) / 2 + KL(q || m) / 2,    with m = (p + q) / 2

    It is not its square root, which some libraries return: that is a metric.

    Args:
        p: its sums over `axis` are 1, or positive if `normalize`.
        q: likewise; broadcasts with `p`.

    Returns:
        The shape of both without `axis`; in units of ``log(base)``, between 0 and 1 bit.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    p, q = (distribution(v, axis, normalize) for v in _pair(numbers(p), numbers(q)))
    log_middle = log2(p + q) - 1  # not of (p + q) / 2, which may be too small to be a number
    with np.errstate(invalid="ignore"):
        terms = expected(p, log2(p) - log_middle) + expected(q, log2(q) - log_middle)
    return in_base(np.maximum(terms.sum(axis=axis, keepdims=keepdims) / 2, 0), base)


def _probabilities(p: npt.ArrayLike) -> Floats:
    p = numbers(p)
    for wrong in p[~((p >= 0) & (p <= 1))][:1]:
        raise DistributionError(f"{wrong} is no probability")
    return p


def _pair(p: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Return both in their common shape, so that each is checked as it is used."""
    try:
        p, q = np.broadcast_arrays(p, q)
    except ValueError:
        raise DistributionError(f"outcomes of shapes {p.shape} and {q.shape}") from None
    return p, q
