"""What an integer network is, when it is valid, and what it computes.

Spec: INN-1 to INN-4; INN-5 allows others to carry the integers in floats.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reference.errors import ModelError

__all__ = [
    "EXACT_LIMIT",
    "SINGLE_LIMIT",
    "IntegerLayer",
    "IntegerNetwork",
    "bounds",
    "evaluate",
    "layer_bound",
]

Integers = NDArray[np.int64]

EXACT_LIMIT = 1 << 53
"""Every layer's bound is below it (INN-3)."""
SINGLE_LIMIT = 1 << 24
"""Below it binary32 carries a layer too (INN-3)."""


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """One layer (INN-1)."""

    weights: Integers
    """Shape ``(inputs, outputs)``; each fits 32 bits."""
    bias: Integers
    """Shape ``(outputs,)``; magnitude below ``2**53``."""
    shift: int
    """In ``[1, 31]``."""
    maximum: int
    """Activations are clipped to ``[0, maximum]``; 0 in the last layer, which clips not."""


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Layers, and what their integers stand for; valid by construction (INN-2, INN-3)."""

    layers: tuple[IntegerLayer, ...]
    input_limit: int
    """Largest magnitude of an input."""
    input_fraction: int
    """Fraction bits of the inputs."""
    output_fraction: int
    """Fraction bits of the outputs."""

    def __post_init__(self) -> None:
        """Refuse what is no valid network (INN-2, INN-3)."""
        bounds(self)

    @property
    def inputs(self) -> int:
        """The number of inputs (INN-2)."""
        return len(self.layers[0].weights)

    @property
    def outputs(self) -> int:
        """The number of outputs (INN-2)."""
        return len(self.layers[-1].bias)

    def check_inputs(self, a: Integers) -> None:
        """Check that an array is a batch of inputs, ``(B, inputs)`` (INN-4).

        Raises:
            ModelError: the shape does not fit, or an input is above the limit.
        """
        if a.ndim != 2 or a.shape[1] != self.inputs:
            raise ModelError(f"inputs of shape {a.shape} for {self.inputs} inputs")
        if a.size and max(-int(a.min()), int(a.max())) > self.input_limit:
            raise ModelError(f"an input is above the limit {self.input_limit}")


def bounds(network: IntegerNetwork) -> tuple[int, ...]:
    """Return the bound B of every layer, after checking all that INN-3 asks for.

    Spec: INN-3.

        B  =  max_j (|b_j| + sum_i limit * |W_ij|)  +  2**(s - 1)

    where ``limit`` is the input limit, or the maximum of the layer before.

    Raises:
        ModelError: shapes that do not fit, a shift, a maximum, a weight or a bound out of
            range.
    """
    if not network.layers:
        raise ModelError("a network without layers")
    limit, result = network.input_limit, []
    for i, layer in enumerate(network.layers):
        last = i == len(network.layers) - 1
        _check_layer(i, layer, limit, last)
        if i and len(layer.weights) != len(network.layers[i - 1].bias):
            raise ModelError(f"layer {i}: its inputs are not the outputs of layer {i - 1}")
        result.append(layer_bound(layer.weights, layer.bias, layer.shift, limit))
        if result[-1] >= EXACT_LIMIT:
            raise ModelError(f"layer {i}: its bound {result[-1]} is not below 2**53")
        limit = layer.maximum
    return tuple(result)


def evaluate(network: IntegerNetwork, inputs: Integers) -> Integers:
    """Return the outputs of a network.

    Spec: INN-1, INN-4.

    Args:
        inputs: shape ``(B, inputs)``; magnitudes up to the input limit.

    Returns:
        Shape ``(B, outputs)``, with the network's output fraction bits.

    Raises:
        ModelError: the shape does not fit, or an input is above the limit.
    """
    network.check_inputs(inputs)
    a = inputs.astype(np.int64)
    for i, layer in enumerate(network.layers):
        a = (a @ layer.weights + layer.bias + (1 << (layer.shift - 1))) >> layer.shift
        if i < len(network.layers) - 1:
            a = np.clip(a, 0, layer.maximum)
    return a


def layer_bound(weights: Integers, bias: Integers, shift: int, limit: int) -> int:
    """Return B of one layer, in Python integers, which do not wrap. Spec: INN-3."""
    # Weights below 2**31 add up below 2**63 in a column of less than 2**32 rows.
    columns: list[int] = np.abs(weights).sum(axis=0).tolist()
    biases: list[int] = bias.tolist()
    sums = (abs(b) + limit * column for b, column in zip(biases, columns, strict=True))
    return max(sums) + (1 << (shift - 1))


def _check_layer(i: int, layer: IntegerLayer, limit: int, last: bool) -> None:
    if layer.weights.ndim != 2 or layer.bias.shape != layer.weights.shape[1:]:
        raise ModelError(
            f"layer {i}: weights of shape {layer.weights.shape}, bias of {layer.bias.shape}"
        )
    if not layer.weights.size:
        raise ModelError(f"layer {i}: no weights")
    if not 1 <= layer.shift <= 31:
        raise ModelError(f"layer {i}: shift {layer.shift} is outside [1, 31]")
    if not 0 < limit < EXACT_LIMIT or (layer.maximum == 0) != last:
        raise ModelError(f"layer {i}: inputs up to {limit}, activations up to {layer.maximum}")
    if not -(1 << 31) <= layer.weights.min() <= layer.weights.max() < 1 << 31:
        raise ModelError(f"layer {i}: a weight does not fit 32 bits")
