"""Coordinate ascent: one factor at a time is made the best there is, given the others.

Spec: MFV-2.
Source: D. Blei, A. Kucukelbir, J. McAuliffe, "Variational inference: a review for
statisticians", JASA 112 (2017), algorithm 1; lecture 003, "Coordinate Ascent".

The bound is computed after every update, and not only after every sweep: an update that
lowers it has a mistake in it, however much the next one gains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Generic, TypeVar

from reference.errors import LowerBoundError, ModelError
from reference.inference.mean_field.arguments import check_ascent

__all__ = ["FALL_TOLERANCE", "Ascent", "Fall", "coordinate_ascent"]

FALL_TOLERANCE = 2.0**-32
"""A bound may be lower than before by this much of 1 plus its magnitude: rounding (MFV-2)."""

State = TypeVar("State")


@dataclass(frozen=True)
class Fall:
    """An update that lowered the bound (MFV-2)."""

    sweep: int
    """From 1."""
    update: int
    """Its place in the sweep, from 0."""
    before: float
    """The bound before it, in nats."""
    after: float
    """The bound after it, in nats."""


@dataclass(frozen=True)
class Ascent(Generic[State]):
    """Where an ascent has come to, and how (MFV-2)."""

    state: State
    """After the last sweep."""
    lower_bounds: tuple[float, ...]
    """Of the first state, then of the state after each sweep; in nats."""
    converged: bool
    """Whether the last sweep raised the bound by no more than the tolerance."""
    falls: tuple[Fall, ...] = ()
    """Updates that lowered the bound; none in a strict ascent."""


def coordinate_ascent(
    state: State,
    updates: Sequence[Callable[[State], State]],
    lower_bound: Callable[[State], float],
    *,
    tol: float = 1e-3,
    max_iter: int = 100,
    strict: bool = True,
) -> Ascent[State]:
    """Apply all updates, in order, again and again, until the bound no longer rises.

    Spec: MFV-2.

    Args:
        state: what the updates make anew: of any type, never changed in place.
        lower_bound: in nats.
        tol: at least 0; the rise in a sweep with which the ascent ends, in nats.
        max_iter: at least 1; the most sweeps.
        strict: whether a fall of the bound is an error; otherwise it is reported.

    Raises:
        LowerBoundError: the bound has fallen, or is NaN or infinite upwards (MFV-2).
        ModelError: there is no update, or a setting is out of range (MFV-2).
    """
    check_ascent(tol, max_iter)
    if not updates:
        raise ModelError("an ascent without updates")
    bound = _checked(lower_bound(state))
    lower_bounds, falls = [bound], list[Fall]()
    for sweep in range(1, max_iter + 1):
        fallen = len(falls)
        for place, update in enumerate(updates):
            state = update(state)
            before, bound = bound, _checked(lower_bound(state))
            if before - bound > FALL_TOLERANCE * (1 + abs(before)):
                falls.append(Fall(sweep, place, before, bound))
                if strict:
                    raise LowerBoundError(
                        f"update {place} of sweep {sweep} lowers the bound"
                        f" from {before!r} to {bound!r}"
                    )
        lower_bounds.append(bound)
        if len(falls) == fallen and lower_bounds[-1] <= lower_bounds[-2] + tol:
            return Ascent(state, tuple(lower_bounds), True, tuple(falls))
    return Ascent(state, tuple(lower_bounds), False, tuple(falls))


def _checked(bound: float) -> float:
    if isnan(bound) or bound == inf:
        raise LowerBoundError(f"{bound} is no lower bound")
    return float(bound)
