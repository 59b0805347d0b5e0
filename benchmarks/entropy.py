"""Time the information measures of `fast` against their peers, and print the ratios.

    python benchmarks/entropy.py [--quick]

CPU times of one thread, medians of interleaved runs. The peers: scipy's own measures, plain
numpy, and scikit-learn for samples. Every answer is compared before it is timed.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import mutual_info_score
from threadpoolctl import threadpool_limits

from fast.information.entropy import (
    entropy,
    kl_divergence,
    mutual_information,
    mutual_information_from_samples,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RUNS = 9
"""Timed runs, of which the median is printed."""


def numpy_entropy(p: Floats) -> float:
    return float(-(p * np.log2(p)).sum())


def numpy_kl(p: Floats, q: Floats) -> float:
    return float((p * np.log2(p / q)).sum())


def scipy_mutual_information(p: Floats) -> float:
    of_x, of_y = stats.entropy(p.sum(1), base=2), stats.entropy(p.sum(0), base=2)
    return float(of_x + of_y - stats.entropy(p.ravel(), base=2))


def numpy_mutual_information(p: Floats) -> float:
    product = p.sum(1)[:, None] * p.sum(0)
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / product[seen])).sum())


def bincount_mutual_information(x: Integers, y: Integers) -> float:
    counts = np.bincount(x * 256 + y, minlength=65536)
    return numpy_mutual_information(counts.reshape(256, 256) / x.size)


def compare(title: str, ours: Callable[[], float], **peers: Callable[[], float]) -> None:
    """Print a row for each peer: how many times as long it takes as our function."""
    contenders = {"fast": ours, **peers}
    answers = {name: float(call()) for name, call in contenders.items()}  # and compile
    for name, answer in answers.items():
        if abs(answer - answers["fast"]) > 1e-9:
            raise SystemExit(f"{title}: {name} gives {answer}, not {answers['fast']}")
    start = time.thread_time()
    ours()
    repeats = max(1, round(0.02 / max(time.thread_time() - start, 1e-6)))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, call in contenders.items():
            start = time.thread_time()
            for _ in range(repeats if name == "fast" else 1):
                call()
            elapsed = time.thread_time() - start
            times[name].append(elapsed / (repeats if name == "fast" else 1))
    medians = {name: statistics.median(t) for name, t in times.items()}
    print(f"{title:<34} fast {medians['fast'] * 1e3:10.3f} ms")
    for name in peers:
        ratio = medians[name] / medians["fast"]
        print(f"{'':<34} {name:<22} {medians[name] * 1e3:10.3f} ms {ratio:7.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a tenth of the numbers")
    size = 10_000_000 // (10 if parser.parse_args().quick else 1)
    rng = np.random.default_rng(0)
    p, q = rng.random(size), rng.random(size)
    p /= p.sum()
    q /= q.sum()
    compare(
        f"entropy, {size:,} outcomes",
        lambda: float(entropy(p)),
        scipy=lambda: float(stats.entropy(p, base=2)),
        numpy=lambda: numpy_entropy(p),
    )
    compare(
        f"KL, {size:,} outcomes",
        lambda: float(kl_divergence(p, q)),
        scipy=lambda: float(stats.entropy(p, q, base=2)),
        numpy=lambda: numpy_kl(p, q),
    )
    table = rng.random((256, 256))
    table /= table.sum()
    compare(
        "MI, table of 256 x 256",
        lambda: float(mutual_information(table)),
        scipy=lambda: scipy_mutual_information(table),
        numpy=lambda: numpy_mutual_information(table),
    )
    x = rng.integers(0, 256, size // 10)
    y = (x + rng.integers(0, 100, x.size)) % 256
    for kind in (np.int64, np.uint8):
        a, b = x.astype(kind), y.astype(kind)
        compare(
            f"MI, {x.size:,} pairs, {np.dtype(kind)}",
            lambda a=a, b=b: float(mutual_information_from_samples(a, b)),  # type: ignore[misc]
            sklearn=lambda a=a, b=b: mutual_info_score(a, b) / np.log(2),  # type: ignore[misc]
            bincount_numpy=lambda a=a, b=b: bincount_mutual_information(  # type: ignore[misc]
                a.astype(np.int64), b
            ),
        )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
