"""ENT: the identities of information theory, known answers, and what is refused."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.information import entropy as ent
from reference.information.entropy.distribution import Floats
from reference.information.entropy.distribution import log2 as log2_of_numpy

INF = math.inf
TINY = 5e-324
# Cover and Thomas, example 2.2.1: X along the columns, Y along the rows.
COVER = np.array([[4, 2, 1, 1], [2, 4, 1, 1], [2, 2, 2, 2], [8, 0, 0, 0]]) / 32

weight = st.one_of(
    st.sampled_from([0.0, TINY, 1e-310, 1e-40, 2.0**-60, 1.0]), st.floats(0.0, 1.0)
)


@st.composite
def pmfs(draw: st.DrawFn, most: int = 12, size: int | None = None) -> Floats:
    """Distributions (ENT-1) with zeros and subnormal numbers, shrinking to certainty."""
    k = draw(st.integers(1, most)) if size is None else size
    p = np.array(draw(st.lists(weight, min_size=k, max_size=k)))
    p[draw(st.integers(0, k - 1))] += draw(st.floats(0.01, 1.0))
    return p / p.sum()


@st.composite
def tables(draw: st.DrawFn, variables: int = 2, most: int = 5) -> Floats:
    """Joint distributions (ENT-10)."""
    shape = draw(st.tuples(*[st.integers(1, most)] * variables))
    return draw(pmfs(size=math.prod(shape))).reshape(shape)


@st.composite
def dyadic_pmfs(draw: st.DrawFn) -> Floats:
    """Distributions of powers of two: a leaf of a tree, cut in two again and again."""
    depths = [0]
    for _ in range(draw(st.integers(0, 20))):
        i = draw(st.integers(0, len(depths) - 1))
        if depths[i] < 20:
            depths[i : i + 1] = [depths[i] + 1] * 2
    return np.ldexp(1.0, -np.array(depths))


def slack(n: int, a: float) -> float:
    """The bound of ENT-3 for `n` terms."""
    return (n + 16) * 2.0**-52 * a + n * 2.0**-1074


def plog(p: Floats, *others: Floats, computed: bool = False) -> float:
    """The `A` of ENT-3 for the logarithms of `others`, or of `p` itself."""
    total = 0.0
    for a in others or (p,):
        seen = np.broadcast_to(p, np.broadcast_shapes(p.shape, a.shape)) > 0
        a_seen, p_seen = (
            np.broadcast_to(a, seen.shape)[seen],
            np.broadcast_to(p, seen.shape)[seen],
        )
        with np.errstate(divide="ignore"):
            total += float((p_seen * (np.abs(np.log2(a_seen)) + 2 * computed)).sum())
    return total


def loose(p: Floats, logarithms: int = 6) -> float:
    """A slack for identities of computed distributions: of all logarithms that they take."""
    return logarithms * slack(p.size, plog(p, computed=True))


def exact(term: Callable[[Any], Any], *arrays: Floats) -> float:
    """Sum terms in 400 bits, with the binary64 numbers as they are."""
    with mpmath.workprec(400):
        return float(mpmath.fsum(term(*map(mpmath.mpf, v)) for v in zip(*arrays, strict=True)))


def log2(x: Any) -> Any:
    return mpmath.log(x, 2)


@pytest.mark.spec("ENT-17")
def test_logarithm() -> None:
    """numpy's, on this machine: over the whole range, and exact at powers of two."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    assert np.array_equal(log2_of_numpy(powers), np.arange(-1074, 1024))
    assert log2_of_numpy(np.array([0.0, INF])).tolist() == [-INF, INF]
    rng = np.random.default_rng(0)
    x = np.concatenate([2.0 ** rng.uniform(-1074, 1023, 3000), 1 + rng.uniform(-0.5, 1, 3000)])
    with mpmath.workprec(200):
        for v, found in zip(x.tolist(), log2_of_numpy(x).tolist(), strict=True):
            true = log2(mpmath.mpf(v))
            assert abs(found - true) <= 4 * float(np.spacing(abs(float(true))))


# Discrete


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


