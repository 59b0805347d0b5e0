"""What both kinds of discrete latents have: relaxed variables, rounded, and given the state.

Spec: GRD-2, GRD-3, GRD-4.

Both kinds have the same parts, so each estimator is written once::

    u  --relaxed-->  z = logits + noise  --rounded-->  b      of probability squash(logits, 1)
    b, v  --conditional-->  z~                                of the law of z given b

The derivatives of ``z`` in the logits are the identity. Those of ``z~`` are taken at fixed b.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.gradients.arguments import rows_of_noise
from reference.inference.relaxations.gumbel import uniform_noise

__all__ = ["Latents"]


@dataclass(frozen=True, eq=False)
class Latents(ABC):
    """Independent discrete variables, given by logits. Spec: GRD-2, GRD-3.

    A state of all of them is one event; in front of it noise and states have axes of rows.
    """

    logits: Floats
    """Finite; the shape of an event, or that of the noise."""

    axes: ClassVar[int]
    """How many axes an event has."""

    def __post_init__(self) -> None:
        (logits,) = reals(logits=self.logits)
        if logits.ndim < self.axes or 0 in logits.shape:
            raise DistributionError(f"logits of shape {logits.shape} have no latents")
        object.__setattr__(self, "logits", logits)

    @property
    def mean(self) -> Floats:
        """The expectation of a state: probabilities."""
        return self.squash(self.logits, 1)

    def score(self, b: Floats) -> Floats:
        """Return the gradient of ``log p(b)`` in the logits, ``b - mean``. Spec: GRD-4."""
        return b - self.mean

    def noise(self, u: npt.ArrayLike) -> Floats:
        """Return uniform noise, or refuse what is none for these logits. Spec: GRD-1."""
        return rows_of_noise(self.logits.shape, uniform_noise(u), self.axes)

    def rows(self, z: Floats) -> tuple[int, ...]:
        """Return the shape of the rows of an array of events. Spec: GRD-1."""
        return z.shape[: z.ndim - self.axes]

    @abstractmethod
    def relaxed(self, u: npt.ArrayLike) -> Floats:
        """Return ``z``."""

    @abstractmethod
    def rounded(self, z: Floats) -> Floats:
        """Return the state that ``z`` rounds to."""

    @abstractmethod
    def log_mass(self, b: Floats) -> Floats:
        """Return ``log p(b)``, one number a row."""

    @abstractmethod
    def conditional(self, b: Floats, v: npt.ArrayLike) -> Floats:
        """Return ``z~``, which rounds to `b`."""

    @abstractmethod
    def conditional_slope(self, b: Floats, v: npt.ArrayLike, direction: Floats) -> Floats:
        """Return the derivative of ``z~`` as the logits move in `direction` and b stays."""

    @abstractmethod
    def conditional_pull_back(self, b: Floats, v: npt.ArrayLike, gradient: Floats) -> Floats:
        """Return the gradient in the logits of what has this one in ``z~``; b stays."""

    @abstractmethod
    def squash(self, z: Floats, temperature: float) -> Floats:
        """Return the relaxed state ``x`` of CON-3 or CON-5."""

    @abstractmethod
    def squash_slope(self, x: Floats, direction: Floats) -> Floats:
        """Return the derivative of ``squash(z, 1)`` along `direction`, where it is `x`.

        The matrix is symmetric, so the same function pulls gradients back.
        """

    @abstractmethod
    def squash_curvature(self, x: Floats, moving: Floats, direction: Floats) -> Floats:
        """Return the derivative of `squash_slope` as `x` moves by `moving`."""
