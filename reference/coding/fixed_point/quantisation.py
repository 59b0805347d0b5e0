"""Float probabilities to a table of slots: every symbol gets one, the rest are shared out.

Spec: FIX-1 to FIX-4.

Each of the ``n`` symbols owns one slot outright, and the other ``free = 2**prec - n`` are
shared out by probability. Symbol ``i`` starts where the symbols before it end::

    c[i]  =  i  +  floor(free * (the probability of a smaller symbol))

        c[0] = 0       c[1]     c[2]           c[3]          c[n] = 2**prec
          |--------------|========|--------------|=  ...  ------|

So a symbol of probability 0 can be coded too, at ``prec`` bits, and the others pay at most
``-log2(1 - n / 2**prec)`` bits for it, up to rounding. The arithmetic is division,
multiplication and addition of binary64 numbers in one stated order, so that equal
probabilities make equal tables on every machine.
"""

import math
from itertools import accumulate
from operator import index

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.params import WORD_BITS

__all__ = ["TOTAL_TOLERANCE", "probability_list", "quantise"]

TOTAL_TOLERANCE = 2.0**-16
"""How far the sum of probabilities may be from 1 (FIX-2)."""


def quantise(
    probabilities: npt.ArrayLike, prec: int, *, normalize: bool = False
) -> tuple[int, ...]:
    """Return the cumulative table of `probabilities` over ``2**prec`` slots.

    Spec: FIX-1 to FIX-4.

        s_0 = 0,   s_{i+1} = s_i + p_i,   free = 2**prec - n
        c_i = floor(free * (s_i / s_n)) + i,   c_n = 2**prec

    Args:
        probabilities: shape ``(n,)``; not negative, with a sum within ``2**-16`` of 1, or
            of any positive finite sum if `normalize`.
        prec: in ``[1, 32]``; at least ``log2(n)``.

    Returns:
        ``n + 1`` integers that rise strictly from 0 to ``2**prec``.

    Raises:
        DistributionError: the numbers are no distribution (FIX-2).
    """
    p = probability_list(probabilities)
    slots = _slots(prec, len(p))
    *sums, total = accumulate(p, initial=0.0)  # in order; from Python 3.12 on, sum() is not
    _check_total(total, normalize)
    free = slots - len(p)
    return (*(math.floor(free * (s / total)) + i for i, s in enumerate(sums)), slots)


def probability_list(probabilities: npt.ArrayLike) -> list[float]:
    """Return the numbers as binary64, every one unchanged. Spec: FIX-2.

    Raises:
        DistributionError: not a vector of numbers, empty, or one of the numbers is NaN,
            infinite, negative or no binary64 number (FIX-2).
    """
    try:
        array = np.asarray(probabilities)
    except ValueError as error:  # lists of unequal length
        raise DistributionError(f"probabilities are no vector: {error}") from None
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "fiu":
        raise DistributionError(
            f"an array of shape {array.shape} and type {array.dtype} is no vector of reals"
        )
    numbers = array.tolist()
    for i, p in enumerate(numbers):
        if not 0 <= p < math.inf or float(p) != p:
            raise DistributionError(f"probability {i} is {p}")
    return [float(p) for p in numbers]


def _slots(prec: int, n: int) -> int:
    if not 1 <= prec <= WORD_BITS:
        raise DistributionError(f"{prec} bits of precision are not in [1, {WORD_BITS}]")
    if n > 1 << index(prec):
        raise DistributionError(f"{n} symbols do not share 2**{prec} slots")
    return 1 << index(prec)


def _check_total(total: float, normalize: bool) -> None:
    if normalize and not 0.0 < total < math.inf:
        raise DistributionError(f"probabilities have the sum {total}: it cannot become 1")
    if not normalize and not abs(total - 1.0) <= TOTAL_TOLERANCE:
        raise DistributionError(f"probabilities have the sum {total!r}, not 1")
