"""GRD: gradients of expectations, from samples.

Spec: GRD-1 to GRD-22.
"""

from reference.inference.gradients.arguments import Function
from reference.inference.gradients.bernoulli import Bernoulli
from reference.inference.gradients.categorical import Categorical
from reference.inference.gradients.control_variates import (
    ControlVariate,
    LearnedControlVariate,
    lax_gradient,
    lax_variance_gradient,
    relax_gradient,
    relax_variance_gradient,
    relax_variance_terms,
)
from reference.inference.gradients.implicit import (
    beta_gradient,
    gamma_gradient,
    gamma_slope,
)
from reference.inference.gradients.importance import PATHS, importance_weighted_gradient
from reference.inference.gradients.latents import Latents
from reference.inference.gradients.location_scale import (
    BASES,
    LocationScale,
    density_score_gradient,
    reparameterised_gradient,
)
from reference.inference.gradients.multi_sample import BASELINES, vimco_gradient, vimco_signal
from reference.inference.gradients.multivariate_normal import multivariate_normal_gradient
from reference.inference.gradients.rebar import RelaxedFunction, rebar_gradient
from reference.inference.gradients.relaxed import (
    concrete_gradient,
    muprop_gradient,
    straight_through_gradient,
)
from reference.inference.gradients.score_function import (
    NvilSignal,
    baseline_gradient,
    leave_one_out,
    nvil_signal,
    score_function_gradient,
)
from reference.inference.gradients.transformed import TRANSFORMS, transformed_gradient

__all__ = [
    "BASELINES",
    "BASES",
    "PATHS",
    "TRANSFORMS",
    "Bernoulli",
    "Categorical",
    "ControlVariate",
    "Function",
    "Latents",
    "LearnedControlVariate",
    "LocationScale",
    "NvilSignal",
    "RelaxedFunction",
    "baseline_gradient",
    "beta_gradient",
    "concrete_gradient",
    "density_score_gradient",
    "gamma_gradient",
    "gamma_slope",
    "importance_weighted_gradient",
    "lax_gradient",
    "lax_variance_gradient",
    "leave_one_out",
    "multivariate_normal_gradient",
    "muprop_gradient",
    "nvil_signal",
    "rebar_gradient",
    "relax_gradient",
    "relax_variance_gradient",
    "relax_variance_terms",
    "reparameterised_gradient",
    "score_function_gradient",
    "straight_through_gradient",
    "transformed_gradient",
    "vimco_gradient",
    "vimco_signal",
]
