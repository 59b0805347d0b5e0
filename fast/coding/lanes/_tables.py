"""Static tables as the kernels want them.

Spec: LAN-6, LAN-7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from fast.coding.lanes._streams import integers
from reference.errors import IntervalError, SymbolError

__all__ = ["StaticTable", "Unsigned", "packed_entries", "static_table"]

Unsigned = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]

ZERO = uint64(0)
ONE = uint64(1)


@dataclass(frozen=True)
class StaticTable:
    """What the kernels want to know of a table (LAN-6)."""

    prec: np.uint64
    entries: NDArray[np.uint64]
    """Of `encode_static_kernel`; there are at least 256, those of no symbol are 0."""
    intervals: NDArray[np.uint32]
    """Of `decode_static_kernel`."""
    owners: Unsigned
    """Of `decode_static_kernel`."""

    def checked(self, symbols: NDArray[Any]) -> NDArray[Any]:
        """Return the symbols, if each has an entry.

        Raises:
            SymbolError: one has none.
        """
        if symbols.dtype != np.uint8 and symbols.size:
            low, high = int(symbols.min()), int(symbols.max())
            if low < 0 or high >= self.entries.size:
                raise SymbolError(f"symbol {low if low < 0 else high} has no slot")
        return symbols


def static_table(freqs: Sequence[int]) -> StaticTable:
    """Return what the kernels want to know of a table. Spec: LAN-6.

    Raises:
        IntervalError: the frequencies are no table.
    """
    return _static_table(integers(freqs, IntervalError).astype(np.int64).tobytes())


@lru_cache(maxsize=64)
def _static_table(key: bytes) -> StaticTable:
    freq = np.frombuffer(key, np.int64)
    slots = int(freq.sum()) if freq.max(initial=0) <= 1 << 16 else 0  # fits 64 bits
    prec = slots.bit_length() - 1
    if freq.min(initial=0) < 0 or not 1 <= prec <= 16 or slots != 1 << prec:
        raise IntervalError(
            f"{freq.size} freqs, from {freq.min(initial=0)} to {freq.max(initial=0)}, are no "
            "table of 2 to 2**16 slots"
        )
    entries = np.zeros(max(freq.size, 256), np.uint64)
    entries[: freq.size] = packed_entries(freq, np.cumsum(freq) - freq)
    owner = np.min_scalar_type(freq.size - 1)
    return StaticTable(
        np.uint64(prec),
        entries,
        entries[: freq.size].astype(np.uint32),
        np.repeat(np.arange(freq.size, dtype=owner), freq.astype(np.int64)),
    )


def packed_entries(freqs: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the `entries` of `encode_static_kernel`; their lower halves are its `table`."""
    freq, start = np.maximum(freqs, 1).astype(np.uint64), starts.astype(np.uint64)
    interval = freq - ONE << np.uint64(16) | start
    reciprocal = np.uint64(0xFFFFFFFF) // freq
    return np.where(freqs > 0, reciprocal << np.uint64(32) | interval, ZERO)
