"""INN-1 to INN-7 hold for `reference.compression.integer_network`."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference.coding.container import Fields, Section
from reference.compression.integer_network import (
    IntegerLayer,
    IntegerNetwork,
    bounds,
    evaluate,
    network_from_fields,
    network_to_bytes,
    quantise_network,
)
from reference.errors import DataError, FormatError, ModelError
from reference.models import mlp
from reference.models.mlp import Layer
from tests.strategies import any_networks


def inputs_of(network: IntegerNetwork) -> st.SearchStrategy[np.ndarray]:
    limit = network.input_limit
    shapes = st.tuples(st.integers(0, 5), st.just(network.inputs))
    return hnp.arrays(np.int64, shapes, elements=st.integers(-limit, limit))


def by_hand(network: IntegerNetwork, inputs: list[int]) -> list[int]:
    """INN-1 in Python integers, which have no width."""
    a = inputs
    for i, layer in enumerate(network.layers):
        w, b, s = layer.weights.tolist(), layer.bias.tolist(), layer.shift
        acc = [b[j] + sum(a[k] * w[k][j] for k in range(len(a))) for j in range(len(b))]
        a = [(v + 2 ** (s - 1)) // 2**s for v in acc]
        if i < len(network.layers) - 1:
            a = [min(max(v, 0), layer.maximum) for v in a]
    return a


@pytest.mark.spec("INN-1", "INN-2", "INN-4")
@given(network=any_networks(), data=st.data())
def test_evaluate(network: IntegerNetwork, data: st.DataObject) -> None:
    inputs = data.draw(inputs_of(network))
    outputs = evaluate(network, inputs)
    assert outputs.dtype == np.int64
    assert outputs.tolist() == [by_hand(network, row) for row in inputs.tolist()]


@pytest.mark.spec("INN-3")
@given(network=any_networks(), data=st.data())
def test_no_sum_is_beyond_its_bound(network: IntegerNetwork, data: st.DataObject) -> None:
    """The bound holds for the sums of magnitudes, so for every partial sum in any order."""
    a = data.draw(inputs_of(network))
    for layer, bound in zip(network.layers, bounds(network), strict=True):
        sums = np.abs(a) @ np.abs(layer.weights) + np.abs(layer.bias)
        assert (sums + (1 << (layer.shift - 1)) <= bound).all()
        acc = (a @ layer.weights + layer.bias + (1 << (layer.shift - 1))) >> layer.shift
        a = np.clip(acc, 0, layer.maximum)


@pytest.mark.spec("INN-3")
def test_the_bound_is_reached() -> None:
    weights = np.array([[3, -1], [-4, 2]])
    network = IntegerNetwork((IntegerLayer(weights, np.array([5, -6]), 3, 0),), 10, 0, 0)
    assert bounds(network) == (10 * 7 + 5 + 4,)


LAYER = IntegerLayer(np.array([[1, 2], [3, 4]]), np.array([5, 6]), 3, 9)
LAST = replace(LAYER, maximum=0)
Layers = tuple[IntegerLayer, ...]

BAD_NETWORKS: dict[str, tuple[Layers, int]] = {
    "no layers": ((), 1),
    "shift 0": ((replace(LAST, shift=0),), 1),
    "shift 32": ((replace(LAST, shift=32),), 1),
    "no input limit": ((LAST,), 0),
    "input limit": ((LAST,), 2**53),
    "clip in the last layer": ((LAYER,), 1),
    "no clip before": ((LAST, LAST), 1),
    "sizes": ((LAYER, replace(LAST, weights=np.ones((3, 2), int))), 1),
    "bias": ((replace(LAST, bias=np.array([1])),), 1),
    "empty": ((replace(LAST, weights=np.ones((0, 2), int)),), 1),
    "2**31": ((replace(LAST, weights=np.full((2, 2), 2**31)),), 1),
    "-2**31 - 1": ((replace(LAST, weights=np.full((2, 2), -(2**31) - 1)),), 1),
    "bound": ((replace(LAST, weights=LAST.weights << 28),), 2**23),
    "a bound that wraps": ((replace(LAST, weights=LAST.weights << 28),), 2**34),
    "bias beyond the bound": ((replace(LAST, bias=np.array([0, -(2**63)])),), 1),
}


@pytest.mark.spec("INN-2", "INN-3")
@pytest.mark.parametrize("fault", BAD_NETWORKS)
def test_rejects_bad_networks(fault: str) -> None:
    layers, input_limit = BAD_NETWORKS[fault]
    with pytest.raises(ModelError):
        IntegerNetwork(layers, input_limit, 0, 0)


@pytest.mark.spec("INN-3")
def test_weights_of_32_bits_are_accepted() -> None:
    weights = np.array([[2**31 - 1, -(2**31)]])
    network = IntegerNetwork((IntegerLayer(weights, np.array([0, 0]), 1, 0),), 1, 0, 0)
    assert bounds(network) == (2**31 + 1,)


@pytest.mark.spec("INN-3", "INN-7")
def test_bytes_are_no_way_round() -> None:
    """A network is checked anew when it is read."""
    data = network_to_bytes(IntegerNetwork((LAST,), 7, 0, 0))
    shift_32 = data[:22] + b"\x20" + data[23:]
    limit_2_to_the_53 = data[:6] + (2**53).to_bytes(8, "little") + data[14:]
    for broken in (shift_32, limit_2_to_the_53):
        with pytest.raises(ModelError):
            network_from_fields(Fields(Section("ENCO", broken)))


@pytest.mark.spec("INN-4")
@pytest.mark.parametrize(
    "inputs",
    [np.zeros(2, int), np.zeros((1, 3), int), np.array([[0, 8]]), np.array([[-8, 0]])],
)
def test_rejects_bad_inputs(inputs: np.ndarray) -> None:
    with pytest.raises(ModelError):
        evaluate(IntegerNetwork((LAST,), 7, 0, 0), inputs)


@pytest.mark.spec("INN-7")
@given(network=any_networks())
def test_bytes(network: IntegerNetwork) -> None:
    data = network_to_bytes(network)
    fields = Fields(Section("ENCO", data))
    again = network_from_fields(fields)
    fields.end()
    assert network_to_bytes(again) == data
    for a, b in zip(again.layers, network.layers, strict=True):
        assert (a.shift, a.maximum) == (b.shift, b.maximum)
        assert np.array_equal(a.weights, b.weights)
        assert np.array_equal(a.bias, b.bias)


@pytest.mark.spec("INN-7")
def test_known_bytes() -> None:
    network = IntegerNetwork(
        (IntegerLayer(np.array([[1], [-2]]), np.array([300]), 4, 0),), 7, 3, 5
    )
    assert network_to_bytes(network).hex(" ") == " ".join(
        [
            "01 00 03 00 05 00 07 00 00 00 00 00 00 00",  # one layer, fractions, limit
            "02 00 00 00 01 00 00 00 04 01 02 00 00 00 00 00 00 00 00",  # sizes, shift, widths
            "01 fe 2c 01",  # weights, bias
        ]
    )


@pytest.mark.spec("INN-7")
def test_rejects_bad_bytes() -> None:
    data = network_to_bytes(IntegerNetwork((LAST,), 7, 0, 0))
    for length in range(len(data)):
        with pytest.raises((FormatError, ModelError)):
            network_from_fields(Fields(Section("ENCO", data[:length])))
    width_3 = data[:23] + b"\3" + data[24:]
    with pytest.raises(ModelError, match="bytes"):
        network_from_fields(Fields(Section("ENCO", width_3)))
    wide = data[:33] + b"".join(data[k : k + 1] + b"\0" for k in range(33, 37)) + data[37:]
    with pytest.raises(ModelError, match="fewer"):
        network_from_fields(Fields(Section("ENCO", wide[:23] + b"\2" + wide[24:])))
    rows_2_to_the_32 = data[:14] + b"\xff" * 4 + data[18:]
    with pytest.raises(FormatError, match="left"):
        network_from_fields(Fields(Section("ENCO", rows_2_to_the_32)))


def floats(network: tuple[Layer, ...], inputs: np.ndarray) -> np.ndarray:
    a = inputs
    for i, layer in enumerate(network):
        a = a @ layer.weights + layer.bias
        a = a if i == len(network) - 1 else np.maximum(a, 0)
    return a


@pytest.mark.spec("INN-6")
@pytest.mark.parametrize("scale", [1.0, 300.0], ids=["binary32", "binary64"])
def test_a_quantised_network_is_near_the_trained_one(scale: float) -> None:
    rng = np.random.default_rng(5)
    layers = mlp.initialise((30, 20, 10), rng, np.float64)
    layers = tuple(
        Layer(layer.weights * scale, rng.normal(size=layer.bias.size) * scale)
        for layer in layers
    )
    x = rng.integers(-256, 257, (200, 30))
    network = quantise_network(
        layers, x, input_fraction=8, input_limit=256, output_fraction=10
    )
    assert (max(bounds(network)) < 2**24) == (scale == 1)
    expected = floats(layers, x / 256)
    error = evaluate(network, x) / 2**10 - expected
    assert np.abs(error).max() < 0.01 * np.abs(expected).max()
    largest = np.maximum(x / 256 @ layers[0].weights + layers[0].bias, 0).max()
    assert 0 < network.layers[0].maximum / 2**6 - largest <= 2**-6


def quantised(layers: tuple[Layer, ...], examples: np.ndarray, limit: int = 1):
    return quantise_network(
        layers, examples, input_fraction=0, input_limit=limit, output_fraction=0
    )


def layer_of(weight: float, bias: float) -> Layer:
    return Layer(np.array([[weight]]), np.array([bias]))


@pytest.mark.spec("INN-6")
@pytest.mark.parametrize("example", [0, 1])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e307, 2.0**53])
def test_rejects_weights_that_no_integer_stands_for(bad: float, example: int) -> None:
    """In any layer, whatever the examples make of them."""
    good = layer_of(1.0, 0.0)
    for layer in (layer_of(bad, 0.0), layer_of(0.0, bad)):
        for i, layers in enumerate(((layer, good), (good, layer))):
            with pytest.raises(ModelError, match=f"layer {i}: .*(finite|below)"):
                quantised(layers, np.array([[example]]))


@pytest.mark.spec("INN-6")
def test_the_largest_weights_that_integers_stand_for() -> None:
    """One fraction bit of 32 bits, and the bound of INN-3."""
    network = quantised((layer_of(2.0**30 - 1, 2.0**30),), np.array([[1]]))
    assert network.layers[0].weights.tolist() == [[2**31 - 2]]
    assert network.layers[0].bias.tolist() == [2**31]
    rounds_to_2_to_the_31 = layer_of(2.0**29 - 0.1, 0.0)  # with two fraction bits
    assert quantised((rounds_to_2_to_the_31,), np.array([[1]])).layers[0].shift == 1
    for layer in (layer_of(2.0**30, 0.0), layer_of(0.0, 2.0**52)):
        with pytest.raises(ModelError, match=r"up to 1\.07374e\+09|up to 4\.5036e\+15"):
            quantised((layer,), np.array([[1]]))


@pytest.mark.spec("INN-6")
@pytest.mark.parametrize(
    ("examples", "fault"),
    [
        (np.zeros((0, 1), int), r"\(0, 1\)"),
        (np.zeros((3, 2), int), r"\(3, 2\)"),
        (np.zeros(1, int), r"\(1,\)"),
        (np.ones((3, 1)), "float64"),
        (np.array([[0], [8]]), "8, above the limit 7"),
        (np.array([[0], [-8]]), "8, above the limit 7"),
        (np.array([[-(2**63)]]), "above the limit 7"),
    ],
)
def test_rejects_what_are_no_examples(examples: np.ndarray, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        quantised((layer_of(1.0, 0.0),), examples, limit=7)


@pytest.mark.spec("INN-6")
def test_rejects_layers_that_make_no_network() -> None:
    wide = Layer(np.ones((2, 2)), np.zeros(2))
    for layers in ((), (layer_of(1.0, 0.0), wide)):
        with pytest.raises(ModelError, match="make no network"):
            quantised(layers, np.array([[1]]))
