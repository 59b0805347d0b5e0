"""Compiled twin of `reference.inference.gradients.score_function`: of bits.

Spec: GRD-4.  Checked by tests/equivalence/test_gradients.py.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast.inference.gradients._blocks import Bits, check_finite, check_noise
from fast.inference.gradients.bernoulli import rounded_kernel
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function
from reference.inference.gradients.latents import Latents

__all__ = ["score_function_gradient", "score_function_kernel"]


@kernel(fastmath={"contract"})
def score_function_kernel(f, baseline, b, mean, out):  # type: ignore[no-untyped-def]
    """Set the estimates of bits; return how many values of `f` are not finite (GRD-4).

    Arrays are flat; `baseline` and `mean`, where they are shorter, are taken again and again.
    """
    wrong = 0
    for first in range(0, b.size, mean.size):
        last = first + mean.size
        values, states, estimates = f[first:last], b[first:last], out[first:last]
        for i in range(states.size):
            finite = abs(values[i]) < np.inf
            wrong += int(not finite)
            signal = (values[i] if finite else 0.0) - baseline[i]
            estimates[i] = signal * (states[i] - mean[i])
    return wrong


def score_function_gradient(
    f: Function, q: Latents, u: npt.ArrayLike, baseline: npt.ArrayLike = 0.0
) -> Floats:
    """Return gradients of ``E f(b)`` in the logits, one a row of noise. Spec: GRD-4.

    Args:
        f: of states; one number a row, called with some rows of the first axis at a time.
        q: `Bernoulli`; of other latents `reference` has the estimates.
        u: in (0, 1); rows of the shape of an event.
        baseline: a number, or one a row, that does not depend on the noise of its row.

    Raises:
        DistributionError, ModelError: an argument breaks GRD-1.
        DistributionError: the latents are no bits.
    """
    bits = Bits(q, u, baseline=baseline)
    for block in bits:
        (u,), logits, (b,) = block.noise, block.logits, block.states(1)
        check_noise(rounded_kernel(u, logits.up, logits.down, b), u)
        values = block.evaluate(f, b)
        wrong = score_function_kernel(values, block.baseline, b, logits.mean, block.out)
        check_finite(wrong, values)
    return bits.estimates
