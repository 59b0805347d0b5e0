"""FIX: the twin of `reference.coding.fixed_point`, for what has to be fast.

Spec: FIX-9.
"""

from fast.coding.fixed_point.counts import quantise_counts, quantise_counts_kernel

__all__ = ["quantise_counts", "quantise_counts_kernel"]
