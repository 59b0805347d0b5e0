"""What inference is measured against: the best local parameters, and the evidence itself.

Spec: VEM-10 to VEM-12.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from reference.errors import ModelError
from reference.inference.distributions import normal_log_density
from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization.poisson_factors import (
    PoissonFactors,
    PoissonFactorsGradient,
    count_data,
    finite_rates,
    poisson_gradients,
    poisson_lower_bounds,
    poisson_lower_bounds_or_minus_inf,
    poisson_rates,
    prior_local,
)

__all__ = ["best_local", "poisson_log_evidence", "profile_bound"]

NEWTON_STEPS = 500
"""Most Newton steps, and halvings of one; some ten are enough as a rule (VEM-11)."""
CONVERGED = 2.0**-30
"""A Newton step this small is the last: the next one would be its square (VEM-11)."""
ROUNDING = 2.0**-44
"""A bound may fall by this much of its terms in a Newton step (VEM-11)."""
LEAST_VARIANCE = 2.0**-180
"""Newton's method does not go below it: its logarithm is in range (VEM-11)."""
NODES = np.linspace(-1, 1, 257)
"""Of the trapezoidal rule, in units of its range (VEM-10)."""
REACH = 12.0
"""How far from the mean of the best local distribution the rule reaches (VEM-10)."""


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
    x = count_data(x, model)
    latents = model.weights.shape[1]
    local = prior_local(len(x), model)
    finite_rates(model, local[:, :latents], local[:, latents:])
    both = np.concatenate([model.weights, model.weights**2 / 2], axis=1)
    for _ in range(NEWTON_STEPS):
        mu, variances = local[:, :latents], np.exp(2 * local[:, latents:])
        rate = poisson_rates(model, mu, local[:, latents:])
        slopes = np.concatenate([x @ model.weights - mu, 0.5 / variances - 0.5], axis=1)
        diagonal = np.concatenate([np.ones_like(mu), 0.5 / variances**2], axis=1)
        step = _solve(np.sqrt(rate), both, slopes, np.sqrt(diagonal))
        before, local = local, _newton_step(x, model, local, step)
        if (np.abs(local - before) <= CONVERGED * (1 + np.abs(local))).all():
            break
    return local


def poisson_log_evidence(x: npt.ArrayLike, model: PoissonFactors) -> Floats:
    """Return the log evidence of each data point, of a model with one factor; in nats.

    Spec: VEM-10; it bounds VEM-18. The trapezoidal rule for the integral over ``z``, in the
    variable ``u`` with ``z = mu + sigma sinh(u)`` around the best local distribution. The
    integrand falls at least like a normal density on both sides, and is analytic, so the rule
    converges geometrically.

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
    x = count_data(x, model)
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


def profile_bound(
    x: npt.ArrayLike, model: PoissonFactors
) -> tuple[float, PoissonFactorsGradient]:
    """Return the sum of the best bounds, in nats, and its derivative in the model.

    Spec: VEM-12.

        d/dtheta max_lambda F(theta, lambda)  =  (dF/dtheta)(theta, lambda*)

    At the maximum a change of the local parameters changes nothing to first order, so what
    they do when the model changes does not appear.

    Args:
        x: shape ``(N, D)``; counts.

    Raises:
        DataError, LowerBoundError: as for `best_local`.
    """
    local = best_local(x, model)
    return float(poisson_lower_bounds(x, model, local).sum()), poisson_gradients(
        x, model, local
    )[1]


def _solve(roots: Floats, both: Floats, slopes: Floats, scales: Floats) -> Floats:
    """Return the Newton step, as the least squares problem that it is.

        sum_d rate_d (C_d step + 1)^2  +  |scales step - slopes / scales|^2

    By a QR decomposition, for the Hessian has the square of its condition number.
    """
    eye = np.eye(scales.shape[1])
    matrix = np.concatenate([roots[:, :, None] * both, scales[:, :, None] * eye], axis=1)
    q, r = np.linalg.qr(matrix)
    right = np.concatenate([-roots, slopes / scales], axis=1)
    return np.linalg.solve(r, np.einsum("nij,ni->nj", q, right)[:, :, None])[:, :, 0]


def _newton_step(x: Floats, model: PoissonFactors, local: Floats, step: Floats) -> Floats:
    """Return the local parameters after a step in ``(mu, sigma^2)``, halved where needed."""
    mu, log_sigma = np.split(local, 2, axis=1)
    start = np.concatenate([mu, np.exp(2 * log_sigma)], axis=1)
    terms = x * np.abs(model.bias + mu @ model.weights.T) + gammaln(x + 1)
    rounding = ROUNDING * (1 + terms.sum(axis=1) + poisson_rates(model, mu, log_sigma).sum(1))
    bounds, scale = poisson_lower_bounds(x, model, local), np.ones((len(x), 1))
    for _ in range(NEWTON_STEPS):
        mu, variances = np.split(start + scale * step, 2, axis=1)
        positive = variances > LEAST_VARIANCE
        log_sigma = np.log(np.where(positive, variances, 1)) / 2
        trial = np.concatenate([mu, log_sigma], axis=1)
        better = poisson_lower_bounds_or_minus_inf(x, model, trial) >= bounds - rounding
        better &= positive.all(axis=1)
        if better.all():
            break
        scale = np.where(better[:, None], scale, scale / 2)
    return np.where(better[:, None], trial, local)
