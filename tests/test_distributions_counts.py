"""DIS: log masses of discrete variables, sums of them, and the lectures' model of counts."""

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from reference.errors import DistributionError
from reference.inference import distributions as dis
from tests.closed_forms import steps, units

moderate = st.floats(-20, 20).map(lambda e: 2.0**e)


@pytest.mark.spec("DIS-13")
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(lambda w: sum(w) > 1e-3))
def test_categorical_mass(p: list[float]) -> None:
    """That of each outcome is the logarithm of its share, and -inf beyond them."""
    p = [w / sum(p) for w in p]
    found = dis.categorical_log_mass(range(-2, len(p) + 2), p).tolist()
    assert found[:2] == found[-2:] == [-math.inf] * 2
    for log_mass, w in zip(found[2:-2], p, strict=True):
        expect = math.log(w / sum(p)) if w > 0 else -math.inf
        assert log_mass == expect or log_mass == pytest.approx(expect, rel=1e-14, abs=1e-14)


@pytest.mark.spec("DIS-13")
@given(p=units)
def test_bernoulli_mass(p: float) -> None:
    """The masses add up to 1; a Bernoulli is a categorical of two."""
    log_mass = dis.bernoulli_log_mass([-1, 0, 1, 2], p)
    assert np.exp(log_mass).sum() == pytest.approx(1, abs=1e-15)
    assert log_mass[[0, 3]].tolist() == [-math.inf] * 2
    two = dis.categorical_log_mass([0, 1], [1 - p, p])
    np.testing.assert_allclose(log_mass[1:3], two, rtol=1e-14, atol=2e-16)


@pytest.mark.spec("DIS-13")
def test_zeros_of_masses() -> None:
    assert dis.bernoulli_log_mass([0, 1], [[0], [1]]).tolist() == [
        [0, -math.inf],
        [-math.inf, 0],
    ]
    assert dis.categorical_log_mass([0, 1], [1, 0]).tolist() == [0, -math.inf]


@pytest.mark.spec("DIS-17")
def test_negative_binomial_of_whole_numbers() -> None:
    """The number of ways to have x successes before failure r, times their probability."""
    for r in (1, 2, 7):
        for p in (Fraction(1, 4), Fraction(7, 8)):
            for x in range(12):
                mass = math.comb(x + r - 1, x) * p**x * (1 - p) ** r
                found = float(dis.negative_binomial_log_mass(x, r, float(p)))
                assert found == pytest.approx(math.log(mass), abs=1e-13)
    x, r, p = np.arange(400), 2.5, 0.7
    mass = np.exp(dis.negative_binomial_log_mass(x, r, p))
    assert mass.sum() == pytest.approx(1, abs=1e-13)
    assert (x * mass).sum() == pytest.approx(r * p / (1 - p), abs=1e-11)
    np.testing.assert_allclose(mass, scipy.stats.nbinom(r, 1 - p).pmf(x), rtol=1e-11)


@pytest.mark.spec("DIS-17")
def test_zeros_of_negative_binomials() -> None:
    found = dis.negative_binomial_log_mass([-1, 0, 1, 2**52 - 1], 3, 0).tolist()
    assert found == [-math.inf, 0, -math.inf, -math.inf]
    p = 2.0**-30 / 3  # of 1 - p, a third of the digits of p are lost
    none = float(dis.negative_binomial_log_mass(0, 2**40, p))
    assert none == pytest.approx(-(2**40) * p * (1 + p / 2), rel=1e-15)


