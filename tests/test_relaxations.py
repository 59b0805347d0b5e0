"""CON-1 to CON-9 hold for `reference.inference.relaxations`."""

import math
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import quad
from scipy.special import expit, logsumexp

from reference.errors import DistributionError
from reference.inference.relaxations import (
    binary_concrete_log_density,
    binary_concrete_logit,
    binary_concrete_logit_log_density,
    concrete_log_density,
    concrete_log_sample,
    exp_concrete_log_density,
    gumbel,
    gumbel_max,
)

uniforms = st.one_of(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.sampled_from([5e-324, 1e-300, 2.0**-53, 0.5, 1 - 2.0**-53]),
)
temperatures = st.sampled_from([1e-3, 0.05, 0.5, 2 / 3, 1.0, 4.0])
weights = hnp.arrays(
    np.float64, st.integers(1, 5), elements=st.floats(-30, 30).map(lambda v: round(v, 3))
)


def noise_for(log_alpha: np.ndarray) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, log_alpha.shape, elements=uniforms)


@pytest.mark.spec("CON-1")
@given(uniforms)
def test_gumbel(u) -> None:
    with mpmath.workdps(40):
        exact = float(-mpmath.log(-mpmath.log(mpmath.mpf(u))))
    assert abs(float(gumbel(u)) - exact) <= 2.0**-50 * (1 + abs(exact))


@pytest.mark.spec("CON-1")
@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf, "a"])
def test_noise_out_of_range(u) -> None:
    for sample in (
        lambda: gumbel(u),
        lambda: gumbel_max([0.0, 1.0], [0.5, u]),
        lambda: concrete_log_sample([0.0, 1.0], 0.5, [0.5, u]),
        lambda: binary_concrete_logit(0.0, 0.5, u),
    ):
        with pytest.raises(DistributionError):
            sample()


@pytest.mark.spec("CON-2")
@pytest.mark.parametrize("log_alpha", [[0.0, 0.0], [1.0, -0.5], [-2.0, 0.3, 1.0]])
def test_probabilities_of_gumbel_max(log_alpha) -> None:
    """The share of a grid of midpoints that falls to each outcome, up to its boundary."""
    n, cells = len(log_alpha), 1000 if len(log_alpha) == 2 else 100
    u = (np.arange(cells) + 0.5) / cells
    grid = np.stack(np.meshgrid(*[u] * n, indexing="ij"), axis=-1)
    chosen = gumbel_max(log_alpha, grid)
    share = np.bincount(chosen.ravel(), minlength=n) / chosen.size
    # A column of cells along one axis is cut once by the boundary of an outcome.
    assert np.abs(share - np.exp(log_alpha - logsumexp(log_alpha))).max() <= n / cells


@pytest.mark.spec("CON-2")
def test_gumbel_max_by_hand() -> None:
    """Equal noise leaves the largest weight; the first one of equals; axes in front stay."""
    assert gumbel_max([1.0, 3.0, 3.0], 0.5) == 1
    assert gumbel_max([0.0, 0.0], [0.2, 0.3]) == 1
    assert gumbel_max([0.0, 0.0], np.full((4, 3, 2), 0.5)).shape == (4, 3)


@pytest.mark.spec("CON-3", "CON-7", "CON-8")
@given(weights, temperatures, st.data())
def test_samples(log_alpha, t, data) -> None:
    """On the simplex, by the formula in 40 digits, nearest to the corner that CON-2 draws."""
    u = data.draw(noise_for(log_alpha))
    log_x = concrete_log_sample(log_alpha, t, u)
    with mpmath.workdps(60):
        y = [
            (mpmath.mpf(a) - mpmath.log(-mpmath.log(mpmath.mpf(v)))) / mpmath.mpf(t)
            for a, v in zip(log_alpha, u, strict=True)
        ]
        total = mpmath.log(mpmath.fsum(mpmath.exp(v - max(y)) for v in y)) + max(y)
        largest = float(max(map(abs, y)))
        for k, v in enumerate(y):
            assert abs(float(v - total) - log_x[k]) <= 2.0**-46 * (1 + largest)
    z = log_alpha + gumbel(u)
    gaps = np.sort(z)[::-1]
    if len(z) == 1 or gaps[0] - gaps[1] > 1e-9 * (1 + abs(z).max()):
        k = gumbel_max(log_alpha, u)
        assert np.argmax(log_x) == k
        if len(z) > 1:
            bound = (len(z) - 1) * math.exp(-(gaps[0] - gaps[1]) / t)
            assert -np.expm1(log_x[k]) <= bound * (1 + 2.0**-40) + 2.0**-46


