"""Laws, known answers and rejections of the chapter VAE."""

from collections.abc import Callable
from math import ceil, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DataError, ModelError, SpecError
from reference.models import mlp, vae
from reference.models.mlp import Floats, Layer
from reference.models.vae import Epoch, Images, Plan, Vae
from tests.vae_models import NODES, WEIGHTS, arrays, bits, linear, rng, small


def sigmoid(logit: Any) -> Any:
    return 1 / (1 + np.exp(-logit))


# The model and its two terms


@pytest.mark.spec("VAE-1")
@given(seed=st.integers(0, 2**32), hidden=st.lists(st.integers(1, 5), max_size=2).map(tuple))
def test_initialise(seed: int, hidden: tuple[int, ...]) -> None:
    model = vae.initialise(7, hidden, 3, rng(seed))
    assert (model.pixels, model.latents, model.dtype) == (7, 3, np.float32)
    assert [p.bias.size for p in model.encoder] == [*hidden, 6]
    assert [p.bias.size for p in model.decoder] == [*hidden[::-1], 7]
    again = vae.initialise(7, hidden, 3, rng(seed))
    assert all((a == b).all() for a, b in zip(arrays(model), arrays(again), strict=True))


@pytest.mark.spec("VAE-2")
@given(logit=st.floats(-30, 30))
def test_likelihood_is_a_distribution(logit: float) -> None:
    found = vae.log_likelihood(np.array([[0.0], [1.0]]), np.array([[logit], [logit]]))
    assert np.exp(found).sum() == pytest.approx(1, rel=1e-12)
    assert found[1] == pytest.approx(-np.logaddexp(0, -logit), rel=1e-12)


@pytest.mark.spec("VAE-2")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_likelihood_of_large_logits(dtype: type) -> None:
    """Nothing overflows, and the likelihood of the wrong pixel is not clipped."""
    x, logits = np.array([[0, 1]], dtype), np.array([[1000, -1000]], dtype)
    assert vae.log_likelihood(x, logits) == -2000
    assert vae.log_likelihood(1 - x, logits) == 0


@pytest.mark.spec("VAE-3")
@given(mu=st.floats(-5, 5), log_sigma=st.floats(-3, 2))
def test_kl_by_quadrature(mu: float, log_sigma: float) -> None:
    """It is the mean over q of log q - log p; the integrand is a polynomial, so exactly."""
    z = mu + np.exp(log_sigma) * NODES
    expected = WEIGHTS @ (z**2 / 2 - NODES**2 / 2 - log_sigma)
    found = vae.kl_to_prior(np.array([[mu]]), np.array([[log_sigma]]))[0]
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert found >= -1e-12


@pytest.mark.spec("VAE-3")
def test_kl_known_answers() -> None:
    mu = np.array([[0.0, 0.0], [3.0, -4.0], [0.0, 0.0]])
    log_sigma = np.array([[0.0, 0.0], [0.0, 0.0], [log(2), -log(2)]])
    expected = [0, 12.5, (4 + 0.25) / 2 - 1]
    np.testing.assert_allclose(vae.kl_to_prior(mu, log_sigma), expected, rtol=1e-14)


# The bound


@pytest.mark.spec("VAE-4")
@given(
    mu=st.floats(-2, 2),
    log_sigma=st.floats(-2, 1),
    slope=st.floats(-2, 2),
    x=st.integers(0, 1),
)
def test_elbo_is_log_evidence_minus_kl(
    mu: float, log_sigma: float, slope: float, x: int
) -> None:
    """E ELBO = log p(x) - KL(q || p(z | x)), all by quadrature: so it is at most log p(x)."""
    model = linear(mu, log_sigma, slope, offset=0.3)
    images = np.full((len(NODES), 1), x, np.uint8)
    elbo = WEIGHTS @ vae.elbo_estimate(model, images, NODES[:, None])

    def likelihood(z: Floats) -> Floats:
        return np.asarray(sigmoid((2 * x - 1) * (slope * z + 0.3)))

    evidence = np.log(WEIGHTS @ likelihood(NODES))
    z = mu + np.exp(log_sigma) * NODES
    log_posterior = np.log(likelihood(z)) - z**2 / 2 - evidence
    divergence = WEIGHTS @ (-(NODES**2) / 2 - log_sigma - log_posterior)
    assert elbo == pytest.approx(evidence - divergence, rel=1e-6, abs=1e-6)
    assert elbo <= evidence + 1e-6


