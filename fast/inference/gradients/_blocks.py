"""What the twins of this chapter share: noise and functions, a block of rows at a time.

Spec: GRD-1, GRD-2.

A block is a slice of the first axis of the rows. It stays in the second cache from the noise
to the estimates, and a user's function sees it as an array of its own, with all other axes.
Kernels see flat arrays. What depends on the logits alone is made once if no row has its own.
"""

from collections.abc import Iterator
from math import prod
from sys import float_info
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fast.inference._arguments import finite_reals, reals
from reference.errors import DistributionError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function
from reference.inference.gradients.bernoulli import Bernoulli
from reference.inference.gradients.latents import Latents

__all__ = ["Bits", "Block", "Logits", "check_finite", "check_noise", "inverse", "one_number"]

BLOCK = 8192
"""Numbers in a block. With fewer, calls from Python cost more than a plain f; with more, what
an f with hidden units makes of them leaves the second cache.
"""

PERIOD = 512
"""How many numbers stand for logits that all rows share: few enough for the first cache."""

FARTHEST = 1000.0
"""No noise turns a bit with a logit beyond this: logits of noise are within 745 of 0."""


class Logits(NamedTuple):
    """What kernels take in the place of logits: flat, for whole rows, again and again.

    With the logit clipped to `FARTHEST`, `up` is the square root of the odds of a 1, `down`
    that of its inverse. Products of those and of noise have no sign and never overflow.
    """

    rest: Floats
    """``theta - log(up)``."""
    up: Floats
    down: Floats
    mean: Floats
    """``p``."""
    slope: Floats
    """``p (1 - p)``."""

    @classmethod
    def of(cls, theta: Floats) -> "Logits":
        """Return these for flat logits."""
        half = np.clip(theta, -FARTHEST, FARTHEST) / 2
        up, down = np.exp(half), np.exp(-half)
        mean = up / (up + down)
        return cls(theta - half, up, down, mean, mean * (down / (up + down)))


class Block(NamedTuple):
    """Some rows: their noise, their logits, and the place for their estimates."""

    first: bool
    inner: tuple[int, ...]
    """The shape of the events without the axis that counts the rows of this block."""
    noise: tuple[Floats, ...]
    logits: Logits
    baseline: Floats
    out: Floats

    def states(self, count: int) -> Floats:
        """Return room for `count` states of each row, flat, on a first axis of its own."""
        return np.empty((count, self.out.size))

    def evaluate(self, f: Function, x: Floats) -> Floats:
        """Return what `f` makes of the rows in `x`, as often as an event has latents.

        That it is finite is left to kernels. It may be the user's own array: copy what is read
        after another call of a user's function, which may overwrite it. Spec: GRD-1.

        Raises:
            ModelError: it is no array of real numbers, one a row (GRD-1).
        """
        events = x.reshape(-1, *self.inner)
        values = _real(f(events), events, events.shape[:-1])
        latents = self.inner[-1]
        return values if latents == 1 else np.repeat(values, latents)

    def slope(self, f_gradient: Function, x: Floats) -> Floats:
        """Return the gradient that `f_gradient` has at the rows in `x`. Spec: GRD-1.

        It may be the user's own array, as for `evaluate`.

        Raises:
            ModelError: it is no array of real numbers, of the shape of the rows (GRD-1).
        """
        events = x.reshape(-1, *self.inner)
        return _real(f_gradient(events), events, events.shape)