@pytest.mark.spec("CON-4")
@pytest.mark.parametrize(
    ("alpha", "t"), [((1, 2, 0.5), 0.7), ((1, 1, 1), 0.4), ((3, 1, 0.2), 2)]
)
def test_concrete_density_integrates_to_one(alpha, t) -> None:
    """Over ``log(x_1 / x_3)`` and ``log(x_2 / x_3)``, by the trapezoidal rule.

    There ``dx_1 dx_2`` is ``x_1 x_2 x_3`` times the new area, so the density is that of log x.
    """
    step, z = 0.4, np.arange(-40 / t, 40 / t, 0.4)
    logits = np.stack(np.broadcast_arrays(z[:, None], z[None, :], 0.0), axis=-1)
    log_x = logits - logsumexp(logits, axis=-1, keepdims=True)
    total = np.exp(exp_concrete_log_density(log_x, np.log(alpha), t)).sum() * step**2
    assert abs(total - 1) < 1e-9


@pytest.mark.spec("CON-4")
def test_density_of_samples_by_change_of_variables() -> None:
    """The density of x is 1 over the derivative of x in the noise."""
    log_alpha, t = np.array([0.3, -1.0]), 0.6
    for u in (0.07, 0.4, 0.93):
        # Of two outcomes, only the difference of their Gumbels counts: a logistic variable.
        y = (log_alpha[0] - log_alpha[1] + math.log(u / (1 - u))) / t
        log_x = np.array([-np.logaddexp(0, -y), -np.logaddexp(0, y)])
        step = 1e-6
        slope = (
            expit((log_alpha[0] - log_alpha[1] + math.log((u + step) / (1 - u - step))) / t)
            - expit((log_alpha[0] - log_alpha[1] + math.log((u - step) / (1 - u + step))) / t)
        ) / (2 * step)
        assert abs(float(concrete_log_density(log_x, log_alpha, t)) + math.log(slope)) < 1e-8


@pytest.mark.spec("CON-4")
@given(weights, temperatures, st.data())
def test_densities_at_samples(log_alpha, t, data) -> None:
    """Both densities against 60 digits, also where coordinates underflow."""
    log_x = concrete_log_sample(log_alpha, t, data.draw(noise_for(log_alpha)))
    with mpmath.workdps(60):
        x, a, s = [list(map(mpmath.mpf, v)) for v in (log_x, log_alpha, [t])]
        terms = [c - s[0] * d for c, d in zip(a, x, strict=True)]
        top, n = max(terms), len(x)
        parts = [
            mpmath.log(mpmath.factorial(n - 1)),
            (n - 1) * mpmath.log(s[0]),
            *a,
            *(-s[0] * d for d in x),
            -n * (top + mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in terms))),
        ]
        size = float(mpmath.fsum(map(abs, parts)))
        exact = mpmath.fsum(parts)
        shift = mpmath.fsum(x)
        found = float(exp_concrete_log_density(log_x, log_alpha, t))
        assert abs(found - float(exact)) <= 2.0**-46 * size
        found = float(concrete_log_density(log_x, log_alpha, t))
        size += float(mpmath.fsum(map(abs, x)))
        assert abs(found - float(exact - shift)) <= 2.0**-46 * size


@pytest.mark.spec("CON-5", "CON-7")
@given(st.floats(-30, 30), temperatures, uniforms)
def test_binary_samples(log_alpha, t, u) -> None:
    y = float(binary_concrete_logit(log_alpha, t, u))
    with mpmath.workdps(60):
        terms = [
            mpmath.mpf(log_alpha),
            mpmath.log(mpmath.mpf(u)),
            -mpmath.log1p(-mpmath.mpf(u)),
        ]
        exact, size = mpmath.fsum(terms), float(mpmath.fsum(map(abs, terms)))
        assert abs(y - float(exact / mpmath.mpf(t))) <= 2.0**-50 / t * size
        if abs(exact) > 2.0**-45 * size:
            assert (y > 0) == (exact > 0)


@pytest.mark.spec("CON-6")
@pytest.mark.parametrize(
    ("log_alpha", "t"), [*product([-1.5, 0.0, 2.0], [0.3, 2 / 3, 1.0, 3.0])]
)
def test_binary_densities(log_alpha, t) -> None:
    """They integrate to 1, and are CON-4's of two outcomes; at alpha = t = 1, x is uniform."""

    def density(y: float) -> float:
        return float(np.exp(binary_concrete_logit_log_density(y, log_alpha, t)))

    assert abs(quad(density, -200, 200, points=[log_alpha / t], limit=400)[0] - 1) < 1e-9
    for y in (-3.0, 0.2, 1.7):
        log_x = -np.logaddexp(0, [-y, y])
        pair = concrete_log_density(log_x, [log_alpha, 0.0], t)
        assert abs(float(binary_concrete_log_density(y, log_alpha, t) - pair)) < 1e-13
        assert abs(float(binary_concrete_log_density(y, 0.0, 1.0))) < 1e-15


