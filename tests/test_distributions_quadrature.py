"""DIS: densities against quadrature and scipy, with entropies and divergences; their ends."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.stats
from scipy.integrate import quad

from reference.inference import distributions as dis

CONTINUOUS: dict[
    str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Any]
] = {
    "normal": (
        dis.normal_log_density,
        lambda mu, sigma: dis.normal_entropy(sigma),
        dis.normal_kl,
        [(0.3, 1.2), (-0.5, 0.7), (0.0, 3.0)],
    ),
    "log-normal": (
        dis.log_normal_log_density,
        dis.log_normal_entropy,
        dis.log_normal_kl,
        [(0.3, 0.6), (-0.5, 0.7), (0.0, 0.4)],
    ),
    "gamma": (
        dis.gamma_log_density,
        dis.gamma_entropy,
        dis.gamma_kl,
        [(2.5, 0.8), (9.0, 4.0), (1.0, 1.0), (1.7, 30.0)],
    ),
    "beta": (
        dis.beta_log_density,
        dis.beta_entropy,
        dis.beta_kl,
        [(2.0, 3.0), (9.5, 4.0), (1.0, 1.0), (1.5, 30.0)],
    ),
    "laplace": (
        dis.laplace_log_density,
        lambda mu, scale: dis.laplace_entropy(scale),
        dis.laplace_kl,
        [(0.3, 1.2), (-0.5, 0.7), (0.0, 3.0)],
    ),
}
SCIPY: dict[str, Callable[[float, float], Any]] = {
    "normal": lambda mu, sigma: scipy.stats.norm(mu, sigma),
    "log-normal": lambda mu, sigma: scipy.stats.lognorm(sigma, scale=math.exp(mu)),
    "gamma": lambda a, b: scipy.stats.gamma(a, scale=1 / b),
    "beta": lambda a, b: scipy.stats.beta(a, b),
    "laplace": lambda mu, scale: scipy.stats.laplace(mu, scale),
}


def integral(f: Callable[[float], float], name: str, q: tuple[float, float]) -> float:
    """Over all but ``1e-16`` of either tail of `q`, in pieces that meet at its quantiles."""
    law = SCIPY[name](*q)
    # the density of a Laplace distribution has a kink, which quad has to be told of
    kinks = [m for m, _ in CONTINUOUS["laplace"][3]] if name == "laplace" else []
    low, high = law.ppf([1e-16, 1e-8, 0.01, 0.5, 0.99]), law.isf([1e-8, 1e-16])
    ends = sorted([*low.tolist(), *kinks, *high.tolist()])
    return math.fsum(
        quad(f, a, b, epsabs=1e-12, epsrel=1e-12, limit=200)[0]
        for a, b in pairwise(ends)
        if b > a
    )


PAIRS = [
    (name, q, p) for name, family in CONTINUOUS.items() for q in family[3] for p in family[3]
]


@pytest.mark.spec("DIS-3", "DIS-4", "DIS-7", "DIS-8", "DIS-9", "DIS-11")
@pytest.mark.parametrize(("name", "q", "p"), PAIRS)
def test_quadrature(name: str, q: tuple[float, float], p: tuple[float, float]) -> None:
    """Total mass, entropy, KL, and cross entropy as the sum of these two; scipy agrees."""
    log_density, entropy, kl, _ = CONTINUOUS[name]

    def log_q(x: float) -> float:
        return float(log_density(x, *q))

    def log_p(x: float) -> float:
        return float(log_density(x, *p))

    h, divergence = float(entropy(*q)), float(kl(*q, *p))
    cross = integral(lambda x: -math.exp(log_q(x)) * log_p(x), name, q)
    assert cross == pytest.approx(h + divergence, abs=1e-9)
    if q == p:
        assert integral(lambda x: math.exp(log_q(x)), name, q) == pytest.approx(1, abs=1e-10)
        assert divergence == 0
        assert float(SCIPY[name](*q).entropy()) == pytest.approx(h, abs=1e-10)
        x = SCIPY[name](*q).ppf([0.01, 0.3, 0.9])
        np.testing.assert_allclose(
            log_density(x, *q), SCIPY[name](*q).logpdf(x), rtol=1e-11, atol=1e-11
        )
    else:
        assert divergence > 0.01
    if name == "normal":
        assert float(dis.normal_cross_entropy(*q, *p)) == pytest.approx(cross, abs=1e-9)


CUMULATIVE: list[tuple[Callable[..., Any], Callable[..., Any], tuple[float, float], Any]] = [
    (dis.normal_log_density, dis.normal_cdf, (0.3, 1.2), [-4, -1, 0.3, 2]),
    (dis.log_normal_log_density, dis.log_normal_cdf, (-0.5, 0.7), [0.01, 0.2, 1, 4]),
    (dis.logit_normal_log_density, dis.logit_normal_cdf, (-0.5, 1.7), [0.01, 0.2, 0.5, 0.98]),
    (dis.laplace_log_density, dis.laplace_cdf, (0.3, 1.2), [-4, -1, 0.3, 2]),
    (dis.logistic_log_density, dis.logistic_cdf, (0.3, 1.2), [-4, -1, 0.3, 2]),
    (dis.gamma_log_density, dis.gamma_cdf, (2.5, 0.8), [0.01, 0.5, 3, 9]),
    (dis.beta_log_density, dis.beta_cdf, (2.0, 3.5), [0.01, 0.2, 0.5, 0.98]),
]


@pytest.mark.spec("DIS-14", "DIS-15", "DIS-20")
@pytest.mark.parametrize(("log_density", "cdf", "parameters", "points"), CUMULATIVE)
def test_a_density_is_the_slope_of_its_cumulative_distribution(
    log_density: Callable[..., Any],
    cdf: Callable[..., Any],
    parameters: tuple[float, float],
    points: list[float],
) -> None:
    for a, b in pairwise(points):
        area = quad(lambda x: math.exp(log_density(x, *parameters)), a, b, epsabs=1e-12)[0]
        rise = float(cdf(b, *parameters)) - float(cdf(a, *parameters))
        assert rise == pytest.approx(area, abs=1e-11)
        assert rise > 1e-3


@pytest.mark.spec("DIS-14", "DIS-15")
def test_logistic_entropy_and_logit_normal_divergence() -> None:
    """Integrals of the densities."""

    def surprise(x: float) -> float:
        log_p = float(dis.logistic_log_density(x, 0.5, 3))
        return -log_p * math.exp(log_p)

    h = quad(surprise, -150, 0.5, epsabs=1e-12)[0] + quad(surprise, 0.5, 150, epsabs=1e-12)[0]
    assert float(dis.logistic_entropy(3)) == pytest.approx(h, abs=1e-9)

    def excess(x: float) -> float:
        log_q = float(dis.logit_normal_log_density(x, 0.5, 0.8))
        return math.exp(log_q) * (log_q - float(dis.logit_normal_log_density(x, -0.3, 1.5)))

    kl = quad(excess, 0, 1, epsabs=1e-12)[0]
    assert float(dis.logit_normal_kl(0.5, 0.8, -0.3, 1.5)) == pytest.approx(kl, abs=1e-9)


@pytest.mark.spec("DIS-3", "DIS-7", "DIS-8", "DIS-14")
def test_densities_at_the_ends_of_the_support() -> None:
    inf = math.inf
    assert dis.gamma_log_density([0, 0, 0, -1], [0.5, 1, 2, 1], 3).tolist() == (
        [inf, math.log(3), -inf, -inf]
    )
    assert dis.beta_log_density([0, 0, 0, 1, -1, 2], [0.5, 1, 2, 1, 1, 1], 1).tolist() == (
        [inf, 0, -inf, 0, -inf, -inf]
    )
    assert dis.beta_log_density(1, 1, [0.5, 2]).tolist() == [inf, -inf]
    assert dis.log_normal_log_density([0, -1.0], 0, 1).tolist() == [-inf, -inf]
    assert dis.logit_normal_log_density([-1, 0, 1.0, 2], 0, 1).tolist() == [-inf] * 4
