"""DIS: Bernoulli and categorical distributions, their zeros, and what is none of them."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from reference.errors import DistributionError
from reference.inference import distributions as dis
from tests.closed_forms import units, x_log

pmfs = st.lists(
    st.one_of(st.just(0.0), st.just(5e-324), st.floats(0, 1)), min_size=1, max_size=8
).filter(lambda w: sum(w) > 1e-3)


@pytest.mark.spec("DIS-10", "DIS-11")
@given(v=pmfs, w=pmfs)
def test_categorical(v: list[float], w: list[float]) -> None:
    """The definitions in mpmath; the cross entropy is entropy and divergence."""
    n = max(len(v), len(w))
    q, p = (np.array([*x, *(0.0,) * (n - len(x))]) / sum(x) for x in (v, w))
    h, kl, cross = (
        dis.categorical_entropy(q),
        dis.categorical_kl(q, p),
        dis.categorical_cross_entropy(q, p),
    )
    lost = bool(((q > 0) & (p == 0)).any())
    assert (kl == math.inf) == (cross == math.inf) == lost
    with mpmath.workdps(50):
        a, b = (
            [mpf(x) / mpmath.fsum(map(mpf, y)) for x in y] for y in (q.tolist(), p.tolist())
        )
        terms = [x_log(x, y) for x, y in zip(a, b, strict=True)]
        own = [x_log(x, x) for x in a]
        assert abs(mpf(float(h)) + mpmath.fsum(own)) <= (1 - mpmath.fsum(own)) * mpf(2) ** -46
        if not lost:
            size = (1 - mpmath.fsum(terms)) * mpf(2) ** -46
            assert abs(mpf(float(cross)) + mpmath.fsum(terms)) <= size
            assert abs(mpf(float(kl)) - mpmath.fsum(own) + mpmath.fsum(terms)) <= 2 * size
    assert kl >= 0
    assert dis.categorical_kl(q, q) == 0
    assert h <= math.log(n) + 1e-14


@pytest.mark.spec("DIS-10")
@given(q=units, p=units)
def test_bernoulli_is_a_categorical_of_two(q: float, p: float) -> None:
    """Infinite at the same places, else equal within rounding errors."""
    for bernoulli, categorical in (
        (dis.bernoulli_kl, dis.categorical_kl),
        (dis.bernoulli_cross_entropy, dis.categorical_cross_entropy),
    ):
        one, two = bernoulli(q, p), categorical([1 - q, q], [1 - p, p])
        assert one == two or one == pytest.approx(float(two), rel=1e-12, abs=1e-13)
    assert dis.bernoulli_kl(q, q) == 0
    assert 0 <= dis.bernoulli_entropy(q) <= math.log(2)


@pytest.mark.spec("DIS-10")
def test_zeros_of_discrete_distributions() -> None:
    assert dis.bernoulli_entropy([0, 1]).tolist() == [0, 0]
    assert (
        dis.bernoulli_kl([0, 1, 0, 1, 0.5], [0, 1, 1, 0, 0]).tolist()
        == [0, 0] + [math.inf] * 3
    )
    assert dis.bernoulli_cross_entropy([0, 1, 1], [0, 1, 0]).tolist() == [0, 0, math.inf]
    assert dis.categorical_kl([1, 0], [0.5, 0.5]) == math.log(2)
    assert dis.categorical_kl([0.5, 0.5], [1, 0]) == math.inf
    assert dis.categorical_entropy([1]) == 0
    assert dis.categorical_entropy([0.5, 0.5 + 2**-17]) == pytest.approx(math.log(2), abs=1e-9)


RNG = np.random.default_rng(0)
UNIT = [-5e-324, 1 + 2**-52, math.nan, math.inf, "1"]


@pytest.mark.spec("DIS-1", "DIS-10")
@pytest.mark.parametrize("bad", UNIT, ids=repr)
def test_rejects_what_is_no_probability(bad: Any) -> None:
    for call in (
        lambda: dis.bernoulli_entropy(bad),
        lambda: dis.bernoulli_kl(bad, 0.5),
        lambda: dis.bernoulli_kl(0.5, bad),
        lambda: dis.bernoulli_cross_entropy(bad, 0.5),
        lambda: dis.bernoulli_cross_entropy(0.5, bad),
        lambda: dis.bernoulli_log_mass(0, bad),
        lambda: dis.bernoulli_sample(RNG, bad),
        lambda: dis.negative_binomial_log_mass(0, 1, bad),
        lambda: dis.negative_binomial_cdf(0, 1, bad),
        lambda: dis.negative_binomial_sample(RNG, 1, bad),
        lambda: dis.categorical_log_mass(0, [bad, 1.0]),
        lambda: dis.categorical_sample(RNG, [bad, 1.0]),
        lambda: dis.categorical_entropy([bad, 1.0]),
        lambda: dis.categorical_kl([bad, 1.0], [0.5, 0.5]),
        lambda: dis.categorical_kl([0.5, 0.5], [bad, 1.0]),
        lambda: dis.categorical_cross_entropy([0.5, 0.5], [bad, 1.0]),
    ):
        with pytest.raises(DistributionError):
            call()


@pytest.mark.spec("DIS-10")
@pytest.mark.parametrize(
    "bad", [[], 1.0, [0.5, 0.4], [0.5, 0.5 + 2**-15], [0, 0], [[1.0], [0.9]]]
)
def test_rejects_what_is_no_distribution(bad: Any) -> None:
    with pytest.raises(DistributionError):
        dis.categorical_entropy(bad)
    with pytest.raises(DistributionError):
        dis.categorical_kl([1.0], bad)
    with pytest.raises(DistributionError):
        dis.categorical_log_mass(0, bad)
    with pytest.raises(DistributionError):
        dis.categorical_sample(RNG, bad)


@pytest.mark.spec("DIS-1")
def test_rejects_a_success_that_is_certain() -> None:
    for call in (
        lambda: dis.negative_binomial_log_mass(0, 1, 1),
        lambda: dis.negative_binomial_cdf(0, 1, [0.5, 1]),
        lambda: dis.negative_binomial_sample(RNG, 1, 1),
    ):
        with pytest.raises(DistributionError, match="p is 1"):
            call()
