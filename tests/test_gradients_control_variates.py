"""GRD-8 to GRD-13: conditional reparameterisation, LAX, RELAX, REBAR, and their variances."""

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.testing import assert_allclose
from scipy.special import ndtri

from reference.errors import DistributionError, ModelError
from reference.inference.distributions import logistic_log_density
from reference.inference.gradients import (
    Bernoulli,
    Latents,
    LocationScale,
    RelaxedFunction,
    concrete_gradient,
    density_score_gradient,
    lax_gradient,
    lax_variance_gradient,
    rebar_gradient,
    relax_gradient,
    relax_variance_gradient,
    reparameterised_gradient,
    score_function_gradient,
)
from tests.gradients import (
    LATENTS,
    Cubic,
    Sine,
    Toy,
    exact_gradient,
    expectation,
    one_bit,
    split_nodes,
    states,
    unit_nodes,
)

RNG_SEED = 3


def log_density(q: Latents, z: np.ndarray) -> float:
    """The log density of z, a logistic variable or Gumbel ones."""
    if isinstance(q, Bernoulli):
        return float(logistic_log_density(z, q.logits, 1).sum())
    eps = z - q.logits
    return float((-eps - np.exp(-eps)).sum())


# Conditional reparameterisation


@pytest.mark.spec("GRD-8", "GRD-9")
@pytest.mark.parametrize("q", LATENTS)
def test_law_of_the_conditional_variable(q) -> None:
    """It rounds to b, and its density is that of z over the probability of b.

    The density is 1 over the determinant of the derivatives in the noise.
    """
    rng, step = np.random.default_rng(RNG_SEED), 1e-6
    for b in states(q):
        for _ in range(5):
            v = rng.uniform(0.05, 0.95, q.logits.shape)
            z = q.conditional(b, v)
            assert np.array_equal(q.rounded(z), b)
            moves = []
            for i in np.ndindex(v.shape):
                e = np.zeros(v.shape)
                e[i] = step
                change = q.conditional(b, v + e) - q.conditional(b, v - e)
                moves.append(change.ravel() / (2 * step))
            found = -np.linalg.slogdet(np.array(moves))[1]
            assert abs(found - (log_density(q, z) - q.log_mass(b))) < 1e-7


@pytest.mark.spec("GRD-8", "GRD-9")
@pytest.mark.parametrize("q", LATENTS)
def test_derivatives_at_a_fixed_state(q) -> None:
    """Both directions of the matrix of derivatives, by differences that hold b and v."""
    rng, step = np.random.default_rng(RNG_SEED), 1e-6
    for b in states(q):
        v, direction, gradient = rng.uniform(0.05, 0.95, (3, *q.logits.shape))
        up, down = (
            type(q)(q.logits + s * step * direction).conditional(b, v) for s in (1, -1)
        )
        slope = (up - down) / (2 * step)
        assert_allclose(q.conditional_slope(b, v, direction), slope, atol=1e-8)
        pulled = (q.conditional_pull_back(b, v, gradient) * direction).sum()
        assert abs(pulled - (gradient * slope).sum()) < 1e-8


@pytest.mark.spec("GRD-8")
def test_conditional_bits_by_the_formula() -> None:
    """The forms in which nothing cancels, against 400 digits; and coupled noise."""
    for theta in (-40.0, -3.0, 0.0, 0.4, 30.0):
        q = Bernoulli(np.array([theta]))
        for v in (1e-300, 1e-9, 0.2, 0.5, 1 - 2.0**-53):
            with mpmath.workdps(400):
                p = 1 / (1 + mpmath.exp(-mpf(theta)))
                for b, w in ((0.0, mpf(v) * (1 - p)), (1.0, mpf(v) * p + 1 - p)):
                    exact = mpf(theta) + mpmath.log(w) - mpmath.log(1 - w)
                    found = q.conditional(np.array([b]), [v])[0]
                    size = 8 + abs(theta) - math.log(v)
                    assert abs(found - exact) <= 2.0**-52 * size * abs(exact)
        u = np.linspace(0.001, 0.999, 50)[:, None]
        z = q.relaxed(u)
        assert_allclose(q.conditional(q.rounded(z), q.coupled(u)), z, rtol=1e-7, atol=1e-12)


