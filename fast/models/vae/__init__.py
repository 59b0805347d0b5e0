"""Compiled twin of `reference.models.vae`: the gradient, the bound of a data set, training.

Spec: VAE-2 to VAE-12.  Checked by tests/equivalence/test_vae.py and test_vae_importance.py.
"""

from fast.models.vae.bound import (
    bernoulli_kernel,
    gradients,
    negative_elbo_bits_per_pixel,
    reparameterise_kernel,
    reparameterise_reverse_kernel,
)
from fast.models.vae.importance import (
    accumulate_kernel,
    bernoulli_rows_kernel,
    bernoulli_rows_reverse_kernel,
    draw_kernel,
    draw_reverse_kernel,
    importance_weighted_gradients,
    log_evidence_bounds,
    scale_rows_kernel,
)
from fast.models.vae.training import binarise, binarise_kernel, train

__all__ = [
    "accumulate_kernel",
    "bernoulli_kernel",
    "bernoulli_rows_kernel",
    "bernoulli_rows_reverse_kernel",
    "binarise",
    "binarise_kernel",
    "draw_kernel",
    "draw_reverse_kernel",
    "gradients",
    "importance_weighted_gradients",
    "log_evidence_bounds",
    "negative_elbo_bits_per_pixel",
    "reparameterise_kernel",
    "reparameterise_reverse_kernel",
    "scale_rows_kernel",
    "train",
]
