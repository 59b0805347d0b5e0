"""The twin of `inference.gradients` refuses what its reference does, in the same words."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

import fast.inference.gradients as fast
import reference.inference.gradients as reference
from fast.inference.gradients import _blocks
from reference.errors import DistributionError, ModelError
from reference.inference.gradients import Bernoulli, Categorical
from tests.gradients import Cubic, Sine

Floats = NDArray[np.float64]
F, C = Cubic(1), Sine(1)
Call = Callable[[Any], Any]

Q, U = Bernoulli(np.array([0.4, -1.1])), np.full((3, 2), 0.25)


def every(u: Any = U, q: Any = Q, f: Any = F, f_gradient: Any = F.gradient) -> list[Call]:
    """A call of each estimator, with these arguments."""
    return [
        lambda m: m.score_function_gradient(f, q, u),
        lambda m: m.muprop_gradient(f, f_gradient, q, u),
        lambda m: m.concrete_gradient(f_gradient, q, u, 0.5),
        lambda m: m.straight_through_gradient(f_gradient, q, u),
        lambda m: m.relax_gradient(f, C, q, u, u),
        lambda m: m.rebar_gradient(f, f_gradient, q, u, u, 0.5),
    ]


@dataclass(frozen=True)
class Broken:
    """A control variate with a wrong part."""

    value: Any = C.value
    gradient: Any = C.gradient


NOISE: list[Any] = [
    [0.0, 0.5],
    [0.5, 1.0],
    [-0.1, 0.5],
    [0.5, 2.0],
    [math.nan, 0.5],
    [math.inf, 0.5],
    [0.5],
    0.5,
    [0.5] * 3,
    "a",
    [True, False],
    [[0.5], [0.5, 0.5]],
    [0.5j, 0.5],
]


def relax_of(c: Any) -> Call:
    return lambda m: m.relax_gradient(F, c, Q, U, U)


def with_one(value: float, at: int = -1) -> Any:
    """A function of which the last number is this one, or another."""

    def f(x: Floats) -> Floats:
        values = F(x)
        values[at] = value
        return values

    return f


def gradient_with_one(value: float, at: int = -1) -> Any:
    def f_gradient(x: Floats) -> Floats:
        values = np.array(F.gradient(x))
        values[at, at] = value
        return values

    return f_gradient


REFUSED: list[tuple[type[Exception], Call]] = [
    *[(DistributionError, call) for u in NOISE for call in every(u)],
    *[
        (DistributionError, lambda m, u=u, v=v: m.relax_gradient(F, C, Q, u, v))
        for noise in NOISE
        for u, v in ((noise, U[0]), (U[0], noise))
    ],
    *[
        (DistributionError, lambda m, u=u, v=v: m.rebar_gradient(F, F.gradient, Q, u, v, 1.0))
        for noise in NOISE
        for u, v in ((noise, U[0]), (U[0], noise))
    ],
    *[(DistributionError, call) for call in every(U[:2], Bernoulli(np.zeros((3, 2))))],
    *[(DistributionError, call) for call in every(U[0], Bernoulli(np.zeros((3, 2))))],
    *[(DistributionError, call) for call in every(U, Bernoulli(np.zeros(1)))],
    (DistributionError, lambda m: m.relax_gradient(F, C, Q, U[:1], U)),
    (DistributionError, lambda m: m.rebar_gradient(F, F.gradient, Q, U, U[:1], 1.0)),
    *[
        (DistributionError, lambda m, t=t: m.concrete_gradient(F.gradient, Q, U, t))
        for t in (0.0, -1.0, math.nan, math.inf, [0.5, 0.5], [0.5], "a", True)
    ],
    *[
        (DistributionError, lambda m, t=t: m.rebar_gradient(F, F.gradient, Q, U, U, t))
        for t in (0.0, -1.0, math.nan, [0.5, 0.5])
    ],
    *[
        (DistributionError, lambda m, e=e: m.rebar_gradient(F, F.gradient, Q, U, U, 1.0, e))
        for e in (math.nan, math.inf, [0.5], "a")
    ],
    *[
        (DistributionError, call)
        for b in ([1.0, 2.0], math.nan, [[1.0]] * 3, "a", [math.inf] * 3)
        for call in (
            lambda m, b=b: m.score_function_gradient(F, Q, U, b),
            lambda m, b=b: m.muprop_gradient(F, F.gradient, Q, U, b),
        )
    ],
    *[
        (ModelError, every(f=f)[i])
        for f in (
            lambda b: b,
            lambda b: b.sum(),
            lambda b: np.full(len(b), "a"),
            lambda b: F(b) + 0j,
            with_one(math.nan),
            with_one(math.inf),
            with_one(-math.inf),
        )
        for i in (0, 1, 4)
    ],
    *[
        (ModelError, every(f_gradient=g)[i])
        for g in (
            F,
            lambda b: b.sum(),
            lambda b: b > 0,
            gradient_with_one(math.nan),
            gradient_with_one(math.inf),
            gradient_with_one(-math.inf),
        )
        for i in (1, 2, 3)
    ],
    *[
        (ModelError, relax_of(Broken(value)))
        for value in (with_one(math.nan), with_one(-math.inf), lambda z: z)
    ],
]

REFUSED_OF_TWICE: list[Call] = [
    every(f=lambda b: b.sum())[5],
    every(f_gradient=F)[5],
    relax_of(Broken(gradient=F)),
    *[
        call
        for x in (math.nan, math.inf, -math.inf)
        for at in (0, -1)
        for call in (
            every(f=with_one(x, at))[5],
            every(f_gradient=gradient_with_one(x, at))[5],
            relax_of(Broken(gradient=gradient_with_one(x, at))),
        )
    ],
]
"""Where functions see two states of a row at once: the shape in the message may differ."""


@pytest.mark.spec("GRD-1", "GRD-12")
@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_rejects_alike(case: int) -> None:
    """The same error with the same message."""
    error, call = REFUSED[case]
    messages = []
    for m in (reference, fast):
        with pytest.raises(error) as caught:
            call(m)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.spec("GRD-1")
@pytest.mark.parametrize("case", range(len(REFUSED_OF_TWICE)))
def test_rejects_functions_of_two_states(case: int) -> None:
    for m in (reference, fast):
        with pytest.raises(ModelError):
            REFUSED_OF_TWICE[case](m)


@pytest.mark.spec("GRD-1")
def test_rejects_in_later_blocks() -> None:
    """Noise and values that are wrong in the last row only."""
    u = np.full((40, 2), 0.25)
    wrong = u.copy()
    wrong[-1, -1] = 1.0
    with mock.patch.object(_blocks, "BLOCK", 6):
        for call in every(wrong):
            with pytest.raises(DistributionError):
                call(fast)
        for noise in ((u, wrong), (wrong, u)):
            with pytest.raises(DistributionError):
                fast.relax_gradient(F, C, Q, *noise)
        rows = iter(range(1000))

        def f(x: Floats) -> Floats:
            return np.array([math.inf if next(rows) == 39 else 1.0 for _ in x])

        with pytest.raises(ModelError):
            fast.score_function_gradient(f, Q, u)


@pytest.mark.spec("GRD-1")
def test_latents_that_reference_has() -> None:
    q = Categorical(np.zeros((1, 2)))
    for call in every(np.full((3, 1, 2), 0.5), q):
        with pytest.raises(DistributionError, match="Categorical"):
            call(fast)