@pytest.mark.spec("ENT-3", "ENT-10", "ENT-11", "ENT-14")
@given(p=dyadic_pmfs(), q=dyadic_pmfs())
def test_independent_dyadic_pairs_are_exact(p: Floats, q: Floats) -> None:
    """Additivity: entropies add up, nothing is told, nothing is lost."""
    pair = np.outer(p, q)
    assert ent.joint_entropy(pair) == ent.entropy(p) + ent.entropy(q)
    assert ent.conditional_entropy(pair) == ent.entropy(p)
    assert ent.mutual_information(pair) == 0
    assert ent.mutual_information_from_conditional(pair) == 0
    assert ent.mutual_information_from_joint(pair) == 0
    assert ent.total_correlation(pair) == 0


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


# Joint


@pytest.mark.spec("ENT-10", "ENT-11")
@given(p=tables())
def test_chain_rule_and_three_forms(p: Floats) -> None:
    """H(X, Y) = H(Y) + H(X | Y); knowledge never adds entropy; the forms of I are one."""
    bound = loose(p)
    of_x, of_y = ent.entropy(p.sum(1)), ent.entropy(p.sum(0))
    joint = ent.joint_entropy(p)
    x_given_y, y_given_x = (
        ent.conditional_entropy(p),
        ent.conditional_entropy(p, axis=1, given=0),
    )
    assert joint == pytest.approx(of_y + x_given_y, abs=bound)
    assert joint == pytest.approx(of_x + y_given_x, abs=bound)
    assert 0 <= x_given_y <= of_x + bound
    mi = ent.mutual_information(p)
    assert 0 <= mi <= min(of_x, of_y) + bound
    assert ent.mutual_information_from_conditional(p) == pytest.approx(mi, abs=bound)
    assert ent.mutual_information_from_joint(p) == pytest.approx(mi, abs=bound)
    assert mi == pytest.approx(of_y - y_given_x, abs=bound)
    assert ent.mutual_information(p.T) == pytest.approx(mi, abs=bound)
    assert ent.mutual_information(p, axis=(1, 0)) == pytest.approx(mi, abs=bound)
    assert ent.total_correlation(p) == pytest.approx(mi, abs=bound)
    product = np.outer(p.sum(1), p.sum(0))
    if np.all(product[p > 0] > 1e-300):  # else it is too small to be a number
        assert ent.kl_divergence(p.ravel(), product.ravel()) == pytest.approx(mi, abs=bound)


@pytest.mark.spec("ENT-11")
@given(p=tables(), data=st.data())
def test_data_processing(p: Floats, data: st.DataObject) -> None:
    """A function of Y tells no more of X than Y, and has no more entropy."""
    columns = p.shape[1]
    f = data.draw(st.lists(st.integers(0, columns - 1), min_size=columns, max_size=columns))
    image = np.zeros_like(p)
    for y, value in enumerate(f):
        image[:, value] += p[:, y]
    assert ent.mutual_information(image) <= ent.mutual_information(p) + loose(p)
    assert ent.entropy(image.sum(0)) <= ent.entropy(p.sum(0)) + loose(p)


@pytest.mark.spec("ENT-5", "ENT-11")
@given(p=pmfs(), q=pmfs())
def test_independent_pairs(p: Floats, q: Floats) -> None:
    pair = np.outer(p, q)
    assert ent.joint_entropy(pair) == pytest.approx(
        ent.entropy(p) + ent.entropy(q), abs=loose(pair)
    )
    assert ent.mutual_information(pair) <= loose(pair)


@pytest.mark.spec("ENT-12")
@given(p=tables())
def test_pointwise(p: Floats) -> None:
    """Its expectation is the mutual information; it is NaN only where there is no value."""
    pmi = ent.pointwise_mutual_information(p)
    never = (p.sum(1, keepdims=True) == 0) | (p.sum(0) == 0)
    assert np.array_equal(np.isnan(pmi), never)
    assert np.array_equal(pmi == -INF, (p == 0) & ~never)
    expectation = (p[p > 0] * pmi[p > 0]).sum()
    assert expectation == pytest.approx(ent.mutual_information(p), abs=loose(p))
    other = ent.pointwise_mutual_information(p.T).T
    assert np.allclose(other[p > 0], pmi[p > 0], rtol=0, atol=1e-10)


