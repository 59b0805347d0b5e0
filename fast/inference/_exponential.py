"""An exponential of which LLVM makes vector instructions; the C library's takes one number.

Checked by tests/equivalence/test_semi_implicit.py. With `k` the integer nearest to
``x / ln 2``, and `r` what is left of `x`, at most ``ln 2 / 2`` in magnitude::

    exp(x)  =  2**k exp(r),    exp(r)  =  1 + r + r**2 / 2! + ... + r**13 / 13!
"""

import numpy as np
from numba import uint64

from fast._jit import kernel

__all__ = ["LEAST_EXPONENT"]

LEAST_EXPONENT = -708.0
"""Of what is less, the exponential of this is returned: 3e-308."""

PER_LN2 = 1.4426950408889634
# ln 2 in two parts: the first has 33 bits, so that k times it is exact.
LN2_HIGH = 0.6931471804855391
LN2_LOW = 7.440617110012397e-11

# Added to a small number, the sum has no fraction left: its lowest bits are the nearest
# integer, here already with the bias of a binary64 exponent.
MAGIC = 1.5 * 2.0**52 + 1023
FRACTION_BITS = uint64(52)

# 1 / n!
C2, C3, C4, C5 = 1 / 2, 1 / 6, 1 / 24, 1 / 120
C6, C7, C8, C9 = 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880
C10, C11, C12, C13 = 1 / 3628800, 1 / 39916800, 1 / 479001600, 1 / 6227020800


# Fused products only make these more precise; their order matters.
@kernel(fastmath={"contract"})
def _exp(x):  # type: ignore[no-untyped-def]
    """Return exp(x), relatively within ``2**-51``, for `x` from ``LEAST_EXPONENT`` to 0."""
    x = max(x, LEAST_EXPONENT)
    biased = x * PER_LN2 + MAGIC
    k = biased - MAGIC
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    high = C8 + r * (C9 + r * (C10 + r * (C11 + r * (C12 + r * C13))))
    p = 1.0 + r * (
        1.0 + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * (C7 + r * high))))))
    )
    power = uint64(np.float64(biased).view(np.uint64) << FRACTION_BITS)
    return p * np.uint64(power).view(np.float64)
