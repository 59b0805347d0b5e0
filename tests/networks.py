"""What tests of networks share: their numbers, derivatives by differences, smooth places."""

from collections.abc import Callable

import numpy as np

from reference.models import mlp
from reference.models.mlp import Floats, Mlp


def arrays(network: Mlp) -> list[Floats]:
    return [array for layer in network for array in (layer.weights, layer.bias)]


def slopes(f: Callable[[], float], array: Floats, h: float = 1e-5) -> Floats:
    """The derivatives of `f` in every number of `array`, by central differences."""
    found = np.empty_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + h
        above = f()
        array[i] = kept - h
        found[i] = (above - f()) / (2 * h)
        array[i] = kept
    return found


def away_from_kinks(sizes: tuple[int, ...], rows: int, seed: int = 3) -> tuple[Mlp, Floats]:
    """A network in binary64 and inputs, far from where differences mean nothing."""
    rng = np.random.default_rng(seed)
    network = mlp.initialise(sizes, rng, np.float64)
    for p in network:
        p.bias[:] = rng.uniform(-1, 1, p.bias.size)
    x = rng.normal(size=(rows, sizes[0]))
    _, inputs = mlp.forward(network, x)
    for p, a in zip(network[:-1], inputs[:-1], strict=True):
        assert np.abs(a @ p.weights + p.bias).min() > 1e-3
    return network, x
