"""MuProp, and the biased estimators that put a number where a state belongs.

Spec: GRD-14 to GRD-16.
Source: S. Gu et al., "MuProp", ICLR 2016, arXiv:1511.05176; C. Maddison et al., "The Concrete
distribution", ICLR 2017, arXiv:1611.00712; Y. Bengio, N. Léonard, A. Courville, "Estimating
or propagating gradients through stochastic neurons", arXiv:1308.3432 (2013); lecture 004.
"""

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import (
    Function,
    evaluate,
    one_temperature,
    over_events,
    values_for_rows,
)
from reference.inference.gradients.latents import Latents

__all__ = ["concrete_gradient", "muprop_gradient", "straight_through_gradient"]


def muprop_gradient(
    f: Function,
    f_gradient: Function,
    q: Latents,
    u: npt.ArrayLike,
    baseline: npt.ArrayLike = 0.0,
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise.

    Spec: GRD-14. With p the expectation of b:

        (f(b) - f(p) - f'(p) . (b - p) - baseline) grad log p(b) + f'(p) dp/dtheta

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    z = q.relaxed(u)
    b, rows = q.rounded(z), q.rows(z)
    p = np.broadcast_to(q.mean, z.shape)
    slope = evaluate(f_gradient, p, z.shape)
    linear = evaluate(f, p, rows) + (slope * (b - p)).sum(axis=tuple(range(-q.axes, 0)))
    signal = evaluate(f, b, rows) - linear - values_for_rows("baseline", baseline, rows)
    return over_events(signal, q.axes) * q.score(b) + q.squash_slope(p, slope)


def concrete_gradient(
    f_gradient: Function, q: Latents, u: npt.ArrayLike, temperature: float
) -> Floats:
    """Return gradients of ``E f(squash(z, temperature))`` in the logits, one a row of noise.

    Spec: GRD-15. Of ``E f(b)`` they are biased estimates, and may have the wrong sign.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    t = one_temperature(temperature)
    x = q.squash(q.relaxed(u), t)
    return q.squash_slope(x, evaluate(f_gradient, x, x.shape)) / t


def straight_through_gradient(f_gradient: Function, q: Latents, u: npt.ArrayLike) -> Floats:
    """Return ``f'(b) dp/dtheta``, one a row of noise: a biased estimate.

    Spec: GRD-16.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
    """
    b = q.rounded(q.relaxed(u))
    slope = evaluate(f_gradient, b, b.shape)
    return q.squash_slope(np.broadcast_to(q.mean, b.shape), slope)
