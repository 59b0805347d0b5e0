"""Compiled twin of `reference.inference.expectation_maximization`: mixtures of Gaussians.

Spec: VEM-6, VEM-7.  Checked by tests/equivalence/test_expectation_maximization.py.
"""

from fast.inference.expectation_maximization.gaussian_mixture import (
    em_step,
    em_step_kernel,
    fit_gaussian_mixture,
)

__all__ = ["em_step", "em_step_kernel", "fit_gaussian_mixture"]
