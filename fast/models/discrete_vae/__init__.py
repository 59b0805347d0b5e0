"""Compiled twin of `reference.models.discrete_vae`, for latents that are bits.

Spec: DVA-3 to DVA-13.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from fast.models.discrete_vae.gradients import discrete_gradients

__all__ = ["discrete_gradients"]
