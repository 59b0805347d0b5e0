"""Compiled twin of `reference.information.entropy.joint`: equal within the bound of ENT-3.

Spec: ENT-3, ENT-11.  Checked by tests/equivalence/test_entropy_joint.py.
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_tuple

from fast._jit import kernel
from fast._logarithm import LIFT, LIFT_BITS, MAGIC_LEAST, ONE, log2_ratio
from fast.information.entropy.distribution import (
    GRADE_CLOSE,
    _are_one,
    _shaped,
    distribution,
    in_base,
    numbers,
)
from reference.information.entropy.distribution import Floats

__all__ = ["mutual_information", "mutual_information_kernel"]


@kernel(fastmath=GRADE_CLOSE)
def mutual_information_kernel(p, columns, totals, bits):  # type: ignore[no-untyped-def]
    """Set the sum and the mutual information of each table; return how many are negative.

    `p` has the shape ``(tables, X, Y)``; `columns` has the length ``Y``, and what it holds is
    lost. One pass over the table: the term of ``p(y)`` is the same for a whole column, so it
    is taken out of the sum, and ``I = sum p(x, y) log(p(x, y) / p(x)) - sum p(y) log p(y)``.
    """
    negative = 0
    for table in range(p.shape[0]):
        columns[:] = 0.0
        total, mi = 0.0, 0.0
        for x in range(p.shape[1]):
            row = p[table, x]
            row_total = 0.0
            for y in range(row.size):
                negative += int(row[y] < 0.0)
                row_total += row[y]
                columns[y] += row[y]
            total += row_total
            divisor = row_total * LIFT if row_total > 0.0 else LIFT
            for y in range(row.size):
                mi += row[y] * log2_ratio(row[y] * LIFT, divisor, MAGIC_LEAST)
        for y in range(columns.size):
            mi -= columns[y] * log2_ratio(columns[y] * LIFT, ONE, MAGIC_LEAST + LIFT_BITS)
        totals[table], bits[table] = total, mi
    return negative


def mutual_information(
    p: npt.ArrayLike,
    *,
    axis: tuple[int, int] = (-2, -1),
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return what either variable tells of the other, in units of ``log(base)``. Spec: ENT-11.

    Raises:
        DistributionError: no distribution (ENT-1), or no base (ENT-2).
    """
    p = numbers(p)
    x, y = normalize_axis_tuple(axis, p.ndim)
    if normalize:
        p = distribution(p, (x, y), True)
    moved = np.moveaxis(p, (x, y), (-2, -1))
    rows, columns = moved.shape[-2:]
    shape = tuple(1 if i in (x, y) else n for i, n in enumerate(p.shape))
    tables = np.ascontiguousarray(moved).reshape(int(np.prod(shape)), rows, columns)
    totals, bits = np.empty((2, len(tables)))
    with np.errstate(all="ignore"):  # the JIT off, what is no probability makes warnings
        negative = mutual_information_kernel(tables, np.empty(columns), totals, bits)
    if negative > 0 or not _are_one(totals):
        distribution(p, (x, y))
    return in_base(np.maximum(_shaped(bits, shape, (x, y), keepdims), 0), base)
