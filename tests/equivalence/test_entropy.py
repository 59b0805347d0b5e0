"""`fast.information.entropy` equals `reference`, within the bounds of ENT-3 and ENT-17."""

import math
from typing import Any

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fast.information.entropy as fast
import reference.information.entropy as reference
from reference.errors import DistributionError

Floats = NDArray[np.float64]

INF = math.inf
TINY = 5e-324
LOG_ULPS = 4
"""The bound of ENT-17."""
SLOW = bool(numba.config.DISABLE_JIT)
LONG = [41] if SLOW else [511, 513, 1300]
"""Longer than a vector of numbers, or than a block; with the JIT off that takes too long."""

weight = st.one_of(
    st.sampled_from([0.0, TINY, 1e-310, 1e-40, 2.0**-60, 1.0]), st.floats(0.0, 1.0)
)
PAIRS = ("cross_entropy", "kl_divergence")
OF_PAIRED_SAMPLES = (
    "joint_entropy_from_samples",
    "conditional_entropy_from_samples",
    "mutual_information_from_samples",
)


@st.composite
def pmfs(draw: st.DrawFn, size: int | None = None) -> Floats:
    """Distributions (ENT-1); some are longer than a vector of numbers, or than a block."""
    k = draw(st.integers(1, 40) | st.sampled_from(LONG)) if size is None else size
    p = np.array(draw(st.lists(weight, min_size=min(k, 40), max_size=min(k, 40))))
    p = np.resize(p, k)
    p[draw(st.integers(0, k - 1))] += draw(st.floats(0.01, 1.0))
    return p / p.sum()


def slack(n: int, a: float) -> float:
    """The bound of ENT-3: both packages keep it, so they differ by twice that."""
    return 2 * ((n + 16) * 2.0**-52 * a + n * 2.0**-1074)


def plog(p: Floats, a: Floats, computed: bool = False) -> float:
    p, a = np.broadcast_arrays(p, a)
    return float((p[p > 0] * (np.abs(np.log2(a[p > 0])) + 2 * computed)).sum())


def units(found: float, true: Any) -> float:
    """How many units in the last place of the true value lie between both."""
    return float(
        abs(mpmath.mpf(found) - true) / mpmath.mpf(float(np.spacing(abs(float(true)))))
    )


@numba.njit
def log2_of_all(x, y):  # type: ignore[no-untyped-def]
    """Called from compiled code, where the compiler may fuse and reorder."""
    logs, ratios = np.empty_like(x), np.empty_like(x)
    for i in range(x.size):
        logs[i] = fast.log2_kernel(x[i])
        ratios[i] = fast.log2_ratio_kernel(y[i], x[i])
    return logs, ratios


# The logarithm


def range_of_binary64() -> Floats:
    """Positive numbers everywhere, subnormal ones and those beside each turn of the code."""
    rng = np.random.default_rng(0)
    fractions = np.concatenate([1 + rng.random(12), [1, 1.5, 4 / 3, 2 - 2.0**-52]])
    turns = np.concatenate([fractions, np.nextafter(fractions, 0), np.nextafter(fractions, 3)])
    exponents = np.arange(-1074, 1023, 17)
    with np.errstate(under="ignore"):
        everywhere = np.ldexp(turns[None], exponents[:, None]).ravel()
    subnormal = np.concatenate([np.arange(1, 300), rng.integers(1, 2**52, 1500)]) * TINY
    beside_one = 1 + rng.uniform(-1, 1, 3000) * 10.0 ** rng.uniform(-16, 0, 3000)
    numbers = np.concatenate([everywhere, subnormal, beside_one, rng.random(3000)])
    return numbers[(numbers > 0) & (numbers != 1)]


@pytest.mark.spec("ENT-17")
def test_logarithm_is_within_its_bound() -> None:
    """Of mpmath, over the whole range."""
    x = range_of_binary64()
    worst = 0.0
    with mpmath.workprec(160):
        for v, found in zip(x.tolist(), map(fast.log2_kernel, x.tolist()), strict=True):
            worst = max(worst, units(found, mpmath.log(v, 2)))
    assert 0.5 < worst <= LOG_ULPS


