"""SIV: semi-implicit variational inference, and the negative binomial model of its example.

Spec: SIV-1 to SIV-12.
Source: M. Yin, M. Zhou, "Semi-implicit variational inference", ICML 2018, arXiv:1805.11183;
lecture 004.
"""

from reference.inference.semi_implicit.bounds import (
    lower_bound,
    regulariser,
    semi_implicit_log_density,
    upper_surrogate,
)
from reference.inference.semi_implicit.gibbs import negative_binomial_gibbs
from reference.inference.semi_implicit.mean_field import (
    MeanField,
    negative_binomial_mean_field,
)
from reference.inference.semi_implicit.negative_binomial import (
    Counts,
    NegativeBinomialPrior,
    negative_binomial_log_joint,
    tails,
)
from reference.inference.semi_implicit.normal_conditional import (
    SemiImplicitGradient,
    lower_bound_gradients,
    normal_mixture_log_density,
    semi_implicit_sample,
    upper_surrogate_gradients,
)
from reference.inference.semi_implicit.posterior import (
    NegativeBinomialPosterior,
    negative_binomial_log_marginal,
    negative_binomial_posterior,
)

__all__ = [
    "Counts",
    "MeanField",
    "NegativeBinomialPosterior",
    "NegativeBinomialPrior",
    "SemiImplicitGradient",
    "lower_bound",
    "lower_bound_gradients",
    "negative_binomial_gibbs",
    "negative_binomial_log_joint",
    "negative_binomial_log_marginal",
    "negative_binomial_mean_field",
    "negative_binomial_posterior",
    "normal_mixture_log_density",
    "regulariser",
    "semi_implicit_log_density",
    "semi_implicit_sample",
    "tails",
    "upper_surrogate",
    "upper_surrogate_gradients",
]
