"""Reproduce the toy problem of REBAR and RELAX: one bit, and a function that hardly varies.

    python benchmarks/reproduce/relax_toy.py [--t 0.499] [--figure relax_toy.png]

The loss is the expectation of ``(b - t)^2`` over one bit, of which the logit is trained by
Adam, from 0, with one row of noise a step. For t = 0.499 the best bit is a sure 0, with a loss
of 0.249001 where a fair bit has 0.250001; the score function's estimate is nearly all noise.

Every estimator of GRD for one discrete latent takes part: the score function, with two rows
and the leave-one-out baseline too, NVIL, MuProp, Concrete, straight-through, REBAR and RELAX;
and the exact gradient. What REBAR and RELAX learn, eta and the temperature, and the network of
10 tanh units that RELAX adds, follows the gradient of the variance (GRD-13). Learning curves
are means over independent runs, each with control variates of its own. Variances are no
estimates: at the parameters of each run, enumeration and quadrature give them exactly; so do
they the bias. CPU time is that of `reference`, for all runs at once.

The set-up is that of the paper (W. Grathwohl et al., ICLR 2018, arXiv:1711.00123), which shows
its results as a figure, and no numbers.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from reference.inference.adam import adam
from reference.inference.gradients import (
    Bernoulli,
    concrete_gradient,
    leave_one_out,
    muprop_gradient,
    nvil_signal,
    relax_gradient,
    relax_variance_gradient,
    score_function_gradient,
    straight_through_gradient,
)

Floats = NDArray[np.float64]

UNITS = 10
CONCRETE_TEMPERATURE = 0.5


@dataclass(frozen=True)
class Toy:
    """``(b - t)^2`` of one bit a row, and its derivative."""

    t: float

    def __call__(self, b: Floats) -> Floats:
        """Return one number a row."""
        return ((b - self.t) ** 2).sum(axis=-1)

    def gradient(self, b: Floats) -> Floats:
        """Return the derivative, of the shape of b."""
        return 2 * (b - self.t)


@dataclass(frozen=True)
class Control:
    """``eta f(sigmoid(z / T)) + w . tanh(a z + b)``, each row with its own parameters.

    Those are eta, log T, and for RELAX a, b and w, one line a row.
    """

    f: Toy
    phi: Floats

    def parts(self, z: Floats) -> tuple[Floats, ...]:
        """Return ``z / T``, f at the relaxed bit, and its two derivatives in that."""
        y = z[:, 0] / np.exp(self.phi[:, 1])
        x = expit(y)
        slope, away = x * (1 - x), x - self.f.t
        return y, away**2, 2 * away * slope, 2 * slope * (slope + away * (1 - 2 * x))

    def units(self, z: Floats) -> tuple[Floats, ...]:
        """Return a, w, the units, and their derivatives."""
        a, b, w = np.split(self.phi[:, 2:], 3, axis=1)
        h = np.tanh(a * z + b)
        return a, w, h, 1 - h**2

    def value(self, z: Floats) -> Floats:
        """Return one number a row."""
        _, w, h, _ = self.units(z)
        return self.phi[:, 0] * self.parts(z)[1] + (w * h).sum(axis=1)

    def gradient(self, z: Floats) -> Floats:
        """Return the derivative in z."""
        a, w, _, slope = self.units(z)
        relaxed = self.phi[:, 0] * self.parts(z)[2] / np.exp(self.phi[:, 1])
        return (relaxed + (w * slope * a).sum(axis=1))[:, None]

    def parameter_gradient(self, z: Floats, weight: Floats, direction: Floats) -> Floats:
        """Return that of ``weight c + direction dc/dz`` in the parameters."""
        y, F, F_1, F_2 = self.parts(z)
        along = direction[:, 0] / np.exp(self.phi[:, 1])
        d_eta = weight * F + along * F_1
        d_log_t = -self.phi[:, 0] * (weight * F_1 * y + along * (F_2 * y + F_1))
        a, w, h, slope = self.units(z)
        weight = weight[:, None]
        d_b = w * slope * (weight - 2 * direction * a * h)
        d_a = z * d_b + direction * w * slope
        d_w = weight * h + direction * slope * a
        return np.concatenate([d_eta[:, None], d_log_t[:, None], d_a, d_b, d_w], axis=1)


@dataclass
class Run:
    """What an estimator did: all runs, at the steps at which it was looked at."""

    name: str
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    p: list[Floats] = field(default_factory=list)
    variance: list[Floats] = field(default_factory=list)
    bias: list[Floats] = field(default_factory=list)


class Estimator:
    """One gradient a run from noise ``(runs, 2, 1)``; what it learns, it keeps."""

    def __init__(self, name: str, f: Toy, runs: int, rate: float, rng: np.random.Generator):
        self.name, self.f, self.rate = name, f, rate
        self.state = np.zeros((runs, 2))  # of NVIL: centre and variance
        self.learns = [name == "REBAR" or name == "RELAX"] * 2 + [name == "RELAX"] * 3 * UNITS
        self.phi = np.zeros((runs, 2 + 3 * UNITS))
        if any(self.learns):
            self.phi[:, :2] = 1, np.log(0.5)
        if name == "RELAX":
            self.phi[:, 2:] = 0.1 * rng.standard_normal((runs, 3 * UNITS))
        self.means = np.zeros((2, *self.phi.shape))

    def values(self, theta: Floats, noise: Floats, phi: Floats, state: Floats) -> Floats:
        """Return the estimates, one a row, of shape ``(rows, 1)``."""
        f, q, u, v = self.f, Bernoulli(theta), noise[:, 0], noise[:, 1]
        if self.name == "exact":
            return q.mean * (1 - q.mean) * (1 - 2 * f.t)
        if self.name == "score function":
            return score_function_gradient(f, q, u)
        if self.name == "leave one out":
            both = np.stack([f(q.rounded(q.relaxed(w))) for w in (u, v)])
            baselines = leave_one_out(both)
            pairs = zip((u, v), baselines, strict=True)
            return sum(score_function_gradient(f, q, w, b) for w, b in pairs) / 2
        if self.name == "NVIL":
            b = q.rounded(q.relaxed(u))
            return nvil_signal(f(b)[None], *state.T).signal.T * q.score(b)
        if self.name == "MuProp":
            return muprop_gradient(f, f.gradient, q, u)
        if self.name == "Concrete":
            return concrete_gradient(f.gradient, q, u, CONCRETE_TEMPERATURE)
        if self.name == "straight-through":
            return straight_through_gradient(f.gradient, q, u)
        return relax_gradient(f, Control(f, phi), q, u, v)

    def step(self, theta: Floats, noise: Floats, t: int) -> Floats:
        """Return one estimate a run, and learn from it."""
        g = self.values(theta, noise, self.phi, self.state)
        q, u, v = Bernoulli(theta), noise[:, 0], noise[:, 1]
        if self.name == "NVIL":
            found = nvil_signal(self.f(q.rounded(q.relaxed(u)))[None], *self.state.T)
            self.state = np.stack([found.centre, found.variance], axis=1)
        if any(self.learns):
            d = relax_variance_gradient(Control(self.f, self.phi), q, u, v, g)
            self.phi, *self.means = adam(self.phi, d * self.learns, *self.means, t, self.rate)
        return g

    def moments(self, theta: Floats, nodes: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Return the expectation and the variance of each run, by quadrature over noise."""
        means, variances = [], []
        for logit, phi, state in zip(theta[:, 0], self.phi, self.state, strict=True):
            p = expit(logit)
            u = np.concatenate([nodes * (1 - p), 1 - p + nodes * p])
            v, w_v = u, np.concatenate([weights * (1 - p), weights * p])
            w_u = w_v
            if any(self.learns):  # v is of no state: no need to split it
                v, w_v = nodes, weights
            if not (any(self.learns) or self.name == "leave one out"):
                v, w_v = np.array([0.5]), np.array([1.0])
            noise = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2, 1)
            noise = np.clip(noise, 1e-300, 1 - 2.0**-53)
            w, rows = np.outer(w_u, w_v).ravel(), np.ones((len(noise), 1))
            g = self.values(logit * rows, noise, phi * rows, state * rows)[:, 0]
            mean = w @ g
            means.append(mean)
            variances.append(w @ (g - mean) ** 2)
        return np.array(means), np.array(variances)


