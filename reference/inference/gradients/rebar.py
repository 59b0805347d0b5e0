"""REBAR: the function itself, at a relaxed state, as its own control variate.

Spec: GRD-12, GRD-13.
Source: G. Tucker et al., "REBAR: low-variance, unbiased gradient estimates for discrete latent
variable models", NeurIPS 2017, arXiv:1703.07370.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError, ModelError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.gradients.arguments import (
    Function,
    evaluate,
    one_temperature,
    over_events,
)
from reference.inference.gradients.control_variates import relax_gradient
from reference.inference.gradients.latents import Latents

__all__ = ["RelaxedFunction", "rebar_gradient"]


@dataclass(frozen=True, eq=False)
class RelaxedFunction:
    """The control variate ``c(z) = eta f(squash(z, temperature))``. Spec: GRD-12.

    Its parameters phi (GRD-13) are eta and the temperature.
    """

    f: Function
    f_gradient: Function
    q: Latents
    temperature: float
    eta: float
    f_hessian: Callable[[Floats, Floats], Floats] | None = None
    """The product of f's matrix of second derivatives at x with a direction, for GRD-13."""

    def __post_init__(self) -> None:
        one_temperature(self.temperature)
        (eta,) = reals(eta=self.eta)
        if eta.ndim:
            raise DistributionError(f"eta of shape {eta.shape} is no number")

    def value(self, z: Floats) -> Floats:
        """Return c. Spec: GRD-12."""
        x = self.q.squash(z, self.temperature)
        return self.eta * evaluate(self.f, x, self.q.rows(z))

    def gradient(self, z: Floats) -> Floats:
        """Return ``eta / t`` times the gradient of f through the squashing. Spec: GRD-12."""
        x = self.q.squash(z, self.temperature)
        slope = self.q.squash_slope(x, evaluate(self.f_gradient, x, x.shape))
        return self.eta * (slope / self.temperature)  # in this order 0 stays 0 at any t

    def parameter_gradient(self, z: Floats, weight: Floats, direction: Floats) -> Floats:
        """Return the gradient of ``weight c + direction . grad c``. Spec: GRD-13.

        With x' the derivative of x along the direction and x* that in the temperature:

            eta           weight f + grad f . x'
            temperature   eta (weight grad f . x* + x* . (H x') + grad f . dx'/dt)

        Raises:
            ModelError: there is no `f_hessian`.
        """
        if self.f_hessian is None:
            raise ModelError("the gradient in the temperature needs second derivatives of f")
        q, t = self.q, self.temperature
        event = tuple(range(-q.axes, 0))
        x = q.squash(z, t)
        f_gradient = evaluate(self.f_gradient, x, x.shape)
        # At small t the slopes are 0, and 1 / t may be infinite: it comes last.
        along = q.squash_slope(x, direction) / t
        warming = -q.squash_slope(x, z) / t / t
        bent = (q.squash_curvature(x, warming, direction) - along) / t
        curved = self.f_hessian(x, along)
        d_eta = weight * evaluate(self.f, x, q.rows(z)) + (f_gradient * along).sum(axis=event)
        d_t = warming * (over_events(weight, q.axes) * f_gradient + curved) + f_gradient * bent
        return np.stack([d_eta, self.eta * d_t.sum(axis=event)], axis=-1)


def rebar_gradient(
    f: Function,
    f_gradient: Function,
    q: Latents,
    u: npt.ArrayLike,
    v: npt.ArrayLike,
    temperature: float,
    eta: float = 1.0,
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise.

    Spec: GRD-12. RELAX (GRD-11) with ``c(z) = eta f(squash(z, temperature))``.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    return relax_gradient(f, RelaxedFunction(f, f_gradient, q, temperature, eta), q, u, v)
