"""`fast.information.entropy.discrete` equals `reference`, within the bound of ENT-3."""

import math
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.information.entropy as fast
import reference.information.entropy as reference
from reference.information.entropy.distribution import Floats
from tests.entropy_bounds import plog, slack_of_both
from tests.strategies import pmfs

INF = math.inf
TINY = 5e-324
SLOW = bool(numba.config.DISABLE_JIT)
LONG = [41] if SLOW else [511, 513, 1300]
"""Longer than a vector of numbers, or than a block; with the JIT off that takes too long."""
PAIRS = ("cross_entropy", "kl_divergence")

any_pmfs = (st.integers(1, 40) | st.sampled_from(LONG)).flatmap(lambda k: pmfs(size=k))


@pytest.mark.spec("ENT-3", "ENT-5")
@given(p=any_pmfs)
@example(p=np.array([1.0]))
@example(p=np.array([1.0, TINY]))
@example(p=np.array([0.0, 0.0, -0.0, 1.0]))
@example(p=np.full(1023, 1 / 1023))
def test_entropy(p: Floats) -> None:
    expected, found = reference.entropy(p), fast.entropy(p)
    assert abs(found - expected) <= slack_of_both(p.size, plog(p, p))
    assert type(found) is type(expected)
    assert math.copysign(1, found) == 1


@pytest.mark.spec("ENT-3", "ENT-7", "ENT-8")
@pytest.mark.parametrize("name", PAIRS)
@given(p=any_pmfs, data=st.data())
def test_pairs(name: str, p: Floats, data: st.DataObject) -> None:
    q = data.draw(pmfs(size=p.size))
    expected, found = getattr(reference, name)(p, q), getattr(fast, name)(p, q)
    assert type(found) is type(expected)
    if np.any((p > 0) & (q == 0)):
        assert found == expected == INF
        q = (p + q) / 2
        q += (p > 0) * TINY
        expected, found = getattr(reference, name)(p, q), getattr(fast, name)(p, q)
    assert abs(found - expected) <= slack_of_both(p.size, plog(p, p) + plog(p, q))
    assert getattr(fast, name)(p, p) == pytest.approx(
        fast.entropy(p) if name == "cross_entropy" else 0,
        rel=0,
        abs=slack_of_both(p.size, plog(p, p)),
    )


@pytest.mark.spec("ENT-3", "ENT-5", "ENT-7", "ENT-8", "ENT-11")
@given(cuts=st.lists(st.integers(0, 30), max_size=30), data=st.data())
def test_dyadic_is_exact(cuts: list[int], data: st.DataObject) -> None:
    depths = [0]
    for cut in cuts:
        i = cut % len(depths)
        if depths[i] < 20:
            depths[i : i + 1] = [depths[i] + 1] * 2
    p = np.ldexp(1.0, -np.array(depths))
    q = np.array(data.draw(st.permutations(p.tolist())))
    assert fast.entropy(p) == reference.entropy(p)
    for name in PAIRS:
        assert getattr(fast, name)(p, q) == getattr(reference, name)(p, q)
    assert fast.mutual_information(np.outer(p, q)) == 0
    assert fast.mutual_information(np.diag(p)) == fast.entropy(p)


@pytest.mark.spec("ENT-3", "ENT-7", "ENT-8")
@pytest.mark.parametrize(
    ("p", "q", "cross", "kl"),
    [
        ([0.5, 0.5, 0], [0, 0.5, 0.5], INF, INF),
        ([0, 1], [0, 1], 0, 0),
        ([1, 0], [TINY, 1], 1074, 1074),
        ([0.5, 0.5], [TINY, 1], 537, 536),
        ([0, 0, 1], [0, 1 - 1e-16, 1e-16], 53.150849518197795, 53.150849518197795),
        ([TINY, 1], [0, 1], INF, INF),
    ],
)
def test_support(p: Any, q: Any, cross: float, kl: float) -> None:
    for package in (reference, fast):
        assert package.cross_entropy(p, q) == pytest.approx(cross, rel=1e-15)
        assert package.kl_divergence(p, q) == pytest.approx(kl, rel=1e-15)


@pytest.mark.spec("ENT-1", "ENT-2")
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 2), (2, 1), None])
def test_axes(axis: Any, keepdims: bool, normalize: bool) -> None:
    p, q = np.random.default_rng(0).random((2, 3, 1, 5))
    q = np.broadcast_to(q[:, :, :1], q.shape) if axis in (0, 1) else q
    p = np.concatenate([p, p[::-1], p], axis=1)
    if not normalize:
        p = p / p.sum(axis=axis, keepdims=True)
        q = np.broadcast_to(q, p.shape) / np.broadcast_to(q, p.shape).sum(
            axis=axis, keepdims=True
        )
    options = {"axis": axis, "keepdims": keepdims, "normalize": normalize, "base": 10}
    for name, args in [("entropy", (p,)), *((name, (p, q)) for name in PAIRS)]:
        expected = getattr(reference, name)(*args, **options)
        found = getattr(fast, name)(*args, **options)
        assert np.shape(found) == np.shape(expected)
        assert np.allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.spec("ENT-3", "ENT-5", "ENT-8")
def test_huge_alphabets() -> None:
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.full(2_000 if SLOW else 200_000, 0.1), 2)
    assert fast.entropy(p) == pytest.approx(reference.entropy(p), rel=1e-12)
    q = (q + 1e-9) / (q + 1e-9).sum()
    assert fast.kl_divergence(p, q) == pytest.approx(reference.kl_divergence(p, q), rel=1e-12)
    k = 11 if SLOW else 18
    assert fast.entropy(np.full(2**k, 2.0**-k)) == k
