"""Expectation maximisation for a mixture of Gaussians with diagonal or spherical covariance.

Spec: VEM-4 to VEM-7.
Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.

    z_i ~ categorical(pi)        x_i ~ N(mu_k, diag(v_k)),  k = z_i

Weights, means and variances are all learned, unless `fixed` names them. The ``v_kd`` are
variances, not standard deviations; with one column they are spherical: a single variance for
all dimensions of a component.

A likelihood without a floor has no maximum: a component that sits on one data point gains
without end from a smaller variance. Under the floor every maximum is finite, and the M step
is still exact: of ``log v + s / v`` the least value under ``v >= floor`` is at max(s, floor).
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import log, pi

import numpy as np
import numpy.typing as npt

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.expectation_maximization.finite_latents import (
    NEGLIGIBLE,
    SUM_TOLERANCE,
    e_step,
    expectation_maximization,
    responsibilities,
)
from reference.inference.mean_field.arguments import LARGEST, real_data
from reference.inference.mean_field.coordinate_ascent import Ascent

__all__ = [
    "FLOOR",
    "LARGEST_VARIANCE",
    "LEAST_VARIANCE",
    "PARTS",
    "GaussianMixture",
    "em_step",
    "fit_gaussian_mixture",
    "gaussian_mixture_log_joint",
    "gaussian_mixture_m_step",
]

PARTS = ("weights", "means", "variances")
"""What a fit may be told to leave as it is (VEM-6)."""
FLOOR = 1e-6
"""Least variance, unless the caller names another (VEM-6)."""
LEAST_VARIANCE = 2.0**-400
"""Of a mixture (VEM-4)."""
LARGEST_VARIANCE = 2.0**404
"""Of a mixture; more than the square of the largest distance of data and means (VEM-4)."""


@dataclass(frozen=True)
class GaussianMixture:
    """A mixture of ``K`` Gaussians (VEM-4); what is no mixture is refused."""

    weights: Floats
    """Shape ``(K,)``; divided by their sum where they are used."""
    means: Floats
    """Shape ``(K, D)``."""
    variances: Floats
    """Shape ``(K, D)``, or ``(K, 1)`` where they are spherical."""

    def __post_init__(self) -> None:
        """Refuse numbers that are out of range (VEM-4)."""
        (weights,) = reals(weights=self.weights)
        (means,) = reals(means=self.means)
        (variances,) = reals(variances=self.variances)
        if means.ndim != 2 or 0 in means.shape or weights.shape != means.shape[:1]:
            raise DistributionError(f"weights of {weights.shape}, means of {means.shape}")
        if variances.shape not in (means.shape, (len(means), 1)):
            raise DistributionError(f"means of {means.shape}, variances of {variances.shape}")
        if (weights < 0).any() or not abs(weights.sum() - 1) <= SUM_TOLERANCE:
            raise DistributionError(f"weights {weights} are no distribution")
        if np.abs(means).max() > LARGEST:
            raise DistributionError(f"means of up to {np.abs(means).max()} in magnitude")
        if not ((variances >= LEAST_VARIANCE) & (variances <= LARGEST_VARIANCE)).all():
            raise DistributionError(f"variances from {variances.min()} to {variances.max()}")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "variances", variances)


def gaussian_mixture_log_joint(x: npt.ArrayLike, mixture: GaussianMixture) -> Floats:
    """Return ``log p(x_i, z_i = k)``, in nats.

    Spec: VEM-5.

        l_ik  =  log pi_k - 1/2 sum_d ((x_id - mu_kd)^2 / v_kd + log(2 pi v_kd))

    Args:
        x: shape ``(N, D)``.

    Returns:
        Shape ``(N, K)``; ``-inf`` where the weight is 0.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `mixture` (VEM-4).
    """
    x = _data_for(x, mixture)
    squares = (x[:, None, :] - mixture.means) ** 2 / mixture.variances
    with np.errstate(divide="ignore"):  # the logarithm of a weight of 0
        log_weights = np.log(mixture.weights / mixture.weights.sum())
    log_scales = np.broadcast_to(np.log(mixture.variances), mixture.means.shape)
    constants = x.shape[1] / 2 * log(2 * pi) + log_scales.sum(axis=1) / 2
    return np.asarray(log_weights - constants - squares.sum(axis=2) / 2)


def gaussian_mixture_m_step(
    x: npt.ArrayLike,
    q: npt.ArrayLike,
    mixture: GaussianMixture,
    *,
    floor: float = FLOOR,
    fixed: Collection[str] = (),
) -> GaussianMixture:
    """Return the mixture that makes the bound largest, given distributions of the latents.

    Spec: VEM-6. With ``n_k = sum_i q_ik``,

        pi_k  = n_k / sum_j n_j        mu_kd = sum_i q_ik x_id / n_k
        v_kd  = max(floor, sum_i q_ik (x_id - mu_kd)^2 / n_k)

    A spherical variance is the mean over ``d`` before the maximum is taken. A component that
    is empty gets the weight 0, and keeps mean and variances, on which nothing depends.

    Args:
        x: shape ``(N, D)``.
        q: shape ``(N, K)``; each row a distribution.
        mixture: where `fixed` parts and empty components come from; its variances also say
            whether they are spherical.
        floor: the least variance.
        fixed: names of ``PARTS`` that stay as they are.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `mixture` (VEM-4).
        DistributionError: `q` is none of ``(N, K)`` (VEM-1), or `floor` is out of range, or
            above a variance of `mixture` that is not fixed (VEM-6).
        ModelError: `fixed` names anything but ``PARTS`` (VEM-6).
    """
    x = _data_for(x, mixture)
    q = responsibilities(q, (len(x), len(mixture.weights)))
    _check_settings(mixture, floor, fixed)
    weights, means, variances = mixture.weights, mixture.means, mixture.variances
    counts = q.sum(axis=0)
    seen = counts >= NEGLIGIBLE
    shares = q / np.where(seen, counts, 1)  # the columns of the others are not used
    if "weights" not in fixed:
        weights = np.where(seen, counts, 0) / counts.sum()
    if "means" not in fixed:
        means = np.where(seen[:, None], shares.T @ x, means)
    if "variances" not in fixed:
        squares = np.einsum("ik,ikd->kd", shares, (x[:, None, :] - means) ** 2)
        if variances.shape[1] == 1:
            squares = squares.mean(axis=1, keepdims=True)
        variances = np.where(seen[:, None], np.maximum(squares, floor), variances)
    return GaussianMixture(weights, means, variances)


def em_step(
    x: npt.ArrayLike,
    mixture: GaussianMixture,
    *,
    floor: float = FLOOR,
    fixed: Collection[str] = (),
) -> tuple[GaussianMixture, float]:
    """Return the mixture after an iteration, and the log evidence before it, in nats.

    Spec: VEM-2, VEM-6. Arguments and errors as of `gaussian_mixture_m_step`.
    """
    q, evidence = e_step(gaussian_mixture_log_joint(x, mixture))
    after = gaussian_mixture_m_step(x, q, mixture, floor=floor, fixed=fixed)
    return after, float(evidence.sum())


def fit_gaussian_mixture(
    x: npt.ArrayLike,
    mixture: GaussianMixture,
    *,
    floor: float = FLOOR,
    fixed: Collection[str] = (),
    tol: float = 1e-3,
    max_iter: int = 100,
) -> Ascent[GaussianMixture]:
    """Iterate from a mixture until the evidence of the data no longer rises.

    Spec: VEM-7.

    Args:
        x: shape ``(N, D)``.
        mixture: where the ascent starts.
        floor: the least variance.
        fixed: names of ``PARTS`` that stay as they are.
        tol: at least 0; the rise of the log evidence with which it ends, in nats.
        max_iter: at least 1; the most iterations.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `mixture` (VEM-4).
        DistributionError: `floor` is out of range, or above a variance of `mixture` that is
            not fixed (VEM-6).
        LowerBoundError: the evidence has fallen (VEM-3).
        ModelError: `fixed` names anything but ``PARTS`` (VEM-6), or `tol` or `max_iter` is out
            of range (VEM-3).
    """
    x = _data_for(x, mixture)
    _check_settings(mixture, floor, fixed)
    return expectation_maximization(
        mixture,
        lambda now: gaussian_mixture_log_joint(x, now),
        lambda now, q: gaussian_mixture_m_step(x, q, now, floor=floor, fixed=fixed),
        tol=tol,
        max_iter=max_iter,
    )


def _data_for(x: npt.ArrayLike, mixture: GaussianMixture) -> Floats:
    x = real_data(x, 2)
    if x.shape[1] != mixture.means.shape[1]:
        raise DataError(f"data of {x.shape[1]} dimensions, means of {mixture.means.shape[1]}")
    return x


def _check_settings(mixture: GaussianMixture, floor: float, fixed: Collection[str]) -> None:
    """Refuse a floor or names that VEM-6 does not allow."""
    if isinstance(fixed, str) or not set(fixed) <= set(PARTS):
        raise ModelError(f"fixed is {fixed!r}, but the parts are {PARTS}")
    if not LEAST_VARIANCE <= floor <= LARGEST_VARIANCE:
        raise DistributionError(f"floor is {floor}: not in [2**-400, 2**404]")
    least = mixture.variances.min()
    if "variances" not in fixed and least < floor:
        raise DistributionError(f"a variance of {least} is below the floor of {floor}")
