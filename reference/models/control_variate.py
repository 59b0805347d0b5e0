"""A network as the control variate that LAX and RELAX learn.

Spec: MLP-7.
Source: W. Grathwohl et al., "Backpropagation through the void", ICLR 2018, arXiv:1711.00123,
section 3.

It has the methods of `reference.inference.gradients.ControlVariate`. The gradient in its
parameters is that of a value and of a slope together, which is what MLP-6 is for.
"""

import math
from dataclasses import dataclass

import numpy as np

from reference.errors import DataError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.models import mlp
from reference.models.mlp import Mlp

__all__ = ["NetworkControl"]


@dataclass(frozen=True, eq=False)
class NetworkControl:
    """``c(z)``: the output of a network for an event z and what the latents depend on.

    Spec: MLP-7. It is computed in the dtype of the network.
    """

    network: Mlp
    """With one output, and an input for each number of an event and of a row of context."""
    context: mlp.Floats | None = None
    """What the latents depend on: one row, or rows that broadcast to those of z.

    Rows stand on axes behind the first of z, since the compiled `relax_gradient` stacks z~ and
    z, of some rows at a time, on that one (GRD-1).
    """
    axes: int = 1
    """How many axes an event has: 1 for bits, 2 for one-hot outcomes."""

    def __post_init__(self) -> None:
        """Refuse a network that does not put out one number (MLP-7)."""
        mlp.check_layers(self.network)
        outputs = self.network[-1].bias.size
        if outputs != 1 or self.axes < 1:
            raise ModelError(f"{outputs} outputs for an event of {self.axes} axes")

    def value(self, z: Floats) -> Floats:
        """Return c, one number a row. Spec: MLP-7."""
        y, _ = mlp.forward(self.network, self._inputs(z))
        return y.astype(np.float64).reshape(self._rows(z))

    def gradient(self, z: Floats) -> Floats:
        """Return the gradient of c in z, of the shape of z. Spec: MLP-7."""
        y, inputs = mlp.forward(self.network, self._inputs(z))
        _, d_x = mlp.reverse(self.network, inputs, np.ones_like(y))
        return d_x[:, : self._size(z)].astype(np.float64).reshape(z.shape)

    def parameter_gradient(self, z: Floats, weight: Floats, direction: Floats) -> Floats:
        """Return the gradient of ``weight c(z) + direction . grad c(z)`` in all parameters.

        Spec: MLP-7.

        Args:
            weight: one number a row, which does not depend on the parameters.
            direction: the shape of z; likewise.

        Returns:
            The shape of the rows, and an axis of parameters: layer by layer, the weights row
            by row, then the bias.

        Raises:
            DataError: an argument has another shape (MLP-7).
        """
        x, moving, column = self._moving(z, weight, direction)
        rows = [slice(i, i + 1) for i in range(len(x))]
        lines = [_flat(_gradient(self.network, x[i], moving[i], column[i])) for i in rows]
        return np.reshape(lines, (*self._rows(z), _flat(self.network).size))

    def parameter_gradient_sum(self, z: Floats, weight: Floats, direction: Floats) -> Mlp:
        """Return the sum of `parameter_gradient` over the rows, in the network's structure.

        Spec: MLP-7. Of a batch, since a line of all parameters for each row is too much.

        Raises:
            DataError: an argument has another shape (MLP-7).
        """
        return _gradient(self.network, *self._moving(z, weight, direction))

    def _moving(
        self, z: Floats, weight: Floats, direction: Floats
    ) -> tuple[mlp.Floats, mlp.Floats, mlp.Floats]:
        """Return the rows that the network takes, how they move, and a column of weights."""
        x, size = self._inputs(z), self._size(z)
        if weight.shape != self._rows(z) or direction.shape != z.shape:
            raise DataError(
                f"weight of {weight.shape}, direction of {direction.shape} for z of {z.shape}"
            )
        moving = np.zeros_like(x)  # the context stays
        moving[:, :size] = direction.reshape(len(x), size)
        return x, moving, weight.reshape(-1, 1).astype(x.dtype)

    def _inputs(self, z: Floats) -> mlp.Floats:
        """Return a row for each event: its numbers, then those of its context.

        Raises:
            DataError: `z` has fewer axes than an event, or the context other rows (MLP-7).
        """
        if z.ndim < self.axes:
            raise DataError(f"z of shape {z.shape} for an event of {self.axes} axes")
        rows = self._rows(z)
        context = np.zeros(0) if self.context is None else self.context
        try:
            lines = np.broadcast_to(context, rows + context.shape[-1:])
            x = np.concatenate([z.reshape(*rows, self._size(z)), lines], axis=-1)
        except ValueError:
            raise DataError(f"context {context.shape} for z of shape {z.shape}") from None
        return x.reshape(math.prod(rows), x.shape[-1]).astype(self.network[0].bias.dtype)

    def _rows(self, z: Floats) -> tuple[int, ...]:
        """Return the axes in front of an event."""
        return z.shape[: z.ndim - self.axes]

    def _size(self, z: Floats) -> int:
        """Return how many numbers an event has."""
        return math.prod(z.shape[z.ndim - self.axes :])


def _gradient(network: Mlp, x: mlp.Floats, moving: mlp.Floats, weight: mlp.Floats) -> Mlp:
    """Return the gradient of the sum over rows of ``weight y + y'`` (MLP-6)."""
    _, inputs = mlp.forward(network, x)
    _, tangents = mlp.directional(network, inputs, moving)
    return mlp.directional_reverse(network, inputs, tangents, weight, np.ones_like(weight))


def _flat(network: Mlp) -> Floats:
    """Return all numbers of a network on one axis."""
    numbers = [array.ravel() for p in network for array in (p.weights, p.bias)]
    return np.concatenate(numbers).astype(np.float64)
