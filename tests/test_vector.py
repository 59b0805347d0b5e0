"""Vectors of eight numbers do in every lane what numpy does."""

import operator

import numpy as np
import pytest

from fast._jit import kernel
from fast.coding import _vector
from fast.coding._vector import (
    any8,
    divide8,
    entries8,
    load8,
    minimum8,
    multiply_high8,
    pop8,
    push8,
    select8,
    slots8,
    store8,
)

pytestmark = pytest.mark.skipif(not _vector.VECTORS, reason="no vectors for this target")

RNG = np.random.default_rng(8)
EDGES = np.array([0, 1, 2, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)


def numbers(count: int) -> list[np.ndarray]:
    """Eight edges, and random numbers of every size."""
    sizes = RNG.integers(0, 33, (count, 8))
    return [EDGES, *((RNG.random((count, 8)) * 2.0**sizes).astype(np.uint32))]


@kernel
def apply_pair(operation, x, y, out):
    store8(out, np.uint64(0), operation(load8(x, np.uint64(0)), load8(y, np.uint64(0))))


def on_pairs(function, expected) -> None:
    """Compare a function of two vectors with one of two arrays of uint64, modulo ``2**32``."""
    out = np.empty(8, np.uint32)
    for x in numbers(40):
        for y in numbers(8):
            function(x, y, out)
            wide = expected(x.astype(np.uint64), y.astype(np.uint64))
            assert (out == wide.astype(np.uint32)).all(), (x, y)


@kernel
def added(x, y):
    return x + y


@kernel
def subtracted(x, y):
    return x - y


@kernel
def multiplied(x, y):
    return x * y


@kernel
def both(x, y):
    return (x & y) | (x & np.uint32(0xF0F0))


@kernel
def smaller_first(x, y):
    return select8(x < y, x, np.uint32(7))


@kernel
def at_least(x, y):
    return select8(x >= y, np.uint32(3), y)


@kernel
def least(x, y):
    return minimum8(x, y)


@kernel
def high(x, y):
    return multiply_high8(x, y)


@kernel
def shifted(x, y):
    return (x << np.uint32(5)) + (y >> np.uint32(3)) + np.uint32(9)


@pytest.mark.spec("LAN-2")
@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (added, operator.add),
        (subtracted, operator.sub),
        (multiplied, operator.mul),
        (both, lambda x, y: x & y | x & np.uint64(0xF0F0)),
        (smaller_first, lambda x, y: np.where(x < y, x, 7)),
        (at_least, lambda x, y: np.where(x >= y, 3, y)),
        (least, np.minimum),
        (high, lambda x, y: x * y >> np.uint64(32)),
        (shifted, lambda x, y: (x << np.uint64(5)) + (y >> np.uint64(3)) + np.uint64(9)),
    ],
    ids=lambda f: getattr(f, "__name__", None),
)
def test_arithmetic(operation, expected) -> None:
    on_pairs(lambda x, y, out: apply_pair(operation, x, y, out), expected)


@kernel
def quotient(x, y):
    return divide8(x, y)


