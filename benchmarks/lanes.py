"""Time the coders on lanes, and files of bytes, against what one would install instead.

    OMP_NUM_THREADS=1 python benchmarks/lanes.py [--quick] [--only NAME ...]

CPU times of one thread, medians of interleaved runs; a ratio above 1 means that this project
is faster. Everything is decoded and compared before it is timed. The peers are `constriction`
and zlib with its Huffman coder alone, both called from Python, and `np.copyto` of the same
bytes. The row "threads" is wall-clock time, the best of its runs: it means something only
where two cores are idle.
"""

import argparse
import statistics
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import constriction
import numpy as np
from scipy.stats import norm

from fast.coding.fixed_point import quantise_counts
from fast.coding.lanes import (
    decode_bernoullis,
    decode_bernoullis_kernel,
    decode_indexed,
    decode_static,
    decode_static_kernel,
    default_lanes,
    encode_bernoullis,
    encode_bernoullis_kernel,
    encode_indexed,
    encode_static,
    encode_static_kernel,
)
from fast.coding.lanes._tables import static_table
from fast.compression.byte_strings import compress_bytes, decompress_bytes

RUNS = 7
"""Timed runs, of which the median is printed."""
PREC = 14
ZERO = np.uint64(0)
STACK: Any = constriction.stream.stack
MODEL: Any = constriction.stream.model

Call = Callable[[], Any]


class Pair(NamedTuple):
    """A contender: how it encodes, and how it decodes."""

    encode: Call
    decode: Call


def seconds(calls: dict[str, Call], *, wall: bool = False) -> dict[str, list[float]]:
    clock = time.perf_counter if wall else time.thread_time
    times: dict[str, list[float]] = {name: [] for name in calls}
    for run in range(RUNS + 1):  # the first one warms caches up
        for name, call in calls.items():
            start = clock()
            call()
            if run:
                times[name].append(clock() - start)
    return times


def compare(title: str, count: int, ours: dict[str, Pair], peers: dict[str, Pair]) -> None:
    """Print the speed of each contender, and the ratios of ours to all peers."""
    print(f"{title}: {count:,} symbols")
    contenders = ours | peers
    encode, decode = (
        {
            name: statistics.median(t)
            for name, t in seconds({n: pair[side] for n, pair in contenders.items()}).items()
        }
        for side in (0, 1)
    )
    for name in contenders:
        rates = [count / side[name] / 1e6 for side in (encode, decode)]
        ratios = [
            f"{encode[p] / encode[name]:6.1f} x / {decode[p] / decode[name]:5.1f} x {p}"
            for p in peers
            if name in ours
        ]
        print(
            f"    {name:<26} encode {rates[0]:7.1f}  decode {rates[1]:7.1f} M/s   "
            + "   ".join(ratios)
        )


def check(title: str, right: bool) -> None:
    if not right:
        raise SystemExit(f"{title} is wrong")


