"""DIS: closed forms against mpmath, within the bound of DIS-2, and against known answers."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mpf

from reference.inference import distributions as dis
from reference.inference.distributions import remainders
from tests.closed_forms import (
    DIGITS,
    Terms,
    beta_binomial_mass,
    beta_entropy,
    beta_kl,
    discretised_logistic_mass,
    excess,
    half_log_tau,
    laplace_kl,
    logistic_density,
    negative_binomial_mass,
    normal_density,
    normal_kl,
    outcomes_of_counts,
    outcomes_of_levels,
    outcomes_of_trials,
    places,
    plain,
    shape,
    sizes,
    slope,
    steps,
    stirling,
    two_places,
    two_sizes,
    two_units,
    units,
    x_log,
)

# Name, function, clause in mpmath, and its arguments: a size, a place, or two of either
FORMS: list[
    tuple[str, Callable[..., Any], Callable[..., Terms], list[st.SearchStrategy[Any]]]
] = [
    ("normal log density", dis.normal_log_density, normal_density, [two_places(), sizes]),
    (
        "normal entropy",
        dis.normal_entropy,
        lambda s: plain(mpf(1) / 2, half_log_tau(), mpmath.log(s)),
        [sizes],
    ),
    (
        "normal cross entropy",
        lambda mq, mp, sq, sp: dis.normal_cross_entropy(mq, sq, mp, sp),
        lambda mq, mp, sq, sp: plain(
            (sq / sp) ** 2 / 2, ((mq - mp) / sp) ** 2 / 2, half_log_tau(), mpmath.log(sp)
        ),
        [two_places(), two_sizes()],
    ),
    (
        "normal KL",
        lambda mq, mp, sq, sp: dis.normal_kl(mq, sq, mp, sp),
        lambda mq, mp, sq, sp: normal_kl(mq, sq, mp, sp),
        [two_places(), two_sizes()],
    ),
    (
        "log-normal entropy",
        dis.log_normal_entropy,
        lambda mu, s: plain(mu, mpf(1) / 2, half_log_tau(), mpmath.log(s)),
        [places, sizes],
    ),
    (
        "gamma log density",
        dis.gamma_log_density,
        lambda x, a, b: plain(
            a * mpmath.log(b), -mpmath.loggamma(a), (a - 1) * mpmath.log(x), -b * x
        ),
        [sizes, sizes, sizes],
    ),
    (
        "gamma entropy",
        dis.gamma_entropy,
        lambda a, b: plain(
            half_log_tau(), mpmath.log(a) / 2, -mpmath.log(b), stirling(a), (a - 1) * slope(a)
        ),
        [sizes, sizes],
    ),
    (
        "gamma KL",
        lambda aq, ap, bq, bp: dis.gamma_kl(aq, bq, ap, bp),
        lambda aq, ap, bq, bp: [*excess(ap, aq * bp / (ap * bq)), *shape(aq, ap)],
        [two_sizes(), two_sizes()],
    ),
    (
        "beta log density",
        dis.beta_log_density,
        lambda x, a, b: plain(
            *((a - 1) * mpmath.log(x), (b - 1) * mpmath.log(1 - x)),
            *(-mpmath.loggamma(a), -mpmath.loggamma(b), mpmath.loggamma(a + b)),
        ),
        [st.floats(0.0, 1.0, exclude_min=True, exclude_max=True), sizes, sizes],
    ),
    ("beta entropy", dis.beta_entropy, beta_entropy, [sizes, sizes]),
    (
        "beta KL",
        lambda aq, ap, bq, bp: dis.beta_kl(aq, bq, ap, bp),
        lambda aq, ap, bq, bp: beta_kl(aq, bq, ap, bp),
        [two_sizes(), two_sizes()],
    ),
    (
        "Laplace log density",
        lambda x, mu, s: dis.laplace_log_density(x, mu, s),
        lambda x, mu, s: plain(-abs(x - mu) / s, -mpmath.log(2), -mpmath.log(s)),
        [two_places(), sizes],
    ),
    (
        "Laplace entropy",
        dis.laplace_entropy,
        lambda s: plain(mpf(1), mpmath.log(2), mpmath.log(s)),
        [sizes],
    ),
    (
        "Laplace KL",
        lambda mq, mp, sq, sp: dis.laplace_kl(mq, sq, mp, sp),
        lambda mq, mp, sq, sp: laplace_kl(mq, sq, mp, sp),
        [two_places(), two_sizes()],
    ),
    (
        "logistic log density",
        dis.logistic_log_density,
        logistic_density,
        [two_places(), sizes],
    ),
    (
        "logistic entropy",
        dis.logistic_entropy,
        lambda s: plain(mpf(2), mpmath.log(s)),
        [sizes],
    ),
    (
        "discretised logistic log mass",
        dis.discretised_logistic_log_mass,
        discretised_logistic_mass,
        [outcomes_of_levels()],
    ),
    (
        "negative binomial log mass",
        dis.negative_binomial_log_mass,
        negative_binomial_mass,
        [outcomes_of_counts()],
    ),
    (
        "beta-binomial log mass",
        dis.beta_binomial_log_mass,
        beta_binomial_mass,
        [outcomes_of_trials()],
    ),
    (
        "Bernoulli log mass of a 1",
        lambda p: dis.bernoulli_log_mass(1, p),
        lambda p: plain(mpmath.log(p)),
        [st.floats(0, 1, exclude_min=True)],
    ),
    (
        "Bernoulli log mass of a 0",
        lambda p: dis.bernoulli_log_mass(0, p),
        lambda p: plain(mpmath.log1p(-p)),
        [st.floats(0, 1, exclude_max=True)],
    ),
    (
        "Bernoulli entropy",
        dis.bernoulli_entropy,
        lambda p: plain(-x_log(p, p), -x_log(1 - p, 1 - p)),
        [units],
    ),
    (
        "Bernoulli cross entropy",
        dis.bernoulli_cross_entropy,
        lambda q, p: plain(-x_log(q, p), -x_log(1 - q, 1 - p)),
        [two_units()],
    ),
    (
        "Bernoulli KL",
        dis.bernoulli_kl,
        lambda q, p: plain(
            *(x_log(q, q), -x_log(q, p), x_log(1 - q, 1 - q), -x_log(1 - q, 1 - p))
        ),
        [two_units()],
    ),
]


@pytest.mark.spec(*(f"DIS-{k}" for k in (2, 3, 4, 7, 8, 9, 10, 13, 15, 16, 17, 18)))
@pytest.mark.parametrize(
    ("function", "form", "kinds"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS]
)
@given(data=st.data())
def test_closed_forms(
    function: Callable[..., Any],
    form: Callable[..., Terms],
    kinds: list[st.SearchStrategy[Any]],
    data: st.DataObject,
) -> None:
    """Within ``2**-46 * (1 + S)`` of mpmath, from ``2**-300`` to ``2**300``; never a NaN."""
    drawn = [data.draw(kind) for kind in kinds]
    numbers = [x for d in drawn for x in (d if isinstance(d, tuple) else (d,))]
    found = float(function(*numbers))
    with mpmath.workdps(DIGITS):
        terms = form(*map(mpf, numbers))
        expect, size = (mpmath.fsum(x) for x in zip(*terms, strict=True))
        if mpmath.isinf(expect):
            assert found == expect
            return
        assert mpmath.isfinite(size)
        if math.isinf(found):
            assert abs(expect) >= mpf(2) ** 1023
            assert (found > 0) == (expect > 0)
        else:
            assert abs(found - expect) <= (1 + size) * mpf(2) ** -46


@pytest.mark.spec("DIS-2")
@given(a=sizes, b=st.one_of(sizes, steps))
@example(a=8.0, b=0.5)
@example(a=math.nextafter(8.0, 0), b=math.nextafter(0.5, 0))
def test_remainders(a: float, b: float) -> None:
    """Three of the small differences of DIS-2; the rise on either side of 0."""
    x, d = np.float64(a), np.float64(abs(b))
    with mpmath.workdps(DIGITS):
        pairs = [
            (remainders.stirling_remainder(x), stirling(mpf(a)), 1 + abs(stirling(mpf(a)))),
            (remainders.log_minus_digamma(x), slope(mpf(a)), float(slope(mpf(a)))),
            (
                remainders.rise_of_exp(d),
                mpmath.expm1(-mpf(d)) + mpf(d),
                float(d * min(d, 1.0)),
            ),
            (
                remainders.rise_of_exp(-np.minimum(d, 1)),
                mpmath.expm1(mpf(min(d, 1.0))) - mpf(min(d, 1.0)),
                float(min(d, 1.0) ** 2),
            ),
        ]
        for found, expect, size in pairs:
            assert abs(mpf(float(found)) - expect) <= mpf(2) ** -47 * size + mpf(2) ** -1000
    assert remainders.rise_of_exp(d) > 0 or d < 2.0**-500
    assert remainders.rise_of_exp(np.float64(0)) == 0


@pytest.mark.spec("DIS-8")
def test_the_density_of_a_beta_with_large_shapes() -> None:
    """Where scipy's log B is infinite, but -a (1 + log(b / a)) in all but ``2**-19`` of a."""
    a, b = 2.0**256, 2.0**276
    found = float(dis.beta_log_density(0.5, a, b))
    assert found == pytest.approx(
        -(a + b) * math.log(2) + a * (1 + math.log(b / a)), rel=1e-11
    )
    assert float(dis.beta_log_density(1, 1e15, 1)) == pytest.approx(math.log(1e15), rel=1e-14)


