"""The compiled expectation maximisation equals `reference` within VEM-7, and refuses alike."""

import itertools
import math
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.inference.expectation_maximization as fast
import reference.inference.expectation_maximization as reference
from fast.inference.expectation_maximization import em_step_kernel
from reference.errors import DataError, DistributionError, LowerBoundError, ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization import GaussianMixture
from tests.strategies import em_problems

INF = math.inf
SLOW = bool(numba.config.DISABLE_JIT)
PARTS = ("weights", "means", "variances")
FAR = (
    np.array([[1e6 + 1], [1e6 + 2], [1e6 + 4], [-5.0]]),
    GaussianMixture(np.array([0.5, 0.5]), np.array([[0.0], [3.0]]), np.array([[2.0], [9.0]])),
)
NEAR_ZERO = (
    np.array([[1.2e-39]]),
    GaussianMixture(np.ones(1), np.array([[0.1]]), np.ones((1, 1))),
)


def assert_close(x: Floats, before: GaussianMixture, ours: Any, theirs: Any) -> None:
    """Mixtures and evidence within the bound of VEM-7."""
    (found, found_evidence), (expected, evidence) = ours, theirs
    table = reference.gaussian_mixture_log_joint(x, before)
    e = 2.0**-52 * (len(x) + 256) * (1 + np.abs(table[table > -INF]).max())
    assert abs(found_evidence - evidence) <= e * len(x)
    assert found.variances.shape == expected.variances.shape
    assert (np.abs(found.weights - expected.weights) <= e * expected.weights).all()
    most = e * max(np.abs(x).max(), np.abs(before.means).max())
    assert (np.abs(found.means - expected.means) <= most).all()
    distances = np.abs(x[:, None] - np.concatenate([expected.means, before.means])).max()
    assert (np.abs(found.variances - expected.variances) <= e * distances**2 + most**2).all()


@pytest.mark.spec("VEM-6", "VEM-7")
@given(problem=em_problems(), spare=st.sets(st.sampled_from(PARTS)))
@example(problem=FAR, spare=set())
@example(problem=NEAR_ZERO, spare=set())
def test_one_iteration(problem: tuple[Floats, GaussianMixture], spare: set[str]) -> None:
    x, mixture = problem
    settings: dict[str, Any] = {"floor": float(mixture.variances.min()), "fixed": spare}
    ours = fast.em_step(x, mixture, **settings)
    assert_close(x, mixture, ours, reference.em_step(x, mixture, **settings))
    for part in spare:
        assert (getattr(ours[0], part) == getattr(mixture, part)).all()


@pytest.mark.spec("VEM-7")
@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize(
    ("n", "k", "d"),
    [(1, 1, 1), (255, 2, 3), (257, 10, 1), (1000, 70, 2)] if not SLOW else [(300, 3, 2)],
)
def test_blocks(n: int, k: int, d: int, spherical: bool) -> None:
    """Points of less than a block, and of several, some of them shorter."""
    rng = np.random.default_rng(n)
    x, means = 3 * rng.standard_normal((n, d)), 3 * rng.standard_normal((k, d))
    variances = rng.uniform(0.1, 3, (k, 1 if spherical else d))
    mixture = GaussianMixture(rng.dirichlet(np.ones(k)), means, variances)
    ours, theirs = fast.em_step(x, mixture), reference.em_step(x, mixture)
    assert_close(x, mixture, ours, theirs)


@pytest.mark.spec("VEM-6")
@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
def test_means_that_move_far_leave_the_variance_its_digits(offset: float) -> None:
    """The start is far away in units of the deviation: nothing may cancel."""
    x = offset + np.random.default_rng(0).standard_normal((500, 1))
    start = GaussianMixture(np.ones(1), np.zeros((1, 1)), np.full((1, 1), 1e10))
    found, _ = fast.em_step(x, start)
    assert found.variances == pytest.approx(x.var(), rel=1e-9)
    assert found.means == pytest.approx(x.mean(), rel=1e-14)


