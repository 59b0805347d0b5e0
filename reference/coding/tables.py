"""The functions that decide bytes, as tables of integers made from integers alone.

Spec: TAB-1 to TAB-4, TAB-6 and TAB-7; TAB-5 holds by construction, every entry being rounded
on its own.
Source: the series of the exponential function; for the normal CDF, G. Marsaglia,
"Evaluating the normal distribution", J. Stat. Software 11(4), 2004; Machin's formula for pi.

A machine's own ``exp`` or ``erf`` may differ from another's in the last digit, and one
such digit can make a file unreadable. Here every entry is a series in 256-bit fixed
point, whose error is far too small to move a rounding. All terms are positive,
so nothing cancels.
"""

from functools import cache
from math import isqrt

from reference.params import (
    ARGUMENT_FRACTION,
    BERNOULLI_PREC,
    CDF_FRACTION,
    CDF_LIMIT,
    CDF_STEP_FRACTION,
    INVERSE_SCALE_FRACTION,
    LOG_SCALE_FRACTION,
    LOG_SCALE_LIMIT,
    LOGISTIC_LIMIT,
    LOGIT_FRACTION,
    LOGIT_LIMIT,
)

__all__ = [
    "exp_table",
    "logistic_cdf",
    "logistic_cdf_table",
    "normal_cdf",
    "normal_cdf_table",
    "sigmoid_table",
]

FRACTION = 256
"""Fraction bits of the series."""
ONE = 1 << FRACTION


@cache
def sigmoid_table() -> tuple[int, ...]:
    """Return the slots of a pixel that is 1, for every logit; 16 bits of precision.

    Spec: TAB-1.

    Returns:
        Entry ``k + LOGIT_LIMIT`` belongs to the logit ``k / 256``, for ``|k| <= LOGIT_LIMIT``;
        each in ``[1, 2**16)``, not falling, and the entries of ``k`` and ``-k`` add up to
        ``2**16``.
    """
    slots = 1 << BERNOULLI_PREC
    upper = []
    for k in range(LOGIT_LIMIT + 1):
        e = _exp(k << (FRACTION - LOGIT_FRACTION))
        upper.append(min(_divide(slots * e, e + ONE), slots - 1))
    return (*(slots - p for p in reversed(upper[1:])), *upper)


@cache
def normal_cdf_table() -> tuple[int, ...]:
    """Return the standard normal CDF at multiples of 1/64; 32 fraction bits.

    Spec: TAB-2.

        Phi(t)  =  1/2 + phi(t) (t + t**3 / 3 + t**5 / (3 * 5) + ...)

    Returns:
        Entry ``k + 512`` belongs to ``t = k / 64``, for ``|k| <= 512``; not falling, from 0
        to ``2**32``; the entries of ``k`` and ``-k`` add up to ``2**32``.
    """
    one, last = 1 << CDF_FRACTION, CDF_LIMIT << CDF_STEP_FRACTION
    root_two_pi = isqrt(2 * _pi() << FRACTION)
    upper = []
    for k in range(last):
        t = k << (FRACTION - CDF_STEP_FRACTION)
        square = t * t >> FRACTION
        term, total, odd = t, 0, 1
        while term:
            total, odd = total + term, odd + 2
            term = (term * square >> FRACTION) // odd
        tail = _divide(total << FRACTION, _exp(square >> 1) * root_two_pi >> FRACTION)
        upper.append(_divide((ONE >> 1) + tail << CDF_FRACTION, ONE))
    upper.append(one)
    return (*(one - p for p in reversed(upper[1:])), *upper)


@cache
def logistic_cdf_table() -> tuple[int, ...]:
    """Return the standard logistic CDF at multiples of 1/64; 32 fraction bits.

    Spec: TAB-6.

    Returns:
        Entry ``k + 1536`` belongs to ``t = k / 64``, for ``|k| <= 1536``; not falling, from 0
        to ``2**32``; the entries of ``k`` and ``-k`` add up to ``2**32``.
    """
    one, last = 1 << CDF_FRACTION, LOGISTIC_LIMIT << CDF_STEP_FRACTION
    powers = [_exp(k << (FRACTION - CDF_STEP_FRACTION)) for k in range(last)]
    upper = [*(_divide(one * e, e + ONE) for e in powers), one]
    return (*(one - p for p in reversed(upper[1:])), *upper)


@cache
def exp_table() -> tuple[int, ...]:
    """Return ``exp(-v)``, the inverse scale of every log scale; 14 fraction bits.

    Spec: TAB-4.

    Returns:
        Entry ``k + LOG_SCALE_LIMIT`` belongs to ``v = k / 256``, for
        ``|k| <= LOG_SCALE_LIMIT``; positive, not rising.
    """
    small = [_exp(k << (FRACTION - LOG_SCALE_FRACTION)) for k in range(LOG_SCALE_LIMIT + 1)]
    rising = [_divide(e << INVERSE_SCALE_FRACTION, ONE) for e in reversed(small)]
    falling = [_divide(ONE << INVERSE_SCALE_FRACTION, e) for e in small[1:]]
    return (*rising, *falling)


def normal_cdf(t: int) -> int:
    """Return the standard normal CDF of `t`, by linear interpolation; 32 fraction bits.

    Spec: TAB-3.

    Args:
        t: 16 fraction bits.

    Returns:
        In ``[0, 2**32]``; not falling in `t`.
    """
    return _interpolate(t, normal_cdf_table())


def logistic_cdf(t: int) -> int:
    """Return the standard logistic CDF of `t`, by linear interpolation; 32 fraction bits.

    Spec: TAB-7.

    Args:
        t: 16 fraction bits.

    Returns:
        In ``[0, 2**32]``; not falling in `t`.
    """
    return _interpolate(t, logistic_cdf_table())


def _interpolate(t: int, table: tuple[int, ...]) -> int:
    """Return the value at `t` of a table of steps of 1/64 that is symmetric about 0."""
    cell_bits = ARGUMENT_FRACTION - CDF_STEP_FRACTION
    limit = len(table) // 2 << cell_bits
    if t <= -limit:
        return table[0]
    if t >= limit:
        return table[-1]
    cell, offset = divmod(t + limit, 1 << cell_bits)
    below, above = table[cell : cell + 2]
    return below + ((above - below) * offset >> cell_bits)


def _divide(a: int, b: int) -> int:
    """Return ``rounded(a / b)`` for a positive `b`."""
    return (2 * a + b) // (2 * b)


def _exp(x: int) -> int:
    """Return ``exp(x)`` for ``x >= 0``, both with `FRACTION` fraction bits."""
    term, total, n = ONE, 0, 0
    while term:
        total, n = total + term, n + 1
        term = (term * x >> FRACTION) // n
    return total


def _pi() -> int:
    """Return pi with `FRACTION` fraction bits: 16 arctan(1/5) - 4 arctan(1/239)."""
    return 16 * _arctan_inverse(5) - 4 * _arctan_inverse(239)


def _arctan_inverse(n: int) -> int:
    power, total, odd = ONE // n, 0, 1
    while power:
        total += power // odd if odd % 4 == 1 else -(power // odd)
        power, odd = power // (n * n), odd + 2
    return total
