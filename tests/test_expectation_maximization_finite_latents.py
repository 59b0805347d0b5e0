"""VEM: the bound of finite latents, the exact E step, and the ascent of both steps."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logit, softmax

from reference.errors import DistributionError, LowerBoundError, ModelError
from reference.inference.distributions import categorical_kl
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization import (
    e_step,
    expectation_maximization,
    finite_lower_bound,
)

INF = math.inf


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """Tables of log joints in which each data point is possible (VEM-1, VEM-2)."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    number = st.floats(-1e4, 1e4) | st.just(-INF) | st.floats(-1, 1)
    rows = st.lists(number, min_size=k, max_size=k).filter(lambda row: max(row) > -INF)
    return np.array(draw(st.lists(rows, min_size=n, max_size=n)))


@st.composite
def distributions(draw: st.DrawFn, shape: tuple[int, int]) -> Floats:
    """Rows of probabilities, some of them 0."""
    seed, zeros = draw(st.integers(0, 2**32 - 1)), draw(st.booleans())
    rng = np.random.default_rng(seed)
    q = rng.dirichlet(np.ones(shape[1]), shape[0])
    if zeros:
        q[:, rng.integers(shape[1])] = 0
        q[:, 0] += 1 - q.sum(axis=1)
    return q


@pytest.mark.spec("VEM-1", "VEM-2")
@given(table=tables(), data=st.data())
def test_bound_is_evidence_less_divergence(table: Floats, data: st.DataObject) -> None:
    """For any distributions: log p(x) - KL(q || posterior), and so never above log p(x)."""
    q = data.draw(distributions(table.shape))
    posterior, evidence = e_step(table)
    bound = finite_lower_bound(table, q)
    slack = 2.0**-44 * (1 + np.abs(np.where(table > -INF, table, 0)).max())
    excluded = ((q > 0) & (table == -INF)).any(axis=1)
    assert (bound[excluded] == -INF).all()
    assert (bound <= evidence + slack).all()
    # a posterior of less than 2**-900 is 0, and the divergence from it infinite
    sound = ~((q > 0) & (posterior == 0)).any(axis=1)
    kl = categorical_kl(q[sound], posterior[sound])
    assert np.abs(bound[sound] - (evidence[sound] - kl)).max(initial=0) <= slack
    at_posterior = finite_lower_bound(table, posterior)
    assert np.abs(at_posterior - evidence).max() <= slack


@pytest.mark.spec("VEM-1", "VEM-2")
@given(table=tables())
def test_e_step_within_its_bound(table: Floats) -> None:
    """Against 60 digits; the factor 1 in front covers the largest of a row being 0."""
    posterior, evidence = e_step(table)
    assert np.abs(posterior.sum(axis=1) - 1).max() <= 2.0**-50
    with mpmath.workdps(60):
        for row, found, log_p in zip(table, posterior, evidence, strict=True):
            weights = [mpmath.exp(v) if v > -INF else mpmath.mpf(0) for v in row.tolist()]
            total = mpmath.fsum(weights)
            bound = 2.0**-46 * (1 + max(abs(v) for v in row.tolist() if v > -INF))
            assert abs(mpmath.log(total) - float(log_p)) <= bound
            for weight, p in zip(weights, found.tolist(), strict=True):
                exact = weight / total
                assert abs(p - exact) <= max(bound * exact, 2.0**-899)
                assert p == 0 or p >= 2.0**-900


@pytest.mark.spec("VEM-1")
def test_bound_by_hand() -> None:
    """One coin that fell heads; a fair q; and what is excluded costs nothing at q = 0."""
    table = np.log([[0.3, 0.1]])
    fair = (math.log(0.3) + math.log(0.1)) / 2 + math.log(2)
    assert finite_lower_bound(table, [[0.5, 0.5]]) == pytest.approx([fair], rel=1e-15)
    assert finite_lower_bound([[math.log(0.3), -INF]], [[1.0, 0.0]]) == math.log(0.3)
    assert finite_lower_bound([[0.0, -INF]], [[0.5, 0.5]]) == -INF


@pytest.mark.spec("VEM-2")
def test_negligible_posteriors_are_zero() -> None:
    """Below 2**-900, about exp(-623.8), and not above."""
    posterior, _ = e_step([[0.0, -623.0, -625.0, -745.0]])
    assert posterior[0, 1] == pytest.approx(math.exp(-623), rel=1e-12)
    assert posterior[0, 2:].tolist() == [0.0, 0.0]


# Known answers of published examples


def linkage(theta: float) -> Floats:
    """Four cells of (1/2 + t/4, (1 - t)/4, (1 - t)/4, t/4), the first split into its terms."""
    cells = [[0.5, theta / 4], [(1 - theta) / 4, 0], [(1 - theta) / 4, 0], [theta / 4, 0]]
    with np.errstate(divide="ignore"):
        return np.log(np.repeat(cells, [125, 18, 20, 34], axis=0))


def linkage_m_step(theta: float, q: Floats) -> float:
    ours = q[:125, 1].sum() + 34
    return float(ours / (ours + 38))


@pytest.mark.spec("VEM-3")
def test_genetic_linkage_of_dempster_laird_rubin() -> None:
    """197 animals (1977, page 2): the iterates, and the root of 197 t^2 - 15 t - 68."""
    published = [0.5, 0.608247423, 0.624321051, 0.626488879, 0.626777323, 0.626815632]
    published += [0.626820719, 0.626821395, 0.626821484]
    theta, found = 0.5, [0.5]
    for _ in published[1:]:
        theta = linkage_m_step(theta, e_step(linkage(theta))[0])
        found.append(theta)
    assert found == pytest.approx(published, rel=0, abs=1.5e-9)  # printed with nine digits
    ascent = expectation_maximization(0.5, linkage, linkage_m_step, tol=0, max_iter=60)
    root = (15 + math.sqrt(15**2 + 4 * 197 * 68)) / (2 * 197)
    assert ascent.state == pytest.approx(root, rel=1e-9)
    assert ascent.converged


