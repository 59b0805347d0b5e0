"""Compiled twin of `reference.models.vae`: the gradient, the bound of a data set, training.

Spec: VAE-2 to VAE-9.  Checked by tests/equivalence/test_vae.py.
"""

from fast.models.vae.bound import (
    bernoulli_kernel,
    gradients,
    negative_elbo_bits_per_pixel,
    reparameterise_kernel,
    reparameterise_reverse_kernel,
)
from fast.models.vae.training import binarise, binarise_kernel, train

__all__ = [
    "bernoulli_kernel",
    "binarise",
    "binarise_kernel",
    "gradients",
    "negative_elbo_bits_per_pixel",
    "reparameterise_kernel",
    "reparameterise_reverse_kernel",
    "train",
]
