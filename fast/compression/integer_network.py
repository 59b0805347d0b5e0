"""Compiled twin of `reference.compression.integer_network`: the same integers, in floats.

Spec: INN-1, INN-4, INN-5.

A binary32 carries integers below ``2**24`` exactly, a binary64 those below ``2**53``, and
INN-3 bounds every partial sum. So a matrix product of floats is exact here, whatever
its order, its blocks or its threads, with fused multiply-add or without. What would
break it is a product that is none (Strassen), or that rounds its inputs (bfloat16, TF32).

`evaluate` multiplies batches through BLAS. `evaluate_kernel` takes one image, for the
places where the next input depends on the last output; it skips inputs that are 0.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import int64
from numpy.typing import NDArray

from fast._jit import kernel
from reference.compression.integer_network import (
    EXACT_LIMIT,
    SINGLE_LIMIT,
    IntegerNetwork,
)

__all__ = [
    "NetworkArguments",
    "add_rows_kernel",
    "evaluate",
    "evaluate_kernel",
    "network_arguments",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]


class NetworkArguments(NamedTuple):
    """A network's integers as floats, layer after layer (INN-5)."""

    sizes: Integers
    """Numbers of inputs, of hidden units, and of outputs."""
    weights: Floats
    """Row by row, layer after layer."""
    biases: Floats
    """With the ``2**(s - 1)`` of INN-1 added."""
    scales: Floats
    """``2**-s`` of every layer."""
    maxima: Floats
    """Of every layer; 0 for the last one."""


def network_arguments(network: IntegerNetwork) -> NetworkArguments:
    """Return the network in the narrowest floats that carry it exactly.

    Spec: INN-3, INN-5.
    """
    bound, limit = 0, network.input_limit
    for layer in network.layers:
        columns = np.abs(layer.weights).sum(axis=0).tolist()
        bias = np.abs(layer.bias).tolist()
        sums = (limit * c + b for c, b in zip(columns, bias, strict=True))
        bound = max(bound, max(sums) + (1 << (layer.shift - 1)))
        limit = layer.maximum
    dtype = np.dtype(np.float32 if bound < SINGLE_LIMIT else np.float64)
    layers = network.layers
    return NetworkArguments(
        sizes=np.array([network.inputs, *(len(layer.bias) for layer in layers)], np.int64),
        weights=np.concatenate([layer.weights.ravel() for layer in layers]).astype(dtype),
        biases=np.concatenate(
            [layer.bias + (1 << (layer.shift - 1)) for layer in layers]
        ).astype(dtype),
        scales=np.array([1 / (1 << layer.shift) for layer in layers], dtype),
        maxima=np.array([layer.maximum for layer in layers], dtype),
    )


@kernel
def evaluate_kernel(network, inputs, outputs, buffers, active):  # type: ignore[no-untyped-def]
    """Evaluate a `NetworkArguments` for one vector of inputs. Spec: INN-1, INN-4.

    ``inputs`` and ``buffers``, of shape ``(2, widest layer)``, have the network's float
    type; ``outputs`` is of int64, and so is ``active``, as long as the widest layer.
    """
    last = network.scales.size - 1
    weights_at, biases_at = 0, 0
    a = inputs
    for layer in range(last + 1):
        rows, columns = network.sizes[layer], network.sizes[layer + 1]
        acc = buffers[layer % 2, :columns]
        acc[:] = network.biases[biases_at : biases_at + columns]
        weights = network.weights[weights_at : weights_at + rows * columns]
        add_rows_kernel(acc, a, weights, active)
        scale, maximum = network.scales[layer], network.maxima[layer]
        for j in range(columns):
            acc[j] = np.floor(acc[j] * scale)
        if layer < last:
            for j in range(columns):
                acc[j] = min(max(acc[j], 0), maximum)
        weights_at, biases_at = weights_at + rows * columns, biases_at + columns
        a = acc
    for j in range(outputs.size):
        outputs[j] = int64(a[j])


@kernel
def add_rows_kernel(acc, a, weights, active):  # type: ignore[no-untyped-def]
    """Add ``sum_i a[i] * row i`` of the flat ``weights`` to ``acc``; skip where a is 0.

    Four rows at a time, so that ``acc`` is loaded and stored a quarter as often.
    """
    columns, count = acc.size, 0
    for i in range(weights.size // columns):
        active[count] = i
        count += a[i] != 0
    done = 0
    while done + 4 <= count:
        i, j, k, m = active[done], active[done + 1], active[done + 2], active[done + 3]
        row_i, row_j = weights[i * columns :][:columns], weights[j * columns :][:columns]
        row_k, row_m = weights[k * columns :][:columns], weights[m * columns :][:columns]
        a_i, a_j, a_k, a_m = a[i], a[j], a[k], a[m]
        for c in range(columns):
            acc[c] += a_i * row_i[c] + a_j * row_j[c] + a_k * row_k[c] + a_m * row_m[c]
        done += 4
    while done < count:
        i = active[done]
        row_i, a_i = weights[i * columns :][:columns], a[i]
        for c in range(columns):
            acc[c] += a_i * row_i[c]
        done += 1


def evaluate(network: IntegerNetwork, inputs: Integers) -> Integers:
    """Return the outputs of a network.

    Spec: INN-1, INN-4. Arguments, result and errors as for the reference.
    """
    network.check_inputs(inputs)
    carried = network_arguments(network)
    _check_matrix_product(carried.weights.dtype)
    a: Floats = inputs.astype(carried.weights.dtype)
    row = bias_at = 0
    for layer, (rows, columns) in enumerate(
        zip(carried.sizes[:-1], carried.sizes[1:], strict=True)
    ):
        a = a @ carried.weights[row : row + rows * columns].reshape(rows, columns)
        a += carried.biases[bias_at : bias_at + columns]
        a *= carried.scales[layer]
        np.floor(a, out=a)
        if layer < len(network.layers) - 1:
            np.clip(a, 0, carried.maxima[layer], out=a)
        row, bias_at = row + rows * columns, bias_at + columns
    return a.astype(np.int64)


@cache
def _check_matrix_product(
    dtype: np.dtype[np.floating[Any]], multiply: Callable[[Floats, Floats], Floats] = np.matmul
) -> None:
    """Check that this machine's matrix product carries integers up to the limit (INN-5).

    Args:
        multiply: the matrix product.

    Raises:
        RuntimeError: it does not, so no float network is exact here.
    """
    limit = SINGLE_LIMIT if dtype == np.float32 else EXACT_LIMIT
    rows, columns, most = 64, 48, 127
    a = np.arange(32 * rows).reshape(32, rows) % (most + 1)
    weights = np.arange(rows * columns).reshape(rows, columns) % 500
    weights = limit // (2 * rows * most) - weights
    # The last input is 1, and its weight fills up the sum of each column's magnitudes to the
    # limit less 1: with more than half of it, so that all sums take every bit of the carrier.
    a[0], a[:, -1] = most, 1
    weights[-1] = limit - 1 - most * weights[:-1].sum(axis=0)
    weights[:, ::2] *= -1
    product = multiply(a.astype(dtype), weights.astype(dtype))
    if not np.array_equal(product.astype(np.int64), a @ weights):
        raise RuntimeError(f"the matrix product of {dtype} on this machine is not exact")
