"""DIS: densities and masses, cumulative distributions, samplers, entropies and divergences.

Spec: DIS-1 to DIS-22.

Each distribution has a module of its own, with those of these functions that have a closed
form or are a finite sum, in this order; all logarithms, entropies and divergences are in nats.

    <name>_log_density(x, parameters), <name>_log_mass of a discrete variable
    <name>_cdf(x, parameters)
    <name>_from_noise(eps, parameters)
    <name>_sample(rng, parameters, shape)
    <name>_entropy(parameters), <name>_cross_entropy, <name>_kl(parameters of q, those of p)
"""

from reference.inference.distributions.bernoulli import (
    bernoulli_cross_entropy,
    bernoulli_entropy,
    bernoulli_kl,
    bernoulli_log_mass,
    bernoulli_sample,
)
from reference.inference.distributions.beta import (
    beta_cdf,
    beta_entropy,
    beta_kl,
    beta_log_density,
    beta_sample,
)
from reference.inference.distributions.beta_binomial import (
    beta_binomial_entropy,
    beta_binomial_kl,
    beta_binomial_log_mass,
    beta_binomial_sample,
)
from reference.inference.distributions.categorical import (
    categorical_cross_entropy,
    categorical_entropy,
    categorical_kl,
    categorical_log_mass,
    categorical_sample,
)
from reference.inference.distributions.diagonal_normal import (
    diagonal_normal_entropy,
    diagonal_normal_kl,
    diagonal_normal_log_density,
    diagonal_normal_sample,
)
from reference.inference.distributions.discretised_logistic import (
    discretised_logistic_cdf,
    discretised_logistic_entropy,
    discretised_logistic_from_noise,
    discretised_logistic_kl,
    discretised_logistic_log_mass,
    discretised_logistic_sample,
)
from reference.inference.distributions.gamma import (
    gamma_cdf,
    gamma_entropy,
    gamma_kl,
    gamma_log_density,
    gamma_sample,
)
from reference.inference.distributions.laplace import (
    laplace_cdf,
    laplace_entropy,
    laplace_from_noise,
    laplace_kl,
    laplace_log_density,
    laplace_sample,
)
from reference.inference.distributions.log_normal import (
    log_normal_cdf,
    log_normal_entropy,
    log_normal_from_noise,
    log_normal_kl,
    log_normal_log_density,
    log_normal_sample,
)
from reference.inference.distributions.logistic import (
    logistic_cdf,
    logistic_entropy,
    logistic_from_noise,
    logistic_log_density,
    logistic_sample,
)
from reference.inference.distributions.logit_normal import (
    logit_normal_cdf,
    logit_normal_from_noise,
    logit_normal_kl,
    logit_normal_log_density,
    logit_normal_sample,
)
from reference.inference.distributions.multivariate_normal import (
    multivariate_normal_entropy,
    multivariate_normal_from_noise,
    multivariate_normal_kl,
    multivariate_normal_log_density,
    multivariate_normal_sample,
)
from reference.inference.distributions.negative_binomial import (
    negative_binomial_cdf,
    negative_binomial_log_mass,
    negative_binomial_sample,
)
from reference.inference.distributions.normal import (
    normal_cdf,
    normal_cross_entropy,
    normal_entropy,
    normal_from_noise,
    normal_kl,
    normal_log_density,
    normal_sample,
)

__all__ = [
    "bernoulli_cross_entropy",
    "bernoulli_entropy",
    "bernoulli_kl",
    "bernoulli_log_mass",
    "bernoulli_sample",
    "beta_binomial_entropy",
    "beta_binomial_kl",
    "beta_binomial_log_mass",
    "beta_binomial_sample",
    "beta_cdf",
    "beta_entropy",
    "beta_kl",
    "beta_log_density",
    "beta_sample",
    "categorical_cross_entropy",
    "categorical_entropy",
    "categorical_kl",
    "categorical_log_mass",
    "categorical_sample",
    "diagonal_normal_entropy",
    "diagonal_normal_kl",
    "diagonal_normal_log_density",
    "diagonal_normal_sample",
    "discretised_logistic_cdf",
    "discretised_logistic_entropy",
    "discretised_logistic_from_noise",
    "discretised_logistic_kl",
    "discretised_logistic_log_mass",
    "discretised_logistic_sample",
    "gamma_cdf",
    "gamma_entropy",
    "gamma_kl",
    "gamma_log_density",
    "gamma_sample",
    "laplace_cdf",
    "laplace_entropy",
    "laplace_from_noise",
    "laplace_kl",
    "laplace_log_density",
    "laplace_sample",
    "log_normal_cdf",
    "log_normal_entropy",
    "log_normal_from_noise",
    "log_normal_kl",
    "log_normal_log_density",
    "log_normal_sample",
    "logistic_cdf",
    "logistic_entropy",
    "logistic_from_noise",
    "logistic_log_density",
    "logistic_sample",
    "logit_normal_cdf",
    "logit_normal_from_noise",
    "logit_normal_kl",
    "logit_normal_log_density",
    "logit_normal_sample",
    "multivariate_normal_entropy",
    "multivariate_normal_from_noise",
    "multivariate_normal_kl",
    "multivariate_normal_log_density",
    "multivariate_normal_sample",
    "negative_binomial_cdf",
    "negative_binomial_log_mass",
    "negative_binomial_sample",
    "normal_cdf",
    "normal_cross_entropy",
    "normal_entropy",
    "normal_from_noise",
    "normal_kl",
    "normal_log_density",
    "normal_sample",
]
