"""FIX: counts and float parameters become integers, compiled, and constriction's Gaussians.

Spec: FIX-6 to FIX-10, LAN-11.
"""

from fast.coding.fixed_point.constriction_arrays import (
    decode_constriction_gaussians,
    decode_constriction_gaussians_kernel,
    encode_constriction_gaussians,
    encode_constriction_gaussians_kernel,
)
from fast.coding.fixed_point.counts import quantise_counts, quantise_counts_kernel
from fast.coding.fixed_point.error_function import erf_kernel, exp_kernel
from fast.coding.fixed_point.location_scale import (
    invert_scales,
    invert_scales_kernel,
    quantise_means,
    quantise_means_kernel,
)

__all__ = [
    "decode_constriction_gaussians",
    "decode_constriction_gaussians_kernel",
    "encode_constriction_gaussians",
    "encode_constriction_gaussians_kernel",
    "erf_kernel",
    "exp_kernel",
    "invert_scales",
    "invert_scales_kernel",
    "quantise_counts",
    "quantise_counts_kernel",
    "quantise_means",
    "quantise_means_kernel",
]
