"""The logarithm of `fast`: the C library's takes one number, of this LLVM makes vector code.

Checked by tests/equivalence/test_entropy_distribution.py. With `k` an integer such that
``m = p / (2**k q)`` lies in [2/3, 3/2]::

    log2(p / q)  =  k + (2 / ln 2) atanh(s),    s  =  (m - 1) / (m + 1)

The difference is exact, so that nothing is lost where `p` and `q` are close, there is one
division for both numbers, and nothing overflows.
"""

import numpy as np
from numba import uint64

from fast._jit import kernel

__all__ = ["LIFT", "LIFT_BITS", "MAGIC_LEAST", "ONE", "log2_ratio"]

# A positive number times 2**54 is no longer subnormal.
LIFT = 2.0**54
LIFT_BITS = 54.0
ONE = 1.0

# The 64 bits of a positive number, as an integer, are 2**52 times a rough logarithm. A
# difference of two of them is at least -2000 * 2**52; half a step makes of floor the nearest.
FRACTION_BITS = uint64(52)
LEAST = uint64(2000 << 52)
LEAST_AND_HALF = uint64((2000 << 52) + (1 << 51))
# In the fraction of 2**52, an integer is a float already.
MAGIC = uint64(0x4330000000000000)
MAGIC_LEAST = 2.0**52 + 2000

# The odd series of (2 / ln 2) atanh(s): its first term, and an interpolation of all others at
# the Chebyshev points of s**2 in [0, 0.04], relatively within 6e-17 of the whole.
C0 = 2.8853900817779268
C1 = 0.9617966939259794
C2 = 0.577078016346145
C3 = 0.41219858688018984
C4 = 0.3205983347249499
C5 = 0.2623481579931462
C6 = 0.22050486658192225
C7 = 0.2180443247467574


# Fused products only make these more precise; their order matters.
@kernel(fastmath={"contract"})
def log2_ratio(p, q, magic):  # type: ignore[no-untyped-def]
    """Return ``log2(p / q)`` of normal positive numbers, for `magic` MAGIC_LEAST.

    `magic` may be larger by a number to be subtracted. Whatever the bits, nothing traps.
    """
    p_bits, q_bits = np.float64(p).view(np.uint64), np.float64(q).view(np.uint64)
    step = uint64((p_bits + LEAST_AND_HALF - q_bits) >> FRACTION_BITS)
    k = np.uint64(step | MAGIC).view(np.float64) - magic
    m = np.uint64(p_bits + LEAST - (step << FRACTION_BITS)).view(np.float64)  # times q
    s = (m - q) / (m + q)
    z = s * s
    rest = C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * (C6 + z * C7)))))
    return k + s * (C0 + z * rest)
