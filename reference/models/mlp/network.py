"""Networks: their layers, how they start, and what they compute.

Spec: MLP-1, MLP-2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reference.errors import DataError, ModelError

__all__ = ["LAST_GAIN", "Floats", "Layer", "Mlp", "check_layers", "forward", "initialise"]

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


def initialise(
    sizes: Sequence[int],
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
    last_gain: float = LAST_GAIN,
) -> Mlp:
    """Draw a network whose layers have the given widths.

    Spec: MLP-2.

        W_ij ~ Uniform(-r, r),    r = gain sqrt(6 / (inputs + outputs)),    b_j = 0

    The gain is 1, and `last_gain` for the last layer: a network that starts with small
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
    gains = [1.0] * (len(sizes) - 2) + [last_gain]
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


def _draw_layer(
    inputs: int, outputs: int, gain: float, rng: np.random.Generator, dtype: DTypeLike
) -> Layer:
    """Draw the weights of MLP-2 in float64, whatever the dtype, so that all draw alike."""
    r = gain * np.sqrt(6 / (inputs + outputs))
    weights = rng.uniform(-r, r, (inputs, outputs)).astype(dtype)
    return Layer(weights, np.zeros(outputs, dtype))
