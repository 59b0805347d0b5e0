"""MLP-5 and MLP-6: slopes of a network along a direction, and gradients through them."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DataError
from reference.models import mlp
from reference.models.mlp import Floats, Layer, Mlp
from tests.networks import arrays, away_from_kinks, slopes

SIZES = (4, 6, 5, 3)


def smooth_scalar(y: Floats, slope: Floats) -> float:
    """Some S of both, which couples them and the rows."""
    return float((np.sin(y) * slope**2).sum() + np.cos(y * slope).sum() ** 2)


def gradients_of_scalar(y: Floats, slope: Floats) -> tuple[Floats, Floats]:
    both = -2 * np.cos(y * slope).sum() * np.sin(y * slope)
    return np.cos(y) * slope**2 + both * slope, 2 * np.sin(y) * slope + both * y


@st.composite
def whole_problems(draw: st.DrawFn) -> tuple[Mlp, Floats, Floats, Floats, Floats]:
    """A network, x, a direction, and gradients of y and y', of small whole numbers.

    In binary64 sums and products of these are exact, in any order.
    """
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    rows = draw(st.integers(0, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def whole(*shape: int) -> Floats:
        return rng.integers(-9, 10, shape).astype(float)

    network = tuple(Layer(whole(i, o), whole(o)) for i, o in pairwise(sizes))
    ends = sizes[0], sizes[0], sizes[-1], sizes[-1]
    return network, *(whole(rows, n) for n in ends)  # type: ignore[return-value]


@pytest.mark.spec("MLP-5")
def test_known_answer() -> None:
    """By hand: the second hidden unit is cut, whatever it would add; biases do not count."""
    hidden = Layer(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.5, 0.5]))
    last = Layer(np.array([[-1.0], [7.0]]), np.array([0.25]))
    network, x = (hidden, last), np.array([[1.0, 2.0]])
    slope, tangents = mlp.directional(
        network, mlp.forward(network, x)[1], np.array([[3.0, 4.0]])
    )
    assert slope.tolist() == [[-11.0]]
    assert [t.tolist() for t in tangents] == [[[3.0, 4.0]], [[11.0, 0.0]]]


@pytest.mark.spec("MLP-6")
def test_known_gradient() -> None:
    """By hand: ``S = 2 y + 3 y'`` of the same network."""
    hidden = Layer(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.5, 0.5]))
    last = Layer(np.array([[-1.0], [7.0]]), np.array([0.25]))
    network, x = (hidden, last), np.array([[1.0, 2.0]])
    inputs = mlp.forward(network, x)[1]
    _, tangents = mlp.directional(network, inputs, np.array([[3.0, 4.0]]))
    first, second = mlp.directional_reverse(
        network, inputs, tangents, np.array([[2.0]]), np.array([[3.0]])
    )
    assert second.weights.tolist() == [[5.5 * 2 + 11 * 3], [0.0]]
    assert second.bias.tolist() == [2.0]
    assert first.weights.tolist() == [[-1.0 * 2 - 3 * 3, 0.0], [-2.0 * 2 - 4 * 3, 0.0]]
    assert first.bias.tolist() == [-2.0, 0.0]


@pytest.mark.spec("MLP-5")
def test_slope_by_differences() -> None:
    network, x = away_from_kinks(SIZES, rows=7)
    direction, h = np.random.default_rng(1).normal(size=x.shape), 1e-6
    slope, tangents = mlp.directional(network, mlp.forward(network, x)[1], direction)
    (y_up, up), (y_down, down) = (mlp.forward(network, x + s * h * direction) for s in (1, -1))
    np.testing.assert_allclose(slope, (y_up - y_down) / (2 * h), rtol=1e-7, atol=1e-8)
    for found, a, b in zip(tangents, up, down, strict=True):
        np.testing.assert_allclose(found, (a - b) / (2 * h), rtol=1e-7, atol=1e-8)


@pytest.mark.spec("MLP-6")
def test_gradient_by_differences() -> None:
    """Every parameter, of a scalar that mixes outputs and slopes."""
    network, x = away_from_kinks(SIZES, rows=7)
    direction = np.random.default_rng(1).normal(size=x.shape)

    def both() -> tuple[Floats, tuple[Floats, ...], Floats, tuple[Floats, ...]]:
        y, inputs = mlp.forward(network, x)
        return y, inputs, *mlp.directional(network, inputs, direction)

    def scalar() -> float:
        y, _, slope, _ = both()
        return smooth_scalar(y, slope)

    y, inputs, slope, tangents = both()
    gradient = mlp.directional_reverse(
        network, inputs, tangents, *gradients_of_scalar(y, slope)
    )
    for found, array in zip(arrays(gradient), arrays(network), strict=True):
        np.testing.assert_allclose(found, slopes(scalar, array), rtol=1e-6, atol=1e-7)


