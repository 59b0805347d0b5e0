"""Kernels that turn noise into bits and into the logistic variables that they round.

Spec: GRD-2, GRD-8.  Checked by tests/equivalence/test_gradients.py.

They stand for the methods of `reference.inference.gradients.Bernoulli`. Arrays are flat and of
one length; `rest`, `up`, `down` and `mean` are those of logits ``theta``, with
``up = exp(theta / 2)`` and ``down = 1 / up``, unless that is too far out, and
``rest = theta - log(up)``. Noise that is not in (0, 1) is counted, and taken for 1/2.
"""

import math

from fast._jit import kernel
from fast._logarithm import LIFT, MAGIC_LEAST, log2_ratio
from fast.inference._exponential import exp2_kernel

__all__ = ["conditional_kernel", "relaxed_kernel", "rounded_kernel", "squash_kernel"]

LN2 = math.log(2)
PER_LN2 = 1 / LN2
MOST_EXPONENT_2 = 1022.0


# Fused products only make these more precise.
@kernel(fastmath={"contract"})
def _log_ratio(p, q):  # type: ignore[no-untyped-def]
    """Return ``log(p / q)`` of positive numbers below ``2**900``, subnormal ones too."""
    return LN2 * log2_ratio(p * LIFT, q * LIFT, MAGIC_LEAST)


@kernel(fastmath={"contract"})
def rounded_kernel(u, up, down, b):  # type: ignore[no-untyped-def]
    """Set the states; return how many numbers are no noise (GRD-2).

    ``z > 0`` takes no logarithm: it is ``u / (1 - u) > exp(-theta)``.
    """
    wrong = 0
    for i in range(u.size):
        wrong += int(not ((u[i] > 0.0) & (u[i] < 1.0)))
        b[i] = 1.0 if u[i] * up[i] > (1.0 - u[i]) * down[i] else 0.0
    return wrong


@kernel(fastmath={"contract"})
def relaxed_kernel(u, rest, down, z):  # type: ignore[no-untyped-def]
    """Set ``z``; return how many numbers are no noise (GRD-2)."""
    wrong = 0
    for i in range(u.size):
        fits = (u[i] > 0.0) & (u[i] < 1.0)
        wrong += int(not fits)
        noise = u[i] if fits else 0.5
        z[i] = rest[i] + _log_ratio(noise, (1.0 - noise) * down[i])
    return wrong


@kernel(fastmath={"contract"})
def conditional_kernel(u, v, rest, up, down, b, z_tilde, z, slope):  # type: ignore[no-untyped-def]
    """Set the states, ``z~``, ``z`` and the derivative of ``z~`` (GRD-2, GRD-8).

    Return how many numbers of either noise are wrong. With the odds of `v`::

        b = 1:  exp(z~)  =  (1 + v exp(theta)) / (1 - v)       b = 0:  v / (1 + (1 - v) exp(-theta))

    Times `down`, or `up`, these are sums of positive numbers that do not overflow; and the
    second term of each, divided by the sum, is the derivative.
    """
    wrong = 0
    for i in range(u.size):
        fits = (u[i] > 0.0) & (u[i] < 1.0) & (v[i] > 0.0) & (v[i] < 1.0)
        wrong += int(not fits)
        free = u[i] if fits else 0.5
        held = v[i] if fits else 0.5
        against = (1.0 - free) * down[i]
        one = free * up[i] > against
        b[i] = 1.0 if one else 0.0
        z[i] = rest[i] + _log_ratio(free, against)
        term = held * up[i] if one else (1.0 - held) * down[i]
        total = term + (down[i] if one else up[i])
        slope[i] = term / total
        above, below = (total, 1.0 - held) if one else (held, total)
        z_tilde[i] = rest[i] + _log_ratio(above, below)
    return wrong


@kernel(fastmath={"contract"})
def squash_kernel(z, per_temperature):  # type: ignore[no-untyped-def]
    """Replace ``z`` by the relaxed states ``x``, those below ``2**-1022`` by that (GRD-2)."""
    scale = -PER_LN2 * per_temperature
    for i in range(z.size):
        z[i] = 1.0 / (1.0 + exp2_kernel(min(z[i] * scale, MOST_EXPONENT_2)))
