"""FIX: probabilities and counts become integer tables. Floats end here.

Spec: FIX-1 to FIX-10, LAN-11.
"""

from reference.coding.fixed_point.constriction_arrays import (
    decode_constriction_gaussians,
    encode_constriction_gaussians,
)
from reference.coding.fixed_point.constriction_models import (
    constriction_categorical,
    constriction_gaussian,
    constriction_gaussian_cumulative,
)
from reference.coding.fixed_point.counts import quantise_counts
from reference.coding.fixed_point.location_scale import invert_scales, quantise_means
from reference.coding.fixed_point.quantisation import quantise

__all__ = [
    "constriction_categorical",
    "constriction_gaussian",
    "constriction_gaussian_cumulative",
    "decode_constriction_gaussians",
    "encode_constriction_gaussians",
    "invert_scales",
    "quantise",
    "quantise_counts",
    "quantise_means",
]
