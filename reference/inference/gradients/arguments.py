"""What the estimators take: functions of rows of states, and noise of the right shape.

Spec: GRD-1.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError, ModelError
from reference.inference.distributions.parameters import (
    Floats,
    check_broadcast,
    check_positive,
    reals,
)

__all__ = [
    "Function",
    "evaluate",
    "one_temperature",
    "over_events",
    "rows_of_noise",
    "values_for_rows",
]

Function = Callable[[Floats], Floats]
"""Of an array of rows: one number a row, or a gradient, of the same shape."""


def evaluate(function: Function, x: Floats, shape: tuple[int, ...]) -> Floats:
    """Return what a user's function makes of `x`. Spec: GRD-1.

    Raises:
        ModelError: it is no array of finite real numbers of this shape (GRD-1).
    """
    values = np.asarray(function(x))
    if values.shape != shape or values.dtype.kind not in "fiu":
        raise ModelError(
            f"a function of {x.shape} gives {values.dtype} of {values.shape}, not {shape}"
        )
    if not np.isfinite(values).all():
        raise ModelError(f"a function gives {values[~np.isfinite(values)][0]}: not finite")
    return values.astype(np.float64)


def rows_of_noise(parameters: tuple[int, ...], noise: npt.ArrayLike, axes: int = 1) -> Floats:
    """Return the noise as binary64. Spec: GRD-1.

    Args:
        parameters: the shape of the parameters, which must broadcast to that of the noise.
        axes: how many axes an event has, on which the two must be equal.

    Raises:
        DistributionError: the noise has other axes, or is not real and finite (GRD-1).
    """
    (array,) = reals(noise=noise)
    check_broadcast(parameters, array.shape)
    rows = np.broadcast_shapes(parameters, array.shape) == array.shape
    if not rows or array.shape[-axes:] != parameters[-axes:]:
        raise DistributionError(f"noise {array.shape} for parameters {parameters}")
    return array


def values_for_rows(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return one number a row, as a baseline is. Spec: GRD-1.

    Raises:
        DistributionError: they do not broadcast to the rows, or are not finite (GRD-1).
    """
    (array,) = reals(**{name: values})
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise DistributionError(f"{name} of shape {array.shape} for rows {shape}") from None


def over_events(values: Floats, axes: int) -> Floats:
    """Return numbers, one a row, with `axes` axes of length 1 behind. Spec: GRD-1."""
    return values.reshape(values.shape + (1,) * axes)


def one_temperature(temperature: float) -> float:
    """Return a temperature. Spec: GRD-1.

    Raises:
        DistributionError: it is no positive number (GRD-1).
    """
    (t,) = reals(temperature=temperature)
    check_positive(temperature=t)
    if t.ndim:
        raise DistributionError(f"a temperature of shape {t.shape} is no number")
    return float(t)
