"""SIV: the normal conditional, its mixture, and the gradients with respect to every psi."""

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reference.errors import DistributionError
from reference.inference import semi_implicit as siv
from reference.inference.distributions import normal_log_density

Floats = NDArray[np.float64]

GRADIENTS = {"lower": siv.lower_bound_gradients, "upper": siv.upper_surrogate_gradients}


def log_joint(z: Floats) -> tuple[Floats, Floats]:
    """Some log density that no normal conditional fits, and its gradient."""
    turned = z @ np.arange(1, z.shape[1] + 1)
    value = -((z**4).sum(axis=1)) / 40 + np.sin(turned)
    return value, -(z**3) / 10 + np.cos(turned)[:, None] * np.arange(1, z.shape[1] + 1)


def problem(seed: int, S: int, K: int, L: int) -> tuple[Floats, Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    own, others, eps = (rng.standard_normal((n, L)) for n in (S, K, S))
    return own, others, rng.uniform(0.3, 2, L), eps


def estimates(side: str, own: Floats, others: Floats, sigma: Floats, eps: Floats) -> Floats:
    """The estimates from SIV-1 to SIV-4 alone, a density at a time."""
    z = siv.semi_implicit_sample(own, sigma, eps)
    parts = normal_log_density(z[:, None], others, sigma).sum(axis=-1)
    if side == "upper":
        return siv.upper_surrogate(log_joint(z)[0], parts)
    mine = normal_log_density(z, own, sigma).sum(axis=-1)
    return siv.lower_bound(log_joint(z)[0], mine, parts)


shapes = st.tuples(
    st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)
)


@pytest.mark.spec("SIV-1")
def test_sample() -> None:
    own, eps = np.array([[1.0, 2.0]]), np.array([[-1.0, 0.5]])
    assert siv.semi_implicit_sample(own, [2.0, 4.0], eps).tolist() == [[-1.0, 4.0]]
    assert siv.semi_implicit_sample(own, 2.0, eps).tolist() == [[-1.0, 3.0]]