@pytest.mark.spec("VEM-7")
@pytest.mark.parametrize("settings", [{}, {"tol": 0.0, "max_iter": 7}, {"fixed": ["means"]}])
def test_fit(settings: dict[str, Any]) -> None:
    """Separate clusters, so that the rounding errors of an iteration do not grow."""
    rng = np.random.default_rng(1)
    centres = 6 * rng.standard_normal((3, 2))
    x = centres[rng.integers(3, size=200)] + rng.standard_normal((200, 2))
    start = GaussianMixture(np.full(3, 1 / 3), centres + 0.5, np.ones((3, 2)))
    ours = fast.fit_gaussian_mixture(x, start, **settings)
    theirs = reference.fit_gaussian_mixture(x, start, **settings)
    assert ours.converged == theirs.converged
    assert ours.lower_bounds == pytest.approx(theirs.lower_bounds, rel=1e-12)
    for part in PARTS:
        assert getattr(ours.state, part) == pytest.approx(
            getattr(theirs.state, part), rel=1e-10
        )


@pytest.mark.spec("VEM-6", "VEM-7")
@given(problem=em_problems())
def test_evidence_never_falls(problem: tuple[Floats, GaussianMixture]) -> None:
    x, mixture = problem
    floor = float(mixture.variances.min())
    bounds = fast.fit_gaussian_mixture(x, mixture, floor=floor, tol=0, max_iter=8).lower_bounds
    assert all(a >= b - 2.0**-40 * (1 + abs(b)) for b, a in itertools.pairwise(bounds))


@pytest.mark.spec("VEM-2", "VEM-6")
def test_empty_components_and_the_impossible() -> None:
    """Weights of 0, components that nothing reaches, and single points at the floor."""
    x = np.array([[0.0], [1.0], [40.0]])
    start = GaussianMixture(
        np.array([0.5, 0.0, 0.25, 0.25]),
        np.array([[0.5], [0.5], [1e3], [40.0]]),
        np.array([[1.0], [1.0], [2.0], [1.0]]),
    )
    for package in (fast, reference):
        found = package.fit_gaussian_mixture(x, start, floor=1e-3, tol=0, max_iter=30).state
        assert found.weights == pytest.approx([2 / 3, 0, 0, 1 / 3])
        assert found.weights[1] == found.weights[2] == 0
        assert found.means.ravel().tolist() == pytest.approx([0.5, 0.5, 1e3, 40])
        assert found.variances.ravel().tolist() == [0.25, 1.0, 2.0, 1e-3]


@pytest.mark.spec("VEM-2", "VEM-6")
@pytest.mark.parametrize("distance", [50.0, 53.5, 54.5, 60.0, 61.0])
def test_a_component_almost_out_of_reach(distance: float) -> None:
    """Posteriors around 2**-900: what is negligible is 0 in both, so that it stays 0."""
    x, variances = np.zeros((5, 1)), np.full((2, 1), 2.5)
    start = GaussianMixture(np.full(2, 0.5), np.array([[0.0], [distance]]), variances)
    found, expected = fast.em_step(x, start)[0], reference.em_step(x, start)[0]
    assert found.weights == pytest.approx(expected.weights, rel=1e-11, abs=0)
    assert (found.weights[1] == 0) == (distance > 56)


@pytest.mark.spec("VEM-7")
@pytest.mark.parametrize("k", [1, 2, 15, 16, 70])
def test_equal_components(k: int) -> None:
    """The sum over components is then K for every point: products over a block stay finite."""
    x = np.linspace(-2, 2, 40 if SLOW else 600)[:, None]
    mixture = GaussianMixture(np.full(k, 1 / k), np.zeros((k, 1)), np.ones((k, 1)))
    ours, theirs = fast.em_step(x, mixture), reference.em_step(x, mixture)
    assert_close(x, mixture, ours, theirs)


@pytest.mark.spec("VEM-7")
def test_read_only_and_other_types() -> None:
    x = np.arange(12, dtype=np.int32).reshape(6, 2)[:, ::-1]
    frozen = x.astype(np.float64)
    frozen.flags.writeable = False
    means = np.array([[0.0, 8.0], [1.0, 9.0]]).T
    means.flags.writeable = False
    mixture = GaussianMixture(np.array([0.5, 0.5]), means, np.ones((2, 1)))
    first, second = fast.em_step(x, mixture), fast.em_step(frozen, mixture)
    assert (first[0].means == second[0].means).all()
    assert first[1] == second[1]
    assert SLOW or len(em_step_kernel.signatures) == 1  # not compiled anew for these


