"""Location-scale families: samples that are functions of parameters and noise.

Spec: GRD-7.
Source: D. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114,
section 2.4; lectures 002 and 004.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions import (
    laplace_log_density,
    logistic_log_density,
    normal_log_density,
)
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.gradients.arguments import (
    Function,
    evaluate,
    over_events,
    rows_of_noise,
)

__all__ = ["BASES", "LocationScale", "density_score_gradient", "reparameterised_gradient"]

BASES = ("normal", "logistic", "laplace")
"""The laws of the noise (GRD-7)."""

LOG_DENSITIES = {
    "normal": normal_log_density,
    "logistic": logistic_log_density,
    "laplace": laplace_log_density,
}


@dataclass(frozen=True, eq=False)
class LocationScale:
    """``L`` independent variables ``z = mu + exp(log_sigma) eps``. Spec: GRD-7.

    Gradients in the parameters have the shape ``(..., 2, L)``: `mu`, then `log_sigma`.
    """

    mu: Floats
    """Shape ``(L,)``."""
    log_sigma: Floats
    """Shape ``(L,)``; the logarithm of the scale."""
    base: str = "normal"
    """One of ``BASES``; the law of eps, at location 0 and scale 1."""

    def __post_init__(self) -> None:
        mu, log_sigma = reals(mu=self.mu, log_sigma=self.log_sigma)
        if mu.ndim != 1 or not mu.size or mu.shape != log_sigma.shape:
            raise DistributionError(f"mu of shape {mu.shape}, log_sigma of {log_sigma.shape}")
        if self.base not in BASES:
            raise DistributionError(f"base is {self.base!r}, none of {BASES}")
        object.__setattr__(self, "mu", mu)
        object.__setattr__(self, "log_sigma", log_sigma)

    def noise(self, eps: npt.ArrayLike) -> Floats:
        """Return noise ``(..., L)``, or refuse what is none. Spec: GRD-1."""
        return rows_of_noise(self.mu.shape, eps)

    def sample(self, eps: Floats) -> Floats:
        """Return ``mu + sigma eps``. Spec: GRD-7."""
        return self.mu + np.exp(self.log_sigma) * eps

    def log_density(self, eps: Floats) -> Floats:
        """Return ``log q(z)``, one number a row. Spec: GRD-7."""
        return np.asarray((LOG_DENSITIES[self.base](eps, 0, 1) - self.log_sigma).sum(axis=-1))

    def density_gradient(self, eps: Floats) -> Floats:
        """Return the gradient of ``log q(z)`` in z, the parameters held. Spec: GRD-7."""
        return self._slope(eps) / np.exp(self.log_sigma)

    def score(self, eps: Floats) -> Floats:
        """Return the gradient of ``log q(z)`` in the parameters, z held. Spec: GRD-7."""
        slope = self._slope(eps)
        return np.stack([-slope / np.exp(self.log_sigma), -1 - eps * slope], axis=-2)

    def pull_back(self, eps: Floats, gradient: Floats) -> Floats:
        """Return the gradient in the parameters of what has this one in z. Spec: GRD-7."""
        return np.stack([gradient, gradient * np.exp(self.log_sigma) * eps], axis=-2)

    def slope(self, eps: Floats, direction: Floats) -> Floats:
        """Return the derivative of z as the parameters move in `direction`. Spec: GRD-7."""
        along = np.exp(self.log_sigma) * eps * direction[..., 1, :]
        return np.asarray(direction[..., 0, :] + along)

    def _slope(self, eps: Floats) -> Floats:
        """Return the derivative of the log density of the noise."""
        if self.base == "normal":
            return -eps
        return -np.tanh(eps / 2) if self.base == "logistic" else -np.sign(eps)


def reparameterised_gradient(
    f_gradient: Function, q: LocationScale, eps: npt.ArrayLike
) -> Floats:
    """Return gradients of ``E f(z)`` in `mu` and `log_sigma`, one a row of noise.

    Spec: GRD-7.

        grad f(z)        grad f(z) sigma eps

    Args:
        f_gradient: of z, shape ``(..., L)``; of that shape.
        eps: shape ``(..., L)``.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    eps = q.noise(eps)
    return q.pull_back(eps, evaluate(f_gradient, q.sample(eps), eps.shape))


def density_score_gradient(f: Function, q: LocationScale, eps: npt.ArrayLike) -> Floats:
    """Return the same from values of f alone. Spec: GRD-7.

    f(z) grad log q(z)
    """
    eps = q.noise(eps)
    return over_events(evaluate(f, q.sample(eps), eps.shape[:-1]), 2) * q.score(eps)
