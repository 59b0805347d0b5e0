"""Bounds of the ELBO of a semi-implicit distribution, from any conditional log densities.

Spec: SIV-2 to SIV-5.
Source: M. Yin, M. Zhou, "Semi-implicit variational inference", ICML 2018, arXiv:1805.11183,
section 3.

The density ``h(z) = E_psi q(z | psi)`` is not known, but a mixture of a few of its parts is.
Whether the mixture has the part that made ``z`` in it decides on which side of the ELBO the
bound lies: such a part says more of its own ``z`` than others would, so with it ``log h`` is
too large on average, and without it too small.

    L_0  <=  L_1  <=  ...  <=  ELBO  <=  ...  <=  U_2  <=  U_1

Arrays hold logarithms of densities, in nats: `log_joint` log p(x, z), shape ``(S,)``; `own`
log q(z | psi_0) for the psi that made each z, shape ``(S,)``; and `others` log q(z | psi_k)
for psi drawn apart from it, shape ``(S, K)``, where ``-inf`` is allowed.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals

__all__ = ["lower_bound", "regulariser", "semi_implicit_log_density", "upper_surrogate"]


def semi_implicit_log_density(
    others: npt.ArrayLike, own: npt.ArrayLike | None = None
) -> Floats:
    """Return the log density of the mixture at each z, in nats.

    Spec: SIV-2.

        log (1 / (K + 1)) (q(z | psi_0) + sum_k q(z | psi_k))      with `own`, K >= 0
        log (1 / K) sum_k q(z | psi_k)                             without, K >= 1

    Returns:
        Shape ``(S,)``.

    Raises:
        DistributionError: no logarithms of densities, or shapes that do not fit (SIV-1).
    """
    parts = _others(others)
    if own is not None:
        mine = _column("own", own)
        if mine.size != len(parts):
            raise DistributionError(f"{mine.size} own densities, {len(parts)} rows of others")
        parts = np.concatenate([mine[:, None], parts], axis=1)
    if parts.size == 0:
        raise DistributionError(f"a mixture of {parts.shape[1]} parts at {len(parts)} points")
    return np.asarray(logsumexp(parts, axis=1) - np.log(parts.shape[1]))


def lower_bound(log_joint: npt.ArrayLike, own: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Return estimates whose expectation L_K is at most the ELBO, in nats.

    Spec: SIV-3.

        log p(x, z) - log (1 / (K + 1)) (q(z | psi_0) + sum_k q(z | psi_k))

    Returns:
        Shape ``(S,)``.

    Raises:
        DistributionError: as for `semi_implicit_log_density` (SIV-1).
    """
    return _difference(log_joint, semi_implicit_log_density(others, own))


def upper_surrogate(log_joint: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Return estimates whose expectation U_K is at least the ELBO, in nats.

    Spec: SIV-4. It is no bound of the evidence, which it may exceed.

        log p(x, z) - log (1 / K) sum_k q(z | psi_k)

    Returns:
        Shape ``(S,)``; infinite where no psi reaches z.

    Raises:
        DistributionError: as for `semi_implicit_log_density`, or there are no others (SIV-1).
    """
    return _difference(log_joint, semi_implicit_log_density(others))


def regulariser(own: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Return estimates whose expectation is B_K = L_K - L_0, in nats.

    Spec: SIV-5.

        log q(z | psi_0) - log (1 / (K + 1)) (q(z | psi_0) + sum_k q(z | psi_k))

    Without it the bound is greatest where psi is certain, and `others` would be idle.

    Returns:
        Shape ``(S,)``; at most ``log(K + 1)``.

    Raises:
        DistributionError: as for `semi_implicit_log_density` (SIV-1).
    """
    return _difference(own, semi_implicit_log_density(others, own))


def _difference(log_joint: npt.ArrayLike, log_mixture: Floats) -> Floats:
    joint = _column("log_joint", log_joint)
    if joint.size != log_mixture.size:
        raise DistributionError(f"{joint.size} joint densities at {log_mixture.size} points")
    return np.asarray(joint - log_mixture)


def _column(name: str, numbers: npt.ArrayLike) -> Floats:
    (array,) = reals(**{name: numbers})
    if array.ndim != 1:
        raise DistributionError(f"{name} of shape {array.shape} is not one number a point")
    return array


def _others(numbers: npt.ArrayLike) -> Floats:
    """Return the densities of the others: finite, but that they may be ``-inf``."""
    try:
        array = np.asarray(numbers)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"others is no array: {error}") from None
    if array.ndim != 2:
        raise DistributionError(f"others of shape {array.shape} is not one row a point")
    if array.dtype.kind == "f":
        reals(others=array[array != -np.inf])
    else:
        reals(others=array)
    return np.asarray(array, np.float64)