@pytest.mark.spec("ENT-10", "ENT-13", "ENT-14")
@given(p=tables(variables=3, most=3))
def test_three_variables(p: Floats) -> None:
    """I(X; Y | Z) is an expectation over z; chain rules; total correlation as entropies."""
    bound = 2 * loose(p)
    cmi = ent.conditional_mutual_information(p)
    of_z = p.sum((0, 1))
    slices = [
        ent.mutual_information(p[..., z] / of_z[z]) * of_z[z]
        for z in np.flatnonzero(of_z > 1e-300)
    ]
    assert cmi == pytest.approx(sum(slices), abs=bound)
    assert cmi >= 0
    # I(X; Y, Z) = I(X; Z) + I(X; Y | Z)
    whole = ent.mutual_information(p.reshape(len(p), -1))
    assert whole == pytest.approx(ent.mutual_information(p.sum(1)) + cmi, abs=bound)
    difference = ent.conditional_entropy(p.sum(1)) - ent.conditional_entropy(
        p, axis=0, given=(1, 2)
    )
    assert cmi == pytest.approx(difference, abs=bound)
    singles = sum(ent.entropy(p.sum(tuple({0, 1, 2} - {i}))) for i in range(3))
    assert ent.total_correlation(p) == pytest.approx(singles - ent.joint_entropy(p), abs=bound)
    for order in permutations(range(3)):
        assert ent.total_correlation(p.transpose(order)) == pytest.approx(
            ent.total_correlation(p), abs=bound
        )


@pytest.mark.spec("ENT-13", "ENT-14")
def test_exclusive_or() -> None:
    """Pairs of X, Y and X xor Y tell nothing, all three a bit."""
    p = np.zeros((2, 2, 2))
    for x in range(2):
        for y in range(2):
            p[x, y, x ^ y] = 0.25
    assert ent.mutual_information(p.sum(2)) == 0
    assert ent.conditional_mutual_information(p) == 1
    assert ent.total_correlation(p) == 1
    assert ent.conditional_entropy(p, axis=2, given=(0, 1)) == 0


# Known answers


@pytest.mark.spec("ENT-5", "ENT-10", "ENT-11")
def test_cover_and_thomas() -> None:
    assert ent.entropy(COVER.sum(0)) == 7 / 4
    assert ent.entropy(COVER.sum(1)) == 2
    assert ent.joint_entropy(COVER) == 27 / 8
    assert ent.conditional_entropy(COVER, axis=1, given=0) == 11 / 8
    assert ent.conditional_entropy(COVER, axis=0, given=1) == 13 / 8
    for form in (
        ent.mutual_information,
        ent.mutual_information_from_conditional,
        ent.mutual_information_from_joint,
    ):
        assert form(COVER) == 3 / 8


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


@pytest.mark.spec("ENT-1", "ENT-3")
def test_sums_that_are_not_quite_one() -> None:
    """They are taken as they stand, and never make a measure negative."""
    p = np.array([0.5, 0.5]) * (1 + 2.0**-17)
    exact_value = -2 * p[0] * math.log2(p[0])
    assert ent.entropy(p) == pytest.approx(exact_value, rel=1e-15)
    assert ent.entropy([1 + 2.0**-17]) == 0
    assert ent.kl_divergence([1.0], [1 + 2.0**-17]) == 0
    assert ent.mutual_information([[1 + 2.0**-17]]) == 0
    single = np.random.default_rng(0).random(10**5).astype(np.float32)
    assert ent.entropy(single / single.sum()) == pytest.approx(
        ent.entropy(single, normalize=True), rel=1e-5
    )


@pytest.mark.spec("ENT-1")
@given(p=pmfs(), scale=st.sampled_from([2.0**-40, 3.0, 1e300]))
def test_normalising(p: Floats, scale: float) -> None:
    scaled = p * scale
    assert ent.entropy(scaled, normalize=True) == pytest.approx(
        ent.entropy(scaled / scaled.sum()), rel=1e-12
    )
    table = np.outer(scaled, [1, 2, 3])
    assert ent.joint_entropy(table, normalize=True) == pytest.approx(
        ent.entropy(p) + ent.entropy([1, 2, 3], normalize=True), abs=1e-9
    )


