"""Compiled twin of `reference.inference.semi_implicit`: the hot paths of SIV.

Spec: SIV-2 to SIV-4, SIV-6, SIV-12.  Checked by tests/equivalence/test_semi_implicit.py.
"""

from fast.inference.semi_implicit.gibbs import (
    negative_binomial_gibbs,
    negative_binomial_gibbs_kernel,
)
from fast.inference.semi_implicit.normal_conditional import (
    lower_bound_gradients,
    mixture_gradients_kernel,
    normal_mixture_log_density,
    normal_mixture_log_density_kernel,
    upper_surrogate_gradients,
)

__all__ = [
    "lower_bound_gradients",
    "mixture_gradients_kernel",
    "negative_binomial_gibbs",
    "negative_binomial_gibbs_kernel",
    "normal_mixture_log_density",
    "normal_mixture_log_density_kernel",
    "upper_surrogate_gradients",
]
