"""The whole way on real images: INN-6 and LSL-9 on binarised MNIST."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fast import files
from fast.compression.integer_network import evaluate
from fast.models.vae import binarise, negative_elbo_bits_per_pixel, train
from reference.compression.latent_codec import LatentModel, quantise_vae
from reference.compression.lossless import decompress
from reference.models import mlp
from reference.models.vae import Plan, Vae

Trained = tuple[Vae, LatentModel, NDArray[np.uint8]]


@pytest.fixture(scope="module")
def trained(data_folder: Path) -> Trained:
    """A model after two epochs, its integers, and the test images."""
    with np.load(data_folder / "mnist.npz") as mnist:
        images, test = mnist["train"], mnist["test"]
    vae, _ = train(images, Plan(epochs=2), np.random.default_rng(0), peak=255)
    test = binarise(test, np.random.default_rng(1), peak=255)
    examples = binarise(images[:2000], np.random.default_rng(2), peak=255)
    return vae, quantise_vae(vae, examples), test


@pytest.mark.spec("LSL-9", "BBK-4", "BBK-5")
def test_rates(trained: Trained) -> None:
    vae, model, images = trained
    elbo = negative_elbo_bits_per_pixel(vae, images, 5, np.random.default_rng(3))
    assert elbo < 0.25  # two epochs are enough to beat bz2
    file = io.BytesIO()
    report = files.compress(model, images, file)
    assert report.net_bits_per_pixel == pytest.approx(elbo, rel=0.003)
    assert report.file_bits_per_pixel == pytest.approx(elbo, rel=0.01)
    again = np.concatenate(list(files.decompress(model, file)))
    assert np.array_equal(again, images)


@pytest.mark.spec("LSL-8")
def test_the_reference_reads_what_fast_wrote(trained: Trained) -> None:
    _, model, images = trained
    shaped, file = images[:100].reshape(-1, 28, 28), io.BytesIO()
    files.compress(model, shaped, file, chunk_size=60)
    assert np.array_equal(decompress(model, file.getvalue()), shaped)
    again = io.BytesIO()
    files.compress(model, shaped, again, chunk_size=60, engine="reference")
    assert again.getvalue() == file.getvalue()


@pytest.mark.spec("INN-6")
def test_the_integers_cost_little(trained: Trained) -> None:
    """-ELBO of integer and float networks, for the same images and the same noise."""
    vae, model, images = trained
    x, eps = images[:2000], np.random.default_rng(4).standard_normal((2000, 40))
    scale, limit = 1 << model.decoder.input_fraction, model.decoder.input_limit

    def bound(code: NDArray[np.floating], decode) -> float:
        mu, log_sigma = code[:, :40], code[:, 40:]
        z = np.clip(mu + np.exp(log_sigma) * eps, -limit / scale, limit / scale)
        logits = decode(z)
        nats = np.logaddexp(0, np.where(x == 1, -logits, logits)).sum()
        return nats + ((mu**2 + np.exp(2 * log_sigma) - 1) / 2 - log_sigma).sum()

    floats = bound(
        mlp.forward(vae.encoder, x.astype(np.float32))[0],
        lambda z: mlp.forward(vae.decoder, z.astype(np.float32))[0],
    )
    integers = bound(
        evaluate(model.encoder, x.astype(np.int64)) / (1 << model.encoder.output_fraction),
        lambda z: evaluate(model.decoder, np.rint(z * scale).astype(np.int64)) / 256,
    )
    assert integers == pytest.approx(floats, rel=0.0005)
