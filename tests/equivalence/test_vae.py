"""`fast.models` equals `reference.models`, within the bounds that SPEC.md names."""

from collections.abc import Callable
from itertools import pairwise
from math import log
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.models.mlp as fast_mlp
import fast.models.vae as fast
import reference.models.mlp as reference_mlp
import reference.models.vae as reference
from reference.errors import DataError, ModelError
from reference.models.mlp import AdamState, Floats, Layer, Mlp
from reference.models.vae import Images, Plan, Vae

ROUNDING = {np.float32: 2.0**-24, np.float64: 2.0**-53}
RELATIVE = {np.float32: 1e-5, np.float64: 1e-12}
"""The bounds of VAE-2 to VAE-6."""


def arrays(model: Vae | Mlp) -> list[Floats]:
    layers = model.encoder + model.decoder if isinstance(model, Vae) else model
    return [array for layer in layers for array in (layer.weights, layer.bias)]


def vector(model: Vae | Mlp) -> Floats:
    return np.concatenate([a.ravel().astype(np.float64) for a in arrays(model)])


def wide(model: Vae) -> Vae:
    """The same numbers in float64: what a float32 result is compared with."""
    encoder, decoder = (
        tuple(Layer(p.weights.astype(float), p.bias.astype(float)) for p in network)
        for network in (model.encoder, model.decoder)
    )
    return Vae(encoder, decoder)


def problem(
    seed: int, n: int, pixels: int, hidden: tuple[int, ...], latents: int, dtype: type
) -> tuple[Vae, Images, Floats]:
    """A model with biases that are not 0, images, and noise, all in the type of the model."""
    rng = np.random.default_rng(seed)
    model = reference.initialise(pixels, hidden, latents, rng, dtype)
    for layer in model.encoder + model.decoder:
        layer.bias[:] = rng.uniform(-1, 1, layer.bias.size)
    x = rng.integers(0, 2, (n, pixels), np.uint8)
    return model, x, rng.standard_normal((n, latents), dtype)


shapes = st.tuples(
    st.integers(1, 12),
    st.integers(1, 40),
    st.lists(st.integers(1, 20), max_size=2).map(tuple),
    st.integers(1, 6),
)


@pytest.mark.spec("VAE-2", "VAE-3", "VAE-4", "VAE-5")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32), shape=shapes)
@example(seed=0, shape=(100, 784, (100,), 40)).via("the model of the demo")
@example(seed=1, shape=(3, 17, (), 2)).via("no hidden layer")
def test_gradients(dtype: type, seed: int, shape: tuple[int, int, Any, int]) -> None:
    """float32 is compared with float64: the reference's own rounding errors are no excuse."""
    model, x, eps = problem(seed, *shape, dtype)
    mean, gradient = reference.gradients(wide(model), x, eps)
    found_mean, found = fast.gradients(model, x, eps)
    assert [a.shape for a in arrays(found)] == [a.shape for a in arrays(model)]
    assert {a.dtype for a in arrays(found)} == {np.dtype(dtype)}
    assert found_mean == pytest.approx(mean, rel=RELATIVE[dtype])
    error = np.linalg.norm(vector(found) - vector(gradient))
    assert error <= RELATIVE[dtype] * np.linalg.norm(vector(gradient))


@pytest.mark.spec("MLP-1", "VAE-5")
def test_gradients_of_a_layer_that_stands_twice() -> None:
    """What follows a layer depends on where it stands, not on which object it is."""
    model, x, eps = problem(3, 5, 6, (6,), 3, np.float64)
    twice = Vae((model.encoder[1],) * 2, model.decoder)
    mean, gradient = reference.gradients(twice, x, eps)
    found_mean, found = fast.gradients(twice, x, eps)
    assert found_mean == pytest.approx(mean, rel=1e-12)
    np.testing.assert_allclose(vector(found), vector(gradient), rtol=1e-9, atol=1e-12)


