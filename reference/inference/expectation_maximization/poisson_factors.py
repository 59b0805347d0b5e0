"""Counts with Gaussian factors: the bound has a closed form, the posterior has none.

Spec: VEM-8, VEM-9.
Source: J. Aitchison, C. Ho, "The multivariate Poisson-log normal distribution", Biometrika 76
(1989); J. Chiquet, M. Mariadassou, S. Robin, "Variational inference for probabilistic Poisson
PCA", Annals of Applied Statistics 12 (2018), for bound and gradients.

    z_i ~ N(0, I)        x_id ~ Poisson(exp(b_d + sum_l W_dl z_il))
    q_i(z):  N(mu_i, diag(sigma_i^2))

``W`` are the weights, ``b`` the bias. The local parameters of a data point are a row of
``2 L`` numbers, ``mu`` and then ``log_sigma``, the logarithm of the standard deviation.

The expectation of a rate under ``q`` is that of a log-normal variable, so there is nothing to
sample and nothing to tune: all gradients are exact, and with a single factor the evidence is
an integral over a line.
"""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import gammaln

from reference.errors import DataError, DistributionError, LowerBoundError
from reference.inference.distributions import diagonal_normal_kl
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.mean_field.arguments import real_data

__all__ = [
    "LARGEST_COUNT",
    "LARGEST_MEAN",
    "LARGEST_PARAMETER",
    "PoissonFactors",
    "PoissonFactorsGradient",
    "count_data",
    "finite_rates",
    "local_curvature",
    "local_in_range",
    "local_parameters",
    "poisson_gradients",
    "poisson_lower_bounds",
    "poisson_lower_bounds_or_minus_inf",
    "poisson_rates",
    "prior_local",
]

LARGEST_COUNT = 2.0**40
"""Largest count (VEM-8)."""
LARGEST_PARAMETER = 64.0
"""Largest magnitude of a weight, a bias, or a local log_sigma (VEM-8)."""
LARGEST_MEAN = 2.0**60
"""Largest magnitude of a local mean (VEM-8)."""


@dataclass(frozen=True)
class PoissonFactors:
    """A model of counts (VEM-8); what is no model is refused."""

    weights: Floats
    """Shape ``(D, L)``."""
    bias: Floats
    """Shape ``(D,)``."""

    def __post_init__(self) -> None:
        """Refuse numbers that are out of range (VEM-8)."""
        (weights,) = reals(weights=self.weights)
        (bias,) = reals(bias=self.bias)
        if weights.ndim != 2 or 0 in weights.shape or bias.shape != weights.shape[:1]:
            raise DistributionError(f"weights of {weights.shape}, bias of {bias.shape}")
        largest = max(np.abs(weights).max(), np.abs(bias).max())
        if largest > LARGEST_PARAMETER:
            raise DistributionError(f"parameters of up to {largest} in magnitude")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)


class PoissonFactorsGradient(NamedTuple):
    """Partial derivatives of the sum of the bounds in both parameters (VEM-9)."""

    weights: Floats
    """Shape ``(D, L)``."""
    bias: Floats
    """Shape ``(D,)``."""


def count_data(x: npt.ArrayLike, model: PoissonFactors) -> Floats:
    """Return counts of shape ``(N, D)`` as binary64. Spec: VEM-8.

    Raises:
        DataError: `x` has another shape, or not the ``D`` of `model`, or holds anything but
            whole numbers from 0 to ``LARGEST_COUNT`` (VEM-8).
    """
    x = real_data(x, 2)
    if x.shape[1] != len(model.bias):
        raise DataError(f"counts of {x.shape[1]} dimensions, a model of {len(model.bias)}")
    for wrong in x[(x < 0) | (x > LARGEST_COUNT) | (x != np.floor(x))][:1]:
        raise DataError(f"{wrong} is no count")
    return x


def prior_local(points: int, model: PoissonFactors) -> Floats:
    """Return the local parameters of the prior, shape ``(N, 2 L)``: all 0. Spec: VEM-8."""
    return np.zeros((points, 2 * model.weights.shape[1]))


def poisson_lower_bounds(
    x: npt.ArrayLike, model: PoissonFactors, local: npt.ArrayLike
) -> Floats:
    """Return the bound of each data point, in nats.

    Spec: VEM-9. With ``rate_id = exp(b_d + W_d mu_i + sum_l W_dl^2 sigma_il^2 / 2)``,

        F_i  =  sum_d (x_id (b_d + W_d mu_i) - rate_id - log x_id!) - KL(q_i || N(0, I))

    Args:
        x: shape ``(N, D)``; counts.
        local: shape ``(N, 2 L)``.

    Returns:
        Shape ``(N,)``; ``-inf`` where a rate is beyond binary64.

    Raises:
        DataError: `x` holds anything but counts, or has not the ``D`` of `model` (VEM-8).
        DistributionError: `local` has another shape, or is out of range (VEM-8).
    """
    x = count_data(x, model)
    mu, log_sigma = _split(local, x, model)
    rate = poisson_rates(model, mu, log_sigma)
    means = model.bias + mu @ model.weights.T
    likelihood = (x * means - rate - gammaln(x + 1)).sum(axis=1)
    return np.asarray(likelihood - diagonal_normal_kl(mu, np.exp(log_sigma), 0, 1))


