"""VEM: expectation maximisation, exact, variational, amortised and iterative.

Spec: VEM-1 to VEM-18.
"""

from reference.inference.expectation_maximization.ascent import (
    ascent_step,
)
from reference.inference.expectation_maximization.finite_latents import (
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
    Inference,
    LocalInference,
)
from reference.inference.expectation_maximization.iterative import (
    IterativeInference,
)
from reference.inference.expectation_maximization.optimum import (
    best_local,
    poisson_log_evidence,
    profile_bound,
)
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    PoissonFactorsGradient,
    local_curvature,
    poisson_gradients,
    poisson_lower_bounds,
    prior_local,
)
from reference.inference.expectation_maximization.variational import (
    VariationalEm,
    inference_step,
    model_step,
    variational_em,
)

__all__ = [
    "AmortisedInference",
    "GaussianMixture",
    "Inference",
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
    "inference_step",
    "local_curvature",
    "model_step",
    "poisson_gradients",
    "poisson_log_evidence",
    "poisson_lower_bounds",
    "prior_local",
    "profile_bound",
    "variational_em",
]
