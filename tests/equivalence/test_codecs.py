"""The kernels of `fast.coding.codecs` push and pop what the reference's codecs do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fast.coding.codecs as fast
import reference.coding.codecs as reference
from fast.coding.tables import normal_cdf_table
from reference.coding.ans import Message
from reference.coding.codecs import Codec
from reference.errors import IntervalError, MessageExhausted
from reference.params import BERNOULLI_PREC
from tests.strategies import messages

Kernel = tuple[object, ...]

means = st.integers(-(8 << 16), 8 << 16)
inverse_scales = st.integers(1, 2**23)
edges = st.lists(st.integers(-(5 << 16), 5 << 16), min_size=1, max_size=30, unique=True).map(
    sorted
)


def pushed(kernel, m: Message, symbols: np.ndarray, *parameters) -> Message:
    """Run a push kernel on a message."""
    n = len(m.words)
    words = np.empty(n + symbols.size, np.uint32)
    words[:n] = m.words
    head, n = kernel(np.uint64(m.head), words, np.uint64(n), symbols, *parameters)
    return Message(int(head), tuple(words[:n].tolist()))


def popped(kernel, m: Message, symbols: np.ndarray, *parameters) -> Message | None:
    """Run a pop kernel on a message; None if it is exhausted."""
    words = np.array(m.words, np.uint32)
    head, n = kernel(np.uint64(m.head), words, np.uint64(len(m.words)), symbols, *parameters)
    return Message(int(head), tuple(words[:n].tolist())) if head else None


def check(
    codec: Codec[tuple[int, ...]],
    kernels: tuple[object, object],
    parameters: tuple[object, ...],
    m: Message,
    symbols: tuple[int, ...],
    dtype: type,
) -> None:
    """Both directions, on any message, exhausted ones included."""
    push, pop = kernels
    expected = codec.push(m, symbols)
    assert pushed(push, m, np.array(symbols, dtype), *parameters) == expected
    found = np.empty(len(symbols), dtype)
    assert popped(pop, expected, found, *parameters) == m
    assert tuple(found.tolist()) == symbols
    try:
        rest, drawn = codec.pop(m)
    except MessageExhausted:
        assert popped(pop, m, found, *parameters) is None
    else:
        assert popped(pop, m, found, *parameters) == rest
        assert tuple(found.tolist()) == drawn


@pytest.mark.spec("COD-4", "COD-6")
@given(
    m=messages(),
    coded=st.lists(st.tuples(st.integers(1, 2**16 - 1), st.integers(0, 1)), max_size=80),
)
def test_bernoullis(m: Message, coded: list[tuple[int, int]]) -> None:
    freqs = [freq for freq, _ in coded]
    codec = reference.product([reference.bernoulli(freq, BERNOULLI_PREC) for freq in freqs])
    kernels = fast.push_bernoullis_kernel, fast.pop_bernoullis_kernel
    parameters = (np.array(freqs, np.int64),)
    check(codec, kernels, parameters, m, tuple(x for _, x in coded), np.uint8)


@pytest.mark.spec("COD-2", "COD-6")
@given(m=messages(), bits=st.integers(1, 20), data=st.data())
def test_uniforms(m: Message, bits: int, data: st.DataObject) -> None:
    symbols = tuple(data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=20)))
    codec = reference.sequence(reference.uniform(2**bits, bits), len(symbols))
    kernels = fast.push_uniforms_kernel, fast.pop_uniforms_kernel
    check(codec, kernels, (np.int64(bits),), m, symbols, np.int64)


@pytest.mark.spec("COD-5", "COD-6")
@given(
    m=messages(),
    e=edges,
    gaussians=st.lists(st.tuples(means, inverse_scales), max_size=9),
    prec=st.integers(5, 30),
    data=st.data(),
)
def test_gaussians(
    m: Message,
    e: list[int],
    gaussians: list[tuple[int, int]],
    prec: int,
    data: st.DataObject,
) -> None:
    symbols = tuple(data.draw(st.integers(0, len(e))) for _ in gaussians)
    codec = reference.product([reference.gaussian(e, *g, prec) for g in gaussians])
    kernels = fast.push_gaussians_kernel, fast.pop_gaussians_kernel
    columns = np.array(gaussians, np.int64).reshape(-1, 2).T.copy()
    parameters = (np.array(e, np.int64), *columns, np.int64(prec), normal_cdf_table())
    check(codec, kernels, parameters, m, symbols, np.int64)


@pytest.mark.spec("COD-5")
@pytest.mark.parametrize(
    "arguments",
    [
        (10**9, [0], 0, 1 << 14, 24),
        (-1, [0], 0, 1 << 14, 24),
        (1, [0], 2**62, 1 << 14, 24),
        (1, [2**40], 0, 2**23, 24),
        (1, [0], 0, 1 << 14, 33),
        (1, [0], 0, 1 << 14, -1),
        (1, [0.5], 0, 1 << 14, 24),
        (1, [0], 0.5, 1 << 14, 24),
        (1.0, [0], 0, 1 << 14, 24),
    ],
)
def test_what_the_kernel_cannot_hold_is_refused(arguments) -> None:
    with pytest.raises(IntervalError):
        fast.gaussian_cumulative(*arguments)


@pytest.mark.spec("COD-5")
@given(e=edges, mean=means, inverse_scale=inverse_scales, prec=st.integers(5, 30))
def test_gaussian_cumulative(e: list[int], mean: int, inverse_scale: int, prec: int) -> None:
    for i in range(len(e) + 2):
        assert fast.gaussian_cumulative(
            i, e, mean, inverse_scale, prec
        ) == reference.gaussian_cumulative(i, e, mean, inverse_scale, prec)