@pytest.mark.spec("VAE-4")
def test_elbo_of_a_decoder_that_ignores_its_latents() -> None:
    """Where q is the prior and z says nothing, every estimate is log p(x), constants too."""
    logits = np.array([-1.0, 0.0, 2.0])
    model = Vae((Layer(np.zeros((3, 4)), np.zeros(4)),), (Layer(np.zeros((2, 3)), logits),))
    x = np.array([[1, 0, 1], [0, 0, 0]], np.uint8)
    p = sigmoid(logits)
    expected = np.log(np.where(x, p, 1 - p)).sum(axis=1)
    found = vae.elbo_estimate(model, x, rng().normal(size=(2, 2)))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.spec("VAE-1", "VAE-4")
def test_elbo_takes_mean_then_log_of_standard_deviation() -> None:
    """The second half of the code is log sigma, so z = 1 + 2 eps here, and the KL fits it."""
    model = linear(1.0, log(2), slope=1.0, offset=0.0)
    found = vae.elbo_estimate(model, np.ones((1, 1), np.uint8), np.array([[0.5]]))
    assert found[0] == pytest.approx(log(sigmoid(2.0)) - ((1 + 4 - 1) / 2 - log(2)), rel=1e-14)


def slopes(model: Vae, x: Images, eps: Floats, array: Floats, h: float = 1e-5) -> Floats:
    """Derivatives of the mean of minus the estimates in `array`, by central differences."""
    found = np.empty_like(array)
    for i in np.ndindex(array.shape):
        kept, sides = array[i], []
        for moved in (kept + h, kept - h):
            array[i] = moved
            sides.append(-vae.elbo_estimate(model, x, eps).mean())
        array[i] = kept
        found[i] = (sides[0] - sides[1]) / (2 * h)
    return found


@pytest.mark.spec("VAE-5")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gradient_by_differences(seed: int) -> None:
    """Every parameter: both weights and biases of both networks, both heads of the encoder.

    A difference across the kink of a ReLU is no derivative, so every hidden unit is first seen
    to be far from 0, compared with how far 1e-5 can move it.
    """
    model, x, eps = small(seed), bits(3, 5, seed), rng(seed).normal(size=(3, 2))
    code, (_, hidden) = mlp.forward(model.encoder, x.astype(float))
    z = code[:, :2] + np.exp(code[:, 2:]) * eps
    for network, a in ((model.encoder, x), (model.decoder, z)):
        assert np.abs(a @ network[0].weights + network[0].bias).min() > 1e-3
    assert hidden.any()

    mean, gradient = vae.gradients(model, x, eps)
    assert mean == pytest.approx(-vae.elbo_estimate(model, x, eps).mean(), rel=1e-14)
    for found, array in zip(arrays(gradient), arrays(model), strict=True):
        assert found.shape == array.shape
        expected = slopes(model, x, eps, array)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.spec("VAE-5")
def test_expected_gradient_by_quadrature() -> None:
    """Averaged over eps, it is the gradient of the ELBO: in mu, log_sigma, slope, offset."""
    x = np.ones((len(NODES), 1), np.uint8)

    def elbo(*parameters: float) -> float:
        return float(WEIGHTS @ vae.elbo_estimate(linear(*parameters), x, NODES[:, None]))

    at, h = (0.4, -0.5, 1.5, -0.7), 1e-5
    means = np.zeros(4)
    for weight, node in zip(WEIGHTS, NODES, strict=True):
        _, g = vae.gradients(linear(*at), x[:1], np.array([[node]]))
        means -= weight * np.concatenate(
            [g.encoder[0].bias, g.decoder[0].weights[0], g.decoder[0].bias]
        )
    for i in range(4):
        above, below = (
            elbo(*(v + side * (j == i) for j, v in enumerate(at))) for side in (h, -h)
        )
        assert means[i] == pytest.approx((above - below) / (2 * h), rel=1e-7, abs=1e-9)


@pytest.mark.spec("VAE-5")
def test_gradient_in_float32() -> None:
    narrow = small(4, np.float32)
    wide = Vae(
        *(
            tuple(Layer(p.weights.astype(float), p.bias.astype(float)) for p in network)
            for network in (narrow.encoder, narrow.decoder)
        )
    )
    x, eps = bits(8, 5), rng().normal(size=(8, 2))
    _, a = vae.gradients(narrow, x, eps)
    _, b = vae.gradients(wide, x, eps.astype(np.float32))
    assert a.dtype == np.float32
    error, norm = (
        np.sqrt(sum(float((v**2).sum()) for v in values))
        for values in (
            [u - v for u, v in zip(arrays(a), arrays(b), strict=True)],
            arrays(b),
        )
    )
    assert error <= 1e-5 * norm


