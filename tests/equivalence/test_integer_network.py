"""`fast.compression.integer_network` computes the integers of the reference."""

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


@pytest.mark.spec("INN-5")
def test_a_matrix_product_that_is_not_exact_is_noticed(monkeypatch) -> None:
    """Such as one that rounds its inputs to half of their digits."""
    fast._check_matrix_product.cache_clear()
    fast._check_matrix_product(np.dtype(np.float32))
    fast._check_matrix_product.cache_clear()

    class Rounding(np.ndarray):
        def astype(self, dtype):
            rounded = super().astype(np.float16 if dtype == np.float32 else np.float32)
            return np.asarray(rounded).astype(dtype)

    arange = np.arange
    monkeypatch.setattr(np, "arange", lambda *a: arange(*a).view(Rounding))
    for dtype in (np.float32, np.float64):
        with pytest.raises(RuntimeError, match="not exact"):
            fast._check_matrix_product(np.dtype(dtype))
    fast._check_matrix_product.cache_clear()


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
