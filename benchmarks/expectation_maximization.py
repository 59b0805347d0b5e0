"""Time an iteration of expectation maximisation on a mixture of Gaussians against its peers.

    python benchmarks/expectation_maximization.py [--quick]

CPU times of one thread an iteration, medians of interleaved runs, at a million points and ten
components with diagonal covariance. The peers: scikit-learn's GaussianMixture from the same
start, and plain numpy. The mixtures that they come to are compared before they are timed.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from threadpoolctl import threadpool_limits

from fast.inference.expectation_maximization import fit_gaussian_mixture
from reference.inference.expectation_maximization import GaussianMixture

Floats = NDArray[np.float64]

COMPONENTS, RUNS = 10, 7
"""``K``; timed runs, of which the median is printed."""
FLOOR = 1e-12
"""Least variance: far below those of these data, for scikit-learn has none."""


def numpy_iterations(x: Floats, start: GaussianMixture, iterations: int) -> tuple[Floats, ...]:
    """Return weights, means and variances after so many iterations in plain numpy."""
    weights, means, variances = start.weights, start.means, start.variances
    for _ in range(iterations):
        halves = 0.5 / variances
        # |x - mu|^2 / (2 v) as three products, which is fastest where D is large
        logits = -(x**2) @ halves.T + x @ (2 * halves * means).T
        logits += np.log(weights) - (halves * means**2 + np.log(variances) / 2).sum(axis=1)
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        counts = logits.sum(axis=0)
        means = logits.T @ x / counts[:, None]
        variances = logits.T @ x**2 / counts[:, None] - means**2
        weights = counts / len(x)
    return weights, means, variances


def scikit_learn(x: Floats, start: GaussianMixture, iterations: int) -> tuple[Floats, ...]:
    mixture = ScikitLearnMixture(
        COMPONENTS,
        covariance_type="diag",
        tol=0,
        reg_covar=0,
        max_iter=iterations,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=1 / start.variances,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(x)
    return mixture.weights_, mixture.means_, mixture.covariances_


def ours(x: Floats, start: GaussianMixture, iterations: int) -> tuple[Floats, ...]:
    found = fit_gaussian_mixture(x, start, floor=FLOOR, tol=0, max_iter=iterations)
    if len(found.lower_bounds) != iterations + 1:
        raise SystemExit("converged too early: there is nothing to time")
    return found.state.weights, found.state.means, found.state.variances


def per_iteration(run: Callable[[int], Any], few: int, many: int) -> float:
    """Return the cost of an iteration as the difference of two runs."""

    def seconds(iterations: int) -> float:
        start = time.thread_time()
        run(iterations)
        return time.thread_time() - start

    return (seconds(many) - seconds(few)) / (many - few)


def compare(n: int, dimensions: int) -> None:
    """Print the times at `n` points of so many dimensions."""
    rng = np.random.default_rng(dimensions)
    centres = rng.standard_normal((COMPONENTS, dimensions))  # so close that it takes long
    x = centres[rng.integers(COMPONENTS, size=n)] + rng.standard_normal((n, dimensions))
    start = GaussianMixture(
        np.full(COMPONENTS, 1 / COMPONENTS), centres + 0.3, np.full(centres.shape, 1.5)
    )
    contenders = {"fast": (ours, 1, 11), "numpy": (numpy_iterations, 1, 4)}
    contenders["scikit-learn"] = (scikit_learn, 1, 4)
    expected = ours(x, start, 3)
    for name, (run, _, _) in contenders.items():
        for a, b in zip(run(x, start, 3), expected, strict=True):
            if not np.allclose(a, b, rtol=1e-8, atol=1e-10):
                raise SystemExit(f"{name} gives {a}, not {b}")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for done in range(RUNS):
        for name, (run, few, many) in contenders.items():
            times[name].append(per_iteration(lambda i, run=run: run(x, start, i), few, many))  # type: ignore[misc]
        print(f"\rrun {done + 1} of {RUNS}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    medians = {name: statistics.median(t) for name, t in times.items()}
    print(f"{n:,} points in {dimensions} dimensions, {COMPONENTS} components: an iteration")
    for name, median in medians.items():
        ratio = median / medians["fast"]
        print(f"    {name:<16} {median * 1e3:9.2f} ms {ratio:7.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a tenth of the points")
    n = 1_000_000 // (10 if parser.parse_args().quick else 1)
    compare(n, 1)
    compare(n // 4, 8)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
