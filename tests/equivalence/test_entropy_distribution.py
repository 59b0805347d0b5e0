"""The logarithm of `fast` is within the bound of ENT-17; the same is taken for a distribution.

ENT-1 and ENT-2: kinds of arrays, and what no measure takes, alike in both packages.
"""

import math
from typing import Any

import mpmath
import numba
import numpy as np
import pytest

import fast.information.entropy as fast
import reference.information.entropy as reference
from reference.errors import DistributionError
from reference.information.entropy.distribution import Floats

INF = math.inf
TINY = 5e-324
LOG_ULPS = 4
"""The bound of ENT-17."""
PAIRS = ("cross_entropy", "kl_divergence")


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
