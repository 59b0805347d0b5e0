"""Predict the lower half of MNIST digits from the upper, through two layers of bits.

    BITS_BACK_DATA=folder python benchmarks/reproduce/structured_prediction.py --folder runs \
        [--estimators Concrete-1 Concrete-5 VIMCO-5 NVIL-1] [--figure prediction.png]

Published: C. Maddison, A. Mnih, Y. Teh, "The Concrete distribution", ICLR 2017,
arXiv:1611.00712, table 1, the network 392-240-240-392: minus the log of the mean of 100 draws
of p(lower half | bits), in nats an image, by the number m of draws in training; "VIMCO" with
one draw is NVIL. After 10^7 steps of 64 images, with weight decay, centred layers, and the
best of several learning rates.

The images are theirs, MNIST in one binarisation that never changes. Training here has batches
of 100, at most 10^5 steps unless told otherwise, a learning rate that falls to 0.3 of itself
half way, a temperature of 2/3, no weight decay and no centring; the bias of the decoder starts
at the log odds of each pixel, the baseline of NVIL has one hidden layer of 100 units. At equal
steps Concrete is then expected far ahead of the others, of which the gradients are noisier.

Not run: m = 50, three layers, latents of four or eight outcomes, Omniglot, 10^7 steps.

The folder keeps each model with the state of its training at every evaluation, and the script
resumes from it; so runs of several processes, with other seeds or estimators, make one table.
"""

import argparse
from functools import partial
from typing import Any

import numpy as np
from _training import (
    Images,
    Run,
    Task,
    add_options,
    batch_of,
    compare,
    draw,
    extent,
    fixed_binarisation,
    listed,
    log_odds,
    spread,
)
from threadpoolctl import threadpool_limits

from fast.models.discrete_vae import draw_noise, log_prediction_bounds, prediction_gradients
from reference.models.discrete_vae import (
    Estimator,
    initialise_learned,
    initialise_predictor,
)

PIXELS, LAYERS, BASELINE = 392, (240, 240), (100,)
SAMPLES = 100
"""Draws of an image, of each value."""
PUBLISHED = {
    "Concrete-1": (58.5, 54.2),
    "Concrete-5": (54.3, 49.2),
    "NVIL-1": (61.4, 59.3),
    "VIMCO-5": (54.5, 52.7),
}
"""Nats of a test image, and of a training image; the number is that of draws in training."""
CURVE_IMAGES, TRAINING_IMAGES = 1000, 5000
"""Of each part for the curve, and of the training images at the end."""

Halves = tuple[Images, Images]


def halves(images: Images) -> Halves:
    """Return the upper and the lower half of each image."""
    upper, lower = images[:, :PIXELS], images[:, PIXELS:]
    return np.ascontiguousarray(upper), np.ascontiguousarray(lower)


def start(name: str, seed: int, train: Halves, options: argparse.Namespace) -> Run:
    """Draw a predictor, the same for all estimators, and the baselines of NVIL."""
    method, draws = name.split("-")
    estimator = Estimator(method, options.temperature)
    of_model, of_learned, of_noise = np.random.default_rng(seed).spawn(3)
    model = initialise_predictor((PIXELS, PIXELS), LAYERS, of_model)
    model.decoder[-1].bias[:] = log_odds(train[1])
    learned = initialise_learned(
        estimator, (PIXELS, *LAYERS), BASELINE, of_learned, target=PIXELS
    )
    names = ("steps", "batch", "rate", "learned_rate", "temperature", "every")
    settings = {"draws": int(draws)} | {name: getattr(options, name) for name in names}
    return Run(name, seed, estimator, model, learned, of_noise, settings)


def step(run: Run, train: Halves, options: argparse.Namespace) -> None:
    """Train on the next images."""
    rows = batch_of(run.steps, options.batch, len(train[0]), run.seed)
    x, y = (half[rows] for half in train)
    noise = draw_noise(LAYERS, len(x), run.settings["draws"], run.rng, pairs=False)
    found = prediction_gradients(run.model, x, y, noise, run.estimator, run.learned)
    share = 1 if run.steps < options.steps / 2 else 0.3
    rates = options.rate * share, options.learned_rate * share
    run.update(found.predictor, found.learned, *rates)


def evaluate(model: Any, parts: tuple[Halves, ...], images: tuple[int, ...]) -> list[float]:
    """Return minus the mean value of as many images of each part, in nats.

    They are spread evenly, since the test images are in the order of their labels.
    """
    found, rngs = [], np.random.default_rng(0).spawn(len(parts))
    for pair, n, rng in zip(parts, images, rngs, strict=True):
        x, y = (np.ascontiguousarray(half[:: len(half) // n]) for half in pair)
        found.append(-float(log_prediction_bounds(model, x, y, SAMPLES, rng).mean()))
    return found


def report(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    """Print the tables: what was reached, its spread, and what that can show."""
    print(
        f"\n392-240-240-392, {options.steps} steps of {options.batch} images: nats an image,"
        f" mean of {listed(options.seeds)},\nin brackets the standard deviation;"
        f" all test images, and {TRAINING_IMAGES} training images, at the end\n"
    )
    print(
        f"{'':<11} {'test':<15} {'published':>9} {'gap':>6}   {'training':<15}"
        f" {'published':>9} {'gap':>6}   {'ms/step':>7}   test, lowest .. highest"
    )
    training, test = (
        {name: [run.final[part] for run in group] for name, group in runs.items()}
        for part in (0, 1)
    )
    for name, group in runs.items():
        line = f"{name:<11} "
        for found, published in zip((test, training), PUBLISHED[name], strict=True):
            gap = np.mean(found[name]) - published
            line += f"{spread(found[name]):<15} {published:>9.2f} {gap:>+6.2f}   "
        cost = 1e3 * np.mean([run.seconds / run.steps for run in group])
        print(line + f"{cost:>7.2f}   {extent(test[name])}")
    compare("nats of a test image", test)


def main() -> None:
    """Train each predictor, print the tables, draw the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    names = list(PUBLISHED)
    parser.add_argument("--estimators", nargs="+", default=names, choices=names)
    add_options(parser, steps=100_000, every=5000)
    parser.add_argument("--temperature", type=float, default=2 / 3, help="of Concrete")
    options = parser.parse_args()
    images = fixed_binarisation()
    train, test = halves(images["train"]), halves(images["test"])
    few, all_test = (CURVE_IMAGES, CURVE_IMAGES), (TRAINING_IMAGES, len(test[0]))
    task = Task(
        options.steps,
        options.every,
        partial(step, train=train, options=options),
        partial(evaluate, parts=(train, test), images=few),
        partial(evaluate, parts=(train, test), images=all_test),
    )
    start_run = partial(start, train=train, options=options)
    runs = task.train_all(start_run, options.estimators, options.seeds, options.folder)
    report(runs, options)
    if options.figure:
        title = f"Lower halves of binarised MNIST: mean and extent of {listed(options.seeds)}"
        draw(runs, f"$-\\log$ mean of {SAMPLES} draws, nats", title, options.figure)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
