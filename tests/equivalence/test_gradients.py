"""Twin of `inference.gradients`: the same estimates of bits, within the bounds of GRD."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fast.inference.gradients as fast
import reference.inference.gradients as reference
from fast.inference.gradients import _blocks
from reference.errors import DataError
from reference.inference.gradients import Bernoulli, RelaxedFunction
from reference.models import mlp
from reference.models.control_variate import NetworkControl
from tests.gradients import Cubic, Sine, Toy

Floats = NDArray[np.float64]

CLOSE, UNDERFLOW = 2.0**-36, 2.0**-1000
"""The grade of GRD."""


@dataclass(frozen=True)
class Problem:
    """Logits, both noises, a baseline, settings, and how many numbers make a block."""

    logits: Floats
    u: Floats
    v: Floats
    baseline: Floats
    temperature: float
    eta: float
    block: int
    period: int


extreme_noise = st.sampled_from(
    [5e-324, 1e-310, 1e-300, 1e-16, 2.0**-53, 0.5, 1 - 2.0**-52, 1 - 2.0**-53]
)
extreme_logits = st.sampled_from(
    [0.0, -40.0, 36.5, -36.5, 700.0, -700.0, 743.0, -743.0, 3e3, -3e3, 1e9, -1e9]
)


def filled(
    draw: st.DrawFn, rng: np.random.Generator, shape: tuple[int, ...], some: Any, of: Any
) -> Floats:
    """Random numbers, and at some places those of a strategy."""
    array = of(rng, shape)
    flat = array.reshape(-1)
    for i in draw(st.lists(st.integers(0, max(flat.size - 1, 0)), max_size=3)):
        if flat.size:
            flat[i] = draw(some)
    return array


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Rows on up to 2 axes; logits and baselines of all rows, of some axes, or of each row."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = tuple(draw(st.lists(st.integers(0, 7), max_size=2)))
    shape = (*rows, draw(st.integers(1, 4)))

    def part(shape: tuple[int, ...], keep: int) -> tuple[int, ...]:
        least = len(shape) - draw(st.integers(keep, len(shape)))
        ones = [draw(st.booleans()) for _ in shape[least : len(shape) - keep]]
        ones += [False] * keep
        kept = zip(shape[least:], ones, strict=True)
        return tuple(1 if one else n for n, one in kept)

    logits_shape = part(shape, 1)
    if 0 in logits_shape:
        logits_shape = shape[-1:]
    normal = lambda rng, shape: 2 * rng.standard_normal(shape)  # noqa: E731
    uniform = lambda rng, shape: rng.uniform(2.0**-53, 1, shape)  # noqa: E731
    return Problem(
        filled(draw, rng, logits_shape, extreme_logits, normal),
        filled(draw, rng, shape, extreme_noise, uniform),
        filled(draw, rng, shape, extreme_noise, uniform),
        normal(rng, part(rows, 0)),
        draw(st.sampled_from([0.25, 0.5, 1.0, 3.0])),
        draw(st.sampled_from([0.0, 1.0, -0.7])),
        draw(st.sampled_from([1, 5, 12, 16384])),
        draw(st.sampled_from([1, 3, 512])),
    )


def problem(n: int, d: int, seed: int = 0, by_row: bool = False) -> Problem:
    """Ordinary numbers."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((n, d) if by_row else d)
    u, v = rng.uniform(2.0**-53, 1, (2, n, d))
    return Problem(logits, u, v, rng.normal(size=n), 0.5, 0.8, _blocks.BLOCK, _blocks.PERIOD)


F, C = Cubic(1), Sine(1)
Call = Callable[[Any], Any]


def on_rows(shape: tuple[int, ...]) -> Any:
    """A function that goes with data, on the axes behind the first."""
    weights = 1 + np.arange(math.prod(shape[1:-1])).reshape(shape[1:-1])

    class Weighted(Cubic):
        def __call__(self, x: Floats) -> Floats:
            return weights * super().__call__(x)

        def gradient(self, x: Floats) -> Floats:
            return np.asarray(weights)[..., None] * super().gradient(x)

    return Weighted(1)


