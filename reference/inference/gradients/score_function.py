"""The score function estimator, its baselines, and NVIL.

Spec: GRD-4 to GRD-6.
Source: R. Williams, "Simple statistical gradient-following algorithms", Machine Learning 8
(1992); A. Mnih, K. Gregor, "Neural variational inference and learning in belief networks",
ICML 2014, arXiv:1402.0030, algorithm 1; lecture 004.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.gradients.arguments import (
    Function,
    evaluate,
    over_events,
    values_for_rows,
)
from reference.inference.gradients.latents import Latents

__all__ = [
    "NvilSignal",
    "baseline_gradient",
    "leave_one_out",
    "nvil_signal",
    "score_function_gradient",
]


def score_function_gradient(
    f: Function, q: Latents, u: npt.ArrayLike, baseline: npt.ArrayLike = 0.0
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise.

    Spec: GRD-4.

        (f(b) - baseline) grad log p(b)

    Args:
        f: of states; one number a row.
        u: in (0, 1); rows of the shape of an event.
        baseline: a number, or one a row, that does not depend on the noise of its row.

    Returns:
        The shape of `u`.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    z = q.relaxed(u)
    b, rows = q.rounded(z), q.rows(z)
    signal = evaluate(f, b, rows) - values_for_rows("baseline", baseline, rows)
    return over_events(signal, q.axes) * q.score(b)


def leave_one_out(values: npt.ArrayLike) -> Floats:
    """Return a baseline for each of S rows: the mean of the values of the others.

    Spec: GRD-5.

        baseline_s  =  (sum_r f_r - f_s) / (S - 1)

    Args:
        values: shape ``(S, ...)``, S at least 2.

    Raises:
        DistributionError: they are no such numbers (GRD-5).
    """
    (values,) = reals(values=values)
    if values.ndim == 0 or len(values) < 2:
        raise DistributionError(f"values of shape {values.shape} leave none when one is out")
    return np.asarray((values.sum(axis=0) - values) / (len(values) - 1))


def baseline_gradient(values: npt.ArrayLike, baseline: npt.ArrayLike) -> Floats:
    """Return the gradient in a learned baseline of its squared error, ``-2 (f - baseline)``.

    Spec: GRD-5. It is multiplied by that of the baseline in its own parameters.
    """
    values, baseline = reals(values=values, baseline=baseline)
    return np.asarray(-2 * (values - baseline))


@dataclass(frozen=True)
class NvilSignal:
    """A learning signal and what it was centred and scaled with (GRD-6)."""

    signal: Floats
    """One number a row, to multiply the score with; shape ``(S, ...)``."""
    centre: Floats
    """The running mean, from this batch on; shape ``(...)``."""
    variance: Floats
    """The running variance, from this batch on."""


def nvil_signal(
    values: npt.ArrayLike, centre: npt.ArrayLike, variance: npt.ArrayLike, decay: float = 0.8
) -> NvilSignal:
    """Return the signal of NVIL for a batch, which takes the place of ``f - baseline``.

    Spec: GRD-6.

        c' = decay c + (1 - decay) mean(f)      v' = decay v + (1 - decay) var(f)
        signal = (f - c') / max(1, sqrt(v'))

    Args:
        values: shape ``(S, ...)``, S rows of a batch, and batches that are apart on the other
            axes; f, less a learned baseline where there is one.
        centre: c; 0 before the first batch.
        variance: v; at least 0, and 0 before the first batch.
        decay: in [0, 1].

    Raises:
        DistributionError: an argument is out of its range (GRD-6).
    """
    values, c, v = reals(values=values, centre=centre, variance=variance)
    if not values.ndim or not values.size or not c.shape == v.shape == values.shape[1:]:
        raise DistributionError(
            f"values of shape {values.shape}, centre of {c.shape}, variance of {v.shape}"
        )
    if not ((v >= 0).all() and 0 <= decay <= 1):
        raise DistributionError(f"variance {v} or decay {decay} is out of range")
    c = np.asarray(decay * c + (1 - decay) * values.mean(axis=0))
    v = np.asarray(decay * v + (1 - decay) * values.var(axis=0))
    return NvilSignal(np.asarray((values - c) / np.maximum(1, np.sqrt(v))), c, v)
