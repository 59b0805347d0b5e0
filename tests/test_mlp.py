"""Laws, known answers and rejections of the chapter MLP."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DataError, ModelError, SpecError
from reference.models import mlp
from reference.models.mlp import Layer, Mlp
from tests.networks import arrays, away_from_kinks, slopes


def layer(inputs: int, outputs: int, dtype: type = np.float64) -> Layer:
    return Layer(np.ones((inputs, outputs), dtype), np.zeros(outputs, dtype))


@pytest.mark.spec("MLP-1")
def test_known_answer() -> None:
    """By hand: the ReLU cuts the second hidden unit; none follows the last layer."""
    hidden = Layer(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.5, 0.5]))
    last = Layer(np.array([[-1.0], [7.0]]), np.array([0.25]))
    y, inputs = mlp.forward((hidden, last), np.array([[1.0, 2.0]]))
    assert y.tolist() == [[-5.25]]
    assert [a.tolist() for a in inputs] == [[[1.0, 2.0]], [[5.5, 0.0]]]


@pytest.mark.spec("MLP-2")
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_initial_weights_are_in_range(seed: int, sizes: list[int]) -> None:
    network = mlp.initialise(sizes, np.random.default_rng(seed))
    assert [p.weights.shape for p in network] == list(pairwise(sizes))
    for p in network:
        assert p.weights.dtype == p.bias.dtype == np.float32
        assert not p.bias.any()
        gain = 0.1 if p is network[-1] else 1
        r = gain * np.sqrt(6 / sum(p.weights.shape))
        assert np.abs(p.weights).max() <= np.float32(r)


@pytest.mark.spec("MLP-2")
def test_initial_weights_are_uniform() -> None:
    """In binary64, as the generator gives them; in binary32, the same, rounded."""
    wide, narrow = (
        mlp.initialise((40, 60, 3), np.random.default_rng(5), t) for t in ("f8", "f4")
    )
    numbers = np.random.default_rng(5).random(40 * 60)
    r = np.sqrt(6 / 100)
    np.testing.assert_allclose(wide[0].weights.ravel(), r * (2 * numbers - 1), atol=1e-15)
    for a, b in zip(wide, narrow, strict=True):
        assert (a.weights.astype(np.float32) == b.weights).all()


@pytest.mark.spec("MLP-3")
def test_reverse_by_differences() -> None:
    """Every parameter and every input, far from the kinks, where differences mean nothing."""
    network, x = away_from_kinks((4, 6, 5, 3), rows=7)
    weights = np.random.default_rng(1).normal(size=(7, 3))

    def scalar() -> float:
        return float((weights * np.sin(mlp.forward(network, x)[0])).sum())

    y, inputs = mlp.forward(network, x)
    gradient, d_x = mlp.reverse(network, inputs, weights * np.cos(y))
    for found, array in zip([*arrays(gradient), d_x], [*arrays(network), x], strict=True):
        np.testing.assert_allclose(found, slopes(scalar, array), rtol=1e-6, atol=1e-8)


@pytest.mark.spec("MLP-3")
def test_reverse_at_the_kink() -> None:
    network = (Layer(np.ones((1, 1)), np.zeros(1)), layer(1, 1))
    _, inputs = mlp.forward(network, np.zeros((1, 1)))
    gradient, d_x = mlp.reverse(network, inputs, np.ones((1, 1)))
    assert d_x == 0
    assert gradient[0].bias == 0
    assert gradient[1].bias == 1


def steps(gradients: list[float], learning_rate: float = 0.1) -> list[float]:
    """The values of one parameter, 0 at first, after each step of Adam."""
    network: Mlp = (Layer(np.zeros((1, 1)), np.zeros(1)),)
    state, found = mlp.adam_initialise(network), []
    for g in gradients:
        gradient = (Layer(np.full((1, 1), g), np.full(1, g)),)
        network, state = mlp.adam_step(network, gradient, state, learning_rate)
        assert network[0].weights == network[0].bias
        found.append(float(network[0].bias[0]))
    assert state.steps == len(gradients)
    return found


@pytest.mark.spec("MLP-4")
@given(g=st.floats(-1e6, 1e6).filter(bool), learning_rate=st.floats(0, 10))
def test_adam_first_step(g: float, learning_rate: float) -> None:
    """It is ``lr * g / (|g| + 1e-8)``: the learning rate, unless the gradient is tiny."""
    expected = -learning_rate * g / (abs(g) + 1e-8)
    assert steps([g], learning_rate)[0] == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.spec("MLP-4")
def test_adam_known_answers() -> None:
    """By hand: after +1 and -1, m is -0.01 and v is 0.001999; epsilon is outside the root."""
    first, second = steps([1.0, -1.0])
    assert first == pytest.approx(-0.1, rel=1e-7)
    assert second - first == pytest.approx(0.1 * 0.01 / 0.19, rel=1e-7)
    assert steps([1e-8])[0] == pytest.approx(-0.05)


@pytest.mark.spec("MLP-4")
def test_adam_changes_no_argument() -> None:
    network = mlp.initialise((3, 2), np.random.default_rng(0))
    gradient, state = (
        mlp.initialise((3, 2), np.random.default_rng(1)),
        mlp.adam_initialise(network),
    )
    before = [a.copy() for a in arrays(network)]
    mlp.adam_step(network, gradient, state, 0.1)
    assert all((a == b).all() for a, b in zip(arrays(network), before, strict=True))
    assert not any(a.any() for a in arrays(state.mean) + arrays(state.square))


@pytest.mark.spec("MLP-4")
def test_adam_finds_a_minimum() -> None:
    network: Mlp = (layer(2, 1),)
    goal, state = np.array([[3.0], [-1.0]]), mlp.adam_initialise(network)
    for _ in range(300):
        gradient = (Layer(network[0].weights - goal, network[0].bias - 2),)
        network, state = mlp.adam_step(network, gradient, state, 0.1)
    np.testing.assert_allclose(network[0].weights, goal, atol=0.01)
    np.testing.assert_allclose(network[0].bias, [2], atol=0.01)


def step_with(learning_rate: float, *others: Mlp) -> None:
    network: Mlp = (layer(2, 1),)
    mlp.adam_step(
        network, *(others or (network,)), mlp.adam_initialise(network), learning_rate
    )


def run(*network: Layer, shape: tuple[int, ...] = (1, 2)) -> None:
    mlp.forward(network, np.ones(shape))


REFUSED: dict[str, tuple[type[SpecError], Callable[[], object]]] = {
    "weights of one axis": (ModelError, lambda: Layer(np.ones(2), np.ones(2))),
    "a bias too short": (ModelError, lambda: Layer(np.ones((2, 3)), np.ones(2))),
    "no outputs": (ModelError, lambda: Layer(np.ones((2, 0)), np.ones(0))),
    "integers": (ModelError, lambda: Layer(np.ones((2, 1), int), np.ones(1, int))),  # type: ignore[arg-type]
    "two types": (ModelError, lambda: Layer(np.ones((2, 1)), np.ones(1, np.float32))),
    "one size": (ModelError, lambda: mlp.initialise((3,), np.random.default_rng(0))),
    "a size of 0": (ModelError, lambda: mlp.initialise((3, 0), np.random.default_rng(0))),
    "no layer": (ModelError, lambda: run()),
    "layers that do not fit": (ModelError, lambda: run(layer(2, 3), layer(2, 1))),
    "layers of two types": (ModelError, lambda: run(layer(2, 3), layer(3, 1, np.float32))),
    "inputs too wide": (DataError, lambda: run(layer(2, 1), shape=(1, 3))),
    "inputs of one axis": (DataError, lambda: run(layer(2, 1), shape=(2,))),
    "a negative rate": (ModelError, lambda: step_with(-1e-3)),
    "an infinite rate": (ModelError, lambda: step_with(np.inf)),
    "a rate that is no number": (ModelError, lambda: step_with(np.nan)),
    "another structure": (ModelError, lambda: step_with(1e-3, (layer(2, 2),))),
    "fewer layers": (ModelError, lambda: step_with(1e-3, ())),
}


@pytest.mark.spec("MLP-1", "MLP-2", "MLP-4")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    error, call = REFUSED[case]
    with pytest.raises(error):
        call()
