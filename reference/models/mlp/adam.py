"""The step of Adam for all layers of a network.

Spec: MLP-4.
Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
arXiv:1412.6980, algorithm 1.
"""

from dataclasses import dataclass

import numpy as np

from reference.errors import ModelError
from reference.inference.adam import adam
from reference.models.mlp.network import Layer, Mlp

__all__ = ["AdamState", "adam_initialise", "adam_step"]


@dataclass(frozen=True)
class AdamState:
    """What Adam remembers between two steps (MLP-4)."""

    steps: int
    """How many were made."""
    mean: Mlp
    """Of the gradients, with decay 0.9; 0 before the first step."""
    square: Mlp
    """Mean of their squares, with decay 0.999; 0 before the first step."""


def adam_initialise(parameters: Mlp) -> AdamState:
    """Return the state before the first step: all zeros. Spec: MLP-4."""
    zeros = tuple(Layer(np.zeros_like(p.weights), np.zeros_like(p.bias)) for p in parameters)
    return AdamState(0, zeros, zeros)


def adam_step(
    parameters: Mlp, gradient: Mlp, state: AdamState, learning_rate: float
) -> tuple[Mlp, AdamState]:
    """Return the parameters after one step downhill, and the new state.

    Spec: MLP-4.

        m' = 0.9 m + 0.1 g        v' = 0.999 v + 0.001 g^2
        theta' = theta - learning_rate * (m' / (1 - 0.9^t)) / (sqrt(v' / (1 - 0.999^t)) + 1e-8)

    Args:
        gradient: of what shall become small, with the structure of `parameters`.
        learning_rate: finite, at least 0.

    Raises:
        ModelError: `learning_rate` is not such a number, or the structures differ (MLP-4).
    """
    _check_step(parameters, gradient, state, learning_rate)
    t = state.steps + 1
    moved: list[Layer] = []
    means: list[Layer] = []
    squares: list[Layer] = []
    for p, g, m, v in zip(parameters, gradient, state.mean, state.square, strict=True):
        weights = adam(p.weights, g.weights, m.weights, v.weights, t, learning_rate)
        bias = adam(p.bias, g.bias, m.bias, v.bias, t, learning_rate)
        moved.append(Layer(weights[0], bias[0]))
        means.append(Layer(weights[1], bias[1]))
        squares.append(Layer(weights[2], bias[2]))
    return tuple(moved), AdamState(t, tuple(means), tuple(squares))


def _check_step(p: Mlp, g: Mlp, state: AdamState, learning_rate: float) -> None:
    """Refuse a learning rate or structures that MLP-4 does not allow."""
    if not 0 <= learning_rate < np.inf:
        raise ModelError(f"a learning rate of {learning_rate} is not finite or below 0")
    shapes = [[layer.weights.shape for layer in m] for m in (p, g, state.mean, state.square)]
    if any(s != shapes[0] for s in shapes):
        raise ModelError(f"parameters {shapes[0]}, gradient and state {shapes[1:]} differ")
