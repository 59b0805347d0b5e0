"""`fast.inference.mean_field` equals `reference.inference.mean_field`, within MFV's bounds."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special

import fast.inference.mean_field as fast
import reference.inference.mean_field as reference
from reference.errors import DataError, DistributionError, ModelError
from tests.strategies import mixture_problems

Floats = NDArray[np.float64]
Problem = tuple[Floats, Floats, Floats, float]

CLOSE = 2.0**-44
"""Of MFV-5 to MFV-7 and MFV-10, times ``1 + T``."""


def problem(n: int, k: int, d: int, seed: int = 0) -> Problem:
    """Clusters of data, and means near their centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 4, (k, d))
    x = centres[rng.integers(k, size=n)] + rng.standard_normal((n, d))
    return x, centres + 0.2 * rng.standard_normal((k, d)), rng.uniform(0.01, 1, k), 4.0


def logits(x: Floats, m: Floats, s2: Floats) -> Floats:
    return np.asarray(-(((x[:, None] - m) ** 2).sum(axis=2) + x.shape[1] * s2) / 2)


def terms(x: Floats, m: Floats, s2: Floats, sigma: float) -> float:
    """``N`` plus the sum of the magnitudes of MFV-4, with the best responsibilities."""
    (n, d), k = x.shape, len(m)
    phi = special.softmax(logits(x, m, s2), axis=1)
    prior = d * k * abs(np.log(sigma)) + ((m / sigma) ** 2).sum() / 2
    prior += d * (s2 / sigma**2 + abs(np.log(s2)) + 1).sum() / 2
    data = n * np.log(k) + n * d * np.log(2 * np.pi) / 2
    expected = -(phi * logits(x, m, s2)).sum() + special.entr(phi).sum()
    return float(n + prior + data + expected)


def check(problem: Problem, step: float = 1.0) -> None:
    """Everything that one problem shows, within the bounds of the clauses."""
    x, m, s2, sigma = problem
    size = 1 + abs(logits(x, m, s2)).max()
    expected, found = (f.mixture_responsibilities(x, m, s2) for f in (reference, fast))
    assert found.shape == expected.shape
    assert (abs(found - expected) <= np.maximum(CLOSE * size * expected, 2.0**-960)).all()
    expected, found = (f.mixture_log_density(x, m, s2) for f in (reference, fast))
    assert (abs(found - expected) <= CLOSE * size).all()
    a, b = (
        f.mixture_ascent(x, m, s2, sigma, step=step, tol=0, max_iter=1)
        for f in (reference, fast)
    )
    assert len(a.lower_bounds) == len(b.lower_bounds) == 2
    reach = np.abs(x).max() + np.abs(m).max()
    assert (abs(a.state.means - b.state.means) <= CLOSE * size * reach).all()
    assert (abs(a.state.variances / b.state.variances - 1) <= CLOSE * size).all()
    after = size + abs(logits(x, *a.state)).max()
    for (bound, other), q, t in zip(
        zip(a.lower_bounds, b.lower_bounds, strict=True),
        ((m, s2), a.state),
        (size, after),
        strict=True,
    ):
        assert abs(bound - other) <= CLOSE * t * terms(x, *q, sigma)


@pytest.mark.spec("MFV-5", "MFV-6", "MFV-7", "MFV-10")
@given(problem=mixture_problems(), step=st.sampled_from([1.0, 0.5, 0.001]))
@example(problem=(np.zeros((1, 1)), np.zeros((1, 1)), np.ones(1), 1.0), step=1.0)
def test_small_problems(problem: Problem, step: float) -> None:
    check(problem, step)


@pytest.mark.spec("MFV-5", "MFV-6", "MFV-7", "MFV-10")
@pytest.mark.parametrize(
    ("n", "k", "d"),
    [
        (255, 1, 1),
        (256, 2, 1),
        (257, 3, 2),
        (513, 10, 1),
        (600, 10, 2),
        (300, 16, 3),
        (250, 100, 1),
        (130, 300, 2),
        (40, 2, 100),
    ],
)
def test_blocks(n: int, k: int, d: int) -> None:
    """Points that fill a block, that do not, and components that make blocks smaller."""
    check(problem(n, k, d))
    check(problem(n, k, d, seed=1), 0.3)


