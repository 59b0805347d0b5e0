"""Time Gaussians and logistics from arrays against constriction's, and print the ratios.

    python benchmarks/lanes_gaussian.py [--quick]

Every symbol has a mean and a scale of its own: means uniform in [-50, 50], the logarithms of
scales uniform between those of 0.3 and 20, symbols from -255 to 255. CPU times of one thread,
medians of interleaved runs. Each stream is decoded and compared before it is timed.

constriction takes floats. `fast` takes the integers of FIX-10, which an integer network has at
hand; in the row "from floats" they are made in every run, into the same two arrays.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

import fast
from fast.coding.fixed_point import (
    invert_scales,
    invert_scales_kernel,
    quantise_means,
    quantise_means_kernel,
)

try:
    import constriction
except ImportError:
    raise SystemExit("the peer is missing: pip install constriction") from None

RUNS = 9
"""Timed runs, of which the median is printed."""
LOW, HIGH = -255, 255
SHORT = 1024
"""Symbols of a short message."""

Array = NDArray[Any]


class Arrays(NamedTuple):
    """Symbols, and what says how they are distributed."""

    symbols: Array
    means: Array
    stds: Array


def draw(count: int, seed: int) -> Arrays:
    rng = np.random.default_rng(seed)
    means = rng.uniform(-50, 50, count)
    stds = np.exp(rng.uniform(np.log(0.3), np.log(20), count))
    symbols = np.clip(np.rint(rng.normal(means, stds)), LOW, HIGH).astype(np.int32)
    return Arrays(symbols, means, stds)


def ideal_bits(data: Arrays) -> float:
    """Return the sum of -log2 of the probabilities; the tails belong to the ends."""
    upper = (data.symbols + 0.5 - data.means) / data.stds
    lower = (data.symbols - 0.5 - data.means) / data.stds
    upper[data.symbols == HIGH], lower[data.symbols == LOW] = np.inf, -np.inf
    negative = lower < 0  # differences of small numbers are exact, of numbers near 1 are not
    p = np.where(
        negative,
        special.ndtr(upper) - special.ndtr(lower),
        special.ndtr(-lower) - special.ndtr(-upper),
    )
    return float(-np.log2(p).sum())


def contenders(
    data: Arrays,
) -> dict[str, tuple[Callable[[], Array], Callable[[Array], Array]]]:
    """Return the name, the encoder and the decoder of each."""
    symbols, means, stds = data
    family = constriction.stream.model.QuantizedGaussian(LOW, HIGH)
    integers = LOW, HIGH, quantise_means(means), invert_scales(stds)
    floats = LOW, HIGH, means, stds

    def encode_there() -> Array:
        coder = constriction.stream.stack.AnsCoder()
        coder.encode_reverse(symbols, family, means, stds)
        return np.asarray(coder.get_compressed())

    def decode_there(words: Array) -> Array:
        coder = constriction.stream.stack.AnsCoder(words)
        return np.asarray(coder.decode(family, means, stds))

    buffers = quantise_means(means), invert_scales(stds)

    def from_floats() -> tuple[int, int, Array, Array]:
        if quantise_means_kernel(means, buffers[0]) or invert_scales_kernel(stds, buffers[1]):
            raise SystemExit("a mean or scale is out of its range")
        return LOW, HIGH, *buffers

    return {
        "constriction": (encode_there, decode_there),
        "Gaussians": (
            lambda: fast.encode_gaussians(symbols, *integers),
            lambda words: fast.decode_gaussians(words, *integers),
        ),
        "Gaussians from floats": (
            lambda: fast.encode_gaussians(symbols, *from_floats()),
            lambda words: fast.decode_gaussians(words, *from_floats()),
        ),
        "logistics": (
            lambda: fast.encode_logistics(symbols, *integers),
            lambda words: fast.decode_logistics(words, *integers),
        ),
        "constriction's, by fast": (
            lambda: fast.encode_constriction_gaussians(symbols, *floats),
            lambda words: fast.decode_constriction_gaussians(words, *floats),
        ),
    }


def compare(data: Arrays, repeats: int) -> None:
    """Print a row for each contender: speeds, ratios to the first one, and size."""
    rows = contenders(data)
    streams = {name: encode() for name, (encode, _) in rows.items()}
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in rows}
    for name, (_, decode) in rows.items():
        if not np.array_equal(decode(streams[name]), data.symbols):
            raise SystemExit(f"{name} does not give the symbols back")
    for _ in range(RUNS):
        for name, (encode, decode) in rows.items():
            start = time.thread_time()
            for _ in range(repeats):
                encode()
            middle = time.thread_time()
            for _ in range(repeats):
                decode(streams[name])
            times[name][0].append((middle - start) / repeats)
            times[name][1].append((time.thread_time() - middle) / repeats)
    count, ideal = data.symbols.size, ideal_bits(data)
    print(f"\n{count:,} symbols, ideally {ideal / count:.5f} bits each")
    print(f"{'':<24}{'encode Msym/s':>14}{'decode Msym/s':>22}{'bits':>17}{'over ideal':>12}")
    peer = [statistics.median(t) for t in times["constriction"]]
    for name, pair in times.items():
        cells = ""
        for ours, theirs in zip(map(statistics.median, pair), peer, strict=True):
            cells += f"{count / ours / 1e6:>13.1f}{theirs / ours:>7.2f} x"
        bits = 32 * streams[name].size
        print(f"{name:<24}{cells}{bits / count:>11.5f}{100 * (bits / ideal - 1):>+10.3f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="an eighth of the symbols")
    compare(draw((1 << 20) // (8 if parser.parse_args().quick else 1), 0), 1)
    compare(draw(SHORT, 1), 20)


if __name__ == "__main__":
    main()
