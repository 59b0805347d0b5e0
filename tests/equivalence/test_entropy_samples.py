"""`fast.information.entropy.samples` equals `reference` (ENT-15, ENT-16) and refuses alike."""

import math
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fast.information.entropy as fast
import reference.information.entropy as reference
from reference.errors import DistributionError

INF = math.inf
SLOW = bool(numba.config.DISABLE_JIT)
OF_PAIRED_SAMPLES = (
    "joint_entropy_from_samples",
    "conditional_entropy_from_samples",
    "mutual_information_from_samples",
)
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
