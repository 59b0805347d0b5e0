"""The network of RELAX: its values and slopes, and what it learns, for two rows of z a row.

Spec: DVA-7, DVA-8, MLP-6.
"""

import numpy as np
from numpy.typing import NDArray

from fast.models.discrete_vae._networks import forward
from reference.models.mlp import Floats, Layer, Mlp


class Control:
    """``r(z, below)``, with everything that its gradients are made from.

    Of the first layer, the part for z and that for what is below are apart: there are fewer
    rows below than of z, and row ``i`` of z meets row ``i % n`` of the `n` below.

    As r is one number, ``e_i``, its gradient before the ReLU of each layer, is all there is
    to going back: what has the gradient `weight` in r has ``weight e_i`` there.
    """

    def __init__(self, network: Mlp, z: Floats, below: Floats) -> None:
        self.network, self.z, self.below = network, z, below
        first, rest = network[0], network[1:]
        self.of_z, of_below = first.weights[: z.shape[1]], first.weights[z.shape[1] :]
        a: Floats = z @ self.of_z
        a.reshape(-1, len(below), a.shape[1])[...] += below @ of_below + first.bias
        self.inputs: list[Floats] = [z]
        if rest:
            np.maximum(a, 0, out=a)
            a, inputs = forward(rest, a)
            self.inputs += inputs
        self.values: NDArray[np.float64] = a[:, 0].astype(np.float64)
        e: Floats = np.ones_like(a)
        self.e = [e]
        for layer, kept in zip(network[:0:-1], self.inputs[:0:-1], strict=True):
            e = e @ layer.weights.T
            e *= kept > 0
            self.e.insert(0, e)
        self.d_z = e @ self.of_z.T

    def parameter_gradient(self, weight: Floats, direction: Floats, scale: np.floating) -> Mlp:
        """Return the gradient of the sum of ``weight r + direction . dr/dz``, times `scale`.

        With ``a_i`` the inputs of a layer and ``a'_i`` their derivatives along the direction,
        it is ``(weight a_i + a'_i)^T e_i`` (MLP-6), and below there is no direction.
        """
        found: list[Layer] = []
        column, moving = weight[:, None], direction
        for i, (a, e) in enumerate(zip(self.inputs, self.e, strict=True)):
            if i > 0:
                previous = self.of_z if i == 1 else self.network[i - 1].weights
                moving = moving @ previous
                moving *= a > 0
            e = e * scale
            weights, d = (column * a + moving).T @ e, column * e
            if i == 0:
                d_below = d.reshape(-1, len(self.below), d.shape[1]).sum(axis=0)
                weights = np.concatenate([weights, self.below.T @ d_below])
            found.append(Layer(weights, d.sum(axis=0)))
        return tuple(found)
