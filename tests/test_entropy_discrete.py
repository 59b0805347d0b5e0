"""ENT-3 to ENT-9: surprisal, entropy and the divergences of distributions.

Bounds, identities, known answers, axes, and what is refused.
"""

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.information import entropy as ent
from reference.information.entropy.distribution import Floats
from tests.entropy_bounds import exact, log2, plog, slack
from tests.strategies import dyadic_pmfs, pmfs

INF = math.inf
TINY = 5e-324


@pytest.mark.spec("ENT-3", "ENT-5")
@given(p=pmfs())
@example(p=np.array([1.0]))
@example(p=np.array([1.0, TINY])).via("1074 times the least number")
@example(p=np.full(7, 1 / 7)).via("entropy above log K")
def test_entropy_is_within_its_bound(p: Floats) -> None:
    """Of the exact value, of 0, and of log K."""
    h = ent.entropy(p)
    assert abs(h - exact(lambda a: -a * log2(a) if a else 0, p)) <= slack(p.size, plog(p))
    tolerance = slack(p.size, plog(p)) + 2.0**-52 * p.size * math.log2(2 * p.size)
    assert 0 <= h <= math.log2(p.size) + tolerance
    assert math.copysign(1, h) == 1


@pytest.mark.spec("ENT-3", "ENT-7", "ENT-8")
@given(data=st.data(), p=pmfs())
@example(data=None, p=np.array([1.0, TINY])).via("a quotient that overflows")
def test_divergence_is_within_its_bound(data: st.DataObject | None, p: Floats) -> None:
    """Of the exact value; with it ``H(p, q) = H(p) + KL(p || q)``, and KL bounds distances."""
    q = p[::-1].copy() if data is None else data.draw(pmfs(size=p.size))
    cross, kl = ent.cross_entropy(p, q), ent.kl_divergence(p, q)
    if np.any((p > 0) & (q == 0)):
        assert cross == kl == INF
        return
    bound = slack(p.size, plog(p, p) + plog(p, q))
    assert abs(cross - exact(lambda a, b: -a * log2(b) if a else 0, p, q)) <= bound
    true = exact(lambda a, b: a * log2(a / b) if a else 0, p, q)
    assert abs(kl - max(true, 0)) <= bound
    unclamped = kl + min(true, 0)  # below 0 where the sum of q is a little above 1
    assert cross == pytest.approx(ent.entropy(p) + unclamped, abs=2 * bound, rel=0)
    # Pinsker's inequality, and what the sums lack to 1
    distance = float(np.abs(p - q).sum())
    assert kl >= distance**2 / (2 * math.log(2)) - bound - 2.0**-50 * p.size
    assert ent.kl_divergence(p, p) == 0


@pytest.mark.spec("ENT-3", "ENT-5", "ENT-7", "ENT-8")
@given(p=dyadic_pmfs(), data=st.data())
def test_dyadic_is_exact(p: Floats, data: st.DataObject) -> None:
    q = np.array(data.draw(st.permutations(p.tolist())))
    depth, code = -np.log2(p), -np.log2(q)
    assert ent.entropy(p) == float(
        sum(Fraction(a) * int(d) for a, d in zip(p, depth, strict=True))
    )
    cross = float(sum(Fraction(a) * int(d) for a, d in zip(p, code, strict=True)))
    assert ent.cross_entropy(p, q) == cross
    assert ent.kl_divergence(p, q) == cross - ent.entropy(p)


@pytest.mark.spec("ENT-5", "ENT-8", "ENT-9")
@given(p=pmfs(), data=st.data())
def test_order_of_outcomes_does_not_matter(p: Floats, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(p.size))))
    q = data.draw(pmfs(size=p.size))
    assert ent.entropy(p[order]) == pytest.approx(
        ent.entropy(p), abs=2 * slack(p.size, plog(p))
    )
    for measure in (ent.cross_entropy, ent.kl_divergence, ent.jensen_shannon_divergence):
        assert measure(p[order], q[order]) == pytest.approx(
            measure(p, q), rel=1e-12, abs=1e-12
        )


