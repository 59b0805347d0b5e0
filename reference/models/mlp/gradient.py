"""The gradient of a scalar, by reverse accumulation.

Spec: MLP-3.
Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating
errors", Nature 323 (1986).
"""

from reference.models.mlp.network import Floats, Layer, Mlp

__all__ = ["reverse"]


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
