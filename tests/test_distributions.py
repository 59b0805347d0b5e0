"""DIS: closed forms against mpmath and against quadrature; divergences that behave as such."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mpf
from scipy.integrate import quad

from reference.errors import DistributionError
from reference.inference import distributions as dis
from reference.inference.distributions import remainders

DIGITS = 300
"""Of mpmath: enough for what cancels between gamma functions of 2**300."""

sizes = st.builds(
    math.ldexp, st.floats(1, 2), st.one_of(st.integers(-5, 5), st.integers(-300, 299))
)
places = st.one_of(
    st.just(0.0), st.builds(lambda s, x: s * x, st.sampled_from([-1, 1]), sizes)
)
units = st.one_of(st.sampled_from([0.0, 1.0, 5e-324, 1 - 2**-53]), st.floats(0, 1))
steps = st.builds(math.ldexp, st.floats(-1, 1), st.integers(-52, -1))


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[float, float]:
    """Positive numbers, often nearly equal, sometimes equal."""
    a = draw(sizes)
    return a, draw(st.one_of(sizes, steps.map(lambda s: a * (1 + s)), st.just(a)))


@st.composite
def two_places(draw: st.DrawFn) -> tuple[float, float]:
    mu = draw(places)
    return mu, draw(st.one_of(places, steps.map(lambda s: mu + s), st.just(mu)))


@st.composite
def two_units(draw: st.DrawFn) -> tuple[float, float]:
    q = draw(units)
    return q, draw(st.one_of(units, st.just(q), steps.map(lambda s: min(1.0, q * (1 + s)))))


# The clauses in mpmath: pairs of a term, and of what it counts in the bound of DIS-2

Terms = list[tuple[Any, Any]]


def plain(*terms: Any) -> Terms:
    return [(t, abs(t)) for t in terms]


def excess(y: Any, t: Any) -> Terms:
    value = y * (t - 1 - mpmath.log(t))
    return [(value, value + y * abs(t - 1))]


def stirling(a: Any) -> Any:
    return mpmath.loggamma(a) - (
        (a - mpf(1) / 2) * mpmath.log(a) - a + mpmath.log(2 * mpmath.pi) / 2
    )


def slope(a: Any) -> Any:
    return mpmath.log(a) - mpmath.digamma(a)


def shape(a: Any, c: Any) -> Terms:
    return plain(mpmath.log(a / c) / 2, stirling(c), -stirling(a), (c - a) * slope(a))


def half_log_tau() -> Any:
    return mpmath.log(2 * mpmath.pi) / 2


def normal_kl(mq: Any, sq: Any, mp: Any, sp: Any) -> Terms:
    return [*plain(((mq - mp) / sp) ** 2 / 2, (sq / sp - 1) ** 2 / 2), *excess(1, sq / sp)]


def normal_density(x: Any, mu: Any, sigma: Any) -> Terms:
    return plain(-(((x - mu) / sigma) ** 2) / 2, -mpmath.log(sigma), -half_log_tau())


def beta_entropy(a: Any, b: Any) -> Terms:
    c = a + b
    return plain(
        *(half_log_tau(), mpmath.log(a) / 2, mpmath.log(b) / 2, -3 * mpmath.log(c) / 2),
        *(stirling(a), stirling(b), -stirling(c)),
        *((a - 1) * slope(a), (b - 1) * slope(b), -(c - 2) * slope(c)),
    )


def beta_kl(aq: Any, bq: Any, ap: Any, bp: Any) -> Terms:
    def g(s: Any, t: Any) -> Terms:
        return [*excess(t, s / t), *shape(s, t)]

    whole = g(aq + bq, ap + bp)
    return [*g(aq, ap), *g(bq, bp), *((-v, size) for v, size in whole)]


def laplace_kl(mq: Any, sq: Any, mp: Any, sp: Any) -> Terms:
    d = abs(mq - mp) / sq
    return [*excess(1, sq / sp), *plain(sq / sp * (mpmath.exp(-d) - 1 + d))]


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


@pytest.mark.spec(*(f"DIS-{k}" for k in (2, 3, 4, 7, 8, 9, 10)))
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
        if math.isinf(found):
            assert mpmath.isinf(expect) or abs(expect) >= mpf(2) ** 1023
            assert (found > 0) == (expect > 0)
        else:
            assert abs(found - expect) <= (1 + size) * mpf(2) ** -46


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


@pytest.mark.spec("DIS-2")
@given(a=sizes, b=st.one_of(sizes, steps))
@example(a=8.0, b=0.5)
@example(a=math.nextafter(8.0, 0), b=math.nextafter(0.5, 0))
def test_remainders(a: float, b: float) -> None:
    """The four small differences of DIS-2."""
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
        ]
        for found, expect, size in pairs:
            assert abs(mpf(float(found)) - expect) <= mpf(2) ** -47 * size + mpf(2) ** -1000
    assert (remainders.rise_of_exp(d) > 0) == (d > 2.0**-500)


# Against quadrature, with the log densities of this chapter

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


@pytest.mark.spec("DIS-3", "DIS-7", "DIS-8")
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


@pytest.mark.spec("DIS-8")
def test_the_entropy_of_a_beta_is_at_most_that_of_the_uniform() -> None:
    """Also next to it, where rounding errors are larger than the entropy."""
    near = 1 + np.linspace(-1e-8, 1e-8, 101)
    assert (dis.beta_entropy(near[:, None], near) <= 0).all()


@pytest.mark.spec("DIS-4")
@given(mu=st.floats(-3, 3), sigma=st.floats(0.1, 10), x=st.floats(0.01, 100))
def test_log_normal_is_a_change_of_variable(mu: float, sigma: float, x: float) -> None:
    """Its log density is that of log x, less log x; so E[log x] = mu raises the entropy."""
    found = float(dis.log_normal_log_density(x, mu, sigma))
    normal = float(dis.normal_log_density(math.log(x), mu, sigma))
    assert found == pytest.approx(normal - math.log(x), rel=1e-12, abs=1e-10)
    h = float(dis.normal_entropy(sigma))
    assert float(dis.log_normal_entropy(mu, sigma)) == pytest.approx(mu + h, abs=1e-13)
    assert dis.log_normal_kl(mu, sigma, 0, 2) == dis.normal_kl(mu, sigma, 0, 2)


@pytest.mark.spec("DIS-4", "DIS-7", "DIS-8", "DIS-9", "DIS-10")
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


# Vectors


def random_covariance(rng: np.random.Generator, size: int, spread: float) -> Any:
    """With eigenvalues from 1 to `spread`, symmetric to the last bit."""
    basis, _ = np.linalg.qr(rng.normal(size=(size, size)))
    matrix = (basis * np.geomspace(1, spread, size)) @ basis.T
    return (matrix + matrix.T) / 2


@pytest.mark.spec("DIS-6")
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("spread", [1.0, 1e3, 1e8])
def test_multivariate_normal(size: int, spread: float) -> None:
    """Against the textbook's determinants and traces in mpmath."""
    rng = np.random.default_rng(size)
    for _ in range(3):
        mu_q, mu_p, x = rng.normal(size=(3, size))
        cq, cp = random_covariance(rng, size, spread), random_covariance(rng, size, spread)
        with mpmath.workdps(60):
            q, p = mpmath.matrix(cq.tolist()), mpmath.matrix(cp.tolist())
            d, e = (mpmath.matrix((x - mu_q).tolist()), mpmath.matrix((mu_q - mu_p).tolist()))
            inverse = p**-1
            trace = inverse * q
            log_dets = mpmath.log(mpmath.det(q)), mpmath.log(mpmath.det(p))
            square = (e.T * inverse * e)[0]
            tau = size * mpmath.log(2 * mpmath.pi)
            kl = (sum(trace[i, i] for i in range(size)) - size + square) / 2
            kl += (log_dets[1] - log_dets[0]) / 2
            expect = [
                -(d.T * q**-1 * d)[0] / 2 - log_dets[0] / 2 - tau / 2,
                (size + tau + log_dets[0]) / 2,
                kl,
            ]
            total = 1 + size * (3 + abs(mpmath.log(spread))) + sum(map(abs, expect))
            found = [
                dis.multivariate_normal_log_density(x, mu_q, cq),
                dis.multivariate_normal_entropy(cq),
                dis.multivariate_normal_kl(mu_q, cq, mu_p, cp),
            ]
            for a, b in zip(found, expect, strict=True):
                assert abs(mpf(float(a)) - b) <= mpf(2) ** -44 * size**2 * spread * total
        assert dis.multivariate_normal_kl(mu_q, cq, mu_q, cq) == 0


