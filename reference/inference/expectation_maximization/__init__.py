"""VEM: expectation maximisation, exact, variational, amortised and iterative.

Spec: VEM-1 to VEM-18.
"""

from reference.inference.expectation_maximization.ascent import ascent_step
from reference.inference.expectation_maximization.finite_latents import (
    ExpectationMaximization,
    e_step,
    expectation_maximization,
    finite_lower_bound,
)
from reference.inference.expectation_maximization.gaussian_mixture import (
    GaussianMixture,
    em_step,
    fit_gaussian_mixture,
    gaussian_mixture_log_joint,
    gaussian_mixture_m_step,
)
from reference.inference.expectation_maximization.inference import (
    AmortisedInference,
    IterativeInference,
    LocalInference,
)
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    PoissonFactorsGradient,
    best_local,
    gradients,
    local_curvature,
    log_evidence,
    lower_bounds,
    prior_local,
)
from reference.inference.expectation_maximization.variational import (
    VariationalEm,
    inference_step,
    model_step,
    profile_bound,
    variational_em,
)

__all__ = [
    "AmortisedInference",
    "ExpectationMaximization",
    "GaussianMixture",
    "IterativeInference",
    "LocalInference",
    "PoissonFactors",
    "PoissonFactorsGradient",
    "VariationalEm",
    "ascent_step",
    "best_local",
    "e_step",
    "em_step",
    "expectation_maximization",
    "finite_lower_bound",
    "fit_gaussian_mixture",
    "gaussian_mixture_log_joint",
    "gaussian_mixture_m_step",
    "gradients",
    "inference_step",
    "local_curvature",
    "log_evidence",
    "lower_bounds",
    "model_step",
    "prior_local",
    "profile_bound",
    "variational_em",
]
