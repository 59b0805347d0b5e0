"""Log-normal and logit-normal variables: location-scale variables, transformed.

Spec: GRD-21.
Source: D. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114,
section 2.4.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function, evaluate
from reference.inference.gradients.location_scale import (
    LocationScale,
    reparameterised_gradient,
)

__all__ = ["TRANSFORMS", "transformed_gradient"]

TRANSFORMS = ("exp", "sigmoid")
"""What may be made of a location-scale variable (GRD-21)."""


def transformed_gradient(
    f_gradient: Function, q: LocationScale, eps: npt.ArrayLike, transform: str
) -> Floats:
    """Return gradients of ``E f(x)`` in `mu` and `log_sigma` of z, one a row of noise.

    Spec: GRD-21.

        x = exp(z)        f'(x) x                        in the place of grad f(z) in GRD-7
        x = sigmoid(z)    f'(x) sigmoid(z) sigmoid(-z)

    Args:
        f_gradient: of x, shape ``(..., L)``; of that shape.
        q: z, with any of its bases; with a normal one, x is log-normal or logit-normal.
        eps: shape ``(..., L)``.
        transform: one of ``TRANSFORMS``.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError: the transform is unknown, or an x is beyond binary64 (GRD-21); or
            the noise breaks GRD-1.
        ModelError: `f_gradient` breaks GRD-1.
    """
    if transform not in TRANSFORMS:
        raise DistributionError(f"transform is {transform!r}, none of {TRANSFORMS}")

    def in_z(z: Floats) -> Floats:
        x = _exp(z) if transform == "exp" else expit(z)
        slope = x if transform == "exp" else x * expit(-z)
        return evaluate(f_gradient, x, x.shape) * slope

    return reparameterised_gradient(in_z, q, eps)


def _exp(z: Floats) -> Floats:
    """Return the exponential, or refuse what has none in binary64 (GRD-21)."""
    with np.errstate(over="ignore"):
        x = np.exp(z)
    if not np.isfinite(x).all():
        raise DistributionError(f"exp({z.max()}) is beyond binary64")
    return np.asarray(x)
