"""Exponentials of which LLVM makes vector instructions; the C library's take one number.

Checked by tests/equivalence/test_exponential.py. What they are made for are numbers up to 0:
weights of a sum, relative to the largest of them. With `k` the nearest integer, ``2**k`` is
made in the exponent field, and the rest, at most 1/2, goes into a polynomial::

    exp(x)  =  2**k exp(r),    r = x - k ln 2
    2**t    =  2**k 2**r,      r = t - k
"""

import math

import numpy as np
from numba import uint64

from fast._jit import kernel

__all__ = ["LEAST_EXPONENT", "LEAST_EXPONENT_2", "exp2_kernel", "exp_kernel"]

LEAST_EXPONENT = -708.0
LEAST_EXPONENT_2 = -1022.0
"""For less, the result is that for this number: the smallest normal ones of binary64."""

PER_LN2 = 1 / math.log(2)
# ln 2 in two parts: the first has 33 bits, so that k times it is exact.
LN2_HIGH = 0.6931471804855391
LN2_LOW = 7.440617110012397e-11

# Added to a small number, the sum has no fraction left: its lowest bits are the nearest
# integer, here already with the bias of a binary64 exponent.
MAGIC = 1.5 * 2.0**52 + 1023
FRACTION_BITS = uint64(52)

# 1 / n!, the Taylor series of exp
C2, C3, C4, C5, C6, C7 = (1 / math.factorial(k) for k in range(2, 8))
C8, C9, C10, C11, C12 = (1 / math.factorial(k) for k in range(8, 13))

# (2**r - 1) / r, interpolated at the Chebyshev points of [-1/2, 1/2]: 1 + r times it is
# relatively within 6e-16 of 2**r.
D0 = 0.6931471805599462
D1 = 0.24022650695910075
D2 = 0.05550410866465167
D3 = 0.009618129107618665
D4 = 0.0013333558200794592
D5 = 0.00015403530424776529
D6 = 1.5252672924850737e-05
D7 = 1.3215451633221434e-06
D8 = 1.0205905413765595e-07
D9 = 7.070977866508138e-09


# Fused products only make these more precise; the sums with MAGIC must stay where they are.
@kernel(fastmath={"contract"})
def exp_kernel(x):  # type: ignore[no-untyped-def]
    """Return ``exp(x)`` for ``x <= 0``, relatively within ``2**-51`` down to -708."""
    x = max(x, LEAST_EXPONENT)
    biased = x * PER_LN2 + MAGIC
    k = biased - MAGIC
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    high = C8 + r * (C9 + r * (C10 + r * (C11 + r * C12)))
    p = 1.0 + r * (
        1.0 + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * (C7 + r * high))))))
    )
    return p * _power_of_two(biased)


@kernel(fastmath={"contract"})
def exp2_kernel(t):  # type: ignore[no-untyped-def]
    """Return ``2**t`` for ``t <= 1022``, relatively within ``2**-50`` down to -1022."""
    t = max(t, LEAST_EXPONENT_2)
    biased = t + MAGIC
    r = t - (biased - MAGIC)
    high = D5 + r * (D6 + r * (D7 + r * (D8 + r * D9)))
    p = 1.0 + r * (D0 + r * (D1 + r * (D2 + r * (D3 + r * (D4 + r * high)))))
    return p * _power_of_two(biased)


@kernel
def _power_of_two(biased):  # type: ignore[no-untyped-def]
    """Return ``2**k``, of which ``k + 1023`` stands in the lowest bits of ``k + MAGIC``."""
    return np.uint64(np.float64(biased).view(np.uint64) << FRACTION_BITS).view(np.float64)
