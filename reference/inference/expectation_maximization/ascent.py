"""Gradient ascent whose every step raises its objective: the step is halved until it does.

Spec: VEM-13.
Source: L. Armijo, "Minimization of functions having Lipschitz continuous first partial
derivatives", Pacific Journal of Mathematics 16 (1966).
"""

from collections.abc import Callable

import numpy as np

from reference.inference.distributions.parameters import Floats

__all__ = ["RATES", "ascent_step"]

RATES = 64
"""Most rates that are tried (VEM-13)."""


@np.errstate(over="ignore", invalid="ignore")  # what is no number is not enough
def ascent_step(
    objective: Callable[[Floats], Floats],
    points: Floats,
    gradient: Floats,
    rates: Floats,
) -> tuple[Floats, Floats]:
    """Return the points after a step along the gradient, and the rates of their next step.

    Spec: VEM-13. The rows are points of separate problems. Each takes the first of the rates
    ``rho, rho / 2, rho / 4, ...`` for which

        f(p + rho g)  >=  f(p) + rho |g|^2 / 2  >  f(p)

    and begins its next step with twice that rate. Where there is none before the right side
    is `f(p)` but for rounding, the point stays, and begins again with the rate that it had: if
    something else changes `f`, it can move again. Where the gradient changes by at most ``C``
    times the distance, rates up to ``1 / C`` do.

    Args:
        objective: shape ``(R, P)`` -> shape ``(R,)``; ``-inf`` or NaN outside its domain.
        points: shape ``(R, P)``.
        gradient: shape ``(R, P)``; at the points.
        rates: shape ``(R,)``; positive.

    Returns:
        Shapes ``(R, P)`` and ``(R,)``.
    """
    before, squares = objective(points), (gradient**2).sum(axis=1)
    rho, taken = rates, np.zeros_like(rates)
    for _ in range(RATES):
        asked = before + rho * squares / 2
        searching = (taken == 0) & (asked > before)
        if not searching.any():
            break
        after = objective(_step(points, gradient, np.where(searching, rho, taken)))
        taken = np.where(searching & (after >= asked), rho, taken)
        rho = rho / 2
    return _step(points, gradient, taken), np.where(taken > 0, 2 * taken, rates)


def _step(points: Floats, gradient: Floats, rates: Floats) -> Floats:
    return np.where(rates[:, None] > 0, points + rates[:, None] * gradient, points)