@pytest.mark.spec("VAE-6")
def test_bound_of_a_data_set() -> None:
    """The mean of the estimates in the order of the clause, over two batches, in bits."""
    model, x = small(), bits(503, 5)
    noise, estimates = rng(9), []
    for batch in (x[:500], x[500:]):
        for _ in range(2):
            eps = noise.standard_normal((len(batch), 2))
            estimates += vae.elbo_estimate(model, batch, eps).tolist()
    found = vae.negative_elbo_bits_per_pixel(model, x, 2, rng(9))
    assert found == pytest.approx(-sum(estimates) / (2 * 503 * 5 * log(2)), rel=1e-12)


@pytest.mark.spec("VAE-6")
def test_bound_of_a_fair_coin() -> None:
    """A model that knows nothing pays one bit for a pixel."""
    zeros = Layer(np.zeros((9, 2)), np.zeros(2)), Layer(np.zeros((1, 9)), np.zeros(9))
    model = Vae(zeros[:1], zeros[1:])
    assert vae.negative_elbo_bits_per_pixel(model, bits(4, 9), 3, rng()) == pytest.approx(1)


# Binarisation


class EveryNumber:
    """Stands in for a generator: its 16-bit parts are 0, 1, ..., 65535, in this order."""

    words = sum(np.arange(k, 2**16, 4, np.uint64) << np.uint64(16 * k) for k in range(4))

    def integers(self, low: int, high: int, size: int, dtype: type) -> Any:  # noqa: D102
        assert (low, high, size, dtype) == (0, 2**64, 2**14, np.uint64)
        return self.words


@pytest.mark.spec("VAE-7")
@pytest.mark.parametrize("peak", [2, 16, 254, 255])
def test_probability_of_every_value(peak: int) -> None:
    """All 65536 numbers u: the ones come first, and are as many as the clause says."""
    source: Any = EveryNumber()
    for value in range(peak + 1):
        images = np.full((256, 256), value, np.uint8)
        found = vae.binarise(images, source, peak=peak).ravel()
        assert found.dtype == np.uint8
        ones = ceil(2**16 * value / peak)
        assert found[:ones].all()
        assert not found[ones:].any()


@pytest.mark.spec("VAE-7")
@given(seed=st.integers(0, 2**32), n=st.integers(1, 9), pixels=st.integers(1, 9))
def test_black_and_white_stay(seed: int, n: int, pixels: int) -> None:
    images = bits(n, pixels, seed)
    assert (vae.binarise(255 * images, rng(seed), peak=255) == images).all()
    generator = rng(seed)
    assert vae.binarise(images, generator, peak=1) is images
    assert generator.random() == rng(seed).random()


# Training

STRIPES = np.repeat(np.array([[255, 0], [0, 255]], np.uint8), 8, axis=1)
"""Two images of 16 pixels: what a model can learn costs one bit an image."""


def stripes(n: int, seed: int = 0) -> Images:
    """Grey images: one of the two, with a tenth of the brightness added or taken away."""
    chosen = STRIPES[rng(seed).integers(0, 2, n)]
    return np.where(chosen > 0, chosen - 12, 12).astype(np.uint8)


@pytest.mark.spec("VAE-8")
def test_training_learns() -> None:
    """From about one bit a pixel to near the entropy: the noise, and one bit an image."""
    plan = Plan((16,), 2, epochs=30, batch_size=20, learning_rate=0.01)
    model, history = vae.train(stripes(400), plan, rng(), peak=255)
    assert [line.number for line in history] == list(range(1, 31))
    assert all(line.validation_bits_per_pixel is None for line in history)
    assert history[0].training_bits_per_pixel > 0.8
    p = 12 / 255
    entropy = -p * np.log2(p) - (1 - p) * np.log2(1 - p) + 1 / 16
    x = vae.binarise(stripes(500, 1), rng(1), peak=255)
    bound = vae.negative_elbo_bits_per_pixel(model, x, 5, rng(2))
    assert 0.95 * entropy < bound < 1.3 * entropy


