"""Compiled twin of `reference.models.mlp`: equal to it within the bounds of MLP-4.

Spec: MLP-1, MLP-3, MLP-4.  Checked by tests/equivalence/test_vae.py.

Matrix products are numpy's (BLAS); the kernels are what stands between two of them, in one
pass over the memory: they work in place, check nothing and allocate nothing.
"""

import numpy as np

from fast._jit import kernel
from reference.errors import ModelError
from reference.inference.adam import BETA_1, BETA_2, EPSILON
from reference.models.mlp import AdamState, Layer, Mlp

__all__ = ["adam_kernel", "adam_step", "bias_relu_kernel", "relu_reverse_kernel"]

GRADE_CLOSE = {"reassoc", "contract", "nsz"}
"""Sums may be taken in any order, and products fused: nothing here decides a byte."""


@kernel(fastmath=GRADE_CLOSE)
def bias_relu_kernel(a, bias):  # type: ignore[no-untyped-def]
    """Set ``a`` to ``max(a + bias, 0)`` (MLP-1)."""
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        row = a[i]
        for j in range(bias.size):
            row[j] = max(row[j] + bias[j], zero)


@kernel(fastmath=GRADE_CLOSE)
def relu_reverse_kernel(d, a, d_bias):  # type: ignore[no-untyped-def]
    """Set ``d`` to 0 where ``a`` is 0, and ``d_bias`` to the sum of its rows (MLP-3)."""
    zero = d.dtype.type(0)
    d_bias[:] = zero
    for i in range(d.shape[0]):
        row, kept = d[i], a[i]
        for j in range(d_bias.size):
            value = row[j] if kept[j] > zero else zero
            row[j] = value
            d_bias[j] += value


@kernel(fastmath=GRADE_CLOSE)
def adam_kernel(theta, g, m, v, rate, square_scale):  # type: ignore[no-untyped-def]
    """Update three vectors by MLP-4.

    The corrections for the bias are left to the caller: `rate` is the learning rate over
    ``1 - 0.9^t``, and `square_scale` is 1 over ``1 - 0.999^t``, both of the dtype of `theta`.
    """
    real = theta.dtype.type
    keep_m, keep_v = real(BETA_1), real(BETA_2)
    new_m, new_v = real(1 - BETA_1), real(1 - BETA_2)
    epsilon = real(EPSILON)
    for i in range(theta.size):
        m[i] = keep_m * m[i] + new_m * g[i]
        v[i] = keep_v * v[i] + new_v * (g[i] * g[i])
        theta[i] -= rate * m[i] / (np.sqrt(v[i] * square_scale) + epsilon)


def adam_step(
    parameters: Mlp, gradient: Mlp, state: AdamState, learning_rate: float
) -> tuple[Mlp, AdamState]:
    """Return the parameters after one step downhill, and the new state. Spec: MLP-4.

    Raises:
        ModelError: `learning_rate` is not finite or below 0, or the structures differ (MLP-4).
    """
    if not 0 <= learning_rate < np.inf:
        raise ModelError(f"a learning rate of {learning_rate} is not finite or below 0")
    shapes = [
        [layer.weights.shape for layer in network]
        for network in (parameters, gradient, state.mean, state.square)
    ]
    if any(s != shapes[0] for s in shapes):
        raise ModelError(f"parameters {shapes[0]}, gradient and state {shapes[1:]} differ")
    theta, m, v = _copy(parameters), _copy(state.mean), _copy(state.square)
    t = state.steps + 1
    for layers in zip(theta, _copy(gradient), m, v, strict=True):
        real = layers[0].bias.dtype.type
        scales = real(learning_rate / (1 - BETA_1**t)), real(1 / (1 - BETA_2**t))
        adam_kernel(*(layer.weights.reshape(-1) for layer in layers), *scales)
        adam_kernel(*(layer.bias for layer in layers), *scales)
    return theta, AdamState(t, m, v)


def _copy(network: Mlp) -> Mlp:
    """Return new, C-contiguous arrays for the kernels to write to."""
    return tuple(
        Layer(np.array(p.weights, order="C"), np.array(p.bias, order="C")) for p in network
    )
