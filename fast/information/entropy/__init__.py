"""Compiled twin of `reference.information.entropy`: the hot paths of ENT.

Spec: ENT-1 to ENT-3, ENT-5, ENT-7, ENT-8, ENT-11, ENT-15 to ENT-17.  Checked by
tests/equivalence/test_entropy_*.py.
"""

from fast.information.entropy.discrete import (
    cross_entropy,
    cross_entropy_kernel,
    entropy,
    entropy_kernel,
    kl_divergence,
    kl_divergence_kernel,
)
from fast.information.entropy.distribution import log2_kernel, log2_ratio_kernel
from fast.information.entropy.joint import mutual_information, mutual_information_kernel
from fast.information.entropy.samples import (
    conditional_entropy_from_samples,
    count_byte_pairs_kernel,
    count_kernel,
    count_pairs_kernel,
    entropy_from_samples,
    joint_entropy_from_samples,
    mutual_information_from_samples,
    weigh_kernel,
    weigh_pairs_kernel,
)

__all__ = [
    "conditional_entropy_from_samples",
    "count_byte_pairs_kernel",
    "count_kernel",
    "count_pairs_kernel",
    "cross_entropy",
    "cross_entropy_kernel",
    "entropy",
    "entropy_from_samples",
    "entropy_kernel",
    "joint_entropy_from_samples",
    "kl_divergence",
    "kl_divergence_kernel",
    "log2_kernel",
    "log2_ratio_kernel",
    "mutual_information",
    "mutual_information_from_samples",
    "mutual_information_kernel",
    "weigh_kernel",
    "weigh_pairs_kernel",
]
