"""Measures of several variables, from the table of their joint distribution.

Spec: ENT-10 to ENT-14.
Source: T. Cover and J. Thomas, Elements of Information Theory (2006), chapter 2; S. Watanabe,
"Information theoretical analysis of multivariate correlation" (1960), for ENT-14.

Each variable has an axis of the table, and the distribution of some of the variables is the
sum over the axes of the others. Axes that belong to no variable hold separate tables::

                H(X, Y)                 by default X is the last axis but one,
    |<------------------------->|       and Y the last one
    |<---- H(X) ------->|
    | H(X|Y) |  I(X;Y)  | H(Y|X)|
             |<---- H(Y) ------>|
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_tuple

from reference.information.entropy.discrete import entropy
from reference.information.entropy.distribution import (
    Floats,
    distribution,
    expected,
    in_base,
    log2,
    numbers,
)

__all__ = [
    "conditional_entropy",
    "conditional_mutual_information",
    "joint_entropy",
    "mutual_information",
    "mutual_information_from_conditional",
    "mutual_information_from_joint",
    "pointwise_mutual_information",
    "total_correlation",
]


def joint_entropy(
    p: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = None,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the entropy of all variables together, in units of ``log(base)``.

    Spec: ENT-10.

        H(X, Y, ...)  =  -sum p(x, y, ...) log p(x, y, ...)

    Args:
        p: sums to 1 over `axis`, or to a positive number if `normalize`.
        axis: those of the variables; by default all.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    return entropy(p, axis=axis, base=base, keepdims=keepdims, normalize=normalize)


def conditional_entropy(
    p: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] = -2,
    given: int | tuple[int, ...] = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the entropy that is left in some variables when others are known.

    Spec: ENT-10.

        H(X | Y)  =  -sum p(x, y) log p(x | y)  =  H(X, Y) - H(Y)

    Args:
        p: sums to 1 over `axis` and `given`, or to a positive number if `normalize`.
        axis: that of ``X``, or those of several variables.
        given: that of ``Y``, or those of several variables.

    Returns:
        The shape of `p` without both; in units of ``log(base)``, never below 0.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    unknown = normalize_axis_tuple(axis, p.ndim)
    both = normalize_axis_tuple((*unknown, *normalize_axis_tuple(given, p.ndim)), p.ndim)
    p = distribution(p, both, normalize)
    with np.errstate(invalid="ignore"):  # inf - inf, where p is 0
        terms = expected(p, log2(p.sum(axis=unknown, keepdims=True)) - log2(p))
    return in_base(np.maximum(terms.sum(axis=both, keepdims=keepdims), 0), base)


def mutual_information(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-2, -1),
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return what either variable tells of the other, as the KL of joint to product.

    Spec: ENT-11.

        I(X; Y)  =  sum p(x, y) (log p(x, y) - log p(x) - log p(y))

    Args:
        p: sums to 1 over `axis`, or to a positive number if `normalize`.
        axis: that of ``X`` and that of ``Y``.

    Returns:
        The shape of `p` without `axis`; in units of ``log(base)``, never below 0.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    p = distribution(p, (x, y), normalize)
    bits = expected(p, _pointwise(p, x, y)).sum(axis=(x, y), keepdims=keepdims)
    return in_base(np.maximum(bits, 0), base)


def mutual_information_from_conditional(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-2, -1),
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the mutual information as the entropy that knowing ``Y`` takes from ``X``.

    Spec: ENT-11.

        I(X; Y)  =  H(X) - H(X | Y)

    Arguments, result and errors are those of `mutual_information`.
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    p = distribution(p, (x, y), normalize)
    known = conditional_entropy(p, axis=x, given=y, keepdims=True)
    bits = entropy(p.sum(axis=y, keepdims=True), axis=x, keepdims=True) - known
    return in_base(np.maximum(bits if keepdims else bits.squeeze((x, y)), 0), base)


def mutual_information_from_joint(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-2, -1),
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the mutual information as what two codes cost more than one for both variables.

    Spec: ENT-11.

        I(X; Y)  =  H(X) + H(Y) - H(X, Y)

    Arguments, result and errors are those of `mutual_information`.
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    p = distribution(p, (x, y), normalize)
    of_x, of_y = p.sum(axis=y, keepdims=True), p.sum(axis=x, keepdims=True)
    bits = entropy(of_x, axis=x, keepdims=True) + entropy(of_y, axis=y, keepdims=True)
    bits = bits - joint_entropy(p, axis=(x, y), keepdims=True)
    return in_base(np.maximum(bits if keepdims else bits.squeeze((x, y)), 0), base)


def pointwise_mutual_information(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-2, -1),
    base: float = 2,
    normalize: bool = False,
) -> Floats:
    """Return a table of what each outcome of ``X`` tells of each outcome of ``Y``.

    Spec: ENT-12.

        pmi(x, y)  =  log p(x, y) - log p(x) - log p(y)

    Args:
        p: sums to 1 over `axis`, or to a positive number if `normalize`.
        axis: that of ``X`` and that of ``Y``.

    Returns:
        The shape of `p`; in units of ``log(base)``. It is ``-inf`` for outcomes that never
        come together, and NaN where one of them never comes at all: there is no value.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    return in_base(_pointwise(distribution(p, (x, y), normalize), x, y), base)


def conditional_mutual_information(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-3, -2),
    given: int | tuple[int, ...] = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return what either variable tells of the other when a third is known.

    Spec: ENT-13.

        I(X; Y | Z)  =  sum p(x, y, z) (log p(z) + log p(x, y, z) - log p(x, z) - log p(y, z))

    Args:
        p: sums to 1 over `axis` and `given`, or to a positive number if `normalize`.
        axis: that of ``X`` and that of ``Y``.
        given: that of ``Z``, or those of several variables.

    Returns:
        The shape of `p` without both; in units of ``log(base)``, never below 0.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    every = normalize_axis_tuple((x, y, *normalize_axis_tuple(given, p.ndim)), p.ndim)
    p = distribution(p, every, normalize)
    with np.errstate(invalid="ignore"):  # inf - inf, where p is 0
        ratio = _pointwise(p, x, y) + log2(p.sum(axis=(x, y), keepdims=True))
    terms = expected(p, ratio)
    return in_base(np.maximum(terms.sum(axis=every, keepdims=keepdims), 0), base)


def total_correlation(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, ...] | None = None,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return what coding each variable by itself costs above the joint entropy.

    Spec: ENT-14.

        C(X_1, ..., X_n)  =  H(X_1) + ... + H(X_n) - H(X_1, ..., X_n)

    It is computed as the KL of the joint to the product, which does not cancel.

    Args:
        p: sums to 1 over `axis`, or to a positive number if `normalize`.
        axis: those of the variables; by default all.

    Returns:
        The shape of `p` without `axis`; in units of ``log(base)``, never below 0.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    every = normalize_axis_tuple(range(p.ndim) if axis is None else axis, p.ndim)
    p = distribution(p, every, normalize)
    ratio = log2(p)
    with np.errstate(invalid="ignore"):
        for i in every:
            others = tuple(j for j in every if j != i)
            ratio = ratio - log2(p.sum(axis=others, keepdims=True))
    return in_base(np.maximum(expected(p, ratio).sum(axis=every, keepdims=keepdims), 0), base)


def _pointwise(p: Floats, x: int, y: int) -> Floats:
    of_x, of_y = p.sum(axis=y, keepdims=True), p.sum(axis=x, keepdims=True)
    with np.errstate(invalid="ignore"):  # inf - inf, where an outcome never comes
        return log2(p) - log2(of_x) - log2(of_y)
