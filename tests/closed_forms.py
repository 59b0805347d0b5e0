"""The closed forms of DIS in mpmath, and the numbers to try them on."""

import math
from typing import Any

import mpmath
import numpy as np
from hypothesis import strategies as st
from mpmath import mpf

DIGITS = 300
"""Of mpmath: enough for what cancels between gamma functions of 2**300."""

sizes = st.builds(
    math.ldexp, st.floats(1, 2), st.one_of(st.integers(-5, 5), st.integers(-300, 299))
)
places = st.one_of(
    st.just(0.0), st.builds(lambda s, x: s * x, st.sampled_from([-1, 1]), sizes)
)
units = st.one_of(st.sampled_from([0.0, 1.0, 5e-324, 1 - 2**-53]), st.floats(0, 1))
proper = st.one_of(
    st.floats(5e-324, 1 - 2**-53),
    st.floats(-744, -1).map(math.exp),
    st.builds(lambda u, e: 0.5 + math.ldexp(u, e), st.floats(-1, 1), st.integers(-50, -2)),
)
"""Between 0 and 1; often next to 0, and to 1/2, where the logit is small."""
steps = st.builds(math.ldexp, st.floats(-1, 1), st.integers(-52, -1))


wholes = st.one_of(
    st.integers(0, 10),
    st.builds(lambda e, u: int(2**e * u), st.integers(1, 51), st.floats(0.5, 1)),
)
some = st.builds(
    math.ldexp, st.floats(1, 2), st.one_of(st.integers(-5, 5), st.integers(-300, 50))
)
"""As `sizes`, up to ``2**51``."""


@st.composite
def outcomes_of_counts(draw: st.DrawFn) -> tuple[int, float, float]:
    """Of a negative binomial: a count, its r, and a p, often next to its mean."""
    x, r = draw(wholes), draw(some)
    near = st.floats(0.9, 1.1).map(lambda u: min(u * x / (x + r), 1 - 2**-53))
    far = st.one_of(
        st.just(1 - 2**-53), st.builds(math.ldexp, st.floats(0.5, 1), st.integers(-299, -1))
    )
    return x, r, draw(st.one_of(near, far, st.floats(2**-300, 1 - 2**-53)))


@st.composite
def outcomes_of_trials(draw: st.DrawFn) -> tuple[int, int, float, float]:
    """Of a beta-binomial: a count, the trials, and shapes, often next to its mean."""
    n = draw(wholes)
    x = draw(st.integers(0, n))
    around = st.floats(-4, 4).map(lambda e: 2.0**e)
    a = draw(st.one_of(some, around.map(lambda u: (x + 0.5) * u / 32)))
    return x, n, a, draw(st.one_of(some, around.map(lambda u: (n - x + 0.5) * u / 32)))


@st.composite
def outcomes_of_levels(draw: st.DrawFn) -> tuple[int, float, float, int]:
    """Of a discretised logistic: a level, location and scale, and the number of levels."""
    levels = draw(wholes) + 1
    x = draw(st.one_of(st.just(0), st.just(levels - 1), st.integers(0, levels - 1)))
    mu = draw(st.one_of(places, st.floats(-3, 3).map(lambda d: x + d)))
    return x, mu, draw(sizes), levels


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


def random_covariance(rng: np.random.Generator, size: int, spread: float) -> Any:
    """With eigenvalues from 1 to `spread`, symmetric to the last bit."""
    basis, _ = np.linalg.qr(rng.normal(size=(size, size)))
    matrix = (basis * np.geomspace(1, spread, size)) @ basis.T
    return (matrix + matrix.T) / 2


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


def log_sigmoid(t: Any) -> Any:
    return min(t, 0) - mpmath.log1p(mpmath.exp(-abs(t)))


def logistic_density(x: Any, mu: Any, scale: Any) -> Terms:
    t = (x - mu) / scale
    return plain(log_sigmoid(t), log_sigmoid(-t), -mpmath.log(scale))


def discretised_logistic_mass(x: Any, mu: Any, scale: Any, levels: Any) -> Terms:
    terms, half = [], mpf(1) / 2
    if x < levels - 1:
        terms.append(log_sigmoid((x + half - mu) / scale))
    if x > 0:
        terms.append(log_sigmoid(-(x - half - mu) / scale))
    if 0 < x < levels - 1:
        terms.append(mpmath.log(-mpmath.expm1(-1 / scale)))
    return plain(mpf(0), *terms)


def negative_binomial_mass(x: Any, r: Any, p: Any) -> Terms:
    if x == 0:
        return plain(r * mpmath.log1p(-p))
    n = x + r
    logs = [mpmath.log(r) / 2, -mpmath.log(x) / 2, -mpmath.log(n) / 2, -half_log_tau()]
    deviances = [*excess(x, n * p / x), *excess(r, n * (1 - p) / r)]
    return [
        *plain(*logs, stirling(n), -stirling(x), -stirling(r)),
        *((-value, size) for value, size in deviances),
    ]


def beta_binomial_mass(x: Any, n: Any, a: Any, b: Any) -> Terms:
    p = n / (n + a + b)
    whole = negative_binomial_mass(n, a + b, p)
    return [
        *negative_binomial_mass(x, a, p),
        *negative_binomial_mass(n - x, b, p),
        *((-value, size) for value, size in whole),
    ]


def x_log(x: Any, y: Any) -> Any:
    return mpf(0) if x == 0 else -mpmath.inf if y == 0 else x * mpmath.log(y)