@pytest.mark.spec("ENT-17")
def test_logarithm_of_ratios_is_within_its_bound() -> None:
    """Also of numbers side by side, and where the quotient would overflow or be 0."""
    rng = np.random.default_rng(1)
    x = range_of_binary64()
    x = x[x <= 2.0**900]
    beside = np.nextafter(x, rng.choice([0.0, 1.0], x.size) * 2.0**900)
    near = x * (1 + rng.uniform(-0.6, 0.6, x.size) * 10.0 ** rng.uniform(-16, 0, x.size))
    worst = 0.0
    with mpmath.workprec(220):
        for other in (rng.permutation(x)[:4000], beside[:3000], near[:4000]):
            for v, w in zip(x[: other.size].tolist(), other.tolist(), strict=True):
                if v != w and 0 < w <= 2.0**900:
                    true = mpmath.log(v, 2) - mpmath.log(w, 2)
                    worst = max(worst, units(fast.log2_ratio_kernel(v, w), true))
    assert 0.5 < worst <= LOG_ULPS


@pytest.mark.spec("ENT-17")
def test_logarithm_of_powers_of_two_and_of_no_numbers() -> None:
    for k in range(-1074, 1024):
        assert fast.log2_kernel(2.0**k) == k
        if k <= 900:
            assert fast.log2_ratio_kernel(2.0**k, 1.0) == k
            assert fast.log2_ratio_kernel(1.0, 2.0**k) == -k
    assert fast.log2_ratio_kernel(TINY, 2.0**900) == -1974
    assert fast.log2_ratio_kernel(2.0**900, TINY) == 1974
    assert fast.log2_kernel(0.0) == fast.log2_kernel(-0.0) == -INF
    assert fast.log2_kernel(INF) == INF
    assert all(math.isnan(fast.log2_kernel(v)) for v in (math.nan, -TINY, -1.0, -INF))


@pytest.mark.spec("ENT-17")
def test_logarithm_in_compiled_code() -> None:
    x = range_of_binary64()
    x = x[x <= 2.0**900]
    logs, ratios = log2_of_all(x, x[::-1].copy())
    expected = np.array([fast.log2_kernel(v) for v in x.tolist()])
    assert np.allclose(logs, expected, rtol=LOG_ULPS * 2.0**-52, atol=0)
    pairs = zip(x[::-1].tolist(), x.tolist(), strict=True)
    expected = np.array([fast.log2_ratio_kernel(v, w) for v, w in pairs])
    assert np.allclose(ratios, expected, rtol=LOG_ULPS * 2.0**-52, atol=0)


# Distributions


@pytest.mark.spec("ENT-3", "ENT-5")
@given(p=pmfs())
@example(p=np.array([1.0]))
@example(p=np.array([1.0, TINY]))
@example(p=np.array([0.0, 0.0, -0.0, 1.0]))
@example(p=np.full(1023, 1 / 1023))
def test_entropy(p: Floats) -> None:
    expected, found = reference.entropy(p), fast.entropy(p)
    assert abs(found - expected) <= slack(p.size, plog(p, p))
    assert type(found) is type(expected)
    assert math.copysign(1, found) == 1


@pytest.mark.spec("ENT-3", "ENT-7", "ENT-8")
@pytest.mark.parametrize("name", PAIRS)
@given(p=pmfs(), data=st.data())
def test_pairs(name: str, p: Floats, data: st.DataObject) -> None:
    q = data.draw(pmfs(size=p.size))
    expected, found = getattr(reference, name)(p, q), getattr(fast, name)(p, q)
    assert type(found) is type(expected)
    if np.any((p > 0) & (q == 0)):
        assert found == expected == INF
        q = (p + q) / 2
        q += (p > 0) * TINY
        expected, found = getattr(reference, name)(p, q), getattr(fast, name)(p, q)
    assert abs(found - expected) <= slack(p.size, plog(p, p) + plog(p, q))
    assert getattr(fast, name)(p, p) == pytest.approx(
        fast.entropy(p) if name == "cross_entropy" else 0, rel=0, abs=slack(p.size, plog(p, p))
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


@pytest.mark.spec("ENT-3", "ENT-11")
@given(data=st.data(), shape=st.tuples(st.integers(1, 20), st.integers(1, 20)))
@example(data=None, shape=(2, 2))
def test_mutual_information(data: st.DataObject | None, shape: tuple[int, int]) -> None:
    if data is None:
        p = np.array([[1.0, TINY], [0.0, 1e-310]])
    else:
        p = data.draw(pmfs(size=math.prod(shape))).reshape(shape)
    a = (
        plog(p, p)
        + plog(p, p.sum(0), computed=True)
        + plog(p, p.sum(1)[:, None], computed=True)
    )
    found = fast.mutual_information(p)
    assert abs(found - reference.mutual_information(p)) <= slack(p.size, a)
    assert found >= 0


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


@pytest.mark.spec("ENT-1", "ENT-11")
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [(0, 1), (1, 0), (-1, 0), (2, 1), (3, 1)])
def test_axes_of_tables(axis: Any, keepdims: bool) -> None:
    p = np.random.default_rng(0).random((3, 4, 5, 2))
    options = {"axis": axis, "keepdims": keepdims, "normalize": True, "base": math.e}
    expected = reference.mutual_information(p, **options)  # type: ignore[arg-type]
    found = fast.mutual_information(p, **options)  # type: ignore[arg-type]
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.spec("ENT-1")
def test_kinds_of_arrays() -> None:
    """Integers, float32, other byte orders, gaps between numbers, no distribution at all."""
    p = np.array([0.5, 0.25, 0.25, 0.0])
    gaps = np.zeros((4, 2))
    gaps[:, 0] = p
    for q in (p.astype(np.float32), p.astype(">f8"), gaps[:, 0], p[::-1], p.tolist()):
        assert fast.entropy(q) == reference.entropy(q) == 1.5
        assert fast.kl_divergence(q, q) == 0
    assert fast.entropy([0, 1, 0]) == 0
    assert fast.entropy([3, 3, 6], normalize=True) == 1.5
    for package in (reference, fast):
        assert package.entropy(np.empty((0, 3))).shape == (0,)
        assert package.mutual_information(np.empty((0, 3, 3))).shape == (0,)