@pytest.mark.spec("VAE-2", "VAE-5")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_kernel(dtype: type) -> None:
    """The polynomials, logit by logit, also where exp(-|l|) is 1, tiny, or would underflow."""
    edges = [0, 1e-30, 1e-8, log(2) / 2, log(2), 86.9, 87, 87.1, 88, 104, 745, 1000]
    logits = np.concatenate([edges, np.linspace(0, 2, 5000), np.linspace(2, 30, 1000)])
    logits = np.concatenate([logits, -logits])[None].astype(dtype)
    exact, u = logits[0].astype(np.longdouble), ROUNDING[dtype]
    for pixel in (0, 1):
        x, d, d_bias = np.full_like(logits, pixel), logits.copy(), np.empty_like(logits[0])
        fast.bernoulli_kernel(d, np.zeros_like(d_bias), x, dtype(1), d_bias)
        slopes = 1 / (1 + np.exp(-exact)) - pixel
        assert (abs(d[0] - slopes) <= 2 * u).all()
        assert (d_bias == d[0]).all()
        for v, image in zip(logits.T, x.T, strict=True):
            nats = fast.bernoulli_kernel(
                v[None].copy(), np.zeros(1, dtype), image[None].copy(), dtype(1), d_bias[:1]
            )
            expected = np.logaddexp(np.longdouble(0), -v[0] if pixel else v[0])
            assert abs(nats - expected) <= 4 * u * max(1, abs(v[0]))


@pytest.mark.spec("MLP-4")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32), t=st.integers(0, 2000), scale=st.floats(-12, 3))
def test_adam_step(dtype: type, seed: int, t: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    theta, g, m, v = (reference_mlp.initialise((7, 5, 3), rng, dtype) for _ in range(4))
    for array in arrays(g) + arrays(m):
        array *= dtype(10**scale)
    for array, mean in zip(arrays(v), arrays(m), strict=True):
        array[:] = np.maximum(array**2 * dtype(100**scale), mean**2)
    state = AdamState(t, m, v)
    before = vector(theta), vector(m)
    expected, after = reference_mlp.adam_step(theta, g, state, 1e-3)
    found, found_after = fast_mlp.adam_step(theta, g, state, 1e-3)
    assert found_after.steps == after.steps == t + 1
    assert (before[0] == vector(theta)).all()
    assert (before[1] == vector(m)).all()
    u = ROUNDING[dtype]
    for pair, bound in [
        ((found, expected), 64 * u * (abs(vector(theta)) + 1e-3)),
        ((found_after.mean, after.mean), 8 * u * (abs(vector(m)) + abs(vector(g)))),
        ((found_after.square, after.square), 8 * u * (vector(v) + vector(g) ** 2)),
    ]:
        tiny = (
            1e-44 if dtype is np.float32 else 0
        )  # below it numbers have no relative precision
        assert (abs(vector(pair[0]) - vector(pair[1])) <= bound + tiny).all()


@pytest.mark.spec("MLP-4")
def test_adam_step_of_arrays_that_are_not_contiguous() -> None:
    network = reference_mlp.initialise((7, 5), np.random.default_rng(0))
    turned = tuple(Layer(np.asfortranarray(p.weights), p.bias) for p in network)
    state = reference_mlp.adam_initialise(turned)
    expected, _ = fast_mlp.adam_step(network, network, state, 0.1)
    found, _ = fast_mlp.adam_step(turned, turned, state, 0.1)
    assert (vector(found) == vector(expected)).all()
    assert (vector(found) != vector(network))[:35].all()


@pytest.mark.spec("VAE-6")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 500, 1203])
def test_bound_of_a_data_set(dtype: type, n: int) -> None:
    model, x, _ = problem(n, n, 30, (8,), 3, dtype)
    rngs = [np.random.default_rng(n) for _ in range(2)]
    expected = reference.negative_elbo_bits_per_pixel(model, x, 3, rngs[0])
    found = fast.negative_elbo_bits_per_pixel(model, x, 3, rngs[1])
    assert found == pytest.approx(expected, rel=2 * RELATIVE[dtype])
    assert rngs[0].random() == rngs[1].random()


@pytest.mark.spec("VAE-7")
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 9),
    pixels=st.integers(1, 9),
    peak=st.integers(1, 255),
)
def test_binarise(seed: int, n: int, pixels: int, peak: int) -> None:
    """Bit for bit, and the generator is left in the same state."""
    images = np.random.default_rng(seed).integers(0, peak + 1, (n, pixels), np.uint8)
    rngs = [np.random.default_rng(seed) for _ in range(2)]
    expected = reference.binarise(images, rngs[0], peak=peak)
    found = fast.binarise(images, rngs[1], peak=peak)
    assert found.dtype == expected.dtype
    assert (found == expected).all()
    assert rngs[0].random() == rngs[1].random()


