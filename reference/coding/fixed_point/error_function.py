"""exp and erf by arithmetic alone: the same bits on every machine.

Spec: FIX-6, FIX-7.
Source: Sun Microsystems, fdlibm (1993), ``e_exp.c`` and ``s_erf.c``: the argument
reductions, the intervals and all coefficients. The order of operations is that of its
descendants in musl and in the Rust crate ``libm``, which `constriction` computes with.

A C library's `erf` differs from another's in the last bit, so it may not decide a table
entry. These two functions are made by ``+ - * /`` and comparisons of binary64 numbers, and
by two operations that are exact: multiplying by a power of two, and clearing low bits.
"""

import math
import struct
from typing import Final

__all__ = ["erf", "exp"]

Coefficients = tuple[float, ...]

LN_2: Final = (0.6931471803691238, 1.9082149292705877e-10)
"""ln 2 as a sum; the first part has zeros enough that its multiples are exact (FIX-6)."""
INVERSE_LN_2: Final = 1.4426950408889634
HALF_LN_2: Final = float.fromhex("0x1.62e43p-2")
"""The least magnitude that is reduced: ln 2 / 2, rounded up to 21 bits (FIX-6)."""

EXP: Final[Coefficients] = (
    0.16666666666666602,
    -0.0027777777777015593,
    6.613756321437934e-05,
    -1.6533902205465252e-06,
    4.1381367970572385e-08,
)

ERF_1: Final = 0.8450629115104675
"""erf(1), rounded to 24 bits (FIX-7)."""
TINY_SLOPE: Final = 1.0270333367641007
"""``8 * (2 / sqrt(pi) - 1)`` (FIX-7)."""

SPLIT: Final = float.fromhex("0x1.6db6dp+1")
"""1 / 0.35, rounded down to 21 bits (FIX-7)."""

# P and Q of FIX-7, one pair an interval
PP: Final[Coefficients] = (
    0.12837916709551256,
    -0.3250421072470015,
    -0.02848174957559851,
    -0.005770270296489442,
    -2.3763016656650163e-05,
)
QQ: Final[Coefficients] = (
    1.0,
    0.39791722395915535,
    0.0650222499887673,
    0.005081306281875766,
    0.00013249473800432164,
    -3.960228278775368e-06,
)
PA: Final[Coefficients] = (
    -0.0023621185607526594,
    0.41485611868374833,
    -0.3722078760357013,
    0.31834661990116175,
    -0.11089469428239668,
    0.035478304325618236,
    -0.002166375594868791,
)
QA: Final[Coefficients] = (
    1.0,
    0.10642088040084423,
    0.540397917702171,
    0.07182865441419627,
    0.12617121980876164,
    0.01363708391202905,
    0.011984499846799107,
)
RA: Final[Coefficients] = (
    -0.009864944034847148,
    -0.6938585727071818,
    -10.558626225323291,
    -62.375332450326006,
    -162.39666946257347,
    -184.60509290671104,
    -81.2874355063066,
    -9.814329344169145,
)
SA: Final[Coefficients] = (
    1.0,
    19.651271667439257,
    137.65775414351904,
    434.56587747522923,
    645.3872717332679,
    429.00814002756783,
    108.63500554177944,
    6.570249770319282,
    -0.0604244152148581,
)
RB: Final[Coefficients] = (
    -0.0098649429247001,
    -0.799283237680523,
    -17.757954917754752,
    -160.63638485582192,
    -637.5664433683896,
    -1025.0951316110772,
    -483.5191916086514,
)
SB: Final[Coefficients] = (
    1.0,
    30.33806074348246,
    325.7925129965739,
    1536.729586084437,
    3199.8582195085955,
    2553.0504064331644,
    474.52854120695537,
    -22.44095244658582,
)


def exp(v: float) -> float:
    """Return e to the power `v`, within 1 unit in the last place.

    Spec: FIX-6.

        exp(v) = 2**k * exp(r),   r = v - k ln 2,   |r| <= 0.35
        exp(r) = 1 + r + r c / (2 - c),   c = r - r**2 P(r**2)

    Args:
        v: in ``[-700, 700]``.
    """
    k = 0 if abs(v) < HALF_LN_2 else int(v * INVERSE_LN_2 + math.copysign(0.5, v))
    high, low = v - k * LN_2[0], k * LN_2[1]
    r = high - low
    rr = r * r
    c = r - rr * _polynomial(EXP, rr)
    return math.ldexp(1.0 + (r * c / (2.0 - c) - low + high), k)


def erf(x: float) -> float:
    """Return the error function of `x`, within 1 unit in the last place.

    Spec: FIX-7. It is odd; the four intervals of ``|x|`` have an approximation each.

    Args:
        x: any number but NaN; infinity is allowed.
    """
    a = abs(x)
    if a < 2.0**-28:
        y = 0.125 * (8.0 * a + TINY_SLOPE * a)
    elif a < 0.84375:
        y = a + a * _ratio(PP, QQ, a * a)
    elif a < 6.0:
        y = 1.0 - _complement(a)
    else:
        y = 1.0
    return math.copysign(y, x)


def _complement(a: float) -> float:
    """Return ``1 - erf(a)`` for ``0.84375 <= a < 6``. Spec: FIX-7."""
    if a < 1.25:
        return 1.0 - ERF_1 - _ratio(PA, QA, a - 1.0)
    s = 1.0 / (a * a)
    ratio = _ratio(RA, SA, s) if a < SPLIT else _ratio(RB, SB, s)
    # a**2 = z**2 - (z - a) (z + a), and the square of z is exact
    z = _clear_low_word(a)
    return exp(-z * z - 0.5625) * exp((z - a) * (z + a) + ratio) / a


def _ratio(p: Coefficients, q: Coefficients, t: float) -> float:
    return _polynomial(p, t) / _polynomial(q, t)


def _polynomial(coefficients: Coefficients, t: float) -> float:
    """Return ``c0 + t (c1 + t (c2 + ...))``, the innermost bracket first."""
    *others, value = coefficients
    for c in reversed(others):
        value = c + t * value
    return value


def _clear_low_word(a: float) -> float:
    """Return `a` with the lower 32 of its 64 bits zero."""
    value: float
    (value,) = struct.unpack(">d", struct.pack(">d", a)[:4] + bytes(4))
    return value
