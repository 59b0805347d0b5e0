"""`fast.models.vae.importance` equals its reference, within the bounds of VAE-10 to VAE-12."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.models.vae as fast
import reference.models.vae as reference
from reference.errors import DataError, DistributionError
from reference.models import mlp
from reference.models.mlp import Floats, Layer
from reference.models.vae import Images, Vae

RELATIVE = {np.float32: 1e-5, np.float64: 1e-12}
"""The bounds of VAE-10 and VAE-11."""


def arrays(model: Vae) -> list[Floats]:
    layers = model.encoder + model.decoder
    return [array for layer in layers for array in (layer.weights, layer.bias)]


def vector(model: Vae) -> Floats:
    return np.concatenate([a.ravel().astype(np.float64) for a in arrays(model)])


def wide(model: Vae) -> Vae:
    """The same numbers in float64: what a float32 result is compared with."""
    encoder, decoder = (
        tuple(Layer(p.weights.astype(float), p.bias.astype(float)) for p in network)
        for network in (model.encoder, model.decoder)
    )
    return Vae(encoder, decoder)


def problem(
    seed: int, k: int, n: int, pixels: int, hidden: tuple[int, ...], latents: int, dtype: type
) -> tuple[Vae, Images, Floats]:
    """A model with biases that are not 0, images, and noise, all in the type of the model."""
    rng = np.random.default_rng(seed)
    model = reference.initialise(pixels, hidden, latents, rng, dtype)
    for layer in model.encoder + model.decoder:
        layer.bias[:] = rng.uniform(-1, 1, layer.bias.size)
    x = rng.integers(0, 2, (n, pixels), np.uint8)
    return model, x, rng.standard_normal((k, n, latents), dtype)


def magnitudes(model: Vae, x: Images, eps: Floats) -> Floats:
    """The sums T of VAE-10, of each draw of each image."""
    code, _ = mlp.forward(model.encoder, x.astype(float))
    mu, log_sigma = np.split(code, 2, axis=1)
    z = mu + np.exp(log_sigma) * eps
    rest = ((eps**2 + z**2) / 2 + np.abs(log_sigma)).sum(axis=2)
    logits, _ = mlp.forward(model.decoder, z.reshape(-1, model.latents))
    images = np.tile(x.astype(float), (len(eps), 1))
    return rest - reference.log_likelihood(images, logits).reshape(rest.shape)


shapes = st.tuples(
    st.integers(1, 7),
    st.integers(1, 9),
    st.integers(1, 40),
    st.lists(st.integers(1, 20), max_size=2).map(tuple),
    st.integers(1, 6),
)


@pytest.mark.spec("VAE-10", "VAE-11")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32), shape=shapes)
@example(seed=0, shape=(5, 100, 784, (200, 200), 50)).via("the model of Burda et al.")
@example(seed=1, shape=(3, 3, 17, (), 2)).via("no hidden layer")
def test_gradients(dtype: type, seed: int, shape: tuple[int, int, int, Any, int]) -> None:
    """float32 is compared with float64: the reference's own rounding errors are no excuse."""
    model, x, eps = problem(seed, *shape, dtype)
    mean, gradient = reference.importance_weighted_gradients(wide(model), x, eps)
    found_mean, found = fast.importance_weighted_gradients(model, x, eps)
    assert [a.shape for a in arrays(found)] == [a.shape for a in arrays(model)]
    assert {a.dtype for a in arrays(found)} == {np.dtype(dtype)}
    most = magnitudes(wide(model), x, eps.astype(float)).max()
    assert abs(found_mean - mean) <= RELATIVE[dtype] * most
    largest = max(
        np.linalg.norm(
            vector(
                reference.importance_weighted_gradients(
                    wide(model), x[i : i + 1], eps[j : j + 1, i : i + 1]
                )[1]
            )
        )
        for i in range(min(len(x), 3))
        for j in range(len(eps))
    )
    error = np.linalg.norm(vector(found) - vector(gradient))
    assert error <= RELATIVE[dtype] * (1 + most) * largest


@pytest.mark.spec("VAE-11")
def test_gradient_is_as_exact_as_that_of_the_elbo() -> None:
    """On numbers of ordinary size, far within the bound: relative 1e-5 and 1e-12 of itself."""
    for dtype, bound in RELATIVE.items():
        model, x, eps = problem(5, 4, 20, 30, (9, 8), 3, dtype)
        _, gradient = reference.importance_weighted_gradients(wide(model), x, eps)
        _, found = fast.importance_weighted_gradients(model, x, eps)
        error = np.linalg.norm(vector(found) - vector(gradient))
        assert error <= bound * np.linalg.norm(vector(gradient))


@pytest.mark.spec("VAE-10", "VAE-12")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "samples"), [(1, 1), (125, 3), (126, 2), (500, 1), (1203, 7)])
def test_evidence_of_a_data_set(dtype: type, n: int, samples: int) -> None:
    """Numbers of images that blocks and batches divide, and that they do not."""
    model, x, _ = problem(n, 1, n, 30, (8,), 3, dtype)
    rngs = [np.random.default_rng(n) for _ in range(2)]
    expected = reference.log_evidence_bounds(model, x, samples, rngs[0])
    found = fast.log_evidence_bounds(model, x, samples, rngs[1])
    assert found.dtype == expected.dtype == np.float64
    assert found.shape == expected.shape == (n,)
    bound = 2 * RELATIVE[dtype] * np.abs(expected)  # T is larger than the estimate
    assert (np.abs(found - expected) <= bound).all()
    assert rngs[0].random() == rngs[1].random()


