"""Reproduce the negative binomial example of semi-implicit variational inference.

    python benchmarks/reproduce/sivi.py [--others 20 100 1000] [--figure sivi.png]

The counts are those of mites on 150 apple leaves (C. Bliss, R. Fisher, Biometrics 9, 1953),
the model is SIV-7 with 0.01 for every parameter of the priors. What is printed: means and
standard deviations of r and p under the exact posterior, a Gibbs sampler, the mean field, and
the semi-implicit family for several numbers K of psi in the mixture, and how far they are from
the exact ones; their correlation; and the bounds.

The set-up is that of the paper (M. Yin, M. Zhou, ICML 2018, arXiv:1805.11183, section 4.2) and
of its code: a log-normal r and a logit-normal p of scale 0.1, whose psi a network with hidden
layers of 40, 60 and 40 units makes of 10 normal numbers; 50 z a step, and Adam with a rate of
0.01 that is multiplied by 0.75 every 100 steps. The paper shows its results as a figure of
densities; in numbers there is only the mean field of its code, whose priors have 1e-6 and not
0.01.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from fast.inference.semi_implicit import (
    lower_bound_gradients,
    negative_binomial_gibbs,
    normal_mixture_log_density,
)
from fast.models.mlp import adam_step
from reference.inference.semi_implicit import (
    NegativeBinomialPosterior,
    negative_binomial_log_joint,
    negative_binomial_log_marginal,
    negative_binomial_mean_field,
    negative_binomial_posterior,
    semi_implicit_sample,
)
from reference.models.mlp import Mlp, adam_initialise, forward, initialise, reverse

Floats = NDArray[np.float64]

COUNTS = np.repeat(np.arange(8), [70, 38, 17, 10, 9, 3, 2, 1])
"""Leaves with 0, 1, ..., 7 mites."""

NOISE = 10
HIDDEN = (40, 60, 40)
SIGMA = 0.1
BATCH = 50
RATE, DECAY, DECAY_STEPS = 0.01, 0.75, 100

PUBLISHED = {"mean field": (114.812048, 114.955329, 172.000001, 149.813040)}
"""Gamma and beta distribution in the code of the paper's authors."""


@dataclass(frozen=True)
class Row:
    """A line of the table, and what the figure needs of it."""

    name: str
    mean: Floats
    sd: Floats
    correlation: float
    bound: str
    seconds: float
    draws: Floats | None = None