@pytest.mark.spec("ENT-5")
@pytest.mark.parametrize("k", [1, 2, 3, 10, 1000, 4096, 10**6])
def test_uniform_has_the_most_entropy(k: int) -> None:
    p = np.full(k, 1 / k)
    assert ent.entropy(p) == pytest.approx(math.log2(k), rel=slack(k, 1), abs=0)
    if k & (k - 1) == 0:
        assert ent.entropy(p) == math.log2(k)
    if 1 < k <= 1000:
        tilted = p.copy()
        tilted[0], tilted[1] = 1.5 / k, 0.5 / k
        assert ent.entropy(tilted) < ent.entropy(p) - 0.1 / k


@pytest.mark.spec("ENT-9")
@given(p=pmfs(), data=st.data())
@example(p=np.array([1.0, TINY, 0.0]), data=None).via("half of the least number is 0")
def test_jensen_shannon(p: Floats, data: st.DataObject | None) -> None:
    """It is symmetric, between 0 and 1 bit, 0 of equals, and the mean of two divergences."""
    q = np.array([1.0, 0.0, TINY]) if data is None else data.draw(pmfs(size=p.size))
    js = ent.jensen_shannon_divergence(p, q)
    bound = 2 * slack(2 * p.size, plog(p) + plog(q) + plog(p, p + q) + plog(q, p + q) + 4)
    assert ent.jensen_shannon_divergence(q, p) == pytest.approx(js, abs=bound)
    assert 0 <= js <= 1 + bound
    assert 0 <= ent.jensen_shannon_divergence(p, p) <= bound
    true = exact(
        lambda a, b: (
            ((a * log2(2 * a / (a + b)) if a else 0) + (b * log2(2 * b / (a + b)) if b else 0))
            / 2
        ),
        p,
        q,
    )
    assert js == pytest.approx(true, abs=bound)


@pytest.mark.spec("ENT-9")
def test_jensen_shannon_of_strangers_is_a_bit() -> None:
    assert ent.jensen_shannon_divergence([0.5, 0.5, 0], [0, 0, 1]) == 1
    assert ent.jensen_shannon_divergence([1, 0], [0, 1], base=math.e) == pytest.approx(
        math.log(2)
    )


@pytest.mark.spec("ENT-4")
@given(p=st.floats(0, 1))
def test_surprisal(p: float) -> None:
    true = INF if p == 0 else float(-log2(mpmath.mpf(p)))
    assert ent.surprisal(p) == pytest.approx(true, rel=8 * 2.0**-52)
    assert math.copysign(1, ent.surprisal(p)) == 1


@pytest.mark.spec("ENT-6")
@given(p=st.floats(0, 1), q=st.floats(0, 1))
@example(p=0.0, q=1e-300)
@example(p=0.5, q=0.5)
@example(p=0.25, q=1e-17)
@example(p=1.0, q=0.0)
@example(p=0.0, q=0.0)
def test_binary_cross_entropy(p: float, q: float) -> None:
    """No digits of a small q are lost, and impossible outcomes count only if they occur."""
    if (p > 0 and q == 0) or (p < 1 and q == 1):
        assert ent.binary_cross_entropy(p, q) == INF
        return
    with mpmath.workprec(2400):
        a, b = mpmath.mpf(p), mpmath.mpf(q)
        true = -(a * log2(b) if p else 0) - ((1 - a) * log2(1 - b) if p < 1 else 0)
        weights = (abs(a * log2(b)) if p else 0) + abs((1 - a) * log2(1 - b)) if q < 1 else 0
        error = abs(mpmath.mpf(float(ent.binary_cross_entropy(p, q))) - true)
        assert error <= 8 * 2.0**-52 * weights + 2.0**-1073
    if p == q:
        assert ent.binary_entropy(p) == ent.binary_cross_entropy(p, p)
        pair = ent.entropy([p, 1 - p])
        assert ent.binary_entropy(p) == pytest.approx(pair, rel=1e-12, abs=1e-15)


