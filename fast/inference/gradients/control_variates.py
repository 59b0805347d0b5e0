"""Compiled twin of `reference.inference.gradients.control_variates`: RELAX of bits.

Spec: GRD-11.  Checked by tests/equivalence/test_gradients.py.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference.gradients._blocks import Bits, check_finite, check_noise
from fast.inference.gradients.bernoulli import conditional_kernel
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function
from reference.inference.gradients.control_variates import ControlVariate
from reference.inference.gradients.latents import Latents

__all__ = ["relax_gradient", "relax_kernel"]


@kernel(fastmath={"contract"})
def relax_kernel(f, c, c_slopes, b, mean, slope, out):  # type: ignore[no-untyped-def]
    """Set the estimates of bits; return how many places have a number not finite (GRD-11).

    Arrays are flat; `mean`, where it is shorter, is taken again and again. `c_slopes` has two
    rows: the gradient of c at ``z~``, which moves by `slope`, and at ``z``.
    """
    wrong = 0
    for first in range(0, b.size, mean.size):
        last = first + mean.size
        values, controls, states = f[first:last], c[first:last], b[first:last]
        held, free = c_slopes[0, first:last], c_slopes[1, first:last]
        moved, estimates = slope[first:last], out[first:last]
        for i in range(states.size):
            finite = (abs(values[i]) < np.inf) & (abs(controls[i]) < np.inf)
            finite &= (abs(held[i]) < np.inf) & (abs(free[i]) < np.inf)
            wrong += int(not finite)
            signal = (values[i] if finite else 0.0) - (controls[i] if finite else 0.0)
            slopes = (free[i] if finite else 0.0) - (held[i] if finite else 0.0) * moved[i]
            estimates[i] = signal * (states[i] - mean[i]) + slopes
    return wrong


def relax_gradient(
    f: Function, c: ControlVariate, q: Latents, u: npt.ArrayLike, v: npt.ArrayLike
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise. Spec: GRD-11.

    Functions are called with some rows of the first axis at a time, the gradient of c with
    those of ``z~`` and of ``z`` behind one another.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    bits = Bits(q, u, v)
    for block in bits:
        (u, v), logits, states = block.noise, block.logits, block.states(3)
        slope = np.empty(block.out.size)
        wrong = conditional_kernel(u, v, logits.rest, logits.up, logits.down, *states, slope)
        check_noise(wrong, u, v)
        # Copies, for c may call f, and all functions may write into one array.
        values = block.evaluate(f, states[0]).copy()
        c_values = block.evaluate(c.value, states[1]).copy()
        slopes = block.slope(c.gradient, states[1:])
        wrong = relax_kernel(
            values,
            c_values,
            slopes.reshape(2, -1),
            states[0],
            logits.mean,
            slope,
            block.out,
        )
        check_finite(wrong, values, c_values, slopes)
    return bits.estimates