@pytest.mark.spec("SIV-2", "SIV-3", "SIV-4")
@pytest.mark.parametrize("side", GRADIENTS)
@given(shape=shapes)
def test_bounds_from_psi_are_those_from_densities(side: str, shape: Any) -> None:
    own, others, sigma, eps = problem(*shape)
    z = own + sigma * eps
    value, slopes = log_joint(z)
    expected = estimates(side, own, others, sigma, eps)
    found, _ = GRADIENTS[side](value, slopes, own, others, sigma, eps)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    mine = own if side == "lower" else None
    mixture = siv.normal_mixture_log_density(z, others, sigma, mine)
    np.testing.assert_allclose(value - mixture, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.spec("SIV-6")
@pytest.mark.parametrize("side", GRADIENTS)
@given(shape=shapes)
def test_gradients_are_finite_differences(side: str, shape: Any) -> None:
    """Also of log sigma, where a wrong sign of the entropy would show."""
    own, others, sigma, eps = problem(*shape)
    _, found = GRADIENTS[side](*log_joint(own + sigma * eps), own, others, sigma, eps)
    assert found.own.shape == own.shape
    assert found.others.shape == others.shape

    def mean(own: Floats, others: Floats, log_sigma: Floats) -> float:
        return float(estimates(side, own, others, np.exp(log_sigma), eps).mean())

    arguments = [own, others, np.log(sigma)]
    for i, gradient in enumerate((found.own, found.others, found.log_sigma)):
        for index in np.ndindex(gradient.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [array.copy() for array in arguments]
                moved[i][index] += step
                ends.append(mean(*moved))
            difference = (ends[0] - ends[1]) / 2e-5
            assert gradient[index] == pytest.approx(difference, rel=1e-6, abs=1e-7)


@pytest.mark.spec("SIV-5", "SIV-6")
@given(shape=shapes)
def test_plain_inference_where_there_are_no_others(shape: Any) -> None:
    """With K = 0 each psi climbs its own ELBO: no psi knows of another."""
    own, _, sigma, eps = problem(*shape)
    value, slopes = log_joint(own + sigma * eps)
    S, L = own.shape
    found, gradient = siv.lower_bound_gradients(
        value, slopes, own, np.empty((0, L)), sigma, eps
    )
    entropy_term = (eps**2).sum(axis=1) / 2 + np.log(sigma).sum() + L * log(2 * pi) / 2
    np.testing.assert_allclose(found, value + entropy_term, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient.own, slopes / S, rtol=1e-14)
    expected = (sigma * eps * slopes + 1).mean(axis=0)
    np.testing.assert_allclose(gradient.log_sigma, expected, rtol=1e-12, atol=1e-14)
    assert gradient.others.shape == (0, L)


@pytest.mark.spec("SIV-5", "SIV-6")
def test_psi_collapse_without_others() -> None:
    """Exact ascent of L_0, target N(1, 9): all psi meet there, by the factor 1 - rate / 9."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)  # exact: the gradient is linear
    psi = np.array([-4.0, 0.0, 2.5])
    for step in range(1, 101):
        own, eps = np.repeat(psi, 3)[:, None], np.tile(nodes, 3)[:, None]
        slopes = -(own + eps - 1) / 9
        _, gradient = siv.lower_bound_gradients(
            np.zeros(9), slopes, own, np.empty((0, 1)), 1.0, eps
        )
        of_each = 9 * gradient.own.reshape(3, 3) @ weights / sqrt(2 * pi)
        psi = psi + 0.5 * of_each
        left = (1 - 0.5 / 9) ** step
        np.testing.assert_allclose(psi, 1 + left * np.array([-5, -1, 1.5]), rtol=1e-10)
    assert np.ptp(psi) < 0.03


@pytest.mark.spec("SIV-6")
def test_a_sampler_is_trained() -> None:
    """Psi = m + s eta on the target N(1, 4): with sigma = 1 the best s is sqrt(3)."""
    rng, m, log_s, history = np.random.default_rng(0), 0.0, 0.0, []
    for step in range(600):
        eta, eps = rng.standard_normal((120, 1)), rng.standard_normal((20, 1))
        psi = m + np.exp(log_s) * eta
        own, others = psi[:20], psi[20:]
        z = siv.semi_implicit_sample(own, 1.0, eps)
        _, gradient = siv.lower_bound_gradients(
            -((z - 1) ** 2)[:, 0] / 8, -(z - 1) / 4, own, others, 1.0, eps
        )
        d_psi = np.concatenate([gradient.own, gradient.others])
        rate = 1.0 / (1 + step / 50)
        m += rate * d_psi.sum()
        log_s += rate * (d_psi * eta).sum() * np.exp(log_s)
        history.append((m, np.exp(log_s)))
    mean, spread = np.mean(history[300:], axis=0)
    assert mean == pytest.approx(1, abs=0.1)
    assert spread == pytest.approx(sqrt(3), abs=0.1)


@pytest.mark.spec("SIV-2")
def test_far_from_every_psi() -> None:
    """The density underflows, its logarithm does not; where that does too, it is -inf."""
    found = siv.normal_mixture_log_density([[200.0], [1e160]], [[0.0], [0.0]], 1.0)
    assert found[0] == pytest.approx(-20_000 - log(2 * pi) / 2, rel=1e-15)
    assert found[1] == -np.inf


ONE = np.ones((1, 1))
TWO = np.ones((2, 1))
NONE = np.empty((0, 1))


@pytest.mark.spec("SIV-1", "SIV-2", "SIV-6")
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (siv.semi_implicit_sample, (ONE, 1.0, TWO)),
        (siv.semi_implicit_sample, (NONE, 1.0, NONE)),
        (siv.semi_implicit_sample, (np.empty((1, 0)), 1.0, np.empty((1, 0)))),
        (siv.semi_implicit_sample, (1.0, 1.0, 1.0)),
        (siv.semi_implicit_sample, (ONE, 0.0, ONE)),
        (siv.semi_implicit_sample, (ONE, -1.0, ONE)),
        (siv.semi_implicit_sample, (ONE, 2.0**-301, ONE)),
        (siv.semi_implicit_sample, (ONE, 2.0**301, ONE)),
        (siv.semi_implicit_sample, (ONE, [1.0, 1.0], ONE)),
        (siv.semi_implicit_sample, (ONE, np.nan, ONE)),
        (siv.semi_implicit_sample, (ONE, 1.0, [["a"]])),
        (siv.semi_implicit_sample, (ONE, 1.0, [[np.inf]])),
        (siv.normal_mixture_log_density, (ONE, NONE, 1.0)),
        (siv.normal_mixture_log_density, (ONE, np.ones((1, 2)), 1.0)),
        (siv.normal_mixture_log_density, (ONE, ONE, 1.0, TWO)),
        (siv.normal_mixture_log_density, (ONE, ONE, 0.0)),
        (siv.normal_mixture_log_density, (ONE[0], ONE, 1.0)),
        (siv.normal_mixture_log_density, ([[np.nan]], ONE, 1.0)),
        (siv.lower_bound_gradients, ([0.0, 0.0], ONE, ONE, ONE, 1.0, ONE)),
        (siv.lower_bound_gradients, ([np.nan], ONE, ONE, ONE, 1.0, ONE)),
        (siv.lower_bound_gradients, ([0.0], TWO, ONE, ONE, 1.0, ONE)),
        (siv.lower_bound_gradients, ([0.0], ONE, ONE, np.ones((1, 2)), 1.0, ONE)),
        (siv.lower_bound_gradients, ([0.0], ONE, ONE, ONE, -1.0, ONE)),
        (siv.upper_surrogate_gradients, ([0.0], ONE, ONE, NONE, 1.0, ONE)),
        (siv.upper_surrogate_gradients, ([0.0], ONE, 1e200 * ONE, ONE, 1.0, ONE)),
        (siv.upper_surrogate_gradients, ([0.0], ONE, 1e160 * ONE, ONE, 1.0, ONE)),
    ],
)
def test_refuses(function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    with pytest.raises(DistributionError):
        function(*arguments)
