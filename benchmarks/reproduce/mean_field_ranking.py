"""Reproduce a lecture's ranking of three ways to maximise an ELBO, on one model.

    python benchmarks/reproduce/mean_field_ranking.py [--quick] [--figure ranking.png]

Lecture 000 calls coordinate ascent (CAVI) the fastest, where the model allows it, then
gradients by reparameterisation, then score-function gradients (REINFORCE). The lecture has no
numbers. Here all three fit the same family, a product of normal distributions, to the weights
of a Bayesian linear regression of 1,000 points on 10 correlated inputs, from the same start,
the prior. The best ELBO of the family is known in closed form (MFV-1), so what is printed, and
drawn, is what each lacks of it after so much CPU time of one thread. Both stochastic ascents
see all points in each step; each is run with four learning rates in plans of three lengths, of
which at each level the one that gets there first counts, and the score function has the other
draws as its baseline. The exact ELBO is computed off the clock.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reference.inference.mean_field import (
    NormalMeanField,
    coordinate_ascent,
    normal_target_elbo,
    normal_target_gap,
)

Floats = NDArray[np.float64]
State = tuple[Floats, Floats]

POINTS, INPUTS, CORRELATION = 1000, 10, 0.8
LEVELS = (100.0, 10.0, 1.0, 0.1, 0.01)
"""Nats below the best ELBO for which CPU times are printed."""
RATES, STEPS = (0.01, 0.03, 0.1, 0.3), (300, 1000, 5000)
METHODS = (
    ("reparameterised", 1),
    ("reparameterised", 10),
    ("score_function", 10),
    ("score_function", 100),
)
"""Gradients, and draws in a step."""
LINES = ("k-", "b--", "b-", "r--", "r-")
"""Of CAVI and these in the figure."""


class Regression:
    """``w ~ N(0, I)`` and ``y ~ N(X w, I)``; its posterior and evidence are known."""

    def __init__(self, rng: np.random.Generator) -> None:
        common = rng.standard_normal((POINTS, 1))
        own = rng.standard_normal((POINTS, INPUTS))
        self.x = np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * own
        self.y = self.x @ rng.standard_normal(INPUTS) + rng.standard_normal(POINTS)
        self.precision = self.x.T @ self.x + np.eye(INPUTS)
        self.mean = np.linalg.solve(self.precision, self.x.T @ self.y)
        log_det = np.linalg.slogdet(self.precision)[1]
        squares = self.y @ self.y - self.mean @ self.precision @ self.mean
        self.log_evidence = -(POINTS * np.log(2 * np.pi) + log_det + squares) / 2
        self.best = self.log_evidence - normal_target_gap(self.precision)

    def log_joint(self, w: Floats) -> Floats:
        """Return ``log p(y, w)`` for each row of weights."""
        squares = ((self.y - w @ self.x.T) ** 2).sum(axis=1) + (w**2).sum(axis=1)
        return np.asarray(-squares / 2 - (POINTS + INPUTS) / 2 * np.log(2 * np.pi))

    def gradient(self, w: Floats) -> Floats:
        """Return the gradient of that in the weights."""
        return np.asarray((self.y - w @ self.x.T) @ self.x - w)

    def lacking(self, mu: Floats, sigma: Floats) -> float:
        """Return the best ELBO less that of this product, in nats."""
        elbo = normal_target_elbo(mu, sigma, self.mean, self.precision, self.log_evidence)
        return float(self.best - elbo)


class Run:
    """One ascent: what it lacks of the best ELBO, against CPU seconds of this thread."""

    def __init__(self, model: Regression) -> None:
        self.model, self.used, self.since = model, 0.0, time.thread_time()
        self.seconds: list[float] = []
        self.lacking: list[float] = []

    def note(self, mu: Floats, sigma: Floats) -> None:
        """Keep what a state lacks; the clock stands still meanwhile."""
        self.used += time.thread_time() - self.since
        self.seconds.append(self.used)
        self.lacking.append(self.model.lacking(mu, sigma))
        self.since = time.thread_time()

    def time_to(self, level: float) -> float:
        """Return when it comes within `level` nats to stay; infinity if it does not."""
        outside = np.flatnonzero(np.array(self.lacking) > level)
        place = outside[-1] + 1 if outside.size else 0
        return self.seconds[place] if place < len(self.seconds) else np.inf


def cavi(model: Regression) -> Run:
    """Coordinate ascent, with the sums over the data that it needs, and its own bound."""
    run = Run(model)
    products, targets = model.x.T @ model.x + np.eye(INPUTS), model.x.T @ model.y
    constant = -(model.y @ model.y + POINTS * np.log(2 * np.pi)) / 2

    def update(i: int) -> Callable[[State], State]:
        def of(state: State) -> State:
            mu, sigma = state[0].copy(), state[1].copy()
            others = products[i] @ mu - products[i, i] * mu[i]
            mu[i], sigma[i] = (targets[i] - others) / products[i, i], products[i, i] ** -0.5
            return mu, sigma

        return of

    def lower_bound(state: State) -> float:
        mu, sigma = state
        run.note(mu, sigma)
        quadratic = mu @ products @ mu + np.diagonal(products) @ sigma**2
        entropy = np.log(sigma).sum() + INPUTS / 2
        return float(constant + mu @ targets - quadratic / 2 + entropy)

    start = np.zeros(INPUTS), np.ones(INPUTS)
    updates = [update(i) for i in range(INPUTS)]
    ascent = coordinate_ascent(start, updates, lower_bound, tol=1e-9, max_iter=1000)
    if abs(ascent.lower_bounds[-1] - model.best) > 1e-6:
        raise SystemExit(f"CAVI ends at {ascent.lower_bounds[-1]}, the best is {model.best}")
    return run


def stochastic(model: Regression, gradient: str, draws: int, steps: int, rate: float) -> Run:
    """One of the two black boxes, in one plan."""
    fitted = NormalMeanField(
        draws, gradient=gradient, learning_rate=rate, max_iter=steps, random_state=0
    )
    run = Run(model)
    fitted.fit(
        model.log_joint,
        np.zeros(INPUTS),
        joint_gradient=model.gradient,
        on_step=lambda _, mu, log_sigma: run.note(mu, np.exp(log_sigma)),
    )
    return run


def plans(
    model: Regression,
    gradient: str,
    draws: int,
    rates: tuple[float, ...],
    lengths: tuple[int, ...],
) -> list[Run]:
    """Return the runs of a method with all learning rates, in plans of all lengths."""
    runs = []
    for steps in lengths:
        for rate in rates:
            print(f"\r{gradient}, {draws} draws, {steps} steps", end="     ", file=sys.stderr)
            runs.append(stochastic(model, gradient, draws, steps, rate))
    print(file=sys.stderr)
    return runs


def first(runs: list[Run], level: float) -> float:
    """Return the milliseconds that the fastest of these runs takes to a level."""
    return 1e3 * min(run.time_to(level) for run in runs)


def draw(methods: dict[str, list[Run]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    levels = np.geomspace(1e4, 1e-3, 200)
    for (name, runs), line in zip(methods.items(), LINES, strict=True):
        times = np.array([first(runs, level) for level in levels])
        reached = np.isfinite(times)
        axes.loglog(times[reached], levels[reached], line, label=name)
    axes.set_xlabel("CPU time (ms)")
    axes.set_ylabel("best ELBO less ELBO (nats)")
    axes.set_title("Mean field of a Bayesian linear regression")
    axes.legend()
    figure.savefig(path, dpi=150)
    print(f"saved {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--quick", action="store_true", help="two plans in place of twelve")
    parser.add_argument(
        "--figure", type=Path, default=Path("ranking.png"), help="where to save it"
    )
    options = parser.parse_args()
    rates, lengths = (RATES[1:2], STEPS[:2]) if options.quick else (RATES, STEPS)
    model = Regression(np.random.default_rng(0))
    cavi(model)  # the first call of anything takes longer
    methods = {"CAVI": [cavi(model)]}
    for gradient, draws in METHODS:
        name = f"{gradient.replace('_', ' ')}, {draws} draw{'s' * (draws > 1)}"
        methods[name] = plans(model, gradient, draws, rates, lengths)
    print(
        f"evidence {model.log_evidence:.4f}, best ELBO {model.best:.4f} nats;"
        " CPU ms until the ELBO stays within so many nats of it"
    )
    print(f"{'':<28}" + "".join(f"{level:>9g}" for level in LEVELS))
    for name, runs in methods.items():
        print(f"{name:<28}" + "".join(f"{first(runs, level):9.1f}" for level in LEVELS))
    draw(methods, options.figure)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