def train(K: int, steps: int, rng: np.random.Generator, report: Callable[[str], None]) -> Mlp:
    """Return the network that makes psi of noise, after `steps` steps up the bound L_K."""
    network = initialise((NOISE, *HIDDEN, 2), rng, np.float64)
    state, recent = adam_initialise(network), []
    for step in range(steps):
        psi, inputs = forward(network, rng.standard_normal((BATCH + K, NOISE)))
        eps = rng.standard_normal((BATCH, 2))
        z = semi_implicit_sample(psi[:BATCH], SIGMA, eps)
        estimates, gradient = lower_bound_gradients(
            *negative_binomial_log_joint(COUNTS, z), psi[:BATCH], psi[BATCH:], SIGMA, eps
        )
        downhill = -np.concatenate([gradient.own, gradient.others])
        layers, _ = reverse(network, inputs, downhill)
        rate = RATE * DECAY ** (step / DECAY_STEPS)
        network, state = adam_step(network, layers, state, rate)
        recent.append(estimates.mean())
        if (step + 1) % max(1, steps // 20) == 0:
            report(f"K = {K}: step {step + 1} of {steps}, bound {np.mean(recent[-100:]):.4f}")
    return network


def semi_implicit(K: int, steps: int, seed: int, report: Callable[[str], None]) -> Row:
    """Train, then take moments over psi of the moments given psi: no noise but psi's."""
    start = time.process_time()
    rng = np.random.default_rng(seed)
    network = train(K, steps, rng, report)
    seconds = time.process_time() - start
    psi, _ = forward(network, rng.standard_normal((400_000, NOISE)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    weights = weights / weights.sum()
    r = (
        np.exp(psi[:, :1] + SIGMA * nodes) @ weights,
        np.exp(2 * (psi[:, :1] + SIGMA * nodes)) @ weights,
    )
    of_p = expit(psi[:, 1:] + SIGMA * nodes)
    p = of_p @ weights, of_p**2 @ weights
    mean = np.array([r[0].mean(), p[0].mean()])
    sd = np.sqrt(np.array([r[1].mean(), p[1].mean()]) - mean**2)
    covariance = ((r[0] - mean[0]) * (p[0] - mean[1])).mean()
    lower, upper, error = enclose(psi, rng)
    z = semi_implicit_sample(psi[:20_000], SIGMA, rng.standard_normal((20_000, 2)))
    draws = np.stack([np.exp(z[:, 0]), expit(z[:, 1])])
    bound = f"{lower:.4f} to {upper:.4f} (+- {error:.4f})"
    return Row(
        f"SIVI, K = {K}", mean, sd, float(covariance / sd.prod()), bound, seconds, draws
    )


def enclose(psi: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return L_K and U_K of 20,000 z with K = 20,000, and the error of their sampling."""
    own, others = psi[:20_000], psi[20_000:40_000]
    z = semi_implicit_sample(own, SIGMA, rng.standard_normal(own.shape))
    joint, _ = negative_binomial_log_joint(COUNTS, z)
    low = joint - normal_mixture_log_density(z, others, SIGMA, own)
    high = joint - normal_mixture_log_density(z, others, SIGMA)
    return float(low.mean()), float(high.mean()), float(low.std() / np.sqrt(low.size))


def gibbs(draws: int, seed: int) -> Row:
    start = time.process_time()
    chain = np.stack(
        negative_binomial_gibbs(COUNTS, draws, np.random.default_rng(seed), burn_in=10_000)
    )
    seconds = time.process_time() - start
    correlation = float(np.corrcoef(chain)[0, 1])
    thinned = chain[:, :: max(1, draws // 20_000)]
    return Row(
        "Gibbs", chain.mean(axis=1), chain.std(axis=1), correlation, "", seconds, thinned
    )


def figure(path: Path, exact: NegativeBinomialPosterior, rows: list[Row]) -> None:
    """Draw both marginals and the joint: exact, mean field, and all that has draws."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--figure needs matplotlib: pip install 'bits-back[demo]'") from None
    from scipy import stats

    field = negative_binomial_mean_field(COUNTS)
    r, p = np.linspace(0.3, 2.6, 400), np.linspace(0.25, 0.8, 400)
    by_r = np.exp(negative_binomial_log_marginal(COUNTS, np.log(r)) - exact.log_evidence) / r
    a, b = 0.01 + COUNTS.sum(), 0.01 + COUNTS.size * r
    joint = by_r * stats.beta.pdf(p[:, None], a, b)
    fields = (
        stats.gamma.pdf(r, field.a, scale=1 / field.b),
        stats.beta.pdf(p, field.alpha, field.beta),
    )
    shown = [row for row in rows if row.draws is not None]
    colours = ["C0", "C1", "C2", "C4", "C5", "C6", "C7", "C8"]
    columns = max(3, len(shown))
    fig = pyplot.figure(figsize=(3.4 * columns, 6.6), layout="constrained")
    top, bottom = fig.subfigures(2, 1)
    axes = top.subplots(1, 2)
    for axis, grid, density, other, name in zip(
        axes, (r, p), (by_r, exact.p_density(p)), fields, "rp", strict=True
    ):
        axis.plot(grid, density, "k", lw=2.5, label="exact")
        axis.plot(grid, other, "C3--", label="mean field")
        for row, colour in zip(shown, colours, strict=False):
            draws = row.draws["rp".index(name)]  # type: ignore[index]
            heights, edges = np.histogram(draws, 60, (grid[0], grid[-1]), density=True)
            axis.stairs(heights, edges, color=colour, label=row.name)
        axis.set(xlabel=name, title=f"posterior of {name}", ylim=(0, 3.2 * density.max()))
    axes[0].legend(fontsize=8)
    panels = bottom.subplots(1, columns, sharex=True, sharey=True, squeeze=False)[0]
    for axis, row in zip(panels, shown, strict=False):
        draws = row.draws
        assert draws is not None
        axis.plot(draws[0, :3000], draws[1, :3000], ".", ms=1.5, alpha=0.4, color="C0")
        axis.contour(r, p, joint, levels=joint.max() * np.array([0.05, 0.25, 0.6]), colors="k")
        product = fields[0] * fields[1][:, None]
        axis.contour(
            *(r, p, product), levels=product.max() * np.array([0.05, 0.25, 0.6]), colors="C3"
        )
        axis.set(xlim=(r[0], r[-1]), ylim=(p[0], p[-1]), xlabel="r", title=row.name)
    panels[0].set_ylabel("p (black exact, red mean field)")
    fig.savefig(path, dpi=110)
    print(f"figure: {path}")


def show(rows: list[Row]) -> None:
    exact = rows[0]
    print(
        f"\n{'':<14}{'mean r':>9}{'sd r':>9}{'mean p':>9}{'sd p':>9}{'corr':>8}"
        f"{'over the exact, per cent':>32}{'CPU s':>8}   bound of the log evidence, nats"
    )
    for row in rows:
        numbers = np.array([row.mean[0], row.sd[0], row.mean[1], row.sd[1]])
        truth = np.array([exact.mean[0], exact.sd[0], exact.mean[1], exact.sd[1]])
        off = "".join(f"{v:+8.2f}" for v in 100 * (numbers / truth - 1))
        print(
            f"{row.name:<14}" + "".join(f"{v:9.5f}" for v in numbers),
            f"{row.correlation:7.3f}{off:>32}{row.seconds:8.1f}   {row.bound}",
        )
        if row.name in PUBLISHED:
            shape, rate, alpha, beta = PUBLISHED[row.name]
            of_p = alpha / (alpha + beta)
            sds = shape**0.5 / rate, (of_p * (1 - of_p) / (alpha + beta + 1)) ** 0.5
            print(
                f"{'  published':<14}{shape / rate:9.5f}{sds[0]:9.5f}{of_p:9.5f}{sds[1]:9.5f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--others", type=int, nargs="+", default=[20, 100, 1000], metavar="K")
    parser.add_argument("--steps", type=int, default=2000, help="of Adam; 2000 in the paper")
    parser.add_argument("--sweeps", type=int, default=1_000_000, help="of the Gibbs sampler")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="where to save a PNG")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args()
    report: Callable[[str], None] = (lambda line: None) if options.quiet else print

    start = time.process_time()
    posterior = negative_binomial_posterior(COUNTS)
    seconds = time.process_time() - start
    rows = [
        Row(
            *("exact", posterior.mean, posterior.sd, posterior.correlation),
            *(f"{posterior.log_evidence:.4f}", seconds),
        )
    ]
    rows.append(gibbs(options.sweeps, options.seed))
    start = time.process_time()
    field = negative_binomial_mean_field(COUNTS)
    seconds = time.process_time() - start
    rows.append(Row("mean field", field.mean, field.sd, 0.0, f"{field.elbo:.4f}", seconds))
    for K in options.others:
        rows.append(semi_implicit(K, options.steps, options.seed, report))
    show(rows)
    if options.figure:
        figure(options.figure, posterior, rows)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
