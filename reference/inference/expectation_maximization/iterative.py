"""Iterative amortised inference: a learned update of the local parameters, made T times.

Spec: VEM-16.
Source: J. Marino, Y. Yue, S. Mandt, "Iterative amortized inference", ICML 2018.

    lambda_i <- lambda_i + features(lambda_i, gradient_i) U          from 0, T times

The update sees where it is and which way is up, so it can do better than a network that sees
the data point once. It is trained for the bounds after all of its steps.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError, LowerBoundError
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization.inference import map_weights
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    count_data,
    local_curvature,
    local_parameters,
    poisson_gradients,
    poisson_lower_bounds,
    prior_local,
)
from reference.inference.mean_field.arguments import check_count

__all__ = ["IterativeInference", "update_features"]


@dataclass(frozen=True)
class IterativeInference:
    """A learned update of the local parameters, made some number of times (VEM-16)."""

    weights: Floats
    """Shape ``(1 + 4 L, 2 L)``: rows for 1, for the parameters, and for the gradient."""
    steps: int = 4
    """How many updates are made."""

    @classmethod
    def start(cls, model: PoissonFactors, steps: int = 4) -> Self:
        """Return the update by the natural gradient itself, where that is small."""
        size = 2 * model.weights.shape[1]
        return cls(np.concatenate([np.zeros((1 + size, size)), np.eye(size)]), steps)

    def infer(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the local parameters after all updates, shape ``(N, 2 L)``."""
        return self.path(x, model)[-1]

    def path(self, x: npt.ArrayLike, model: PoissonFactors) -> list[Floats]:
        """Return the local parameters of the prior, and after each update."""
        x, weights = self._arguments(x, model)
        found = [prior_local(len(x), model)]
        for _ in range(self.steps):
            d_local, _ = poisson_gradients(x, model, found[-1])
            moved = found[-1] + update_features(found[-1], d_local) @ weights
            found.append(local_parameters(moved, len(x), model))
        return found

    def rows(self) -> Floats:
        """Return the weights as one row."""
        return self.weights.reshape(1, -1)

    def at(self, rows: Floats) -> Self:
        """Return the same with other parameters."""
        return type(self)(rows.reshape(self.weights.shape), self.steps)

    def objective(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the mean over all updates of the sum of the bounds after them."""
        x, _ = self._arguments(x, model)
        try:
            path = self.path(x, model)[1:]
        except (DistributionError, LowerBoundError):  # an update has left the domain
            return np.array([-np.inf])
        bounds = [poisson_lower_bounds(x, model, local).sum() for local in path]
        return np.array([np.mean(bounds)])

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the derivative through all updates: back from the last one to the first."""
        x, weights = self._arguments(x, model)
        size = weights.shape[1]
        of_parameters, of_gradient = weights[1 : 1 + size], weights[1 + size :]
        path = self.path(x, model)
        d_weights, d_after = np.zeros_like(weights), np.zeros_like(path[0])
        for before, after in zip(path[-2::-1], path[:0:-1], strict=True):
            d_after = d_after + poisson_gradients(x, model, after)[0] / self.steps
            slopes, _ = poisson_gradients(x, model, before)
            d_weights += update_features(before, slopes).T @ d_after
            d_natural = d_after @ of_gradient.T / np.sqrt(1 + _natural(before, slopes) ** 2)
            d_after = d_after + d_after @ of_parameters.T
            d_after += _natural_reverse(model, before, slopes, d_natural)
        return d_weights.reshape(1, -1)

    def _arguments(self, x: npt.ArrayLike, model: PoissonFactors) -> tuple[Floats, Floats]:
        check_count(steps=self.steps)
        latents = model.weights.shape[1]
        weights = map_weights(self.weights, (1 + 4 * latents, 2 * latents))
        return count_data(x, model), weights


def update_features(local: Floats, d_local: Floats) -> Floats:
    """Return what a learned update sees: 1, the parameters, and asinh of the natural gradient.

    Spec: VEM-16. The natural gradient is ``(sigma^2 d_mu, d_log_sigma / 2)``. Its asinh is the
    number itself where that is small, and its sign times a logarithm where it is large.

    Args:
        local: shape ``(N, 2 L)``.
        d_local: shape ``(N, 2 L)``; the gradient at `local`.

    Returns:
        Shape ``(N, 1 + 4 L)``.
    """
    ones = np.ones((len(local), 1))
    return np.concatenate([ones, local, np.arcsinh(_natural(local, d_local))], axis=1)


def _natural(local: Floats, d_local: Floats) -> Floats:
    d_mu, d_log_sigma = np.split(d_local, 2, axis=1)
    variances = np.exp(2 * np.split(local, 2, axis=1)[1])
    return np.concatenate([variances * d_mu, d_log_sigma / 2], axis=1)


def _natural_reverse(
    model: PoissonFactors, local: Floats, d_local: Floats, d_natural: Floats
) -> Floats:
    """Return the derivative in the local parameters, given that in the natural gradient."""
    of_mu, of_log_sigma = np.split(d_natural, 2, axis=1)
    variances = np.exp(2 * np.split(local, 2, axis=1)[1])
    through = np.concatenate([variances * of_mu, of_log_sigma / 2], axis=1)
    scaled = 2 * variances * np.split(d_local, 2, axis=1)[0] * of_mu
    scaled = np.concatenate([np.zeros_like(scaled), scaled], axis=1)
    return local_curvature(model, local, through) + scaled
