"""GRD-14 to GRD-16: MuProp, Concrete and straight-through, and the bias of the last two."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from reference.inference.gradients import (
    concrete_gradient,
    muprop_gradient,
    score_function_gradient,
    straight_through_gradient,
)
from tests.gradients import (
    LATENTS,
    Cubic,
    Toy,
    exact_gradient,
    expectation,
    noise_of_states,
    one_bit,
    split_nodes,
)


class Linear(Cubic):
    """``a . x``."""

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return one number a row."""
        return self._along(x)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return a."""
        return np.broadcast_to(self._a(x), x.shape)


@pytest.mark.spec("GRD-14")
@pytest.mark.parametrize("q", LATENTS)
@pytest.mark.parametrize("baseline", [0.0, -1.5])
def test_muprop_is_unbiased(q, baseline) -> None:
    f = Cubic(q.axes)
    u, mass = noise_of_states(q)
    g = muprop_gradient(f, f.gradient, q, u, baseline)
    assert_allclose(np.tensordot(mass, g, 1), exact_gradient(q, f), atol=1e-13)
    assert np.abs(g - score_function_gradient(f, q, u, baseline)).max() > 0.1


@pytest.mark.spec("GRD-14", "GRD-16")
@pytest.mark.parametrize("q", LATENTS)
def test_linear_functions_leave_no_variance(q) -> None:
    f = Linear(q.axes)
    u, _ = noise_of_states(q)
    exact = np.broadcast_to(exact_gradient(q, f), u.shape)
    assert_allclose(muprop_gradient(f, f.gradient, q, u), exact, atol=1e-14)
    assert_allclose(straight_through_gradient(f.gradient, q, u), exact, atol=1e-14)


@pytest.mark.spec("GRD-14")
@pytest.mark.parametrize("p", [0.5, 0.3])
def test_muprop_on_the_toy_problem(p) -> None:
    """``f(b) - f(p) - f'(p) (b - p)`` is ``(b - p)^2``, whatever t."""
    f, q = Toy(), one_bit(p)
    u, mass = noise_of_states(q)
    g = muprop_gradient(f, f.gradient, q, u)[:, 0]
    by_hand = np.array([-(p**3), (1 - p) ** 3]) + p * (1 - p) * 2 * (p - f.t)
    assert_allclose(g, by_hand, rtol=1e-12)
    assert abs(mass @ g - p * (1 - p) * (1 - 2 * f.t)) < 1e-15


@pytest.mark.spec("GRD-15")
@pytest.mark.parametrize(
    ("p", "t", "mean"),
    [
        (0.5, 0.1, 4.960e-4),
        (0.5, 0.5, 4.292e-4),
        (0.5, 1.0, 3.333e-4),
        (0.5, 2.0, 2.146e-4),
        (0.3, 0.1, -0.00778),
        (0.3, 0.5, -0.02633),
        (0.3, 1.0, -0.02564),
        (0.3, 2.0, -0.01469),
    ],
)
def test_concrete_on_the_toy_problem(p, t, mean) -> None:
    """At p = 0.3 the sign is wrong; at t = 1 and p = 1/2 it is ``(1 - 2 t) / 6``."""
    f, q = Toy(), one_bit(p)
    u, w = split_nodes(p)
    found = float(w @ concrete_gradient(f.gradient, q, u[:, None], t)[:, 0])
    assert abs(found - mean) < (5.1e-8 if p == 0.5 else 5.1e-6)
    exact = float(exact_gradient(q, f)[0])
    assert (found > 0) == (p == 0.5)
    assert exact > 0
    if (p, t) == (0.5, 1.0):
        assert abs(found - (1 - 2 * f.t) / 6) < 1e-12


@pytest.mark.spec("GRD-15")
@pytest.mark.parametrize(("q", "n"), [(LATENTS[0], 60), (LATENTS[1], 30)])
def test_concrete_is_the_derivative_of_the_relaxed_expectation(q, n) -> None:
    """By differences of f at the relaxed states, row by row; and biased as a whole."""
    f, t, step = Cubic(q.axes), 0.8, 1e-6
    u = np.random.default_rng(5).uniform(0.02, 0.98, (30, *q.logits.shape))
    g = concrete_gradient(f.gradient, q, u, t)
    for i in np.ndindex(q.logits.shape):
        e = np.zeros(q.logits.shape)
        e[i] = step
        up, down = (f(q.squash(q.relaxed(u) + s * e, t)) for s in (1, -1))
        assert_allclose(g[(slice(None), *i)], (up - down) / (2 * step), atol=1e-7)
    mean = expectation(q, lambda u, v: concrete_gradient(f.gradient, q, u, t), n)
    assert np.abs(mean - exact_gradient(q, f)).max() > 0.01


@pytest.mark.spec("GRD-16")
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("t", [0.2, 0.499])
def test_bias_of_straight_through(p, t) -> None:
    f, q = Toy(t), one_bit(p)
    u, mass = noise_of_states(q)
    bias = mass @ straight_through_gradient(f.gradient, q, u) - exact_gradient(q, f)
    assert abs(bias[0] - p * (1 - p) * (2 * p - 1)) < 1e-15


@pytest.mark.spec("GRD-16")
@pytest.mark.parametrize("q", LATENTS)
def test_straight_through_pulls_back_through_the_mean(q) -> None:
    """By differences of the mean, with the gradient of f at the state."""
    f, step = Cubic(q.axes), 1e-6
    u, _ = noise_of_states(q)
    at_state = f.gradient(q.rounded(q.relaxed(u)))
    g = straight_through_gradient(f.gradient, q, u)
    for i in np.ndindex(q.logits.shape):
        e = np.zeros(q.logits.shape)
        e[i] = step
        moves = (type(q)(q.logits + e).mean - type(q)(q.logits - e).mean) / (2 * step)
        event = tuple(range(1, 1 + q.axes))
        assert_allclose(g[(slice(None), *i)], (at_state * moves).sum(axis=event), atol=1e-8)


def test_one_bit() -> None:
    assert abs(float(expit(one_bit(0.3).logits[0])) - 0.3) < 1e-15
