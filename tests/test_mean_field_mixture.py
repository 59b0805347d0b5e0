"""MFV: the mixture of Gaussians, its bound, its updates and the density that it learns."""

import itertools
import math
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy import integrate, special, stats

from reference.errors import DataError, DistributionError, ModelError
from reference.inference import mean_field as mf
from reference.inference.distributions import diagonal_normal_kl
from tests.strategies import mixture_problems

Floats = NDArray[np.float64]
Problem = tuple[Floats, Floats, Floats, float]

NODES, WEIGHTS = hermegauss(12)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
"""Of a standard normal variable: exact for polynomials of degree up to 23."""

X_1 = [-3.1, -2.4, -2.9, -1.2, -3.7, -0.4, 0.3, 0.9, 1.4, 2.2, 2.8, 3.1, 3.5, 4.4, 2.0, 0.1]
X_2 = [
    *[[-2.0, 1.0], [-1.5, 0.2], [-2.6, 1.9], [3.0, 3.5], [2.2, 2.7], [3.9, 4.1]],
    *[[0.4, -3.0], [1.0, -2.1], [-0.3, -3.3], [0.8, 0.6]],
]


def some_responsibilities(n: int, k: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.ones(k), n)


def problem(n: int = 7, k: int = 3, d: int = 2, seed: int = 0) -> Problem:
    """Data, means, variances and the deviation of the prior."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, (n, d)), rng.normal(0, 3, (k, d)), rng.uniform(0.05, 2, k), 1.7


def log_evidence(x: Floats, k: int, sigma: float) -> float:
    """By enumeration of all ``K**N`` assignments: given one, the means integrate out."""
    n, terms = len(x), []
    for c in itertools.product(range(k), repeat=n):
        total = -n * math.log(k)
        for j in range(k):
            members = x[[i for i in range(n) if c[i] == j]]
            if len(members):
                covariance = np.eye(len(members)) + sigma**2
                for column in members.T:
                    density = stats.multivariate_normal(np.zeros(len(members)), covariance)
                    total += float(density.logpdf(column))
        terms.append(total)
    return float(special.logsumexp(terms))


@pytest.mark.spec("MFV-4", "MFV-7")
@pytest.mark.parametrize(
    ("x", "start", "sigma", "bound", "means", "variances"),
    [
        (
            np.array(X_1)[:, None],
            [[-3], [0.5], [3]],
            2.5,
            -41.49218084156287,
            [[-2.626454363194777], [0.44729653780856726], [2.814151391218964]],
            [0.20568204793355083, 0.18311259030139257, 0.16241660195437735],
        ),
        (
            np.array(X_2),
            [[-2, 1], [3, 3], [0, -3]],
            1.75,
            -47.267397022261754,
            [
                [-1.2825412109035204, 0.8626303898765281],
                [2.700782036649226, 3.0513959957525927],
                [0.3354045848675627, -2.462942402477122],
            ],
            [0.23813712395911502, 0.2952451217925933, 0.2946971248439745],
        ),
    ],
    ids=["one dimension", "two dimensions"],
)
def test_known_answers(
    x: Floats, start: Any, sigma: float, bound: float, means: Any, variances: Any
) -> None:
    """BayesPy 0.6.6, the model of MFV-3 as it stands, from the same means, converged."""
    ascent = mf.mixture_ascent(x, start, np.full(3, 0.2), sigma, tol=0, max_iter=1000)
    assert ascent.lower_bounds[-1] == pytest.approx(bound, abs=1e-11)
    np.testing.assert_allclose(ascent.state.means, means, atol=1e-6)
    np.testing.assert_allclose(ascent.state.variances, variances, atol=1e-6)


@pytest.mark.spec("MFV-4")
@pytest.mark.parametrize("d", [1, 2])
def test_bound_is_the_expectation_that_defines_it(d: int) -> None:
    """E_q[log p(x, c, mu) - log q(c, mu)]: a sum over c, quadrature over mu, both exact."""
    x, m, s2, sigma = problem(3, 2, d)
    phi = some_responsibilities(3, 2)
    grid = np.array(list(itertools.product(NODES, repeat=2)))
    weights = np.prod(list(itertools.product(WEIGHTS, repeat=2)), axis=1)
    total = 0.0
    for c in itertools.product(range(2), repeat=3):
        q_c = np.prod([phi[i, k] for i, k in enumerate(c)])
        value = -3 * math.log(2) - math.log(q_c)
        for j in range(d):  # dimensions are independent, given c
            mu = m[:, j] + np.sqrt(s2) * grid
            log_ratio = stats.norm.logpdf(mu, 0, sigma) - stats.norm.logpdf(
                mu, m[:, j], np.sqrt(s2)
            )
            log_x = stats.norm.logpdf(x[:, j], mu[:, c], 1)
            value += weights @ (log_ratio.sum(axis=1) + log_x.sum(axis=1))
        total += q_c * value
    assert mf.mixture_elbo(x, phi, m, s2, sigma) == pytest.approx(total, abs=1e-11)


@pytest.mark.spec("MFV-4")
@given(problem=mixture_problems(), sparse=st.booleans())
def test_bound_in_high_precision(problem: Problem, sparse: bool) -> None:
    """The clause, term by term; with responsibilities of 0, whose logarithm is not taken."""
    x, m, s2, sigma = problem
    (n, d), k = x.shape, len(m)
    phi = np.eye(k)[np.arange(n) % k] if sparse else some_responsibilities(n, k)
    with mpmath.workdps(40):
        terms = [-k * d * mpmath.log(sigma), mpmath.mpf(k * d) / 2]
        terms += [-n * mpmath.log(k), -mpmath.mpf(n * d) / 2 * mpmath.log(2 * mpmath.pi)]
        for j in range(k):
            square = mpmath.fsum(mpmath.mpf(v) ** 2 for v in m[j])
            terms += [-(square + d * mpmath.mpf(s2[j])) / (2 * mpmath.mpf(sigma) ** 2)]
            terms += [mpmath.mpf(d) / 2 * mpmath.log(s2[j])]
            for i in range(n):
                pairs = zip(x[i], m[j], strict=True)
                square = mpmath.fsum((mpmath.mpf(a) - mpmath.mpf(b)) ** 2 for a, b in pairs)
                terms += [-mpmath.mpf(phi[i, j]) * (square + d * mpmath.mpf(s2[j])) / 2]
                if phi[i, j] > 0:
                    terms += [-mpmath.mpf(phi[i, j]) * mpmath.log(phi[i, j])]
        error = abs(mf.mixture_elbo(x, phi, m, s2, sigma) - mpmath.fsum(terms))
        assert error <= 2.0**-44 * mpmath.fsum(map(abs, terms))


@pytest.mark.spec("MFV-4")
def test_bound_is_below_the_evidence() -> None:
    """By enumeration; where clusters are far apart, what it lacks is the choice of labels."""
    x = np.array([-9.0, -8.6, -9.7, -8.8, 9.1, 8.4, 9.9, 9.2])[:, None]
    exact = log_evidence(x, 2, 6.0)
    ascent = mf.mixture_ascent(x, [[-8], [8]], [1, 1], 6.0, tol=0)
    assert exact - ascent.lower_bounds[-1] == pytest.approx(math.log(2), abs=1e-9)
    near = x / 6
    exact = log_evidence(near, 2, 6.0)
    for start in ([[-1], [1]], [[0], [0.1]], [[3], [50]]):
        ascent = mf.mixture_ascent(near, start, [1, 1], 6.0, tol=0)
        assert ascent.lower_bounds[-1] < exact


@pytest.mark.spec("MFV-4", "MFV-6", "MFV-7")
@pytest.mark.parametrize("d", [1, 3])
def test_one_component_is_exact(d: int) -> None:
    """The posterior of one mean is a product, so nothing is lacking, after one sweep."""
    x, m, s2, sigma = problem(6, 1, d)
    ascent = mf.mixture_ascent(x, m, s2, sigma, tol=0, max_iter=1)
    assert ascent.lower_bounds[-1] == pytest.approx(log_evidence(x, 1, sigma), abs=1e-11)
    np.testing.assert_allclose(ascent.state.variances, 1 / (6 + 1 / sigma**2))


@pytest.mark.spec("MFV-4", "MFV-5")
@given(mixture_problems())
def test_responsibilities_are_the_best(problem: Problem) -> None:
    """Any others cost exactly their divergence from these."""
    x, m, s2, sigma = problem
    best = mf.mixture_responsibilities(x, m, s2)
    assert best.shape == (len(x), len(m))
    np.testing.assert_allclose(best.sum(axis=1), 1, rtol=1e-14)
    other = some_responsibilities(*best.shape)
    with np.errstate(divide="ignore"):
        logits = -(((x[:, None] - m) ** 2).sum(axis=2) + x.shape[1] * s2) / 2
        log_best = logits - special.logsumexp(logits, axis=1, keepdims=True)
    kl = -special.entr(other).sum() - (other * log_best).sum()
    gain = mf.mixture_elbo(x, best, m, s2, sigma) - mf.mixture_elbo(x, other, m, s2, sigma)
    assert gain == pytest.approx(kl, rel=1e-9, abs=1e-9 * (1 + abs(logits).sum()))


@pytest.mark.spec("MFV-4", "MFV-6")
@given(mixture_problems())
def test_full_update_is_the_best(problem: Problem) -> None:
    """Any other factors of the means cost exactly their divergence from these."""
    x, m, s2, sigma = problem
    phi = some_responsibilities(len(x), len(m))
    best = mf.mixture_update(x, phi, m, s2, sigma)
    gain = mf.mixture_elbo(x, phi, *best, sigma) - mf.mixture_elbo(x, phi, m, s2, sigma)
    deviations = [np.sqrt(v)[:, None] for v in (s2, best.variances)]
    kl = diagonal_normal_kl(m, deviations[0], best.means, deviations[1]).sum()
    size = (x**2).sum() + (m**2).sum() * (len(x) + sigma**-2)
    assert gain == pytest.approx(kl, rel=1e-9, abs=1e-11 * (1 + size))
    np.testing.assert_allclose(best.variances, 1 / (1 / sigma**2 + phi.sum(axis=0)))


@pytest.mark.spec("MFV-6")
@pytest.mark.parametrize("d", [1, 3])
def test_gradient_is_the_finite_difference(d: int) -> None:
    x, m, s2, sigma = problem(8, 3, d)
    phi = some_responsibilities(8, 3)
    d_means, d_variances = mf.mixture_gradient(x, phi, m, s2, sigma)
    assert d_means.shape == m.shape
    assert d_variances.shape == s2.shape
    h = 1e-5
    for array, gradient in ((m, d_means), (s2, d_variances)):
        for index in np.ndindex(array.shape):
            ends = []
            for side in (h, -h):
                array[index] += side
                ends.append(mf.mixture_elbo(x, phi, m, s2, sigma))
                array[index] -= side
            slope = (ends[0] - ends[1]) / (2 * h)
            assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.spec("MFV-6")
@pytest.mark.parametrize("step", [1.0, 0.5, 0.01])
def test_update_is_a_step_along_the_gradient(step: float) -> None:
    """In the means, over the curvature; in the inverse variances, of minus the gradient."""
    x, m, s2, sigma = problem(9, 3, 2)
    phi = some_responsibilities(9, 3)
    d_means, d_variances = mf.mixture_gradient(x, phi, m, s2, sigma)
    moved = mf.mixture_update(x, phi, m, s2, sigma, step=step)
    curvatures = phi.sum(axis=0) + sigma**-2
    np.testing.assert_allclose(moved.means, m + step / curvatures[:, None] * d_means)
    np.testing.assert_allclose(1 / moved.variances, 1 / s2 - step * d_variances)  # D = 2
    still = mf.mixture_gradient(
        x, phi, *mf.mixture_update(x, phi, m, s2, sigma, step=1.0), sigma
    )
    np.testing.assert_allclose(still[0], 0, atol=1e-12)
    np.testing.assert_allclose(still[1], 0, atol=1e-12)


@pytest.mark.spec("MFV-6", "MFV-7")
@given(problem=mixture_problems(), step=st.floats(1e-3, 1))
def test_no_step_lowers_the_bound(problem: Problem, step: float) -> None:
    """The ascent itself would raise an error; it also ends where a full step leads."""
    x, m, s2, sigma = problem
    ascent = mf.mixture_ascent(x, m, s2, sigma, step=step, tol=0, max_iter=8)
    bounds = np.array(ascent.lower_bounds)
    assert (np.diff(bounds) >= -(2.0**-32) * (1 + abs(bounds[1:]))).all()
    phi = mf.mixture_responsibilities(x, *ascent.state)
    last = mf.mixture_elbo(x, phi, *ascent.state, sigma)
    assert last == pytest.approx(bounds[-1], rel=1e-12)


@pytest.mark.spec("MFV-6", "MFV-7")
def test_small_steps_end_where_full_ones_do() -> None:
    x = np.array(X_2)
    start = ([[-2, 1], [3, 3], [0, -3]], [0.3, 0.3, 0.3], 1.75)
    full = mf.mixture_ascent(x, *start, tol=0, max_iter=500)
    small = mf.mixture_ascent(x, *start, step=0.3, tol=1e-13, max_iter=500)
    assert len(small.lower_bounds) > len(full.lower_bounds)
    np.testing.assert_allclose(small.state.means, full.state.means, atol=1e-5)
    np.testing.assert_allclose(small.state.variances, full.state.variances, atol=1e-6)


@pytest.mark.spec("MFV-2", "MFV-7")
def test_ascent_ends_by_tolerance_or_by_number() -> None:
    x, m, s2, sigma = problem(30, 4, 2)
    long = mf.mixture_ascent(x, m, s2, sigma, tol=0, max_iter=400)
    assert long.converged
    short = mf.mixture_ascent(x, m, s2, sigma, tol=0, max_iter=3)
    assert not short.converged
    assert short.lower_bounds == long.lower_bounds[:4]
    rises = np.diff(long.lower_bounds)
    tol = float(np.sort(rises)[len(rises) // 2])
    some = mf.mixture_ascent(x, m, s2, sigma, tol=tol, max_iter=400)
    assert len(some.lower_bounds) == 2 + int(np.argmax(rises <= tol))


@pytest.mark.spec("MFV-4", "MFV-7", "MFV-10")
@given(problem=mixture_problems(), data=st.data())
def test_labels_mean_nothing(problem: Problem, data: st.DataObject) -> None:
    """Components in another order are the same result in another order."""
    x, m, s2, sigma = problem
    order = data.draw(st.permutations(range(len(m))))
    a = mf.mixture_ascent(x, m, s2, sigma, tol=0, max_iter=2)
    b = mf.mixture_ascent(x, m[order], s2[order], sigma, tol=0, max_iter=2)
    n = min(len(a.lower_bounds), len(b.lower_bounds))
    np.testing.assert_allclose(a.lower_bounds[:n], b.lower_bounds[:n], rtol=1e-11)
    np.testing.assert_allclose(
        mf.mixture_log_density(x, m, s2),
        mf.mixture_log_density(x, m[order], s2[order]),
        rtol=1e-12,
    )


@pytest.mark.spec("MFV-7")
def test_equal_components_stay_equal() -> None:
    x, m, s2, sigma = problem(12, 2, 2)
    m[1], s2[1] = m[0], s2[0]
    state = mf.mixture_ascent(x, m, s2, sigma, tol=0).state
    assert (state.means[0] == state.means[1]).all()
    assert state.variances[0] == state.variances[1]


@pytest.mark.spec("MFV-6", "MFV-7")
def test_an_empty_component_returns_to_the_prior() -> None:
    """From there it may take points in the next sweep."""
    x, _, _, sigma = problem(20, 2, 2)
    state = mf.mixture_ascent(x, [[0, 0], [1e3, 1e3]], [0.1, 0.1], sigma, max_iter=1).state
    np.testing.assert_allclose(state.means[1], 0, atol=1e-300)
    assert state.variances[1] == pytest.approx(sigma**2, rel=1e-12)


@pytest.mark.spec("MFV-10")
@pytest.mark.parametrize("k", [1, 3])
def test_learned_density_integrates_to_one(k: int) -> None:
    _, m, s2, _ = problem(1, k, 2)
    total = integrate.quad(
        lambda v: math.exp(mf.mixture_log_density([[v]], m[:, :1], s2)[0]),
        -40,
        40,
        points=sorted(m[:, 0]),
        limit=200,
    )[0]
    assert total == pytest.approx(1, abs=1e-10)
    axis = np.linspace(-25, 25, 801)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = np.exp(mf.mixture_log_density(plane, m, s2))
    assert density.sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(1, abs=1e-10)


@pytest.mark.spec("MFV-10")
def test_learned_density_is_the_expected_one() -> None:
    """The density given the means, averaged over their posterior; not at its mean."""
    x, m, s2, _ = problem(5, 3, 1)
    nodes, weights = hermegauss(80)
    mu = m[:, 0] + np.sqrt(s2) * nodes[:, None]
    density = stats.norm.pdf(x[:, :, None], mu, 1).mean(axis=2) @ (weights / weights.sum())
    found = np.exp(mf.mixture_log_density(x, m, s2))
    np.testing.assert_allclose(found, density, rtol=1e-8)
    plugged = stats.norm.pdf(x, m[:, 0], 1).mean(axis=1)
    assert (abs(found / plugged - 1) > 0.01).all()


def plain_seeds(x: list[list[float]], k: int, sigma: float, rng: Any) -> list[list[float]]:
    """MFV-8 without arrays."""
    means = [x[rng.integers(len(x))]]
    while len(means) < k:
        sums, total = [], 0.0
        for point in x:
            total += min(
                sum((a - b) * (a - b) for a, b in zip(point, mean, strict=True))
                for mean in means
            )
            sums.append(total)
        if total == 0:
            means.append((sigma * rng.standard_normal(len(x[0]))).tolist())
        else:
            level = rng.random() * total
            means.append(x[next(i for i, s in enumerate(sums) if s > level)])
    return means


@pytest.mark.spec("MFV-8")
@given(
    n=st.integers(1, 8),
    d=st.integers(1, 3),
    k=st.integers(1, 10),
    seed=st.integers(0, 2**32),
    grid=st.booleans(),
)
def test_seeds(n: int, d: int, k: int, seed: int, grid: bool) -> None:
    """Bit for bit; with duplicate points, and with more components than points."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (n, d)) * 0.1 if grid else rng.normal(size=(n, d))
    rngs = [np.random.default_rng(seed) for _ in range(2)]
    found = mf.mixture_seeds(x, k, 2.5, rngs[0])
    assert found.tolist() == plain_seeds(x.tolist(), k, 2.5, rngs[1])
    assert rngs[0].random() == rngs[1].random()
    distinct = {tuple(row) for row in x.tolist()}
    chosen = {tuple(row) for row in found[: len(distinct)].tolist()}
    assert chosen <= distinct
    assert len(chosen) == min(k, len(distinct))


