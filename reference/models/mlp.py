"""Multilayer perceptrons: outputs, gradients by reverse accumulation, and the Adam step.

Spec: MLP-1 to MLP-4.
Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating
errors", Nature 323 (1986); D. Kingma, J. Ba, "Adam: a method for stochastic optimization",
ICLR 2015, arXiv:1412.6980, algorithm 1.

A network is a tuple of layers. Each is affine, and all but the last are followed by a ReLU::

    a_0 = x    a_{i+1} = max(a_i W_i + b_i, 0)    y = a_n W_n + b_n

Going forward keeps the input ``a_i`` of every layer; going back meets them again in reverse.
A gradient has the structure of what it is the gradient of, so it is a network too.

Everything is computed in the dtype of the parameters: float64 to check gradients, float32 to
train.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reference.errors import DataError, ModelError
from reference.inference.adam import adam

__all__ = [
    "AdamState",
    "Floats",
    "Layer",
    "Mlp",
    "adam_initialise",
    "adam_step",
    "check_layers",
    "forward",
    "initialise",
    "reverse",
]

Floats = NDArray[np.floating[Any]]
"""Arrays of float32 or of float64."""

LAST_GAIN = 0.1
"""By how much the last layer of a new network is smaller than the others (MLP-2)."""


@dataclass(frozen=True)
class Layer:
    """An affine map (MLP-1)."""

    weights: Floats
    """Shape ``(inputs, outputs)``."""
    bias: Floats
    """Shape ``(outputs,)``, and the dtype of the weights."""

    def __post_init__(self) -> None:
        """Refuse shapes and types that do not fit (MLP-1)."""
        w, b = self.weights, self.bias
        if w.ndim != 2 or 0 in w.shape or b.shape != w.shape[1:]:
            raise ModelError(f"weights {w.shape} and bias {b.shape} make no layer")
        if w.dtype != b.dtype or w.dtype not in (np.float32, np.float64):
            raise ModelError(f"weights of {w.dtype} and bias of {b.dtype} make no layer")


Mlp = tuple[Layer, ...]
"""A network: its layers, first to last (MLP-1)."""


@dataclass(frozen=True)
class AdamState:
    """What Adam remembers between two steps (MLP-4)."""

    steps: int
    """How many were made."""
    mean: Mlp
    """Of the gradients, with decay 0.9; 0 before the first step."""
    square: Mlp
    """Mean of their squares, with decay 0.999; 0 before the first step."""


def initialise(
    sizes: Sequence[int], rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Mlp:
    """Draw a network whose layers have the given widths.

    Spec: MLP-2.

        W_ij ~ Uniform(-r, r),    r = gain sqrt(6 / (inputs + outputs)),    b_j = 0

    The gain is 1, and ``LAST_GAIN`` for the last layer: a network that starts with small
    outputs learns faster here, since noise at first drowns whatever the latents say.

    Args:
        sizes: the number of inputs, then the number of outputs of each layer.

    Raises:
        ModelError: fewer than two sizes, or one below 1 (MLP-1).

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, eq. 16.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ModelError(f"sizes {tuple(sizes)} make no network")
    gains = [1.0] * (len(sizes) - 2) + [LAST_GAIN]
    return tuple(
        _draw_layer(i, o, gain, rng, dtype)
        for (i, o), gain in zip(pairwise(sizes), gains, strict=True)
    )


def check_layers(mlp: Mlp) -> None:
    """Refuse layers that do not fit one another. Spec: MLP-1.

    Raises:
        ModelError: there is no layer, or two layers differ in the type of their parameters, or
            one does not take as many numbers as the one before it puts out.
    """
    shapes = [layer.weights.shape for layer in mlp]
    types = {layer.bias.dtype for layer in mlp}
    if len(types) != 1 or any(a[1] != b[0] for a, b in pairwise(shapes)):
        raise ModelError(f"layers of shapes {shapes} and types {types} make no network")


def forward(mlp: Mlp, x: Floats) -> tuple[Floats, tuple[Floats, ...]]:
    """Return the outputs, and the input of every layer for `reverse`.

    Spec: MLP-1.

    Args:
        x: shape ``(B, inputs)``.

    Returns:
        Shape ``(B, outputs)``; and for each layer shape ``(B, its inputs)``.

    Raises:
        DataError: `x` has another shape (MLP-1).
        ModelError: the layers do not fit one another (MLP-1).
    """
    check_layers(mlp)
    if x.ndim != 2 or x.shape[1] != mlp[0].weights.shape[0]:
        raise DataError(f"inputs {x.shape} for weights {mlp[0].weights.shape}")
    inputs = [x]
    for layer in mlp[:-1]:
        inputs.append(np.maximum(inputs[-1] @ layer.weights + layer.bias, 0))
    return inputs[-1] @ mlp[-1].weights + mlp[-1].bias, tuple(inputs)


def reverse(mlp: Mlp, inputs: tuple[Floats, ...], gradient: Floats) -> tuple[Mlp, Floats]:
    """Return the gradient of a scalar with respect to every parameter, and to ``x``.

    Spec: MLP-3.

        dW_i = a_i^T d_i      db_i = sum_B d_i      d_{i-1} = (d_i W_i^T) [a_i > 0]

    where ``d_i`` is the gradient with respect to ``a_i W_i + b_i``.

    Args:
        inputs: what `forward` kept.
        gradient: of the scalar with respect to the outputs; shape ``(B, outputs)``.

    Returns:
        The structure of `mlp`; and the shape of ``x``.
    """
    d = gradient
    found: list[Layer] = []
    for i in reversed(range(len(mlp))):
        found.append(Layer(inputs[i].T @ d, d.sum(axis=0)))
        d = d @ mlp[i].weights.T
        if i > 0:  # the input of the first layer has passed through no ReLU
            d = d * (inputs[i] > 0)
    return tuple(reversed(found)), d


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


def _draw_layer(
    inputs: int, outputs: int, gain: float, rng: np.random.Generator, dtype: DTypeLike
) -> Layer:
    """Draw the weights of MLP-2 in float64, whatever the dtype, so that all draw alike."""
    r = gain * np.sqrt(6 / (inputs + outputs))
    weights = rng.uniform(-r, r, (inputs, outputs)).astype(dtype)
    return Layer(weights, np.zeros(outputs, dtype))


def _check_step(p: Mlp, g: Mlp, state: AdamState, learning_rate: float) -> None:
    """Refuse a learning rate or structures that MLP-4 does not allow."""
    if not 0 <= learning_rate < np.inf:
        raise ModelError(f"a learning rate of {learning_rate} is not finite or below 0")
    shapes = [[layer.weights.shape for layer in m] for m in (p, g, state.mean, state.square)]
    if any(s != shapes[0] for s in shapes):
        raise ModelError(f"parameters {shapes[0]}, gradient and state {shapes[1:]} differ")
