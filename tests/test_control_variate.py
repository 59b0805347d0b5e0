"""MLP-7: a network as a control variate, alone and in RELAX and LAX."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from reference.errors import DataError, ModelError, SpecError
from reference.inference.gradients import (
    LocationScale,
    lax_gradient,
    lax_variance_gradient,
    relax_gradient,
    relax_variance_gradient,
    relax_variance_terms,
)
from reference.models import mlp
from reference.models.control_variate import NetworkControl
from reference.models.mlp import Floats, Layer, Mlp
from tests.gradients import LATENTS, Cubic, exact_gradient, expectation, one_bit, unit_nodes
from tests.networks import arrays, away_from_kinks, slopes

RNG_SEED = 11
EVENTS = {1: (2,), 2: (2, 3)}
"""The shape of an event, by the number of its axes."""


def control(axes: int, context: int, rows: tuple[int, ...]) -> tuple[NetworkControl, Floats]:
    """A control variate and rows of z, at which no kink is near."""
    event = EVENTS[axes]
    size, count = int(np.prod(event)), int(np.prod(rows))
    network, x = away_from_kinks((size + context, 5, 4, 1), count, RNG_SEED)
    z, known = np.split(x, [size], axis=1)
    lines = known.reshape(*rows, context) if context else None
    return NetworkControl(network, lines, axes), z.reshape(*rows, *event)


CASES = [(1, 0, (3,)), (1, 2, (2, 3)), (2, 0, ()), (2, 3, (2, 2))]


@pytest.mark.spec("MLP-7")
@pytest.mark.parametrize(("axes", "context", "rows"), CASES)
def test_value_and_gradient(axes, context, rows) -> None:
    """The value of each event by itself; its gradient by differences."""
    c, z = control(axes, context, rows)
    value, gradient = c.value(z), c.gradient(z)
    assert (value.shape, gradient.shape) == (rows, z.shape)
    for i in np.ndindex(rows):
        known = [] if c.context is None else c.context[i]
        y, _ = mlp.forward(c.network, np.concatenate([z[i].ravel(), known])[None])
        assert_allclose(value[i], y[0, 0], rtol=1e-14)
    assert_allclose(gradient, slopes(lambda: float(c.value(z).sum()), z), atol=1e-9)


@pytest.mark.spec("MLP-7")
@pytest.mark.parametrize(("axes", "context", "rows"), CASES)
def test_parameter_gradient_by_differences(axes, context, rows) -> None:
    """Of values and gradients in z; the sum, and each row as if it were alone."""
    c, z = control(axes, context, rows)
    rng = np.random.default_rng(1)
    weight, direction = rng.normal(size=rows), rng.normal(size=z.shape)

    def scalar() -> float:
        return float((weight * c.value(z)).sum() + (direction * c.gradient(z)).sum())

    found = c.parameter_gradient_sum(z, weight, direction)
    for g, array in zip(arrays(found), arrays(c.network), strict=True):
        assert_allclose(g, slopes(scalar, array), rtol=1e-7, atol=1e-8)
    flat = np.concatenate([g.ravel() for g in arrays(found)])
    lines = c.parameter_gradient(z, weight, direction)
    assert lines.shape == (*rows, flat.size)
    assert_allclose(lines.sum(axis=tuple(range(len(rows)))), flat, rtol=1e-12, atol=1e-13)
    for i in np.ndindex(rows):
        known = None if c.context is None else c.context[i]
        alone = NetworkControl(c.network, known, axes).parameter_gradient_sum(
            z[i], weight[i], direction[i]
        )
        assert_allclose(
            lines[i],
            np.concatenate([g.ravel() for g in arrays(alone)]),
            rtol=1e-12,
            atol=1e-14,
        )


@pytest.mark.spec("MLP-7")
def test_context_is_shared_and_counts() -> None:
    c, z = control(1, 2, (2, 3))
    assert c.context is not None
    one = NetworkControl(c.network, c.context[0, 0])
    many = NetworkControl(c.network, np.broadcast_to(c.context[0, 0], (2, 3, 2)))
    assert (one.value(z) == many.value(z)).all()
    assert (one.value(z)[1:] != c.value(z)[1:]).all()
    by_image = NetworkControl(c.network, c.context[0])
    assert (by_image.value(z)[0] == c.value(z)[0]).all()


@pytest.mark.spec("MLP-7")
def test_no_rows_and_single_precision() -> None:
    network = mlp.initialise((2, 3, 1), np.random.default_rng(0))
    c, none = NetworkControl(network), np.zeros((0, 2))
    assert c.value(none).shape == (0,)
    assert c.parameter_gradient(none, np.zeros(0), none).shape == (0, 13)
    z = np.ones((4, 2))
    found = c.value(z), c.gradient(z), c.parameter_gradient(z, np.ones(4), z)
    assert {a.dtype for a in found} == {np.dtype(np.float64)}
    total = c.parameter_gradient_sum(z, np.ones(4), z)
    assert {a.dtype for a in arrays(total)} == {np.dtype(np.float32)}


# In RELAX and LAX


@pytest.mark.spec("MLP-7", "GRD-11")
@pytest.mark.parametrize(("q", "n"), [(LATENTS[0], 200), (LATENTS[1], 44)])
def test_relax_is_unbiased(q, n) -> None:
    """Kinks lie inside the cells of the quadrature, which has fewer digits than for smooth c.

    What it finds is far smaller than what a missing term of c would leave.
    """
    f = Cubic(q.axes)
    network, _ = away_from_kinks((q.logits.size + 1, 8, 1), 1)
    for layer in network:
        layer.weights[:] *= 2
    c = NetworkControl(network, np.array([0.7]), q.axes)
    mean = expectation(q, lambda u, v: relax_gradient(f, c, q, u, v), n)
    assert_allclose(mean, exact_gradient(q, f), atol=1e-4)
    term = expectation(q, lambda u, v: c.gradient(q.relaxed(u)), n)
    assert np.abs(term).min() > 0.01


@pytest.mark.spec("MLP-7", "GRD-13")
@pytest.mark.parametrize(("q", "context"), [(LATENTS[0], 3), (LATENTS[1], 0)])
def test_gradient_of_the_square_by_differences(q, context) -> None:
    """Of ``|g|^2`` summed over rows whose kinks are elsewhere, in every parameter."""
    f, rng = Cubic(q.axes), np.random.default_rng(RNG_SEED)
    network, known = away_from_kinks((q.logits.size + context, 6, 1), 5)
    c = NetworkControl(network, known[:, :context] if context else None, q.axes)
    u, v = rng.uniform(0.02, 0.98, (2, 5, *q.logits.shape))
    near = [c._inputs(z) for z in (q.relaxed(u), q.conditional(q.rounded(q.relaxed(u)), v))]
    layer = network[0]
    assert np.abs(np.concatenate(near) @ layer.weights + layer.bias).min() > 1e-3

    def square() -> float:
        return float((relax_gradient(f, c, q, u, v) ** 2).sum())

    g = relax_gradient(f, c, q, u, v)
    total = c.parameter_gradient_sum(*relax_variance_terms(q, u, v, g))
    for found, array in zip(arrays(total), arrays(network), strict=True):
        assert_allclose(found, slopes(square, array), rtol=1e-6, atol=1e-6)
    lines = relax_variance_gradient(c, q, u, v, g)
    flat = np.concatenate([a.ravel() for a in arrays(total)])
    assert lines.shape == (5, flat.size)
    assert_allclose(lines.sum(axis=0), flat, rtol=1e-11, atol=1e-12)


def one_hidden_layer(phi: Floats) -> Mlp:
    """A network of one input, three hidden units and one output, of its ten numbers."""
    first = Layer(phi[None, :3].copy(), phi[3:6].copy())
    return first, Layer(phi[6:9, None].copy(), phi[9:].copy())


def cells(edges: Floats) -> tuple[Floats, Floats]:
    """The rule of `unit_nodes` in each interval between two edges."""
    x, w = unit_nodes(40)
    widths = np.diff(edges)[:, None]
    return (edges[:-1, None] + x * widths).ravel(), (w * widths).ravel()


def noise_between_kinks(p: float, phi: Floats) -> tuple[Floats, Floats, Floats]:
    """Both noises of one bit, and weights; no cell has a kink of c, at z or z~, inside it."""
    kinks = np.sort(-phi[3:6] / phi[:3])
    found = []
    for bit, (low, high) in enumerate([(0, 1 - p), (1 - p, 1)]):
        inner = expit(kinks[(kinks > 0) == bit] - one_bit(p).logits)
        edges = np.concatenate([[low], inner, [high]])
        (u, w_u), (v, w_v) = cells(edges), cells((edges - low) / (high - low))
        rows = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
        found.append((rows, np.outer(w_u, w_v).ravel()))
    rows, weights = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows[:, :1], rows[:, 1:], weights


@pytest.mark.spec("MLP-7", "GRD-11", "GRD-13")
@pytest.mark.parametrize("p", [0.3, 0.8])
def test_expectations_over_one_bit(p) -> None:
    """By quadrature between the kinks, of which there are some on both sides of 0.

    The estimate is unbiased. The gradient of the square is that of the expected square for the
    last layer, which moves no kink, and only for that.
    """
    q, f = one_bit(p), Cubic(1)
    phi = np.array([0.8, -0.6, 0.5, 0.7, 0.4, -0.9, 0.5, -0.7, 0.9, 0.1])

    def moments(phi: Floats) -> tuple[Floats, float]:
        u, v, w = noise_between_kinks(p, phi)
        g = relax_gradient(f, NetworkControl(one_hidden_layer(phi)), q, u, v)
        return w @ g, float(w @ g[:, 0] ** 2)

    assert_allclose(moments(phi)[0], exact_gradient(q, f), rtol=1e-10)
    u, v, w = noise_between_kinks(p, phi)
    c = NetworkControl(one_hidden_layer(phi))
    g = relax_gradient(f, c, q, u, v)
    found = w @ relax_variance_gradient(c, q, u, v, g)
    exact = np.array(
        [(moments(phi + e)[1] - moments(phi - e)[1]) / 2e-5 for e in 1e-5 * np.eye(10)]
    )
    assert_allclose(found[6:], exact[6:], rtol=1e-8)
    assert np.abs(found[:6] - exact[:6]).min() > 1e-3


@pytest.mark.spec("MLP-7", "GRD-10", "GRD-13")
def test_in_lax() -> None:
    """The gradient of the square, by differences on rows whose kinks are elsewhere."""
    q, f = LocationScale(np.array([0.4, -0.3]), np.array([-0.2, 0.3])), Cubic(1)
    network, _ = away_from_kinks((2, 6, 1), 1)
    c, eps = NetworkControl(network), np.random.default_rng(RNG_SEED).normal(size=(5, 2))
    layer = network[0]
    assert np.abs(q.sample(eps) @ layer.weights + layer.bias).min() > 1e-3
    g = lax_gradient(f, c, q, eps)
    found = lax_variance_gradient(c, q, eps, g).sum(axis=0)
    exact = [
        slopes(lambda: float((lax_gradient(f, c, q, eps) ** 2).sum()), a).ravel()
        for a in arrays(network)
    ]
    assert_allclose(found, np.concatenate(exact), rtol=1e-6, atol=1e-6)


def network(*sizes: int) -> Mlp:
    return mlp.initialise(sizes, np.random.default_rng(0), np.float64)


def gradient_with(weight: tuple[int, ...], direction: tuple[int, ...]) -> None:
    c, z = NetworkControl(network(2, 3, 1)), np.ones((4, 2))
    c.parameter_gradient(z, np.ones(weight), np.ones(direction))


REFUSED: dict[str, tuple[type[SpecError], Callable[[], object]]] = {
    "two outputs": (ModelError, lambda: NetworkControl(network(2, 3, 2))),
    "no layer": (ModelError, lambda: NetworkControl(())),
    "events without axes": (ModelError, lambda: NetworkControl(network(1, 1), axes=0)),
    "events too long": (
        DataError,
        lambda: NetworkControl(network(2, 1)).value(np.ones((4, 3))),
    ),
    "events of no numbers": (
        DataError,
        lambda: NetworkControl(network(1, 1)).value(np.ones((4, 0))),
    ),
    "context left out": (
        DataError,
        lambda: NetworkControl(network(3, 1)).value(np.ones((4, 2))),
    ),
    "a number for an event": (
        DataError,
        lambda: NetworkControl(network(1, 1)).value(np.array(1.0)),
    ),
    "outcomes for bits": (
        DataError,
        lambda: NetworkControl(network(6, 1)).gradient(np.ones((4, 2, 3))),
    ),
    "context of other rows": (
        DataError,
        lambda: NetworkControl(network(3, 1), np.ones((3, 1))).value(np.ones((4, 2))),
    ),
    "context of more rows": (
        DataError,
        lambda: NetworkControl(network(3, 1), np.ones((2, 4, 1))).value(np.ones((4, 2))),
    ),
    "context that is a number": (
        DataError,
        lambda: NetworkControl(network(3, 1), np.array(1.0)).value(np.ones((4, 2))),
    ),
    "one weight for all rows": (DataError, lambda: gradient_with((), (4, 2))),
    "a column of weights": (DataError, lambda: gradient_with((4, 1), (4, 2))),
    "one direction for all rows": (DataError, lambda: gradient_with((4,), (2,))),
    "a column of directions": (DataError, lambda: gradient_with((4,), (4, 1))),
}


@pytest.mark.spec("MLP-7")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    error, call = REFUSED[case]
    with pytest.raises(error):
        call()
