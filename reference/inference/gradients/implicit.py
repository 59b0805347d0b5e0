"""Implicit reparameterisation: gamma and beta variables, whose samplers have no derivative.

Spec: GRD-19, GRD-20.
Source: M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS
2018, arXiv:1805.08498.

Their samplers reject. But as the shape moves, a draw moves so that the
probability below it stays what it is, and that is enough.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import psi

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, check_positive, reals
from reference.inference.gradients.arguments import Function, evaluate, rows_of_noise

__all__ = ["beta_gradient", "gamma_gradient", "gamma_slope"]

SMALL = 2.0**-60
"""Of the sum so far, a term that ends a series (GRD-19)."""


def gamma_slope(y: npt.ArrayLike, a: npt.ArrayLike) -> Floats:
    """Return how a gamma variable of rate 1 moves with its shape.

    Spec: GRD-19.

        dy/da  =  -(d P(a, y) / da) / p(y)
               =  sum_{k >= 0} (psi(a + k + 1) - log y) y^(k+1) / (a (a + 1) ... (a + k))

    Args:
        y: positive; a draw.
        a: positive; the shape. The two broadcast.

    Raises:
        DistributionError: an argument is not positive (GRD-19).
    """
    y, a = reals(y=y, a=a)
    check_positive(y=y, a=a)
    ratio, k = y / a, 0
    total = ratio * (psi(a + 1) - np.log(y))
    while True:
        k += 1
        ratio = ratio * y / (a + k)
        term = ratio * (psi(a + k + 1) - np.log(y))
        total = total + term
        # From where the ratio of terms is below 2/3, the rest is less than a few of them.
        if ((a + k > 2 * y) & (np.abs(term) <= SMALL * np.abs(total))).all():
            return np.asarray(total)


def gamma_gradient(
    f_gradient: Function, a: npt.ArrayLike, b: npt.ArrayLike, y: npt.ArrayLike
) -> Floats:
    """Return gradients of ``E f(x)`` in shape and rate, one a row of draws; ``x = y / b``.

    Spec: GRD-19.

        f'(x) (dy/da) / b        -f'(x) x / b

    Args:
        a: shape ``(L,)``; shapes, positive.
        b: shape ``(L,)``; rates, positive.
        y: shape ``(..., L)``; draws of gamma variables of these shapes and rate 1.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError: an argument is not positive (GRD-19) or breaks GRD-1.
        ModelError: `f_gradient` breaks GRD-1.
    """
    a, b = _shapes(a, b)
    y = rows_of_noise(a.shape, y)
    x = y / b
    slope = evaluate(f_gradient, x, x.shape)
    return np.stack([slope * gamma_slope(y, a) / b, -slope * x / b], axis=-2)


def beta_gradient(
    f_gradient: Function,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    y_a: npt.ArrayLike,
    y_b: npt.ArrayLike,
) -> Floats:
    """Return gradients of ``E f(x)`` in both shapes, one a row; ``x = y_a / (y_a + y_b)``.

    Spec: GRD-20.

        f'(x) x (1 - x) (d y_a/da) / y_a        -f'(x) x (1 - x) (d y_b/db) / y_b

    Args:
        a: shape ``(L,)``; positive.
        b: shape ``(L,)``; positive.
        y_a: shape ``(..., L)``; draws of gamma variables of the shapes `a` and rate 1.
        y_b: likewise of the shapes `b`; the shape of `y_a`.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError: an argument is not positive (GRD-20) or breaks GRD-1.
        ModelError: `f_gradient` breaks GRD-1.
    """
    a, b = _shapes(a, b)
    y_a, y_b = rows_of_noise(a.shape, y_a), rows_of_noise(b.shape, y_b)
    if y_a.shape != y_b.shape:
        raise DistributionError(f"draws of shapes {y_a.shape} and {y_b.shape}")
    check_positive(y_a=y_a, y_b=y_b)
    x = y_a / (y_a + y_b)
    slope = evaluate(f_gradient, x, x.shape) * x * (y_b / (y_a + y_b))
    moves = [slope * gamma_slope(y_a, a) / y_a, -slope * gamma_slope(y_b, b) / y_b]
    return np.stack(moves, axis=-2)


def _shapes(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Refuse what are no two vectors of positive numbers (GRD-19, GRD-20)."""
    a, b = reals(a=a, b=b)
    check_positive(a=a, b=b)
    if a.ndim != 1 or not a.size or a.shape != b.shape:
        raise DistributionError(f"a of shape {a.shape}, b of {b.shape}")
    return a, b