def size(x: Floats) -> tuple[Floats, Floats]:
    """The sums of the magnitudes of the terms of `F` and its gradient."""
    a = np.abs(F._a(x))
    s = (a * np.abs(x)).sum(axis=-1) + F.shift
    return s**3, 3 * s[..., None] ** 2 * a


def check(p: Problem) -> None:
    """Each estimator, within the bounds of its clause where no state is in doubt."""
    q = Bernoulli(p.logits)
    z = q.relaxed(p.u)
    b = q.rounded(z)
    logs = np.abs(p.logits) - np.log(p.u) - np.log1p(-p.u)
    sure = (np.abs(z) > 2.0**-50 * logs).all(axis=-1)
    f = on_rows(p.u.shape) if p.u.ndim > 2 else F
    weights = np.abs(f(b) / F(b)) if p.u.ndim > 2 else np.ones(b.shape[:-1])
    t, eta, score = p.temperature, abs(p.eta), b + q.mean
    mean, x = np.broadcast_to(q.mean, z.shape), q.squash(z, t)
    z_tilde = q.conditional(b, p.v)
    x_tilde = q.squash(z_tilde, t)
    slope = q.conditional_slope(b, p.v, np.ones(z.shape))
    logs_tilde = 2 * np.abs(p.logits) + logs - 2 * np.log(p.v) - 2 * np.log1p(-p.v)

    def values(state: Floats) -> Floats:
        return weights * size(state)[0]

    def slopes(state: Floats) -> Floats:
        return weights[..., None] * size(state)[1]

    spread = mean + mean**2
    away = slopes(mean) * score
    muprop = values(b) + values(mean) + away.sum(axis=-1) + np.abs(p.baseline)
    free, held = (slopes(x) * (x + x**2) / t, slopes(x_tilde) * (x_tilde + x_tilde**2) / t)
    a = np.abs(F._a(z))
    c = 0.7 * (1 + (a * logs_tilde).sum(axis=-1))[..., None]

    def event(values: Floats) -> Floats:
        return values[..., None] * score

    bounds = {
        "score_function": event(values(b) + np.abs(p.baseline)),
        "muprop": event(muprop) + slopes(mean) * spread,
        "concrete": free,
        "straight_through": slopes(b) * spread,
        "rebar": event(values(b) + eta * values(x_tilde)) + eta * (free + slope * held),
        "relax": event(values(b)) + c * score + a * c * (1 + slope),
    }
    calls: dict[str, Callable[[Any], Floats]] = {
        "score_function": lambda m: m.score_function_gradient(f, q, p.u, p.baseline),
        "muprop": lambda m: m.muprop_gradient(f, f.gradient, q, p.u, p.baseline),
        "concrete": lambda m: m.concrete_gradient(f.gradient, q, p.u, t),
        "straight_through": lambda m: m.straight_through_gradient(f.gradient, q, p.u),
        "rebar": lambda m: m.rebar_gradient(f, f.gradient, q, p.u, p.v, t, p.eta),
        "relax": lambda m: m.relax_gradient(f, C, q, p.u, p.v),
    }
    for name, call in calls.items():
        expected = call(reference)
        with (
            mock.patch.object(_blocks, "BLOCK", p.block),
            mock.patch.object(_blocks, "PERIOD", p.period),
        ):
            found = call(fast)
        assert found.shape == expected.shape
        assert found.dtype == np.float64
        wrong = np.abs(found - expected) > CLOSE * bounds[name] + UNDERFLOW
        assert not wrong[sure].any(), (name, found[sure], expected[sure])


ALL = ("GRD-2", "GRD-4", "GRD-8", "GRD-11", "GRD-12", "GRD-14", "GRD-15", "GRD-16")


