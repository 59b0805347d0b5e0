"""GRD-21 and GRD-22: transformed and multivariate normal variables, reparameterised."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import simpson

from reference.errors import DistributionError, ModelError
from reference.inference.distributions import (
    log_normal_from_noise,
    log_normal_log_density,
    logit_normal_from_noise,
    logit_normal_log_density,
    multivariate_normal_from_noise,
)
from reference.inference.gradients import (
    TRANSFORMS,
    LocationScale,
    multivariate_normal_gradient,
    reparameterised_gradient,
    transformed_gradient,
)

Floats = np.ndarray
MU, FACTOR = (
    np.array([0.4, -0.7, 0.2]),
    np.array([[0.9, 0, 0], [-0.5, 0.6, 0], [0.3, 0.8, 1.1]]),
)


def hermite(n: int, axes: int = 1) -> tuple[Floats, Floats]:
    """Nodes ``(n^axes, axes)`` and weights of the expectation over standard normal noise."""
    x, w = np.polynomial.hermite_e.hermegauss(n)
    points = np.stack(np.meshgrid(*[x] * axes, indexing="ij"), axis=-1).reshape(-1, axes)
    weights = np.prod(np.meshgrid(*[w] * axes, indexing="ij"), axis=0).ravel()
    return points, weights / (2 * math.pi) ** (axes / 2)


# Log-normal and logit-normal


@pytest.mark.spec("GRD-21")
@pytest.mark.parametrize("k", [-2.0, 0.5, 1.0, 3.0])
def test_moments_of_log_normal_variables(k) -> None:
    """``E x^k`` is ``exp(k mu + k^2 sigma^2 / 2)``."""
    mu, s = np.array([0.3, -0.4]), np.array([-0.7, -1.2])
    eps, w = hermite(60)
    g = transformed_gradient(
        lambda x: k * x ** (k - 1), LocationScale(mu, s), np.repeat(eps, 2, axis=1), "exp"
    )
    variance = np.exp(2 * s)
    moment = np.exp(k * mu + k**2 * variance / 2)
    exact = np.stack([k * moment, k**2 * variance * moment])
    assert_allclose(np.tensordot(w, g, 1), exact, rtol=1e-11)


@pytest.mark.spec("GRD-21")
def test_moments_of_log_logistic_variables() -> None:
    """With a logistic base ``E x`` is ``exp(mu) pi s / sin(pi s)``."""
    mu, s = 0.3, 0.2
    t = np.linspace(-80, 80, 3201)
    w = 0.05 / (4 * np.cosh(t / 2) ** 2)
    q = LocationScale(np.array([mu]), np.array([math.log(s)]), "logistic")
    found = w @ transformed_gradient(np.ones_like, q, t[:, None], "exp")[..., 0]
    angle = math.pi * s
    mean = math.exp(mu) * angle / math.sin(angle)
    assert_allclose(found, [mean, mean * (1 - angle / math.tan(angle))], rtol=1e-11)


@pytest.mark.spec("GRD-21")
def test_moments_of_log_laplace_variables() -> None:
    """With a Laplace base ``E x`` is ``exp(mu) / (1 - s^2)``."""
    mu, s = 0.3, 0.2
    t, w = np.polynomial.laguerre.laggauss(40)  # of each half of the noise
    q = LocationScale(np.array([mu]), np.array([math.log(s)]), "laplace")
    eps, w = np.concatenate([-t, t])[:, None], np.concatenate([w, w]) / 2
    found = w @ transformed_gradient(np.ones_like, q, eps, "exp")[..., 0]
    mean = math.exp(mu) / (1 - s**2)
    assert_allclose(found, [mean, mean * 2 * s**2 / (1 - s**2)], rtol=1e-11)


@pytest.mark.spec("GRD-21")
def test_means_of_logit_normal_variables() -> None:
    """By symmetry, with mu = 0: ``E x = 1/2`` for any scale; ``E log(x / (1 - x))`` is mu."""
    eps, w = hermite(100)
    for s in (-1.0, 0.3):
        g = transformed_gradient(
            np.ones_like, LocationScale(np.zeros(1), np.array([s])), eps, "sigmoid"
        )
        assert abs(w @ g[:, 1, 0]) < 1e-15
    q = LocationScale(np.array([0.8]), np.array([-0.2]))
    found = w @ transformed_gradient(lambda x: 1 / (x * (1 - x)), q, eps, "sigmoid")[..., 0]
    assert_allclose(found, [1, 0], atol=1e-12)


LAWS: dict[str, tuple[Callable[..., Floats], Callable[..., Floats]]] = {
    "exp": (log_normal_log_density, log_normal_from_noise),
    "sigmoid": (logit_normal_log_density, logit_normal_from_noise),
}
"""The log density of DIS, and its variables."""


@pytest.mark.spec("GRD-21")
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_against_the_densities(transform) -> None:
    """By differences of ``E log(1 + x)``, the integral over x with the density of DIS."""
    (log_density, from_noise), mu, s, step = LAWS[transform], 0.3, -0.5, 1e-4
    x = from_noise(np.linspace(-9, 9, 4001), mu, math.exp(s))

    def mean(mu: float, s: float) -> float:
        return float(simpson(np.log1p(x) * np.exp(log_density(x, mu, math.exp(s))), x))

    exact = [
        (mean(mu + step, s) - mean(mu - step, s)) / (2 * step),
        (mean(mu, s + step) - mean(mu, s - step)) / (2 * step),
    ]
    eps, w = hermite(100)
    q = LocationScale(np.array([mu]), np.array([s]))
    g = transformed_gradient(lambda x: 1 / (1 + x), q, eps, transform)
    assert_allclose(w @ g[..., 0], exact, rtol=1e-7)


@pytest.mark.spec("GRD-21")
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_function_of_the_variable(transform) -> None:
    """What f takes are the variables of DIS-21, with any number of axes of rows."""
    mu, s = np.array([0.3, -0.4]), np.array([-0.7, 0.2])
    eps, taken = np.random.default_rng(0).normal(size=(4, 3, 2)), []

    def recorded(x: Floats) -> Floats:
        taken.append(x)
        return x**2

    g = transformed_gradient(recorded, LocationScale(mu, s), eps, transform)
    assert g.shape == (4, 3, 2, 2)
    assert_allclose(taken[0], LAWS[transform][1](eps, mu, np.exp(s)), rtol=1e-14)
    one = transformed_gradient(lambda x: x**2, LocationScale(mu, s), eps[2, 1], transform)
    assert_allclose(g[2, 1], one, rtol=1e-14)


@pytest.mark.spec("GRD-21")
@pytest.mark.parametrize("mu", [-700.0, -40.0, 40.0, 700.0])
def test_slopes_far_out(mu) -> None:
    """A sigmoid that is 1 in binary64 still has a slope; an exponential may be as small."""
    q = LocationScale(np.array([mu]), np.zeros(1))
    found = transformed_gradient(np.ones_like, q, [0.0], "sigmoid")
    assert_allclose(found[0, 0], math.exp(-abs(mu)), rtol=1e-13)
    found = transformed_gradient(np.ones_like, q, [0.0], "exp")
    assert_allclose(found[0, 0], math.exp(mu), rtol=1e-13)


@pytest.mark.spec("GRD-21")
def test_transforms_that_are_refused() -> None:
    q = LocationScale(np.array([600.0]), np.array([1.0]))
    for call in (
        lambda: transformed_gradient(np.zeros_like, q, [60.0], "exp"),
        lambda: transformed_gradient(np.ones_like, q, [0.0], "tanh"),
        lambda: transformed_gradient(np.ones_like, q, 0.0, "exp"),
        lambda: transformed_gradient(np.ones_like, q, [math.nan], "sigmoid"),
    ):
        with pytest.raises(DistributionError):
            call()
    for wrong in (lambda x: x[0], lambda x: np.full_like(x, math.inf)):
        with pytest.raises(ModelError):
            transformed_gradient(wrong, q, [[0.0]], "sigmoid")


# Multivariate normal


@pytest.mark.spec("GRD-22")
def test_multivariate_normal_is_unbiased() -> None:
    """``E sin(a . z) = sin(a . mu) exp(-|C^T a|^2 / 2)``, by quadrature over the noise."""
    a = np.array([0.7, -0.4, 0.9])
    eps, w = hermite(30, 3)
    shift, shrink = a @ MU, math.exp(-(((FACTOR.T @ a) ** 2).sum()) / 2)
    found = multivariate_normal_gradient(lambda z: np.cos(z @ a)[:, None] * a, MU, FACTOR, eps)
    assert_allclose(w @ found[0], math.cos(shift) * shrink * a, rtol=1e-12)
    exact = -math.sin(shift) * shrink * np.outer(a, a @ FACTOR)
    assert_allclose(np.tensordot(w, found[1], 1), np.tril(exact), rtol=1e-11)


@pytest.mark.spec("GRD-22")
def test_multivariate_normal_of_a_quadratic_form() -> None:
    """Of ``E z^T A z / 2 = (mu^T A mu + tr(C^T A C)) / 2``: ``A mu`` and ``tril(A C)``."""
    matrix = np.array([[2.0, -1, 0.5], [-1, 1.0, 0.3], [0.5, 0.3, -0.7]])
    eps, w = hermite(3, 3)
    found = multivariate_normal_gradient(lambda z: z @ matrix, MU, FACTOR, eps)
    assert_allclose(w @ found[0], matrix @ MU, rtol=1e-13)
    assert_allclose(np.tensordot(w, found[1], 1), np.tril(matrix @ FACTOR), atol=1e-14)


@pytest.mark.spec("GRD-22")
def test_multivariate_normal_row_by_row() -> None:
    """By differences of f in every parameter, at noise with two axes of rows."""
    eps, step = np.random.default_rng(1).normal(size=(4, 2, 3)), 1e-6

    def f(mu: Floats, factor: Floats) -> Floats:
        z = mu + (factor @ eps[..., None])[..., 0]
        return np.sin(z[..., 0]) * z[..., 1] ** 2 + np.cos(z[..., 1] * z[..., 2])

    def f_gradient(z: Floats) -> Floats:
        x, y, t = np.moveaxis(z, -1, 0)
        s = np.sin(y * t)
        return np.stack([np.cos(x) * y**2, 2 * np.sin(x) * y - t * s, -y * s], axis=-1)

    found = multivariate_normal_gradient(f_gradient, MU, FACTOR, eps)
    assert (found[0].shape, found[1].shape) == ((4, 2, 3), (4, 2, 3, 3))
    for i in range(3):
        e = step * np.eye(3)[i]
        slope = (f(MU + e, FACTOR) - f(MU - e, FACTOR)) / (2 * step)
        assert_allclose(found[0][..., i], slope, atol=1e-8)
        for j in range(3):
            move = np.outer(e, np.eye(3)[j])
            slope = (f(MU, FACTOR + move) - f(MU, FACTOR - move)) / (2 * step)
            assert_allclose(found[1][..., i, j], slope * (j <= i), atol=1e-8)


@pytest.mark.spec("GRD-22")
def test_multivariate_normal_of_independent_variables() -> None:
    """GRD-7, the diagonal by its logarithm; and f takes the variables of DIS-21."""
    eps, s = np.random.default_rng(2).normal(size=(5, 3)), np.array([0.2, -0.5, 0.1])
    independent = reparameterised_gradient(np.cos, LocationScale(MU, s), eps)
    mean, factor = multivariate_normal_gradient(np.cos, MU, np.diag(np.exp(s)), eps)
    assert_allclose(mean, independent[:, 0], rtol=1e-13)
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    assert_allclose(diagonal * np.exp(s), independent[:, 1], rtol=1e-13)
    taken = multivariate_normal_gradient(lambda z: z, MU, FACTOR, eps)[0]
    exact = multivariate_normal_from_noise(eps, MU, FACTOR @ FACTOR.T)
    assert_allclose(taken, exact, rtol=1e-12)


@pytest.mark.spec("GRD-22")
def test_factors_that_are_refused() -> None:
    good, noise = np.eye(2), np.zeros(2)
    for mu, factor, eps in (
        (np.zeros(2), np.array([[1.0, 0.1], [0.0, 1.0]]), noise),
        (np.zeros(2), np.diag([1.0, 0.0]), noise),
        (np.zeros(2), np.diag([1.0, -1.0]), noise),
        (np.zeros(2), np.eye(3), noise),
        (np.zeros(2), np.ones(2), noise),
        (np.zeros(2), np.array([[1.0, 0.0], [math.nan, 1.0]]), noise),
        (np.array([0.0, math.inf]), good, noise),
        (np.zeros((1, 2)), good, np.zeros((1, 2))),
        (np.zeros(0), np.zeros((0, 0)), np.zeros(0)),
        (np.zeros(2), good, np.zeros(1)),
        (np.zeros(2), good, np.zeros((4, 3))),
        (np.zeros(2), good, np.array([0.0, math.nan])),
    ):
        with pytest.raises(DistributionError):
            multivariate_normal_gradient(np.cos, mu, factor, eps)
    with pytest.raises(ModelError):
        multivariate_normal_gradient(lambda z: z[0], np.zeros(2), good, np.zeros((4, 2)))