@pytest.mark.spec("VEM-7")
def test_called_from_compiled_code() -> None:
    @numba.njit
    def evidence(x: Any, means: Any) -> Any:
        k, d, n = means.shape[0], means.shape[1], 16
        half, offsets = np.full((k, d), 0.5), np.zeros(k)
        columns, weights = np.empty((d, n)), np.empty((k, n))
        tops, totals, counts = np.empty(n), np.empty(n), np.empty(k)
        firsts, squares = np.empty((k, d)), np.empty((k, d))
        return (
            em_step_kernel(
                x, means, half, offsets, means, columns, weights, tops, totals,
                counts, firsts, squares,
            ),
            counts,
        )  # fmt: skip

    rng = np.random.default_rng(0)
    x, means = rng.standard_normal((40, 2)), rng.standard_normal((3, 2))
    table = -((x[:, None] - means) ** 2).sum(axis=2) / 2 * math.log(2)
    q, expected = reference.e_step(table)
    found, counts = evidence(x, means)
    assert found == pytest.approx(expected.sum() / math.log(2), rel=1e-13)
    assert counts == pytest.approx(q.sum(axis=0), rel=1e-13)


ONE = GaussianMixture(np.array([0.5, 0.5]), np.zeros((2, 2)), np.full((2, 2), 2.0))


@pytest.mark.spec("VEM-4", "VEM-6", "VEM-7")
@pytest.mark.parametrize("package", [reference, fast], ids=["reference", "fast"])
@pytest.mark.parametrize(
    ("x", "settings", "error"),
    [
        ([], {}, DataError),
        ([1.0, 2.0], {}, DataError),
        ([[1.0]], {}, DataError),
        ([[1.0, math.nan]], {}, DataError),
        ([[1.0, 2.0**201]], {}, DataError),
        ([["a", "b"]], {}, DataError),
        ([[1.0, 2.0]], {"floor": 0.0}, DistributionError),
        ([[1.0, 2.0]], {"floor": 3.0}, DistributionError),
        ([[1.0, 2.0]], {"floor": math.nan}, DistributionError),
        ([[1.0, 2.0]], {"fixed": ["mean"]}, ModelError),
        ([[1.0, 2.0]], {"fixed": "means"}, ModelError),
        ([[1.0, 2.0]], {"tol": -1.0}, ModelError),
        ([[1.0, 2.0]], {"tol": math.nan}, ModelError),
        ([[1.0, 2.0]], {"max_iter": 0}, ModelError),
        ([[1.0, 2.0]], {"max_iter": True}, ModelError),
    ],
)
def test_refuses_alike(
    package: Any, x: Any, settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        package.fit_gaussian_mixture(x, ONE, **settings)
    if not {"tol", "max_iter"} & set(settings):
        with pytest.raises(error):
            package.em_step(x, ONE, **settings)


@pytest.mark.spec("VEM-6")
@pytest.mark.parametrize("package", [reference, fast], ids=["reference", "fast"])
def test_a_floor_above_fixed_variances_is_none(package: Any) -> None:
    found, _ = package.em_step([[1.0, 2.0]], ONE, floor=1e3, fixed=["variances"])
    assert (found.variances == ONE.variances).all()


@pytest.mark.spec("VEM-3", "VEM-7")
def test_a_fall_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An M step that is none: the next pass over the data sees it."""
    module = fast.fit_gaussian_mixture.__module__
    worse = GaussianMixture(np.array([0.5, 0.5]), np.full((2, 2), 9.0), np.full((2, 2), 2.0))
    monkeypatch.setattr(f"{module}._m_step", lambda *_: worse)
    with pytest.raises(LowerBoundError, match="lowers the bound from"):
        fast.fit_gaussian_mixture([[1.0, 2.0]], ONE)
