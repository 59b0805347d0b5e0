"""Compiled twin of `reference.inference.gradients.rebar`: of bits.

Spec: GRD-12.  Checked by tests/equivalence/test_gradients.py.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference.gradients._blocks import (
    Bits,
    check_finite,
    check_noise,
    inverse,
    one_number,
)
from fast.inference.gradients.bernoulli import conditional_kernel, squash_kernel
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function
from reference.inference.gradients.latents import Latents

__all__ = ["rebar_gradient", "rebar_kernel"]


@kernel(fastmath={"contract"})
def rebar_kernel(f, f_slopes, states, mean, slope, eta, per_temperature, out):  # type: ignore[no-untyped-def]
    """Set the estimates of bits; return how many places have a number not finite (GRD-12).

    `states` has rows for b and the relaxed states of ``z~`` and ``z``; `f` has the values
    at the first two, `f_slopes` the gradient at the last two. `slope` is the derivative of
    ``z~``. `mean`, where it is shorter than a row, is taken again and again.
    """
    wrong = 0
    for first in range(0, out.size, mean.size):
        last = first + mean.size
        values, relaxed_values = f[0, first:last], f[1, first:last]
        held, free = f_slopes[0, first:last], f_slopes[1, first:last]
        b, x_tilde, x = states[0, first:last], states[1, first:last], states[2, first:last]
        moved, estimates = slope[first:last], out[first:last]
        for i in range(b.size):
            finite = (abs(values[i]) < np.inf) & (abs(relaxed_values[i]) < np.inf)
            finite &= (abs(held[i]) < np.inf) & (abs(free[i]) < np.inf)
            wrong += int(not finite)
            control = eta * (relaxed_values[i] if finite else 0.0)
            signal = (values[i] if finite else 0.0) - control
            held_slope = x_tilde[i] * (1.0 - x_tilde[i]) * (held[i] if finite else 0.0)
            free_slope = x[i] * (1.0 - x[i]) * (free[i] if finite else 0.0)
            slopes = eta * ((free_slope - moved[i] * held_slope) * per_temperature)
            estimates[i] = signal * (b[i] - mean[i]) + slopes
    return wrong


def rebar_gradient(
    f: Function,
    f_gradient: Function,
    q: Latents,
    u: npt.ArrayLike,
    v: npt.ArrayLike,
    temperature: float,
    eta: float = 1.0,
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise. Spec: GRD-12.

    Functions are called with some rows of the first axis at a time, f with the states and the
    relaxed ones of ``z~`` behind one another, its gradient with those of ``z~`` and ``z``.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    per_temperature, eta = inverse(temperature), one_number("eta", eta)
    bits = Bits(q, u, v)
    for block in bits:
        (u, v), logits, states = block.noise, block.logits, block.states(3)
        slope = np.empty(block.out.size)
        wrong = conditional_kernel(u, v, logits.rest, logits.up, logits.down, *states, slope)
        check_noise(wrong, u, v)
        squash_kernel(states[1:].reshape(-1), per_temperature)
        # A copy, for both functions may write into one array.
        values = block.evaluate(f, states[:2]).copy()
        slopes = block.slope(f_gradient, states[1:])
        wrong = rebar_kernel(
            values.reshape(2, -1),
            slopes.reshape(2, -1),
            states,
            logits.mean,
            slope,
            eta,
            per_temperature,
            block.out,
        )
        check_finite(wrong, values, slopes)
    return bits.estimates
