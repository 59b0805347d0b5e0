"""MFV: mean field for a black box, by stochastic gradients."""

import itertools
from math import inf, log, nan, pi
from typing import Any

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy import stats

from reference.errors import DistributionError, ModelError
from reference.inference import mean_field as mf
from reference.inference.mean_field import NormalGamma, NormalMeanField

Floats = NDArray[np.float64]

NODES, WEIGHTS = hermegauss(9)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
"""Of a standard normal variable: exact for polynomials of degree up to 17."""

MU, LOG_SIGMA = np.array([0.4, -1.1]), np.array([-0.3, 0.5])


def quartic(z: Floats) -> Floats:
    """A log joint that is no sum of functions of one latent each."""
    a, b = z[:, 0], z[:, 1]
    return np.asarray(-((a - b * b) ** 2) - 0.5 * a * a + 0.3 * a * b - b)


def quartic_gradient(z: Floats) -> Floats:
    a, b = z[:, 0], z[:, 1]
    return np.stack(
        [-2 * (a - b * b) - a + 0.3 * b, 4 * b * (a - b * b) + 0.3 * a - 1], axis=1
    )


def expectation(function: Any, draws: int) -> Any:
    """Of a function of noise of shape ``(draws, 2)``, exactly where it is a polynomial."""
    total = 0.0
    for places in itertools.product(range(9), repeat=2 * draws):
        eps = NODES[list(places)].reshape(draws, 2)
        total = total + np.prod(WEIGHTS[list(places)]) * np.array(function(eps))
    return total


def exact_elbo(theta: Floats) -> float:
    mu, sigma = theta[0], np.exp(theta[1])
    grid = np.array(list(itertools.product(NODES, repeat=2)))
    weights = np.prod(list(itertools.product(WEIGHTS, repeat=2)), axis=1)
    entropy = (1 + log(2 * pi)) + theta[1].sum()
    return float(weights @ quartic(mu + sigma * grid) + entropy)


def exact_gradient() -> Floats:
    theta, h = np.array([MU, LOG_SIGMA]), 1e-4
    gradient = np.empty_like(theta)
    for index in np.ndindex(theta.shape):
        ends = []
        for side in (2 * h, h, -h, -2 * h):
            moved = theta.copy()
            moved[index] += side
            ends.append(exact_elbo(moved))
        gradient[index] = (-ends[0] + 8 * ends[1] - 8 * ends[2] + ends[3]) / (12 * h)
    return gradient


def reparameterised(eps: Floats) -> Any:
    z = MU + np.exp(LOG_SIGMA) * eps
    return mf.reparameterised_gradient(quartic_gradient(z), LOG_SIGMA, eps)


def score_function(eps: Floats) -> Any:
    z = MU + np.exp(LOG_SIGMA) * eps
    return mf.score_function_gradient(quartic(z), LOG_SIGMA, eps)


@pytest.mark.spec("MFV-13")
@pytest.mark.parametrize("draws", [1, 2])
@pytest.mark.parametrize("estimate", [reparameterised, score_function])
def test_the_expectation_is_the_gradient(estimate: Any, draws: int) -> None:
    """Of means and of log deviations, where a wrong sign of the entropy would show.

    Of two draws, each is the other's baseline.
    """
    np.testing.assert_allclose(expectation(estimate, draws), exact_gradient(), atol=1e-9)


@pytest.mark.spec("MFV-13")
@pytest.mark.parametrize("mu", [0.0, 1.0, 3.0])
def test_known_variances(mu: float) -> None:
    """Of the gradients of E[z^2] in the mean, z ~ N(mu, 1): 4, and mu^4 + 14 mu^2 + 15."""
    log_sigma = np.zeros(1)
    moments = np.zeros((2, 2))
    for e, weight in zip(NODES, WEIGHTS, strict=True):
        eps, z = np.array([[e]]), np.array([mu + e])
        # minus the log q that the estimate takes off again
        log_joint = z**2 - (e**2 + log(2 * pi)) / 2
        estimates = (
            mf.reparameterised_gradient(2 * z[:, None], log_sigma, eps)[0][0],
            mf.score_function_gradient(log_joint, log_sigma, eps)[0][0],
        )
        for row, estimate in zip(moments, estimates, strict=True):
            row += weight * np.array([estimate, estimate**2])
    np.testing.assert_allclose(moments[:, 0], 2 * mu, atol=1e-12)
    variances = moments[:, 1] - moments[:, 0] ** 2
    np.testing.assert_allclose(variances, [4, mu**4 + 14 * mu**2 + 15], rtol=1e-10)


@pytest.mark.spec("MFV-13")
def test_baseline_takes_a_constant_away() -> None:
    """A log joint that is larger by a constant has the same estimate, for more than a draw."""
    eps = np.random.default_rng(0).standard_normal((5, 2))
    f = quartic(eps)
    a = mf.score_function_gradient(f, LOG_SIGMA, eps)
    b = mf.score_function_gradient(f + 1000, LOG_SIGMA, eps)
    np.testing.assert_allclose(a, b, rtol=1e-9)


