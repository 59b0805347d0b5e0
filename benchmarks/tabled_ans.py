"""Time tabled ANS against rANS with one head and zlib's Huffman coder; print sizes and ratios.

    python benchmarks/tabled_ans.py [--quick]

CPU times of one thread, medians of interleaved runs. All contenders code the same bytes; the
two of this project do so with the same table of 12 bits, and what depends on the table alone
is made before. rANS pushes and pops with the functions of `fast.coding.ans`, in loops below
that look the interval of a symbol up, and the symbol of a slot. zlib makes its own model and
writes it too.
"""

import argparse
import statistics
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding import tabled_ans
from fast.coding.ans import (
    is_full_kernel,
    is_low_kernel,
    pop_head_kernel,
    push_head_kernel,
    refill_kernel,
    spill_kernel,
)
from reference.coding.fixed_point import quantise
from reference.coding.tabled_ans import precise_spread

PREC = 12
RUNS = 9
"""Timed runs, of which the median is printed."""
ONE = uint64(1)


@kernel
def push_table_kernel(head, words, n, symbols, starts, freqs, prec):  # type: ignore[no-untyped-def]
    for i in range(symbols.size - 1, -1, -1):
        symbol = symbols[i]
        if is_full_kernel(head, freqs[symbol], prec):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, starts[symbol], freqs[symbol], prec)
    return head, n


@kernel
def pop_table_kernel(head, words, n, out, owners, starts, freqs, prec):  # type: ignore[no-untyped-def]
    mask = (ONE << prec) - ONE
    for i in range(out.size):
        symbol = owners[head & mask]
        out[i] = symbol
        head = pop_head_kernel(head, starts[symbol], freqs[symbol], prec)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
    return head, n


def median_seconds(contenders: dict[str, Callable[[], Any]], size: int) -> dict[str, float]:
    repeats = max(1, 2_000_000 // size)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, call in contenders.items():
            start = time.thread_time()
            for _ in range(repeats):
                call()
            times[name].append((time.thread_time() - start) / repeats)
    return {name: statistics.median(t) for name, t in times.items()}


def compare(title: str, p: NDArray[np.float64], size: int) -> None:
    """Check that all decode what they encode, then print a row for each of them."""
    symbols = np.random.default_rng(0).choice(p.size, size, p=p).astype(np.uint8)
    cumulative = np.array(quantise(p, PREC))
    freqs, starts = np.diff(cumulative).astype(np.uint64), cumulative[:-1].astype(np.uint64)
    owners = np.repeat(np.arange(p.size), np.diff(cumulative)).astype(np.uint8)
    spread = precise_spread(np.diff(cumulative).tolist())
    encoder = tabled_ans.tabled_encoder_arguments(spread)
    decoder = tabled_ans.tabled_decoder_arguments(spread)
    words, out = np.empty(size * PREC // 32 + 3, np.uint32), np.empty(size, np.uint8)
    prec, zero = np.uint64(PREC), np.uint64(0)
    empty, lowest = np.uint64(1 << PREC), np.uint64(1 << 32)
    text = symbols.tobytes()

    def push_tabled() -> Any:
        return tabled_ans.encode_tabled_kernel(symbols, empty, *encoder, words)

    def push_rans() -> Any:
        return push_table_kernel(lowest, words, zero, symbols, starts, freqs, prec)

    def push_zlib() -> bytes:
        z = zlib.compressobj(6, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
        return z.compress(text) + z.flush()

    top, bits = (kind(v) for kind, v in zip((np.uint64, np.int64), push_tabled(), strict=True))
    tabled = words.copy()
    head, n = (np.uint64(v) for v in push_rans())
    ranged = words.copy()
    deflated = push_zlib()

    def pop_tabled() -> Any:
        return tabled_ans.decode_tabled_kernel(tabled, bits, top, *decoder, out)

    def pop_rans() -> Any:
        return pop_table_kernel(head, ranged, n, out, owners, starts, freqs, prec)

    def pop_zlib() -> bytes:
        return zlib.decompress(deflated, -15)

    for pop in (pop_tabled, pop_rans):
        out[:] = 0
        pop()
        if not np.array_equal(out, symbols):
            raise SystemExit(f"{title}: {pop.__name__} is wrong")
    if pop_zlib() != text:
        raise SystemExit(f"{title}: zlib is wrong")
    frequency = np.bincount(symbols, minlength=p.size) / size
    ideal = -size * np.sum(frequency * np.log2(freqs / 2.0**PREC)) / 8
    encoding = median_seconds(
        {"tabled": push_tabled, "rANS, one head": push_rans, "zlib, Huffman": push_zlib}, size
    )
    decoding = median_seconds(
        {"tabled": pop_tabled, "rANS, one head": pop_rans, "zlib, Huffman": pop_zlib}, size
    )
    sizes = (-(-(int(bits) + PREC + 1) // 8), 4 * int(n) + 8, len(deflated))
    print(f"{title}, {size:,} symbols; the tables' ideal length is {ideal:,.1f} bytes")
    for name, written in zip(encoding, sizes, strict=True):
        rates = (size / encoding[name] / 1e6, size / decoding[name] / 1e6)
        ratios = (encoding[name] / encoding["tabled"], decoding[name] / decoding["tabled"])
        print(
            f"    {name:<16} encode {rates[0]:6.0f} MB/s {ratios[0]:5.2f} x   "
            f"decode {rates[1]:6.0f} MB/s {ratios[1]:5.2f} x   {written:>10,} bytes"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a sixteenth of the symbols")
    size = (1 << 24) // (16 if parser.parse_args().quick else 1)
    geometric = 0.92 ** np.arange(256)
    for title, p in {
        "256 symbols": geometric / geometric.sum(),
        "4 symbols": np.array([0.9, 0.05, 0.03, 0.02]),
    }.items():
        for count in (1024, size):
            compare(title, p, count)


if __name__ == "__main__":
    main()
