"""Compiled twin of `reference.inference.gradients.relaxed`: of bits.

Spec: GRD-14 to GRD-16.  Checked by tests/equivalence/test_gradients.py.

Functions are called with some rows of the first axis at a time; of latents that are no bits
`reference` has the estimates.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference.gradients._blocks import Bits, check_finite, check_noise, inverse
from fast.inference.gradients.bernoulli import relaxed_kernel, rounded_kernel, squash_kernel
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function
from reference.inference.gradients.latents import Latents

__all__ = [
    "concrete_gradient",
    "concrete_kernel",
    "muprop_gradient",
    "muprop_kernel",
    "straight_through_gradient",
    "straight_through_kernel",
]


@kernel(fastmath={"contract"})
def muprop_kernel(f, f_mean, f_slope, baseline, b, mean, slope, latents, out):  # type: ignore[no-untyped-def]
    """Set the estimates of bits; return how many values of `f` are not finite (GRD-14).

    Arrays are flat. `f_mean` and `f_slope` are f and its gradient at the mean, `slope` is
    ``p (1 - p)``; with `baseline` and `mean` they have one length, of whole rows, and where
    that is shorter, they are taken again and again.
    """
    wrong = 0
    for first in range(0, b.size, mean.size):
        last = first + mean.size
        values, states, estimates = f[first:last], b[first:last], out[first:last]
        if latents == 1:  # the loops below are too short for vector instructions then
            for i in range(states.size):
                finite = abs(values[i]) < np.inf
                wrong += int(not finite)
                away = states[i] - mean[i]
                linear = f_mean[i] + f_slope[i] * away
                signal = (values[i] if finite else 0.0) - linear - baseline[i]
                estimates[i] = signal * away + f_slope[i] * slope[i]
            continue
        for row in range(0, states.size, latents):
            finite = abs(values[row]) < np.inf
            wrong += int(not finite)
            linear = f_mean[row]
            for i in range(row, row + latents):
                linear += f_slope[i] * (states[i] - mean[i])
            signal = (values[row] if finite else 0.0) - linear - baseline[row]
            for i in range(row, row + latents):
                estimates[i] = signal * (states[i] - mean[i]) + f_slope[i] * slope[i]
    return wrong


@kernel(fastmath={"contract"})
def concrete_kernel(f_slope, x, per_temperature, out):  # type: ignore[no-untyped-def]
    """Set the estimates; return how many numbers of the gradient are not finite (GRD-15)."""
    wrong = 0
    for i in range(x.size):
        finite = abs(f_slope[i]) < np.inf
        wrong += int(not finite)
        out[i] = x[i] * (1.0 - x[i]) * (f_slope[i] if finite else 0.0) * per_temperature
    return wrong


@kernel(fastmath={"contract"})
def straight_through_kernel(f_slope, slope, out):  # type: ignore[no-untyped-def]
    """Set the estimates; return how many numbers of the gradient are not finite (GRD-16).

    Arrays are flat; `slope`, where it is shorter, is taken again and again.
    """
    wrong = 0
    for first in range(0, out.size, slope.size):
        last = first + slope.size
        slopes, estimates = f_slope[first:last], out[first:last]
        for i in range(slopes.size):
            finite = abs(slopes[i]) < np.inf
            wrong += int(not finite)
            estimates[i] = (slopes[i] if finite else 0.0) * slope[i]
    return wrong


def muprop_gradient(
    f: Function,
    f_gradient: Function,
    q: Latents,
    u: npt.ArrayLike,
    baseline: npt.ArrayLike = 0.0,
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise. Spec: GRD-14.

    Where rows have the same logits, they have the same expansion: f is not asked again.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    bits = Bits(q, u, baseline=baseline)
    f_mean = f_slope = np.empty(0)
    for block in bits:
        (u,), logits, (b,) = block.noise, block.logits, block.states(1)
        check_noise(rounded_kernel(u, logits.up, logits.down, b), u)
        if block.first or bits.logits_by_row:
            # Copies, for both functions may write into one array, and f is called again.
            f_slope = block.slope(f_gradient, logits.mean).copy()
            f_mean = block.evaluate(f, logits.mean).copy()
            check_finite(f_mean.size, f_slope, f_mean)
        values = block.evaluate(f, b)
        wrong = muprop_kernel(
            values,
            f_mean,
            f_slope,
            block.baseline,
            b,
            logits.mean,
            logits.slope,
            block.inner[-1],
            block.out,
        )
        check_finite(wrong, values)
    return bits.estimates


def concrete_gradient(
    f_gradient: Function, q: Latents, u: npt.ArrayLike, temperature: float
) -> Floats:
    """Return gradients of ``E f(squash(z, temperature))`` in the logits. Spec: GRD-15.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    per_temperature, bits = inverse(temperature), Bits(q, u)
    for block in bits:
        (u,), (x,) = block.noise, block.states(1)
        check_noise(relaxed_kernel(u, block.logits.rest, block.logits.down, x), u)
        squash_kernel(x, per_temperature)
        slopes = block.slope(f_gradient, x)
        check_finite(concrete_kernel(slopes, x, per_temperature, block.out), slopes)
    return bits.estimates


def straight_through_gradient(f_gradient: Function, q: Latents, u: npt.ArrayLike) -> Floats:
    """Return ``f'(b) dp/dtheta``, one a row of noise: a biased estimate. Spec: GRD-16.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    bits = Bits(q, u)
    for block in bits:
        (u,), logits, (b,) = block.noise, block.logits, block.states(1)
        check_noise(rounded_kernel(u, logits.up, logits.down, b), u)
        slopes = block.slope(f_gradient, b)
        check_finite(straight_through_kernel(slopes, logits.slope, block.out), slopes)
    return bits.estimates
