"""Mean field for a mixture of Gaussians with unit variance and unknown means.

Spec: MFV-3 to MFV-8, MFV-10.
Source: lecture 003, "Mean Field VI - GMM"; D. Blei, A. Kucukelbir, J. McAuliffe,
"Variational inference: a review for statisticians", JASA 112 (2017), section 3; the seeding
is that of D. Arthur, S. Vassilvitskii, "k-means++", SODA 2007.

    mu_k ~ N(0, sigma^2 I)        c_i ~ uniform on K        x_i ~ N(mu_k, I),  k = c_i
    q:  mu_k ~ N(m_k, s_k^2 I)    c_i ~ phi_i

Here `means` are the ``m_k``, `variances` the ``s_k^2``, `responsibilities` the ``phi_ik``, and
`sigma` is a standard deviation, not the variance.
"""

from math import log, pi
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import entr, logsumexp, softmax

from reference.errors import DataError, DistributionError, ModelError
from reference.inference.distributions import diagonal_normal_kl, diagonal_normal_log_density
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.mean_field.arguments import (
    LARGEST,
    check_count,
    check_sigma,
    real_data,
)
from reference.inference.mean_field.coordinate_ascent import Ascent, coordinate_ascent

__all__ = [
    "MixturePosterior",
    "mixture_ascent",
    "mixture_elbo",
    "mixture_gradient",
    "mixture_log_density",
    "mixture_responsibilities",
    "mixture_seeds",
    "mixture_update",
]

SUM_TOLERANCE = 2.0**-16
"""How far the responsibilities of a point may be from the sum 1 (MFV-3)."""


class MixturePosterior(NamedTuple):
    """The factors of the means: ``mu_k ~ N(m_k, s_k^2 I)`` (MFV-3)."""

    means: Floats
    """Shape ``(K, D)``."""
    variances: Floats
    """Shape ``(K,)``."""


_State = tuple[Floats, MixturePosterior]


def mixture_elbo(
    x: npt.ArrayLike,
    responsibilities: npt.ArrayLike,
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    sigma: float,
) -> float:
    """Return the ELBO with all its constants, in nats.

    Spec: MFV-4.

        - KL(q(mu) || p(mu))  -  N log K  -  (N D / 2) log(2 pi)
        - sum_ik phi_ik (|x_i - m_k|^2 + D s_k^2) / 2  -  sum_ik phi_ik log phi_ik

    Args:
        x: shape ``(N, D)``.
        responsibilities: shape ``(N, K)``; each row a distribution.
        means: shape ``(K, D)``.
        variances: shape ``(K,)``.
        sigma: the standard deviation of the prior.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = _data_and_posterior(x, means, variances)
    phi, (n, d), k = _distributions(responsibilities, x, q), x.shape, len(q.means)
    check_sigma(sigma)
    prior = diagonal_normal_kl(q.means, np.sqrt(q.variances)[:, None], 0, sigma).sum()
    constants = n * log(k) + n * d / 2 * log(2 * pi)
    return float((phi * _logits(x, q)).sum() + entr(phi).sum() - constants - prior)


def mixture_responsibilities(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> Floats:
    """Return the factors ``q(c_i)`` that are best for these means and variances.

    Spec: MFV-5.

        phi_ik  proportional to  exp(-(|x_i - m_k|^2 + D s_k^2) / 2)

    Args:
        x: shape ``(N, D)``.
        means: shape ``(K, D)``.
        variances: shape ``(K,)``.

    Returns:
        Shape ``(N, K)``; each row a distribution.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = _data_and_posterior(x, means, variances)
    return np.asarray(softmax(_logits(x, q), axis=1))


