"""GRD-19 and GRD-20: gamma and beta variables, reparameterised implicitly."""

import math

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import gammainc, gammaincinv, psi, zeta

from reference.errors import DistributionError, ModelError
from reference.inference.gradients import beta_gradient, gamma_gradient, gamma_slope
from tests.gradients import unit_nodes


@pytest.mark.spec("GRD-19")
@pytest.mark.parametrize("a", [0.1, 0.7, 1.0, 3.5, 40.0])
def test_slope_keeps_the_probability(a) -> None:
    """Against differences of the quantile function, far out too."""
    u = np.array([1e-6, 0.01, 0.2, 0.5, 0.9, 0.999])
    y, step = gammaincinv(a, u), 1e-5 * a
    rise = gammaincinv(a + step, u) - gammaincinv(a - step, u)
    assert_allclose(gamma_slope(y, a), rise / (2 * step), rtol=1e-6)


@pytest.mark.spec("GRD-19")
@pytest.mark.parametrize(("a", "y"), [(0.3, 1e-200), (2.0, 0.5), (2.0, 9.0), (50.0, 45.0)])
def test_slope_in_many_digits(a, y) -> None:
    """By mpmath's derivative of the incomplete gamma function, and its density."""
    with mpmath.workdps(60):
        rise = mpmath.diff(lambda s: mpmath.gammainc(s, 0, y, regularized=True), mpmath.mpf(a))
        density = mpmath.mpf(y) ** (a - 1) * mpmath.exp(-y) / mpmath.gamma(a)
        exact = float(-rise / density)
    # The terms are no more than this sum: of the ratios, times the largest of the brackets.
    size = gammainc(a, y) / float(density) * (abs(math.log(y)) + abs(psi(a + 1)) + 5)
    assert abs(float(gamma_slope(y, a)) - exact) <= 2.0**-36 * size


@pytest.mark.spec("GRD-19")
def test_slope_where_a_term_is_zero() -> None:
    """Where the terms change sign one may vanish, and does not end the series."""
    zeros = 0
    for a in np.linspace(0.2, 8, 60):
        y = float(np.exp(psi(a + 2)))  # of the term after the first
        zeros += np.log(y) == psi(a + 2)
        around = gamma_slope(y * (1 + 2.0**-20), a) + gamma_slope(y * (1 - 2.0**-20), a)
        assert abs(gamma_slope(y, a) / (around / 2) - 1) < 1e-9
    assert zeros > 0


@pytest.mark.spec("GRD-19")
@pytest.mark.parametrize(("a", "b"), [(0.6, 2.0), (3.0, 0.7)])
def test_gamma_is_unbiased(a, b) -> None:
    """For ``x^2 / 2`` and ``log x``, by quadrature over the probability below the draw."""
    u, w = unit_nodes(200)
    y = gammaincinv(a, np.clip(u, 1e-13, 1 - 1e-12))[:, None]
    g = gamma_gradient(lambda x: x, [a], [b], y)[..., 0]
    exact = [(2 * a + 1) / (2 * b**2), -a * (a + 1) / b**3]
    assert_allclose(w @ g, exact, rtol=1e-7)
    g = gamma_gradient(lambda x: 1 / x, [a], [b], y)[..., 0]
    assert_allclose(w @ g, [float(zeta(2, a)), -1 / b], rtol=1e-7)


@pytest.mark.spec("GRD-20")
@pytest.mark.parametrize(("a", "b"), [(0.8, 1.7), (3.0, 2.0)])
def test_beta_is_unbiased(a, b) -> None:
    """For ``x^2``, by quadrature over both draws, against differences of its expectation."""
    u, w = unit_nodes(60)
    u = np.clip(u, 1e-13, 1 - 1e-12)
    y_a, y_b = (
        y.reshape(-1, 1)
        for y in np.meshgrid(gammaincinv(a, u), gammaincinv(b, u), indexing="ij")
    )

    def square(a, b):
        return a * (a + 1) / ((a + b) * (a + b + 1))

    g = beta_gradient(lambda x: 2 * x, [a], [b], y_a, y_b)[..., 0]
    step = 1e-5
    exact = [
        (square(a + step, b) - square(a - step, b)) / (2 * step),
        (square(a, b + step) - square(a, b - step)) / (2 * step),
    ]
    assert_allclose(np.outer(w, w).ravel() @ g, exact, rtol=1e-6)


@pytest.mark.spec("GRD-19", "GRD-20")
def test_rows_of_draws() -> None:
    """Any number of axes of rows; parameters are shared."""
    y, z = np.random.default_rng(0).gamma(2.0, size=(2, 5, 3, 2))
    a, b = np.array([0.5, 2.0]), np.array([1.0, 3.0])
    assert gamma_gradient(np.sin, a, b, y).shape == (5, 3, 2, 2)
    whole = beta_gradient(np.sin, a, b, y, z)
    assert_allclose(whole[4, 2], beta_gradient(np.sin, a, b, y[4, 2], z[4, 2]), rtol=1e-14)


@pytest.mark.spec("GRD-19", "GRD-20")
def test_draws_that_are_refused() -> None:
    for call in (
        lambda: gamma_slope(0.0, 1.0),
        lambda: gamma_slope(1.0, -1.0),
        lambda: gamma_gradient(np.sin, [1.0], [1.0], [0.0]),
        lambda: gamma_gradient(np.sin, [1.0], [0.0], [1.0]),
        lambda: gamma_gradient(np.sin, [1.0], [1.0], [1.0, 2.0]),
        lambda: gamma_gradient(np.sin, 1.0, 1.0, 1.0),
        lambda: gamma_gradient(np.sin, [1.0, 2.0], [1.0], [1.0, 2.0]),
        lambda: beta_gradient(np.sin, [1.0], [1.0], [1.0], [0.0]),
        lambda: beta_gradient(np.sin, [1.0], [1.0], [0.0], [0.0]),
        lambda: beta_gradient(np.sin, [1.0], [1.0], [[1.0]], [1.0]),
        lambda: beta_gradient(np.sin, [0.0], [1.0], [1.0], [1.0]),
    ):
        with pytest.raises(DistributionError):
            call()
    with pytest.raises(ModelError):
        gamma_gradient(lambda x: x[0], [1.0], [1.0], [[1.0]])
