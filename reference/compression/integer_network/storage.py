"""The bytes of an integer network.

Spec: INN-7.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from reference.coding.container import Fields
from reference.compression.integer_network.network import IntegerLayer, IntegerNetwork
from reference.errors import ModelError

__all__ = ["network_from_fields", "network_to_bytes"]

WIDTHS = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<i8"}
"""Bytes of a stored integer, and how numpy calls it (INN-7)."""


def network_to_bytes(network: IntegerNetwork) -> bytes:
    """Return the integers of a network, little-endian. Spec: INN-7."""
    n = network
    parts = [
        struct.pack("<3HQ", len(n.layers), n.input_fraction, n.output_fraction, n.input_limit)
    ]
    for layer in n.layers:
        arrays = layer.weights, layer.bias
        widths = tuple(map(_width, arrays))
        numbers = (*layer.weights.shape, layer.shift, *widths, layer.maximum)
        parts.append(struct.pack("<IIBBBQ", *numbers))
        parts += [a.astype(WIDTHS[w]).tobytes() for a, w in zip(arrays, widths, strict=True)]
    return b"".join(parts)


def network_from_fields(fields: Fields) -> IntegerNetwork:
    """Undo `network_to_bytes`. Spec: INN-7.

    Raises:
        FormatError: the bytes end too early.
        ModelError: the network is not valid (INN-2, INN-3).
    """
    count, input_fraction, output_fraction, input_limit = fields.unpack("3HQ")
    layers = []
    for i in range(count):
        rows, columns, shift, *widths, maximum = fields.unpack("IIBBBQ")
        if not all(w in WIDTHS for w in widths):
            raise ModelError(f"layer {i}: integers of {widths} bytes")
        weights, bias = (
            np.frombuffer(fields.take(size * w), WIDTHS[w]).astype(np.int64)
            for size, w in zip((rows * columns, columns), widths, strict=True)
        )
        if [_width(weights), _width(bias)] != widths:
            raise ModelError(f"layer {i}: integers of {widths} bytes where fewer hold them")
        layers.append(IntegerLayer(weights.reshape(rows, columns), bias, shift, maximum))
    return IntegerNetwork(tuple(layers), input_limit, input_fraction, output_fraction)


def _width(a: NDArray[np.int64]) -> int:
    """Return the fewest bytes of `WIDTHS` that hold every entry."""
    lowest, highest = int(a.min(initial=0)), int(a.max(initial=0))
    return next(w for w in WIDTHS if -(1 << 8 * w - 1) <= lowest and highest < 1 << 8 * w - 1)
