"""exp and log of which LLVM makes vector instructions; a C library's take one number.

Checked by tests/equivalence/test_vae.py and test_discrete_vae.py. In kernels, binary32 has the
forms below; binary64, in which formulas are compared, takes the library's.
"""

import math
from math import log
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from fast.models.mlp import GRADE_CLOSE


def exp_minus(v: Any) -> Any:
    """Return ``exp(-v)`` for ``v >= 0``; below ``exp(-87)`` float32 stays there."""
    return np.exp(-v)


def log1p_unit(t: Any) -> Any:
    """Return ``log(1 + t)`` for `t` in ``[0, 1]``."""
    return np.log1p(t)


@overload(exp_minus, jit_options={"error_model": "numpy", "fastmath": GRADE_CLOSE})
def _exp_minus_overload(v):  # type: ignore[no-untyped-def]
    """For float32: ``2^k`` by the exponent field, times the Taylor series of what is left.

    ``|r| <= log(2) / 2``, so that the first term left out is below ``1.2e-7``.
    """
    if v != types.float32:
        return lambda v: math.exp(-v)
    real, i32 = np.float32, np.int32
    c6, c5, c4, c3, c2 = (real(1 / math.factorial(k)) for k in range(6, 1, -1))
    one, half, limit, per_log2 = real(1), real(0.5), real(87), real(1 / log(2))
    # log 2 in two parts: k times the first one is exact
    high, low = real(0.693359375), real(log(2) - 0.693359375)
    bias, width = i32(127), i32(23)

    def exp_minus_float32(v):  # type: ignore[no-untyped-def]
        x = -min(v, limit)
        k = np.floor(x * per_log2 + half)
        r = (x - k * high) - k * low
        y = (((c6 * r + c5) * r + c4) * r + c3) * r + c2
        y = (y * r + one) * r + one
        return y * i32((i32(k) + bias) << width).view(real)

    return exp_minus_float32


@overload(log1p_unit, jit_options={"error_model": "numpy", "fastmath": GRADE_CLOSE})
def _log1p_unit_overload(t):  # type: ignore[no-untyped-def]
    """For float32: ``2 atanh(s)`` with ``s = t / (2 + t)`` at most 1/3, as a power series.

    The first term left out is below ``1e-8``.
    """
    if t != types.float32:
        return lambda t: math.log1p(t)
    c13, c11, c9, c7, c5, c3, two = (np.float32(2 / k) for k in range(13, 0, -2))

    def log1p_float32(t):  # type: ignore[no-untyped-def]
        s = t / (two + t)
        z = s * s
        return s * ((((((c13 * z + c11) * z + c9) * z + c7) * z + c5) * z + c3) * z + two)

    return log1p_float32


# Kernels
