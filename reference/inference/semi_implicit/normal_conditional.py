"""The normal conditional: psi is the mean of z; samples, mixture and gradients.

Spec: SIV-1 to SIV-4, SIV-6.
Source: M. Yin, M. Zhou, "Semi-implicit variational inference", ICML 2018, arXiv:1805.11183,
algorithm 1 and section 3.3.

    psi ~ any sampler        z = psi + sigma eps,   eps ~ N(0, 1)

What trains the sampler is the gradient with respect to the psi that it put out, to be sent
back through it. Each z is compared with the psi that made it, a row of `own`, and with all
rows of `others`; a normal density in coordinates such as ``log r`` or ``logit p`` is
log-normal or logit-normal in ``r`` and ``p``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions import diagonal_normal_log_density
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.semi_implicit.bounds import semi_implicit_log_density

__all__ = [
    "LEAST_SIGMA",
    "MOST_SIGMA",
    "SemiImplicitGradient",
    "lower_bound_gradients",
    "normal_mixture_log_density",
    "semi_implicit_sample",
    "upper_surrogate_gradients",
]


LEAST_SIGMA = 2.0**-300
"""A smaller standard deviation is refused (SIV-1)."""
MOST_SIGMA = 2.0**300
"""And so is a larger one (SIV-1)."""


@dataclass(frozen=True)
class SemiImplicitGradient:
    """The gradient of the mean of S estimates (SIV-6)."""

    own: Floats
    """With respect to the psi that made each z; shape ``(S, L)``."""
    others: Floats
    """With respect to the psi that all z share; shape ``(K, L)``."""
    log_sigma: Floats
    """With respect to the logarithm of each standard deviation; shape ``(L,)``."""


def semi_implicit_sample(
    own: npt.ArrayLike, sigma: npt.ArrayLike, eps: npt.ArrayLike
) -> Floats:
    """Return the latents that each psi makes of its noise.

    Spec: SIV-1.

        z = psi + sigma eps

    Args:
        own: shape ``(S, L)``; a psi a row.
        sigma: from ``2**-300`` to ``2**300``; shape ``(L,)``, or one for all.
        eps: standard normal; shape ``(S, L)``.

    Returns:
        Shape ``(S, L)``.

    Raises:
        DistributionError: numbers, shapes or a sigma that SIV-1 does not allow.
    """
    own, sigma, eps = _sample_arguments(own, sigma, eps)
    return own + sigma * eps


def normal_mixture_log_density(
    z: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    own: npt.ArrayLike | None = None,
) -> Floats:
    """Return the log density of the mixture of normals at each z, in nats.

    Spec: SIV-2.

        log (1 / (K + 1)) (N(z; own, sigma^2) + sum_k N(z; others_k, sigma^2))    with `own`
        log (1 / K) sum_k N(z; others_k, sigma^2)                                 without

    Args:
        z: shape ``(S, L)``.
        others: shape ``(K, L)``; K >= 1, or with `own` K >= 0.
        sigma: from ``2**-300`` to ``2**300``; shape ``(L,)``, or one for all.
        own: shape ``(S, L)``.

    Returns:
        Shape ``(S,)``.

    Raises:
        DistributionError: numbers, shapes or a sigma that SIV-1 does not allow.
    """
    z = _rows("z", z)
    others, sigma = _rows("others", others, z.shape[1]), _scales(sigma, z.shape[1])
    parts = diagonal_normal_log_density(z[:, None, :], others, sigma)
    if own is None:
        return semi_implicit_log_density(parts)
    own = _rows("own", own, z.shape[1])
    if own.shape != z.shape:
        raise DistributionError(f"own of shape {own.shape}, z of {z.shape}")
    return semi_implicit_log_density(parts, diagonal_normal_log_density(z, own, sigma))


def lower_bound_gradients(
    log_joint: npt.ArrayLike,
    slopes: npt.ArrayLike,
    own: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    eps: npt.ArrayLike,
) -> tuple[Floats, SemiImplicitGradient]:
    """Return the estimates of L_K, in nats, and the gradient of their mean.

    Spec: SIV-3, SIV-6. With the shares ``w_k`` of the parts in the mixture of a z, and
    ``u_k = (z - psi_k) / sigma``, a z contributes

        own        slope + sum_k w_k u_k / sigma
        others     -w_k u_k / sigma
        log sigma  sigma eps slope + 1 + sum_k w_k u_k (eps - u_k)

    where k counts the others: a shift of ``psi_0`` shifts its z along, so its own part changes
    nothing but the shares.

    Args:
        log_joint: log p(x, z) at ``z = own + sigma eps``; shape ``(S,)``.
        slopes: its gradient with respect to z; shape ``(S, L)``.
        own: shape ``(S, L)``.
        others: shape ``(K, L)``; K >= 0, and with K = 0 this is plain inference.
        sigma: from ``2**-300`` to ``2**300``; shape ``(L,)``, or one for all.
        eps: standard normal; shape ``(S, L)``.

    Returns:
        Shape ``(S,)``, and the gradient.

    Raises:
        DistributionError: numbers, shapes or a sigma that SIV-1 does not allow, or a result
            that is not finite (SIV-6).
    """
    return _gradients(log_joint, slopes, own, others, sigma, eps, with_own=True)


def upper_surrogate_gradients(
    log_joint: npt.ArrayLike,
    slopes: npt.ArrayLike,
    own: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    eps: npt.ArrayLike,
) -> tuple[Floats, SemiImplicitGradient]:
    """Return the estimates of U_K, in nats, and the gradient of their mean.

    Spec: SIV-4, SIV-6. As `lower_bound_gradients`, with the shares of a mixture of the others
    alone, so that K >= 1.

    Raises:
        DistributionError: as for `lower_bound_gradients` (SIV-1, SIV-6).
    """
    return _gradients(log_joint, slopes, own, others, sigma, eps, with_own=False)


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused at the end
def _gradients(
    log_joint: npt.ArrayLike,
    slopes: npt.ArrayLike,
    own: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    eps: npt.ArrayLike,
    *,
    with_own: bool,
) -> tuple[Floats, SemiImplicitGradient]:
    own, sigma, eps = _sample_arguments(own, sigma, eps)
    others = _rows("others", others, own.shape[1])
    slopes, (joint,) = _rows("slopes", slopes, own.shape[1]), reals(log_joint=log_joint)
    if slopes.shape != own.shape or joint.shape != own.shape[:1]:
        raise DistributionError(
            f"log_joint {joint.shape} and slopes {slopes.shape} at {own.shape}"
        )
    z = own + sigma * eps
    u = (z[:, None, :] - others) / sigma  # (S, K, L)
    parts = diagonal_normal_log_density(u, 0.0, 1.0)  # relative to sigma, as mine
    mine = diagonal_normal_log_density(eps, 0.0, 1.0) if with_own else None
    log_h = semi_implicit_log_density(parts, mine)
    count = len(others) + with_own
    w = np.exp(parts - log_h[:, None])[:, :, None] / count
    pull = (w * u).sum(axis=1) / sigma
    gradient = SemiImplicitGradient(
        (slopes + pull) / len(z),
        -(w * u / sigma).mean(axis=0),
        (sigma * eps * slopes + 1 + (w * u * (eps[:, None, :] - u)).sum(axis=1)).mean(axis=0),
    )
    estimates = joint - (log_h - np.log(sigma).sum())
    for array in (estimates, gradient.own, gradient.others, gradient.log_sigma):
        if not np.isfinite(array).all():
            raise DistributionError("a bound or its gradient is not finite: z is too far off")
    return estimates, gradient


def _sample_arguments(
    own: npt.ArrayLike, sigma: npt.ArrayLike, eps: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    own = _rows("own", own)
    eps = _rows("eps", eps, own.shape[1])
    if own.shape != eps.shape:
        raise DistributionError(f"own of shape {own.shape}, eps of {eps.shape}")
    return own, _scales(sigma, own.shape[1]), eps


def _rows(name: str, numbers: npt.ArrayLike, columns: int | None = None) -> Floats:
    """Return vectors as rows: at least one where their length is not known yet."""
    (array,) = reals(**{name: numbers})
    if array.ndim != 2 or (columns is None and array.size == 0):
        raise DistributionError(f"{name} of shape {array.shape} has no vectors as rows")
    if columns is not None and array.shape[1] != columns:
        raise DistributionError(f"{name} of shape {array.shape}, not of {columns} columns")
    return array


def _scales(sigma: npt.ArrayLike, columns: int) -> Floats:
    (array,) = reals(sigma=sigma)
    if array.shape not in ((), (columns,)):
        raise DistributionError(f"sigma of shape {array.shape} for {columns} latents")
    if not ((array >= LEAST_SIGMA) & (array <= MOST_SIGMA)).all():
        raise DistributionError(f"sigma from {array.min()} to {array.max()}: out of range")
    return np.broadcast_to(array, (columns,))
