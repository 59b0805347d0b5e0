"""Adam for one array: the step that stochastic ascent and the training of networks share.

Spec: MLP-4.
Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
arXiv:1412.6980, algorithm 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BETA_1", "BETA_2", "EPSILON", "adam"]

BETA_1 = 0.9
"""Decay of the mean of the gradients (MLP-4)."""
BETA_2 = 0.999
"""Decay of the mean of their squares (MLP-4)."""
EPSILON = 1e-8
"""Added to the root of that mean, outside the root (MLP-4)."""

Array = NDArray[Any]
"""Of float32 or of float64."""


def adam(
    theta: Array, g: Array, m: Array, v: Array, t: int, learning_rate: float
) -> tuple[Array, Array, Array]:
    """Return the parameters after a step downhill, and the new means.

    Spec: MLP-4. The arrays have one shape and one type, which the results have too.

        m' = 0.9 m + 0.1 g        v' = 0.999 v + 0.001 g^2
        theta' = theta - learning_rate * (m' / (1 - 0.9^t)) / (sqrt(v' / (1 - 0.999^t)) + 1e-8)

    Args:
        g: gradient of what shall become small.
        m: mean of the gradients so far; 0 before the first step.
        v: mean of their squares so far; 0 before the first step.
        t: number of this step, from 1.
        learning_rate: finite, at least 0.
    """
    m = BETA_1 * m + (1 - BETA_1) * g
    v = BETA_2 * v + (1 - BETA_2) * g**2
    m_hat, v_hat = m / (1 - BETA_1**t), v / (1 - BETA_2**t)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + EPSILON), m, v