@pytest.mark.spec("VAE-12")
def test_memory_does_not_grow_with_the_number_of_draws() -> None:
    model, x, _ = problem(0, 1, 20, 30, (8,), 3, np.float32)
    peaks = []
    for samples in (1, 10, 200):
        tracemalloc.start()
        fast.log_evidence_bounds(model, x, samples, np.random.default_rng(0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.1 * peaks[1]  # the first one compiles


@pytest.mark.spec("VAE-12")
def test_weights_of_any_size_add_up() -> None:
    """Falling, rising, far apart, and none at all yet."""
    for log_w in ([0.0, -1.0], [-1.0, 0.0], [-900.0, 5.0], [5.0, -900.0], [-1e4, -1e4 + 1]):
        top, total = np.full(1, -np.inf), np.zeros(1)
        for value in log_w:
            fast.accumulate_kernel(np.array([value]), top, total)
        assert top[0] == max(log_w)
        assert top[0] + np.log(total[0]) == pytest.approx(np.logaddexp(*log_w), rel=1e-15)


@pytest.mark.spec("VAE-11")
def test_arguments_stay_as_they_are() -> None:
    """Contiguous or not."""
    model, x, eps = problem(0, 3, 6, 10, (4,), 2, np.float64)
    turned = Vae(
        tuple(Layer(np.asfortranarray(p.weights), p.bias) for p in model.encoder),
        model.decoder,
    )
    before, images, noise = vector(model), x.copy(), eps.copy()
    mean, gradient = fast.importance_weighted_gradients(model, x, eps)
    other = fast.importance_weighted_gradients(
        turned, np.asfortranarray(x), np.asfortranarray(eps)
    )
    assert other[0] == pytest.approx(mean, rel=1e-14)
    np.testing.assert_allclose(vector(other[1]), vector(gradient), rtol=1e-12, atol=1e-15)
    bounds = [
        fast.log_evidence_bounds(model, images, 2, np.random.default_rng(1))
        for images in (x, np.asfortranarray(x))
    ]
    assert (bounds[0] == bounds[1]).all()
    assert (vector(model) == before).all()
    assert (x == images).all()
    assert (eps == noise).all()


@pytest.mark.spec("VAE-10")
def test_kernels_inside_compiled_code() -> None:
    """One image, two draws: the log weights from the outputs of both networks."""

    @numba.njit
    def weigh(code: Any, sigma: Any, eps: Any, z: Any, logits: Any, bias: Any, x: Any) -> Any:
        log_w = np.empty(2)
        fast.draw_kernel(code, sigma, eps, z, log_w)
        fast.bernoulli_rows_kernel(logits, bias, x, log_w)
        return log_w

    code, sigma = np.array([[0.5, np.log(2)]]), np.array([[2.0]])
    eps, z, x = np.array([[1.0], [0.0]]), np.empty((2, 1)), np.array([[1.0, 0.0]])
    logits, bias = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.0, 3.0])
    found = weigh(code, sigma, eps, z, logits, bias, x)
    assert z.tolist() == [[2.5], [0.5]]
    costs = np.log1p(np.exp([-1.0, 0.0])) + np.log1p(np.exp(3.0))
    expected = np.array([(1 - 2.5**2) / 2, -0.125]) + np.log(2) - costs
    np.testing.assert_allclose(found, expected, rtol=1e-14)


MODEL, X, EPS = problem(0, 2, 3, 5, (4,), 2, np.float64)
BROKEN = Vae(
    MODEL.encoder, (*MODEL.decoder[:-1], Layer(MODEL.decoder[-1].weights, np.full(5, np.nan)))
)
REFUSED: dict[str, tuple[type[Exception], Callable[[Any], object]]] = {
    "no images": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X[:0], EPS)),
    "floats": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X * 1.0, EPS)),
    "other pixels": (DataError, lambda m: m.log_evidence_bounds(MODEL, X[:, 1:], 1, None)),
    "a pixel of 2": (
        DataError,
        lambda m: m.importance_weighted_gradients(MODEL, X + np.uint8(1), EPS),
    ),
    "one draw": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X, EPS[0])),
    "no draws": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X, EPS[:0])),
    "less noise": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X, EPS[:, 1:])),
    "NaN": (DataError, lambda m: m.importance_weighted_gradients(MODEL, X, EPS * np.nan)),
    "no samples": (DataError, lambda m: m.log_evidence_bounds(MODEL, X, 0, None)),
    "a model of NaN": (
        DistributionError,
        lambda m: m.importance_weighted_gradients(BROKEN, X, EPS),
    ),
    "evaluation of NaN": (
        DistributionError,
        lambda m: m.log_evidence_bounds(BROKEN, X, 2, np.random.default_rng(0)),
    ),
}


@pytest.mark.spec("VAE-10", "VAE-11", "VAE-12")
@pytest.mark.parametrize("case", REFUSED)
def test_rejects_alike(case: str) -> None:
    """The same error with the same message."""
    error, call = REFUSED[case]
    messages = []
    for module in (reference, fast):
        with pytest.raises(error) as caught:
            call(module)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
