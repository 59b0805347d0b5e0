"""Ways to find local parameters: for each data point by itself, or by a network for all.

Spec: VEM-14, VEM-15.
Source: lecture 001, "Deep Latent Variable Models"; lecture 002, "Learning How to Do Inference
(Fast)".

    local       a gradient step on the parameters of each data point
    amortised   lambda_i = features(x_i) A          A is shared by all data points

The map is affine, and so the smallest that can be learned; it has a closed-form gradient.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    count_data,
    local_parameters,
    poisson_gradients,
    poisson_lower_bounds_or_minus_inf,
)

__all__ = [
    "AmortisedInference",
    "Inference",
    "LocalInference",
    "count_features",
    "map_weights",
]


class Inference(Protocol):
    """A way to find local parameters, with parameters of its own (VEM-14 to VEM-16).

    Its parameters are rows, each of a problem of its own: for one row, all data points count.
    Whatever it gives, the bounds there are at most those of `best_local` (VEM-18).
    """

    def infer(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the local parameters of the data points, shape ``(N, 2 L)``."""

    def rows(self) -> Floats:
        """Return its own parameters, shape ``(R, P)``."""

    def at(self, rows: Floats) -> Self:
        """Return the same with other parameters."""

    def objective(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return what its rows are trained for, shape ``(R,)``; in nats."""

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the derivative of each objective in its row, shape ``(R, P)``."""


@dataclass(frozen=True)
class LocalInference:
    """Parameters of its own for each data point (VEM-14)."""

    local: Floats
    """Shape ``(N, 2 L)``: ``mu``, then ``log_sigma``."""

    def infer(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the local parameters as they are, shape ``(N, 2 L)``."""
        return local_parameters(self.local, len(count_data(x, model)), model)

    def rows(self) -> Floats:
        """Return the local parameters: a row is a data point."""
        return self.local

    def at(self, rows: Floats) -> Self:
        """Return the same with other parameters."""
        return type(self)(rows)

    def objective(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the bound of each data point."""
        return poisson_lower_bounds_or_minus_inf(count_data(x, model), model, self.local)

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the local gradients of VEM-9."""
        return poisson_gradients(x, model, self.local)[0]


@dataclass(frozen=True)
class AmortisedInference:
    """An affine network from a data point to its local parameters (VEM-15)."""

    weights: Floats
    """Shape ``(1 + D, 2 L)``."""

    @classmethod
    def start(cls, model: PoissonFactors) -> Self:
        """Return the network whose outputs are all 0: the prior."""
        dimensions, latents = model.weights.shape
        return cls(np.zeros((1 + dimensions, 2 * latents)))

    def infer(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return ``features(x) A``, shape ``(N, 2 L)``."""
        x, weights = self._arguments(x, model)
        return local_parameters(count_features(x) @ weights, len(x), model)

    def rows(self) -> Floats:
        """Return the weights as one row."""
        return self.weights.reshape(1, -1)

    def at(self, rows: Floats) -> Self:
        """Return the same with other parameters."""
        return type(self)(rows.reshape(self.weights.shape))

    def objective(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the sum of the bounds, shape ``(1,)``."""
        x, weights = self._arguments(x, model)
        local = count_features(x) @ weights
        return np.array([poisson_lower_bounds_or_minus_inf(x, model, local).sum()])

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return ``features(x)^T g`` as a row, with the local gradients ``g``."""
        x, _ = self._arguments(x, model)
        d_local, _ = poisson_gradients(x, model, self.infer(x, model))
        return (count_features(x).T @ d_local).reshape(1, -1)

    def _arguments(self, x: npt.ArrayLike, model: PoissonFactors) -> tuple[Floats, Floats]:
        dimensions, latents = model.weights.shape
        weights = map_weights(self.weights, (1 + dimensions, 2 * latents))
        return count_data(x, model), weights


def count_features(x: Floats) -> Floats:
    """Return 1 and the logarithms of the counts, ``(1, log(1 + x))``. Spec: VEM-15.

    Args:
        x: shape ``(N, D)``.

    Returns:
        Shape ``(N, 1 + D)``.
    """
    return np.concatenate([np.ones((len(x), 1)), np.log1p(x)], axis=1)


def map_weights(weights: npt.ArrayLike, shape: tuple[int, int]) -> Floats:
    """Return the weights of a map as binary64. Spec: VEM-15, VEM-16.

    Raises:
        DistributionError: they are not finite numbers of this shape (VEM-15, VEM-16).
    """
    (found,) = reals(weights=weights)
    if found.shape != shape:
        raise DistributionError(f"weights of shape {found.shape}, not {shape}")
    return found
