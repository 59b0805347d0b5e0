"""`fast.compression.integer_network` computes the integers of the reference."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fast.compression.integer_network as fast
import reference.compression.integer_network as reference
from reference.compression.integer_network import IntegerLayer, IntegerNetwork
from reference.errors import ModelError
from tests.strategies import any_networks


def evaluate_one_by_one(network: IntegerNetwork, inputs: np.ndarray) -> np.ndarray:
    """Run the kernel on every row."""
    carried = fast.network_arguments(network)
    dtype, widest = carried.weights.dtype, int(carried.sizes.max())
    buffers, active = np.empty((2, widest), dtype), np.empty(widest, np.int64)
    outputs = np.empty((len(inputs), network.outputs), np.int64)
    for row, out in zip(inputs.astype(dtype), outputs, strict=True):
        fast.evaluate_kernel(carried, row, out, buffers, active)
    return outputs


@pytest.mark.spec("INN-1", "INN-5")
@given(network=any_networks(), data=st.data())
def test_evaluate(network: IntegerNetwork, data: st.DataObject) -> None:
    limit = network.input_limit
    shapes = st.tuples(st.integers(0, 5), st.just(network.inputs))
    inputs = data.draw(hnp.arrays(np.int64, shapes, elements=st.integers(-limit, limit)))
    expected = reference.evaluate(network, inputs)
    assert fast.evaluate(network, inputs).tolist() == expected.tolist()
    assert evaluate_one_by_one(network, inputs).tolist() == expected.tolist()


@pytest.mark.spec("INN-3", "INN-5")
@given(network=any_networks())
def test_the_carrier_is_as_narrow_as_the_bound_allows(network: IntegerNetwork) -> None:
    single = max(reference.bounds(network)) < 2**24
    assert fast.network_arguments(network).weights.dtype == (
        np.float32 if single else np.float64
    )


def at_the_limit(limit: int, columns: int = 48) -> IntegerNetwork:
    """A network whose bound is just below a carrier's limit, with odd weights."""
    rows, magnitude = 256, 127
    weight = (limit - 2) // (rows * magnitude)
    weights = np.full((rows, columns), weight - 1 + weight % 2)
    weights[:, ::2] *= -1
    layer = IntegerLayer(weights, np.zeros(columns, np.int64), 1, 0)
    return IntegerNetwork((layer,), magnitude, 0, 0)


@pytest.mark.spec("INN-5")
@pytest.mark.parametrize("limit", [2**24, 2**44])
def test_sums_at_the_limit(limit: int) -> None:
    network = at_the_limit(limit)
    assert reference.bounds(network)[0] > 0.98 * limit
    rng = np.random.default_rng(2)
    inputs = rng.choice([-127, -126, 0, 126, 127], (70, 256))
    inputs[0], inputs[1] = 127, -127
    expected = reference.evaluate(network, inputs)
    assert np.array_equal(fast.evaluate(network, inputs), expected)
    assert np.array_equal(evaluate_one_by_one(network, inputs), expected)


@pytest.mark.spec("INN-4")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_rejects_alike(impl) -> None:
    network = at_the_limit(2**24)
    for bad in (np.zeros(256, int), np.zeros((1, 255), int), np.full((1, 256), -128)):
        with pytest.raises(ModelError):
            impl.evaluate(network, bad)


def rounded(x: np.ndarray, bits: int) -> np.ndarray:
    """Round floats to fewer significant bits."""
    fraction, exponent = np.frexp(x)
    return np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)


CARRIERS = [(np.float32, 24), (np.float64, 53)]


@pytest.mark.spec("INN-5")
@pytest.mark.parametrize(("dtype", "bits"), CARRIERS)
def test_the_check_of_the_matrix_product_reaches_the_limit(dtype: type, bits: int) -> None:
    """A sum is one below the limit of the carrier, and no sum of magnitudes is above that."""

    def multiply(a: np.ndarray, weights: np.ndarray) -> np.ndarray:
        assert (a.dtype, weights.dtype) == (dtype, dtype)
        a, weights = (m.astype(np.int64) for m in (a, weights))
        assert np.abs(a @ weights).max() == 2**bits - 1
        assert (np.abs(a).max(axis=0) @ np.abs(weights)).max() == 2**bits - 1
        return a @ weights

    fast._check_matrix_product(np.dtype(dtype), multiply)


@pytest.mark.spec("INN-5")
@pytest.mark.parametrize(("dtype", "bits"), CARRIERS)
def test_a_matrix_product_that_is_not_exact_is_noticed(dtype: type, bits: int) -> None:
    """Such as one that rounds its inputs, its sums or its partial sums to one bit less."""

    def rounds_inputs(a: np.ndarray, b: np.ndarray, bits: int) -> np.ndarray:
        return rounded(a, bits) @ rounded(b, bits)

    def rounds_sums(a: np.ndarray, b: np.ndarray, bits: int) -> np.ndarray:
        return rounded(a @ b, bits)

    def rounds_partial_sums(a: np.ndarray, b: np.ndarray, bits: int) -> np.ndarray:
        total = np.zeros((len(a), b.shape[1]), a.dtype)
        for i in reversed(range(len(b))):
            total = rounded(total + np.outer(a[:, i], b[i]), bits)
        return total

    fast._check_matrix_product(np.dtype(dtype))
    for multiply in (rounds_inputs, rounds_sums, rounds_partial_sums):
        fast._check_matrix_product(np.dtype(dtype), partial(multiply, bits=bits))
        with pytest.raises(RuntimeError, match="not exact"):
            fast._check_matrix_product(np.dtype(dtype), partial(multiply, bits=bits - 1))


SCRIPT = """
import hashlib
import numpy as np
from threadpoolctl import threadpool_limits
from fast.compression.integer_network import evaluate
from reference.compression.integer_network import IntegerLayer, IntegerNetwork

rng = np.random.default_rng(0)
digests = set()
for most in (400, 2**15):  # for binary32 and for binary64
    sizes, layers = (784, 100, 80), []
    for rows, columns in zip(sizes, sizes[1:]):
        weights = rng.integers(-most, most + 1, (rows, columns)) // 4
        last = columns == sizes[-1]
        bias = rng.integers(-1000, 1000, columns)
        layers.append(IntegerLayer(weights, bias, 9, 0 if last else 300))
    network = IntegerNetwork(tuple(layers), 1, 0, 0)
    x = rng.integers(0, 2, (300, 784))
    for threads in (1, 2):
        with threadpool_limits(threads):
            for batch in (1, 7, 300):
                parts = [evaluate(network, x[i : i + batch]) for i in range(0, 300, batch)]
                outputs = np.concatenate(parts).tobytes()
                digests.add((most, hashlib.sha256(outputs).hexdigest()))
print(sorted(digests))
"""


@pytest.mark.spec("INN-5", "LSL-8")
def test_every_matrix_product_gives_the_same_integers(printed_by) -> None:
    """OpenBLAS kernels of several processors, one thread and two, batches of 1, 7 and all."""
    expected = printed_by(SCRIPT)
    assert expected.count("(") == 2  # one digest for each carrier, whatever the batch
    for core in ("Haswell", "Sandybridge", "Nehalem", "Prescott"):
        assert printed_by(SCRIPT, OPENBLAS_CORETYPE=core) == expected