@pytest.mark.spec("ENT-2")
@pytest.mark.parametrize("base", [math.e, 10, 256, 1.5, 4])
def test_base(base: float) -> None:
    """Every measure is the one in bits, over the bits of the base."""
    p, q = COVER[0] * 4, COVER[2] * 4
    cube = np.outer(COVER, [0.25, 0.75]).reshape(4, 4, 2)
    x, y = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    for measure, args in [
        (ent.surprisal, (p,)),
        (ent.binary_entropy, (p,)),
        (ent.binary_cross_entropy, (p, q)),
        (ent.entropy, (p,)),
        (ent.cross_entropy, (p, q)),
        (ent.kl_divergence, (p, q)),
        (ent.jensen_shannon_divergence, (p, q)),
        (ent.joint_entropy, (COVER,)),
        (ent.conditional_entropy, (COVER,)),
        (ent.mutual_information, (COVER,)),
        (ent.mutual_information_from_conditional, (COVER,)),
        (ent.mutual_information_from_joint, (COVER,)),
        (ent.pointwise_mutual_information, (COVER,)),
        (ent.conditional_mutual_information, (cube,)),
        (ent.total_correlation, (cube,)),
        (ent.entropy_from_samples, (x,)),
        (ent.joint_entropy_from_samples, (x, y)),
        (ent.conditional_entropy_from_samples, (x, y)),
        (ent.mutual_information_from_samples, (x, y)),
    ]:
        expected = measure(*args) / math.log2(base)  # type: ignore[operator]
        assert measure(*args, base=base) == pytest.approx(expected, rel=1e-15, nan_ok=True)  # type: ignore[operator]
        for wrong in (1, 0.5, 0, -2, INF, math.nan):
            with pytest.raises(DistributionError, match="base"):
                measure(*args, base=wrong)  # type: ignore[operator]


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


@pytest.mark.spec("ENT-10", "ENT-11", "ENT-12", "ENT-13", "ENT-14")
def test_axes_of_tables() -> None:
    """Other axes hold separate tables."""
    p = np.random.default_rng(2).random((3, 2, 4, 5))
    for measure, axes in [
        (ent.mutual_information, {"axis": (3, 0)}),
        (ent.mutual_information_from_conditional, {"axis": (3, 0)}),
        (ent.mutual_information_from_joint, {"axis": (3, 0)}),
        (ent.conditional_entropy, {"axis": 3, "given": 0}),
        (ent.total_correlation, {"axis": (3, 0)}),
        (ent.joint_entropy, {"axis": (0, 3)}),
    ]:
        found = measure(p, normalize=True, **axes)  # type: ignore[operator]
        assert found.shape == (2, 4)
        assert measure(p, normalize=True, keepdims=True, **axes).shape == (1, 2, 4, 1)  # type: ignore[operator]
        for i, j in np.ndindex(2, 4):
            single = measure(p[:, i, j, :].T, normalize=True)  # type: ignore[operator]
            assert found[i, j] == pytest.approx(single, abs=1e-13)
    cmi = ent.conditional_mutual_information(p, axis=(0, 3), given=2, normalize=True)
    assert cmi.shape == (2,)
    for i in range(2):
        cube = p[:, i].transpose(0, 2, 1)
        single = ent.conditional_mutual_information(cube, normalize=True)
        assert cmi[i] == pytest.approx(single, abs=1e-13)
    pmi = ent.pointwise_mutual_information(p, axis=(0, 3), normalize=True)
    single = ent.pointwise_mutual_information(p[:, 1, 2], normalize=True)
    assert np.allclose(pmi[:, 1, 2], single, rtol=0, atol=1e-13)