@pytest.mark.spec("DIS-8")
def test_the_entropy_of_a_beta_is_at_most_that_of_the_uniform() -> None:
    """Also next to it, where rounding errors are larger than the entropy."""
    near = 1 + np.linspace(-1e-8, 1e-8, 101)
    assert (dis.beta_entropy(near[:, None], near) <= 0).all()


@pytest.mark.spec("DIS-4", "DIS-7", "DIS-8", "DIS-9", "DIS-10", "DIS-14", "DIS-15")
def test_known_answers() -> None:
    """By hand; the fourth is the trap of a log variance taken for a log deviation."""
    log_2 = math.log(2)
    assert float(dis.normal_kl(1, 1, 0, 1)) == 0.5
    assert float(dis.normal_kl(0, 2, 0, 1)) == pytest.approx(1.5 - log_2, abs=1e-15)
    assert float(dis.normal_kl(0, 1, 0, 2)) == pytest.approx(log_2 - 0.375, abs=1e-15)
    assert float(dis.normal_entropy(1)) == pytest.approx(1.4189385332046727, abs=1e-15)
    assert float(dis.gamma_kl(1, 2, 1, 1)) == pytest.approx(log_2 - 0.5, abs=1e-15)
    assert float(dis.gamma_entropy(1, 1)) == pytest.approx(1, abs=1e-14)
    assert float(dis.gamma_kl(2, 1, 1, 1)) == pytest.approx(1 - 0.5772156649015329, abs=1e-14)
    assert float(dis.beta_entropy(1, 1)) == pytest.approx(0, abs=1e-13)
    assert float(dis.beta_kl(2, 1, 1, 1)) == pytest.approx(log_2 - 0.5, abs=1e-14)
    assert float(dis.laplace_entropy(0.5)) == pytest.approx(1, abs=1e-15)
    assert float(dis.laplace_kl(1, 1, 0, 1)) == pytest.approx(math.exp(-1), abs=1e-15)
    assert float(dis.bernoulli_entropy(0.5)) == log_2
    assert float(dis.bernoulli_kl(1, 0.9)) == pytest.approx(-math.log(0.9), abs=1e-15)
    assert float(dis.categorical_entropy([0.5, 0.25, 0.25])) == 1.5 * log_2
    assert float(dis.categorical_kl([0.5, 0.5], [0.75, 0.25])) == pytest.approx(
        math.log(4 / 3) / 2, abs=1e-15
    )
    assert float(dis.logistic_log_density(0, 0, 1)) == pytest.approx(-2 * log_2, abs=1e-15)
    assert dis.logistic_log_density([-1e6, 1e6], 0, 1).tolist() == [-1e6, -1e6]
    assert float(dis.logistic_entropy(1)) == 2
    assert float(dis.logit_normal_kl(1, 1, 0, 1)) == 0.5