@pytest.mark.spec("MFV-3", "MFV-5", "MFV-7", "MFV-10")
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e4, 1e9, 2.0**199])
def test_scales(scale: float) -> None:
    """Where nothing is near anything, nothing is NaN, and each point has a component."""
    x, m, s2, sigma = problem(20, 3, 2)
    x, m = x * scale / 16, m * scale / 16
    phi = fast.mixture_responsibilities(x, m, s2)
    np.testing.assert_allclose(phi.sum(axis=1), 1, rtol=1e-12)
    density = fast.mixture_log_density(x, m, s2)
    np.testing.assert_allclose(density, reference.mixture_log_density(x, m, s2), rtol=1e-12)
    a, b = (f.mixture_ascent(x, m, s2, sigma, tol=0, max_iter=1) for f in (reference, fast))
    np.testing.assert_allclose(b.lower_bounds, a.lower_bounds, rtol=1e-12)


@pytest.mark.spec("MFV-5", "MFV-10")
def test_components_beyond_the_least_number() -> None:
    """Weights of 2**-1100 and less are 0 in the end, and not what they are multiplied with."""
    x, m = np.zeros((3, 1)), np.array([[0.0], [38.0], [40.0], [1e9]])
    phi = fast.mixture_responsibilities(x, m, np.ones(4))
    assert phi[0, 0] == 1
    assert (phi[:, 1:] < 2.0**-960).all()
    state = fast.mixture_ascent(x, m, np.ones(4), 2.0, max_iter=1).state
    np.testing.assert_allclose(state.means, 0, atol=1e-290)
    np.testing.assert_allclose(state.variances, [1 / 3.25, 4, 4, 4], rtol=1e-14)


@pytest.mark.spec("MFV-7")
@pytest.mark.parametrize("step", [1.0, 0.4])
def test_ascents(step: float) -> None:
    """Twenty sweeps, and then to the end: no components part here late."""
    x, m, s2, sigma = problem(400, 4, 2, seed=3)
    a, b = (
        f.mixture_ascent(x, m, s2, sigma, step=step, tol=0, max_iter=20)
        for f in (reference, fast)
    )
    n = min(len(a.lower_bounds), len(b.lower_bounds))
    np.testing.assert_allclose(a.lower_bounds[:n], b.lower_bounds[:n], rtol=1e-12)
    a, b = (
        f.mixture_ascent(x, m, s2, sigma, step=step, tol=1e-6, max_iter=500)
        for f in (reference, fast)
    )
    assert len(a.lower_bounds) == len(b.lower_bounds)
    assert a.converged
    assert b.converged
    np.testing.assert_allclose(b.state.means, a.state.means, atol=1e-9)
    few = fast.mixture_ascent(x, m, s2, sigma, step=step, tol=0, max_iter=2)
    assert len(few.lower_bounds) == 3
    assert not few.converged