@pytest.mark.spec("MFV-8")
@pytest.mark.parametrize(
    ("u", "second"), [(0.0, 1), (0.2, 2), (0.19, 1), (0.5, 3), (1 - 2.0**-53, 4)]
)
def test_seed_at_the_edge_of_a_point(u: float, second: int) -> None:
    """Squared distances of 0, 2, 3, 4 and 1: sums of 0, 2, 5, 9 and 10."""
    x = np.array([[0.0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1]])
    rng: Any = SimpleNamespace(integers=lambda _: 0, random=lambda: u)
    assert mf.mixture_seeds(x, 2, 1.0, rng)[1].tolist() == x[second].tolist()


X, M, S2, SIGMA = problem(4, 2, 3)
PHI = np.full((4, 2), 0.5)
LARGE = 2.0**200


@pytest.mark.spec("MFV-3")
def test_the_largest_numbers_are_taken() -> None:
    x = np.array([[-LARGE], [LARGE], [0.0]])
    for sigma in (LARGE, 1 / LARGE):
        ascent = mf.mixture_ascent(x, [[-LARGE], [LARGE]], [LARGE**2, LARGE**-2], sigma)
        assert np.isfinite(ascent.lower_bounds).all()
        assert np.isfinite(ascent.state.means).all()
        assert np.isfinite(mf.mixture_log_density(x, *ascent.state)).all()


