"""`fast.coding.fixed_point` makes the integers, the bits and the streams of the reference."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

import fast.coding.fixed_point as fast
import reference.coding.fixed_point as reference
from fast.coding.lanes import gaussian_arguments
from reference.coding.fixed_point import error_function
from reference.errors import DistributionError, SpecError
from tests.strategies import BucketCase, constriction_cases, words_near


def bits(value: float) -> int:
    return int(np.float64(value).view(np.int64))


SEAMS = [2.0**-28, 0.84375, 1.25, 2.0, 1 / 0.35, error_function.SPLIT, 4.0, 6.0]


@pytest.mark.spec("FIX-7")
@given(x=st.floats(allow_nan=False) | st.floats(-7.0, 7.0) | st.sampled_from(SEAMS))
@example(x=-0.0)
@example(x=math.inf)
def test_erf(x: float) -> None:
    """On both sides of every seam, and of their neighbours."""
    for y in (x, math.nextafter(x, -math.inf), math.nextafter(x, math.inf), -x):
        assert bits(fast.erf_kernel(y)) == bits(error_function.erf(y))


@pytest.mark.spec("FIX-6", "FIX-7")
def test_many_bits_of_exp_and_erf() -> None:
    rng = np.random.default_rng(6)
    for x in [*rng.normal(0.0, 2.0, 3000), *rng.uniform(-7, 7, 3000)]:
        assert bits(fast.erf_kernel(float(x))) == bits(error_function.erf(float(x)))
    near = rng.uniform(0.34, 0.36, 1000)  # where the reduction of the argument begins
    for v in [*rng.uniform(-40, 40, 2000), *rng.normal(0.0, 0.5, 2000), *near, *-near]:
        assert bits(fast.exp_kernel(float(v))) == bits(error_function.exp(float(v)))


@pytest.mark.spec("FIX-10")
@given(
    means=st.lists(st.floats(-(2.0**21), 2.0**21)),
    scales=st.lists(st.floats(2.0**-10, 1.7976931348623157e308)),
)
@example(means=[-(2.0**-17), 2.0**21, 2.0**-17], scales=[2.0**-10, 2.0**15])
def test_means_and_scales(means: list[float], scales: list[float]) -> None:
    assert fast.quantise_means(means).tolist() == reference.quantise_means(means).tolist()
    assert fast.invert_scales(scales).tolist() == reference.invert_scales(scales).tolist()


@pytest.mark.spec("FIX-10")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.uint8])
def test_means_and_scales_of_other_types(dtype: type) -> None:
    """And of every shape and order."""
    array = (np.arange(1, 25).reshape(2, 3, 4) / dtype(7)).astype(dtype) + dtype(1)
    for values in (array, array.T, array[:, ::2], np.asfortranarray(array), array[0, 0, 0]):
        for name in ("quantise_means", "invert_scales"):
            ours, theirs = getattr(fast, name)(values), getattr(reference, name)(values)
            assert ours.dtype == theirs.dtype == np.int64
            assert ours.shape == theirs.shape
            assert np.array_equal(ours, theirs)


@pytest.mark.spec("FIX-10")
@pytest.mark.parametrize(
    "bad",
    [
        *([0.5, x] for x in (math.nan, math.inf, -math.inf, -(2.0**22))),
        ["a"],
        [1j],
        [[1.0], [1.0, 2.0]],
        [True],
        np.longdouble([1]),
    ],
)
def test_means_and_scales_refused(bad) -> None:
    for module in (fast, reference):
        with pytest.raises(DistributionError):
            module.quantise_means(bad)
        with pytest.raises(DistributionError):
            module.invert_scales(bad)


# Gaussians of constriction


@pytest.mark.spec("LAN-11")
@given(case=constriction_cases())
def test_constriction_gaussians(case: BucketCase) -> None:
    words = fast.encode_constriction_gaussians(case.symbols, *case.models)
    assert words.tolist() == reference.encode_constriction_gaussians(
        case.symbols, *case.models
    )
    symbols = fast.decode_constriction_gaussians(words, *case.models)
    assert symbols.tolist() == case.symbols


@pytest.mark.spec("LAN-11")
@pytest.mark.parametrize(
    ("low", "high"), [(-(2**31), 5 - 2**31), (2**31 - 5, 2**31 - 1), (-9, 2**24 - 10)]
)
@pytest.mark.parametrize("std", [1e-300, 0.4, 1e5, 2.0**40])
def test_constriction_gaussians_of_extreme_supports(low: int, high: int, std: float) -> None:
    symbols = [low, low + 1, (low + high) // 2, high - 1, high]
    for mean in (-1.7e308, float(low), float(high), 1.7e308, (low + high) / 2, 0.0):
        models = (low, high, [mean] * 5, [std] * 5)
        words = reference.encode_constriction_gaussians(symbols, *models)
        assert fast.encode_constriction_gaussians(symbols, *models).tolist() == words
        assert fast.decode_constriction_gaussians(words, *models).tolist() == symbols


@pytest.mark.spec("LAN-4", "LAN-11")
@given(case=constriction_cases(), data=st.data())
def test_any_words_and_constriction_gaussians(case: BucketCase, data: st.DataObject) -> None:
    words = fast.encode_constriction_gaussians(case.symbols, *case.models).tolist()
    words = data.draw(words_near(words))
    try:
        symbols = reference.decode_constriction_gaussians(words, *case.models)
    except SpecError as error:
        with pytest.raises(type(error)):
            fast.decode_constriction_gaussians(words, *case.models)
    else:
        assert fast.decode_constriction_gaussians(words, *case.models).tolist() == symbols


@pytest.mark.spec("LAN-11")
@pytest.mark.parametrize(
    ("symbols", "low", "high", "means", "stds"),
    [
        ([], 0, 0, [], []),
        ([], 0, 2**24, [], []),
        ([], -(2**31) - 1, 0, [], []),
        ([0], 0, 1, [math.nan], [1.0]),
        ([0], 0, 1, [math.inf], [1.0]),
        ([0], 0, 1, [0.0], [0.0]),
        ([0], 0, 1, [0.0], [math.nan]),
        ([0], 0, 1, [0.0], [2.0**41]),
        ([0], 0, 1, [0.0], [1.0, 1.0]),
        ([2], 0, 1, [0.0], [1.0]),
        ([-1], 0, 1, [0.0], [1.0]),
        ([2**70], 0, 1, [0.0], [1.0]),
        ([0, 0], 0, 1, [0.0], [1.0]),
    ],
)
def test_constriction_gaussians_refused(symbols, low, high, means, stds) -> None:
    with pytest.raises(SpecError) as expected:
        reference.encode_constriction_gaussians(symbols, low, high, means, stds)
    with pytest.raises(expected.type):
        fast.encode_constriction_gaussians(symbols, low, high, means, stds)
    if expected.type is DistributionError:
        with pytest.raises(DistributionError):
            fast.decode_constriction_gaussians([0, 1], low, high, means, stds)


@pytest.mark.spec("LAN-11")
def test_constriction_kernels_inside_compiled_code() -> None:
    """One message for two arrays, each with a support of its own."""

    @njit
    def encode(head, words, n, symbols, means, stds):
        kernel = fast.encode_constriction_gaussians_kernel
        head, n, faults = kernel(head, words, n, symbols, -9, 9, means, stds)
        head, n, more = kernel(head, words, n, symbols, -5, 5, means, stds)
        return head, n, faults + more

    @njit
    def decode(head, words, n, out, means, stds, quantiles):
        kernel = fast.decode_constriction_gaussians_kernel
        head, n, faults = kernel(head, words, n, out[0], -5, 5, means, stds, quantiles)
        head, n, more = kernel(head, words, n, out[1], -9, 9, means, stds, quantiles)
        return head, n, faults + more

    symbols = np.arange(-5, 6)
    means, stds = np.linspace(-1, 1, 11), np.linspace(0.1, 3, 11)
    words, out = np.empty(22, np.uint32), np.empty((2, 11), np.int32)
    head, n, faults = encode(np.uint64(2**32), words, np.uint64(0), symbols, means, stds)
    assert faults == 0
    quantiles = gaussian_arguments().quantiles
    head, n, faults = decode(np.uint64(head), words, np.uint64(n), out, means, stds, quantiles)
    assert (int(head), int(n), faults) == (2**32, 0, 0)
    assert out.tolist() == [symbols.tolist()] * 2
