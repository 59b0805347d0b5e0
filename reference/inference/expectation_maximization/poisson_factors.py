"""Counts with Gaussian factors: the bound has a closed form, the posterior has none.

Spec: VEM-8 to VEM-10.
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
from scipy.special import gammaln, logsumexp

from reference.errors import DistributionError, LowerBoundError, ModelError
from reference.inference.distributions import diagonal_normal_kl, normal_log_density
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.expectation_maximization.arguments import count_data

__all__ = [
    "LARGEST_MEAN",
    "LARGEST_PARAMETER",
    "PoissonFactors",
    "PoissonFactorsGradient",
    "best_local",
    "gradients",
    "local_curvature",
    "local_in_range",
    "local_parameters",
    "log_evidence",
    "lower_bounds",
    "lower_bounds_or_minus_inf",
    "prior_local",
]

LARGEST_PARAMETER = 64.0
"""Largest magnitude of a weight, a bias, or a local log_sigma (VEM-8)."""
LARGEST_MEAN = 2.0**60
"""Largest magnitude of a local mean (VEM-8)."""
LEAST_VARIANCE = 2.0**-180
"""Newton's method does not go below it: its logarithm is in range (VEM-11)."""
NODES = np.linspace(-1, 1, 257)
"""Of the trapezoidal rule, in units of its range (VEM-10)."""
REACH = 12.0
"""How far from the mean of the best local distribution the rule reaches (VEM-10)."""
NEWTON_STEPS = 500
"""Most Newton steps, and halvings of one; some ten are enough as a rule (VEM-11)."""
CONVERGED = 2.0**-30
"""A Newton step this small is the last: the next one would be its square (VEM-11)."""
ROUNDING = 2.0**-44
"""A bound may fall by this much of 1 plus its magnitude in a Newton step (VEM-11)."""


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


def prior_local(points: int, model: PoissonFactors) -> Floats:
    """Return the local parameters of the prior, shape ``(N, 2 L)``: all 0. Spec: VEM-8."""
    return np.zeros((points, 2 * model.weights.shape[1]))


def lower_bounds(x: npt.ArrayLike, model: PoissonFactors, local: npt.ArrayLike) -> Floats:
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
    x = count_data(x, len(model.bias))
    mu, log_sigma = _split(local, x, model)
    rate = _rates(model, mu, log_sigma)
    means = model.bias + mu @ model.weights.T
    likelihood = (x * means - rate - gammaln(x + 1)).sum(axis=1)
    return np.asarray(likelihood - diagonal_normal_kl(mu, np.exp(log_sigma), 0, 1))


