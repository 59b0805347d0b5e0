"""What stands between two matrix products, in one pass over the memory.

Spec: DVA-1, DVA-3, DVA-5, DVA-7.  Checked by tests/equivalence/test_discrete_vae.py.

States are kept as networks take them: ``s = 2 x - 1``, of a bit -1 or 1. All arrays of floats
are C-contiguous and of one type, noise aside, and ``one row`` belongs to one draw of one
image. Where an array has fewer rows, it is gone through again: row ``i`` meets row ``i % n``
of it. Nothing is checked or allocated here.
"""

import numpy as np

from fast._jit import kernel
from fast.models._elementary import exp_minus, log1p_unit
from fast.models.mlp import GRADE_CLOSE


@kernel(fastmath=GRADE_CLOSE)
def log_mass_kernel(logits, s, weight, values, d):  # type: ignore[no-untyped-def]
    """Add to `values` the log masses of the states (DVA-1).

    ``d[i]`` becomes ``weight`` times their gradient in the logits; the states `s` may have
    fewer rows.
    """
    zero, one, half = logits.dtype.type(0), logits.dtype.type(1), logits.dtype.type(0.5)
    row_of = np.int64(0)
    for i in range(logits.shape[0]):
        row, state, gradient = logits[i], s[row_of], d[i]
        row_of = row_of + 1 if row_of + 1 < s.shape[0] else np.int64(0)
        total = zero
        for j in range(row.size):
            v = row[j]
            t = exp_minus(abs(v))
            x = half * (state[j] + one)
            total += v * x - max(v, zero) - log1p_unit(t)
            inverse = one / (one + t)
            p = inverse if v >= zero else t * inverse
            gradient[j] = weight * (x - p)
        values[i] += total


@kernel(fastmath=GRADE_CLOSE)
def closed_form_kernel(logits, prior, offset, weight, values, d):  # type: ignore[no-untyped-def]
    """Add to `values` minus the divergences from the prior (DVA-3), to `d` their gradient.

    `offset` is ``log(1 + exp(prior))``. With both 0 they are entropies. The gradient is
    multiplied by `weight`.
    """
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    for i in range(logits.shape[0]):
        row, gradient = logits[i], d[i]
        total = zero
        for j in range(row.size):
            v = row[j]
            t = exp_minus(abs(v))
            inverse = one / (one + t)
            p = inverse if v >= zero else t * inverse
            gap = v - prior[j]
            # log(1 + exp(v)) - p v, of which the two are nearly equal for sure bits
            total += log1p_unit(t) + t * inverse * abs(v) + p * prior[j] - offset[j]
            gradient[j] -= weight * (t * inverse * inverse * gap)
        values[i] += total


@kernel(fastmath=GRADE_CLOSE)
def state_kernel(logits, u, p, s):  # type: ignore[no-untyped-def]
    """Set `p` to the probabilities, `s` to the states that the noise makes (GRD-2)."""
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    for i in range(logits.shape[0]):
        row, noise, mean, state = logits[i], u[i], p[i], s[i]
        for j in range(row.size):
            t = exp_minus(abs(row[j]))
            inverse = one / (one + t)
            other = t * inverse  # the probability of the less probable state
            positive = row[j] >= zero
            mean[j] = inverse if positive else other
            # u > 1 - p, where 1 - p is not taken from 1
            state[j] = one if noise[j] > (other if positive else inverse) else -one


@kernel(fastmath=GRADE_CLOSE)
def relaxed_signs_kernel(logits, noise, per_temperature, s):  # type: ignore[no-untyped-def]
    """Set `s` to relaxed states (GRD-2): `noise` is ``log(u / (1 - u))``, of fewer rows."""
    zero, one, two = logits.dtype.type(0), logits.dtype.type(1), logits.dtype.type(2)
    row_of = np.int64(0)
    for i in range(logits.shape[0]):
        row, logistic, state = logits[i], noise[row_of], s[i]
        row_of = row_of + 1 if row_of + 1 < noise.shape[0] else np.int64(0)
        for j in range(row.size):
            v = (row[j] + logistic[j]) * per_temperature
            t = exp_minus(abs(v))
            up = two / (one + t) - one
            state[j] = up if v >= zero else -up