@np.errstate(over="ignore", invalid="ignore")  # refused at the end
def poisson_gradients(
    x: npt.ArrayLike, model: PoissonFactors, local: npt.ArrayLike
) -> tuple[Floats, PoissonFactorsGradient]:
    """Return the partial derivatives of the sum of the bounds, local ones first.

    Spec: VEM-9.

        mu_i      sum_d W_d (x_id - rate_id) - mu_i
        log s_i   1 - s_i^2 (1 + sum_d W_d^2 rate_id)
        b         sum_i (x_i - rate_i)
        W_dl      sum_i ((x_id - rate_id) mu_il - rate_id W_dl s_il^2)

    Returns:
        Shape ``(N, 2 L)``, and those of the model.

    Raises:
        DataError, DistributionError: as for `poisson_lower_bounds`.
        LowerBoundError: a rate, or a derivative, is beyond binary64 (VEM-9).
    """
    x = count_data(x, model)
    mu, log_sigma = _split(local, x, model)
    rate, variances = finite_rates(model, mu, log_sigma), np.exp(2 * log_sigma)
    d_mu = (x - rate) @ model.weights - mu
    d_log_sigma = 1 - variances * (1 + rate @ model.weights**2)
    d_weights = (x - rate).T @ mu - model.weights * (rate.T @ variances)
    d_local, d_bias = np.concatenate([d_mu, d_log_sigma], axis=1), (x - rate).sum(axis=0)
    if not all(np.isfinite(d).all() for d in (d_local, d_weights, d_bias)):
        raise LowerBoundError("a gradient is beyond binary64")
    return d_local, PoissonFactorsGradient(d_weights, d_bias)


def local_curvature(
    model: PoissonFactors, local: npt.ArrayLike, direction: npt.ArrayLike
) -> Floats:
    """Return the product of the Hessian of each bound, in its local parameters, with a vector.

    Spec: VEM-9. It is how fast the local gradient changes along `direction`; counts do not
    matter to it.

    Args:
        local: shape ``(N, 2 L)``.
        direction: shape ``(N, 2 L)``.

    Returns:
        Shape ``(N, 2 L)``.

    Raises:
        DistributionError: an argument has another shape, or is out of range (VEM-8).
        LowerBoundError: a rate is beyond binary64 (VEM-9).
    """
    (towards,) = reals(direction=direction)
    mu, log_sigma = _split(local, towards, model)
    if towards.shape != (len(mu), 2 * mu.shape[1]):
        raise DistributionError(f"a direction of shape {towards.shape} for {mu.shape} latents")
    weights, variances = model.weights, np.exp(2 * log_sigma)
    rate = finite_rates(model, mu, log_sigma)
    d_mu, d_variances = towards[:, : mu.shape[1]], 2 * variances * towards[:, mu.shape[1] :]
    d_rate = rate * (d_mu @ weights.T + d_variances @ (weights**2).T / 2)
    of_mu = -d_rate @ weights - d_mu
    of_log_sigma = -d_variances * (1 + rate @ weights**2) - variances * (d_rate @ weights**2)
    return np.concatenate([of_mu, of_log_sigma], axis=1)


def local_parameters(local: npt.ArrayLike, points: int, model: PoissonFactors) -> Floats:
    """Return local parameters as binary64. Spec: VEM-8.

    Raises:
        DistributionError: they have another shape than ``(N, 2 L)``, or one is not finite or
            out of its range (VEM-8).
    """
    (local,) = reals(local=local)
    if local.shape != (points, 2 * model.weights.shape[1]):
        raise DistributionError(
            f"local parameters of shape {local.shape} for {points} data points"
            f" and {model.weights.shape[1]} latents"
        )
    for wrong in np.flatnonzero(~local_in_range(local))[:1]:
        raise DistributionError(f"local parameters out of range: {local[wrong]}")
    return local


def local_in_range(local: Floats) -> NDArray[np.bool_]:
    """Return which rows are local parameters. Spec: VEM-8."""
    mu, log_sigma = np.split(local, 2, axis=1)
    small = (np.abs(mu) <= LARGEST_MEAN) & (np.abs(log_sigma) <= LARGEST_PARAMETER)
    return np.asarray(small.all(axis=1))


def poisson_lower_bounds_or_minus_inf(
    x: Floats, model: PoissonFactors, local: Floats
) -> Floats:
    """Return the bounds, and ``-inf`` for rows that are out of range: for searches.

    Spec: VEM-9, VEM-13.
    """
    inside = local_in_range(local)
    bounds = poisson_lower_bounds(x, model, np.where(inside[:, None], local, 0.0))
    return np.where(inside, bounds, -inf)


def _split(local: npt.ArrayLike, x: Floats, model: PoissonFactors) -> tuple[Floats, Floats]:
    """Return mu and log_sigma."""
    local = local_parameters(local, len(x), model)
    latents = model.weights.shape[1]
    return local[:, :latents], local[:, latents:]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def poisson_rates(model: PoissonFactors, mu: Floats, log_sigma: Floats) -> Floats:
    """Return the expectations of all rates under `q`, shape ``(N, D)``. Spec: VEM-9."""
    squares = np.exp(2 * log_sigma) @ (model.weights**2).T
    return np.asarray(np.exp(model.bias + mu @ model.weights.T + squares / 2))


def finite_rates(model: PoissonFactors, mu: Floats, log_sigma: Floats) -> Floats:
    """Return the expected rates, where there is a gradient. Spec: VEM-9.

    Raises:
        LowerBoundError: a rate is beyond binary64 (VEM-9).
    """
    rate = poisson_rates(model, mu, log_sigma)
    for i in np.flatnonzero((rate == inf).any(axis=1))[:1]:
        raise LowerBoundError(
            f"the bound of data point {i} is -inf: a rate is beyond binary64"
        )
    return rate
