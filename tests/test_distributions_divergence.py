"""DIS: divergences are 0 between equals, never negative, and positive however close."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mpf

from reference.inference import distributions as dis
from tests.closed_forms import DIGITS, laplace_kl, normal_kl, two_places, two_sizes


@pytest.mark.spec("DIS-4", "DIS-9", "DIS-11")
@given(mu=two_places(), s=two_sizes())
@example(mu=(0.0, 0.0), s=(1.0, 1 + 2**-52))
@example(mu=(2.0**-30, 0.0), s=(1.0, 1.0))
def test_the_divergence_of_neighbours_keeps_its_digits(
    mu: tuple[float, float], s: tuple[float, float]
) -> None:
    """Of normal and Laplace distributions, to a relative ``2**-48``, however close."""
    for function, form in ((dis.normal_kl, normal_kl), (dis.laplace_kl, laplace_kl)):
        found = float(function(mu[0], s[0], mu[1], s[1]))
        with mpmath.workdps(DIGITS):
            terms = form(mpf(mu[0]), mpf(s[0]), mpf(mu[1]), mpf(s[1]))
            expect = mpmath.fsum(value for value, _ in terms)
            if math.isfinite(found):
                assert abs(found - expect) <= expect * mpf(2) ** -48 + mpf(2) ** -1000
        same = s[0] == s[1] and mu[0] == mu[1]
        assert (found == 0) == same or abs(mu[0] - mu[1]) < 2.0**-400 * max(s)


@pytest.mark.spec("DIS-11")
@given(
    a=st.floats(2**-4, 2**10),
    b=st.floats(2**-4, 2**10),
    sign=st.sampled_from([-1, 1]),
    far=st.sampled_from([2**-15.9, 0.01, 0.5]),
)
def test_a_divergence_is_positive_beyond_the_stated_distance(
    a: float, b: float, sign: int, far: float
) -> None:
    """One parameter moved by ``2**-16`` of itself, or of the deviation; equal ones give 0."""
    moved = 1 + sign * far
    assert dis.normal_kl(a + sign * far * b, b, a, b) > 0
    assert dis.normal_kl(a, b * moved, a, b) > 0
    assert dis.laplace_kl(a + sign * far * b, b, a, b) > 0
    assert dis.laplace_kl(a, b * moved, a, b) > 0
    a, b, up, right = (min(max(v, 2**-4), 2**10) for v in (a, b, a * moved, b * moved))
    for kl in (dis.gamma_kl, dis.beta_kl):
        assert kl(a, b, a, b) == 0
        if abs(up - a) > 2**-16 * a:
            assert kl(up, b, a, b) > 0
        if abs(right - b) > 2**-16 * b:
            assert kl(a, right, a, b) > 0
    p = min(a, 1.0)
    for q in (p + far, p - far):
        if 0 <= q <= 1:
            assert dis.bernoulli_kl(q, p) > 0
            assert dis.categorical_kl([q, 1 - q], [p, 1 - p]) > 0


@pytest.mark.spec("DIS-11")
@given(a=two_sizes(), b=two_sizes(), mu=two_places())
def test_a_divergence_is_never_negative(
    a: tuple[float, float], b: tuple[float, float], mu: tuple[float, float]
) -> None:
    """And 0 between equal ones, for any parameters, not only those of DIS-2."""
    for kl, q, p in (
        (dis.normal_kl, (mu[0], a[0]), (mu[1], a[1])),
        (dis.laplace_kl, (mu[0], a[0]), (mu[1], a[1])),
        (dis.log_normal_kl, (mu[0], a[0]), (mu[1], a[1])),
        (dis.gamma_kl, (a[0], b[0]), (a[1], b[1])),
        (dis.beta_kl, (a[0], b[0]), (a[1], b[1])),
    ):
        assert kl(*q, *p) >= 0
        assert kl(*q, *q) == 0
    s = np.array([a[0], b[0]]), np.array([a[1], b[1]])
    assert dis.diagonal_normal_kl(mu, s[0], mu, s[1]) >= 0