BAD_DATA: list[Any] = [
    X * np.nan,
    X * np.inf,
    X + 1.01 * LARGE,
    X > 0,
    X[0],
    X[:0],
    X[:, :0],
    X[:, :2],
    X * 1j,
    [[1.0, 2.0, 3.0], [1.0]],
    [["a", "b", "c"]],
]
BAD_POSTERIORS: list[Any] = [
    (M * np.nan, S2),
    (M * 2 * LARGE, S2),
    (M[0], S2),
    (M[:0], S2[:0]),
    (M, S2[:1]),
    (M, S2[:, None]),
    (M, -S2),
    (M, 0 * S2),
    (M, S2 * np.inf),
    (M, S2 * 8 * LARGE**2),
    (M, S2 / 64 / LARGE**2),
    (M > 0, S2),
]


@pytest.mark.spec("MFV-3")
@pytest.mark.parametrize("x", BAD_DATA)
def test_data_out_of_range(x: Any) -> None:
    for call in (
        lambda: mf.mixture_elbo(x, PHI, M, S2, SIGMA),
        lambda: mf.mixture_gradient(x, PHI, M, S2, SIGMA),
        lambda: mf.mixture_update(x, PHI, M, S2, SIGMA),
        lambda: mf.mixture_responsibilities(x, M, S2),
        lambda: mf.mixture_ascent(x, M, S2, SIGMA),
        lambda: mf.mixture_log_density(x, M, S2),
    ):
        with pytest.raises(DataError):
            call()


