"""Means over draws, with what is known of their error; or means over all values of z.

Spec: ELB-1, ELB-2.
"""

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, extended_reals

__all__ = [
    "Estimate",
    "constant",
    "estimate",
    "expectation",
    "log_densities",
    "probabilities",
]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of weights may be from 1 (ELB-2)."""


@dataclass(frozen=True)
class Estimate:
    """An expectation under q, and the spread of what it is the mean of (ELB-2)."""

    mean: Floats
    """The estimate of the expectation, or the expectation itself."""
    variance: Floats
    """Of a single draw."""
    standard_error: Floats
    """Of the mean."""

    def in_bits(self) -> "Estimate":
        """Return the same in bits, where this is in nats. Spec: ELB-2."""
        unit = log(2)
        return Estimate(self.mean / unit, self.variance / unit**2, self.standard_error / unit)


def estimate(terms: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Estimate:
    """Return the mean over axis 0 of terms, with the variance of one and the error of all.

    Spec: ELB-2.

        draws:    mean = sum_s t_s / S      variance = sum_s (t_s - mean)^2 / (S - 1)
        weights:  mean = sum_s w_s t_s      variance = sum_s w_s (t_s - mean)^2

    Args:
        terms: shape ``(S, ...)``; each in ``[-inf, inf)``.
        weights: of the shape of `terms` or ``(S,)``; the probabilities under q of all the
            values of z. None: the terms are of draws, all alike.

    Returns:
        Shape ``(...)``.

    Raises:
        DistributionError: `terms` are no such numbers (ELB-1), or `weights` no probabilities
            (ELB-2).
    """
    (t,) = log_densities(terms=terms)
    return expectation(t, probabilities(weights, t.shape))


def expectation(t: Floats, w: Floats | None) -> Estimate:
    """Return what `estimate` does, of numbers that are checked. Spec: ELB-2."""
    if w is not None:
        return _weighted(t, w)
    n = len(t)
    never = np.isneginf(t).any(axis=0)
    t = np.where(never, 0.0, t)
    mean = t.mean(axis=0)
    squares = ((t - mean) ** 2).sum(axis=0)
    variance = squares / (n - 1) if n > 1 else np.full_like(mean, np.nan)
    if n > 1:
        variance = np.where(never, np.inf, variance)
    return Estimate(np.where(never, -np.inf, mean), variance, np.sqrt(variance / n))


def _weighted(t: Floats, w: Floats) -> Estimate:
    never = (np.isneginf(t) & (w > 0)).any(axis=0)
    t = np.where((w == 0) | never, 0.0, t)
    mean = (w * t).sum(axis=0)
    variance = np.where(never, np.inf, (w * (t - mean) ** 2).sum(axis=0))
    return Estimate(np.where(never, -np.inf, mean), variance, np.zeros_like(mean))


def log_densities(**named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Return log densities at the same draws as binary64. Spec: ELB-1.

    Raises:
        DistributionError: one is no array of reals in ``[-inf, inf)``, or has no draws, or
            their shapes differ (ELB-1).
    """
    arrays = tuple(extended_reals(name, numbers) for name, numbers in named.items())
    for name, array in zip(named, arrays, strict=True):
        if array.ndim == 0 or array.size == 0:
            raise DistributionError(f"{name} of shape {array.shape} has no draws")
        if array.shape != arrays[0].shape:
            shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(named, arrays, strict=True))
            raise DistributionError(f"different shapes: {shapes}")
        for wrong in array[~(array < np.inf)][:1]:
            raise DistributionError(f"{name} is {wrong}: no log density")
    return arrays


def constant(name: str, numbers: npt.ArrayLike, draw: tuple[int, ...]) -> Floats:
    """Return finite numbers that do not depend on the draw. Spec: ELB-1.

    Args:
        draw: the shape of a draw, which that of `numbers` must broadcast to.

    Raises:
        DistributionError: they are not such numbers (ELB-1).
    """
    array = extended_reals(name, numbers)
    try:
        array = np.broadcast_to(array, draw)
    except ValueError:
        raise DistributionError(f"{name} of shape {array.shape} for {draw}") from None
    for wrong in array[~np.isfinite(array)][:1]:
        raise DistributionError(f"{name} is {wrong}: not finite")
    return array


def probabilities(weights: npt.ArrayLike | None, shape: tuple[int, ...]) -> Floats | None:
    """Return the weights of all values of z in the shape of the terms. Spec: ELB-2.

    Raises:
        DistributionError: they are no probabilities of so many values (ELB-2).
    """
    if weights is None:
        return None
    w = extended_reals("weights", weights)
    if w.shape == shape[:1]:
        w = np.broadcast_to(w.reshape(-1, *[1] * (len(shape) - 1)), shape)
    if w.shape != shape:
        raise DistributionError(f"weights of shape {w.shape} for terms of shape {shape}")
    for wrong in w[~((w >= 0) & (w <= 1 + TOTAL_TOLERANCE))][:1]:
        raise DistributionError(f"weights hold {wrong}: no probability")
    total = w.sum(axis=0)
    for wrong in total[np.abs(total - 1) > TOTAL_TOLERANCE][:1]:
        raise DistributionError(f"weights have the sum {wrong}, not 1")
    return np.asarray(w / total)