@pytest.mark.spec("DIS-7", "DIS-8", "DIS-17")
def test_posterior_of_mite_counts() -> None:
    """The model of lecture 004: log evidence and posterior means by a sum over a grid.

    The means tell p from 1 - p, and the rate of the prior from its scale. Counts of C. Bliss,
    R. Fisher, Biometrics 9 (1953); figures of the model's exact answer, where p is integrated
    out, and r by quadrature.
    """
    r = np.exp(np.linspace(-3, 3, 151))[:, None]  # of r log-uniform, of p logit-uniform
    logit = np.linspace(-6, 6, 151)
    p = 1 / (1 + np.exp(-logit))
    log_joint = dis.gamma_log_density(r, 0.01, 0.01) + np.log(r)
    log_joint = log_joint + dis.beta_log_density(p, 0.01, 0.01) + np.log(p) + np.log1p(-p)
    for x, times in enumerate([70, 38, 17, 10, 9, 3, 2, 1]):
        log_joint = log_joint + times * dis.negative_binomial_log_mass(x, r, p)
    peak = log_joint.max()
    weights = np.exp(log_joint - peak)
    area = 6 / 150 * 12 / 150
    assert peak + math.log(weights.sum() * area) == pytest.approx(-234.062900673, abs=1e-6)
    assert (weights * r).sum() / weights.sum() == pytest.approx(1.083740867, abs=1e-6)
    assert (weights * p).sum() / weights.sum() == pytest.approx(0.523757530, abs=1e-6)


@pytest.mark.spec("DIS-18")
def test_beta_binomial_of_whole_numbers() -> None:
    """Uniform for shapes 1; a ratio of factorials for whole ones; Bernoulli for one trial."""
    for n in (0, 1, 255):
        x = np.arange(n + 1)
        np.testing.assert_allclose(
            dis.beta_binomial_log_mass(x, n, 1, 1), -math.log(n + 1), atol=1e-13
        )
    for n, a, b in ((1, 2, 3), (9, 4, 1), (6, 5, 5)):
        for x in range(n + 1):
            mass = Fraction(
                math.comb(n, x) * math.comb(a + b - 1, a) * a,
                math.comb(n + a + b - 1, x + a) * (x + a),
            )
            found = float(dis.beta_binomial_log_mass(x, n, a, b))
            assert found == pytest.approx(math.log(mass), abs=1e-13)
    x, n, a, b = np.arange(-1, 257), 255, 0.3, 4.5
    found = dis.beta_binomial_log_mass(x, n, a, b)
    assert found[[0, -1]].tolist() == [-math.inf] * 2
    np.testing.assert_allclose(found, scipy.stats.betabinom(n, a, b).logpmf(x), rtol=1e-11)
    p = 0.3 / (0.3 + 4.5)
    np.testing.assert_allclose(
        dis.beta_binomial_log_mass([0, 1], 1, a, b),
        dis.bernoulli_log_mass([0, 1], p),
        rtol=1e-13,
    )


@pytest.mark.spec("DIS-16", "DIS-20")
@given(
    mu=st.floats(-300, 600),
    scale=st.floats(-10, 10).map(lambda e: 2.0**e),
    levels=st.sampled_from([1, 2, 3, 256]),
)
def test_levels_fill_the_line(mu: float, scale: float, levels: int) -> None:
    """The masses are positive, those up to x add up to the cumulative distribution."""
    x = np.arange(-1, levels + 1)
    log_mass = dis.discretised_logistic_log_mass(x, mu, scale, levels)
    assert log_mass[[0, -1]].tolist() == [-math.inf] * 2
    assert np.isfinite(log_mass[1:-1]).all()
    sums = np.cumsum(np.exp(log_mass))
    for between in (0, 0.5, 1 - 2**-40):
        cdf = dis.discretised_logistic_cdf(x + between, mu, scale, levels)
        np.testing.assert_allclose(sums, cdf, rtol=0, atol=1e-13)
    assert dis.discretised_logistic_cdf(
        [-(2.0**-1074), levels - 1], mu, scale, levels
    ).tolist() == [
        0,
        1,
    ]


@pytest.mark.spec("DIS-16")
def test_a_bin_far_in_a_tail_keeps_its_digits() -> None:
    """There both sigmoids are 1 in binary64; they differ by exp(-t) times a factor."""
    t = 300
    expect = -t + 0.5 + math.log(-math.expm1(-1))
    for x, mu in ((t + 5, 5), (5, t + 5)):
        found = float(dis.discretised_logistic_log_mass(x, mu, 1, 1000))
        assert found == pytest.approx(expect, abs=1e-12)
    assert float(dis.discretised_logistic_log_mass(0, t - 0.5, 1, 9)) == pytest.approx(1 - t)
    assert float(dis.discretised_logistic_log_mass(8, 7.5 - t, 1, 9)) == pytest.approx(-t)