MEAN = np.array([1.0, -2.0, 0.5])
PRECISION = np.array([[2.0, 0.9, 0.0], [0.9, 1.0, -0.2], [0.0, -0.2, 4.0]])


def normal_joint(z: Floats) -> Floats:
    """That of a normal target whose log evidence is 3."""
    d = z - MEAN
    constant = 3 + np.linalg.slogdet(PRECISION)[1] / 2 - 1.5 * log(2 * pi)
    return np.asarray(constant - np.einsum("si,ij,sj->s", d, PRECISION, d) / 2)


def normal_gradient(z: Floats) -> Floats:
    return np.asarray(-(z - MEAN) @ PRECISION)


@pytest.mark.spec("MFV-1", "MFV-14")
@pytest.mark.parametrize(
    ("gradient", "draws"), [("reparameterised", 20), ("score_function", 100)]
)
def test_ascent_finds_the_mean_field_of_a_normal_target(gradient: str, draws: int) -> None:
    """From one seed, to within a thousandth of a nat of the best bound there is."""
    fitted = NormalMeanField(
        draws, gradient=gradient, learning_rate=0.02, max_iter=3000, random_state=1
    ).fit(normal_joint, np.zeros(3), joint_gradient=normal_gradient)
    best = 3 - mf.normal_target_gap(PRECISION)
    bound = mf.normal_target_elbo(fitted.mu_, fitted.sigma_, MEAN, PRECISION, 3.0)
    assert 0 <= best - bound < 0.001
    last = np.array(fitted.lower_bounds_[-300:])  # within 4 deviations: 1 in 15,000
    assert abs(last.mean() - best) < 4 * last.std() / 300**0.5 + 0.001


@pytest.mark.spec("MFV-14")
@pytest.mark.parametrize("gradient", mf.GRADIENTS)
@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0])
def test_steps_replayed(gradient: str, decay: float) -> None:
    """The draws, the bound before each step, the rate of each step, and Adam uphill."""
    settings: dict[str, Any] = {"learning_rate": 0.1, "decay": decay, "max_iter": 4}
    seen: list[Any] = []
    fitted = NormalMeanField(3, gradient=gradient, **settings, random_state=9).fit(
        quartic,
        MU,
        LOG_SIGMA,
        joint_gradient=quartic_gradient,
        on_step=lambda t, mu, log_sigma: seen.append((t, mu.copy(), log_sigma.copy())),
    )
    rng = np.random.default_rng(9)
    theta = np.array([MU, LOG_SIGMA])
    m, v = np.zeros((2, 2)), np.zeros((2, 2))
    rates = {0.0: [0.1] * 4, 0.5: [0.1, 0.1, 0.1, 0.05], 1.0: [0.1, 0.075, 0.05, 0.025]}
    for t in range(1, 5):
        eps = rng.standard_normal((3, 2))
        z = theta[0] + np.exp(theta[1]) * eps
        bound = quartic(z).mean() + 1 + log(2 * pi) + theta[1].sum()
        assert fitted.lower_bounds_[t - 1] == pytest.approx(bound, rel=1e-12)
        if gradient == "reparameterised":
            g = mf.reparameterised_gradient(quartic_gradient(z), theta[1], eps)
        else:
            g = mf.score_function_gradient(quartic(z), theta[1], eps)
        m = 0.9 * m + 0.1 * np.array(g)
        v = 0.999 * v + 0.001 * np.array(g) ** 2
        scaled = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        theta = theta + rates[decay][t - 1] * scaled
        assert seen[t - 1][0] == t
        np.testing.assert_allclose(seen[t - 1][1:], theta, rtol=1e-10)
    assert len(fitted.lower_bounds_) == len(seen) == 4
    np.testing.assert_allclose([fitted.mu_, fitted.log_sigma_], theta, rtol=1e-10)
    assert (fitted.sigma_ == np.exp(fitted.log_sigma_)).all()
    assert MU.tolist() == [0.4, -1.1]


@pytest.mark.spec("MFV-14")
def test_score_function_needs_no_gradient() -> None:
    fits = [
        NormalMeanField(4, gradient="score_function", max_iter=3, random_state=0)
        .fit(quartic, MU, joint_gradient=given)
        .mu_
        for given in (None, quartic_gradient)
    ]
    assert (fits[0] == fits[1]).all()


def gamma_joint(z: Floats) -> Floats:
    """Mean and precision of the normal distribution of some data: MFV-11 as a black box."""
    mu, tau = z.T
    log_p = stats.gamma.logpdf(tau, 1.5, scale=1 / 0.7)
    log_p += stats.norm.logpdf(mu, 0.5, (2 * tau) ** -0.5)
    for x in (1.2, -0.4, 2.2, 0.9):
        log_p += stats.norm.logpdf(x, mu, tau**-0.5)
    return np.asarray(log_p)


