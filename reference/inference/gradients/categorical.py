"""One-hot outcomes, and the Gumbel variables of which they name the largest.

Spec: GRD-3, GRD-9.
Source: G. Tucker et al., "REBAR", NeurIPS 2017, arXiv:1703.07370; W. Grathwohl et al.,
"Backpropagation through the void", ICLR 2018, arXiv:1711.00123, appendix; lecture 004.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax, logsumexp, softmax

from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import one_temperature
from reference.inference.gradients.latents import Latents
from reference.inference.relaxations.gumbel import gumbel

__all__ = ["Categorical"]


class Categorical(Latents):
    """``D`` variables of ``n`` outcomes, states one-hot; logits ``(..., D, n)``.

    Spec: GRD-3, GRD-9.
    """

    axes = 2

    def relaxed(self, u: npt.ArrayLike) -> Floats:
        """Return ``z = theta - log(-log u)``. Spec: GRD-3."""
        return np.asarray(self.logits + gumbel(self.noise(u)))

    def rounded(self, z: Floats) -> Floats:
        """Return 1 at the first of the largest, else 0. Spec: GRD-3."""
        return np.asarray(np.eye(z.shape[-1])[np.argmax(z, axis=-1)])

    def log_mass(self, b: Floats) -> Floats:
        """Return ``log p(b)``. Spec: GRD-3."""
        return np.asarray((b * log_softmax(self.logits, axis=-1)).sum(axis=(-2, -1)))

    def conditional(self, b: Floats, v: npt.ArrayLike) -> Floats:
        """Return ``z~``. Spec: GRD-9."""
        free, top = self._free_and_top(b, v)
        return np.where(b == 1, top, -np.logaddexp(-free, -top))

    def conditional_slope(self, b: Floats, v: npt.ArrayLike, direction: Floats) -> Floats:
        """Return the derivative at fixed b along `direction`. Spec: GRD-9."""
        own = self._own(b, v)
        along = (self.mean * direction).sum(axis=-1, keepdims=True)
        return np.asarray(own * direction + (1 - own) * along)

    def conditional_pull_back(self, b: Floats, v: npt.ArrayLike, gradient: Floats) -> Floats:
        """Return the gradient in the logits at fixed b. Spec: GRD-9."""
        own = self._own(b, v)
        top = ((1 - own) * gradient).sum(axis=-1, keepdims=True)
        return np.asarray(own * gradient + self.mean * top)

    def _free_and_top(self, b: Floats, v: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return ``theta_i + g_i``, and the largest coordinate."""
        g = gumbel(self.noise(v))
        total = logsumexp(self.logits, axis=-1, keepdims=True)
        return self.logits + g, total + (b * g).sum(axis=-1, keepdims=True)

    def _own(self, b: Floats, v: npt.ArrayLike) -> Floats:
        """Return the derivative of each coordinate in its own logit, the largest held."""
        free, top = self._free_and_top(b, v)
        return np.where(b == 1, 0.0, expit(top - free))

    def squash(self, z: Floats, temperature: float) -> Floats:
        """Return the softmax of ``z / temperature``. Spec: GRD-3."""
        below = z - z.max(axis=-1, keepdims=True)  # over any temperature, the largest is 0
        return np.asarray(softmax(below / one_temperature(temperature), axis=-1))

    def squash_slope(self, x: Floats, direction: Floats) -> Floats:
        """Return ``x (direction - sum_i x_i direction_i)``. Spec: GRD-3."""
        return np.asarray(x * (direction - (x * direction).sum(axis=-1, keepdims=True)))

    def squash_curvature(self, x: Floats, moving: Floats, direction: Floats) -> Floats:
        """Return the derivative of that as `x` moves. Spec: GRD-3."""
        along = (x * direction).sum(axis=-1, keepdims=True)
        bent = (moving * direction).sum(axis=-1, keepdims=True)
        return np.asarray(moving * (direction - along) - x * bent)
