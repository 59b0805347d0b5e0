"""How the outputs move as the inputs do, and the gradient of what is made of both.

Spec: MLP-5, MLP-6.
Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6
(1994), whose forward pass of derivatives this is, in the inputs in place of the parameters.

A tangent ``a'_i`` is the derivative of the input of a layer as ``x`` moves along a direction.
It passes a ReLU where the input itself does. A ReLU is piecewise linear, so a small change of
a parameter does not change what passes::

    a'_0 = direction    a'_{i+1} = (a'_i W_i) [a_{i+1} > 0]    y' = a'_n W_n
"""

import numpy as np

from reference.errors import DataError
from reference.models.mlp.network import Floats, Layer, Mlp

__all__ = ["directional", "directional_reverse"]


def directional(
    mlp: Mlp, inputs: tuple[Floats, ...], direction: Floats
) -> tuple[Floats, tuple[Floats, ...]]:
    """Return the derivative of the outputs along a direction, and the tangent of every layer.

    Spec: MLP-5.

        a'_0 = direction    a'_{i+1} = (a'_i W_i) [a_{i+1} > 0]    y' = a'_n W_n

    Args:
        inputs: what `forward` kept.
        direction: in which ``x`` moves; its shape, a row for each of its rows.

    Returns:
        Shape ``(B, outputs)``; and for each layer the shape of its inputs.

    Raises:
        DataError: `direction` has another shape (MLP-5).
    """
    _check_shape("a direction", direction, inputs[0].shape)
    tangents = [direction]
    for layer, a in zip(mlp[:-1], inputs[1:], strict=True):
        tangents.append(tangents[-1] @ layer.weights * (a > 0))
    return tangents[-1] @ mlp[-1].weights, tuple(tangents)


def directional_reverse(
    mlp: Mlp,
    inputs: tuple[Floats, ...],
    tangents: tuple[Floats, ...],
    gradient: Floats,
    slope_gradient: Floats,
) -> Mlp:
    """Return the gradient in every parameter of a scalar S of the outputs and their slopes.

    Spec: MLP-6.

        dW_i = a_i^T d_i + a'_i^T e_i      db_i = sum_B d_i
        d_{i-1} = (d_i W_i^T) [a_i > 0]    e_{i-1} = (e_i W_i^T) [a_i > 0]

    where ``d_i`` and ``e_i`` are the gradients with respect to ``a_i W_i + b_i`` and
    ``a'_i W_i``.

    Args:
        inputs: what `forward` kept.
        tangents: what `directional` kept, for these inputs.
        gradient: of S with respect to the outputs y; shape ``(B, outputs)``.
        slope_gradient: of S with respect to their derivatives y'; the same shape.

    Returns:
        The structure of `mlp`.

    Raises:
        DataError: `gradient` or `slope_gradient` has another shape (MLP-6).
    """
    outputs = (len(inputs[0]), mlp[-1].bias.size)
    _check_shape("a gradient", gradient, outputs)
    _check_shape("a gradient of slopes", slope_gradient, outputs)
    d, e = gradient, slope_gradient
    found: list[Layer] = []
    for i in reversed(range(len(mlp))):
        found.append(Layer(inputs[i].T @ d + tangents[i].T @ e, d.sum(axis=0)))
        if i > 0:
            d, e = (v @ mlp[i].weights.T * (inputs[i] > 0) for v in (d, e))
    return tuple(reversed(found))


def _check_shape(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    """Refuse what would broadcast to something else (MLP-5, MLP-6)."""
    if np.shape(array) != shape:
        raise DataError(f"{name} of shape {np.shape(array)}, not {shape}")
