"""What the beta-ELBO is greatest at, in the one model where that is a formula.

Spec: ELB-9.
"""

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, extended_reals

__all__ = ["gaussian_beta_posterior"]


def gaussian_beta_posterior(
    x: npt.ArrayLike, tau: npt.ArrayLike, beta: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the q that makes the beta-ELBO greatest.

    Spec: ELB-9. The model is z ~ N(0, 1), x | z ~ N(z, tau^2).

        mu = x / (1 + beta tau^2)        sigma^2 = beta tau^2 / (1 + beta tau^2)

    At ``beta = 1`` it is the posterior. At 0 it is a point, the most likely z.

    Args:
        x: finite; the three broadcast.
        tau: positive; the standard deviation of the noise.
        beta: finite, at least 0.

    Raises:
        DistributionError: an argument is out of its range (ELB-9).
    """
    x, tau = extended_reals("x", x), extended_reals("tau", tau)
    beta = extended_reals("beta", beta)
    if not (np.isfinite(x).all() and (tau > 0).all() and np.isfinite(tau).all()):
        raise DistributionError(f"x is {x}, tau is {tau}: not finite, or tau not positive")
    if not ((beta >= 0) & (beta < np.inf)).all():
        raise DistributionError(f"beta is {beta}: not finite, or below 0")
    spread = beta * tau**2
    return np.asarray(x / (1 + spread)), np.asarray(np.sqrt(spread / (1 + spread)))