@pytest.mark.spec("GRD-1", *ALL)
@given(p=problems())
@example(p=problem(0, 2))
@example(p=problem(1, 1, by_row=True))
def test_estimates(p: Problem) -> None:
    check(p)


@pytest.mark.spec("GRD-1", *ALL)
@pytest.mark.parametrize(
    ("n", "d", "by_row"),
    [(1, 1, False), (513, 1, False), (20000, 1, False), (6000, 3, False), (17000, 1, True)],
)
def test_blocks(n: int, d: int, by_row: bool) -> None:
    """Rows that make several blocks, and whole periods or not, at the sizes in force."""
    check(problem(n, d, by_row=by_row))


@pytest.mark.spec("GRD-2", "GRD-4")
def test_states_next_to_the_threshold() -> None:
    """Noise on both sides of ``1 - p``, up to where the reference sees its own rounding."""
    for theta in (-36.0, -30.0, -1.0, 0.0, 0.7, 30.0, 300.0, 700.0, 740.0):
        threshold = 1 / (1 + math.exp(theta)) if theta < 700 else math.exp(-theta)
        steps = np.array([-1e-3, -1e-6, -1e-9, 1e-9, 1e-6, 1e-3])
        u = np.minimum(threshold * (1 + steps), 1 - 2.0**-53)[:, None]
        if theta == 740:
            u = np.array([[5e-324 * k] for k in range(1, 12)])
        q, found = Bernoulli(np.array([theta])), np.empty(len(u))
        up = np.full(1, math.exp(theta / 2))
        assert fast.rounded_kernel(u.reshape(-1), up, 1 / up, found) == 0
        z = q.relaxed(u)
        sure = np.abs(z) > 2.0**-48 * (1 + abs(theta))
        assert sure.sum() >= 2
        assert (found[:, None] == q.rounded(z))[sure].all()


@pytest.mark.spec("GRD-2", "GRD-8")
def test_variables() -> None:
    """``z``, ``z~``, its derivative and ``x``, over logits and noise of all sizes."""
    rng = np.random.default_rng(2)
    theta = np.concatenate([2 * rng.standard_normal(50), 60 * rng.standard_normal(50)])
    theta = np.concatenate([theta, [0.0, 700.0, -700.0, 1000.5, -1000.5, 1e6, -1e6]])
    q, logits = Bernoulli(theta), _blocks.Logits.of(theta)
    edges = np.array([5e-324, 1e-310, 1e-300, 2.0**-53, 0.3, 0.5, 1 - 2.0**-53])
    u, v = np.stack(np.meshgrid(edges, edges)).reshape(2, -1, 1) * np.ones(theta.shape)
    b, z_tilde, z, slope = np.empty((4, u.size))
    assert (
        fast.conditional_kernel(
            u.reshape(-1), v.reshape(-1), *logits[:3], b, z_tilde, z, slope
        )
        == 0
    )
    expected = q.relaxed(u)
    terms = np.abs(theta) - np.log(u) - np.log1p(-u)
    assert (np.abs(z.reshape(u.shape) - expected) <= 2.0**-50 * terms).all()
    alone = np.empty(u.size)
    assert fast.relaxed_kernel(u.reshape(-1), logits.rest, logits.down, alone) == 0
    assert (alone == z).all()
    b = b.reshape(u.shape)
    assert (b == q.rounded(expected))[np.abs(expected) > 2.0**-50 * terms].all()
    expected = q.conditional(b, v)
    terms = np.abs(theta) - np.log(v) - np.log1p(-v) + terms
    assert (np.abs(z_tilde.reshape(u.shape) - expected) <= 2.0**-50 * terms).all()
    expected = q.conditional_slope(b, v, np.ones(u.shape))
    error = np.abs(slope.reshape(u.shape) - expected)
    assert (error <= 2.0**-40 * expected + UNDERFLOW).all()
    for t in (1e-300, 0.01, 0.5, 1.0, 30.0, 1e300):
        x = alone.copy()
        fast.squash_kernel(x, 1 / t)
        with np.errstate(over="ignore"):
            expected = q.squash(alone, t)
            y = np.minimum(np.abs(alone / t), 1000)
        assert (np.abs(x - expected) <= 2.0**-49 * (1 + y) * expected + UNDERFLOW).all()