@pytest.mark.spec("VAE-9")
def test_training_is_reproducible() -> None:
    plan = Plan((6,), 2, epochs=3, batch_size=30)
    images, held_out = stripes(100), stripes(40, 1)
    results = [
        vae.train(images, plan, rng(7), peak=255, validation=held_out) for _ in range(2)
    ]
    (a, first), (b, second) = results
    assert first == second
    assert all((u == v).all() for u, v in zip(arrays(a), arrays(b), strict=True))


@pytest.mark.spec("VAE-8", "VAE-9")
@pytest.mark.parametrize("decay", [0.0, 0.6, 1.0])
def test_training_step_by_step(decay: float) -> None:
    """Training is the loop that the two clauses describe; here without early stopping."""
    plan = Plan((3,), 2, epochs=2, batch_size=4, learning_rate=0.01, decay=decay)
    images, held_out = stripes(10), stripes(5, 1)
    generator = rng(3)
    held_out_bits = vae.binarise(held_out, generator, peak=255)
    model = vae.initialise(16, (3,), 2, generator)
    state = mlp.adam_initialise(model.encoder + model.decoder)
    expected, t = [], 0
    for number in (1, 2):
        nats, order = 0.0, generator.permutation(10)
        for rows in (order[:4], order[4:8], order[8:]):
            t += 1
            x = vae.binarise(images[rows], generator, peak=255)
            eps = generator.standard_normal((len(rows), 2), np.float32)
            mean, g = vae.gradients(model, x, eps)
            rate = 0.01 * min(1, (7 - t) / (decay * 6)) if decay else 0.01
            layers, state = mlp.adam_step(
                model.encoder + model.decoder, g.encoder + g.decoder, state, rate
            )
            model = Vae(layers[:2], layers[2:])
            nats += mean * len(rows)
        bound = vae.negative_elbo_bits_per_pixel(model, held_out_bits, 1, generator)
        expected.append(Epoch(number, pytest.approx(nats / (160 * log(2))), bound))  # type: ignore[arg-type]
    _, history = vae.train(images, plan, rng(3), peak=255, validation=held_out)
    for line, other in zip(history, expected, strict=True):
        assert line.training_bits_per_pixel == other.training_bits_per_pixel
        assert line.validation_bits_per_pixel == pytest.approx(
            other.validation_bits_per_pixel, rel=1e-5
        )


@pytest.mark.spec("VAE-8")
def test_early_stopping() -> None:
    """White images teach nothing about black ones, so the first epoch is the best."""
    white, black = np.ones((50, 9), np.uint8), np.zeros((50, 9), np.uint8)

    def run(**changes: Any) -> tuple[Vae, tuple[Epoch, ...]]:
        plan = Plan((4,), 2, batch_size=10, learning_rate=0.01, decay=0.0, **changes)
        return vae.train(white, plan, rng(1), peak=1, validation=black)

    model, history = run(epochs=20, patience=3)
    assert len(history) == 4
    first, _ = run(epochs=1)
    assert all((u == v).all() for u, v in zip(arrays(model), arrays(first), strict=True))
    assert len(run(epochs=6)[1]) == 6


@pytest.mark.spec("VAE-8")
def test_callbacks() -> None:
    steps: list[tuple[int, int]] = []
    epochs: list[Epoch] = []
    plan = Plan((3,), 1, epochs=2, batch_size=4)
    _, history = vae.train(
        bits(10, 6),
        plan,
        rng(),
        peak=1,
        on_step=lambda *step: steps.append(step),
        on_epoch=epochs.append,
    )
    assert steps == [(k, 6) for k in range(1, 7)]
    assert tuple(epochs) == history


@pytest.mark.spec("VAE-8")
def test_training_that_diverges() -> None:
    plan = Plan((3,), 1, epochs=2, batch_size=4, learning_rate=1e30)
    with pytest.raises(ModelError, match="in epoch 1"):
        vae.train(bits(40, 6), plan, rng(), peak=1, validation=bits(4, 6))


# Rejections

MODEL, X, EPS = small(), bits(3, 5), np.zeros((3, 2))
NOT_IMAGES: dict[str, Any] = {
    "no image": X[:0],
    "no pixel": X[:, :0],
    "one axis": X[0],
    "three axes": X[None],
    "floats": X.astype(float),
    "not a number": np.full((3, 5), np.nan),
    "signed": X.astype(np.int8),
    "truth values": X.astype(bool),
}