@pytest.mark.spec("DIS-5", "DIS-6", "DIS-11")
@given(data=st.data(), size=st.integers(1, 5))
def test_diagonal_is_full_and_the_sum_of_its_components(
    data: st.DataObject, size: int
) -> None:
    """Independent variables add up; a diagonal covariance is the diagonal distribution."""
    numbers = st.lists(st.floats(-3, 3), min_size=size, max_size=size)
    mu_q, mu_p, x = (np.array(data.draw(numbers)) for _ in range(3))
    sigma_q, sigma_p = (np.exp2(data.draw(numbers)) for _ in range(2))
    kl = dis.diagonal_normal_kl(mu_q, sigma_q, mu_p, sigma_p)
    h = dis.diagonal_normal_entropy(sigma_q)
    density = dis.diagonal_normal_log_density(x, mu_q, sigma_q)
    assert kl.shape == h.shape == density.shape == ()
    assert float(h) == pytest.approx(sum(map(float, dis.normal_entropy(sigma_q))), abs=1e-12)
    assert float(kl) == pytest.approx(
        sum(float(dis.normal_kl(*v)) for v in zip(mu_q, sigma_q, mu_p, sigma_p, strict=True)),
        rel=1e-13,
    )
    q, p = np.diag(sigma_q**2), np.diag(sigma_p**2)
    close = {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(dis.multivariate_normal_kl(mu_q, q, mu_p, p), kl, **close)
    np.testing.assert_allclose(dis.multivariate_normal_entropy(q), h, **close)
    np.testing.assert_allclose(
        dis.multivariate_normal_log_density(x, mu_q, q), density, **close
    )


@pytest.mark.spec("DIS-6", "DIS-11")
def test_divergence_is_the_same_in_other_coordinates() -> None:
    """Under x -> A x + b; and it adds up over independent blocks."""
    rng = np.random.default_rng(3)
    for size in (2, 4):
        mu_q, mu_p, b = rng.normal(size=(3, size))
        q, p = (random_covariance(rng, size, 50.0) for _ in range(2))
        a = rng.normal(size=(size, size)) + 3 * np.eye(size)
        kl = float(dis.multivariate_normal_kl(mu_q, q, mu_p, p))
        aq, ap = ((m + m.T) / 2 for m in (a @ q @ a.T, a @ p @ a.T))
        moved = dis.multivariate_normal_kl(a @ mu_q + b, aq, a @ mu_p + b, ap)
        assert float(moved) == pytest.approx(kl, rel=1e-9)
        zero = np.zeros((size, size))
        both = dis.multivariate_normal_kl(
            np.r_[mu_q, mu_p], np.block([[q, zero], [zero, p]]),
            np.r_[mu_p, mu_q], np.block([[p, zero], [zero, q]]),
        )  # fmt: skip
        back = float(dis.multivariate_normal_kl(mu_p, p, mu_q, q))
        assert float(both) == pytest.approx(kl + back, rel=1e-12)


@pytest.mark.spec("DIS-1", "DIS-5", "DIS-6", "DIS-10")
def test_broadcasting() -> None:
    """Batches are arrays of what each of their entries is."""
    rng = np.random.default_rng(4)
    mu, sigma = rng.normal(size=(4, 1, 3)), rng.uniform(0.5, 2, (2, 3))
    kl = dis.normal_kl(mu, sigma, 0, 1)
    assert kl.shape == (4, 2, 3)
    assert kl[3, 1, 2] == dis.normal_kl(mu[3, 0, 2], sigma[1, 2], 0, 1)
    assert (dis.diagonal_normal_kl(mu, sigma, 0, 1) == kl.sum(-1)).all()
    assert dis.gamma_kl([[1], [2]], [1, 2, 3], 1, 1).shape == (2, 3)
    assert dis.beta_entropy([[1], [2]], [1, 2, 3]).shape == (2, 3)
    covariance = np.stack([random_covariance(rng, 3, 9.0) for _ in range(2)])
    full = dis.multivariate_normal_kl(mu, covariance, np.zeros(3), np.eye(3))
    assert full.shape == (4, 2)
    alone = dis.multivariate_normal_kl(mu[3, 0], covariance[1], np.zeros(3), np.eye(3))
    assert full[3, 1] == pytest.approx(float(alone), rel=1e-13)
    assert dis.multivariate_normal_entropy(covariance).shape == (2,)
    assert dis.multivariate_normal_log_density(mu, [0, 0, 0], covariance).shape == (4, 2)
    p = rng.dirichlet(np.ones(3), (4, 1))
    assert dis.categorical_kl(p, rng.dirichlet(np.ones(3), 2)).shape == (4, 2)
    assert dis.bernoulli_kl([[0.5], [0.1]], [0.5, 0.2, 0.3]).shape == (2, 3)


# Discrete


def x_log(x: Any, y: Any) -> Any:
    return mpf(0) if x == 0 else -mpmath.inf if y == 0 else x * mpmath.log(y)


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


# Divergences


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


# Rejections

POSITIVE = [0, -1.0, math.nan, math.inf, 1j, "1", None, [[1], [1, 2]]]
FINITE = [math.nan, math.inf, -math.inf, 1j, "1", None]
UNIT = [-5e-324, 1 + 2**-52, math.nan, math.inf, "1"]


@pytest.mark.spec("DIS-1")
@pytest.mark.parametrize("bad", POSITIVE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda v: dis.normal_log_density(0, 0, v),
        lambda v: dis.normal_entropy(v),
        lambda v: dis.normal_kl(0, v, 0, 1),
        lambda v: dis.normal_kl(0, 1, 0, v),
        lambda v: dis.normal_cross_entropy(0, v, 0, 1),
        lambda v: dis.normal_cross_entropy(0, 1, 0, v),
        lambda v: dis.log_normal_log_density(1, 0, v),
        lambda v: dis.log_normal_log_density(-1, 0, v),
        lambda v: dis.log_normal_entropy(0, v),
        lambda v: dis.log_normal_kl(0, v, 0, 1),
        lambda v: dis.diagonal_normal_kl([0, 0], v, 0, 1),
        lambda v: dis.diagonal_normal_entropy([1, v]),
        lambda v: dis.gamma_log_density(1, v, 1),
        lambda v: dis.gamma_log_density(1, 1, v),
        lambda v: dis.gamma_entropy(v, 1),
        lambda v: dis.gamma_entropy(1, v),
        lambda v: dis.gamma_kl(v, 1, 1, 1),
        lambda v: dis.gamma_kl(1, v, 1, 1),
        lambda v: dis.gamma_kl(1, 1, v, 1),
        lambda v: dis.gamma_kl(1, 1, 1, v),
        lambda v: dis.beta_log_density(0.5, v, 1),
        lambda v: dis.beta_log_density(0.5, 1, v),
        lambda v: dis.beta_entropy(v, 1),
        lambda v: dis.beta_entropy(1, v),
        lambda v: dis.beta_kl(v, 1, 1, 1),
        lambda v: dis.beta_kl(1, v, 1, 1),
        lambda v: dis.beta_kl(1, 1, v, 1),
        lambda v: dis.beta_kl(1, 1, 1, v),
        lambda v: dis.laplace_log_density(0, 0, v),
        lambda v: dis.laplace_entropy(v),
        lambda v: dis.laplace_kl(0, v, 0, 1),
        lambda v: dis.laplace_kl(0, 1, 0, v),
        lambda v: dis.multivariate_normal_entropy([[v]]),
    ],
    ids=range(33),
)
def test_rejects_what_is_not_positive(call: Callable[[Any], object], bad: Any) -> None:
    with pytest.raises(DistributionError):
        call(bad)


