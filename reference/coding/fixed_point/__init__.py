"""FIX: float probabilities become integer tables. Floats end here.

Spec: FIX-1 to FIX-8.
"""

from reference.coding.fixed_point.constriction_models import (
    constriction_categorical,
    constriction_gaussian,
    constriction_gaussian_cumulative,
)
from reference.coding.fixed_point.quantisation import quantise

__all__ = [
    "constriction_categorical",
    "constriction_gaussian",
    "constriction_gaussian_cumulative",
    "quantise",
]