class Bits:
    """Rows of noise for Bernoulli latents, and the estimates that they make."""

    def __init__(self, q: Latents, *noise: npt.ArrayLike, baseline: npt.ArrayLike = 0.0):
        """Check the shapes; values of noise are left to kernels.

        Raises:
            DistributionError: shapes or types break GRD-1, or the latents are no bits.
        """
        if not isinstance(q, Bernoulli):
            raise DistributionError(f"latents are {type(q).__name__}: only reference has them")
        self.noise = [_noise(u, q.logits.shape) for u in noise]
        shape: tuple[int, ...] = self.noise[0].shape
        for v in self.noise[1:]:
            if v.shape != shape:
                raise DistributionError(f"noise v of {v.shape} with u of {shape}")
        self.estimates = np.empty(shape)
        self.shape = shape if len(shape) > 1 else (1, *shape)
        self.theta = q.logits
        self.logits_by_row = self._by_row(q.logits)
        self.baseline = _baseline(baseline, shape[:-1])[..., None]

    def __iter__(self) -> Iterator[Block]:
        """Split the first axis."""
        n, inner = self.shape[0], self.shape[1:]
        width, baseline_by_row = prod(inner), self._by_row(self.baseline)
        most = max(1, min(n, BLOCK // max(width, 1)))
        by_row = baseline_by_row or self.logits_by_row
        shared = most if by_row else min(most, -(-PERIOD // max(width, 1)))
        theta, baseline = self._flat(self.theta, shared), self._flat(self.baseline, shared)
        noise, out = [u.reshape(-1) for u in self.noise], self.estimates.reshape(-1)
        logits = None if self.logits_by_row else Logits.of(theta)
        for start in range(0, n * width, most * max(width, 1)):
            here = slice(start, start + most * width)
            yield Block(
                start == 0,
                inner,
                tuple([u[here] for u in noise]),
                Logits.of(theta[here]) if logits is None else logits,
                baseline[here] if baseline_by_row else baseline,
                out[here],
            )

    def _by_row(self, numbers: Floats) -> bool:
        """Whether numbers differ along the first axis."""
        return numbers.ndim == len(self.shape) and numbers.shape[0] != 1

    def _flat(self, numbers: Floats, shared: int) -> Floats:
        """Return those of all rows or, where these do not differ, of `shared` rows."""
        shape = self.shape if self._by_row(numbers) else (shared, *self.shape[1:])
        if numbers.shape != shape:
            numbers = np.broadcast_to(numbers, shape)
        return np.require(numbers, requirements=["C", "W"]).reshape(-1)


def _noise(u: npt.ArrayLike, parameters: tuple[int, ...]) -> Floats:
    """Return noise as kernels take it; that it is in (0, 1) is left to them."""
    array = np.require(reals("u", u), np.float64, ["C", "W"])
    try:
        fits = np.broadcast_shapes(parameters, array.shape) == array.shape
    except ValueError:
        check_noise(1, array)
        raise DistributionError(
            f"parameters of shapes {(parameters, array.shape)} do not broadcast"
        ) from None
    if not fits or array.shape[-1:] != parameters[-1:]:
        check_noise(1, array)
        raise DistributionError(f"noise {array.shape} for parameters {parameters}")
    return array


def _baseline(baseline: npt.ArrayLike, rows: tuple[int, ...]) -> Floats:
    """Return numbers that broadcast to the rows."""
    array = finite_reals("baseline", baseline)
    try:
        fits = np.broadcast_shapes(array.shape, rows) == rows
    except ValueError:
        fits = False
    if not fits:
        raise DistributionError(f"baseline of shape {array.shape} for rows {rows}")
    return array


def one_number(name: str, number: float) -> float:
    """Return a setting.

    Raises:
        DistributionError: it is no finite number (GRD-1).
    """
    array = finite_reals(name, number)
    if array.ndim:
        raise DistributionError(f"{name} of shape {array.shape} is no number")
    return float(array)


def inverse(temperature: float) -> float:
    """Return ``1 / temperature``, at most half the largest number: kernels take it times 1.5.

    Raises:
        DistributionError: it is no positive number (GRD-1).
    """
    array = finite_reals("temperature", temperature)
    for t in array[~(array > 0)][:1]:
        raise DistributionError(f"temperature is {t}: not positive")
    if array.ndim:
        raise DistributionError(f"a temperature of shape {array.shape} is no number")
    return min(1 / float(array), float_info.max / 2)


def check_noise(wrong: int, *noise: Floats) -> None:
    """Refuse noise of which a kernel has found that so many numbers are wrong.

    Raises:
        DistributionError: a number is not in (0, 1) (GRD-1).
    """
    if wrong > 0:
        for u in noise:
            if not np.isfinite(u).all():
                raise DistributionError(f"u is not finite: {u[~np.isfinite(u)][0]}")
            if not ((u > 0) & (u < 1)).all():
                raise DistributionError(f"u is {u[~((u > 0) & (u < 1))][0]}, not in (0, 1)")


def check_finite(wrong: int, *values: Floats) -> None:
    """Refuse what functions give, if a kernel has found that so many numbers are wrong.

    Raises:
        ModelError: a number is not finite (GRD-1).
    """
    if wrong > 0:
        for array in values:
            for value in array[~np.isfinite(array)][:1]:
                raise ModelError(f"a function gives {value}: not finite")


def _real(values: object, x: Floats, shape: tuple[int, ...]) -> Floats:
    """Return what a function has made of `x`, flat, as kernels take it."""
    array = np.asarray(values)
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise ModelError(
            f"a function of {x.shape} gives {array.dtype} of {array.shape}, not {shape}"
        )
    if array.dtype != np.float64 or not array.flags.carray:
        array = np.require(array, np.float64, ["C", "W"])
    return array.reshape(-1)
