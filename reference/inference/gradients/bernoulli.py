"""Bits, and the logistic variables that they round.

Spec: GRD-2, GRD-8.
Source: G. Tucker et al., "REBAR", NeurIPS 2017, arXiv:1703.07370; W. Grathwohl et al.,
"Backpropagation through the void", ICLR 2018, arXiv:1711.00123, appendix; lecture 004.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import one_temperature
from reference.inference.gradients.latents import Latents

__all__ = ["Bernoulli"]


class Bernoulli(Latents):
    """``D`` bits; logits ``(..., D)``. Spec: GRD-2, GRD-8."""

    axes = 1

    def relaxed(self, u: npt.ArrayLike) -> Floats:
        """Return ``z = theta + log u - log(1 - u)``. Spec: GRD-2."""
        u = self.noise(u)
        return np.asarray(self.logits + np.log(u) - np.log1p(-u))

    def rounded(self, z: Floats) -> Floats:
        """Return 1 where ``z > 0``, else 0. Spec: GRD-2."""
        return np.where(z > 0, 1.0, 0.0)

    def log_mass(self, b: Floats) -> Floats:
        """Return ``log p(b)``. Spec: GRD-2."""
        return np.asarray(-np.logaddexp(0, (1 - 2 * b) * self.logits).sum(axis=-1))

    def conditional(self, b: Floats, v: npt.ArrayLike) -> Floats:
        """Return ``z~``. Spec: GRD-8.

        Nothing cancels in these forms of ``theta + logit v'``.
        """
        v = self.noise(v)
        up = np.logaddexp(0, self.logits + np.log(v)) - np.log1p(-v)
        down = np.log(v) - np.logaddexp(0, np.log1p(-v) - self.logits)
        return np.where(b == 1, up, down)

    def conditional_slope(self, b: Floats, v: npt.ArrayLike, direction: Floats) -> Floats:
        """Return the derivative at fixed b along `direction`. Spec: GRD-8."""
        v = self.noise(v)
        up, down = expit(self.logits + np.log(v)), expit(np.log1p(-v) - self.logits)
        return np.asarray(np.where(b == 1, up, down) * direction)

    def conditional_pull_back(self, b: Floats, v: npt.ArrayLike, gradient: Floats) -> Floats:
        """Return the gradient in the logits at fixed b. Spec: GRD-8."""
        return self.conditional_slope(b, v, gradient)  # the matrix is diagonal

    def coupled(self, u: npt.ArrayLike) -> Floats:
        """Return the noise v for which ``z~`` is the z of the noise `u`. Spec: GRD-8."""
        u, z = self.noise(u), self.relaxed(u)
        up, down = -np.expm1(-np.maximum(z, 0)) * u, u + np.exp(np.minimum(z, 0)) * (1 - u)
        return np.clip(np.where(z > 0, up, down), 2.0**-1022, 1 - 2.0**-53)

    def squash(self, z: Floats, temperature: float) -> Floats:
        """Return the sigmoid of ``z / temperature``. Spec: GRD-2."""
        return np.asarray(expit(z / one_temperature(temperature)))

    def squash_slope(self, x: Floats, direction: Floats) -> Floats:
        """Return ``x (1 - x) direction``. Spec: GRD-2."""
        return x * (1 - x) * direction

    def squash_curvature(self, x: Floats, moving: Floats, direction: Floats) -> Floats:
        """Return ``(1 - 2 x) moving direction``. Spec: GRD-2."""
        return (1 - 2 * x) * moving * direction
