"""Train on MNIST, compress its test images, and print what that costs: bits and CPU seconds.

    BITS_BACK_DATA=folder python benchmarks/mnist.py [--only stochastic | fixed]

The folder holds ``mnist.npz`` and ``binarized_mnist_fixed.npz`` (CONTRIBUTING.md). Times are
CPU times of one thread, medians of interleaved runs.
"""

import argparse
import bz2
import gzip
import io
import lzma
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import fast
from fast import files
from fast.compression.integer_network import evaluate
from fast.models.vae import binarise, negative_elbo_bits_per_pixel, train
from reference.compression.latent_codec import LatentModel, quantise_vae, write_model
from reference.models.mlp import forward
from reference.models.vae import Plan, Vae

Images = NDArray[np.uint8]

LATENTS = 40
SAMPLES = 5
"""Draws an image in an estimate of -ELBO."""
RUNS = 7
"""Timed runs, of which the median is printed."""
PUBLISHED = 0.19
"""-ELBO and rate of Townsend et al. (2019) for binarised MNIST, bits per pixel."""


@dataclass(frozen=True)
class Data:
    """A binarisation of MNIST."""

    title: str
    training: Images
    peak: int
    test: Images
    epochs: int


def stochastic(folder: Path) -> Data:
    """Grey levels, binarised anew in every epoch, and the test images once."""
    with np.load(folder / "mnist.npz") as mnist:
        test = binarise(mnist["test"], np.random.default_rng(0), peak=255)
        return Data("stochastic binarisation", mnist["train"], 255, test, 20)


def fixed(folder: Path) -> Data:
    """The fixed binarisation of Larochelle and Murray."""
    with np.load(folder / "binarized_mnist_fixed.npz") as mnist:
        return Data("fixed binarisation", mnist["train"], 1, mnist["test"], 30)


BINARISATIONS = {"stochastic": stochastic, "fixed": fixed}


def main() -> None:
    """Print the table of each binarisation that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=list(BINARISATIONS), help="one of the two tables")
    only = parser.parse_args().only
    folder = Path(os.environ["BITS_BACK_DATA"])
    fast.warmup()
    with threadpool_limits(1):
        for name in [only] if only else BINARISATIONS:
            report(BINARISATIONS[name](folder))


def report(data: Data) -> None:
    """Train, compress, decompress, compare; print the table."""
    plan = Plan(latents=LATENTS, epochs=data.epochs)
    start = time.thread_time()
    vae, _ = train(data.training, plan, np.random.default_rng(0), peak=data.peak)
    seconds = time.thread_time() - start
    examples = binarise(data.training[:2000], np.random.default_rng(1), peak=data.peak)
    model = quantise_vae(vae, examples)
    elbo = negative_elbo_bits_per_pixel(vae, data.test, SAMPLES, np.random.default_rng(2))

    print(
        f"\n{data.title}: 784-100-{LATENTS}, {data.epochs} epochs, {len(data.test)} images\n"
    )
    row("training", f"{seconds:.1f} s")
    row("-ELBO of the float network", bits(elbo), f"published {PUBLISHED}")
    row("cost of the integer networks", f"{integer_cost(vae, model, data.test):+.3%}")
    file = io.BytesIO()
    result = files.compress(model, data.test, file)
    row("net rate", bits(result.net_bits_per_pixel), relative(result.net_bits_per_pixel, elbo))
    whole = result.file_bits_per_pixel
    row("whole file", bits(whole), relative(whole, elbo), f"{result.file_bytes} bytes")
    row("initial bits, all chunks", f"{result.initial_bits:.0f} bits", f"plain {result.plain}")
    model_file = io.BytesIO()
    write_model(model_file, model)
    row("the model's own bytes", "", "", f"{len(model_file.getvalue())} bytes")
    packed = np.packbits(data.test).tobytes()
    for name, compressor in (
        ("gzip", lambda b: gzip.compress(b, 9)),
        ("bz2", lambda b: bz2.compress(b, 9)),
        ("lzma", lambda b: lzma.compress(b, preset=9 | lzma.PRESET_EXTREME)),
    ):
        row(name, bits(8 * len(compressor(packed)) / data.test.size))
    times(vae, model, data.test, file)


def times(vae: Vae, model: LatentModel, images: Images, file: io.BytesIO) -> None:
    """Print the times to encode and to decode, against those of the float networks alone."""
    floats = images.astype(np.float32)

    def networks() -> None:
        code, _ = forward(vae.encoder, floats)
        forward(vae.decoder, code[:, :LATENTS])

    def encode() -> None:
        files.compress(model, images, io.BytesIO())

    def decode() -> None:
        decoded = np.concatenate(list(files.decompress(model, file)))
        assert np.array_equal(decoded, images)

    seconds = medians({"networks": networks, "encode": encode, "decode": decode})
    row("both networks in float32 numpy", f"{seconds['networks']:.4f} s", "1.00x")
    for name in ("encode", "decode"):
        row(name, f"{seconds[name]:.4f} s", f"{seconds[name] / seconds['networks']:.2f}x")


def medians(contenders: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Return the median CPU time of each, taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, contender in contenders.items():
            start = time.thread_time()
            contender()
            taken[name].append(time.thread_time() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


def integer_cost(vae: Vae, model: LatentModel, images: Images) -> float:
    """Return by how much the integer networks raise -ELBO, on the same images and noise.

    Latents are clipped to the outermost centres in both: that is the buckets' doing.
    """
    eps = np.random.default_rng(3).standard_normal((len(images), LATENTS))
    scale = 1 << model.decoder.input_fraction
    limit = model.decoder.input_limit / scale

    def decode_floats(z: NDArray[np.float64]) -> NDArray[np.floating]:
        return forward(vae.decoder, z.astype(np.float32))[0]

    def decode_integers(z: NDArray[np.float64]) -> NDArray[np.floating]:
        logits = evaluate(model.decoder, np.rint(z * scale).astype(np.int64))
        return logits / (1 << model.decoder.output_fraction)

    code = forward(vae.encoder, images.astype(np.float32))[0].astype(np.float64)
    outputs = evaluate(model.encoder, images.astype(np.int64))
    integer_code = outputs / (1 << model.encoder.output_fraction)
    floats = negative_elbo(images, code, eps, limit, decode_floats)
    return negative_elbo(images, integer_code, eps, limit, decode_integers) / floats - 1


def negative_elbo(
    images: Images,
    code: NDArray[np.float64],
    eps: NDArray[np.float64],
    limit: float,
    decode: Callable[[NDArray[np.float64]], NDArray[np.floating]],
) -> float:
    """Return the mean of -ELBO, in nats, for given outputs of the encoder."""
    mu, log_sigma = code[:, :LATENTS], code[:, LATENTS:]
    z = np.clip(mu + np.exp(log_sigma) * eps, -limit, limit)
    logits = decode(z).astype(np.float64)
    nll = np.logaddexp(0, np.where(images == 1, -logits, logits)).sum(axis=1)
    kl = ((mu**2 + np.exp(2 * log_sigma) - 1) / 2 - log_sigma).sum(axis=1)
    return float((nll + kl).mean())


def row(name: str, *cells: str) -> None:
    """Print a row of the table."""
    print(f"  {name:32}" + "".join(f"{cell:<28}" for cell in cells).rstrip())


def bits(per_pixel: float) -> str:
    """Return a rate as text."""
    return f"{per_pixel:.5f} bits/pixel"


def relative(rate: float, elbo: float) -> str:
    """Return a rate relative to -ELBO as text."""
    return f"-ELBO {rate / elbo - 1:+.3%}"


if __name__ == "__main__":
    main()