@pytest.mark.spec("MLP-5")
@given(whole_problems())
def test_slope_is_the_gradient_along_the_direction(problem) -> None:
    """Exactly: ``e . y'`` is ``dx . direction``, with dx of e by MLP-3. Also where a is 0."""
    network, x, direction, _, e = problem
    _, inputs = mlp.forward(network, x)
    slope, _ = mlp.directional(network, inputs, direction)
    _, d_x = mlp.reverse(network, inputs, e)
    assert ((e * slope).sum(axis=1) == (d_x * direction).sum(axis=1)).all()


@pytest.mark.spec("MLP-5")
@given(whole_problems())
def test_slope_is_linear_in_the_direction(problem) -> None:
    network, x, direction, _, _ = problem
    _, inputs = mlp.forward(network, x)
    one, other, total = (
        mlp.directional(network, inputs, v)[0] for v in (direction, x, direction - 2 * x)
    )
    assert (total == one - 2 * other).all()


@pytest.mark.spec("MLP-5", "MLP-6")
@given(whole_problems())
def test_slope_is_multilinear_in_the_weights(problem) -> None:
    """``e . y'`` is of degree 1 in each W_i, so it is ``dW_i . W_i`` of every layer."""
    network, x, direction, d, e = problem
    _, inputs = mlp.forward(network, x)
    slope, tangents = mlp.directional(network, inputs, direction)
    found = mlp.directional_reverse(network, inputs, tangents, np.zeros_like(d), e)
    for g, p in zip(found, network, strict=True):
        assert (g.weights * p.weights).sum() == (e * slope).sum()
        assert not g.bias.any()


@pytest.mark.spec("MLP-6")
@given(whole_problems())
def test_gradient_of_outputs_and_of_slopes_add(problem) -> None:
    """That of the outputs is MLP-3's, whatever the direction; slopes move no bias."""
    network, x, direction, d, e = problem
    _, inputs = mlp.forward(network, x)
    _, tangents = mlp.directional(network, inputs, direction)
    zero = np.zeros_like(d)
    both = mlp.directional_reverse(network, inputs, tangents, d, e)
    slopes_only = mlp.directional_reverse(network, inputs, tangents, zero, e)
    outputs_only, _ = mlp.reverse(network, inputs, d)
    for g, a, b in zip(both, slopes_only, outputs_only, strict=True):
        assert (g.weights == a.weights + b.weights).all()
        assert (g.bias == b.bias).all()


@pytest.mark.spec("MLP-5", "MLP-6")
def test_at_the_kink() -> None:
    network = (Layer(np.ones((1, 1)), np.zeros(1)), Layer(np.ones((1, 1)), np.zeros(1)))
    one = np.ones((1, 1))
    _, inputs = mlp.forward(network, np.zeros((1, 1)))
    slope, tangents = mlp.directional(network, inputs, one)
    assert slope == 0
    first, _ = mlp.directional_reverse(network, inputs, tangents, one, one)
    assert first.weights == 0


@pytest.mark.spec("MLP-5", "MLP-6")
def test_type_of_the_network() -> None:
    network = mlp.initialise((3, 4, 2), np.random.default_rng(0))
    x = np.ones((5, 3), np.float32)
    _, inputs = mlp.forward(network, x)
    slope, tangents = mlp.directional(network, inputs, x)
    found = mlp.directional_reverse(network, inputs, tangents, slope, slope)
    assert {a.dtype for a in (slope, *tangents, *arrays(found))} == {np.dtype(np.float32)}


def slope_with(direction: tuple[int, ...]) -> None:
    network = mlp.initialise((2, 3, 1), np.random.default_rng(0), np.float64)
    _, inputs = mlp.forward(network, np.ones((4, 2)))
    mlp.directional(network, inputs, np.ones(direction))


def reverse_with(gradient: tuple[int, ...], slope_gradient: tuple[int, ...]) -> None:
    network = mlp.initialise((2, 3, 1), np.random.default_rng(0), np.float64)
    _, inputs = mlp.forward(network, np.ones((4, 2)))
    _, tangents = mlp.directional(network, inputs, np.ones((4, 2)))
    mlp.directional_reverse(
        network, inputs, tangents, np.ones(gradient), np.ones(slope_gradient)
    )


REFUSED: dict[str, Callable[[], None]] = {
    "one direction for all rows": lambda: slope_with((2,)),
    "a direction too narrow": lambda: slope_with((4, 1)),
    "a direction with too few rows": lambda: slope_with((1, 2)),
    "a gradient without its axis": lambda: reverse_with((4,), (4, 1)),
    "a gradient of one row": lambda: reverse_with((1, 1), (4, 1)),
    "a gradient of slopes without its axis": lambda: reverse_with((4, 1), (4,)),
    "a gradient of slopes of one row": lambda: reverse_with((4, 1), (1, 1)),
}


@pytest.mark.spec("MLP-5", "MLP-6")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    with pytest.raises(DataError, match="of shape"):
        REFUSED[case]()
