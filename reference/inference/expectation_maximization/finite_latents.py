"""Expectation maximisation where a latent has finitely many values: the E step is exact.

Spec: VEM-1 to VEM-3.
Source: A. Dempster, N. Laird, D. Rubin, "Maximum likelihood from incomplete data via the EM
algorithm", JRSS B 39 (1977); R. Neal, G. Hinton, "A view of the EM algorithm that justifies
incremental, sparse, and other variants" (1998), for the two steps as one coordinate ascent.

A model is known by its table of log joints, ``l_ik = log p(x_i, z_i = k)``: a row for each of
``N`` data points, a column for each of ``K`` values of its latent. In nats throughout.
"""

from collections.abc import Callable
from math import inf
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.special import entr

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.mean_field.coordinate_ascent import Ascent, coordinate_ascent

__all__ = [
    "NEGLIGIBLE",
    "SUM_TOLERANCE",
    "e_step",
    "expectation_maximization",
    "finite_lower_bound",
    "responsibilities",
]

NEGLIGIBLE = 2.0**-900
"""A posterior probability below this is 0 (VEM-2)."""
SUM_TOLERANCE = 2.0**-16
"""How far the probabilities of a point, or of a mixture, may be from the sum 1 (VEM-1)."""

Parameters = TypeVar("Parameters")


def finite_lower_bound(log_joint: npt.ArrayLike, q: npt.ArrayLike) -> Floats:
    """Return the bound of each data point, for any distributions of its latent; in nats.

    Spec: VEM-1.

        F_i  =  sum_k q_ik (l_ik - log q_ik),    0 log 0 = 0,  0 (-inf) = 0

    Args:
        log_joint: shape ``(N, K)``; finite or ``-inf``.
        q: shape ``(N, K)``; each row a distribution.

    Returns:
        Shape ``(N,)``; ``-inf`` where `q` has a value that the model excludes.

    Raises:
        DistributionError: `log_joint` is no such table, or `q` no such distributions (VEM-1).
    """
    table = _log_joint(log_joint)
    q = responsibilities(q, table.shape)
    with np.errstate(invalid="ignore"):  # 0 times -inf, which is not taken
        terms = np.where(q > 0, q * table, 0.0)
    return np.asarray((terms + entr(q)).sum(axis=1))


def e_step(log_joint: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the posterior of each latent, and the log evidence of its data point.

    Spec: VEM-2.

        log p(x_i) = log sum_k exp(l_ik)        p(k | x_i) = exp(l_ik - log p(x_i))

    A probability below ``2**-900`` becomes 0: sums of such numbers would lose their digits.

    Args:
        log_joint: shape ``(N, K)``; finite or ``-inf``, not all of a row ``-inf``.

    Returns:
        Shapes ``(N, K)`` and ``(N,)``.

    Raises:
        DistributionError: `log_joint` is no such table (VEM-1), or a data point has the
            probability 0 (VEM-2).
    """
    table = _log_joint(log_joint)
    impossible = np.flatnonzero((table == -inf).all(axis=1))
    for i in impossible[:1]:
        raise DistributionError(f"data point {i} has the probability 0")
    largest = table.max(axis=1, keepdims=True)  # nothing overflows, and no row becomes 0
    weights = np.exp(table - largest)
    totals = weights.sum(axis=1, keepdims=True)
    posterior = weights / totals
    evidence = np.asarray(largest + np.log(totals))[:, 0]
    return np.where(posterior < NEGLIGIBLE, 0.0, posterior), evidence


def expectation_maximization(
    parameters: Parameters,
    log_joint: Callable[[Parameters], npt.ArrayLike],
    m_step: Callable[[Parameters, Floats], Parameters],
    *,
    tol: float = 1e-3,
    max_iter: int = 100,
) -> Ascent[Parameters]:
    """Alternate the M step and the exact posterior until the evidence no longer rises.

    Spec: VEM-3. It is coordinate ascent on one bound, of parameters and distributions.

    Args:
        parameters: where to start, of any type, never changed in place.
        log_joint: parameters -> the table of shape ``(N, K)``.
        m_step: parameters, and distributions of shape ``(N, K)`` -> the parameters with the
            largest bound under these distributions, or with a larger one.
        tol: at least 0; the rise with which the ascent ends, in nats.
        max_iter: at least 1; the most iterations.

    Raises:
        DistributionError: a table that breaks VEM-1 or VEM-2.
        LowerBoundError: the bound has fallen, so that the M step is none (VEM-3).
        ModelError: `tol` or `max_iter` is out of range (VEM-3).
    """

    def maximise(state: tuple[Parameters, Floats]) -> tuple[Parameters, Floats]:
        return m_step(*state), state[1]

    def expect(state: tuple[Parameters, Floats]) -> tuple[Parameters, Floats]:
        return state[0], e_step(log_joint(state[0]))[0]

    def lower_bound(state: tuple[Parameters, Floats]) -> float:
        return float(finite_lower_bound(log_joint(state[0]), state[1]).sum())

    start = parameters, e_step(log_joint(parameters))[0]
    found = coordinate_ascent(
        start, [maximise, expect], lower_bound, tol=tol, max_iter=max_iter
    )
    return Ascent(found.state[0], found.lower_bounds, found.converged)


def responsibilities(q: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return distributions of finite latents as binary64. Spec: VEM-1.

    Raises:
        DistributionError: `q` has another shape, a negative number, or a row whose sum is not
            within ``SUM_TOLERANCE`` of 1 (VEM-1).
    """
    (q,) = reals(q=q)
    if q.shape != shape:
        raise DistributionError(f"distributions of shape {q.shape}, not {shape}")
    sums = q.sum(axis=1)
    for wrong in np.flatnonzero((q < 0).any(1) | ~(np.abs(sums - 1) <= SUM_TOLERANCE))[:1]:
        raise DistributionError(f"row {wrong} is no distribution: {q[wrong]}")
    return q


def _log_joint(log_joint: npt.ArrayLike) -> Floats:
    """Return the table in binary64 (VEM-1)."""
    try:
        table: NDArray[np.generic] = np.asarray(log_joint)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"log joints are no array: {error}") from None
    if table.dtype.kind not in "fiu" or table.ndim != 2 or 0 in table.shape:
        raise DistributionError(
            f"log joints of shape {table.shape} and type {table.dtype}: no table"
        )
    found = table.astype(np.float64)
    for wrong in found[~(found < inf)][:1]:
        raise DistributionError(f"{wrong} is no log joint")
    return found
