"""Three ways to find local parameters: one by one, by a network, and by learned steps.

Spec: VEM-14 to VEM-16.
Source: lectures 001 and 002, for the first two; J. Marino, Y. Yue, S. Mandt, "Iterative
amortized inference", ICML 2018, for the third.

    local       a gradient step on the parameters of each data point
    amortised   lambda_i = features(x_i) A          A is shared by all data points
    iterative   lambda_i <- lambda_i + features(lambda_i, gradient_i) U     from 0, T times

The maps are affine, and so the smallest that can be learned; the gradients of what they are
trained for are exact, through all ``T`` steps.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError, LowerBoundError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.expectation_maximization.arguments import check_number, count_data
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    gradients,
    local_curvature,
    local_parameters,
    lower_bounds,
    lower_bounds_or_minus_inf,
    prior_local,
)

__all__ = [
    "AmortisedInference",
    "Inference",
    "IterativeInference",
    "LocalInference",
    "count_features",
    "update_features",
]


class Inference(Protocol):
    """A way to find local parameters, with parameters of its own (VEM-14 to VEM-16).

    Its parameters are rows, each of a problem of its own: for one row, all data points count.
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
        return local_parameters(self.local, len(count_data(x, len(model.bias))), model)

    def rows(self) -> Floats:
        """Return the local parameters: a row is a data point."""
        return self.local

    def at(self, rows: Floats) -> Self:
        """Return the same with other parameters."""
        return type(self)(rows)

    def objective(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the bound of each data point."""
        return lower_bounds_or_minus_inf(count_data(x, len(model.bias)), model, self.local)

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the local gradients of VEM-9."""
        return gradients(x, model, self.local)[0]


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
        return np.array([lower_bounds_or_minus_inf(x, model, local).sum()])

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return ``features(x)^T g`` as a row, with the local gradients ``g``."""
        x, _ = self._arguments(x, model)
        d_local, _ = gradients(x, model, self.infer(x, model))
        return (count_features(x).T @ d_local).reshape(1, -1)

    def _arguments(self, x: npt.ArrayLike, model: PoissonFactors) -> tuple[Floats, Floats]:
        dimensions, latents = model.weights.shape
        weights = _weights(self.weights, (1 + dimensions, 2 * latents))
        return count_data(x, dimensions), weights


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
            d_local, _ = gradients(x, model, found[-1])
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
        bounds = [lower_bounds(x, model, local).sum() for local in path]
        return np.array([np.mean(bounds)])

    def gradient(self, x: npt.ArrayLike, model: PoissonFactors) -> Floats:
        """Return the derivative through all updates: back from the last one to the first."""
        x, weights = self._arguments(x, model)
        size = weights.shape[1]
        of_parameters, of_gradient = weights[1 : 1 + size], weights[1 + size :]
        path = self.path(x, model)
        d_weights, d_after = np.zeros_like(weights), np.zeros_like(path[0])
        for before, after in zip(path[-2::-1], path[:0:-1], strict=True):
            d_after = d_after + gradients(x, model, after)[0] / self.steps
            slopes, _ = gradients(x, model, before)
            d_weights += update_features(before, slopes).T @ d_after
            d_natural = d_after @ of_gradient.T / np.sqrt(1 + _natural(before, slopes) ** 2)
            d_after = d_after + d_after @ of_parameters.T
            d_after += _natural_reverse(model, before, slopes, d_natural)
        return d_weights.reshape(1, -1)

    def _arguments(self, x: npt.ArrayLike, model: PoissonFactors) -> tuple[Floats, Floats]:
        check_number(steps=self.steps)
        dimensions, latents = model.weights.shape
        weights = _weights(self.weights, (1 + 4 * latents, 2 * latents))
        return count_data(x, dimensions), weights


def count_features(x: Floats) -> Floats:
    """Return 1 and the logarithms of the counts, ``(1, log(1 + x))``. Spec: VEM-15.

    Args:
        x: shape ``(N, D)``.

    Returns:
        Shape ``(N, 1 + D)``.
    """
    return np.concatenate([np.ones((len(x), 1)), np.log1p(x)], axis=1)


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


def _weights(weights: npt.ArrayLike, shape: tuple[int, int]) -> Floats:
    """Return the weights of a map as binary64 (VEM-15, VEM-16)."""
    (found,) = reals(weights=weights)
    if found.shape != shape:
        raise DistributionError(f"weights of shape {found.shape}, not {shape}")
    return found
