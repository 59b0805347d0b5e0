"""Multilayer perceptrons: outputs, gradients, directional derivatives, and the Adam step.

Spec: MLP-1 to MLP-6.

A network is a tuple of layers. Each is affine, and all but the last are followed by a ReLU::

    a_0 = x    a_{i+1} = max(a_i W_i + b_i, 0)    y = a_n W_n + b_n

Going forward keeps the input ``a_i`` of every layer; going back meets them again in reverse.
A gradient has the structure of what it is the gradient of, so it is a network too.

Everything is computed in the dtype of the parameters: float64 to check gradients, float32 to
train.
"""

from reference.models.mlp.adam import AdamState, adam_initialise, adam_step
from reference.models.mlp.directional_derivative import directional, directional_reverse
from reference.models.mlp.gradient import reverse
from reference.models.mlp.network import (
    LAST_GAIN,
    Floats,
    Layer,
    Mlp,
    check_layers,
    forward,
    initialise,
)

__all__ = [
    "LAST_GAIN",
    "AdamState",
    "Floats",
    "Layer",
    "Mlp",
    "adam_initialise",
    "adam_step",
    "check_layers",
    "directional",
    "directional_reverse",
    "forward",
    "initialise",
    "reverse",
]
