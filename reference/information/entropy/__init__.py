"""ENT: information measures, of distributions, of joint tables, of samples and of densities.

Spec: ENT-1 to ENT-19.
Source: T. Cover and J. Thomas, Elements of Information Theory (2006), chapters 2 and 8.
"""

from reference.information.entropy.continuous import (
    QUADRATURE_TOLERANCE,
    LogDensity,
    cross_entropy_of_densities,
    differential_entropy,
    kl_divergence_of_densities,
)
from reference.information.entropy.discrete import (
    binary_cross_entropy,
    binary_entropy,
    cross_entropy,
    entropy,
    jensen_shannon_divergence,
    kl_divergence,
    surprisal,
)
from reference.information.entropy.distribution import TOTAL_TOLERANCE
from reference.information.entropy.joint import (
    conditional_entropy,
    conditional_mutual_information,
    joint_entropy,
    mutual_information,
    mutual_information_from_conditional,
    mutual_information_from_joint,
    pointwise_mutual_information,
    total_correlation,
)
from reference.information.entropy.samples import (
    conditional_entropy_from_samples,
    entropy_from_samples,
    joint_entropy_from_samples,
    mutual_information_from_samples,
)

__all__ = [
    "QUADRATURE_TOLERANCE",
    "TOTAL_TOLERANCE",
    "LogDensity",
    "binary_cross_entropy",
    "binary_entropy",
    "conditional_entropy",
    "conditional_entropy_from_samples",
    "conditional_mutual_information",
    "cross_entropy",
    "cross_entropy_of_densities",
    "differential_entropy",
    "entropy",
    "entropy_from_samples",
    "jensen_shannon_divergence",
    "joint_entropy",
    "joint_entropy_from_samples",
    "kl_divergence",
    "kl_divergence_of_densities",
    "mutual_information",
    "mutual_information_from_conditional",
    "mutual_information_from_joint",
    "mutual_information_from_samples",
    "pointwise_mutual_information",
    "surprisal",
    "total_correlation",
]