# Known answers


@pytest.mark.spec("ENT-4", "ENT-5", "ENT-7", "ENT-8")
def test_lecture() -> None:
    """Forks on a road, a coin, bits known and fair, a die, and three games of questions."""
    assert ent.entropy(np.full(2**10, 2.0**-10)) == 10
    assert ent.surprisal(0.9) == pytest.approx(0.152, abs=5e-4)
    assert ent.surprisal(0.1) == pytest.approx(3.322, abs=5e-4)
    assert 1000 * ent.binary_entropy(1.0) == 0
    assert 1000 * ent.binary_entropy(0.5) == 1000
    assert ent.entropy(np.full(6, 1 / 6)) == pytest.approx(2.585, abs=5e-4)
    fair, biased = np.full(4, 0.25), np.array([0.5, 0.125, 0.125, 0.25])
    assert ent.entropy(fair) == 2
    assert ent.entropy(biased) == 1.75
    assert ent.cross_entropy(biased, fair) == 2
    assert ent.kl_divergence(biased, fair) == 0.25


@pytest.mark.spec("ENT-7", "ENT-8")
def test_support() -> None:
    """Where a library answered -0.549, mathematics says inf."""
    assert ent.kl_divergence([0.5, 0.5, 0], [0, 0.5, 0.5]) == INF
    assert ent.kl_divergence([0, 0.5, 0.5], [0, 0.25, 0.75]) == pytest.approx(
        0.20751874963942185
    )
    assert ent.cross_entropy([0, 1], [0, 1]) == 0
    assert ent.kl_divergence([1, 0], [TINY, 1]) == 1074
    assert ent.cross_entropy([0.5, 0.5], [TINY, 1]) == 537


# Axes, and what is refused


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 2), (2, 1), None])
def test_axes(axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
    """Measures along some axes are those of each slice, in the shape of numpy's sums."""
    rng = np.random.default_rng(1)
    p, q = rng.random((2, 2, 3, 4))
    shape = p.sum(axis=axis, keepdims=keepdims).shape
    kept = [i for i in range(3) if axis is not None and i not in np.atleast_1d(axis) % 3]
    for measure in (
        ent.entropy,
        ent.cross_entropy,
        ent.kl_divergence,
        ent.jensen_shannon_divergence,
    ):
        args = (p,) if measure is ent.entropy else (p, q)
        found = measure(*args, axis=axis, keepdims=keepdims, normalize=True)
        assert np.shape(found) == shape
        for at in np.ndindex(*(p.shape[i] for i in kept)):
            where = [slice(None)] * 3
            for i, k in zip(kept, at, strict=True):
                where[i] = k  # type: ignore[call-overload]
            parts = (a[tuple(where)].ravel() for a in args)
            single = measure(*parts, normalize=True)
            assert np.squeeze(found)[at] == pytest.approx(single, rel=1e-13)


@pytest.mark.spec("ENT-1")
def test_refuses_other_shapes() -> None:
    with pytest.raises(DistributionError, match="shapes"):
        ent.kl_divergence([0.5, 0.5], [0.25, 0.25, 0.5])
    with pytest.raises(DistributionError, match="not 1"):
        ent.kl_divergence([0.5, 0.5], [1.0])  # two outcomes of probability 1


@pytest.mark.spec("ENT-4", "ENT-6")
@pytest.mark.parametrize("p", [-TINY, 1 + 2.0**-52, math.nan, INF, -0.5, True, "1"])
def test_refuses_what_is_no_probability(p: Any) -> None:
    for call in (
        lambda: ent.surprisal(p),
        lambda: ent.binary_entropy(p),
        lambda: ent.binary_cross_entropy(p, 0.5),
        lambda: ent.binary_cross_entropy([0.5], [p]),
    ):
        with pytest.raises(DistributionError):
            call()
