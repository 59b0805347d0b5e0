"""Tables for interpolation, with one look-up for both ends of a cell, and inverses of CDFs.

Spec: TAB-3, TAB-7.

A decoder finds the symbol of a slot by searching the cumulative function. It starts from a
guess, made with a quantile out of these tables, and computes the slots of that symbol: if they
hold the slot, the search is over. So a quantile decides how long that takes, and nothing else.
"""

from functools import cache

import numpy as np
from numba import int64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding.tables import logistic_cdf_table, normal_cdf_table
from reference.params import ARGUMENT_FRACTION, CDF_FRACTION, CDF_STEP_FRACTION

Integers = NDArray[np.int64]

STEP_BITS = 26
"""Bits of a step of a table, which lies below the value that it starts from."""
OFFSET_BITS = ARGUMENT_FRACTION - CDF_STEP_FRACTION
"""Bits of the offset in a cell of a table."""
CELL_BITS = 10
"""Logarithm of the number of cells of an inverse of a CDF."""
LEVEL_BITS = CELL_BITS + OFFSET_BITS
"""Fraction bits of the argument of an inverse of a CDF."""

STEP = int64(STEP_BITS)
STEP_MASK = int64((1 << STEP_BITS) - 1)
OFFSET = int64(OFFSET_BITS)
OFFSET_MASK = int64((1 << OFFSET_BITS) - 1)


@kernel(forceinline=True)
def value_kernel(cell, argument):  # type: ignore[no-untyped-def]
    """Return the value of a table at an argument in this cell. Spec: TAB-3."""
    # A step is below 2**26, an offset below 2**10.
    return (cell >> STEP) + ((cell & STEP_MASK) * (argument & OFFSET_MASK) >> OFFSET)


@cache
def normal_quantiles() -> Integers:
    """Return quantiles of the standard normal distribution, at multiples of 1/1024."""
    return _quantiles(normal_cdf_table())


@cache
def logistic_quantiles() -> Integers:
    """Return quantiles of the standard logistic distribution, at multiples of 1/1024."""
    return _quantiles(logistic_cdf_table())


def packed(values: Integers) -> Integers:
    """Return a table that never falls, each entry with the step to the next one below it."""
    table = (values << STEP_BITS) + np.diff(values, append=values[-1:])
    table.flags.writeable = False
    return table


def _quantiles(cdf: Integers) -> Integers:
    cells = 1 << CELL_BITS
    arguments = (np.arange(cdf.size) - cdf.size // 2) << OFFSET_BITS
    # not 0 and 1, which have no quantiles, but the middles of the outermost cells
    levels = np.clip(np.arange(cells + 1) / cells, 0.5 / cells, 1 - 0.5 / cells)
    quantiles = np.rint(np.interp(levels, cdf / (1 << CDF_FRACTION), arguments))
    return packed(quantiles.astype(np.int64))