@kernel(fastmath=GRADE_CLOSE)
def slope_kernel(s, per_temperature, d):  # type: ignore[no-untyped-def]
    """Turn `d`, the gradient in relaxed states `s`, into that in their logits (GRD-2)."""
    one, half = s.dtype.type(1), s.dtype.type(0.5)
    for i in range(s.shape[0]):
        state, gradient = s[i], d[i]
        for j in range(state.size):
            gradient[j] *= half * per_temperature * (one - state[j] * state[j])


@kernel(fastmath=GRADE_CLOSE)
def score_kernel(signal, s, p, d):  # type: ignore[no-untyped-def]
    """Set `d` to the signal times the score, ``b - p`` (GRD-4)."""
    one, half = s.dtype.type(1), s.dtype.type(0.5)
    for i in range(s.shape[0]):
        state, mean, gradient, factor = s[i], p[i], d[i], signal[i]
        for j in range(state.size):
            gradient[j] = factor * (half * (state[j] + one) - mean[j])


@kernel(fastmath=GRADE_CLOSE)
def relax_estimate_kernel(signal, s, p, slope, control, d):  # type: ignore[no-untyped-def]
    """Set `d` to the estimates of RELAX (GRD-11).

    `control` has the gradients of the control variate in z, then those in z~.
    """
    one, half, n = s.dtype.type(1), s.dtype.type(0.5), s.shape[0]
    for i in range(n):
        state, mean, gradient, factor = s[i], p[i], d[i], signal[i]
        free, held, moves = control[i], control[n + i], slope[i]
        for j in range(state.size):
            score = half * (state[j] + one) - mean[j]
            gradient[j] = factor * score + free[j] - moves[j] * held[j]


@kernel(fastmath=GRADE_CLOSE)
def linear_kernel(d_mean, s, p, values):  # type: ignore[no-untyped-def]
    """Add ``g'(p) . (b - p)`` to `values` (GRD-14); `d_mean` is that in ``2 p - 1``."""
    zero, one, two = s.dtype.type(0), s.dtype.type(1), s.dtype.type(2)
    for i in range(s.shape[0]):
        state, mean, gradient = s[i], p[i], d_mean[i]
        total = zero
        for j in range(state.size):
            total += gradient[j] * (state[j] + one - two * mean[j])
        values[i] += total


@kernel
def conditional_ratio_kernel(logits, s, v, ratio, offset, slope):  # type: ignore[no-untyped-def]
    """Prepare ``z~ = offset + log(ratio)``, and its derivative at fixed states (GRD-8).

    `v` and `ratio` are binary64. ``exp(z~)`` is ``(1 + v exp(theta)) / (1 - v)`` for a 1, and
    ``v / (1 + (1 - v) exp(-theta))`` for a 0.
    """
    zero = logits.dtype.type(0)
    for i in range(logits.shape[0]):
        row, state, noise = logits[i], s[i], v[i]
        numbers, offsets, slopes = ratio[i], offset[i], slope[i]
        for j in range(row.size):
            positive, up = row[j] >= zero, state[j] > zero
            e = np.float64(exp_minus(abs(row[j])))
            mine = noise[j] if up else 1.0 - noise[j]
            # 1 + mine exp(+-theta), over exp(|theta|) where that is large: it cannot overflow
            large = positive == up
            sum_ = mine + e if large else 1.0 + mine * e
            slopes[j] = mine / sum_ if large else mine * e / sum_
            if up:
                numbers[j] = sum_ / (1.0 - noise[j])
            else:
                numbers[j] = noise[j] / sum_
            offsets[j] = row[j] if large else zero
