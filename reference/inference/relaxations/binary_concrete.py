"""Binary Concrete variables: a number in (0, 1) in place of a 0 or a 1.

Spec: CON-5 to CON-8.
Source: as `reference.inference.relaxations.concrete`; Maddison et al., appendix B.

The variable is known by its logit ``y``, which is a logistic variable over the temperature: at
small temperatures a sample itself is exactly 0 or 1 in floats, and its logit is still fine.
"""

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.parameters import Floats, check_positive, reals
from reference.inference.relaxations.gumbel import uniform_noise

__all__ = [
    "binary_concrete_log_density",
    "binary_concrete_logit",
    "binary_concrete_logit_log_density",
]


def binary_concrete_logit(
    log_alpha: npt.ArrayLike, temperature: npt.ArrayLike, u: npt.ArrayLike
) -> Floats:
    """Return the logit of a binary Concrete sample. Spec: CON-5.

        y = (log alpha + log u - log(1 - u)) / temperature

    Args:
        log_alpha: the log odds of a 1.
        temperature: positive.
        u: in (0, 1); the three broadcast.

    Raises:
        DistributionError: a number is out of its range.
    """
    log_alpha, t, u = reals(log_alpha=log_alpha, temperature=temperature, u=u)
    check_positive(temperature=t)
    u = uniform_noise(u)
    return np.asarray((log_alpha + np.log(u) - np.log1p(-u)) / t)


def binary_concrete_logit_log_density(
    y: npt.ArrayLike, log_alpha: npt.ArrayLike, temperature: npt.ArrayLike
) -> Floats:
    """Return the log density of the logit of a binary Concrete variable, in nats.

    Spec: CON-6. With ``v = log alpha - t y`` and the temperature t:

        log t + v - 2 log(1 + exp(v))

    Raises:
        DistributionError: a number is out of its range.
    """
    y, log_alpha, t = reals(y=y, log_alpha=log_alpha, temperature=temperature)
    check_positive(temperature=t)
    v = np.abs(log_alpha - t * y)  # the density is the same at v and -v
    return np.asarray(np.log(t) - v - 2 * np.log1p(np.exp(-v)))


def binary_concrete_log_density(
    y: npt.ArrayLike, log_alpha: npt.ArrayLike, temperature: npt.ArrayLike
) -> Floats:
    """Return the log density of a binary Concrete variable x, in nats, at its logit.

    Spec: CON-6. It is that of the logit y, less the logarithm of ``dx / dy = x (1 - x)``:

        log t + v - 2 log(1 + exp(v)) + log(1 + exp(-y)) + log(1 + exp(y))

    Raises:
        DistributionError: a number is out of its range.
    """
    (y,) = reals(y=y)
    slope = np.abs(y) + 2 * np.log1p(np.exp(-np.abs(y)))
    return np.asarray(binary_concrete_logit_log_density(y, log_alpha, temperature) + slope)
