"""``bits-back train``: images to a model."""

import importlib
import time
from argparse import Namespace
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from fast.cli.faults import Outcome, blame
from fast.cli.progress import Progress, show_progress
from fast.datasets import atomic_file, check_output, open_images
from reference.compression.latent_codec import digest, quantise_vae, write_model
from reference.models.vae import Epoch, Plan, Vae, binarise

__all__ = ["run"]

Pixels = NDArray[np.uint8]

EXAMPLES = 10_000
"""How many images tell how large the activations of a network get (INN-6)."""


def run(options: Namespace) -> Outcome:
    """Train, round to integers, and write the model."""
    start = time.perf_counter()
    check_output(options.model, force=options.force)
    with blame(options.data):
        with open_images(options.data, key=options.key) as images:
            rows = np.ascontiguousarray(images[: len(images)]).reshape(len(images), -1)
        peak = options.peak or (1 if rows.max() <= 1 else 255)
        rng = np.random.default_rng(options.seed)
        training, validation = _split(rows, options.validation, rng)
        vae, history = _train(options, training, validation, peak, rng)
        examples = binarise(training[:EXAMPLES], rng, peak=peak)
        model = quantise_vae(vae, examples, options.latent_bits)
    with atomic_file(options.model, force=options.force) as file:
        write_model(file, model)
        size = file.tell()
    seconds = time.perf_counter() - start
    record: dict[str, object] = {
        "model": str(options.model),
        "digest": digest(model).hex(),
        "bytes": size,
        "pixels": model.pixels,
        "latents": model.latents,
        "latent_bits": model.latent_bits,
        "peak": peak,
        "training_images": len(training),
        "validation_images": 0 if validation is None else len(validation),
        "history": [asdict(epoch) for epoch in history],
        "seconds": seconds,
    }
    return record, [
        f"{options.model}: {size} bytes, {model.pixels} pixels, {model.latents} latents",
        f"  trained on {len(training)} images, {_peak(peak)}",
        f"  {_line(_best(history))}; {len(history)} epochs in {seconds:.1f} s",
    ]


def _train(
    options: Namespace,
    training: Pixels,
    validation: Pixels | None,
    peak: int,
    rng: np.random.Generator,
) -> tuple[Vae, tuple[Epoch, ...]]:
    plan = Plan(
        hidden=options.hidden,
        latents=options.latents,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        patience=options.patience,
    )
    train = importlib.import_module(f"{options.engine}.models.vae").train
    with show_progress(f"train, {_peak(peak)}") as progress:
        result: tuple[Vae, tuple[Epoch, ...]] = train(
            *(training, plan, rng),
            peak=peak,
            validation=validation,
            on_step=progress,
            on_epoch=lambda epoch: _note(progress, epoch),
        )
    return result


def _split(
    rows: Pixels, share: float, rng: np.random.Generator
) -> tuple[Pixels, Pixels | None]:
    """Return the images to train on and those to validate with."""
    order, count = rng.permutation(len(rows)), int(share * len(rows))
    if count == 0:
        return rows, None
    return rows[np.sort(order[count:])], rows[np.sort(order[:count])]


def _note(progress: Progress, epoch: Epoch) -> None:
    progress.note = f", {_line(epoch)}"


def _best(history: tuple[Epoch, ...]) -> Epoch:
    """Return the epoch whose model is kept (VAE-8)."""
    if history[-1].validation_bits_per_pixel is None:
        return history[-1]
    return min(history, key=lambda epoch: epoch.validation_bits_per_pixel or 0.0)


def _line(epoch: Epoch) -> str:
    text = f"epoch {epoch.number}: {epoch.training_bits_per_pixel:.4f}"
    if epoch.validation_bits_per_pixel is not None:
        text += f", validation {epoch.validation_bits_per_pixel:.4f}"
    return text + " bits per pixel"


def _peak(peak: int) -> str:
    return "pixels as they are" if peak == 1 else f"pixels binarised, {peak} is white"