@pytest.mark.spec("DIS-1")
@pytest.mark.parametrize("bad", FINITE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda v: dis.normal_log_density(v, 0, 1),
        lambda v: dis.normal_log_density(0, v, 1),
        lambda v: dis.normal_kl(v, 1, 0, 1),
        lambda v: dis.normal_kl(0, 1, v, 1),
        lambda v: dis.normal_cross_entropy(v, 1, 0, 1),
        lambda v: dis.normal_cross_entropy(0, 1, v, 1),
        lambda v: dis.log_normal_log_density(v, 0, 1),
        lambda v: dis.log_normal_entropy(v, 1),
        lambda v: dis.gamma_log_density(v, 1, 1),
        lambda v: dis.beta_log_density(v, 1, 1),
        lambda v: dis.laplace_log_density(v, 0, 1),
        lambda v: dis.laplace_log_density(0, v, 1),
        lambda v: dis.laplace_kl(v, 1, 0, 1),
        lambda v: dis.laplace_kl(0, 1, v, 1),
        lambda v: dis.multivariate_normal_log_density([v, 0], [0, 0], np.eye(2)),
        lambda v: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, v], np.eye(2)),
        lambda v: dis.multivariate_normal_entropy([[1, v], [v, 4]]),
    ],
    ids=range(17),
)
def test_rejects_what_is_not_finite(call: Callable[[Any], object], bad: Any) -> None:
    with pytest.raises(DistributionError):
        call(bad)


