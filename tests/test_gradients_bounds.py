"""GRD-17 and GRD-18: gradients of importance-weighted bounds."""

import math
from itertools import product

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.testing import assert_allclose
from scipy.special import logsumexp

from reference.errors import DistributionError, ModelError
from reference.inference.distributions import normal_log_density
from reference.inference.gradients import (
    BASELINES,
    PATHS,
    Bernoulli,
    LocationScale,
    importance_weighted_gradient,
    reparameterised_gradient,
    vimco_gradient,
)
from tests.gradients import LATENTS, Cubic, noise_of_states, states

# VIMCO

TOY = Bernoulli(np.array([0.4]))


def toy_joint(b: np.ndarray) -> np.ndarray:
    """``log p(x, b)`` of one x: 0.30 and 0.05."""
    return np.where(b[..., 0] == 1, math.log(0.05), math.log(0.30))


def groups(q, K: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise and states of all groups of K states, and their probabilities."""
    u, mass = noise_of_states(q)
    rows = np.array(list(product(range(len(mass)), repeat=K)))
    return u[rows], np.stack(list(states(q)))[rows], mass[rows].prod(axis=1)


def bound(q, log_joint, K: int) -> float:
    """L_K, as a sum over all groups."""
    _, b, mass = groups(q, K)
    return float(mass @ (logsumexp(log_joint(b) - q.log_mass(b), axis=1) - math.log(K)))


@pytest.mark.spec("GRD-17")
@pytest.mark.parametrize(
    ("K", "value", "gradient", "geometric", "arithmetic", "none"),
    [
        (2, -1.3587240034, -0.3828631081, 0.2030307, 0.2030307, 2.2688),
        (3, -1.2498925542, -0.2743327399, 0.0881424, 0.1461500, None),
        (5, -1.1591934138, -0.1560508528, 0.0399796, 0.0800647, 3.2489),
    ],
)
def test_vimco_of_one_bit(K, value, gradient, geometric, arithmetic, none) -> None:
    """The bound, its gradient, and the variance of three baselines."""
    assert abs(bound(TOY, toy_joint, K) - value) < 5.1e-11
    u, _, mass = groups(TOY, K)
    for baseline, variance in zip(BASELINES, (geometric, arithmetic, none), strict=True):
        g = vimco_gradient(toy_joint, TOY, u, baseline)[:, 0]
        assert abs(mass @ g - gradient) < 5.1e-11
        if variance is not None:
            size = 5.1e-8 if baseline != "none" else 5.1e-5
            assert abs(mass @ g**2 - (mass @ g) ** 2 - variance) < size


@pytest.mark.spec("GRD-17")
@pytest.mark.parametrize("q", LATENTS)
@pytest.mark.parametrize("baseline", BASELINES)
def test_vimco_is_unbiased(q, baseline) -> None:
    """Against differences of the bound, over all groups of three."""
    f, step = Cubic(q.axes), 1e-5
    u, _, mass = groups(q, 3)
    mean = np.tensordot(mass, vimco_gradient(f, q, u, baseline), 1)
    for i in np.ndindex(q.logits.shape):
        e = np.zeros(q.logits.shape)
        e[i] = step
        up, down = (bound(type(q)(q.logits + s * e), f, 3) for s in (1, -1))
        assert abs(mean[i] - (up - down) / (2 * step)) < 1e-8


@pytest.mark.spec("GRD-17")
def test_vimco_by_another_route() -> None:
    """In 40 digits, with products and roots of weights in place of logarithms."""
    u, b, _ = groups(TOY, 3)
    p = 1 / (1 + mpmath.exp(mpf(-0.4)))
    found = vimco_gradient(toy_joint, TOY, u, "geometric")[:, 0]
    for row, states_of_row in zip(found, b[..., 0], strict=True):
        with mpmath.workdps(40):
            w = [mpf("0.05") / p if s else mpf("0.3") / (1 - p) for s in states_of_row]
            total, size = mpf(0), mpf(0)
            for j, s in enumerate(states_of_row):
                others = [w[i] for i in range(3) if i != j]
                without = sum(others) + mpmath.sqrt(others[0] * others[1])
                signal = mpmath.log(sum(w) / without) - w[j] / sum(w)
                total += signal * (int(s) - p)
                size += abs(signal) + abs(mpmath.log(sum(w) / 3))
        assert abs(row - float(total)) <= 2.0**-36 * float(size)


@pytest.mark.spec("GRD-17")
def test_vimco_of_two_has_one_baseline() -> None:
    u = np.random.default_rng(0).uniform(size=(20, 2, 2))
    f = Cubic(1)
    g = [vimco_gradient(f, LATENTS[0], u, baseline) for baseline in BASELINES]
    assert g[0].shape == (20, 2)
    assert_allclose(g[0], g[1], atol=1e-13)
    assert np.abs(g[0] - g[2]).max() > 0.1


@pytest.mark.spec("GRD-17")
def test_vimco_that_is_refused() -> None:
    for call in (
        lambda: vimco_gradient(toy_joint, TOY, [[0.5]]),
        lambda: vimco_gradient(toy_joint, TOY, [0.5]),
        lambda: vimco_gradient(toy_joint, TOY, [[0.5], [0.5]], "median"),
    ):
        with pytest.raises(DistributionError):
            call()
    with pytest.raises(ModelError):
        vimco_gradient(lambda b: np.full(b.shape[:-1], -np.inf), TOY, [[0.5], [0.5]])


# Reparameterised draws: z ~ N(0, 1), x | z ~ N(z, 1), x = 1.5, q = N(0.5, 0.8^2)

X = 1.5
Q = LocationScale(np.array([0.5]), np.log([0.8]))


def joint(z: np.ndarray) -> np.ndarray:
    """``log p(x, z)``."""
    return (normal_log_density(z, 0, 1) + normal_log_density(X, z, 1)).sum(axis=-1)


def joint_gradient(z: np.ndarray) -> np.ndarray:
    return X - 2 * z


def noise(K: int, n: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite nodes of K normal variables, and their weights."""
    x, w = np.polynomial.hermite_e.hermegauss(n)
    eps = np.stack(np.meshgrid(*[x] * K, indexing="ij"), axis=-1).reshape(-1, K, 1)
    return eps, np.prod(np.meshgrid(*[w] * K, indexing="ij"), axis=0).ravel() / (
        2 * math.pi
    ) ** (K / 2)


def normal_bound(mu: float, log_sigma: float, K: int) -> float:
    """L_K by quadrature."""
    q = LocationScale(np.array([mu]), np.array([log_sigma]))
    eps, w = noise(K)
    log_w = joint(q.sample(eps)) - q.log_density(eps)
    return float(w @ (logsumexp(log_w, axis=1) - math.log(K)))


def exact(K: int) -> np.ndarray:
    """The gradient of L_K, by differences of the quadrature."""
    mu, s, step = 0.5, math.log(0.8), 1e-4
    return np.array(
        [
            (normal_bound(mu + step, s, K) - normal_bound(mu - step, s, K)) / (2 * step),
            (normal_bound(mu, s + step, K) - normal_bound(mu, s - step, K)) / (2 * step),
        ]
    )


@pytest.mark.spec("GRD-18")
def test_elbo_of_the_toy() -> None:
    """The closed form; and for K = 1 all three paths have its gradient in mean."""
    assert abs(normal_bound(0.5, math.log(0.8), 1) + 1.907082085) < 5.1e-10
    eps, w = noise(1)
    for path in PATHS:
        g = importance_weighted_gradient(joint, joint_gradient, Q, eps, path)[..., 0]
        assert_allclose(w @ g, [X - 2 * 0.5, 1 - 2 * 0.8**2], atol=1e-12)


@pytest.mark.spec("GRD-18")
@pytest.mark.parametrize("K", [2, 3])
def test_total_and_dreg_are_unbiased_and_stl_is_not(K) -> None:
    """And the bias of STL is what the clause says."""
    eps, w = noise(K)
    mean = {
        path: w @ importance_weighted_gradient(joint, joint_gradient, Q, eps, path)[..., 0]
        for path in PATHS
    }
    assert_allclose(mean["total"], exact(K), atol=2e-8)
    assert_allclose(mean["dreg"], exact(K), atol=2e-8)
    log_w = joint(Q.sample(eps)) - Q.log_density(eps)
    share = np.exp(log_w - logsumexp(log_w, axis=1, keepdims=True))
    score = Q.score(eps)[..., 0]
    bias = w @ (share[..., None] * score).sum(axis=1)
    assert_allclose(mean["stl"] - exact(K), bias, atol=2e-8)
    assert np.abs(bias).min() > 0.05


@pytest.mark.spec("GRD-18")
def test_no_variance_at_the_posterior() -> None:
    """Of STL and DReG; the total gradient has some."""
    q = LocationScale(np.array([X / 2]), np.log([math.sqrt(0.5)]))
    eps, w = noise(2, 20)
    for path in ("stl", "dreg"):
        g = importance_weighted_gradient(joint, joint_gradient, q, eps, path)
        assert np.abs(g).max() < 1e-12
    g = importance_weighted_gradient(joint, joint_gradient, q, eps, "total")[..., 0]
    assert np.abs(w @ g).max() < 1e-12
    assert (w @ g**2).min() > 0.1


@pytest.mark.spec("GRD-18")
def test_one_draw_is_the_reparameterised_gradient() -> None:
    """For K = 1 the pathwise gradient is that of the function ``log w`` with q held."""
    eps = np.random.default_rng(1).normal(size=(7, 1, 2))
    q = LocationScale(np.array([0.3, -0.2]), np.array([0.1, -0.5]))
    found = importance_weighted_gradient(joint, joint_gradient, q, eps, "dreg")

    def held(z):
        return X - 2 * z + (z - q.mu) / np.exp(2 * q.log_sigma)

    assert_allclose(found, reparameterised_gradient(held, q, eps[:, 0]), rtol=1e-12)
    for path in ("", "iwae"):
        with pytest.raises(DistributionError):
            importance_weighted_gradient(joint, joint_gradient, q, eps, path)
    with pytest.raises(DistributionError):
        importance_weighted_gradient(joint, joint_gradient, q, [0.1, 0.2])
    with pytest.raises(DistributionError):
        importance_weighted_gradient(joint, joint_gradient, q, np.zeros((3, 0, 2)))
