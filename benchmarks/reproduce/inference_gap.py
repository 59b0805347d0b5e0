"""Compare four ways to find local variational parameters, on one model of counts.

    python benchmarks/reproduce/inference_gap.py [--quick] [--figure inference_gap.png]

The model is VEM-8 with one factor, so that log p(x) is known by quadrature and the best bound
of the family by Newton's method: every number printed is exact but for rounding, and nothing
is sampled but the data, from the model itself. In nats for each data point:

- inference alone, with the true model and on data points that no network or update has seen:
  gradient steps on each data point's own parameters, from the prior and from what the network
  gives; the amortised network; learned updates from parameters and gradient, made as often as
  they were trained for;
- learning of the model too: variational expectation maximisation with local parameters and one
  or ten inner steps, amortised, and iterative, each from the same start. What is shown is how
  far the bound is below the largest that any model and any normal q have, by steps and by CPU
  seconds of one thread, in plain numpy.

The comparison is the one that lectures 001 and 002 make in words, and J. Marino, Y. Yue and
S. Mandt ("Iterative amortized inference", ICML 2018) on images.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from reference.inference.expectation_maximization import (
    AmortisedInference,
    Inference,
    IterativeInference,
    LocalInference,
    PoissonFactors,
    best_local,
    inference_step,
    poisson_log_evidence,
    poisson_lower_bounds,
    prior_local,
    profile_bound,
    variational_em,
)

Floats = NDArray[np.float64]

POINTS, DIMENSIONS = 300, 8
"""``N`` of the training and of the test data each, and ``D``."""
UPDATES = 5
"""Learned updates of a data point, as many as in the paper."""
GRADIENT_STEPS = 40
"""Shown of the ascent on a data point's own parameters."""


@dataclass
class Curve:
    """How a bound rises, a data point: by steps, and by the CPU seconds that they took."""

    name: str
    bounds: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def draw(rng: np.random.Generator) -> tuple[PoissonFactors, Floats, Floats]:
    """Return a model, and training and test data drawn from it."""
    weights = rng.normal(0, 0.9, (DIMENSIONS, 1))
    model = PoissonFactors(weights, rng.normal(0.7, 0.7, DIMENSIONS))
    z = rng.standard_normal((2 * POINTS, 1))
    x = rng.poisson(np.exp(model.bias + z @ weights.T)).astype(np.float64)
    return model, x[:POINTS], x[POINTS:]


def mean_bound(x: Floats, model: PoissonFactors, local: Floats) -> float:
    return float(poisson_lower_bounds(x, model, local).mean())


def train(x: Floats, model: PoissonFactors, inference: Any, steps: int) -> Any:
    """Return an inference after so many steps, with the model held."""
    rates = np.ones(len(inference.rows()))
    for done in range(steps):
        inference, rates = inference_step(x, model, inference, rates)
        print(
            f"\r{type(inference).__name__}: step {done + 1} of {steps}  ",
            end="",
            file=sys.stderr,
        )
    print(file=sys.stderr)
    return inference


def ascend(name: str, x: Floats, model: PoissonFactors, local: Floats) -> Curve:
    """Return the curve of gradient steps on each data point's own parameters."""
    inference, rates = LocalInference(local), np.ones(len(x))
    curve, spent = Curve(name, [mean_bound(x, model, local)], [0.0]), 0.0
    for _ in range(GRADIENT_STEPS):
        start = time.thread_time()
        inference, rates = inference_step(x, model, inference, rates)
        spent += time.thread_time() - start
        curve.bounds.append(mean_bound(x, model, inference.local))
        curve.seconds.append(spent)
    return curve


def infer(
    model: PoissonFactors, training: Floats, test: Floats, steps: int
) -> tuple[list[Curve], float, float]:
    """Return curves on the test data, the best bound of the family, and the evidence."""
    network = train(training, model, AmortisedInference.start(model), steps)
    update = train(training, model, IterativeInference.start(model, UPDATES), steps)
    start = time.thread_time()
    of_network = network.infer(test, model)
    seconds = time.thread_time() - start
    amortised = Curve("amortised", [mean_bound(test, model, of_network)], [seconds])
    iterative = Curve("iterative, learned updates")
    for made in range(UPDATES + 1):
        start = time.thread_time()
        local = (
            IterativeInference(update.weights, made).infer(test, model)
            if made
            else prior_local(len(test), model)
        )
        iterative.seconds.append(time.thread_time() - start)
        iterative.bounds.append(mean_bound(test, model, local))
    curves = [
        ascend("gradient steps, from the prior", test, model, prior_local(len(test), model)),
        ascend("gradient steps, from the network", test, model, of_network),
        amortised,
        iterative,
    ]
    best = mean_bound(test, model, best_local(test, model))
    return curves, best, float(poisson_log_evidence(test, model).mean())


