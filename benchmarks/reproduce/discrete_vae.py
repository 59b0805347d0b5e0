"""Train autoencoders with 200 bits on MNIST by five estimators of gradients; print the ELBO.

    BITS_BACK_DATA=folder python benchmarks/reproduce/discrete_vae.py --folder runs \
        [--model linear-1] [--estimators REBAR RELAX] [--seeds 0 1 2] [--figure elbo.png]

Published: W. Grathwohl, D. Choi, Y. Wu, G. Roeder, D. Duvenaud, "Backpropagation through the
void", ICLR 2018, arXiv:1711.00123, table 1: the highest ELBO on the training images, in nats,
after up to 2 * 10^6 steps of 24 images, the best of a grid of learning rates; and in the text
that on the validation images.

The images are theirs, MNIST in one binarisation that never changes, and so are the models, one
or two linear layers of 200 bits, or one between networks with two hidden layers of 200 units,
a learned prior, baselines of one hidden layer of 100 and control variates of two of 200, and
the bias of the last decoder that training starts with. Otherwise here: ReLU where they have
tanh, images that are -1 and 1 and not centred, Adam with its usual constants, batches of 100,
a temperature that is fixed, noise v that is not tied to u, NVIL with a signal that is centred
and scaled, and a learning rate that is constant, then falls linearly to 0. And the steps are
far fewer: a gap to the published numbers is to be expected; look at the order of estimators at
equal steps, and at equal CPU time.

Not run: Omniglot, of which there are no files at hand; 2 * 10^6 steps; the grid of rates.

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

from fast.models.discrete_vae import discrete_elbo, discrete_gradients, draw_noise
from reference.models.discrete_vae import (
    Estimator,
    initialise_discrete,
    initialise_learned,
)

MODELS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "linear-1": ((200,), ()),
    "linear-2": ((200, 200), ()),
    "nonlinear": ((200,), (200, 200)),
}
"""Widths of the layers of bits, and of the hidden layers of each network."""
BASELINE, CONTROL = (100,), (200, 200)
"""Hidden layers of the networks that NVIL and MuProp learn, and RELAX."""
PUBLISHED = {
    "linear-1": {
        "Concrete": -111.3,
        "NVIL": -112.5,
        "MuProp": -111.7,
        "REBAR": -111.6,
        "RELAX": -111.20,
    },
    "linear-2": {
        "Concrete": -99.62,
        "NVIL": -99.6,
        "MuProp": -99.07,
        "REBAR": -98.22,
        "RELAX": -98.00,
    },
    "nonlinear": {
        "Concrete": -102.2,
        "NVIL": -101.5,
        "MuProp": -101.1,
        "REBAR": -81.01,
        "RELAX": -78.13,
    },
}
"""The highest ELBO on training images, in nats an image."""
PUBLISHED_HELD_OUT = {
    "linear-1": {"REBAR": -114.32, "RELAX": -113.62},
    "linear-2": {"REBAR": -101.20, "RELAX": -100.85},
    "nonlinear": {"REBAR": -111.12, "RELAX": -119.19},  # printed without its sign
}
"""The highest on validation images."""
CURVE_IMAGES = 5000
"""Of each part, the first ones."""


def start(name: str, seed: int, train: Images, options: argparse.Namespace) -> Run:
    """Draw a model, the same for all estimators, and what the estimator learns."""
    estimator = Estimator(name, options.temperature)
    layers, hidden = MODELS[options.model]
    of_model, of_learned, of_noise = np.random.default_rng(seed).spawn(3)
    model = initialise_discrete(train.shape[1], layers, of_model, hidden=hidden)
    model.decoders[0][-1].bias[:] = log_odds(train)
    widths = train.shape[1], *layers
    networks = CONTROL if name == "RELAX" else BASELINE
    learned = initialise_learned(estimator, widths, networks, of_learned)
    names = (
        "model",
        "steps",
        "batch",
        "rate",
        "learned_rate",
        "temperature",
        "fall",
        "every",
    )
    settings = {name: getattr(options, name) for name in names}
    return Run(name, seed, estimator, model, learned, of_noise, settings)


def step(run: Run, train: Images, options: argparse.Namespace) -> None:
    """Train on the next images."""
    x = train[batch_of(run.steps, options.batch, len(train), run.seed)]
    pairs = run.estimator.pairs
    noise = draw_noise(run.model.widths, len(x), 1, run.rng, pairs=pairs)
    found = discrete_gradients(run.model, x, noise, run.estimator, run.learned)
    left = (options.steps - run.steps) / max(1, options.fall * options.steps)
    share = min(1, left)
    rates = options.rate * share, options.learned_rate * share
    run.update(found.model, found.learned, *rates)


def evaluate(model: Any, parts: tuple[Images, ...], images: int) -> list[float]:
    """Return the mean ELBO of the first images of each part, from one draw of fixed noise."""
    rngs = np.random.default_rng(0).spawn(len(parts))
    bounds = [
        discrete_elbo(model, x[:images], 1, rng) for x, rng in zip(parts, rngs, strict=True)
    ]
    return [float(b.mean()) for b in bounds]


def report(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    """Print the tables: what was reached, its spread, and what that can show."""
    model = options.model
    print(
        f"\n{model}, {options.steps} steps of {options.batch} images: ELBO in nats an image,"
        f" mean of {listed(options.seeds)},\nin brackets the standard deviation over them."
        f" Best and end: of the first {CURVE_IMAGES} training images;\nall: at the end, of all"
        " training images, held out: of all validation images. Gap: of best.\n"
    )
    print(
        f"{'':<9} {'best':<15} {'end':<15} {'all':<15} {'held out':<15} {'ms/step':>7}"
        f" {'published':>9} {'gap':>6}  published, held out"
    )
    best = {
        name: [max(c[2] for c in run.curve) for run in group] for name, group in runs.items()
    }
    end = {name: [run.curve[-1][2] for run in group] for name, group in runs.items()}
    everything, held_out = (
        {name: [run.final[part] for run in group] for name, group in runs.items()}
        for part in (0, 1)
    )
    for name, group in runs.items():
        cells = [spread(found[name]) for found in (best, end, everything, held_out)]
        cost = 1e3 * np.mean([run.seconds / run.steps for run in group])
        published = PUBLISHED[model][name]
        print(
            f"{name:<9} "
            + " ".join(f"{cell:<15}" for cell in cells)
            + f" {cost:>7.2f} {published:>9.2f} {np.mean(best[name]) - published:>+6.2f}"
            f"  {PUBLISHED_HELD_OUT[model].get(name, '')}"
        )
    print(f"\nlowest .. highest of the seeds\n\n{'':<9} {'best':<20} {'held out':<20}")
    for name in runs:
        print(f"{name:<9} {extent(best[name]):<20} {extent(held_out[name]):<20}")
    compare("best ELBO on training images", best)
    compare("ELBO on validation images at the end", held_out)


def main() -> None:
    """Train each model, print the tables, draw the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    names = list(PUBLISHED["linear-1"])
    parser.add_argument("--model", default="linear-1", choices=list(MODELS))
    parser.add_argument("--estimators", nargs="+", default=names, choices=names)
    add_options(parser, steps=100_000, every=2000)
    parser.add_argument(
        "--temperature", type=float, default=0.5, help="of Concrete, REBAR and RELAX"
    )
    parser.add_argument(
        "--fall", type=float, default=0.3, help="the last part of the steps, where rates fall"
    )
    options = parser.parse_args()
    parts = fixed_binarisation()
    train, valid = parts["train"], parts["valid"]
    task = Task(
        options.steps,
        options.every,
        partial(step, train=train, options=options),
        partial(evaluate, parts=(train, valid), images=CURVE_IMAGES),
        partial(evaluate, parts=(train, valid), images=len(train)),
    )
    start_run = partial(start, train=train, options=options)
    prefix = f"{options.model}-"
    runs = task.train_all(start_run, options.estimators, options.seeds, options.folder, prefix)
    report(runs, options)
    if options.figure:
        title = f"Binarised MNIST, {options.model}: mean and extent of {listed(options.seeds)}"
        draw(runs, "ELBO, nats", title, options.figure)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
