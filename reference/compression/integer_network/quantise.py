"""How a trained network becomes integers.

Spec: INN-6.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.compression.integer_network.network import (
    EXACT_LIMIT,
    SINGLE_LIMIT,
    IntegerLayer,
    IntegerNetwork,
    layer_bound,
)
from reference.errors import DataError, ModelError
from reference.models.mlp import Layer, check_layers

__all__ = ["quantise_network"]

Integers = NDArray[np.int64]

ACTIVATION_FRACTION = 6
"""Fraction bits of the activations between layers (INN-6)."""
WEIGHT_FRACTION = 14
"""Most fraction bits of a weight (INN-6)."""
LEAST_SINGLE_FRACTION = 7
"""Fewest fraction bits of a weight for which binary32 is worth it (INN-6)."""


def quantise_network(
    layers: Sequence[Layer],
    examples: NDArray[np.integer[Any]],
    *,
    input_fraction: int,
    input_limit: int,
    output_fraction: int,
) -> IntegerNetwork:
    """Round a trained network to integers, as finely as binary32 can carry.

    Spec: INN-6. This is the sender's business: nobody decodes with it, so floats may
    decide here.

    Args:
        layers: the trained network.
        examples: shape ``(N, inputs)``, N at least 1; typical inputs, with `input_fraction`
            fraction bits. Activations are clipped above the largest that they cause.

    Raises:
        ModelError: the layers are no network (MLP-1), a weight is not finite, or so large
            that no rounding keeps the bounds (INN-3).
        DataError: the examples are not such, there are none, or one is above `input_limit`.
    """
    check_layers(tuple(layers))
    _check_examples(examples, len(layers[0].weights), input_limit)
    a = examples / float(1 << input_fraction)
    limit, fraction, result = input_limit, input_fraction, []
    for i, layer in enumerate(layers):
        last = i == len(layers) - 1
        to = output_fraction if last else ACTIVATION_FRACTION
        weights, bias, shift = _rounded(i, layer, limit, fraction, to)
        a = np.maximum(a @ layer.weights.astype(np.float64) + layer.bias, 0)
        maximum = 0 if last else int(a.max() * (1 << to)) + 1
        result.append(IntegerLayer(weights, bias, shift, maximum))
        limit, fraction = maximum, to
    return IntegerNetwork(tuple(result), input_limit, input_fraction, output_fraction)


def _rounded(
    i: int, layer: Layer, limit: int, fraction: int, to: int
) -> tuple[Integers, Integers, int]:
    """Round one layer with the most fraction bits that keep its bound.

    Returns:
        Weights, bias and shift.
    """
    largest = [float(np.abs(a).max()) for a in (layer.weights, layer.bias)]
    if not np.isfinite(largest).all():
        raise ModelError(
            f"layer {i}: weights up to {largest[0]}, biases up to {largest[1]}: not finite"
        )
    for carrier, least in ((SINGLE_LIMIT, LEAST_SINGLE_FRACTION), (EXACT_LIMIT, 1)):
        for bits in range(WEIGHT_FRACTION, least - 1, -1):
            shift = bits + fraction - to
            with np.errstate(over="ignore"):  # infinity fits no integer either
                weights, bias = (
                    np.rint(np.ldexp(a.astype(np.float64), f))
                    for a, f in ((layer.weights, bits), (layer.bias, bits + fraction))
                )
            fits = np.abs(weights).max() < 1 << 31 and np.abs(bias).max() < EXACT_LIMIT
            if fits and 1 <= shift <= 31:
                w, b = weights.astype(np.int64), bias.astype(np.int64)
                if layer_bound(w, b, shift, limit) < carrier:
                    return w, b, shift
    raise ModelError(
        f"layer {i}: with weights up to {largest[0]:.6g}, biases up to {largest[1]:.6g} and "
        f"inputs up to {limit / 2**fraction:.6g}, no rounding keeps the bound below 2**53"
    )


def _check_examples(examples: NDArray[np.integer[Any]], inputs: int, limit: int) -> None:
    if examples.ndim != 2 or examples.shape[1] != inputs or not len(examples):
        raise DataError(f"examples of shape {examples.shape} for {inputs} inputs")
    if not np.issubdtype(examples.dtype, np.integer):
        raise DataError(f"examples of type {examples.dtype} where integers are needed")
    if (largest := max(-int(examples.min()), int(examples.max()))) > limit:
        raise DataError(f"an example of magnitude {largest}, above the limit {limit}")