@pytest.mark.spec("DIS-1", "DIS-10")
@pytest.mark.parametrize("bad", UNIT, ids=repr)
def test_rejects_what_is_no_probability(bad: Any) -> None:
    for call in (
        lambda: dis.bernoulli_entropy(bad),
        lambda: dis.bernoulli_kl(bad, 0.5),
        lambda: dis.bernoulli_kl(0.5, bad),
        lambda: dis.bernoulli_cross_entropy(bad, 0.5),
        lambda: dis.bernoulli_cross_entropy(0.5, bad),
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


@pytest.mark.spec("DIS-1", "DIS-5", "DIS-6", "DIS-10")
@pytest.mark.parametrize(
    "call",
    [
        lambda: dis.normal_kl([0, 0], 1, [0, 0, 0], 1),
        lambda: dis.normal_entropy(True),
        lambda: dis.gamma_entropy([1, 2], [1, 2, 3]),
        lambda: dis.diagonal_normal_entropy(1),
        lambda: dis.diagonal_normal_kl(0, 1, 0, 1),
        lambda: dis.diagonal_normal_log_density(0, 0, 1),
        lambda: dis.categorical_kl([0.5, 0.5], [1.0]),
        lambda: dis.categorical_kl([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 3),
        lambda: dis.multivariate_normal_entropy(1),
        lambda: dis.multivariate_normal_entropy([1, 2]),
        lambda: dis.multivariate_normal_entropy(np.ones((2, 3))),
        lambda: dis.multivariate_normal_entropy(np.ones((0, 0))),
        lambda: dis.multivariate_normal_entropy([[1, 0.5], [0.4, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 2**-39], [0, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 2], [2, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 1], [1, 1]]),
        lambda: dis.multivariate_normal_entropy([[-1, 0], [0, 1]]),
        lambda: dis.multivariate_normal_log_density([0], [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_log_density(0, [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_kl([0], np.eye(1), [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, 0], np.eye(1)),
        lambda: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, 0], -np.eye(2)),
    ],
    ids=range(22),
)
def test_rejects_shapes_and_matrices(call: Callable[[], object]) -> None:
    with pytest.raises(DistributionError):
        call()


@pytest.mark.spec("DIS-6")
def test_accepts_a_covariance_symmetric_within_rounding() -> None:
    h = dis.multivariate_normal_entropy([[1, 2**-41], [0, 1]])
    assert float(h) == pytest.approx(2 * float(dis.normal_entropy(1)), abs=1e-12)