def mixture_gradient(
    x: npt.ArrayLike,
    responsibilities: npt.ArrayLike,
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    sigma: float,
) -> tuple[Floats, Floats]:
    """Return the partial derivatives of the ELBO in the means and in the variances.

    Spec: MFV-6. With ``C_k = 1 / sigma^2 + sum_i phi_ik``,

        sum_i phi_ik (x_i - m_k) - m_k / sigma^2        (D / 2) (1 / s_k^2 - C_k)

    Args:
        x: shape ``(N, D)``.
        responsibilities: shape ``(N, K)``; each row a distribution.

    Returns:
        Shapes ``(K, D)`` and ``(K,)``.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = _data_and_posterior(x, means, variances)
    phi = _distributions(responsibilities, x, q)
    curvatures = _curvatures(phi, sigma)
    d_means = phi.T @ x - curvatures[:, None] * q.means
    return d_means, x.shape[1] / 2 * (1 / q.variances - curvatures)


def mixture_update(
    x: npt.ArrayLike,
    responsibilities: npt.ArrayLike,
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    sigma: float,
    *,
    step: float = 1.0,
) -> MixturePosterior:
    """Return better means and variances; the best ones, given the rest, for a step of 1.

    Spec: MFV-6. These are steps along the gradients g and h of `mixture_gradient`:

        m_k          (1 - step) m_k + step sum_i phi_ik x_i / C_k  =  m_k + (step / C_k) g_k
        1 / s_k^2    (1 - step) / s_k^2 + step C_k  =  1 / s_k^2 - (2 step / D) h_k

    Args:
        x: shape ``(N, D)``.
        responsibilities: shape ``(N, K)``; each row a distribution.
        step: in ``(0, 1]``.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
        ModelError: `step` is out of range (MFV-6).
    """
    if not 0 < step <= 1:
        raise ModelError(f"a step of {step} is not in (0, 1]")
    x, q = _data_and_posterior(x, means, variances)
    phi = _distributions(responsibilities, x, q)
    curvatures = _curvatures(phi, sigma)
    means = (1 - step) * q.means + step * (phi.T @ x) / curvatures[:, None]
    precisions = (1 - step) / q.variances + step * curvatures
    return MixturePosterior(means, 1 / precisions)


def mixture_ascent(
    x: npt.ArrayLike,
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    sigma: float,
    *,
    step: float = 1.0,
    tol: float = 1e-3,
    max_iter: int = 100,
) -> Ascent[MixturePosterior]:
    """Ascend from these means and variances until the bound no longer rises.

    Spec: MFV-7. A sweep updates means and variances, then responsibilities. With a step of 1
    this is known as coordinate ascent variational inference (CAVI).

    Args:
        x: shape ``(N, D)``.
        means: shape ``(K, D)``.
        variances: shape ``(K,)``.
        step: in ``(0, 1]``.
        tol: at least 0; the rise in a sweep with which the ascent ends, in nats.
        max_iter: at least 1; the most sweeps.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
        ModelError: a setting is out of range (MFV-2, MFV-6).
    """
    x, q = _data_and_posterior(x, means, variances)

    def update_posterior(state: _State) -> _State:
        phi, q = state
        return phi, mixture_update(x, phi, *q, sigma, step=step)

    def update_responsibilities(state: _State) -> _State:
        return mixture_responsibilities(x, *state[1]), state[1]

    ascent = coordinate_ascent(
        (mixture_responsibilities(x, *q), q),
        [update_posterior, update_responsibilities],
        lambda state: mixture_elbo(x, state[0], *state[1], sigma),
        tol=tol,
        max_iter=max_iter,
    )
    return Ascent(ascent.state[1], ascent.lower_bounds, ascent.converged)


def mixture_seeds(
    x: npt.ArrayLike, n_components: int, sigma: float, rng: np.random.Generator
) -> Floats:
    """Draw means to start from, far from one another.

    Spec: MFV-8. Each next one is a point drawn with a probability proportional to its squared
    distance from those so far; or from the prior, once every point is a mean.

    Args:
        x: shape ``(N, D)``.
        n_components: ``K``, at least 1; it may exceed ``N``.

    Returns:
        Shape ``(K, D)``.

    Raises:
        DataError: `x` is out of range (MFV-3).
        DistributionError: `sigma` is (MFV-3).
        ModelError: `n_components` is (MFV-3).
    """
    x = real_data(x, 2)
    check_sigma(sigma)
    check_count(n_components=n_components)
    n, d = x.shape
    means = np.empty((n_components, d))
    distances = np.full(n, np.inf)
    for k in range(n_components):
        if k == 0:
            means[k] = x[rng.integers(n)]
        elif (sums := np.cumsum(distances))[-1] > 0:
            means[k] = x[np.searchsorted(sums, rng.random() * sums[-1], side="right")]
        else:
            means[k] = sigma * rng.standard_normal(d)
        new = sum((x[:, j] - means[k, j]) ** 2 for j in range(d))
        distances = np.minimum(distances, new)
    return means


def mixture_log_density(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> Floats:
    """Return the log density that has been learned, in nats: not that of the plugged-in means.

    Spec: MFV-10.

        log (1 / K) sum_k N(x; m_k, (1 + s_k^2) I)

    Args:
        x: shape ``(N, D)``.
        means: shape ``(K, D)``.
        variances: shape ``(K,)``.

    Returns:
        Shape ``(N,)``.

    Raises:
        DataError: `x` is out of range, or has not the ``D`` of `means` (MFV-3).
        DistributionError: another argument is out of range (MFV-3).
    """
    x, q = _data_and_posterior(x, means, variances)
    deviations = np.sqrt(1 + q.variances)[:, None]
    of_each = diagonal_normal_log_density(x[:, None], q.means, deviations)
    return np.asarray(logsumexp(of_each, axis=1) - log(len(q.means)))


def _logits(x: Floats, q: MixturePosterior) -> Floats:
    """Return ``l_ik`` of MFV-5, of shape ``(N, K)``."""
    squares = ((x[:, None] - q.means) ** 2).sum(axis=2)
    return np.asarray(-(squares + x.shape[1] * q.variances) / 2)


def _curvatures(phi: Floats, sigma: float) -> Floats:
    """Return ``C_k`` of MFV-6."""
    check_sigma(sigma)
    return np.asarray(1 / sigma**2 + phi.sum(axis=0))


def _data_and_posterior(
    x: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
) -> tuple[Floats, MixturePosterior]:
    """Return these as arrays, and refuse what MFV-3 refuses."""
    x = real_data(x, 2)
    (means,), (variances,) = reals(means=means), reals(variances=variances)
    if means.ndim != 2 or 0 in means.shape or variances.shape != means.shape[:1]:
        raise DistributionError(f"means of {means.shape}, variances of {variances.shape}")
    if np.abs(means).max() > LARGEST:
        raise DistributionError(f"means of up to {np.abs(means).max()} in magnitude")
    if not ((variances >= LARGEST**-2) & (variances <= LARGEST**2)).all():
        raise DistributionError(f"variances from {variances.min()} to {variances.max()}")
    if x.shape[1] != means.shape[1]:
        raise DataError(f"data of {x.shape[1]} dimensions, means of {means.shape[1]}")
    return x, MixturePosterior(means, variances)


def _distributions(phi: npt.ArrayLike, x: Floats, q: MixturePosterior) -> Floats:
    """Return responsibilities as an array, and refuse what are none (MFV-3)."""
    (phi,) = reals(responsibilities=phi)
    if phi.shape != (len(x), len(q.means)):
        raise DistributionError(
            f"responsibilities of {phi.shape} for {len(x)} points, {len(q.means)} components"
        )
    if (phi < 0).any() or not (np.abs(phi.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        raise DistributionError("responsibilities that are no distributions")
    return phi
