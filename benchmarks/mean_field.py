"""Time a sweep of coordinate ascent on a mixture of Gaussians against its peers.

    python benchmarks/mean_field.py [--quick]

CPU times of one thread a sweep, medians of interleaved runs, at a million points and ten
components. The peers: scikit-learn's BayesianGaussianMixture, whose priors are so strong here
that its model is ours; plain numpy; and JAX, compiled, in three formulations of which the
fastest counts. Peers that are not installed are left out, and named. The answers of numpy and
JAX are compared before they are timed; scikit-learn's are in a test.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fast.inference.mean_field import mixture_ascent

Floats = NDArray[np.float64]

SIGMA, COMPONENTS, RUNS = 5.0, 10, 7
"""The prior's deviation; ``K``; timed runs, of which the median is printed."""
PIN = 1e8
"""How many observations scikit-learn's priors of weights and variances are worth."""


def numpy_sweep(x: Floats, m: Floats, s2: Floats) -> tuple[Floats, Floats, float]:
    logits = -(((x[:, None] - m) ** 2).sum(axis=2) + x.shape[1] * s2) / 2
    top = logits.max(axis=1, keepdims=True)
    np.exp(logits - top, out=logits)
    totals = logits.sum(axis=1, keepdims=True)
    logits /= totals
    s2 = 1 / (1 / SIGMA**2 + logits.sum(axis=0))
    return (logits.T @ x) * s2[:, None], s2, float((top + np.log(totals)).sum())


def jax_sweeps(x: Floats, m: Floats, s2: Floats) -> dict[str, Callable[[], Any]]:
    """Return compiled sweeps: by rows, by columns, and with a matrix product for distances."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def finish(logits: Any, x: Any, axis: int) -> tuple[Any, Any, Any]:
        top = logits.max(axis=axis, keepdims=True)
        weights = jnp.exp(logits - top)
        totals = weights.sum(axis=axis, keepdims=True)
        phi = weights / totals
        s2 = 1 / (1 / SIGMA**2 + phi.sum(axis=1 - axis))
        sums = phi.T @ x if axis == 1 else phi @ x.T
        return sums * s2[:, None], s2, (top + jnp.log(totals)).sum()

    def rows(x: Any, m: Any, s2: Any) -> Any:
        squares = ((x[:, None] - m) ** 2).sum(axis=2)
        logits = -(squares + x.shape[1] * s2) / 2
        nats = jax.scipy.special.logsumexp(logits, axis=1, keepdims=True)
        phi = jnp.exp(logits - nats)
        s2 = 1 / (1 / SIGMA**2 + phi.sum(axis=0))
        return (phi.T @ x) * s2[:, None], s2, nats.sum()

    def columns(x: Any, m: Any, s2: Any) -> Any:
        squares = sum((x[d] - m[:, d, None]) ** 2 for d in range(len(x)))
        return finish(-(squares + len(x) * s2[:, None]) / 2, x, 0)

    def product(x: Any, m: Any, s2: Any) -> Any:
        return finish(x @ m.T - ((m**2).sum(axis=1) + x.shape[1] * s2) / 2, x, 1)

    def call(sweep: Any, x: Floats) -> Callable[[], Any]:
        compiled, arguments = jax.jit(sweep), [jnp.asarray(a) for a in (x, m, s2)]
        return lambda: [np.asarray(a) for a in compiled(*arguments)]

    return {
        "JAX, rows": call(rows, x),
        "JAX, columns": call(columns, np.ascontiguousarray(x.T)),
        "JAX, product": call(product, x),
    }


def seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def per_sweep(run: Callable[[int], Any], few: int, many: int) -> Callable[[], float]:
    """Return the cost of a sweep as the difference of two runs: what else they do cancels."""
    return lambda: (seconds(lambda: run(many)) - seconds(lambda: run(few))) / (many - few)


def compare(n: int, dimensions: int) -> None:
    """Print the times at `n` points of so many dimensions."""
    rng = np.random.default_rng(dimensions)
    centres = SIGMA * rng.standard_normal((COMPONENTS, dimensions))
    x = centres[rng.integers(COMPONENTS, size=n)] + rng.standard_normal((n, dimensions))
    m, s2 = centres + 0.3, np.full(COMPONENTS, COMPONENTS / n)

    def ours(sweeps: int) -> Any:
        return mixture_ascent(x, m, s2, SIGMA, tol=0, max_iter=sweeps)

    expected = ours(1).state
    contenders: dict[str, Callable[[], float]] = {"fast": per_sweep(ours, 1, 11)}
    sweeps: dict[str, Callable[[], Any]] = {"numpy": lambda: numpy_sweep(x, m, s2)}
    try:
        sweeps |= jax_sweeps(x, m, s2)
    except ImportError:
        print("jax is not installed: left out")
    for name, sweep in sweeps.items():
        means, variances, _ = sweep()  # and compile
        if not np.allclose(means, expected.means, rtol=0, atol=1e-6):
            raise SystemExit(f"{name} gives the means {means}, not {expected.means}")
        if not np.allclose(variances, expected.variances, rtol=1e-6):
            raise SystemExit(f"{name} gives {variances}, not {expected.variances}")
        contenders[name] = lambda sweep=sweep: seconds(sweep)  # type: ignore[misc]
    try:
        contenders["scikit-learn"] = per_sweep(scikit_learn(x), 2, 6)
    except ImportError:
        print("scikit-learn is not installed: left out")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS):
        for name, cost in contenders.items():
            times[name].append(cost())
        print(f"\rrun {run + 1} of {RUNS}", end="", file=sys.stderr, flush=True)
    medians = {name: statistics.median(t) for name, t in times.items()}
    print(file=sys.stderr)
    print(f"{n:,} points in {dimensions} dimensions, {COMPONENTS} components: a sweep")
    for name, median in medians.items():
        ratio = median / medians["fast"]
        print(f"    {name:<16} {median * 1e3:9.2f} ms {ratio:7.1f} x")


def scikit_learn(x: Floats) -> Callable[[int], Any]:
    """Return a run of so many iterations of the same model."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    def run(iterations: int) -> Any:
        mixture = BayesianGaussianMixture(
            n_components=COMPONENTS,
            covariance_type="spherical",
            tol=0,
            max_iter=iterations,
            init_params="random_from_data",
            weight_concentration_prior_type="dirichlet_distribution",
            weight_concentration_prior=PIN,
            mean_precision_prior=1 / SIGMA**2,
            mean_prior=np.zeros(x.shape[1]),
            degrees_of_freedom_prior=PIN,
            covariance_prior=PIN,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mixture.fit(x)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a tenth of the points")
    n = 1_000_000 // (10 if parser.parse_args().quick else 1)
    for dimensions in (1, 2):
        compare(n, dimensions)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):  # JAX has no other way to keep to one thread
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with threadpool_limits(1):
        main()