def masses(*terms: Any) -> tuple[list[Any], list[Any]]:
    """Return the masses and log masses in mpmath."""
    with mpmath.workdps(50):
        logs = [mpf(float(m)) for m in terms]
        return [mpmath.exp(m) for m in logs], logs


@pytest.mark.spec("DIS-19", "DIS-11")
@given(
    q=st.tuples(st.floats(-5, 25), moderate),
    p=st.tuples(st.floats(-5, 25), moderate),
    k=st.integers(1, 20),
)
def test_sums_over_a_finite_support(
    q: tuple[float, float], p: tuple[float, float], k: int
) -> None:
    """Entropy and KL are the sums of their definitions; 0 for equals and one outcome."""
    for log_mass, entropy, kl, size, v, w in (
        (
            dis.discretised_logistic_log_mass,
            dis.discretised_logistic_entropy,
            dis.discretised_logistic_kl,
            k,
            q,
            p,
        ),
        (
            lambda x, a, b, n: dis.beta_binomial_log_mass(x, n, a, b),
            lambda a, b, n: dis.beta_binomial_entropy(n, a, b),
            lambda aq, bq, ap, bp, n: dis.beta_binomial_kl(n, aq, bq, ap, bp),
            k - 1,
            (2 ** (q[0] - 10), q[1]),
            (2 ** (p[0] - 10), p[1]),
        ),
    ):
        x = np.arange(k)
        mass, log_q = masses(*log_mass(x, *v, size))
        _, log_p = masses(*log_mass(x, *w, size))
        with mpmath.workdps(50):
            h = -mpmath.fsum(m * u for m, u in zip(mass, log_q, strict=True))
            cross = -mpmath.fsum(m * u for m, u in zip(mass, log_p, strict=True))
            bound = mpf(2) ** -40 * (1 + h + cross)
            assert abs(float(entropy(*v, size)) - h) <= bound
            found = float(kl(*v, *w, size))
            assert abs(found - (cross - h)) <= bound
        assert found >= 0
        assert kl(*v, *v, size) == 0
        if k == 1:
            assert entropy(*v, size) == found == 0


@pytest.mark.spec("DIS-11", "DIS-19")
@given(s=steps, k=st.integers(1, 300), a=st.floats(0.5, 20))
def test_a_divergence_of_neighbours_is_not_negative(s: float, k: int, a: float) -> None:
    """Where rounding errors of the masses are larger than it."""
    b = a * (1 + s)
    for kl in (
        dis.discretised_logistic_kl(k / 2, a, k / 2, b, k),
        dis.discretised_logistic_kl(k / 2, a, k / 2 + s, a, k),
        dis.beta_binomial_kl(k, a, a, a, b),
    ):
        assert 0 <= kl <= 100 * s**2 + 1e-12


@pytest.mark.spec("DIS-19")
def test_a_divergence_from_masses_below_binary64() -> None:
    """All mass of q is on level 10, of which p has exp(-19000) and no binary64 number."""
    found = float(dis.discretised_logistic_kl(10, 0.001, 200.5, 0.01, 256))
    assert found == pytest.approx(19000, abs=1e-6)
    assert dis.beta_binomial_kl(2**10, 2.0**20, 2.0**-20, 2.0**-20, 2.0**20) > 1e3


@pytest.mark.spec("DIS-19")
def test_entropy_of_a_large_support() -> None:
    """Uniform; and in steps far smaller than the scale, the differential entropy."""
    size = 2**16
    assert float(dis.beta_binomial_entropy(size - 1, 1, 1)) == pytest.approx(
        math.log(size), abs=2.0**-40
    )
    h = float(dis.discretised_logistic_entropy(size / 2 + 0.3, 400, size))
    assert h == pytest.approx(float(dis.logistic_entropy(400)), abs=1e-6)


