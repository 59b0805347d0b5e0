"""LAX and RELAX: any differentiable function as a control variate, and how it is learned.

Spec: GRD-10, GRD-11, GRD-13.
Source: W. Grathwohl et al., "Backpropagation through the void", ICLR 2018, arXiv:1711.00123,
sections 2 and 3; lecture 004.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function, evaluate, over_events
from reference.inference.gradients.latents import Latents
from reference.inference.gradients.location_scale import LocationScale

__all__ = [
    "ControlVariate",
    "LearnedControlVariate",
    "lax_gradient",
    "lax_variance_gradient",
    "relax_gradient",
    "relax_variance_gradient",
    "relax_variance_terms",
]


class ControlVariate(Protocol):
    """A differentiable function c of z. Spec: GRD-10, GRD-11."""

    def value(self, z: Floats) -> Floats:
        """Return c, one number a row."""

    def gradient(self, z: Floats) -> Floats:
        """Return the gradient of c in z, of the shape of z."""


class LearnedControlVariate(ControlVariate, Protocol):
    """One that can say how its parameters phi would better it. Spec: GRD-13."""

    def parameter_gradient(self, z: Floats, weight: Floats, direction: Floats) -> Floats:
        """Return the gradient in phi of ``weight c(z) + direction . grad c(z)``.

        Args:
            weight: one number a row, which does not depend on phi.
            direction: the shape of z; likewise.

        Returns:
            The shape of the rows, and an axis of parameters.
        """


def lax_gradient(
    f: Function, c: ControlVariate, q: LocationScale, eps: npt.ArrayLike
) -> Floats:
    """Return gradients of ``E f(z)``, one a row of noise, where only c is differentiable.

    Spec: GRD-10.

        (f(z) - c(z)) grad log q(z) + d c(z) / d parameters

    Args:
        eps: shape ``(..., L)``.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    eps = q.noise(eps)
    z, rows = q.sample(eps), eps.shape[:-1]
    signal = evaluate(f, z, rows) - evaluate(c.value, z, rows)
    slope = evaluate(c.gradient, z, z.shape)
    return over_events(signal, 2) * q.score(eps) + q.pull_back(eps, slope)


def relax_gradient(
    f: Function, c: ControlVariate, q: Latents, u: npt.ArrayLike, v: npt.ArrayLike
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise.

    Spec: GRD-11.

        (f(b) - c(z~)) grad log p(b) + d c(z) / d theta - d c(z~) / d theta

    The last derivative holds b fixed.

    Args:
        u: in (0, 1); rows of the shape of an event.
        v: likewise, and independent of u, or `Bernoulli.coupled` of it.

    Returns:
        The shape of `u`.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    z = q.relaxed(u)
    b, rows, v = q.rounded(z), q.rows(z), q.noise(v)
    if v.shape != z.shape:
        raise DistributionError(f"noise v of {v.shape} with u of {z.shape}")
    z_tilde = q.conditional(b, v)
    signal = evaluate(f, b, rows) - evaluate(c.value, z_tilde, rows)
    free = evaluate(c.gradient, z, z.shape)
    held = q.conditional_pull_back(b, v, evaluate(c.gradient, z_tilde, z.shape))
    return np.asarray(over_events(signal, q.axes) * q.score(b) + free - held)


def lax_variance_gradient(
    c: LearnedControlVariate, q: LocationScale, eps: npt.ArrayLike, g: Floats
) -> Floats:
    """Return the gradient of ``sum g^2`` in the parameters of c, one a row.

    Spec: GRD-13.

    Args:
        g: what `lax_gradient` returns for the same noise.
    """
    eps = q.noise(eps)
    weight = -(g * q.score(eps)).sum(axis=(-2, -1))
    return 2 * c.parameter_gradient(q.sample(eps), weight, q.slope(eps, g))


def relax_variance_gradient(
    c: LearnedControlVariate, q: Latents, u: npt.ArrayLike, v: npt.ArrayLike, g: Floats
) -> Floats:
    """Return the gradient of ``sum g^2`` in the parameters of c, one a row.

    Spec: GRD-13.

        2 d/d phi ( -(g . score) c(z~) - (J g) . grad c(z~) + g . grad c(z) )

    with ``J g`` the derivative of z~ as the logits move along g.

    Args:
        g: what `relax_gradient` returns for the same noise; it counts as constant.
    """
    return np.asarray(c.parameter_gradient(*relax_variance_terms(q, u, v, g)).sum(axis=0))


def relax_variance_terms(
    q: Latents, u: npt.ArrayLike, v: npt.ArrayLike, g: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what `relax_variance_gradient` takes the gradient at: z, weight and direction.

    Spec: GRD-13. The gradient is the sum over both terms, on the first axis, of that of
    ``weight c(z) + direction . grad c(z)``; so it can be summed over the rows as it is made.

        z~    -2 g . score    -2 J g
        z      0               2 g
    """
    z = q.relaxed(u)
    b = q.rounded(z)
    weight = -(g * q.score(b)).sum(axis=tuple(range(-q.axes, 0)))
    places = np.stack([q.conditional(b, v), z])
    directions = np.stack([-q.conditional_slope(b, v, g), g])
    return places, 2 * np.stack([weight, np.zeros_like(weight)]), 2 * directions
