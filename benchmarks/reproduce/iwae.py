"""Train on MNIST with the importance-weighted bound of 1 and of 5 draws; print the evidence.

    BITS_BACK_DATA=folder python benchmarks/reproduce/iwae.py --folder runs [--figure iwae.png]

Published: Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders",
ICLR 2016, table 1, one stochastic layer, pixels binarised anew in every epoch: -log p(x) of
the test images in nats, estimated from 5000 draws.

The set-up is theirs, a network 784-200-200-50 and a learning rate that falls from stage to
stage, but for ReLU where they have tanh, batches of 100 where they have 20, Adam with its
usual constants, and the number of stages: each of their eight has three times as many epochs
as the one before, so that four are 40 epochs of 3280. The order of the two is then to be
expected, and a gap to the published numbers. On an otherwise idle core this takes ten minutes.

The folder keeps each model with the state of its training after every epoch, and the script
resumes from it; with more stages it goes on.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fast.models.mlp import adam_kernel
from fast.models.vae import binarise, importance_weighted_gradients, log_evidence_bounds
from reference.inference.adam import BETA_1, BETA_2
from reference.models import mlp
from reference.models.mlp import Layer
from reference.models.vae import Vae, initialise

Images = NDArray[np.uint8]
Vector = NDArray[np.float32]

HIDDEN, LATENTS = (200, 200), 50
PUBLISHED = {1: 86.76, 5: 85.54, 50: 84.78}
"""Nats an image, by the number of draws in training."""
PUBLISHED_ACTIVE = {1: 19, 5: 22, 50: 25}
"""Latents whose posterior mean moves with the image."""
CURVE_IMAGES, CURVE_SAMPLES = 500, 50
"""Of the estimate after each epoch."""


@dataclass
class Training:
    """A model whose parameters are one vector, and all that its training needs to go on."""

    k: int
    batch: int
    theta: Vector
    vae: Vae
    m: Vector
    v: Vector
    rng: np.random.Generator
    steps: int = 0
    epochs: int = 0
    seconds: float = 0.0
    curve: list[float] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write everything to a file, and put it in its place when it is whole."""
        state = {
            "k": self.k,
            "batch": self.batch,
            "rng": self.rng.bit_generator.state,
            "steps": self.steps,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "curve": self.curve,
        }
        temporary = path.with_suffix(".part.npz")
        np.savez(temporary, theta=self.theta, m=self.m, v=self.v, state=json.dumps(state))
        temporary.replace(path)


def start(images: Images, k: int, batch: int, seed: int) -> Training:
    """Draw a model; the last bias says how often each pixel is white."""
    rng = np.random.default_rng(seed)
    vae = initialise(images.shape[1], HIDDEN, LATENTS, rng)
    white = np.clip(images.mean(axis=0) / 255, 0.001, 0.999)
    vae.decoder[-1].bias[:] = np.log(white / (1 - white))
    theta, vae = flatten(vae)
    return Training(k, batch, theta, vae, np.zeros_like(theta), np.zeros_like(theta), rng)


def resume(images: Images, k: int, batch: int, seed: int, path: Path) -> Training:
    """Return the training that a file holds, or a new one."""
    training = start(images, k, batch, seed)
    if not path.exists():
        return training
    with np.load(path) as file:
        for name in ("theta", "m", "v"):
            getattr(training, name)[:] = file[name]
        state = json.loads(str(file["state"]))
    training.rng.bit_generator.state = state.pop("rng")
    for name, value in state.items():
        setattr(training, name, value)
    return training


def flatten(vae: Vae) -> tuple[Vector, Vae]:
    """Return all parameters as one vector, and as a model that shares its memory."""
    theta, layers, end = vector(vae), [], 0
    for layer in vae.encoder + vae.decoder:
        parts = []
        for array in (layer.weights, layer.bias):
            parts.append(theta[end : end + array.size].reshape(array.shape))
            end += array.size
        layers.append(Layer(*parts))
    n = len(vae.encoder)
    return theta, Vae(tuple(layers[:n]), tuple(layers[n:]))


def vector(vae: Vae) -> Vector:
    """Return a copy of all parameters in a row."""
    layers = vae.encoder + vae.decoder
    return np.concatenate([a.ravel() for p in layers for a in (p.weights, p.bias)])


def learning_rates(stages: int) -> list[float]:
    """Return the learning rate of each epoch."""
    rates = [1e-4 * round(10 ** (1 - i / 7), 1) for i in range(stages)]
    return [rate for i, rate in enumerate(rates) for _ in range(3**i)]


def epoch(training: Training, images: Images, rate: float) -> None:
    """See every image once, binarised anew."""
    rng, order = training.rng, training.rng.permutation(len(images))
    for first in range(0, len(images), training.batch):
        x = binarise(images[order[first : first + training.batch]], rng, peak=255)
        eps = rng.standard_normal((training.k, len(x), LATENTS), np.float32)
        _, gradient = importance_weighted_gradients(training.vae, x, eps)
        training.steps += 1
        scale = rate / (1 - BETA_1**training.steps), 1 / (1 - BETA_2**training.steps)
        moments = training.m, training.v
        adam_kernel(training.theta, vector(gradient), *moments, *map(np.float32, scale))
    training.epochs += 1


