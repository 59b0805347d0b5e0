"""Compiled twin of `reference.coding.fixed_point.error_function`: the same bits.

Spec: FIX-6, FIX-7.

The kernels use no fused multiply-add, for numba makes none unless it is asked to be fast at
the cost of the bits.
"""

import math

from numba import int64

from fast._jit import kernel
from reference.coding.fixed_point.error_function import (
    ERF_1,
    EXP,
    HALF_LN_2,
    INVERSE_LN_2,
    LN_2,
    PA,
    PP,
    QA,
    QQ,
    RA,
    RB,
    SA,
    SB,
    SPLIT,
    TINY_SLOPE,
)

__all__ = ["erf_kernel", "exp_kernel"]

SMALL = 64
"""Powers of 2 are tabled from ``2**-SMALL`` to ``2**SMALL``."""
POWERS = tuple(2.0**k for k in range(-SMALL, SMALL + 1))


@kernel(forceinline=True)
def exp_kernel(v):  # type: ignore[no-untyped-def]
    """Return e to the power ``v``, in ``[-40, 40]``. Spec: FIX-6."""
    k = int64(0)
    if abs(v) >= HALF_LN_2:
        k = int64(v * INVERSE_LN_2 + (0.5 if v > 0.0 else -0.5))
    high, low = v - float(k) * LN_2[0], float(k) * LN_2[1]
    r = high - low
    rr = r * r
    c = r - rr * _polynomial_kernel(EXP, rr)
    return (1.0 + (r * c / (2.0 - c) - low + high)) * POWERS[k + SMALL]


@kernel
def erf_kernel(x):  # type: ignore[no-untyped-def]
    """Return the error function of any float64 but NaN. Spec: FIX-7."""
    a = abs(x)
    if a >= 6.0:
        y = 1.0
    elif a >= 0.84375:
        y = 1.0 - _complement_kernel(a)
    elif a >= 2.0**-28:
        aa = a * a
        y = a + a * (_polynomial_kernel(PP, aa) / _polynomial_kernel(QQ, aa))
    else:
        y = 0.125 * (8.0 * a + TINY_SLOPE * a)
    return math.copysign(y, x)


@kernel(forceinline=True)
def _complement_kernel(a):  # type: ignore[no-untyped-def]
    """Return ``1 - erf(a)`` for ``0.84375 <= a < 6``. Spec: FIX-7."""
    if a < 1.25:
        return 1.0 - ERF_1 - _polynomial_kernel(PA, a - 1.0) / _polynomial_kernel(QA, a - 1.0)
    s = 1.0 / (a * a)
    if a < SPLIT:
        ratio = _polynomial_kernel(RA, s) / _polynomial_kernel(SA, s)
    else:
        ratio = _polynomial_kernel(RB, s) / _polynomial_kernel(SB, s)
    # all but the upper 20 of its 52 bits after the first are cleared, which is to round down
    # to a multiple of 2**-20, or of 2 or 4 times that: exact, as is scaling by powers of 2
    steps = 2.0**20 if a < 2.0 else 2.0**19 if a < 4.0 else 2.0**18
    z = float(int64(a * steps)) / steps
    return exp_kernel(-z * z - 0.5625) * exp_kernel((z - a) * (z + a) + ratio) / a


@kernel(forceinline=True)
def _polynomial_kernel(coefficients, t):  # type: ignore[no-untyped-def]
    value = coefficients[len(coefficients) - 1]
    for i in range(len(coefficients) - 2, -1, -1):
        value = coefficients[i] + t * value
    return value