@pytest.mark.spec("GRD-8")
def test_coupled_noise_is_noise() -> None:
    """Also where u is on the threshold, or as near to an end as binary64 has it."""
    for theta in (-40.0, 0.0, 40.0):
        q = Bernoulli(np.array([theta]))
        for u in (5e-324, 1e-300, 0.5, 1 - 2.0**-53):
            v = q.coupled([u])
            assert 0 < v < 1
            b = q.rounded(q.relaxed([u]))
            assert np.isfinite(q.conditional(b, v)).all()


@pytest.mark.spec("GRD-12")
def test_relaxed_functions_that_are_refused() -> None:
    """When they are made, not when they are first called."""
    f, q = Toy(), one_bit(0.3)
    for t, eta in ((0.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf), (1.0, [1.0])):
        with pytest.raises(DistributionError):
            RelaxedFunction(f, f.gradient, q, t, eta)


@pytest.mark.spec("GRD-9")
def test_conditional_outcomes_by_the_formula() -> None:
    """With normalised probabilities, as the papers have it, and shifted by their sum."""
    q = LATENTS[1]
    v = np.array([[0.3, 0.8, 0.1]])
    total = np.log(np.exp(q.logits).sum())
    for k, b in enumerate(states(q)):
        z = -np.log(-np.log(v) / q.mean - np.log(v[0, k]))
        z[0, k] = -np.log(-np.log(v[0, k]))
        assert_allclose(q.conditional(b, v), z + total, rtol=1e-13)


# LAX


@pytest.mark.spec("GRD-10")
def test_lax_is_unbiased() -> None:
    """Of two variables, by Gauss-Hermite quadrature; also its two special cases."""
    x, w = np.polynomial.hermite_e.hermegauss(50)
    eps = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.outer(w, w).ravel() / (2 * math.pi)
    q, f = LocationScale(np.array([0.4, -0.3]), np.array([-0.2, 0.3])), Cubic(1)
    exact = np.tensordot(weights, reparameterised_gradient(f.gradient, q, eps), 1)
    g = lax_gradient(f, Sine(1), q, eps)
    assert_allclose(np.tensordot(weights, g, 1), exact, rtol=1e-9)
    assert np.abs(g - reparameterised_gradient(f.gradient, q, eps)).max() > 1
    still = lax_gradient(f, Sine(1, (0.0, 0.4)), q, eps)
    assert_allclose(still, density_score_gradient(f, q, eps), atol=1e-9)