@pytest.mark.spec("LAN-8")
def test_divide8() -> None:
    """Exact for every divisor of 16 bits, at multiples of it and just below and above them."""
    out, divisors = np.empty(8, np.uint32), np.arange(1, 1 << 16, dtype=np.uint64)
    for y in np.pad(divisors, (0, -divisors.size % 8), constant_values=1).reshape(-1, 8):
        most = np.minimum((y << np.uint64(20)) - np.uint64(1), np.uint64(2**32 - 1))
        near = most // y * y
        for x in (most, near, near - np.uint64(1), RNG.integers(0, most, dtype=np.uint64)):
            apply_pair(quotient, x.astype(np.uint32), y.astype(np.uint32), out)
            assert (out == x // y).all(), (x, y)


@kernel
def is_any_below(x, y):
    return any8(load8(x, np.uint64(0)) < load8(y, np.uint64(0)))


@pytest.mark.spec("LAN-2")
def test_any8() -> None:
    for mask in range(256):
        below = np.array([mask >> k & 1 for k in range(8)], np.uint32)
        assert is_any_below(1 - below, np.ones(8, np.uint32)) == (mask != 0)


@kernel
def copied(x, i, out):
    store8(out, np.uint64(1), load8(x, i))


@pytest.mark.spec("LAN-2")
@pytest.mark.parametrize("source", [np.uint8, np.int16, np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize("target", [np.uint8, np.uint16, np.int32, np.uint32])
def test_loads_and_stores(source, target) -> None:
    """Eight elements and no more, from where they stand."""
    x, out = RNG.integers(0, 128, 30).astype(source), np.full(12, 99, target)
    for i in range(22):
        copied(x, np.uint64(i), out)
        assert out.tolist() == [99, *x[i : i + 8], 99, 99, 99]


@kernel
def looked_up(table, symbols, i, low, high):
    a, b = entries8(table, symbols, i)
    store8(low, np.uint64(0), a)
    store8(high, np.uint64(0), b)


@pytest.mark.spec("LAN-6")
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_entries8(dtype) -> None:
    table = RNG.integers(0, 2**64, 100, dtype=np.uint64)
    symbols = RNG.integers(0, 100, 20).astype(dtype)
    low, high = np.empty((2, 8), np.uint32)
    for i in range(12):
        looked_up(table, symbols, np.uint64(i), low, high)
        expected = table[symbols[i : i + 8]]
        assert (low == expected & np.uint64(2**32 - 1)).all()
        assert (high == expected >> np.uint64(32)).all()


@kernel
def owned(slots, owners, table, out, i, entries):
    store8(entries, np.uint64(0), slots8(load8(slots, np.uint64(0)), owners, table, out, i))


@pytest.mark.spec("LAN-6")
@pytest.mark.parametrize(("dtype", "wider"), [(np.uint8, np.uint8), (np.uint16, np.int64)])
def test_slots8(dtype, wider) -> None:
    owners, table = RNG.integers(0, 200, 4096).astype(dtype), RNG.integers(0, 2**32, 200)
    table, entries, out = table.astype(np.uint32), np.empty(8, np.uint32), np.zeros(11, wider)
    for _ in range(50):
        slots = RNG.integers(0, 4096, 8).astype(np.uint32)
        owned(slots, owners, table, out, np.uint64(2), entries)
        assert out.tolist() == [0, 0, *owners[slots], 0]
        assert (entries == table[owners[slots]]).all()


@kernel
def moved(pops, words, n, x, out):
    lanes = load8(x, np.uint64(0))
    is_chosen = lanes < np.uint32(1 << 16)
    if pops:
        lanes, n = pop8(words, n, lanes, is_chosen)
    else:
        n = push8(words, n, lanes, is_chosen)
    store8(out, np.uint64(0), lanes)
    return n


@pytest.mark.spec("LAN-2")
def test_words_of_every_mask() -> None:
    """A pop takes words from the top, first lane first; a push leaves them the other way."""
    out = np.empty(8, np.uint32)
    for mask in range(256):
        chosen = [k for k in range(8) if mask >> k & 1]
        x = RNG.integers(1 << 16, 1 << 32, 8, dtype=np.uint64).astype(np.uint32)
        x[chosen] >>= 16
        words = RNG.integers(0, 1 << 16, 30).astype(np.uint16)
        n, expected = 20, x.astype(np.uint64)
        for k in chosen:
            n -= 1
            expected[k] = x[k].astype(np.uint64) << np.uint64(16) | np.uint64(words[n])
        assert moved(True, words, np.uint64(20), x, out) == n
        assert (out == expected).all()

        stack, expected = words.copy(), [*words[:20], *(x[k] for k in reversed(chosen))]
        n = moved(False, stack, np.uint64(20), x, out)
        assert stack[:n].tolist() == expected
        assert (stack[28:] == words[28:]).all()
        assert (out == x).all()


@pytest.mark.spec("LAN-2", "LAN-6")
def test_arrays_that_would_be_misread_do_not_compile() -> None:
    """Vectors are next to each other in memory, and no element is written past its end."""
    numbers, zero = np.arange(64, dtype=np.uint32), np.uint64(0)
    for x, out in (
        (numbers[::-1], np.empty(8, np.uint32)),
        (numbers, np.empty(64, np.uint32)[::2]),
        (numbers, np.empty(8, np.int64)),
    ):
        with pytest.raises(TypeError, match=r"C-contiguous|32 bits"):
            apply_pair(added, x, x, out)
    with pytest.raises(TypeError, match="do not fit"):
        owned(numbers, np.zeros(64, np.uint16), numbers, np.empty(8, np.uint8), zero, numbers)
