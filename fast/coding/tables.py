"""Twin of `reference.coding.tables`: the same integers, from another derivation.

Spec: TAB-1 to TAB-4, TAB-6, TAB-7.

Here the series and the exponential function are those of the ``decimal`` module, whose
arithmetic is exact to the digits asked for on every machine.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import numpy as np
from numba import int64
from numpy.typing import NDArray

from fast._jit import kernel
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
    "cdf_kernel",
    "exp_table",
    "logistic_cdf",
    "logistic_cdf_table",
    "normal_cdf",
    "normal_cdf_table",
    "sigmoid_table",
]

Integers = NDArray[np.int64]

DIGITS = 50
"""Decimal digits of the derivations; an entry of a table has at most 12."""
TWO_PI = Decimal("6.28318530717958647692528676655900576839433879875021164194989")

ONE = int64(1)
CELL_BITS = int64(ARGUMENT_FRACTION - CDF_STEP_FRACTION)
CELL_MASK = int64((1 << (ARGUMENT_FRACTION - CDF_STEP_FRACTION)) - 1)


@cache
def sigmoid_table() -> Integers:
    """Return the slots of a pixel that is 1, for every logit; 16 bits of precision.

    Spec: TAB-1.

    Returns:
        Shape ``(2 * LOGIT_LIMIT + 1,)``; as for the reference.
    """
    slots = 1 << BERNOULLI_PREC
    with localcontext(prec=DIGITS):
        upper = [
            min(_rounded(slots / (1 + _scaled(-k, LOGIT_FRACTION).exp())), slots - 1)
            for k in range(LOGIT_LIMIT + 1)
        ]
    return _mirrored(upper, slots)


@cache
def normal_cdf_table() -> Integers:
    """Return the standard normal CDF at multiples of 1/64; 32 fraction bits.

    Spec: TAB-2.

    Returns:
        Shape ``(1025,)``; as for the reference.
    """
    with localcontext(prec=DIGITS):
        upper = [
            _rounded(_normal_cdf(_scaled(k, CDF_STEP_FRACTION)) * (1 << CDF_FRACTION))
            for k in range(CDF_LIMIT << CDF_STEP_FRACTION)
        ]
    return _mirrored([*upper, 1 << CDF_FRACTION], 1 << CDF_FRACTION)


@cache
def logistic_cdf_table() -> Integers:
    """Return the standard logistic CDF at multiples of 1/64; 32 fraction bits.

    Spec: TAB-6.

    Returns:
        Shape ``(3073,)``; as for the reference.
    """
    one = 1 << CDF_FRACTION
    with localcontext(prec=DIGITS):
        upper = [
            _rounded(one / (1 + _scaled(-k, CDF_STEP_FRACTION).exp()))
            for k in range(LOGISTIC_LIMIT << CDF_STEP_FRACTION)
        ]
    return _mirrored([*upper, one], one)


@cache
def exp_table() -> Integers:
    """Return ``exp(-v)``, the inverse scale of every log scale; 14 fraction bits.

    Spec: TAB-4.

    Returns:
        Shape ``(2 * LOG_SCALE_LIMIT + 1,)``; as for the reference.
    """
    one = 1 << INVERSE_SCALE_FRACTION
    with localcontext(prec=DIGITS):
        entries = [
            _rounded(one * _scaled(-k, LOG_SCALE_FRACTION).exp())
            for k in range(-LOG_SCALE_LIMIT, LOG_SCALE_LIMIT + 1)
        ]
    return _frozen(entries)


@kernel
def cdf_kernel(t, table):  # type: ignore[no-untyped-def]
    """Return the CDF that is tabled, at an int64. Spec: TAB-3, TAB-7."""
    last = int64(table.size) - ONE
    u = t + (last >> ONE << CELL_BITS)
    if u <= 0:
        return table[0]
    cell = u >> CELL_BITS
    if cell >= last:
        return table[last]
    below = table[cell]
    # At most 2**26 slots a cell times 2**10: far below 2**63.
    return below + ((table[cell + ONE] - below) * (u & CELL_MASK) >> CELL_BITS)


def normal_cdf(t: int) -> int:
    """Return the standard normal CDF of `t`, by linear interpolation; 32 fraction bits.

    Spec: TAB-3.
    """
    return _cdf(t, normal_cdf_table())


def logistic_cdf(t: int) -> int:
    """Return the standard logistic CDF of `t`, by linear interpolation; 32 fraction bits.

    Spec: TAB-7.
    """
    return _cdf(t, logistic_cdf_table())


def _cdf(t: int, table: Integers) -> int:
    limit = len(table) // 2 << int(CELL_BITS)
    return int(cdf_kernel(np.int64(min(max(t, -limit), limit)), table))


def _normal_cdf(t: Decimal) -> Decimal:
    """Return Phi(t) for ``t >= 0``, by the series of TAB-2."""
    term, total, odd = t, Decimal(0), 1
    while total + term != total:
        total, odd = total + term, odd + 2
        term = term * t * t / odd
    return Decimal("0.5") + total * (-t * t / 2).exp() / TWO_PI.sqrt()


def _scaled(k: int, fraction: int) -> Decimal:
    return Decimal(k) / (1 << fraction)


def _rounded(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_UP))


def _mirrored(upper: list[int], total: int) -> Integers:
    """Return a table whose entries of ``k`` and ``-k`` add up to `total`."""
    return _frozen([total - p for p in reversed(upper[1:])] + upper)


def _frozen(entries: list[int]) -> Integers:
    table = np.array(entries, np.int64)
    table.flags.writeable = False
    return table