@pytest.mark.spec("GRD-10")
def test_lax_of_a_step() -> None:
    """For ``f = [z > 0]`` the gradient in mu is a density; noise is split at the step."""
    mu, s = 0.4, 0.2
    q = LocationScale(np.array([mu]), np.array([s]))
    below = float(1 - math.erfc(-mu / math.exp(s) / math.sqrt(2)) / 2)
    u, w = split_nodes(1 - below)
    eps = ndtri(np.clip(u, 1e-300, 1 - 2.0**-53))[:, None]
    density = math.exp(-((mu / math.exp(s)) ** 2) / 2) / math.sqrt(2 * math.pi)
    exact = [density / math.exp(s), -density * mu / math.exp(s)]

    def step(z: np.ndarray) -> np.ndarray:
        return (np.arange(len(z)) >= len(z) // 2).astype(float)  # sorted by halves

    for phi in ((0.0, 0.0), (0.7, 0.4)):
        g = lax_gradient(step, Sine(1, phi), q, eps)[..., 0]
        # Noise comes in halves, so it does not matter how the threshold is rounded.
        assert_allclose(w @ g, exact, atol=1e-9)


# RELAX and REBAR


@pytest.mark.spec("GRD-11")
@pytest.mark.parametrize(("q", "n"), [(LATENTS[0], 120), (LATENTS[1], 40)])
def test_relax_is_unbiased(q, n) -> None:
    f, c = Cubic(q.axes), Sine(q.axes)
    mean = expectation(q, lambda u, v: relax_gradient(f, c, q, u, v), n)
    assert_allclose(mean, exact_gradient(q, f), atol=1e-6)


@pytest.mark.spec("GRD-11")
def test_relax_is_unbiased_with_independent_noise() -> None:
    """Over the square of both noises of one bit."""
    f, q = Toy(), one_bit(0.3)
    u, v, w = square(0.3)
    mean = w @ relax_gradient(f, Sine(1), q, u, v)
    assert_allclose(mean, exact_gradient(q, f), atol=1e-11)


@pytest.mark.spec("GRD-12")
@pytest.mark.parametrize(("q", "n"), [(LATENTS[0], 100), (LATENTS[1], 40)])
@pytest.mark.parametrize(("t", "eta"), [(0.7, 1.0), (2.0, 0.4)])
def test_rebar_is_unbiased(q, n, t, eta) -> None:
    f = Cubic(q.axes)
    mean = expectation(q, lambda u, v: rebar_gradient(f, f.gradient, q, u, v, t, eta), n)
    assert_allclose(mean, exact_gradient(q, f), atol=1e-6)


def square(p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both noises of one bit, and the weights."""
    u, w_u = split_nodes(p)
    v, w_v = unit_nodes(200)
    rows = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
    return rows[:, :1], rows[:, 1:], np.outer(w_u, w_v).ravel()


@pytest.mark.spec("GRD-12")
@pytest.mark.parametrize(
    ("p", "t", "independent", "coupled"),
    [
        (0.5, 0.1, 0.08370, 0.08659),
        (0.5, 0.5, 0.02229, 0.02350),
        (0.5, 1.0, 0.01838, 0.0177083),
        (0.5, 2.0, 0.01663, 0.01600),
        (0.3, 0.1, 0.07140, None),
        (0.3, 0.5, 0.01959, None),
        (0.3, 1.0, 0.01557, None),
        (0.3, 2.0, 0.01405, None),
    ],
)
def test_rebar_does_not_help_on_the_toy_problem(p, t, independent, coupled) -> None:
    """Exact variances at eta 1, all of them above that of the score function."""
    f, q = Toy(), one_bit(p)
    u, v, w = square(p)
    mean = float(exact_gradient(q, f)[0])
    g = rebar_gradient(f, f.gradient, q, u, v, t)[:, 0]
    assert abs(w @ g - mean) < 1e-11
    variance = w @ g**2 - mean**2
    assert abs(variance - independent) < 5.1e-6
    score = w @ score_function_gradient(f, q, u)[:, 0] ** 2 - mean**2
    assert variance > 1.05 * score
    u, w = split_nodes(p)
    u = u[:, None]
    g = rebar_gradient(f, f.gradient, q, u, q.coupled(u), t)[:, 0]
    assert abs(w @ g - mean) < 1e-11
    assert w @ g**2 - mean**2 > score
    if coupled is not None:
        assert abs(w @ g**2 - mean**2 - coupled) < 5.1e-6


@pytest.mark.spec("GRD-12", "GRD-13")
def test_rebar_helps_elsewhere() -> None:
    """At t = 0.1 the best eta beats the score function, at t = 0.499 it is 0 to a thousandth.

    The variance is a parabola in eta, so three values of it give the best one.
    """
    u, v, w = square(0.5)
    for t, least, most in ((0.499, 0.0, 1e-3), (0.1, 0.1, 2.0)):
        f, q = Toy(t), one_bit(0.5)
        g = [rebar_gradient(f, f.gradient, q, u, v, 0.5, eta)[:, 0] for eta in (0, 1, 2)]
        a, b, c = (float(w @ x**2) for x in g)
        best = (3 * a - 4 * b + c) / (2 * (a - 2 * b + c))
        assert least <= abs(best) <= most
        slope = relax_variance_gradient(
            RelaxedFunction(f, f.gradient, q, 0.5, best, lambda x, d: 2 * d),
            q,
            u,
            v,
            rebar_gradient(f, f.gradient, q, u, v, 0.5, best),
        )
        assert abs(w @ slope[:, 0]) < 1e-10


@pytest.mark.spec("GRD-2", "GRD-3", "GRD-8", "GRD-9", "GRD-11", "GRD-12")
@pytest.mark.parametrize("q", LATENTS)
def test_rebar_by_another_route(q) -> None:
    """In 50 digits on the same noise, with derivatives taken by mpmath."""
    rng, t, eta, f = np.random.default_rng(RNG_SEED), 0.6, 0.8, Cubic(q.axes)
    shape, size = q.logits.shape, q.logits.size
    a, shift = f._a(q.logits).ravel(), mpf(f.shift)

    def cubic(x):
        return (mpmath.fsum(float(k) * c for k, c in zip(a, x, strict=True)) - shift) ** 3

    def squash(z):
        if isinstance(q, Bernoulli):
            return [1 / (1 + mpmath.exp(-c / mpf(t))) for c in z]
        e = [mpmath.exp(c / mpf(t)) for c in z]
        return [c / mpmath.fsum(e) for c in e]

    def relaxed(theta, u):
        if isinstance(q, Bernoulli):
            return [c + mpmath.log(e / (1 - e)) for c, e in zip(theta, u, strict=True)]
        return [c - mpmath.log(-mpmath.log(e)) for c, e in zip(theta, u, strict=True)]

    def conditional(theta, v, b):
        if isinstance(q, Bernoulli):
            p = [1 / (1 + mpmath.exp(-c)) for c in theta]
            w = [e * r + 1 - r if s else e * (1 - r) for e, r, s in zip(v, p, b, strict=True)]
            return relaxed(theta, w)
        k, e = b.index(1), [-mpmath.log(c) for c in v]
        total = mpmath.fsum(mpmath.exp(c) for c in theta)
        return [
            -mpmath.log(e[i] / mpmath.exp(theta[i]) * (i != k) + e[k] / total)
            for i in range(size)
        ]

    for _ in range(4):
        u, v = rng.uniform(0.02, 0.98, (2, *shape))
        found = rebar_gradient(f, f.gradient, q, u, v, t, eta).ravel()
        with mpmath.workdps(50):
            theta, us, vs = ([mpf(float(c)) for c in y.ravel()] for y in (q.logits, u, v))
            z = relaxed(theta, us)
            if isinstance(q, Bernoulli):
                b = [int(c > 0) for c in z]
                p = [1 / (1 + mpmath.exp(-c)) for c in theta]
            else:
                b = [int(c == max(z)) for c in z]
                e = [mpmath.exp(c) for c in theta]
                p = [c / mpmath.fsum(e) for c in e]

            def c_of(path, i, value, theta=theta, us=us, vs=vs, b=b):
                moved = [*theta[:i], value, *theta[i + 1 :]]
                z = relaxed(moved, us) if path == "free" else conditional(moved, vs, b)
                return mpf(eta) * cubic(squash(z))

            c_tilde = mpf(eta) * cubic(squash(conditional(theta, vs, b)))
            for i in range(size):
                parts = [
                    cubic(b) * (b[i] - p[i]),
                    -c_tilde * (b[i] - p[i]),
                    mpmath.diff(lambda y, i=i: c_of("free", i, y), theta[i]),
                    -mpmath.diff(lambda y, i=i: c_of("held", i, y), theta[i]),
                ]
                size_of_terms = float(mpmath.fsum(map(abs, parts)))
                assert abs(found[i] - float(mpmath.fsum(parts))) <= 2.0**-36 * size_of_terms


@pytest.mark.spec("GRD-13")
@pytest.mark.parametrize("q", LATENTS)
def test_gradient_of_the_variance_by_differences(q) -> None:
    """Row by row, of ``|g|^2`` in the parameters of two control variates."""
    rng, step, f = np.random.default_rng(RNG_SEED), 1e-5, Cubic(q.axes)
    u, v = rng.uniform(0.02, 0.98, (2, 40, *q.logits.shape))
    event = tuple(range(1, 1 + q.axes))

    def sine(phi):
        return Sine(q.axes, tuple(phi))

    def rebar(phi):
        return RelaxedFunction(f, f.gradient, q, phi[1], phi[0], f.hessian)

    for control, phi in ((sine, np.array([0.7, 0.4])), (rebar, np.array([0.8, 0.6]))):
        g = relax_gradient(f, control(phi), q, u, v)
        found = relax_variance_gradient(control(phi), q, u, v, g)
        assert found.shape == (40, 2)
        for i in range(2):
            e = step * np.eye(2)[i]
            up, down = (
                (relax_gradient(f, control(phi + s * e), q, u, v) ** 2).sum(axis=event)
                for s in (1, -1)
            )
            assert_allclose(found[:, i], (up - down) / (2 * step), rtol=1e-6, atol=1e-6)
    with pytest.raises(ModelError):
        relax_variance_gradient(RelaxedFunction(f, f.gradient, q, 1.0, 1.0), q, u, v, g)


@pytest.mark.spec("GRD-13")
def test_gradient_of_the_variance_of_lax() -> None:
    rng, step, f = np.random.default_rng(RNG_SEED), 1e-5, Cubic(1)
    q = LocationScale(np.array([0.4, -0.3]), np.array([-0.2, 0.3]))
    eps, phi = rng.normal(size=(40, 2)), np.array([0.7, 0.4])
    g = lax_gradient(f, Sine(1, tuple(phi)), q, eps)
    found = lax_variance_gradient(Sine(1, tuple(phi)), q, eps, g)
    for i in range(2):
        e = step * np.eye(2)[i]
        up, down = (
            (lax_gradient(f, Sine(1, tuple(phi + s * e)), q, eps) ** 2).sum(axis=(1, 2))
            for s in (1, -1)
        )
        assert_allclose(found[:, i], (up - down) / (2 * step), rtol=1e-6, atol=1e-6)


@pytest.mark.spec("GRD-1", "GRD-12", "GRD-13", "GRD-15")
@pytest.mark.parametrize("t", [1e-100, 1e-200, 1e-307, 1e-310, 5e-324])
@pytest.mark.parametrize("q", LATENTS)
def test_temperatures_near_0(q, t) -> None:
    """The relaxed state is the state, and moves neither with the logits nor with t."""
    f, rng = Cubic(q.axes), np.random.default_rng(RNG_SEED)
    u, v = rng.uniform(0.02, 0.98, (2, 40, *q.logits.shape))
    z, event = q.relaxed(u), tuple(range(1, 1 + q.axes))
    b, c = q.rounded(z), RelaxedFunction(f, f.gradient, q, t, 0.8, f.hessian)
    weight, direction = rng.normal(size=40), rng.normal(size=z.shape)
    with np.errstate(over="ignore"):  # of z / t, which is infinite
        assert (q.squash(z, t) == b).all()
        assert (c.value(z) == 0.8 * f(b)).all()
        assert (c.gradient(z) == 0).all()
        assert (concrete_gradient(f.gradient, q, u, t) == 0).all()
        found = c.parameter_gradient(z, weight, direction)
        assert_allclose(found, np.stack([weight * f(b), np.zeros(40)], axis=-1), rtol=1e-14)
        g = rebar_gradient(f, f.gradient, q, u, v, t, 0.8)
    signal = np.expand_dims(f(b) - 0.8 * f(b), event)  # z~ has the state b too
    assert_allclose(g, signal * q.score(b), rtol=1e-14)


@pytest.mark.spec("GRD-12")
@pytest.mark.parametrize("q", LATENTS)
def test_parts_of_rebar_are_the_concrete_gradient(q) -> None:
    """What comes of z alone is eta times the derivative through the relaxed state."""
    f, u = Cubic(q.axes), np.random.default_rng(RNG_SEED).uniform(size=(20, *q.logits.shape))
    c = RelaxedFunction(f, f.gradient, q, 0.6, 0.8)
    concrete = concrete_gradient(f.gradient, q, u, 0.6)
    assert_allclose(c.gradient(q.relaxed(u)), 0.8 * concrete, rtol=1e-12)