def train(
    estimator: Estimator, options: argparse.Namespace, report: Callable[[str], None]
) -> Run:
    """Return what the estimator did from logits of 0."""
    rng = np.random.default_rng(options.seed)
    f, run, runs = estimator.f, Run(estimator.name), options.runs
    theta, seconds = np.zeros((runs, 1)), 0.0
    means = np.zeros((2, runs, 1))
    s = np.linspace(-3, 3, 40)  # the tanh-sinh rule on (0, 1)
    nodes = expit(np.pi * np.sinh(s))
    weights = (s[1] - s[0]) * np.pi * np.cosh(s) * nodes * (1 - nodes)
    every = max(1, options.steps // 25)
    for t in range(options.steps + 1):
        if t % every == 0 or t == options.steps:
            mean, variance = estimator.moments(theta, nodes, weights)
            p = expit(theta)[:, 0]
            run.steps.append(t)
            run.seconds.append(seconds)
            run.p.append(p)
            run.variance.append(variance)
            run.bias.append(mean - p * (1 - p) * (1 - 2 * f.t))
        noise = rng.uniform(2.0**-53, 1, (runs, 2, 1))
        start = time.thread_time()
        g = estimator.step(theta, noise, t + 1)
        theta, *means = adam(theta, g, *means, t + 1, options.rate)
        seconds += time.thread_time() - start
    report(f"{run.name}: {options.steps} steps in {run.seconds[-1]:.1f} s")
    return run


def loss(p: Floats, t: float) -> Floats:
    return p * (1 - t) ** 2 + (1 - p) * t**2


def show(results: list[Run], t: float) -> None:
    print(f"{'estimator':<17}{'loss at the end':>22}{'p':>8}", end="")
    print(f"{'variance: start':>17}{'end':>11}{'bias: start':>13}{'end':>11}{'us/step':>9}")
    for r in results:
        at_end = loss(r.p[-1], t)
        print(f"{r.name:<17}{at_end.mean():>12.6f} ±{at_end.std():.6f}", end="")
        print(f"{r.p[-1].mean():>9.3f}", end="")
        print(f"{r.variance[0].mean():>17.3e}{r.variance[-1].mean():>11.2e}", end="")
        print(f"{r.bias[0].mean():>13.1e}{r.bias[-1].mean():>11.1e}", end="")
        print(f"{1e6 * r.seconds[-1] / r.steps[-1]:>9.0f}")


def figure(results: list[Run], t: float, path: Path) -> None:
    """Draw losses and variances, by steps and by time."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--figure needs matplotlib: pip install 'bits-back[demo]'") from None

    fig, axes = pyplot.subplots(2, 2, figsize=(11, 7), sharey="row", layout="constrained")
    for column, along in enumerate(("steps", "seconds")):
        for i, r in enumerate(results):
            x, style = getattr(r, along), "-" if i % 2 else "--"
            losses = [loss(p, t).mean() for p in r.p]
            axes[0, column].plot(x, losses, style, label=r.name)
            if r.name != "exact":
                variance = [max(v.mean(), 1e-12) for v in r.variance]
                axes[1, column].plot(x, variance, style, color=f"C{i}")
        axes[1, column].set_yscale("log")
        axes[1, column].set_xlabel({"steps": "step", "seconds": "CPU seconds"}[along])
    axes[0, 0].axhline(min(t**2, (1 - t) ** 2), color="grey", lw=0.5)
    axes[0, 0].set_ylabel("loss, mean of the runs")
    axes[1, 0].set_ylabel("variance of one estimate, exact")
    axes[0, 1].legend(fontsize="small")
    fig.savefig(path, dpi=120)
    print(f"figure: {path}")


NAMES = (
    "exact",
    "score function",
    "leave one out",
    "NVIL",
    "MuProp",
    "Concrete",
    "straight-through",
    "REBAR",
    "RELAX",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--t", type=float, default=0.499)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0.01, help="of Adam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="where to save a PNG")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args()
    report: Callable[[str], None] = (lambda line: None) if options.quiet else print
    results, f = [], Toy(options.t)
    with threadpool_limits(1):
        for name in NAMES:
            rng = np.random.default_rng(options.seed + 1)
            estimator = Estimator(name, f, options.runs, options.rate, rng)
            results.append(train(estimator, options, report))
    best = min(options.t**2, (1 - options.t) ** 2)
    print(f"t = {options.t}, {options.steps} steps, {options.runs} runs; best loss {best:.6f}")
    show(results, options.t)
    if options.figure is not None:
        figure(results, options.t, options.figure)


if __name__ == "__main__":
    main()