@pytest.mark.spec("VAE-4", "VAE-7", "VAE-8")
@pytest.mark.parametrize("case", NOT_IMAGES)
def test_refuses_what_is_no_images(case: str) -> None:
    images, plan = NOT_IMAGES[case], Plan((2,), 1, epochs=1)
    calls: list[Callable[[], object]] = [
        lambda: vae.elbo_estimate(MODEL, images, EPS),
        lambda: vae.gradients(MODEL, images, EPS),
        lambda: vae.negative_elbo_bits_per_pixel(MODEL, images, 1, rng()),
        lambda: vae.binarise(images, rng(), peak=255),
        lambda: vae.train(images, plan, rng(), peak=255),
        lambda: vae.train(X, plan, rng(), peak=255, validation=images),
    ]
    for call in calls:
        with pytest.raises(DataError):
            call()


def model_of(*sizes: tuple[int, ...], dtypes: tuple[type, type] = (float, float)) -> Vae:
    encoder, decoder = (
        mlp.initialise(s, rng(), t) for s, t in zip(sizes, dtypes, strict=True)
    )
    return Vae(encoder, decoder)


REFUSED: dict[str, tuple[type[SpecError], Callable[[], object]]] = {
    "an odd code": (ModelError, lambda: model_of((5, 3), (1, 5))),
    "a code of the latents' size": (ModelError, lambda: model_of((5, 2), (2, 5))),
    "more pixels out than in": (ModelError, lambda: model_of((5, 4), (2, 6))),
    "two types": (ModelError, lambda: model_of((5, 4), (2, 5), dtypes=(float, np.float32))),
    "no encoder": (ModelError, lambda: Vae((), MODEL.decoder)),
    "no decoder": (ModelError, lambda: Vae(MODEL.encoder, ())),
    "layers that do not fit": (
        ModelError,
        lambda: Vae(MODEL.encoder, MODEL.decoder[::-1]),
    ),
    "no latents": (ModelError, lambda: vae.initialise(5, (4,), 0, rng())),
    "another number of pixels": (
        DataError,
        lambda: vae.gradients(MODEL, bits(3, 6), EPS),
    ),
    "a pixel of 2": (DataError, lambda: vae.gradients(MODEL, X + np.uint8(1), EPS)),
    "noise for two images": (DataError, lambda: vae.gradients(MODEL, X, EPS[:2])),
    "noise for three latents": (
        DataError,
        lambda: vae.elbo_estimate(MODEL, X, X[:, :3] * 1.0),
    ),
    "noise that is not finite": (DataError, lambda: vae.gradients(MODEL, X, EPS + np.inf)),
    "noise that is no number": (DataError, lambda: vae.elbo_estimate(MODEL, X, EPS * np.nan)),
    "no samples": (DataError, lambda: vae.negative_elbo_bits_per_pixel(MODEL, X, 0, rng())),
    "a peak of 0": (DataError, lambda: vae.binarise(X * np.uint8(0), rng(), peak=0)),
    "a peak of 256": (DataError, lambda: vae.binarise(X, rng(), peak=256)),
    "a value above the peak": (
        DataError,
        lambda: vae.binarise(X + np.uint8(3), rng(), peak=3),
    ),
    "grey images said to be 0 and 1": (
        DataError,
        lambda: vae.train(X * np.uint8(9), Plan(), rng(), peak=1),
    ),
    "validation of another size": (
        DataError,
        lambda: vae.train(X, Plan(), rng(), peak=1, validation=bits(3, 6)),
    ),
    "patience without validation": (
        ModelError,
        lambda: vae.train(X, Plan(patience=1), rng(), peak=1),
    ),
    "no hidden units": (ModelError, lambda: Plan(hidden=(0,))),
    "no latents planned": (ModelError, lambda: Plan(latents=0)),
    "no epochs": (ModelError, lambda: Plan(epochs=0)),
    "no batch": (ModelError, lambda: Plan(batch_size=0)),
    "no patience": (ModelError, lambda: Plan(patience=0)),
    "a learning rate of 0": (ModelError, lambda: Plan(learning_rate=0)),
    "an infinite learning rate": (ModelError, lambda: Plan(learning_rate=np.inf)),
    "a learning rate that is no number": (ModelError, lambda: Plan(learning_rate=np.nan)),
    "a decay above 1": (ModelError, lambda: Plan(decay=1.1)),
    "a decay below 0": (ModelError, lambda: Plan(decay=-0.1)),
}


@pytest.mark.spec("VAE-1", "VAE-4", "VAE-6", "VAE-7", "VAE-8")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    error, call = REFUSED[case]
    with pytest.raises(error):
        call()
