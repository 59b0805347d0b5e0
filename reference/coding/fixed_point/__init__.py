"""FIX: probabilities and counts become integer tables. Floats end here.

Spec: FIX-1 to FIX-9.
"""

from reference.coding.fixed_point.constriction_models import (
    constriction_categorical,
    constriction_gaussian,
    constriction_gaussian_cumulative,
)
from reference.coding.fixed_point.counts import quantise_counts
from reference.coding.fixed_point.quantisation import quantise

__all__ = [
    "constriction_categorical",
    "constriction_gaussian",
    "constriction_gaussian_cumulative",
    "quantise",
    "quantise_counts",
]