WRONG: list[Any] = [
    [0.5, 0.6],
    [0.5, 0.5 + 2.0**-15],
    [0.5, 0.5 - 2.0**-15],
    [-0.1, 1.1],
    [-TINY, 1.0],
    [math.nan, 1.0],
    [INF, 0.0],
    [INF, -INF],
    [0.0, 0.0],
    [],
    [True, False],
    ["1"],
    [1j, 1],
    [[1.0], [0.5, 0.5]],
    [2, 8],
]


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("p", WRONG, ids=repr)
def test_refuses(p: Any) -> None:
    for measure in (ent.entropy, ent.joint_entropy, ent.total_correlation):
        with pytest.raises(DistributionError):
            measure(p)
    for pair in (ent.cross_entropy, ent.kl_divergence, ent.jensen_shannon_divergence):
        for args in ((p, [0.5, 0.5]), ([0.5, 0.5], p)):
            with pytest.raises(DistributionError):
                pair(*args)
    for measure in (
        ent.conditional_entropy,
        ent.mutual_information,
        ent.mutual_information_from_conditional,
        ent.mutual_information_from_joint,
        ent.pointwise_mutual_information,
    ):
        with pytest.raises(DistributionError):
            measure([p])
    with pytest.raises(DistributionError):
        ent.conditional_mutual_information([[p]])


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize(
    "p", [[0.0, 0.0], [1e308, 1e308], [-1.0, 2.0], [math.nan, 1.0], [INF, 1.0], []], ids=repr
)
def test_refuses_to_normalise(p: Any) -> None:
    with pytest.raises(DistributionError):
        ent.entropy(p, normalize=True)
    with pytest.raises(DistributionError):
        ent.mutual_information([p], normalize=True)


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


# Samples

letters = st.lists(
    st.tuples(st.integers(-3, 5), st.sampled_from([0, 1, 7, 2**62])), min_size=1, max_size=40
)


@pytest.mark.spec("ENT-15")
@given(pairs=letters)
def test_samples_are_their_frequencies(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs).T
    table = np.zeros((len(set(x)), len(set(y))))
    for a, b in pairs:
        table[sorted(set(x)).index(a), sorted(set(y)).index(b)] += 1 / len(pairs)
    bound = 2 * loose(table) + slack(len(pairs), 8)
    for found, expected in [
        (ent.entropy_from_samples(x), ent.entropy(table.sum(1))),
        (ent.joint_entropy_from_samples(x, y), ent.joint_entropy(table)),
        (ent.conditional_entropy_from_samples(x, y), ent.conditional_entropy(table)),
        (ent.mutual_information_from_samples(x, y), ent.mutual_information(table)),
    ]:
        assert found == pytest.approx(expected, abs=bound)


@pytest.mark.spec("ENT-15", "ENT-16")
@given(pairs=letters, data=st.data(), corrected=st.booleans())
def test_weights_are_occurrences(
    pairs: list[tuple[int, int]], data: st.DataObject, corrected: bool
) -> None:
    """A weight of 3 is three samples, one of 0 none; values and order do not matter."""
    n = len(pairs)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    weights[0] += 1
    x, y = np.array(pairs).T
    many_x, many_y = np.repeat(x, weights)[::-1], np.repeat(y, weights)[::-1] % 9 - 4
    once = ent.entropy_from_samples(x, weights=weights, miller_madow=corrected)
    assert once == pytest.approx(
        ent.entropy_from_samples(many_x, miller_madow=corrected), abs=1e-12
    )
    for measure in (
        ent.joint_entropy_from_samples,
        ent.conditional_entropy_from_samples,
        ent.mutual_information_from_samples,
    ):
        weighted = measure(x, y, weights=weights, miller_madow=corrected)
        repeated = measure(many_x, many_y, miller_madow=corrected)
        assert weighted == pytest.approx(repeated, abs=1e-12)


