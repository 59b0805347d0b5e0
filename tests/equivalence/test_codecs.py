"""The kernels of `fast.coding.codecs` push and pop what the reference's codecs do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fast.coding.codecs as fast
import reference.coding.codecs as reference
from fast.coding.lanes import gaussian_arguments
from fast.coding.tables import normal_cdf_table
from fast.compression.latent_codec import buckets
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


def free_places(symbols: int, prec: int) -> int:
    """How many words the push of some symbols may add, as the kernels say."""
    return min(symbols, symbols * (prec + 1) // 32 + 1)


def pushed(kernel, m: Message, symbols: np.ndarray, prec: int, *parameters) -> Message:
    """Run a push kernel on a message with no more room than it asks for."""
    n = len(m.words)
    words = np.empty(n + free_places(symbols.size, prec), np.uint32)
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
    prec: int,
    parameters: tuple[object, ...],
    m: Message,
    symbols: tuple[int, ...],
    dtype: type,
) -> None:
    """Both directions, on any message, exhausted ones included."""
    push, pop = kernels
    guess = (gaussian_arguments().quantiles,) if pop is fast.pop_gaussians_kernel else ()
    expected = codec.push(m, symbols)
    assert len(expected.words) - len(m.words) <= free_places(len(symbols), prec)
    assert pushed(push, m, np.array(symbols, dtype), prec, *parameters) == expected
    found = np.empty(len(symbols), dtype)
    assert popped(pop, expected, found, *parameters, *guess) == m
    assert tuple(found.tolist()) == symbols
    try:
        rest, drawn = codec.pop(m)
    except MessageExhausted:
        assert popped(pop, m, found, *parameters, *guess) is None
    else:
        assert popped(pop, m, found, *parameters, *guess) == rest
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
    check(codec, kernels, BERNOULLI_PREC, parameters, m, tuple(x for _, x in coded), np.uint8)


@pytest.mark.spec("COD-2", "COD-6")
@given(m=messages(), bits=st.integers(1, 20), data=st.data())
def test_uniforms(m: Message, bits: int, data: st.DataObject) -> None:
    symbols = tuple(data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=20)))
    codec = reference.sequence(reference.uniform(2**bits, bits), len(symbols))
    kernels = fast.push_uniforms_kernel, fast.pop_uniforms_kernel
    check(codec, kernels, bits, (np.int64(bits),), m, symbols, np.int64)


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
    check(codec, kernels, prec, parameters, m, symbols, np.int64)


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


@pytest.mark.spec("COD-5")
def test_guesses_are_good() -> None:
    """Over buckets of one mass (LAT-1), 97 of 100 slots need no search."""
    rng, missed = np.random.default_rng(5), 0
    e, table = np.array(buckets(8).edges), normal_cdf_table()
    quantiles = gaussian_arguments().quantiles
    for _ in range(2000):
        mean = np.int64(rng.normal() * 2**16)
        scale = np.int64(2**14 / np.exp(rng.uniform(-4, 0)))
        slot, prec = np.int64(rng.integers(0, 2**24)), np.int64(24)
        guess = fast._guess_kernel(slot, e, mean, scale, prec, table, quantiles)
        missed += guess != fast.gaussian_search_kernel(slot, e, mean, scale, prec, table)[0]
    assert missed <= 60
