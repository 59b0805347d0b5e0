"""Forward and reverse through a network, of which only what is asked for is computed.

Spec: MLP-1, MLP-3.
"""

import numpy as np

from fast.models.mlp import bias_relu_kernel, relu_reverse_kernel
from reference.errors import ModelError
from reference.models.mlp import Floats, Layer, Mlp


def forward(network: Mlp, s: Floats) -> tuple[Floats, list[Floats]]:
    """Return the outputs, and the input of every layer (MLP-1).

    Raises:
        ModelError: an output is not finite (DVA-2).
    """
    inputs = [s]
    for layer in network[:-1]:
        a = inputs[-1] @ layer.weights
        bias_relu_kernel(a, layer.bias)
        inputs.append(a)
    outputs = inputs[-1] @ network[-1].weights
    outputs += network[-1].bias
    if not np.isfinite(outputs).all():
        raise ModelError("a network puts out numbers that are not finite")
    return outputs, inputs


def parameter_gradient(network: Mlp, inputs: list[Floats], d: Floats) -> Mlp:
    """Return the gradient in all parameters (MLP-3)."""
    return _reverse(network, inputs, d, inner=False)[0]


def input_gradient(network: Mlp, inputs: list[Floats], d: Floats) -> Floats:
    """Return the gradient in what the network took (MLP-3)."""
    unused = [np.empty_like(layer.bias) for layer in network]
    for i in reversed(range(len(network))):
        d = d @ network[i].weights.T
        if i > 0:
            relu_reverse_kernel(d, inputs[i], unused[i - 1])
    return d


def reverse(network: Mlp, inputs: list[Floats], d: Floats) -> tuple[Mlp, Floats]:
    """Return both (MLP-3)."""
    return _reverse(network, inputs, d, inner=True)


def _reverse(
    network: Mlp, inputs: list[Floats], d: Floats, *, inner: bool
) -> tuple[Mlp, Floats]:
    found = [Layer(np.empty_like(p.weights), np.empty_like(p.bias)) for p in network]
    np.sum(d, axis=0, out=found[-1].bias)
    for i in reversed(range(len(network))):
        np.matmul(inputs[i].T, d, out=found[i].weights)
        if i > 0 or inner:
            d = d @ network[i].weights.T
        if i > 0:
            relu_reverse_kernel(d, inputs[i], found[i - 1].bias)
    return tuple(found), d
