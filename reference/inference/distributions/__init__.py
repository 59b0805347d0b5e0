"""DIS: log densities, entropies and divergences in closed form; all in nats.

Spec: DIS-1 to DIS-11.
"""

from reference.inference.distributions.beta import beta_entropy, beta_kl, beta_log_density
from reference.inference.distributions.discrete import (
    bernoulli_cross_entropy,
    bernoulli_entropy,
    bernoulli_kl,
    categorical_cross_entropy,
    categorical_entropy,
    categorical_kl,
)
from reference.inference.distributions.gamma import gamma_entropy, gamma_kl, gamma_log_density
from reference.inference.distributions.laplace import (
    laplace_entropy,
    laplace_kl,
    laplace_log_density,
)
from reference.inference.distributions.multivariate_normal import (
    diagonal_normal_entropy,
    diagonal_normal_kl,
    diagonal_normal_log_density,
    multivariate_normal_entropy,
    multivariate_normal_kl,
    multivariate_normal_log_density,
)
from reference.inference.distributions.normal import (
    log_normal_entropy,
    log_normal_kl,
    log_normal_log_density,
    normal_cross_entropy,
    normal_entropy,
    normal_kl,
    normal_log_density,
)

__all__ = [
    "bernoulli_cross_entropy",
    "bernoulli_entropy",
    "bernoulli_kl",
    "beta_entropy",
    "beta_kl",
    "beta_log_density",
    "categorical_cross_entropy",
    "categorical_entropy",
    "categorical_kl",
    "diagonal_normal_entropy",
    "diagonal_normal_kl",
    "diagonal_normal_log_density",
    "gamma_entropy",
    "gamma_kl",
    "gamma_log_density",
    "laplace_entropy",
    "laplace_kl",
    "laplace_log_density",
    "log_normal_entropy",
    "log_normal_kl",
    "log_normal_log_density",
    "multivariate_normal_entropy",
    "multivariate_normal_kl",
    "multivariate_normal_log_density",
    "normal_cross_entropy",
    "normal_entropy",
    "normal_kl",
    "normal_log_density",
]
