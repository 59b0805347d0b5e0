"""Compiled twin of `reference.inference.semi_implicit.normal_conditional`.

Spec: SIV-2 to SIV-4, SIV-6.  Checked by tests/equivalence/test_semi_implicit.py.

There is no array of S x K numbers: a z is compared with every psi, and is done with. The psi
lie with one coordinate of all in a row, so that a loop over them is a loop over neighbours.
Densities are relative to ``sigma``: what is missing is ``sum log sigma``.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference._arguments import finite_reals
from fast.inference._exponential import exp_kernel
from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.semi_implicit.normal_conditional import (
    LEAST_SIGMA,
    MOST_SIGMA,
    SemiImplicitGradient,
)

__all__ = [
    "lower_bound_gradients",
    "mixture_gradients_kernel",
    "normal_mixture_log_density",
    "normal_mixture_log_density_kernel",
    "upper_surrogate_gradients",
]

# Infinities stay what they are; the order of a sum does not.
GRADE_CLOSE = {"reassoc", "contract", "nsz"}

HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)


@kernel
def _least(squares):  # type: ignore[no-untyped-def]
    """Return the least of some numbers; of none, infinity."""
    # LLVM keeps a minimum in order; four of them do not wait for one another.
    a = b = c = d = np.inf
    fours = squares.size - squares.size % 4
    for k in range(0, fours, 4):
        a, b = min(a, squares[k]), min(b, squares[k + 1])
        c, d = min(c, squares[k + 2]), min(d, squares[k + 3])
    for k in range(fours, squares.size):
        a = min(a, squares[k])
    return min(min(a, b), min(c, d))


@kernel(fastmath=GRADE_CLOSE)
def _row(z, psi, inverse, own, parts):  # type: ignore[no-untyped-def]
    """Set `parts` to the densities of a z relative to the densest one; return its logarithm.

    `own` is the squared distance from the psi that made z, infinite where that does not count.
    The sum of the parts, the own one among them, is returned too.
    """
    parts[:] = 0.0
    for i in range(z.size):
        x, scale, row = z[i], inverse[i], psi[i]
        for k in range(parts.size):
            u = (x - row[k]) * scale
            parts[k] += u * u
    least = min(_least(parts), own)
    if least == np.inf:  # beyond binary64 from every psi
        return -np.inf, 1.0
    total = np.exp(0.5 * (least - own))
    for k in range(parts.size):
        parts[k] = exp_kernel(0.5 * (least - parts[k]))
        total += parts[k]
    return -0.5 * least, total


@kernel(fastmath=GRADE_CLOSE)
def normal_mixture_log_density_kernel(z, psi, inverse, own, parts, log_h):  # type: ignore[no-untyped-def]
    """Set `log_h` to the log density of the mixture at each z, less its constants (SIV-2).

    Left to the caller are ``sum log sigma``, the number of parts, and ``log(2 pi)``.

    Args:
        z: shape ``(S, L)``.
        psi: the others; shape ``(L, K)``.
        inverse: 1 over sigma; shape ``(L,)``.
        own: squared distances in sigma from each z to the psi that made it; infinite if not
            in the mixture. Shape ``(S,)``.
        parts: memory; shape ``(K,)``.
        log_h: shape ``(S,)``.
    """
    for s in range(z.shape[0]):
        top, total = _row(z[s], psi, inverse, own[s], parts)
        log_h[s] = top + np.log(total)


@kernel(fastmath=GRADE_CLOSE)
def mixture_gradients_kernel(  # type: ignore[no-untyped-def]
    z, eps, slopes, psi, inverse, own, parts, log_h, d_own, d_others, d_log_sigma
):
    """Set `log_h` as `normal_mixture_log_density_kernel`, and S times the gradient of SIV-6.

    Args:
        z: as for `normal_mixture_log_density_kernel`, like `psi`, `inverse`, `own`, `parts`.
        eps: shape ``(S, L)``; `slopes` likewise.
        d_own: shape ``(S, L)``.
        d_others: shape ``(L, K)``; 0 before.
        d_log_sigma: shape ``(L,)``; 0 before.
    """
    for s in range(z.shape[0]):
        top, total = _row(z[s], psi, inverse, own[s], parts)
        log_h[s] = top + np.log(total)
        share = 1.0 / total
        for i in range(z.shape[1]):
            x, e, scale, row, d_row = z[s, i], eps[s, i], inverse[i], psi[i], d_others[i]
            pull, spread = 0.0, 0.0
            for k in range(parts.size):
                u = (x - row[k]) * scale
                weighted = parts[k] * share * u
                d_row[k] -= weighted * scale
                pull += weighted
                spread += weighted * (e - u)
            d_own[s, i] = slopes[s, i] + pull * scale
            d_log_sigma[i] += e * slopes[s, i] / scale + 1.0 + spread


def normal_mixture_log_density(
    z: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    own: npt.ArrayLike | None = None,
) -> Floats:
    """Return the log density of the mixture of normals at each z, in nats. Spec: SIV-2.

    Raises:
        DistributionError: numbers, shapes or a sigma that SIV-1 does not allow.
    """
    z = _rows("z", z)
    others, sigma = _rows("others", others, z.shape[1]), _scales(sigma, z.shape[1])
    inverse, count = 1 / sigma, len(others)
    distances = np.full(len(z), np.inf)
    if own is not None:
        own = _rows("own", own, z.shape[1])
        if own.shape != z.shape:
            raise DistributionError(f"own of shape {own.shape}, z of {z.shape}")
        with np.errstate(over="ignore"):
            distances = (((z - own) / sigma) ** 2).sum(axis=1)
        count += 1
    if count == 0:
        raise DistributionError(f"a mixture of no parts at {len(z)} points")
    psi, parts = np.ascontiguousarray(others.T), np.empty(len(others))
    log_h = np.empty(len(z))
    with np.errstate(all="ignore"):  # the JIT off, what is beyond binary64 makes warnings
        normal_mixture_log_density_kernel(z, psi, inverse, distances, parts, log_h)
    return log_h - _constants(sigma, count)


def lower_bound_gradients(
    log_joint: npt.ArrayLike,
    slopes: npt.ArrayLike,
    own: npt.ArrayLike,
    others: npt.ArrayLike,
    sigma: npt.ArrayLike,
    eps: npt.ArrayLike,
) -> tuple[Floats, SemiImplicitGradient]:
    """Return the estimates of L_K, and the gradient of their mean. Spec: SIV-3, SIV-6.

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
    """Return the estimates of U_K, and the gradient of their mean. Spec: SIV-4, SIV-6.

    Raises:
        DistributionError: as for `lower_bound_gradients` (SIV-1, SIV-6).
    """
    return _gradients(log_joint, slopes, own, others, sigma, eps, with_own=False)


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
    own = _rows("own", own)
    S, L = own.shape
    eps, slopes = _rows("eps", eps, L), _rows("slopes", slopes, L)
    others, sigma = _rows("others", others, L), _scales(sigma, L)
    joint = finite_reals("log_joint", log_joint)
    if not own.shape == eps.shape == slopes.shape or joint.shape != (S,):
        raise DistributionError(
            f"log_joint {joint.shape}, slopes {slopes.shape}, own {own.shape}, eps {eps.shape}"
        )
    count = len(others) + with_own
    if count == 0:
        raise DistributionError(f"a mixture of no parts at {S} points")
    psi, parts = np.ascontiguousarray(others.T), np.empty(len(others))
    log_h, d_own = np.empty(S), np.empty((S, L))
    d_others, d_log_sigma = np.zeros((L, len(others))), np.zeros(L)
    with np.errstate(all="ignore"):  # what is not finite is refused at the end
        z = own + sigma * eps
        distances = (eps**2).sum(axis=1) if with_own else np.full(S, np.inf)
        mixture_gradients_kernel(
            *(z, eps, slopes, psi, 1 / sigma, distances, parts),
            *(log_h, d_own, d_others, d_log_sigma),
        )
        estimates = joint - (log_h - _constants(sigma, count))
    gradient = SemiImplicitGradient(d_own / S, d_others.T / S, d_log_sigma / S)
    for array in (estimates, gradient.own, gradient.others, gradient.log_sigma):
        if not np.isfinite(array).all():
            raise DistributionError("a bound or its gradient is not finite: z is too far off")
    return estimates, gradient


def _constants(sigma: Floats, count: int) -> float:
    return float(np.log(sigma).sum() + sigma.size * HALF_LOG_TAU + np.log(count))


def _rows(name: str, numbers: npt.ArrayLike, columns: int | None = None) -> Floats:
    """Return vectors as rows of C-contiguous memory. Spec: SIV-1."""
    array = finite_reals(name, numbers)
    if array.ndim != 2 or (columns is None and array.size == 0):
        raise DistributionError(f"{name} of shape {array.shape} has no vectors as rows")
    if columns is not None and array.shape[1] != columns:
        raise DistributionError(f"{name} of shape {array.shape}, not of {columns} columns")
    return array


def _scales(sigma: npt.ArrayLike, columns: int) -> Floats:
    array = finite_reals("sigma", sigma)
    if array.shape not in ((), (columns,)):
        raise DistributionError(f"sigma of shape {array.shape} for {columns} latents")
    if not ((array >= LEAST_SIGMA) & (array <= MOST_SIGMA)).all():
        raise DistributionError(f"sigma from {array.min()} to {array.max()}: out of range")
    return np.full(columns, array)