@np.errstate(over="ignore", invalid="ignore")  # refused at the end
def gradients(
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
        DataError, DistributionError: as for `lower_bounds`.
        LowerBoundError: a rate, or a derivative, is beyond binary64 (VEM-9).
    """
    x = count_data(x, len(model.bias))
    mu, log_sigma = _split(local, x, model)
    rate, variances = _finite_rates(model, mu, log_sigma), np.exp(2 * log_sigma)
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
    rate = _finite_rates(model, mu, log_sigma)
    d_mu, d_variances = towards[:, : mu.shape[1]], 2 * variances * towards[:, mu.shape[1] :]
    d_rate = rate * (d_mu @ weights.T + d_variances @ (weights**2).T / 2)
    of_mu = -d_rate @ weights - d_mu
    of_log_sigma = -d_variances * (1 + rate @ weights**2) - variances * (d_rate @ weights**2)
    return np.concatenate([of_mu, of_log_sigma], axis=1)


def best_local(x: npt.ArrayLike, model: PoissonFactors) -> Floats:
    """Return the local parameters with the largest bound, for each data point.

    Spec: VEM-11. In ``p = (mu, sigma^2)`` a rate is the exponential of a linear function, so
    the bound is strictly concave. It has one maximum, and Newton's method finds it:

        gradient = (sum_d x_id W_d - mu, 1 / (2 sigma^2) - 1/2) - sum_d rate_id C_d
        Hessian  = -sum_d rate_id C_d C_d^T - diag(1, 1 / (2 sigma^4)),    C = (W, W^2 / 2)

    A step is halved until the variance stays positive and the bound does not fall.

    Args:
        x: shape ``(N, D)``; counts.

    Returns:
        Shape ``(N, 2 L)``.

    Raises:
        DataError: `x` holds anything but counts, or has not the ``D`` of `model` (VEM-8).
        LowerBoundError: a rate of the prior is beyond binary64 (VEM-9).
    """
    x = count_data(x, len(model.bias))
    latents = model.weights.shape[1]
    local = prior_local(len(x), model)
    _finite_rates(model, local[:, :latents], local[:, latents:])
    both = np.concatenate([model.weights, model.weights**2 / 2], axis=1)
    for _ in range(NEWTON_STEPS):
        mu, variances = local[:, :latents], np.exp(2 * local[:, latents:])
        rate = _rates(model, mu, local[:, latents:])
        slopes = np.concatenate([x @ model.weights - mu, 0.5 / variances - 0.5], axis=1)
        diagonal = np.concatenate([np.ones_like(mu), 0.5 / variances**2], axis=1)
        minus_hessian = np.einsum("nd,di,dj->nij", rate, both, both)
        minus_hessian += diagonal[:, :, None] * np.eye(2 * latents)
        step = np.linalg.solve(minus_hessian, (slopes - rate @ both)[:, :, None])[:, :, 0]
        before, local = local, _newton_step(x, model, local, step)
        if (np.abs(local - before) <= CONVERGED * (1 + np.abs(local))).all():
            break
    return local


def log_evidence(x: npt.ArrayLike, model: PoissonFactors) -> Floats:
    """Return the log evidence of each data point, of a model with one factor; in nats.

    Spec: VEM-10. The trapezoidal rule for the integral over ``z``, in the variable ``u`` with
    ``z = mu + sigma sinh(u)`` around the best local distribution. The integrand falls at least
    like a normal density on both sides, and is analytic, so the rule converges geometrically.

    Args:
        x: shape ``(N, D)``; counts.

    Returns:
        Shape ``(N,)``.

    Raises:
        DataError: `x` holds anything but counts, or has not the ``D`` of `model` (VEM-8).
        ModelError: `model` has more than one factor (VEM-10).
    """
    if model.weights.shape[1] != 1:
        raise ModelError(
            f"a model with {model.weights.shape[1]} factors: quadrature takes one"
        )
    x = count_data(x, len(model.bias))
    mu, log_sigma = np.split(best_local(x, model), 2, axis=1)
    sigma = np.exp(log_sigma)
    ends = np.arcsinh(REACH / sigma)
    u = ends * NODES
    z = mu + sigma * np.sinh(u)
    exponents = model.bias + z[:, :, None] * model.weights[:, 0]
    with np.errstate(over="ignore"):  # a rate beyond binary64: the density is 0 there
        terms = x[:, None, :] * exponents - np.exp(exponents) - gammaln(x + 1)[:, None, :]
    log_integrand = (
        terms.sum(axis=2) + normal_log_density(z, 0, 1) + np.log(sigma * np.cosh(u))
    )
    width = ends[:, 0] * (NODES[1] - NODES[0])
    return np.asarray(logsumexp(log_integrand, axis=1) + np.log(width))


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


def lower_bounds_or_minus_inf(x: Floats, model: PoissonFactors, local: Floats) -> Floats:
    """Return the bounds, and ``-inf`` for rows that are out of range: for searches.

    Spec: VEM-9, VEM-13.
    """
    inside = local_in_range(local)
    bounds = lower_bounds(x, model, np.where(inside[:, None], local, 0.0))
    return np.where(inside, bounds, -inf)


def _split(local: npt.ArrayLike, x: Floats, model: PoissonFactors) -> tuple[Floats, Floats]:
    """Return mu and log_sigma."""
    local = local_parameters(local, len(x), model)
    latents = model.weights.shape[1]
    return local[:, :latents], local[:, latents:]


@np.errstate(over="ignore")  # what is beyond binary64 is infinite
def _rates(model: PoissonFactors, mu: Floats, log_sigma: Floats) -> Floats:
    """Return the expectations of all rates under `q`, shape ``(N, D)``."""
    squares = np.exp(2 * log_sigma) @ (model.weights**2).T
    return np.asarray(np.exp(model.bias + mu @ model.weights.T + squares / 2))


def _finite_rates(model: PoissonFactors, mu: Floats, log_sigma: Floats) -> Floats:
    rate = _rates(model, mu, log_sigma)
    for i in np.flatnonzero((rate == inf).any(axis=1))[:1]:
        raise LowerBoundError(
            f"the bound of data point {i} is -inf: a rate is beyond binary64"
        )
    return rate


def _newton_step(x: Floats, model: PoissonFactors, local: Floats, step: Floats) -> Floats:
    """Return the local parameters after a step in ``(mu, sigma^2)``, halved where needed."""
    mu, log_sigma = np.split(local, 2, axis=1)
    start = np.concatenate([mu, np.exp(2 * log_sigma)], axis=1)
    bounds, scale = lower_bounds(x, model, local), np.ones((len(x), 1))
    bounds -= ROUNDING * (1 + np.abs(bounds))
    for _ in range(NEWTON_STEPS):
        mu, variances = np.split(start + scale * step, 2, axis=1)
        positive = variances > LEAST_VARIANCE
        log_sigma = np.log(np.where(positive, variances, 1)) / 2
        trial = np.concatenate([mu, log_sigma], axis=1)
        better = lower_bounds_or_minus_inf(x, model, trial) >= bounds
        better &= positive.all(axis=1)
        if better.all():
            break
        scale = np.where(better[:, None], scale, scale / 2)
    return np.where(better[:, None], trial, local)
