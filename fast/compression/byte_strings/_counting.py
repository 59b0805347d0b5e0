"""How often each byte occurs: what a table is made from.

Spec: BYT-2.
"""

from numba import uint32, uint64

from fast._jit import kernel

__all__ = ["PARTS", "count_bytes_kernel"]

PARTS = 8
"""Counters of one byte value: of equal bytes in a row, none waits for the one before."""

EIGHT = uint64(8)
ONE = uint64(1)


@kernel
def count_bytes_kernel(data, counts):  # type: ignore[no-untyped-def]
    """Add to ``counts[k, s]`` how often `s` is byte ``i`` with ``i % 8 == k``.

    Args:
        data: uint8, shorter than ``2**32``.
        counts: uint32, shape ``(8, 256)``.
    """
    a, b, c, d = counts[0], counts[1], counts[2], counts[3]
    e, f, g, h = counts[4], counts[5], counts[6], counts[7]
    i, size = uint64(0), uint64(data.size)
    whole = size - size % EIGHT
    one = uint32(1)
    while i < whole:
        a[data[i]] += one
        b[data[i + ONE]] += one
        c[data[i + uint64(2)]] += one
        d[data[i + uint64(3)]] += one
        e[data[i + uint64(4)]] += one
        f[data[i + uint64(5)]] += one
        g[data[i + uint64(6)]] += one
        h[data[i + uint64(7)]] += one
        i += EIGHT
    while i < size:
        counts[i % EIGHT, data[i]] += one
        i += ONE