@pytest.mark.spec("DIS-1", "DIS-19")
def test_supports_of_many_sizes() -> None:
    """A batch may have several numbers of levels or trials."""
    h = dis.discretised_logistic_entropy(3.3, [[0.5], [20]], [1, 5, 64])
    assert h.shape == (2, 3)
    assert h[1, 1] == pytest.approx(float(dis.discretised_logistic_entropy(3.3, 20, 5)))
    kl = dis.discretised_logistic_kl(3.3, [[0.5], [20]], 1, 2, [1, 5, 64])
    assert kl[1, 1] == pytest.approx(float(dis.discretised_logistic_kl(3.3, 20, 1, 2, 5)))
    kl = dis.beta_binomial_kl([1, 7, 3], 2, [[1], [3]], 1, 1)
    assert kl[1, 2] == pytest.approx(float(dis.beta_binomial_kl(3, 2, 3, 1, 1)))
    h = dis.beta_binomial_entropy([1, 7, 3], 1, 1)
    np.testing.assert_allclose(h, np.log([2, 8, 4]), rtol=1e-13)
    assert dis.beta_binomial_entropy(np.zeros(0), 1, 1).shape == (0,)


# Rejections

NO_OUTCOMES = [0.5, 2.0**52, -(2.0**52), 2**53 + 1, math.nan, math.inf, "1", None, True]


@pytest.mark.spec("DIS-1", "DIS-12")
@pytest.mark.parametrize("bad", NO_OUTCOMES, ids=repr)
def test_rejects_what_is_no_whole_number(bad: Any) -> None:
    for call in (
        lambda: dis.bernoulli_log_mass(bad, 0.5),
        lambda: dis.categorical_log_mass(bad, [0.5, 0.5]),
        lambda: dis.negative_binomial_log_mass(bad, 1, 0.5),
        lambda: dis.beta_binomial_log_mass(bad, 9, 1, 1),
        lambda: dis.beta_binomial_log_mass(0, bad, 1, 1),
        lambda: dis.beta_binomial_entropy(bad, 1, 1),
        lambda: dis.beta_binomial_kl(bad, 1, 1, 1, 1),
        lambda: dis.beta_binomial_sample(np.random.default_rng(0), bad, 1, 1),
        lambda: dis.discretised_logistic_log_mass(bad, 0, 1, 9),
        lambda: dis.discretised_logistic_log_mass(0, 0, 1, bad),
        lambda: dis.discretised_logistic_cdf(0, 0, 1, bad),
        lambda: dis.discretised_logistic_entropy(0, 1, bad),
        lambda: dis.discretised_logistic_kl(0, 1, 0, 1, bad),
        lambda: dis.discretised_logistic_from_noise(0, 0, 1, bad),
        lambda: dis.discretised_logistic_sample(np.random.default_rng(0), 0, 1, bad),
    ):
        with pytest.raises(DistributionError):
            call()


@pytest.mark.spec("DIS-12")
def test_least_numbers_of_levels_and_trials() -> None:
    for call in (
        lambda: dis.discretised_logistic_log_mass(0, 0, 1, 0),
        lambda: dis.beta_binomial_log_mass(0, -1, 1, 1),
    ):
        with pytest.raises(DistributionError, match="no whole number from"):
            call()
    for call in (
        lambda: dis.discretised_logistic_entropy(0, 1, [2, 2**24 + 1]),
        lambda: dis.beta_binomial_kl(2**24, 1, 1, 1, 1),
    ):
        with pytest.raises(DistributionError, match="a sum over"):
            call()
    assert dis.discretised_logistic_log_mass(0, 5, 1, 1) == 0
    assert dis.beta_binomial_log_mass(0, 0, 2, 3) == 0
    assert dis.bernoulli_log_mass(-(2**52) + 1, 0.5) == -math.inf