@pytest.mark.spec("MFV-8")
@given(
    n=st.integers(1, 8),
    d=st.integers(1, 3),
    k=st.integers(1, 10),
    seed=st.integers(0, 2**32),
    grid=st.booleans(),
)
@example(n=700, d=5, k=20, seed=0, grid=False)
def test_seeds(n: int, d: int, k: int, seed: int, grid: bool) -> None:
    """Bit for bit, and the generator is left in the same state."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (n, d)) * 0.1 if grid else rng.normal(size=(n, d))
    rngs = [np.random.default_rng(seed) for _ in range(2)]
    expected = reference.mixture_seeds(x, k, 2.5, rngs[0])
    assert (fast.mixture_seeds(x, k, 2.5, rngs[1]) == expected).all()
    assert rngs[0].random() == rngs[1].random()


@pytest.mark.spec("MFV-9", "MFV-10")
@pytest.mark.parametrize(
    "settings",
    [
        {"n_components": 3},
        {"n_components": 4, "sigma": 3.0, "step": 0.7, "n_init": 4, "tol": 1e-2},
        {"n_components": 2, "means_init": [[0, 0], [1, 1]], "max_iter": 3},
        {"n_components": 5, "n_init": 2, "max_iter": 1},
    ],
)
def test_estimators(settings: Any) -> None:
    x = problem(150, 3, 2, seed=4)[0]
    a, b = (f.MeanFieldMixture(**settings, random_state=6).fit(x) for f in (reference, fast))
    assert b.get_params() == a.get_params()
    assert (a.n_iter_, a.converged_, a.n_features_in_) == (
        b.n_iter_,
        b.converged_,
        b.n_features_in_,
    )
    np.testing.assert_allclose(b.lower_bounds_, a.lower_bounds_, rtol=1e-11)
    assert b.lower_bound_ == b.lower_bounds_[-1]
    np.testing.assert_allclose(b.means_, a.means_, atol=1e-8)
    np.testing.assert_allclose(b.variances_, a.variances_, rtol=1e-8)
    np.testing.assert_allclose(b.predict_proba(x), a.predict_proba(x), atol=1e-8)
    assert (b.predict(x) == a.predict(x)).all()
    np.testing.assert_allclose(b.score_samples(x), a.score_samples(x), atol=1e-8)
    assert b.score(x) == pytest.approx(a.score(x), abs=1e-8)
    for one, other in zip(b.sample(9), a.sample(9), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)
    assert (b.fit_predict(x) == a.predict(x)).all()


@pytest.mark.spec("MFV-8", "MFV-9")
@pytest.mark.parametrize(
    ("x", "k"),
    [
        ([[1.5, -2.0]], 1),
        ([[1.5, -2.0]], 4),
        ([[0.0], [3.0]], 9),
        ([[2.0]] * 12, 3),
        ([[0.0], [0.0], [1.0], [1.0], [1.0]], 4),
        ([[-1e30], [1e30], [0.0]], 5),
    ],
    ids=["one", "one of 4", "K > N", "one point", "duplicates", "far"],
)
def test_few_points(x: Any, k: int) -> None:
    a, b = (
        f.MeanFieldMixture(k, sigma=3.0, n_init=3, random_state=1).fit(x)
        for f in (reference, fast)
    )
    assert (b.n_iter_, b.converged_) == (a.n_iter_, a.converged_)
    np.testing.assert_allclose(b.lower_bounds_, a.lower_bounds_, rtol=1e-12)
    np.testing.assert_allclose(b.means_, a.means_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(b.variances_, a.variances_, rtol=1e-9)


@pytest.mark.spec("MFV-9")
def test_of_equal_ascents_the_first_is_kept() -> None:
    x = np.array([[-50.0], [50.0]])
    first = fast.MeanFieldMixture(2, random_state=0).fit(x).means_
    for n_init in range(2, 6):
        kept = fast.MeanFieldMixture(2, random_state=0, n_init=n_init).fit(x).means_
        assert (kept == first).all()


@pytest.mark.spec("MFV-3")
def test_arrays_of_any_kind() -> None:
    """Read-only, by columns, with steps, of float32 or integers: none is changed."""
    x, m, s2, sigma = problem(30, 2, 2)
    whole = np.round(x)
    wide = np.repeat(x, 2, axis=1)[:, ::2]
    frozen = x.copy()
    frozen.flags.writeable = False
    expected = fast.mixture_ascent(x, m, s2, sigma)
    for kind in (frozen, np.asfortranarray(x), wide, x.tolist()):
        found = fast.mixture_ascent(kind, m.tolist(), s2, sigma)
        assert found.lower_bounds == expected.lower_bounds
    expected = fast.mixture_ascent(whole, m, s2, sigma)
    for dtype in (np.float32, np.int8, np.int64):
        found = fast.mixture_ascent(whole.astype(dtype), m, s2, sigma)
        assert found.lower_bounds == expected.lower_bounds
    before = x.copy(), m.copy(), s2.copy()
    fast.MeanFieldMixture(2, means_init=m).fit(x)
    for array, copy in zip((x, m, s2), before, strict=True):
        assert (array == copy).all()


@pytest.mark.spec("MFV-6")
def test_kernels_inside_compiled_code() -> None:
    """Importers call kernels from their own: here the sum of the responsibilities."""

    @numba.njit
    def total(x: Any, m: Any, room: Any, counts: Any, sums: Any) -> Any:
        scales, offsets = np.full(2, -0.5), np.zeros(2)
        fast.mixture_statistics_kernel(x, m, scales, offsets, *room, counts, sums)
        return counts.sum()

    x, m, _, _ = problem(10, 2, 1)
    room = np.empty((1, 4)), np.empty((2, 4)), np.empty(4), np.empty(4)
    assert total(x, m, room, np.empty(2), np.empty((2, 1))) == pytest.approx(10, rel=1e-14)


X, M, S2, SIGMA = problem(4, 2, 3)
LARGE = 2.0**200
Call = Callable[[Any], object]


def ascent(x: Any = X, m: Any = M, s2: Any = S2, sigma: float = SIGMA, **more: Any) -> Call:
    return lambda f: f.mixture_ascent(x, m, s2, sigma, **more)


def mixture(x: Any = X, **settings: Any) -> Call:
    return lambda f: f.MeanFieldMixture(**{"n_components": 2, **settings}).fit(x)


def seeds(x: Any = X, k: Any = 2, sigma: float = 1.0) -> Call:
    return lambda f: f.mixture_seeds(x, k, sigma, np.random.default_rng(0))


REFUSED: list[tuple[type[Exception], Call]] = [
    *[
        (DataError, make(x))
        for make in (ascent, mixture, seeds)
        for x in (
            X * np.nan,
            X + np.inf,
            -X - np.inf,
            X - 1.01 * LARGE,
            X > 0,
            X[0],
            X[:0],
            X[:, :0],
            X * 1j,
            [[1.0], [1.0, 2.0]],
            [["a"]],
        )
    ],
    (DataError, ascent(X[:, :2])),
    (DataError, lambda f: f.mixture_responsibilities(X[:, :2], M, S2)),
    (DataError, lambda f: f.mixture_log_density(X * np.nan, M, S2)),
    *[
        (DistributionError, ascent(m=m, s2=s2))
        for m, s2 in (
            (M * np.nan, S2),
            (M * 4 * LARGE, S2),
            (M[0], S2),
            (M[:0], S2[:0]),
            (M, S2[:1]),
            (M, -S2),
            (M, 0 * S2),
            (M, S2 * np.inf),
            (M, S2 * 1e300),
            (M > 0, S2),
            ([[1.0], [1.0, 2.0]], S2),
        )
    ],
    (DistributionError, lambda f: f.mixture_responsibilities(X, M, -S2)),
    (DistributionError, lambda f: f.mixture_log_density(X, M, S2[:1])),
    *[
        (DistributionError, call)
        for sigma in (0.0, -1.0, np.nan, np.inf, 2 * LARGE)
        for call in (ascent(sigma=sigma), mixture(sigma=sigma), seeds(sigma=sigma))
    ],
    (DistributionError, mixture(means_init=[[0, 0, 0]])),
    (DistributionError, mixture(means_init=3.0)),
    (DistributionError, mixture(means_init=[[0, 0, 0], [0, np.nan, 0]])),
    (DataError, mixture(means_init=[[0], [1]])),
    *[
        (ModelError, call)
        for settings in (
            {"step": 0.0},
            {"step": 1.5},
            {"step": np.nan},
            {"tol": -1.0},
            {"tol": np.inf},
            {"max_iter": 0},
            {"max_iter": 2.0},
        )
        for call in (ascent(**settings), mixture(**settings))
    ],
    *[
        (ModelError, call)
        for k in (0, -1, 2.0, True)
        for call in (seeds(k=k), mixture(n_components=k))
    ],
    (ModelError, mixture(n_init=0)),
    (ModelError, lambda f: f.MeanFieldMixture().predict(X)),
    (ModelError, lambda f: f.MeanFieldMixture().sample()),
    (ModelError, lambda f: f.MeanFieldMixture().fit(X).sample(0)),
]


@pytest.mark.spec("MFV-2", "MFV-3", "MFV-6", "MFV-9")
@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_rejects_alike(case: int) -> None:
    """The same error with the same message."""
    error, call = REFUSED[case]
    messages = []
    for f in (reference, fast):
        with pytest.raises(error) as caught:
            call(f)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
