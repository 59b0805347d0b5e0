"""Compiled twin of `reference.inference.mean_field`: the mixture.

Spec: MFV-5 to MFV-10.  Checked by tests/equivalence/test_mean_field.py.
"""

from fast.inference.mean_field.estimator import MeanFieldMixture
from fast.inference.mean_field.mixture import (
    mixture_ascent,
    mixture_log_density,
    mixture_log_density_kernel,
    mixture_responsibilities,
    mixture_responsibilities_kernel,
    mixture_seed_kernel,
    mixture_seeds,
    mixture_statistics_kernel,
)

__all__ = [
    "MeanFieldMixture",
    "mixture_ascent",
    "mixture_log_density",
    "mixture_log_density_kernel",
    "mixture_responsibilities",
    "mixture_responsibilities_kernel",
    "mixture_seed_kernel",
    "mixture_seeds",
    "mixture_statistics_kernel",
]
