"""The entropy models of the library `constriction`, as tables over ``2**24`` slots.

Spec: FIX-5, FIX-8.
Source: R. Bamler, constriction 0.5.0 (2026), the Python classes ``Categorical`` with
``perfect=False`` and ``QuantizedGaussian``; formulas read there, code our own.

Both are the rule of FIX-3 with other roundings: a slot for every symbol, the rest shared
out by a cumulative function. With these tables our messages are `constriction`'s (ANS-7).
"""

import math
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from reference.coding.fixed_point.error_function import erf
from reference.coding.fixed_point.quantisation import probability_list
from reference.errors import DistributionError

__all__ = [
    "check_gaussian",
    "check_support",
    "constriction_categorical",
    "constriction_gaussian",
    "constriction_gaussian_cumulative",
]

SLOTS = 1 << 24
"""Number of slots of each model of the library's Python interface (FIX-5)."""
SQRT_2 = 1.4142135623730951
"""The binary64 number nearest to the square root of 2 (FIX-8)."""


def constriction_categorical(
    probabilities: npt.ArrayLike, *, dtype: type[np.float32] | type[np.float64] = np.float64
) -> tuple[int, ...]:
    """Return the table of ``Categorical(probabilities, perfect=False)``.

    Spec: FIX-5. Every operation is rounded to `dtype`, so either type has its own tables.

        s_0 = 0,   s_{i+1} = s_i + p_i,   scale = (2**24 - n) / s_n
        c_i = floor(s_i * scale) + i,   c_n = 2**24

    Args:
        probabilities: shape ``(n,)``; not negative; rounded to `dtype` first.

    Returns:
        ``n + 1`` integers that rise strictly from 0 to ``2**24``.

    Raises:
        DistributionError: the numbers are no distribution (FIX-2), `constriction` refuses
            them, or it would leave a symbol without a slot (FIX-5).
    """
    numbers, tiny = probability_list(probabilities), np.finfo(dtype).tiny
    n = len(numbers)
    if not 2 <= n <= SLOTS - 2:
        raise DistributionError(f"{n} symbols; constriction takes 2 to 2**24 - 2")
    with np.errstate(over="ignore"):  # what overflows is refused below
        *sums, total = accumulate(np.array(numbers).astype(dtype), initial=dtype(0))
        scale = dtype(SLOTS - n) / max(total, tiny)
    if not (tiny <= total < math.inf and math.isfinite(scale)):
        raise DistributionError(f"probabilities have the sum {total}: out of range")
    return _rising((*(math.floor(s * scale) + i for i, s in enumerate(sums)), SLOTS))


def constriction_gaussian(low: int, high: int, mean: float, std: float) -> tuple[int, ...]:
    """Return the table of ``QuantizedGaussian(low, high, mean, std)``; entry 0 is `low`'s.

    Spec: FIX-8.

    Args:
        low: the smallest symbol; in ``[-2**31, high)``.
        high: the largest symbol; below ``2**31`` and ``low + 2**24``.
        mean: finite, in units of a symbol.
        std: positive and finite, likewise.

    Returns:
        ``high - low + 2`` integers that rise strictly from 0 to ``2**24``.

    Raises:
        DistributionError: one of the four is out of its range (FIX-8).
    """
    check_support(low, high)
    check_gaussian(mean, std)
    return _rising(
        tuple(
            constriction_gaussian_cumulative(symbol, low, high, mean, std)
            for symbol in range(low, high + 2)
        )
    )


def constriction_gaussian_cumulative(
    symbol: int, low: int, high: int, mean: float, std: float
) -> int:
    """Return the slots below `symbol`, in ``[0, 2**24]``: one entry of the table.

    Spec: FIX-8.

        floor((2**24 - 1 - (high - low)) * cdf(symbol - 0.5)) + symbol - low
        cdf(x) = (1 + erf((x - mean) / (std * sqrt(2)))) / 2

    It does not check its arguments, so that a search may call it often.

    Args:
        symbol: in ``[low, high + 1]``.
    """
    if symbol == low:
        return 0
    if symbol == high + 1:
        return SLOTS
    t = (symbol - 0.5 - float(mean)) / (float(std) * SQRT_2)
    cdf = (1.0 + erf(t)) / 2.0
    return math.floor((SLOTS - 1 - (high - low)) * cdf) + symbol - low


def check_support(low: int, high: int) -> None:
    """Raise a `DistributionError` if no table has the symbols `low` to `high`. Spec: FIX-8."""
    if not (-(2**31) <= low < high < 2**31 and high - low < SLOTS):
        raise DistributionError(f"no support of 32-bit symbols runs from {low} to {high}")


def check_gaussian(mean: float, std: float) -> None:
    """Raise a `DistributionError` if there is no such Gaussian. Spec: FIX-8."""
    try:
        is_gaussian = math.isfinite(mean) and 0.0 < std < math.inf
    except (OverflowError, TypeError):  # too large an integer, or no number
        is_gaussian = False
    if not is_gaussian:
        raise DistributionError(f"no Gaussian has mean {mean} and standard deviation {std}")


def _rising(table: tuple[int, ...]) -> tuple[int, ...]:
    for i, (start, end) in enumerate(pairwise(table)):
        if start >= end:
            raise DistributionError(f"constriction gives symbol {i} {end - start} slots")
    return table