def train(training: Training, images: Images, test: Images, stages: int, path: Path) -> None:
    """Go on to the last epoch of the stages, and say how it goes."""
    rates = learning_rates(stages)
    while training.epochs < len(rates):
        begin = time.thread_time()
        epoch(training, images, rates[training.epochs])
        training.seconds += time.thread_time() - begin
        rng = np.random.default_rng(0)
        bounds = log_evidence_bounds(training.vae, test[:CURVE_IMAGES], CURVE_SAMPLES, rng)
        training.curve.append(-float(bounds.mean()))
        training.save(path)
        print(
            f"k = {training.k}, epoch {training.epochs} of {len(rates)}:"
            f" -L_{CURVE_SAMPLES} {training.curve[-1]:.2f} nats,"
            f" {training.seconds:.0f} s so far",
            flush=True,
        )


def active_units(vae: Vae, images: Images) -> int:
    """Return how many latents have a posterior mean that varies by more than 0.01."""
    code, _ = mlp.forward(vae.encoder, images.astype(np.float32))
    return int((code[:, :LATENTS].var(axis=0) > 0.01).sum())


def report(trained: list[Training], test: Images, samples: int) -> None:
    """Print the table, and how sure the order is."""
    print(
        f"\n{len(test)} test images; nats an image, standard error over images in brackets\n"
    )
    print(f"{'k':>3} {'epochs':>7} {'CPU s':>7}  {'-L_1':<15} {'-L_5':<15}", end="")
    print(f" {f'-L_{samples}':<15} {'published':>9} {'gap':>6}  active (published)")
    evidence: dict[int, NDArray[np.float64]] = {}
    for training in trained:
        k, cells = training.k, []
        for draws in (1, 5, samples):
            rng = np.random.default_rng(1)
            evidence[k] = log_evidence_bounds(training.vae, test, draws, rng)
            error = evidence[k].std(ddof=1) / np.sqrt(len(test))
            cells.append(f"{-evidence[k].mean():.2f} ({error:.2f})")
        gap = -evidence[k].mean() - PUBLISHED[k]
        print(
            f"{k:>3} {training.epochs:>7} {training.seconds:>7.0f} "
            + "".join(f" {cell:<15}" for cell in cells)
            + f" {PUBLISHED[k]:>9} {gap:>+6.2f}  {active_units(training.vae, test)}"
            + f" ({PUBLISHED_ACTIVE[k]})",
            flush=True,
        )
    for a, b in pairwise(trained):
        gain = evidence[b.k] - evidence[a.k]
        error, published = (
            gain.std(ddof=1) / np.sqrt(len(gain)),
            PUBLISHED[a.k] - PUBLISHED[b.k],
        )
        print(
            f"\nk = {b.k} gains {gain.mean():.2f} nats over k = {a.k}, standard error"
            f" {error:.2f} over the same images; published {published:.2f}"
        )


def draw(trained: list[Training], path: Path) -> None:
    """Save a picture of the evidence by epoch."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise SystemExit("--figure needs matplotlib: pip install 'bits-back[demo]'") from None
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for training, colour in zip(trained, ("C0", "C1", "C2"), strict=False):
        epochs = range(1, len(training.curve) + 1)
        axes.plot(epochs, training.curve, colour, label=f"trained with k = {training.k}")
        axes.axhline(PUBLISHED[training.k], color=colour, linestyle=":")
    axes.set(
        xscale="log",
        xlabel="epoch",
        ylabel=f"$-L_{{{CURVE_SAMPLES}}}$ of {CURVE_IMAGES} test images, nats",
        title="Binarised MNIST; dotted: published, after 3280 epochs",
    )
    axes.set_ylim(top=min(130, max(max(t.curve) for t in trained)))
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Train each model, print the table, draw the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k", type=int, nargs="+", default=[1, 5], choices=list(PUBLISHED))
    parser.add_argument("--stages", type=int, default=4, choices=range(1, 9))
    parser.add_argument("--batch", type=int, default=100, help="images of a step")
    parser.add_argument(
        "--samples", type=int, default=5000, help="draws an image, of the test"
    )
    parser.add_argument("--images", type=int, default=1000, help="of the test, the first ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True, help="of the trained models")
    parser.add_argument("--figure", type=Path, help="PNG file to write")
    options = parser.parse_args()
    data = os.environ.get("BITS_BACK_DATA")
    if not data:
        raise SystemExit("BITS_BACK_DATA names no folder with mnist.npz (CONTRIBUTING.md)")
    options.folder.mkdir(parents=True, exist_ok=True)
    with np.load(Path(data) / "mnist.npz") as mnist:
        images: Any = np.ascontiguousarray(mnist["train"])
        test = binarise(mnist["test"], np.random.default_rng(options.seed), peak=255)
    trained = []
    for k in sorted(options.k):
        path = options.folder / f"k{k}-batch{options.batch}-seed{options.seed}.npz"
        training = resume(images, k, options.batch, options.seed, path)
        train(training, images, test, options.stages, path)
        trained.append(training)
    report(trained, test[: options.images], options.samples)
    if options.figure:
        draw(trained, options.figure)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
