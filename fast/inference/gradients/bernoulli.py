"""Kernels that turn noise into bits and into the logistic variables that they round.

Spec: GRD-2, GRD-8.  Checked by tests/equivalence/test_gradients.py.

They stand for the methods of `reference.inference.gradients.Bernoulli`. Arrays are flat.
`rest`, `up`, `down` are those of logits ``theta``, with ``up = exp(theta / 2)`` and
``down = 1 / up``, unless that is too far out, and ``rest = theta - log(up)``; where they are
shorter than the noise, they are taken again and again. Noise that is not in (0, 1) is counted,
and taken for 1/2.
"""

import math

from fast._jit import kernel
from fast._logarithm import LIFT, LIFT_BITS, MAGIC_LEAST, log2_ratio
from fast.inference._exponential import exp2_kernel

__all__ = ["conditional_kernel", "relaxed_kernel", "rounded_kernel", "squash_kernel"]

LN2 = math.log(2)
PER_LN2 = 1 / LN2
MOST_EXPONENT_2 = 1022.0


# Fused products only make these more precise.
@kernel(fastmath={"contract"})
def _log_ratio(p, q):  # type: ignore[no-untyped-def]
    """Return ``log(p / q)`` of positive numbers below ``2**900``; `p` may be subnormal."""
    return LN2 * log2_ratio(p * LIFT, q, MAGIC_LEAST + LIFT_BITS)


@kernel(fastmath={"contract"})
def rounded_kernel(u, up, down, b):  # type: ignore[no-untyped-def]
    """Set the states; return how many numbers are no noise (GRD-2).

    ``z > 0`` takes no logarithm: it is ``u / (1 - u) > exp(-theta)``.
    """
    wrong = 0
    for first in range(0, u.size, up.size):
        noise, states = u[first : first + up.size], b[first : first + up.size]
        for i in range(noise.size):
            wrong += int(not ((noise[i] > 0.0) & (noise[i] < 1.0)))
            states[i] = 1.0 if noise[i] * up[i] > (1.0 - noise[i]) * down[i] else 0.0
    return wrong


@kernel(fastmath={"contract"})
def relaxed_kernel(u, rest, down, z):  # type: ignore[no-untyped-def]
    """Set ``z``; return how many numbers are no noise (GRD-2)."""
    wrong = 0
    for first in range(0, u.size, rest.size):
        noise, out = u[first : first + rest.size], z[first : first + rest.size]
        for i in range(noise.size):
            fits = (noise[i] > 0.0) & (noise[i] < 1.0)
            wrong += int(not fits)
            free = noise[i] if fits else 0.5
            out[i] = rest[i] + _log_ratio(free, (1.0 - free) * down[i])
    return wrong


@kernel(fastmath={"contract"})
def conditional_kernel(u, v, rest, up, down, b, z_tilde, z, slope):  # type: ignore[no-untyped-def]
    """Set the states, ``z~``, ``z`` and the derivative of ``z~`` (GRD-2, GRD-8).

    Return how many numbers of either noise are wrong. With ``t = v`` and ``k = exp(-theta)``
    for a 1, ``t = 1 - v`` and ``k = exp(theta)`` for a 0::

        z~  =  theta +- log((t + k) / (1 - t))        d z~ / d theta  =  t / (t + k)

    Times `up` or `down`, the sums and their terms do not overflow.
    """
    wrong = 0
    for first in range(0, u.size, rest.size):
        last = first + rest.size
        free_noise, held_noise, states = u[first:last], v[first:last], b[first:last]
        held, free, slopes = z_tilde[first:last], z[first:last], slope[first:last]
        for i in range(free_noise.size):
            fits = (free_noise[i] > 0.0) & (free_noise[i] < 1.0)
            fits &= (held_noise[i] > 0.0) & (held_noise[i] < 1.0)
            wrong += int(not fits)
            free_u = free_noise[i] if fits else 0.5
            held_u = held_noise[i] if fits else 0.5
            against = (1.0 - free_u) * down[i]
            one = free_u * up[i] > against
            states[i] = 1.0 if one else 0.0
            free[i] = rest[i] + _log_ratio(free_u, against)
            t = held_u if one else 1.0 - held_u
            others = 1.0 - held_u if one else held_u
            term = t * (up[i] if one else down[i])
            total = term + (down[i] if one else up[i])
            slopes[i] = term / total
            away = _log_ratio(others, total)
            held[i] = rest[i] + (-away if one else away)
    return wrong


@kernel(fastmath={"contract"})
def squash_kernel(z, per_temperature):  # type: ignore[no-untyped-def]
    """Replace ``z`` by the relaxed states ``x``, those up to ``2**-1022`` by 0 (GRD-2).

    Not by that, for over a small temperature it would be a slope.
    """
    scale = -PER_LN2 * per_temperature
    for i in range(z.size):
        exponent = min(z[i] * scale, MOST_EXPONENT_2)
        x = 1.0 / (1.0 + exp2_kernel(exponent))
        z[i] = 0.0 if exponent == MOST_EXPONENT_2 else x