def pictures(n: int, peak: int, seed: int = 0) -> Images:
    """Images with something to learn: a bright bar at one of four places."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, max(1, peak // 4), (n, 24), np.uint8)
    for image, place in zip(images, rng.integers(0, 4, n), strict=True):
        image[6 * place : 6 * place + 6] = peak
    return images


@pytest.mark.spec("VAE-8", "VAE-9")
@pytest.mark.parametrize("peak", [1, 255])
@pytest.mark.parametrize("size", [20, 32, 500])
def test_train(peak: int, size: int) -> None:
    """Batches that divide the images, that do not, and one that would hold more than all."""
    plan = Plan((9, 7), 3, epochs=4, batch_size=size, learning_rate=0.01, patience=2)
    images, validation = pictures(100, peak), pictures(30, peak, 1)
    results, steps, rngs = [], [], []
    for train in (reference.train, fast.train):
        seen: list[tuple[int, int]] = []
        lines: list[object] = []
        rng = np.random.default_rng(2)
        model, history = train(
            images,
            plan,
            rng,
            peak=peak,
            validation=validation,
            on_step=lambda *step, seen=seen: seen.append(step),
            on_epoch=lines.append,
        )
        assert tuple(lines) == history
        results.append((model, history))
        steps.append(seen)
        rngs.append(rng.random())
    assert steps[0] == steps[1]
    assert rngs[0] == rngs[1]
    (model, history), (found, found_history) = results
    assert len(history) == len(found_history)
    for a, b in zip(history, found_history, strict=True):
        assert a.number == b.number
        assert b.training_bits_per_pixel == pytest.approx(a.training_bits_per_pixel, abs=1e-3)
        assert b.validation_bits_per_pixel == pytest.approx(
            a.validation_bits_per_pixel, abs=1e-3
        )
    np.testing.assert_allclose(vector(found), vector(model), atol=1e-3)


@pytest.mark.spec("VAE-9")
def test_training_is_reproducible() -> None:
    plan = Plan((8,), 3, epochs=3, batch_size=32)
    (a, first), (b, second) = (
        fast.train(pictures(200, 255), plan, np.random.default_rng(4), peak=255)
        for _ in range(2)
    )
    assert first == second
    assert (vector(a) == vector(b)).all()
    assert first[0].validation_bits_per_pixel is None


@pytest.mark.spec("VAE-8")
def test_early_stopping() -> None:
    white, black = np.ones((50, 9), np.uint8), np.zeros((50, 9), np.uint8)

    def run(**changes: Any) -> tuple[Vae, tuple[object, ...]]:
        plan = Plan((4,), 2, batch_size=10, learning_rate=0.01, decay=0.0, **changes)
        rng = np.random.default_rng(1)
        return fast.train(white, plan, rng, peak=1, validation=black)

    model, history = run(epochs=20, patience=3)
    assert len(history) == 4
    assert (vector(model) == vector(run(epochs=1)[0])).all()


@pytest.mark.spec("VAE-9")
def test_arguments_stay_as_they_are() -> None:
    """Kernels write in place, but never to what the caller owns, contiguous or not."""
    model, x, eps = problem(0, 6, 10, (4,), 2, np.float64)
    turned = Vae(
        tuple(Layer(np.asfortranarray(p.weights), p.bias) for p in model.encoder),
        model.decoder,
    )
    before, image = vector(model), x.copy()
    mean, gradient = fast.gradients(turned, np.asfortranarray(x), np.asfortranarray(eps))
    assert fast.gradients(model, x, eps)[0] == mean
    assert (vector(fast.gradients(model, x, eps)[1]) == vector(gradient)).all()
    images = np.asfortranarray(pictures(20, 255))
    plan = Plan((3,), 1, epochs=1, batch_size=8)
    _, history = fast.train(images, plan, np.random.default_rng(0), peak=255)
    _, again = fast.train(pictures(20, 255), plan, np.random.default_rng(0), peak=255)
    assert history == again
    assert (vector(model) == before).all()
    assert (x == image).all()


@pytest.mark.spec("MLP-1", "MLP-3")
def test_kernels_inside_compiled_code() -> None:
    """Importers call kernels from their own: here one layer, forward and back."""

    @numba.njit
    def there_and_back(a: Any, bias: Any, d: Any, d_bias: Any) -> None:
        fast_mlp.bias_relu_kernel(a, bias)
        fast_mlp.relu_reverse_kernel(d, a, d_bias)

    a, bias = np.array([[1.0, -2.0], [-3.0, 4.0]]), np.array([0.5, 0.5])
    d, d_bias = np.array([[1.0, 2.0], [4.0, 8.0]]), np.full(2, np.nan)
    there_and_back(a, bias, d, d_bias)
    assert a.tolist() == [[1.5, 0], [0, 4.5]]
    assert d.tolist() == [[1, 0], [0, 8]]
    assert d_bias.tolist() == [1, 8]


MODEL, X, EPS = problem(0, 3, 5, (4,), 2, np.float64)
LINE = (Layer(np.ones((2, 1)), np.ones(1)),)
REFUSED: dict[str, tuple[type[Exception], Callable[[Any, Any], object]]] = {
    "no images": (DataError, lambda vae, _: vae.gradients(MODEL, X[:0], EPS[:0])),
    "floats": (DataError, lambda vae, _: vae.gradients(MODEL, X * 1.0, EPS)),
    "other pixels": (DataError, lambda vae, _: vae.gradients(MODEL, X[:, 1:], EPS)),
    "a pixel of 2": (DataError, lambda vae, _: vae.gradients(MODEL, X + np.uint8(1), EPS)),
    "less noise": (DataError, lambda vae, _: vae.gradients(MODEL, X, EPS[1:])),
    "infinite noise": (DataError, lambda vae, _: vae.gradients(MODEL, X, EPS + np.inf)),
    "no samples": (
        DataError,
        lambda vae, _: vae.negative_elbo_bits_per_pixel(MODEL, X, 0, np.random.default_rng()),
    ),
    "a peak of 256": (
        DataError,
        lambda vae, _: vae.binarise(X, np.random.default_rng(), peak=256),
    ),
    "above the peak": (
        DataError,
        lambda vae, _: vae.binarise(X + np.uint8(3), np.random.default_rng(), peak=3),
    ),
    "no images to train": (
        DataError,
        lambda vae, _: vae.train(X[:0], Plan(), np.random.default_rng(), peak=1),
    ),
    "other validation": (
        DataError,
        lambda vae, _: vae.train(
            X, Plan(), np.random.default_rng(), peak=1, validation=X[:, 1:]
        ),
    ),
    "patience without validation": (
        ModelError,
        lambda vae, _: vae.train(X, Plan(patience=1), np.random.default_rng(), peak=1),
    ),
    "divergence": (
        ModelError,
        lambda vae, _: vae.train(
            np.tile(X, (20, 1)),
            Plan((3,), 1, epochs=2, batch_size=4, learning_rate=1e30),
            np.random.default_rng(0),
            peak=1,
            validation=X,
        ),
    ),
    "a negative rate": (
        ModelError,
        lambda _, mlp: mlp.adam_step(LINE, LINE, AdamState(0, LINE, LINE), -1.0),
    ),
    "another structure": (
        ModelError,
        lambda _, mlp: mlp.adam_step(LINE, LINE * 2, AdamState(0, LINE, LINE), 1.0),
    ),
}


@pytest.mark.spec("MLP-4", "VAE-4", "VAE-6", "VAE-7", "VAE-8")
@pytest.mark.parametrize("case", REFUSED)
def test_rejects_alike(case: str) -> None:
    """The same error with the same message."""
    error, call = REFUSED[case]
    messages = []
    for modules in ((reference, reference_mlp), (fast, fast_mlp)):
        with pytest.raises(error) as caught:
            call(*modules)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_layers_are_views() -> None:
    """A gradient is one vector underneath, in the order of the layers."""
    _, gradient = fast.gradients(MODEL, X, EPS)
    for a, b in pairwise(arrays(gradient)):
        assert a.ctypes.data + a.nbytes == b.ctypes.data