@pytest.mark.spec("MFV-3")
@pytest.mark.parametrize(("m", "s2"), BAD_POSTERIORS)
def test_posteriors_out_of_range(m: Any, s2: Any) -> None:
    for call in (
        lambda: mf.mixture_elbo(X, PHI, m, s2, SIGMA),
        lambda: mf.mixture_gradient(X, PHI, m, s2, SIGMA),
        lambda: mf.mixture_update(X, PHI, m, s2, SIGMA),
        lambda: mf.mixture_responsibilities(X, m, s2),
        lambda: mf.mixture_ascent(X, m, s2, SIGMA),
        lambda: mf.mixture_log_density(X, m, s2),
    ):
        with pytest.raises(DistributionError):
            call()


@pytest.mark.spec("MFV-3")
@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan, np.inf, 2 * LARGE, 0.5 / LARGE])
def test_priors_out_of_range(sigma: float) -> None:
    for call in (
        lambda: mf.mixture_elbo(X, PHI, M, S2, sigma),
        lambda: mf.mixture_gradient(X, PHI, M, S2, sigma),
        lambda: mf.mixture_update(X, PHI, M, S2, sigma),
        lambda: mf.mixture_ascent(X, M, S2, sigma),
        lambda: mf.mixture_seeds(X, 2, sigma, np.random.default_rng(0)),
    ):
        with pytest.raises(DistributionError, match="sigma"):
            call()