@pytest.mark.spec("CON-6")
def test_binary_densities_far_out() -> None:
    """Where a library's binary32 has minus infinity, and where x is exactly 0 or 1."""
    assert (
        abs(float(binary_concrete_logit_log_density(-300.0, 0.0, 0.5)) + 150.6931471805599)
        < 1e-12
    )
    assert np.isfinite(binary_concrete_log_density([-1e6, 1e6], 0.0, 0.5)).all()


@pytest.mark.spec("CON-7")
@pytest.mark.parametrize("t", [0.1, 0.5, 1.0, 3.0])
def test_rounded_probabilities(t) -> None:
    """P(x > 1/2) = alpha / (1 + alpha) at every temperature, by integrating the density."""
    for log_alpha in (-1.0, 0.4):

        def density(y: float, log_alpha: float = log_alpha) -> float:
            return float(np.exp(binary_concrete_logit_log_density(y, log_alpha, t)))

        above = quad(density, 0, 60 / t + 60, limit=400, points=[1 / t])[0]
        assert abs(above - expit(log_alpha)) < 1e-9


def curvature(x: np.ndarray, direction: np.ndarray, log_alpha: np.ndarray, t: float) -> float:
    """The second difference of the log density, over the square of the step."""
    step = 1e-3 * float((x / np.abs(direction).clip(1e-30)).min())
    points = [x + s * step * direction for s in (-1, 0, 1)]
    a, b, c = (float(concrete_log_density(np.log(p / p.sum()), log_alpha, t)) for p in points)
    return (a - 2 * b + c) / step**2


@pytest.mark.spec("CON-9")
@pytest.mark.parametrize("n", [2, 3, 5])
def test_log_convexity(n) -> None:
    """Convex at any point in any direction up to the limit; concave near a face above it."""
    rng = np.random.default_rng(n)
    limit = 1 / (n - 1)
    for _ in range(200):
        x, log_alpha = rng.dirichlet(np.ones(n)), rng.normal(size=n)
        direction = rng.normal(size=n)
        direction -= direction.mean()
        scale = 1 / x.min() ** 2
        assert curvature(x, direction, log_alpha, limit) >= -1e-7 * scale
        assert curvature(x, direction, log_alpha, 0.3 * limit) > 0
    near = np.full(n, (1 - 1e-3) / (n - 1))
    near[0] = 1e-3
    away = np.full(n, -1 / (n - 1))
    away[0] = 1
    heavy = np.zeros(n)
    heavy[0] = 20  # so that the first term of the sum outweighs the others here
    assert curvature(near, away, heavy, 1.2 * limit) < 0
    centre = np.full(n, 1 / n)
    assert curvature(centre, away, np.zeros(n), 1.5) < 0


@pytest.mark.spec("CON-3", "CON-4", "CON-5", "CON-6")
@pytest.mark.parametrize("t", [0.0, -1.0, math.inf, math.nan])
def test_temperatures_out_of_range(t) -> None:
    for call in (
        lambda: concrete_log_sample([0.0], t, [0.5]),
        lambda: concrete_log_density([0.0], [0.0], t),
        lambda: binary_concrete_logit(0.0, t, 0.5),
        lambda: binary_concrete_log_density(0.0, 0.0, t),
    ):
        with pytest.raises(DistributionError, match="temperature"):
            call()


@pytest.mark.spec("CON-2", "CON-3", "CON-4")
def test_other_refusals() -> None:
    for call in (
        lambda: gumbel_max(0.0, 0.5),
        lambda: gumbel_max([], []),
        lambda: gumbel_max([0.0, math.inf], 0.5),
        lambda: gumbel_max([0.0, 1.0], [0.5, 0.5, 0.5]),
        lambda: concrete_log_sample([0.0, 1.0], [0.5, 0.5], 0.5),
        lambda: concrete_log_density([-1.0, -1.0], [0.0, 0.0], 0.5),
        lambda: concrete_log_density([-math.log(2)] * 2, [0.0] * 3, 0.5),
        lambda: concrete_log_density(0.0, 0.0, 0.5),
        lambda: concrete_log_density([-math.inf, 0.0], [0.0, 0.0], 0.5),
    ):
        with pytest.raises(DistributionError):
            call()