@pytest.mark.spec("ENT-3", "ENT-5", "ENT-8")
def test_huge_alphabets() -> None:
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.full(2_000 if SLOW else 200_000, 0.1), 2)
    assert fast.entropy(p) == pytest.approx(reference.entropy(p), rel=1e-12)
    q = (q + 1e-9) / (q + 1e-9).sum()
    assert fast.kl_divergence(p, q) == pytest.approx(reference.kl_divergence(p, q), rel=1e-12)
    k = 11 if SLOW else 18
    assert fast.entropy(np.full(2**k, 2.0**-k)) == k


WRONG: list[Any] = [
    [0.5, 0.6],
    [0.5, 0.5 + 2.0**-15],
    [0.5, 0.5 - 2.0**-15],
    [-0.1, 1.1],
    [-TINY, 1.0],
    [math.nan, 1.0],
    [INF, 0.0],
    [INF, -INF],
    [-INF, 1.0],
    [0.0, 0.0],
    [],
    [True, False],
    ["1"],
    [1j, 1],
    [[1.0], [0.5, 0.5]],
    [2, 8],
    [1e308, 1e308],
]


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("package", [reference, fast])
@pytest.mark.parametrize("p", WRONG, ids=repr)
def test_refuses_alike(p: Any, package: Any) -> None:
    with pytest.raises(DistributionError):
        package.entropy(p)
    with pytest.raises(DistributionError):
        package.mutual_information([p])
    for name in PAIRS:
        for args in ((p, [0.5, 0.5]), ([0.5, 0.5], p)):
            with pytest.raises(DistributionError):
                getattr(package, name)(*args)


@pytest.mark.spec("ENT-1", "ENT-2")
@pytest.mark.parametrize("package", [reference, fast])
def test_refuses_one_row_of_many(package: Any) -> None:
    """Also where faults of two rows would make up for one another."""
    p = np.full((3, 700), 1 / 700)
    p[1, 699] = -1 / 700
    with pytest.raises(DistributionError, match="no probability"):
        package.entropy(p)
    p[1, 699], p[2, 0] = 0.5, -0.5 + 2 / 700
    with pytest.raises(DistributionError):
        package.entropy(p)
    with pytest.raises(DistributionError):
        package.kl_divergence(np.full(700, 1 / 700), p)
    for wrong in ([0.0, 0.0], [1e308, 1e308], [-1.0, 2.0], [math.nan, 1.0], []):
        with pytest.raises(DistributionError):
            package.entropy(wrong, normalize=True)
        with pytest.raises(DistributionError):
            package.mutual_information([wrong], normalize=True)
    with pytest.raises(DistributionError, match="shapes"):
        package.kl_divergence([0.5, 0.5], [0.25, 0.25, 0.5])
    for base in (1, 0, -2, INF, math.nan):
        with pytest.raises(DistributionError, match="base"):
            package.entropy([1.0], base=base)


# Samples