@pytest.mark.spec("MFV-3")
@pytest.mark.parametrize("phi", [PHI[:1], PHI.T, PHI * 1.001, PHI - [1, -1], PHI * np.nan])
def test_responsibilities_out_of_range(phi: Any) -> None:
    for call in (mf.mixture_elbo, mf.mixture_gradient, mf.mixture_update):
        with pytest.raises(DistributionError, match="responsibilities"):
            call(X, phi, M, S2, SIGMA)


@pytest.mark.spec("MFV-2", "MFV-3", "MFV-6")
def test_settings_out_of_range() -> None:
    for step in (0.0, -0.5, 1.01, np.nan):
        with pytest.raises(ModelError, match="step"):
            mf.mixture_update(X, PHI, M, S2, SIGMA, step=step)
        with pytest.raises(ModelError, match="step"):
            mf.mixture_ascent(X, M, S2, SIGMA, step=step)
    for settings in ({"tol": -1.0}, {"max_iter": 0}):
        with pytest.raises(ModelError):
            mf.mixture_ascent(X, M, S2, SIGMA, **settings)
    for k in (0, -1, 2.0, True):
        with pytest.raises(ModelError, match="n_components"):
            mf.mixture_seeds(X, k, SIGMA, np.random.default_rng(0))
    with pytest.raises(DataError):
        mf.mixture_seeds(X[0], 2, SIGMA, np.random.default_rng(0))
