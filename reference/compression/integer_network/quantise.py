"""How a trained network becomes integers.

Spec: INN-6.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reference.compression.integer_network.network import (
    EXACT_LIMIT,
    SINGLE_LIMIT,
    IntegerLayer,
    IntegerNetwork,
    layer_bound,
)
from reference.errors import ModelError
from reference.models.mlp import Layer

__all__ = ["quantise_network"]

ACTIVATION_FRACTION = 6
"""Fraction bits of the activations between layers (INN-6)."""
WEIGHT_FRACTION = 14
"""Most fraction bits of a weight (INN-6)."""
LEAST_SINGLE_FRACTION = 7
"""Fewest fraction bits of a weight for which binary32 is worth it (INN-6)."""


def quantise_network(
    layers: Sequence[Layer],
    examples: NDArray[np.int64],
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
        examples: shape ``(N, inputs)``; typical inputs, with `input_fraction` fraction bits.
            Activations are clipped above the largest that they cause.

    Raises:
        ModelError: a weight is not finite, or so large that no rounding keeps the bounds.
    """
    a = examples / float(1 << input_fraction)
    limit, fraction, result = input_limit, input_fraction, []
    for i, layer in enumerate(layers):
        last = i == len(layers) - 1
        to = output_fraction if last else ACTIVATION_FRACTION
        a = a @ layer.weights.astype(np.float64) + layer.bias
        if not np.isfinite(a).all():
            raise ModelError(f"layer {i}: a weight is not finite")
        a = np.maximum(a, 0)
        maximum = 0 if last else int(a.max() * (1 << to)) + 1
        result.append(_quantise_layer(i, layer, limit, fraction, to, maximum))
        limit, fraction = maximum, to
    return IntegerNetwork(tuple(result), input_limit, input_fraction, output_fraction)


def _quantise_layer(
    i: int, layer: Layer, limit: int, fraction: int, to: int, maximum: int
) -> IntegerLayer:
    """Round one layer with the most fraction bits that keep its bound."""
    for carrier, least in ((SINGLE_LIMIT, LEAST_SINGLE_FRACTION), (EXACT_LIMIT, 1)):
        for bits in range(WEIGHT_FRACTION, least - 1, -1):
            weights, bias = (
                np.rint(np.ldexp(a.astype(np.float64), f))
                for a, f in ((layer.weights, bits), (layer.bias, bits + fraction))
            )
            shift = bits + fraction - to
            if np.abs(weights).max() < 1 << 31 and 1 <= shift <= 31:
                w, b = weights.astype(np.int64), bias.astype(np.int64)
                if layer_bound(w, b, shift, limit) < carrier:
                    return IntegerLayer(w, b, shift, maximum)
    raise ModelError(f"layer {i}: no rounding of its weights keeps the bound below 2**53")
