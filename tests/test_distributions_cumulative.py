"""DIS: cumulative distributions against mpmath, and as the integrals of densities."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from reference.inference import distributions as dis
from tests.closed_forms import proper

places = st.floats(-5, 5)
sizes = st.floats(-10, 10).map(lambda e: 2.0**e)
shapes = st.floats(-10, 10).map(lambda e: 2.0**e)
DIGITS = 60


def phi(t: Any) -> Any:
    return mpmath.erfc(-t / mpmath.sqrt(2)) / 2


def sigmoid(t: Any) -> Any:
    return 1 / (1 + mpmath.exp(-t))


def laplace(t: Any) -> Any:
    return mpmath.exp(t) / 2 if t < 0 else 1 - mpmath.exp(-t) / 2


def check(found: Any, expect: Any, digits: int) -> None:
    """DIS-20's bound, with ``2**-digits``."""
    assert 0 <= found <= 1
    if expect > mpf(2) ** -1000:
        off = expect * (1 - mpmath.log(expect)) * mpf(2) ** -digits
        assert abs(mpf(float(found)) - expect) <= off
    else:
        assert found <= 2.0**-999


@pytest.mark.spec("DIS-20")
@pytest.mark.parametrize(
    ("cdf", "form", "reach"),
    [
        (dis.normal_cdf, phi, 40),
        (dis.laplace_cdf, laplace, 800),
        (dis.logistic_cdf, sigmoid, 800),
    ],
)
@given(data=st.data())
def test_of_locations_and_scales(
    cdf: Callable[..., Any], form: Callable[..., Any], reach: float, data: st.DataObject
) -> None:
    """Also far in the lower tail, to a relative bound."""
    mu, scale = data.draw(places), data.draw(sizes)
    t = data.draw(st.one_of(st.floats(-3, 3), st.floats(-reach, reach)))
    x = mu + scale * t
    with mpmath.workdps(DIGITS):
        check(cdf(x, mu, scale), form((mpf(x) - mpf(mu)) / mpf(scale)), 46)


@pytest.mark.spec("DIS-20")
@given(mu=places, scale=sizes, x=st.floats(-3, 300), levels=st.sampled_from([2, 256, 2**20]))
def test_of_discretised_logistics(mu: float, scale: float, x: float, levels: int) -> None:
    with mpmath.workdps(DIGITS):
        k = math.floor(x)
        inside = sigmoid((mpf(k) + mpf(1) / 2 - mpf(mu)) / mpf(scale))
        expect = mpf(0) if x < 0 else mpf(1) if x >= levels - 1 else inside
        found = dis.discretised_logistic_cdf(x, mu, scale, levels)
        if expect == 0:
            assert found == 0
        else:
            check(found, expect, 46)


@pytest.mark.spec("DIS-20")
@given(
    mu=st.one_of(st.just(0.0), places),
    sigma=st.one_of(sizes, st.floats(-60, -20).map(lambda e: 2.0**e)),
    u=proper,
    s=st.floats(-300, 300).map(lambda e: 2.0**e),
)
def test_of_functions_of_a_normal(mu: float, sigma: float, u: float, s: float) -> None:
    """Between those of the logarithm, or logit, rounded down and up."""
    with mpmath.workdps(DIGITS):
        for cdf, x, y, digits in (
            (dis.log_normal_cdf, s, mpmath.log(s), 52),
            (dis.logit_normal_cdf, u, mpmath.log(mpf(u)) - mpmath.log1p(-mpf(u)), 51),
        ):
            off = abs(y) * mpf(2) ** -digits
            found = cdf(x, mu, sigma)
            low, high = (phi((v - mpf(mu)) / mpf(sigma)) for v in (y - off, y + off))
            check(found, min(max(mpf(float(found)), low), high), 46)


@pytest.mark.spec("DIS-20")
@given(a=shapes, b=shapes, x=shapes, u=st.floats(2**-10, 1))
def test_of_gamma_and_beta(a: float, b: float, x: float, u: float) -> None:
    with mpmath.workdps(DIGITS):
        v = min(x / b * a, 2.0**10)  # next to the mean, where the function rises
        for y in (x, max(v, 2.0**-10)):
            inside = mpmath.gammainc(mpf(a), 0, mpf(b) * mpf(y), regularized=True)
            check(dis.gamma_cdf(y, a, b), inside, 40)
        for y in (u, max(a / (a + b), 2.0**-10)):
            inside = mpmath.betainc(mpf(a), mpf(b), 0, mpf(y), regularized=True)
            check(dis.beta_cdf(y, a, b), inside, 40)


@pytest.mark.spec("DIS-17", "DIS-20")
@given(
    x=st.floats(0, 100),
    r=shapes,
    p=st.one_of(st.floats(0, 0.99), st.floats(-300, -1).map(lambda e: 2.0**e)),
)
def test_of_negative_binomials(x: float, r: float, p: float) -> None:
    """A sum of masses up to x; also for a p next to 0, where 1 - p has lost its digits."""
    with mpmath.workdps(DIGITS):
        term = total = mpmath.exp(mpf(r) * mpmath.log1p(-mpf(p)))
        for k in range(1, math.floor(x) + 1):
            term *= (k - 1 + mpf(r)) * mpf(p) / k
            total += term
        check(dis.negative_binomial_cdf(x, r, p), total, 40)


@pytest.mark.spec("DIS-20")
def test_ends_of_the_support() -> None:
    assert dis.log_normal_cdf([-1, 0], 0, 1).tolist() == [0, 0]
    assert dis.logit_normal_cdf([-1, 0, 0.5, 1, 2], 0, 1).tolist() == [0, 0, 0.5, 1, 1]
    assert dis.gamma_cdf([-1, 0], 2, 1).tolist() == [0, 0]
    assert dis.beta_cdf([-1, 0, 0.5, 1, 2], 2, 2).tolist() == [0, 0, 0.5, 1, 1]
    assert dis.negative_binomial_cdf([-1, -0.5, 0, 0.9], 1, 0.25).tolist() == [
        0,
        0,
        0.75,
        0.75,
    ]
    assert dis.negative_binomial_cdf(0, 3, 0) == 1


@pytest.mark.spec("DIS-20")
def test_in_the_unit_interval_for_extreme_shapes() -> None:
    extreme = 2.0 ** np.array([-300, -100, -10, 0, 10, 49])
    a, b, x = np.meshgrid(extreme, extreme, np.append(extreme[extreme <= 2.0**49], [0, 0.5]))
    p = np.clip(b, 0, 1 - 2**-53)
    for cdf in (
        dis.gamma_cdf(x, a, b),
        dis.beta_cdf(x, a, b),
        dis.negative_binomial_cdf(x, a, p),
    ):
        assert ((cdf >= 0) & (cdf <= 1)).all()