def zipf_bytes(count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Independent bytes with ``p_i ~ 1 / i``, i from 1 to 256, in a random order of values."""
    rng = np.random.default_rng(0)
    p = 1 / np.arange(1, 257)
    order = rng.permutation(256).astype(np.uint8)
    return order[rng.choice(256, count, p=p / p.sum())]


def ideal_bytes(symbols: Any) -> float:
    counts = np.bincount(symbols, minlength=256)
    p = counts[counts > 0] / symbols.size
    return float(-symbols.size * (p * np.log2(p)).sum() / 8)


def constriction_categorical(symbols: Any, model: Any) -> Pair:
    wide = symbols.astype(np.int32)

    def encode() -> Any:
        coder = STACK.AnsCoder()
        coder.encode_reverse(wide, model)
        return coder.get_compressed()

    words = encode()
    return Pair(encode, lambda: STACK.AnsCoder(words).decode(model, symbols.size))


def static(count: int) -> None:
    """Kernels alone: the table is made before."""
    symbols = zipf_bytes(count)
    counts = np.bincount(symbols, minlength=256)
    freqs = quantise_counts(counts, PREC)
    table, k = static_table(freqs), default_lanes(count)
    words, out = np.empty(count + 8, np.uint16), np.empty(count, np.uint8)

    def encode() -> Any:
        heads = np.full(k, 1 << 16, np.uint32)
        return encode_static_kernel(
            heads, words, ZERO, symbols, table.entries, table.prec
        ), heads

    n, heads = encode()

    def decode() -> Any:
        return decode_static_kernel(
            heads.copy(), words, np.uint64(n), out, table.owners, table.intervals, table.prec
        )

    check("static", decode() == 0 and np.array_equal(out, symbols))
    copy = np.empty_like(symbols)
    copied = Pair(lambda: np.copyto(copy, symbols), lambda: np.copyto(copy, symbols))
    model = MODEL.Categorical(counts / count, perfect=False)
    peer = constriction_categorical(symbols, model)
    size, ideal = 2 * int(n) + 4 * k, ideal_bytes(symbols)
    compare(
        f"static, {PREC} bits, kernels",
        count,
        {"this project": Pair(encode, decode)},
        {"constriction": peer, "np.copyto": copied},
    )
    print(
        f"    size {size:,} bytes: {100 * (size / ideal - 1):+.4f} % of the ideal {ideal:,.0f}"
    )


def files(count: int) -> None:
    """End to end: bytes in, bytes out, with histogram, table, container and checksums."""
    symbols = zipf_bytes(count)
    text = symbols.tobytes()
    file = compress_bytes(text)
    check("files", decompress_bytes(file) == text)

    def deflate() -> bytes:
        z = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
        return z.compress(text) + z.flush()

    def model() -> Any:
        return MODEL.Categorical(np.bincount(symbols, minlength=256) / count, perfect=False)

    deflated, made = deflate(), model()
    peer = constriction_categorical(symbols, made)
    modelled = Pair(lambda: constriction_encode(symbols, model()), peer.decode)
    compare(
        "files, end to end",
        count,
        {"this project": Pair(lambda: compress_bytes(text), lambda: decompress_bytes(file))},
        {
            "constriction": modelled,
            "zlib": Pair(deflate, lambda: zlib.decompress(deflated)),
        },
    )
    ideal = ideal_bytes(symbols)
    print(
        f"    size {len(file):,} bytes: {100 * (len(file) / ideal - 1):+.4f} % of the ideal "
        f"{ideal:,.0f}; zlib {len(deflated):,} bytes"
    )


def constriction_encode(symbols: Any, model: Any) -> Any:
    coder = STACK.AnsCoder()
    coder.encode_reverse(symbols.astype(np.int32), model)
    return coder.get_compressed()


def threads(count: int) -> None:
    """Two threads over blocks, wall-clock time."""
    text = zipf_bytes(count).tobytes()
    file = compress_bytes(text)
    check("threads", compress_bytes(text, threads=2) == file)
    check("threads", decompress_bytes(file, threads=2) == text)
    print(f"threads: {count:,} bytes, the best of {RUNS} wall-clock times")
    for name, one, two in (
        ("encode", lambda: compress_bytes(text), lambda: compress_bytes(text, threads=2)),
        ("decode", lambda: decompress_bytes(file), lambda: decompress_bytes(file, threads=2)),
    ):
        a, b = (min(t) for t in seconds({"one": one, "two": two}, wall=True).values())
        print(f"    {name}: one {1e3 * a:.1f} ms, two {1e3 * b:.1f} ms, {a / b:.2f} x")


def bernoulli(count: int, prec: int) -> None:
    """A probability for each symbol."""
    rng = np.random.default_rng(1)
    p = np.clip(rng.beta(0.5, 2.0, count), 2.0**-12, 1 - 2.0**-12)
    symbols = (rng.random(count) < p).astype(np.uint8)
    freqs = np.rint(p * 2**prec).astype(np.uint16)
    k, bits = default_lanes(count), np.uint64(prec)
    words, out = np.empty(count + 8, np.uint16), np.empty(count, np.uint8)
    stream = encode_bernoullis(symbols, freqs, prec)
    check("bernoulli", np.array_equal(decode_bernoullis(stream, freqs, prec), symbols))

    def encode() -> Any:
        heads = np.full(k, 1 << 16, np.uint32)
        return encode_bernoullis_kernel(heads, words, ZERO, symbols, freqs, bits), heads

    n, heads = encode()

    def decode() -> Any:
        return decode_bernoullis_kernel(heads.copy(), words, np.uint64(n), out, freqs, bits)

    check("bernoulli", decode() == 0 and np.array_equal(out, symbols))
    family, wide = MODEL.Bernoulli(perfect=False), symbols.astype(np.int32)
    exact = freqs / 2.0**prec

    def encode_peer() -> Any:
        coder = STACK.AnsCoder()
        coder.encode_reverse(wide, family, exact)
        return coder.get_compressed()

    compressed = encode_peer()
    compare(
        f"bernoulli, {prec} bits",
        count,
        {
            "this project, kernels": Pair(encode, decode),
            "this project": Pair(
                lambda: encode_bernoullis(symbols, freqs, prec),
                lambda: decode_bernoullis(stream, freqs, prec),
            ),
        },
        {
            "constriction": Pair(
                encode_peer, lambda: STACK.AnsCoder(compressed).decode(family, exact)
            )
        },
    )
    ideal = -np.log2(np.where(symbols, p, 1 - p)).sum() / 8
    print(
        f"    size {2 * stream.size:,} bytes: {100 * (2 * stream.size / ideal - 1):+.3f} % of "
        f"the ideal {ideal:,.0f}; constriction {4 * compressed.size:,} bytes"
    )


def indexed(count: int) -> None:
    """64 Gaussians by their tables of 16 bits; the peer has a scale for each symbol."""
    rng = np.random.default_rng(2)
    scales = np.exp(np.linspace(np.log(0.11), np.log(64), 64))
    tables, offsets = [], []
    for scale in scales:
        half = int(np.ceil(6 * scale)) + 1
        p = np.diff(norm.cdf((np.arange(-half, half + 2) - 0.5) / scale))
        tables.append(
            quantise_counts(np.rint(2.0**40 * np.append(p, 1e-5)).astype(int) + 1, 16)
        )
        offsets.append(-half)
    indices = rng.integers(0, 64, count).astype(np.uint8)
    stds, means = scales[indices], np.zeros(count)
    symbols = np.rint(rng.normal(size=count) * stds).astype(np.int32)
    stream = encode_indexed(symbols, indices, tables, offsets)
    check("indexed", np.array_equal(decode_indexed(stream, indices, tables, offsets), symbols))
    family = MODEL.QuantizedGaussian(-400, 400)

    def encode_peer() -> Any:
        coder = STACK.AnsCoder()
        coder.encode_reverse(symbols, family, means, stds)
        return coder.get_compressed()

    compressed = encode_peer()
    compare(
        "indexed, 64 tables of 16 bits",
        count,
        {
            "this project": Pair(
                lambda: encode_indexed(symbols, indices, tables, offsets),
                lambda: decode_indexed(stream, indices, tables, offsets),
            )
        },
        {
            "constriction": Pair(
                encode_peer, lambda: STACK.AnsCoder(compressed).decode(family, means, stds)
            )
        },
    )
    print(f"    size {2 * stream.size:,} bytes; constriction {4 * compressed.size:,} bytes")


def latency(count: int) -> None:
    """Calls for short messages, with the models of both made before; repeated in each run."""
    repeats = 200
    symbols = zipf_bytes(count)
    freqs = quantise_counts(np.bincount(symbols, minlength=256) + 1, PREC)
    peer = constriction_categorical(symbols, MODEL.Categorical(freqs / 2**PREC, perfect=False))

    def repeated(call: Call) -> Call:
        def run() -> None:
            for _ in range(repeats):
                call()

        return run

    ours = {}
    for lanes in (1, 32):
        stream = encode_static(symbols, freqs, lanes=lanes)
        ours[f"this project, {lanes} lanes"] = Pair(
            repeated(lambda lanes=lanes: encode_static(symbols, freqs, lanes=lanes)),  # type: ignore[misc]
            repeated(
                lambda stream=stream, lanes=lanes: decode_static(  # type: ignore[misc]
                    stream, freqs, count, lanes=lanes
                )
            ),
        )
    compare(
        f"latency, {repeats} times",
        repeats * count,
        ours,
        {"constriction": Pair(*map(repeated, peer))},
    )


ROWS: dict[str, Callable[[int], None]] = {
    "static": lambda scale: static((1 << 24) // scale),
    "files": lambda scale: files((1 << 24) // scale),
    "threads": lambda scale: threads((1 << 24) // scale),
    "bernoulli16": lambda scale: bernoulli((1 << 22) // scale, 16),
    "bernoulli14": lambda scale: bernoulli((1 << 22) // scale, 14),
    "indexed": lambda scale: indexed((1 << 20) // scale),
    "latency": lambda scale: latency(1024),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a sixteenth of the symbols")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME")
    arguments = parser.parse_args()
    for name in arguments.only:
        ROWS[name](16 if arguments.quick else 1)


if __name__ == "__main__":
    main()
