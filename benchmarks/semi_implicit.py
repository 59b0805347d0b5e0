"""Time semi-implicit inference in `fast` against its peers, and print the ratios.

    python benchmarks/semi_implicit.py [--quick]

CPU times of one thread, medians of interleaved runs. The peers: numpy with arrays of S x K and
scipy's logsumexp; and for the Gibbs sampler two loops of numpy calls, the reference, with a
call for the customers of each rank, and a tuned one, with one call for all of a sweep. Every
answer is compared before it is timed.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

import reference.inference.semi_implicit as reference
from fast.inference.semi_implicit import (
    lower_bound_gradients,
    negative_binomial_gibbs,
    normal_mixture_log_density,
)

Floats = NDArray[np.float64]

MITES = np.repeat(np.arange(8), [70, 38, 17, 10, 9, 3, 2, 1])
"""C. Bliss, R. Fisher, Biometrics 9 (1953), table 1: counts on 150 leaves."""

RUNS = 9
"""Timed runs, of which the median is printed."""


def logsumexp_mixture(z: Floats, others: Floats, sigma: float, own: Floats) -> Floats:
    psi = np.concatenate([np.broadcast_to(others, (len(z), *others.shape)), own[:, None]], 1)
    parts = -(((z[:, None] - psi) / sigma) ** 2).sum(axis=2) / 2
    constants = z.shape[1] * np.log(sigma * np.sqrt(2 * np.pi)) + np.log(psi.shape[1])
    return np.asarray(logsumexp(parts, axis=1) - constants)


def tuned_gibbs(counts: NDArray[np.int64], draws: int, rng: np.random.Generator) -> Floats:
    """Return r of every sweep: the customers of all ranks above the first in one call."""
    n = reference.tails(counts)
    ranks = np.repeat(np.arange(n.size), n)[n[0] :].astype(float)
    N, total, first, r, chain = counts.size, int(n.sum()), int(n[0]), 1.0, np.empty(draws)
    for i in range(draws):
        q = rng.beta(0.01 + N * r, 0.01 + total)
        tables = first + np.count_nonzero(rng.random(ranks.size) * (r + ranks) < r)
        r = rng.gamma(0.01 + tables, 1 / (0.01 - N * np.log(q)))
        chain[i] = r
    return chain


def compare(
    title: str, units: dict[str, int], contenders: dict[str, Callable[[int], Floats]]
) -> None:
    """Print a row for each: its time for a unit of work, and how many times the first's.

    A contender takes a number of units, and returns what is compared; `units` are those of a
    timed run.
    """
    answers = {name: call(1000 if len(units) > 2 else 1) for name, call in contenders.items()}
    first, *others = contenders
    for name in others:
        error = np.abs(answers[name] / answers[first] - 1).max()
        if not error <= (0.2 if name.endswith("tuned") else 1e-9):  # it draws other numbers
            raise SystemExit(f"{title}: {name} is off by {error}")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, call in contenders.items():
            start = time.thread_time()
            call(units[name])
            times[name].append((time.thread_time() - start) / units[name])
    medians = {name: statistics.median(t) for name, t in times.items()}
    print(title)
    for name, median in medians.items():
        print(f"    {name:<34}{median * 1e6:12.3f} us {median / medians[first]:8.1f} x")


def repeated(call: Callable[[], Floats]) -> Callable[[int], Floats]:
    def calls(n: int) -> Floats:
        for _ in range(n - 1):
            call()
        return call()

    return calls


def mixtures(S: int, K: int) -> None:
    rng = np.random.default_rng(0)
    own, others, eps = (rng.standard_normal((n, 2)) for n in (S, K, S))
    z = own + 0.1 * eps
    units = {"fast": max(1, 10_000 // S), "numpy": 1}
    compare(
        f"mixture density, S = {S}, K = {K}",
        units,
        {
            "fast": repeated(lambda: normal_mixture_log_density(z, others, 0.1, own)),
            "numpy": repeated(lambda: logsumexp_mixture(z, others, 0.1, own)),
        },
    )
    arguments = np.zeros(S), rng.standard_normal((S, 2)), own, others, 0.1, eps
    compare(
        f"bound and gradients, S = {S}, K = {K}",
        units,
        {
            "fast": repeated(lambda: lower_bound_gradients(*arguments)[1].own),
            "numpy": repeated(lambda: reference.lower_bound_gradients(*arguments)[1].own),
        },
    )


def gibbs(sweeps: int) -> None:
    def mean_of(sampler: Callable[..., tuple[Floats, Floats]]) -> Callable[[int], Floats]:
        def chain(n: int) -> Floats:
            r, _ = sampler(MITES, n, np.random.default_rng(0), burn_in=0)
            return np.atleast_1d(r.mean())

        return chain

    compare(
        "Gibbs sampler, a sweep of 150 counts",
        {"fast": sweeps, "numpy, reference": sweeps // 100, "numpy, tuned": sweeps // 100},
        {
            "fast": mean_of(negative_binomial_gibbs),
            "numpy, reference": mean_of(reference.negative_binomial_gibbs),
            "numpy, tuned": lambda n: np.atleast_1d(
                tuned_gibbs(MITES, n, np.random.default_rng(0)).mean()
            ),
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a tenth of the numbers")
    few = 10 if parser.parse_args().quick else 1
    mixtures(50, 1000)
    mixtures(1000 // few, 1000)
    gibbs(200_000 // few)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