@pytest.mark.spec("GRD-12", "GRD-15")
@pytest.mark.parametrize("t", [5e-324, 1e-308, 1e-300, 1e300])
def test_temperatures_of_any_size(t: float) -> None:
    """At z of 0 and elsewhere, nothing is NaN that is not so in the reference."""
    q, u, seen = Bernoulli(np.zeros(1)), np.array([[0.5], [0.2], [0.9]]), []

    def flat(x: Floats) -> Floats:
        seen.append(x.copy())
        return np.zeros(x.shape)

    with np.errstate(over="ignore"):  # of the reference; of kernels too, with the JIT off
        assert (fast.concrete_gradient(flat, q, u, t) == 0).all()
        assert (reference.concrete_gradient(flat, q, u, t) == 0).all()
        fast.rebar_gradient(lambda x: x[:, 0], flat, q, u, u, t)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-14, atol=UNDERFLOW)
    assert np.isfinite(seen[2]).all()


@pytest.mark.spec("GRD-1", "GRD-12", "GRD-15")
@pytest.mark.parametrize("t", [1e-9, 1e-100, 1e-290, 1e-307, 1e-310, 5e-324])
def test_temperatures_near_0(t: float) -> None:
    """A relaxed state is a state then, and has the derivative 0: both twins say just that."""
    p = problem(200, 2)
    q = Bernoulli(p.logits)
    assert np.abs(q.relaxed(p.u)).min() > 1e-6
    for m in (fast, reference):
        with np.errstate(over="ignore"):  # of z / t, which is infinite
            concrete = m.concrete_gradient(F.gradient, q, p.u, t)
            rebar = m.rebar_gradient(F, F.gradient, q, p.u, p.v, t, p.eta)
        assert (concrete == 0).all()
        b = q.rounded(q.relaxed(p.u))  # and z~ has the same state
        expected = ((1 - p.eta) * F(b))[:, None] * (b - q.mean)
        np.testing.assert_allclose(rebar, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.spec("GRD-1")
@pytest.mark.parametrize("d", [1, 2])
def test_functions_of_any_kind(d: int) -> None:
    """They may return the same array each time, views, read-only arrays, float32, integers."""
    p = problem(100, d)
    q, room = Bernoulli(p.logits), np.empty(1000)

    def same_array(x: Floats) -> Floats:
        room[: len(x)] = F(x)
        return room[: len(x)]

    class Scaled:
        def value(self, z: Floats) -> Floats:
            return np.asarray(same_array(np.tanh(z)))

        def gradient(self, z: Floats) -> Floats:
            return F.gradient(np.tanh(z)) * (1 - np.tanh(z) ** 2)

    single: dict[str, Any] = {
        "float32": lambda x: F(x).astype(np.float32),
        "integers": lambda x: np.rint(F(x)).astype(np.int8),
        "list": lambda x: F(x).tolist(),
        "fixed": lambda x: np.broadcast_to(3.5, x.shape[:1]),
        "steps": lambda x: np.repeat(F(x), 2)[::2],
        "view": lambda x: x[:, 0],
        "same": same_array,
    }
    with mock.patch.object(_blocks, "BLOCK", 50):
        for f in single.values():
            for call in (
                lambda m, f=f: m.score_function_gradient(f, q, p.u),
                lambda m, f=f: m.muprop_gradient(f, lambda x: x, q, p.u),
                lambda m, f=f: m.relax_gradient(f, Scaled(), q, p.u, p.v),
                lambda m, f=f: m.rebar_gradient(f, F.gradient, q, p.u, p.v, 0.5),
            ):
                np.testing.assert_allclose(call(fast), call(reference), rtol=1e-9, atol=1e-9)
        for gradient in (lambda x: x, lambda x: np.broadcast_to(2.0, x.shape), np.sign):
            for call in (
                lambda m, g=gradient: m.concrete_gradient(g, q, p.u, 0.5),
                lambda m, g=gradient: m.straight_through_gradient(g, q, p.u),
            ):
                np.testing.assert_allclose(call(fast), call(reference), rtol=1e-9)


class OneRoom:
    """A function and its gradient, which both write what they return into a given array."""

    def __init__(self, room: Floats, value: Any, gradient: Any):
        self.room, self.exact, self.exact_gradient = room, value, gradient

    def value(self, x: Floats) -> Floats:
        """Return the start of the room."""
        self.room[: x[..., 0].size] = self.exact(x).reshape(-1)
        return self.room[: x[..., 0].size].reshape(x.shape[:-1])

    def gradient(self, x: Floats) -> Floats:
        """Return the start of the room, after a call of the function."""
        at = self.value(x).copy()
        assert (at == self.exact(x)).all()
        self.room[: x.size] = self.exact_gradient(x).reshape(-1)
        return self.room[: x.size].reshape(x.shape)


@pytest.mark.spec("GRD-1", "GRD-11", "GRD-12", "GRD-14")
@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("d", [1, 2])
def test_functions_that_share_one_room(d: int, by_row: bool) -> None:
    """Each call overwrites what another has returned, and a gradient calls its function."""
    p, room = problem(100, d, by_row=by_row), np.empty(1000)
    q = Bernoulli(p.logits)
    f, c = OneRoom(room, F, F.gradient), OneRoom(room, C.value, C.gradient)
    calls: dict[str, Call] = {
        "muprop": lambda m: m.muprop_gradient(f.value, f.gradient, q, p.u, p.baseline),
        "rebar": lambda m: m.rebar_gradient(f.value, f.gradient, q, p.u, p.v, 0.5, 0.8),
        "relax, of c": lambda m: m.relax_gradient(F, c, q, p.u, p.v),
        "relax, of f and c": lambda m: m.relax_gradient(f.value, c, q, p.u, p.v),
        "score function": lambda m: m.score_function_gradient(f.value, q, p.u),
        "concrete": lambda m: m.concrete_gradient(f.gradient, q, p.u, 0.5),
        "straight through": lambda m: m.straight_through_gradient(f.gradient, q, p.u),
    }
    with mock.patch.object(_blocks, "BLOCK", 50), mock.patch.object(_blocks, "PERIOD", 8):
        found = {name: call(fast) for name, call in calls.items()}
    wrong = [
        name
        for name, call in calls.items()
        if not np.allclose(found[name], call(reference), rtol=1e-9, atol=1e-9)
    ]
    assert not wrong


@pytest.mark.spec("MLP-7", "GRD-1", "GRD-11")
@pytest.mark.parametrize("block", [1, 24, 8192])
def test_networks_with_context_by_row(block: int) -> None:
    """Of data on an axis behind the first; each row of data is as if it were alone."""
    rng = np.random.default_rng(0)
    u, v = rng.uniform(size=(2, 5, 4, 3))  # samples, data, bits
    q, context = Bernoulli(rng.normal(size=(4, 3))), rng.normal(size=(4, 2))
    network = mlp.initialise((5, 6, 1), rng, np.float64)
    with mock.patch.object(_blocks, "BLOCK", block):
        found = fast.relax_gradient(F, NetworkControl(network, context), q, u, v)
        with pytest.raises(DataError):  # the first axis is shared by z~ and z
            fast.relax_gradient(F, NetworkControl(network, context), q, u[0], v[0])
    for i in range(4):
        c, alone = NetworkControl(network, context[i]), Bernoulli(q.logits[i])
        expected = reference.relax_gradient(F, c, alone, u[:, i], v[:, i])
        np.testing.assert_allclose(found[:, i], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.spec("GRD-1")
def test_what_functions_see() -> None:
    """Slices of the first axis, all others whole; arrays that nobody changes afterwards."""
    rng, seen = np.random.default_rng(0), []
    u, q = rng.uniform(size=(10, 2, 3)), Bernoulli(np.zeros(3))

    def f(b: Floats) -> Floats:
        seen.append(b)
        return F(b)

    with mock.patch.object(_blocks, "BLOCK", 25):
        fast.score_function_gradient(f, q, u)
    assert [b.shape for b in seen] == [(4, 2, 3), (4, 2, 3), (2, 2, 3)]
    assert (np.concatenate(seen) == q.rounded(q.relaxed(u))).all()


@pytest.mark.spec("GRD-1")
def test_arrays_of_any_kind() -> None:
    """Read-only noise, by columns, with steps, of float32 or as lists: none is changed."""
    p = problem(30, 2)
    u = p.u.astype(np.float32).astype(np.float64)
    q = Bernoulli(p.logits)
    frozen = u.copy()
    frozen.flags.writeable = False
    expected = fast.rebar_gradient(F, F.gradient, q, u, p.v, 0.5)
    steps = np.repeat(u, 2, axis=1)[:, ::2]
    for kind in (frozen, np.asfortranarray(u), steps, u.tolist(), u.astype(np.float32)):
        before = np.array(kind)
        found = fast.rebar_gradient(F, F.gradient, q, kind, p.v, 0.5)
        assert (found == expected).all()
        assert (np.array(kind) == before).all()


@pytest.mark.spec("GRD-4", "GRD-12")
def test_kernels_inside_compiled_code() -> None:
    """Importers write the loop of REBAR, and the function, in their own compiled code."""

    @numba.njit
    def rebar(u: Any, v: Any, logits: Any, mean: Any, t: Any, eta: Any, out: Any) -> Any:
        states, slope = np.empty((3, u.size)), np.empty(u.size)
        wrong = fast.conditional_kernel(u, v, *logits, states[0], states[1], states[2], slope)
        fast.squash_kernel(states[1], 1 / t)
        fast.squash_kernel(states[2], 1 / t)
        f, f_slopes = (states[:2] - 0.499) ** 2, 2 * (states[1:] - 0.499)
        return wrong + fast.rebar_kernel(f, f_slopes, states, mean, slope, eta, 1 / t, out)

    p, toy = problem(30, 1), Toy()
    logits, out = _blocks.Logits.of(p.logits), np.empty(30)
    wrong = rebar(p.u[:, 0].copy(), p.v[:, 0].copy(), logits[:3], logits.mean, 0.5, 0.8, out)
    assert wrong == 0
    q = Bernoulli(p.logits)
    expected = reference.rebar_gradient(toy, toy.gradient, q, p.u, p.v, 0.5, 0.8)
    np.testing.assert_allclose(out, expected[:, 0], rtol=1e-11, atol=1e-13)


@pytest.mark.spec("GRD-12")
@given(p=problems())
@example(p=problem(50, 2))
def test_rebar_is_relax(p: Problem) -> None:
    """Of the relaxed function, which is of the reference, as a control variate."""
    q = Bernoulli(np.clip(p.logits, -40, 40))
    u, v = np.clip(p.u, 1e-9, 1 - 1e-9), np.clip(p.v, 1e-9, 1 - 1e-9)
    c = RelaxedFunction(F, F.gradient, q, p.temperature, p.eta)
    if q.logits.ndim > 1:  # its logits have the rows of all blocks
        c = RelaxedFunction(
            F, F.gradient, Bernoulli(np.zeros(u.shape[-1])), c.temperature, c.eta
        )
    found = fast.rebar_gradient(F, F.gradient, q, u, v, p.temperature, p.eta)
    expected = fast.relax_gradient(F, c, q, u, v)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)