def coins(theta: tuple[float, float]) -> Floats:
    """Five times ten tosses of one of two coins, chosen at random (Do, Batzoglou 2008)."""
    heads = np.array([5, 9, 8, 4, 7])[:, None]
    return math.log(0.5) + heads * np.log(theta) + (10 - heads) * np.log1p(-np.array(theta))


def coins_m_step(_: tuple[float, float], q: Floats) -> tuple[float, float]:
    heads = np.array([5, 9, 8, 4, 7])
    return tuple((heads @ q / (10 * q.sum(axis=0))).tolist())


@pytest.mark.spec("VEM-3")
def test_two_coins_of_do_and_batzoglou() -> None:
    """Nature Biotechnology 26, figure 1: 0.71, 0.58 after one step, 0.80, 0.52 after ten."""
    one = expectation_maximization((0.6, 0.5), coins, coins_m_step, max_iter=1, tol=0)
    assert one.state == pytest.approx((0.71, 0.58), abs=0.005)
    assert len(one.lower_bounds) == 2
    assert not one.converged
    ten = expectation_maximization((0.6, 0.5), coins, coins_m_step, max_iter=10, tol=0)
    assert ten.state == pytest.approx((0.80, 0.52), abs=0.005)
    assert ten.lower_bounds[:2] == one.lower_bounds
    assert ten.lower_bounds[0] == pytest.approx(e_step(coins((0.6, 0.5)))[1].sum(), rel=1e-14)
    assert ten.lower_bounds[-1] == pytest.approx(e_step(coins(ten.state))[1].sum(), rel=1e-14)
    assert (np.diff(ten.lower_bounds) > 0).all()


@pytest.mark.spec("VEM-2", "VEM-3", "VEM-18")
def test_a_family_that_has_the_posterior_is_exact() -> None:
    """Variational EM, q_i = Bernoulli(sigmoid(a_i)) by a generic optimiser, is EM."""
    theta = exact = (0.6, 0.5)
    for _ in range(5):
        exact = coins_m_step(exact, e_step(coins(exact))[0])
        table = coins(theta)

        def negative(a: Floats, table: Floats = table) -> float:
            q = softmax(np.stack([a, np.zeros_like(a)], axis=1), axis=1)
            return -float(finite_lower_bound(table, q).sum())

        best = minimize(negative, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
        q = softmax(np.stack([best.x, np.zeros(5)], axis=1), axis=1)
        assert best.x == pytest.approx(logit(e_step(table)[0][:, 0]), abs=1e-4)
        theta = coins_m_step(theta, q)
        assert theta == pytest.approx(exact, abs=1e-5)


@pytest.mark.spec("VEM-3")
def test_fisher_identity() -> None:
    """The gradient of the evidence is the posterior's mean of that of the log joint."""
    theta = np.array([0.7, 0.4])
    heads = np.array([5, 9, 8, 4, 7])[:, None]
    q, _ = e_step(coins(tuple(theta)))
    gradient = (q * (heads / theta - (10 - heads) / (1 - theta))).sum(axis=0)
    for j in range(2):
        step = 1e-6 * np.eye(2)[j]
        rise = e_step(coins(theta + step))[1].sum() - e_step(coins(theta - step))[1].sum()
        assert rise / 2e-6 == pytest.approx(gradient[j], rel=1e-7)


# Rejections


@pytest.mark.spec("VEM-3")
def test_a_wrong_m_step_is_found() -> None:
    with pytest.raises(LowerBoundError, match="update 0 of sweep 1 lowers the bound from"):
        expectation_maximization(
            (0.8, 0.5), coins, lambda old, q: coins_m_step(old, q)[::-1], tol=0
        )


@pytest.mark.spec("VEM-3")
@pytest.mark.parametrize(
    "settings",
    [{"tol": -1.0}, {"tol": math.nan}, {"tol": INF}, {"max_iter": 0}, {"max_iter": 1.5}],
)
def test_rejects_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        expectation_maximization((0.6, 0.5), coins, coins_m_step, **settings)


@pytest.mark.spec("VEM-1", "VEM-2")
@pytest.mark.parametrize(
    "table",
    [
        [],
        [[]],
        [0.0, 1.0],
        [[0.0], [1.0, 2.0]],
        [[math.nan, 0.0]],
        [[INF, 0.0]],
        [["a"]],
        [[True]],
        [[1j]],
    ],
)
def test_rejects_tables(table: Any) -> None:
    with pytest.raises(DistributionError):
        e_step(table)
    with pytest.raises(DistributionError):
        finite_lower_bound(table, [[1.0]])


@pytest.mark.spec("VEM-2")
def test_rejects_the_impossible() -> None:
    with pytest.raises(DistributionError, match="data point 1 has the probability 0"):
        e_step([[0.0, -INF], [-INF, -INF]])


@pytest.mark.spec("VEM-1")
@pytest.mark.parametrize(
    "q",
    [
        [[0.5, 0.5]] * 2,
        [0.5, 0.5],
        [[0.5, 0.4]],
        [[1.5, -0.5]],
        [[math.nan, 1.0]],
        [["a", "b"]],
        [[1.0]],
    ],
)
def test_rejects_distributions(q: Any) -> None:
    with pytest.raises(DistributionError):
        finite_lower_bound([[0.0, -1.0]], q)