@pytest.mark.spec("ENT-16")
def test_miller_madow() -> None:
    """By hand: 4 samples, 3 letters by 2 and 4 pairs; the clamp comes first."""
    x, y = np.array([0, 0, 1, 2]), np.array([5, 6, 5, 6])
    nat = 1 / math.log(2)
    h = ent.entropy_from_samples(x, miller_madow=True)
    assert h == pytest.approx(1.5 + 2 / 8 * nat, rel=1e-15)
    joint = ent.joint_entropy_from_samples(x, y, miller_madow=True)
    assert joint == pytest.approx(2 + 3 / 8 * nat, rel=1e-15)
    conditional = ent.conditional_entropy_from_samples(x, y, miller_madow=True)
    assert conditional == pytest.approx(1 + 2 / 8 * nat, rel=1e-15)
    mi = ent.mutual_information_from_samples(x, y, miller_madow=True)
    assert mi == pytest.approx(0.5 + (2 + 1 - 3) / 8 * nat, rel=1e-15)
    square = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert ent.mutual_information_from_samples(*square) == 0
    corrected = ent.mutual_information_from_samples(*square, miller_madow=True, base=math.e)
    assert corrected == pytest.approx((1 + 1 - 3) / 8, rel=1e-15)


@pytest.mark.spec("ENT-15")
@pytest.mark.parametrize(
    ("x", "weights"),
    [
        ([], None),
        ([0.5, 1.0], None),
        (["a", "b"], None),
        ([[1], [1, 2]], None),
        ([1, 2], [1.0]),
        ([1, 2], [1.0, -1.0]),
        ([1, 2], [1.0, math.nan]),
        ([1, 2], [1.0, INF]),
        ([1, 2], [0.0, 0.0]),
        ([1, 2], [1e308, 1e308]),
        ([1, 2], ["1", "2"]),
    ],
)
def test_refuses_samples(x: Any, weights: Any) -> None:
    with pytest.raises(DistributionError):
        ent.entropy_from_samples(x, weights=weights)
    for measure in (
        ent.joint_entropy_from_samples,
        ent.conditional_entropy_from_samples,
        ent.mutual_information_from_samples,
    ):
        with pytest.raises(DistributionError):
            measure(x, x, weights=weights)
        with pytest.raises(DistributionError):
            measure([1, 2, 3], [1, 2])


# Densities


def normal(mean: float, std: float) -> ent.LogDensity:
    return lambda x: -(((x - mean) / std) ** 2) / 2 - math.log(std * math.sqrt(2 * math.pi))


def laplace(mean: float, scale: float) -> ent.LogDensity:
    return lambda x: -abs(x - mean) / scale - math.log(2 * scale)


def exponential(rate: float) -> ent.LogDensity:
    return lambda x: math.log(rate) - rate * x if x >= 0 else -INF


def uniform(low: float, high: float) -> ent.LogDensity:
    return lambda x: -math.log(high - low) if low <= x <= high else -INF


def logistic(x: float) -> float:
    return -abs(x) - 2 * math.log1p(math.exp(-abs(x)))


def cauchy(x: float) -> float:
    return -math.log(math.pi * (1 + x * x))


@pytest.mark.spec("ENT-18")
@pytest.mark.parametrize(
    ("log_p", "options", "nats"),
    [
        (normal(0, 1), {}, math.log(2 * math.pi * math.e) / 2),
        (
            normal(-3, 0.01),
            {"points": [-3]},
            math.log(2 * math.pi * math.e) / 2 + math.log(0.01),
        ),
        (laplace(1, 2.5), {"points": [1]}, 1 + math.log(5)),
        (exponential(3), {"support": (0, INF)}, 1 - math.log(3)),
        (exponential(0.5), {"points": [0]}, 1 - math.log(0.5)),
        (uniform(2, 2.25), {"points": [2, 2.25]}, math.log(0.25)),
        (logistic, {}, 2),
        (cauchy, {}, math.log(4 * math.pi)),
    ],
)
def test_differential_entropy(log_p: ent.LogDensity, options: Any, nats: float) -> None:
    """Against closed forms, and for a multiple of the density when it is to be normalised."""
    found = ent.differential_entropy(log_p, base=math.e, **options)
    assert found == pytest.approx(nats, abs=1e-8)
    assert ent.differential_entropy(log_p, **options) == pytest.approx(
        nats / math.log(2), abs=2e-8
    )
    scaled = ent.differential_entropy(
        lambda x: log_p(x) + 7, base=math.e, normalize=True, **options
    )
    assert scaled == pytest.approx(nats, abs=2e-8)


