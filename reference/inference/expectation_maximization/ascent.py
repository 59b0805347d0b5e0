"""Gradient ascent whose every step raises its objective: the step is halved until it does.

Spec: VEM-13.
Source: L. Armijo, "Minimization of functions having Lipschitz continuous first partial
derivatives", Pacific Journal of Mathematics 16 (1966).
"""

from collections.abc import Callable

import numpy as np

from reference.inference.distributions.parameters import Floats

__all__ = ["HALVINGS", "ascent_step"]

HALVINGS = 64
"""Most halvings; where that is not enough, rounding decides, and there is no step (VEM-13)."""


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

        f(p + rho g)  >=  f(p) + rho |g|^2 / 2

    and begins its next step with twice that rate, or with the same where nothing was gained.
    Where the gradient changes by at most ``C`` times the distance, rates up to ``1 / C`` do.

    Args:
        objective: shape ``(R, P)`` -> shape ``(R,)``; ``-inf`` or NaN outside its domain.
        points: shape ``(R, P)``.
        gradient: shape ``(R, P)``; at the points.
        rates: shape ``(R,)``; positive.

    Returns:
        Shapes ``(R, P)`` and ``(R,)``. A point for which no rate will do stays.
    """
    before, squares = objective(points), (gradient**2).sum(axis=1)
    for _ in range(HALVINGS):
        moved = points + rates[:, None] * gradient
        after = objective(moved)
        enough = after >= before + rates * squares / 2
        if enough.all():
            break
        rates = np.where(enough, rates, rates / 2)
    moved = np.where(enough[:, None], moved, points)
    return moved, np.where(enough & (after > before), 2 * rates, rates)