def learn(x: Floats, iterations: int) -> tuple[list[Curve], float]:
    """Return curves of the training bound, and the largest bound there is."""
    weights = np.random.default_rng(1).normal(0, 0.1, (DIMENSIONS, 1))
    start = PoissonFactors(weights, np.log(x.mean(axis=0) + 0.1))
    local = LocalInference(prior_local(len(x), start))
    ways: list[tuple[str, Inference, int]] = [
        ("local, 1 inner step", local, 1),
        ("local, 10 inner steps", local, 10),
        ("amortised", AmortisedInference.start(start), 1),
        ("iterative, learned updates", IterativeInference.start(start, UPDATES), 1),
    ]
    curves = []
    for name, inference, inner in ways:
        seconds, begin = [0.0], time.thread_time()

        def note(found: Any, name: str = name, begin: float = begin) -> None:
            seconds.append(time.thread_time() - begin)  # noqa: B023
            done = len(found.lower_bounds) - 1
            print(f"\r{name}: iteration {done} of {iterations}  ", end="", file=sys.stderr)

        found = variational_em(
            x, start, inference, iterations=iterations, inner_steps=inner, on_iteration=note
        )
        print(file=sys.stderr)
        curves.append(Curve(name, [b / len(x) for b in found.lower_bounds], seconds))
    return curves, largest_bound(x, start)


def largest_bound(x: Floats, start: PoissonFactors) -> float:
    """Return the maximum over models and local parameters, by the gradient of VEM-12."""

    def negative(row: Floats) -> tuple[float, Floats]:
        model = PoissonFactors(row[:DIMENSIONS, None], row[DIMENSIONS:])
        value, gradient = profile_bound(x, model)
        row = np.concatenate([gradient.weights[:, 0], gradient.bias])
        return -value / len(x), -row / len(x)

    row = np.concatenate([start.weights[:, 0], start.bias])
    found = minimize(negative, row, jac=True, method="BFGS", options={"gtol": 1e-9})
    return -float(found.fun)


def print_inference(curves: list[Curve], best: float, evidence: float) -> None:
    print(f"\ninference of {POINTS} new data points, the model held; nats a data point")
    print(f"    {'log p(x), by quadrature':<36} {evidence:12.6f}")
    print(f"    {'best normal q':<36} {best:12.6f}   gap of the family {evidence - best:.6f}")
    for curve in curves:
        shown = [i for i in (0, 1, 2, 3, 5, 10, 20, 40) if i < len(curve.bounds)]
        for i in shown:
            title = curve.name if i == shown[0] else ""
            unit = "" if len(curve.bounds) == 1 else f"after {i}"
            gap, spent = best - curve.bounds[i], 1e3 * curve.seconds[i]
            print(f"    {title:<36} {curve.bounds[i]:12.6f}   to the best {gap:.6f}"
                  f" {spent:9.1f} ms  {unit}")  # fmt: skip


def print_learning(curves: list[Curve], largest: float) -> None:
    print(f"\nlearning from {POINTS} data points; nats a data point")
    print(f"    {'largest bound':<28} {largest:12.6f}")
    heads = ("bound", "below it", "seconds", "to 0.1", "to 0.01")
    print(
        f"    {'':<28} {heads[0]:>12} {heads[1]:>10} {heads[2]:>9} {heads[3]:>8} {heads[4]:>8}"
    )
    for curve in curves:
        reached = [
            next((f"{t:.2f}" for b, t in zip(curve.bounds, curve.seconds, strict=True)
                  if largest - b <= gap), "never")
            for gap in (0.1, 0.01)
        ]  # fmt: skip
        last = curve.bounds[-1]
        print(f"    {curve.name:<28} {last:12.6f} {largest - last:10.6f}"
              f" {curve.seconds[-1]:9.2f} {reached[0]:>8} {reached[1]:>8}")  # fmt: skip


def draw_figure(
    path: Path,
    inference: tuple[list[Curve], float, float],
    learning: tuple[list[Curve], float],
) -> None:
    try:
        import matplotlib as mpl
    except ImportError:
        raise SystemExit(
            "the figure needs matplotlib: pip install 'bits-back[demo]'"
        ) from None
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), constrained_layout=True)
    curves, best, evidence = inference
    for i, curve in enumerate(curves):
        gaps = [evidence - b for b in curve.bounds]
        if len(gaps) == 1:
            axes[0].axhline(gaps[0], color=f"C{i}", label=curve.name)
        else:
            axes[0].plot(gaps, marker="o", markersize=3, color=f"C{i}", label=curve.name)
    axes[0].axhline(evidence - best, color="black", linestyle=":", label="best normal q")
    axes[0].set(
        title="Inference on new data, the model held",
        xlabel="steps",
        ylabel="log p(x) - bound, nats a data point",
        yscale="log",
    )
    curves, largest = learning
    for curve in curves:
        gaps = np.maximum(largest - np.array(curve.bounds), 1e-7)
        axes[1].plot(gaps, label=curve.name)
        axes[2].plot(curve.seconds, gaps, label=curve.name)
    for axis, label in ((axes[1], "iterations"), (axes[2], "CPU seconds")):
        axis.set(title="Learning the model too", xlabel=label, yscale="log", ylim=(1e-7, None))
        axis.set_xscale("symlog", linthresh=1 if label == "iterations" else 0.01)
        axis.set_xlim(left=0)
        axis.set_ylabel("largest bound - bound, nats a data point")
    for axis in axes:
        axis.legend(fontsize="small")
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    print(f"\nfigure in {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    parser.add_argument("--figure", type=Path, help="where to draw the curves, as PNG")
    options = parser.parse_args()
    steps = 30 if options.quick else 300
    model, training, test = draw(np.random.default_rng(0))
    inference = infer(model, training, test, steps)
    print_inference(*inference)
    learning = learn(training, steps)
    print_learning(*learning)
    if options.figure:
        draw_figure(options.figure, inference, learning)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