def gamma_gradient(z: Floats) -> Floats:
    mu, tau = z.T
    residuals = np.array([1.2, -0.4, 2.2, 0.9])[:, None] - mu
    d_mu = tau * (residuals.sum(axis=0) - 2 * (mu - 0.5))
    d_tau = (4 + 1 + 2 * 0.5) / (2 * tau) - 0.7
    d_tau -= ((residuals**2).sum(axis=0) + 2 * (mu - 0.5) ** 2) / 2
    return np.stack([d_mu, d_tau], axis=1)


@pytest.mark.spec("MFV-15")
def test_positive_latents() -> None:
    """The same evidence; the gradient is that of finite differences; others are untouched."""
    f, g = mf.with_positive(gamma_joint, gamma_gradient, [False, True])
    # The trapezoidal rule, in u and, given u, in deviations of mu from its mean
    log_tau, t = np.meshgrid(np.linspace(-14, 6, 401), np.linspace(-9, 9, 91))
    mean = mf.normal_gamma_posterior([1.2, -0.4, 2.2, 0.9], NormalGamma(0.5, 2, 1.5, 0.7)).mu
    deviation = np.exp(-log_tau / 2)
    points = np.stack([mean + t * deviation, log_tau], axis=-1).reshape(-1, 2)
    total = (np.exp(f(points)) * deviation.ravel()).sum() * (20 / 400) * (18 / 90)
    evidence = mf.normal_gamma_evidence([1.2, -0.4, 2.2, 0.9], NormalGamma(0.5, 2, 1.5, 0.7))
    assert log(total) == pytest.approx(evidence, abs=1e-9)
    u, h = np.array([[0.3, -0.8], [1.0, 0.5]]), 1e-5
    for i in range(2):
        step = h * np.eye(2)[i]
        slopes = (f(u + step) - f(u - step)) / (2 * h)
        np.testing.assert_allclose(g(u)[:, i], slopes, rtol=1e-7)
    same, _ = mf.with_positive(quartic, quartic_gradient, [False, False])
    assert (same(u) == quartic(u)).all()


@pytest.mark.spec("MFV-14", "MFV-15")
def test_log_normal_factor_of_the_precision() -> None:
    """Its bound is below the evidence, by about what the best gamma factor lacks too."""
    prior, x = NormalGamma(0.5, 2, 1.5, 0.7), [1.2, -0.4, 2.2, 0.9]
    f, g = mf.with_positive(gamma_joint, gamma_gradient, [False, True])
    fitted = NormalMeanField(20, max_iter=1500, random_state=2).fit(
        f, [0, 0], joint_gradient=g
    )
    bound = float(np.mean(fitted.lower_bounds_[-500:]))
    evidence = mf.normal_gamma_evidence(x, prior)
    assert evidence - 0.15 < bound < evidence - 0.02
    assert fitted.mu_[0] == pytest.approx(mf.normal_gamma_posterior(x, prior).mu, abs=0.03)


@pytest.mark.spec("MFV-14")
@pytest.mark.parametrize(
    "settings",
    [
        {"n_samples": 0},
        {"n_samples": 2.0},
        {"max_iter": 0},
        {"learning_rate": 0.0},
        {"learning_rate": inf},
        {"learning_rate": nan},
        {"decay": -0.1},
        {"decay": 1.1},
        {"gradient": "REINFORCE"},
    ],
)
def test_settings_out_of_range(settings: Any) -> None:
    with pytest.raises(ModelError):
        NormalMeanField(**settings).fit(quartic, MU, joint_gradient=quartic_gradient)


@pytest.mark.spec("MFV-14")
@pytest.mark.parametrize(
    ("mu", "log_sigma"),
    [
        ([], None),
        ([[0.0]], None),
        ([nan], None),
        (["a"], None),
        ([0.0], [0.0, 0.0]),
        (0.0, None),
    ],
)
def test_starts_that_are_none(mu: Any, log_sigma: Any) -> None:
    with pytest.raises(DistributionError):
        NormalMeanField().fit(quartic, mu, log_sigma, joint_gradient=quartic_gradient)


@pytest.mark.spec("MFV-14")
def test_functions_that_do_not_fit() -> None:
    good: tuple[Any, Any] = quartic, quartic_gradient
    for f, g in [
        (lambda z: quartic(z)[:, None], good[1]),
        (lambda z: quartic(z).sum(), good[1]),
        (lambda z: quartic(z) * nan, good[1]),
        (lambda z: quartic(z) - inf, good[1]),
        (lambda z: quartic(z) > 0, good[1]),
        (good[0], lambda z: quartic_gradient(z)[:, 0]),
        (good[0], lambda z: quartic_gradient(z) + inf),
        (good[0], None),
    ]:
        with pytest.raises(ModelError):
            NormalMeanField(4, max_iter=2).fit(f, MU, joint_gradient=g)


@pytest.mark.spec("MFV-15")
@pytest.mark.parametrize("mask", [[0, 1], [[True]], True, ["a"]])
def test_masks_that_are_none(mask: Any) -> None:
    with pytest.raises(ModelError, match="mask"):
        mf.with_positive(quartic, quartic_gradient, mask)