@pytest.mark.spec("ENT-19")
@pytest.mark.parametrize(
    ("log_p", "log_q", "options", "nats"),
    [
        (normal(1, 2), normal(-1, 3), {"points": [1, -1]}, math.log(1.5) + (4 + 4) / 18 - 0.5),
        (normal(0, 1), normal(0, 1), {}, 0),
        (laplace(0, 1), laplace(0, 2), {"points": [0]}, math.log(2) + 1 / 2 - 1),
        (laplace(0, 1), normal(0, 1), {"points": [0]}, math.log(math.pi / 2) / 2),
        (exponential(3), exponential(1), {"support": (0, INF)}, math.log(3) + 1 / 3 - 1),
        (uniform(0, 1), uniform(0, 4), {"points": [0, 1, 4]}, math.log(4)),
        (uniform(0, 4), uniform(0, 1), {"points": [0, 1, 4]}, INF),
        (normal(0, 1), exponential(1), {"points": [0]}, INF),
        (normal(0, 1), uniform(-50, 50), {"points": [-50, 0, 50]}, INF),
    ],
)
def test_divergence_of_densities(
    log_p: ent.LogDensity, log_q: ent.LogDensity, options: Any, nats: float
) -> None:
    """Against closed forms; the cross entropy is the entropy more."""
    kl = ent.kl_divergence_of_densities(log_p, log_q, base=math.e, **options)
    assert kl == pytest.approx(nats, abs=1e-8)
    assert kl >= 0
    cross = ent.cross_entropy_of_densities(log_p, log_q, **options)
    entropy = ent.differential_entropy(log_p, **options)
    assert cross == pytest.approx(entropy + nats / math.log(2), abs=4e-8)
    scaled = ent.kl_divergence_of_densities(
        lambda x: log_p(x) - 3, lambda x: log_q(x) + 2, base=math.e, normalize=True, **options
    )
    assert scaled == pytest.approx(nats, abs=2e-8)


@pytest.mark.spec("ENT-18", "ENT-19")
@pytest.mark.parametrize(
    ("log_p", "options", "message"),
    [
        (lambda x: normal(0, 1)(x) + 0.01, {}, "integral"),
        (lambda x: math.nan, {}, "logarithm"),
        (lambda x: INF, {"support": (0, 1)}, "logarithm"),
        (lambda x: 800.0, {"support": (0, 1)}, "binary64"),
        (lambda x: -INF, {"normalize": True}, "cannot become 1"),
        (normal(1e6, 1e-3), {}, "integral"),  # a peak that quadrature misses
        (lambda x: -(abs(x) ** 0.1), {"normalize": True, "points": [0]}, "quadrature"),
        (lambda x: 0.0, {"normalize": True}, "cannot become 1|quadrature"),
        (normal(0, 1), {"support": (1, -1)}, "cut"),
        (normal(0, 1), {"support": (-1, 1), "points": [2]}, "cut"),
        (normal(0, 1), {"support": (math.nan, 1)}, "cut"),
        (normal(0, 1), {"points": [math.nan]}, "cut"),
        (normal(0, 1), {"base": 1}, "base"),
    ],
)
def test_refuses_densities(log_p: ent.LogDensity, options: Any, message: str) -> None:
    with pytest.raises(DistributionError, match=message):
        ent.differential_entropy(log_p, **options)
    for pair in (ent.cross_entropy_of_densities, ent.kl_divergence_of_densities):
        for args in ((log_p, normal(0, 1)), (normal(0, 1), log_p)):
            if "normalize" in options and args[0] is not log_p:
                continue
            with pytest.raises(DistributionError):
                pair(*args, **options)


@pytest.mark.spec("ENT-18")
def test_points_find_the_peak() -> None:
    nats = math.log(2 * math.pi * math.e) / 2 + math.log(1e-3)
    found = ent.differential_entropy(normal(1e6, 1e-3), points=[1e6], base=math.e)
    assert found == pytest.approx(nats, abs=1e-7)