KINDS = [np.uint8, np.int8, np.uint16, np.int32, np.int64, np.uint64, np.dtype(">i4")]


@pytest.mark.spec("ENT-15", "ENT-16")
@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data(), n=st.integers(1, 60), corrected=st.booleans(), weighed=st.booleans())
def test_samples(
    kind: Any, data: st.DataObject, n: int, corrected: bool, weighed: bool
) -> None:
    """Whatever the type and range of the integers, and by table or by sorting."""
    info = np.iinfo(kind)
    ends = [0, 1, 2, 3, 255, 256, 70_000, 2**40, info.min, info.max, info.max - 1]
    symbol = st.sampled_from([v for v in ends if info.min <= v <= info.max])
    few = st.lists(symbol, min_size=n, max_size=n)
    x, y = (np.array(data.draw(few), kind) for _ in range(2))
    weights = None
    if weighed:
        weights = np.array(data.draw(st.lists(st.floats(0, 9), min_size=n, max_size=n)))
        weights[0] += 1
    options = {"weights": weights, "miller_madow": corrected, "base": 4}
    expected = reference.entropy_from_samples(x, **options)
    assert fast.entropy_from_samples(x, **options) == pytest.approx(expected, abs=1e-12)
    for name in OF_PAIRED_SAMPLES:
        expected = getattr(reference, name)(x, y, **options)
        assert getattr(fast, name)(x, y, **options) == pytest.approx(expected, abs=1e-12)


@pytest.mark.spec("ENT-15")
@pytest.mark.parametrize(
    "kinds", [(np.uint8, np.uint8), (np.int64, np.uint8), (bool, np.int16)]
)
@pytest.mark.parametrize("most", [2, 256, 3000, 10**12])
def test_many_samples(kinds: Any, most: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, min(most, 10**12), (40, 50))
    y = (x + rng.integers(0, 5, x.shape)) % most
    x, y = x.astype(kinds[0]), y.astype(kinds[1])
    for name in OF_PAIRED_SAMPLES:
        expected = getattr(reference, name)(x, y)
        assert getattr(fast, name)(x, y) == pytest.approx(expected, abs=1e-10)
        assert getattr(fast, name)(y, x) == pytest.approx(
            getattr(reference, name)(y, x), abs=1e-10
        )
    assert fast.entropy_from_samples(x) == pytest.approx(
        reference.entropy_from_samples(x), abs=1e-10
    )


@pytest.mark.spec("ENT-15")
def test_samples_beyond_int64() -> None:
    x = np.array([2**64 - 1, 2**64 - 2, 2**64 - 1, 2**63], np.uint64)
    for samples in (x, x[:3]):
        expected = pytest.approx(reference.entropy_from_samples(samples), rel=1e-14)
        assert fast.entropy_from_samples(samples) == expected
        assert fast.mutual_information_from_samples(samples, samples) == expected


@pytest.mark.spec("ENT-15")
@pytest.mark.parametrize("last", [0, 255, 256, 300, -1, 2**40, -(2**63)])
def test_many_pairs_of_bytes_but_one(last: int) -> None:
    """What is counted on trial is counted again where a number is beyond a byte."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, 1 << 14)
    y = (x * 7 + rng.integers(0, 9, x.size)) % 256
    kinds = ((np.int64, np.int64), (np.uint8, np.int64), (np.uint64, np.int16))
    for a, b in ((x.astype(k), y.astype(m)) for k, m in kinds[: 1 if SLOW else 3]):
        if np.iinfo(a.dtype).min <= last <= np.iinfo(a.dtype).max:
            a[-1] = last
            for name in OF_PAIRED_SAMPLES:
                for pair in ((a, b), (b, a)):
                    expected = getattr(reference, name)(*pair)
                    assert getattr(fast, name)(*pair) == pytest.approx(expected, abs=1e-11)


@pytest.mark.spec("ENT-15")
@pytest.mark.parametrize("package", [reference, fast])
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
def test_refuses_samples_alike(x: Any, weights: Any, package: Any) -> None:
    with pytest.raises(DistributionError):
        package.entropy_from_samples(x, weights=weights)
    for name in OF_PAIRED_SAMPLES:
        with pytest.raises(DistributionError):
            getattr(package, name)(x, x, weights=weights)
        with pytest.raises(DistributionError):
            getattr(package, name)([1, 2, 3], [1, 2])
        with pytest.raises(DistributionError):
            getattr(package, name)([1, 2, 3, 4], [[1, 2], [3, 4]])
