"""Compiled twin of `reference.inference.gradients`: the estimators of Bernoulli latents.

Spec: GRD-1, GRD-2, GRD-4, GRD-8, GRD-11, GRD-12, GRD-14 to GRD-16.  Checked by
tests/equivalence/test_gradients.py.

Noise becomes states, and values of functions become estimates, in kernels; the functions are
the caller's, and see some rows of the first axis at a time (GRD-1).
"""

from fast.inference.gradients.bernoulli import (
    conditional_kernel,
    relaxed_kernel,
    rounded_kernel,
    squash_kernel,
)
from fast.inference.gradients.control_variates import relax_gradient, relax_kernel
from fast.inference.gradients.rebar import rebar_gradient, rebar_kernel
from fast.inference.gradients.relaxed import (
    concrete_gradient,
    concrete_kernel,
    muprop_gradient,
    muprop_kernel,
    straight_through_gradient,
    straight_through_kernel,
)
from fast.inference.gradients.score_function import (
    score_function_gradient,
    score_function_kernel,
)

__all__ = [
    "concrete_gradient",
    "concrete_kernel",
    "conditional_kernel",
    "muprop_gradient",
    "muprop_kernel",
    "rebar_gradient",
    "rebar_kernel",
    "relax_gradient",
    "relax_kernel",
    "relaxed_kernel",
    "rounded_kernel",
    "score_function_gradient",
    "score_function_kernel",
    "squash_kernel",
    "straight_through_gradient",
    "straight_through_kernel",
]
