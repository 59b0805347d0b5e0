"""Compiled twin of `reference.information.entropy.distribution`, and the logarithm of `fast`.

Spec: ENT-1, ENT-2, ENT-17.  Checked by tests/equivalence/test_entropy_distribution.py.

The C library's logarithm is called for one number at a time; of this one LLVM makes vector
instructions. With `k` an integer such that ``m = p / (2**k q)`` lies in [2/3, 3/2]::

    log2(p / q)  =  k + (2 / ln 2) atanh(s),    s  =  (m - 1) / (m + 1)

The difference is exact, so that nothing is lost where `p` and `q` are close, there is one
division for both numbers, and nothing overflows.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import uint64
from numpy.lib.array_utils import normalize_axis_tuple

from fast._jit import kernel
from reference.errors import DistributionError
from reference.information.entropy.distribution import TOTAL_TOLERANCE, Floats

__all__ = ["distribution", "in_base", "log2_kernel", "log2_ratio_kernel", "numbers"]

# NaN and infinities stay what they are; the order of a sum does not.
GRADE_CLOSE = {"reassoc", "contract", "nsz"}

BLOCK = 192
"""Numbers that are checked and then summed: they are still in the first cache then.

Measured on 10^7 numbers: 512 at a time take 12 % longer for the entropy and 37 % for KL.
"""

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
def _log2_ratio(p, q, magic):  # type: ignore[no-untyped-def]
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


@kernel
def log2_ratio_kernel(p, q):  # type: ignore[no-untyped-def]
    """Return ``log2(p / q)`` of two numbers in ``(0, 2**900]`` (ENT-17)."""
    return _log2_ratio(p * LIFT, q * LIFT, MAGIC_LEAST)


@kernel
def log2_kernel(x):  # type: ignore[no-untyped-def]
    """Return ``log2(x)`` of any number (ENT-17): ``-inf`` of 0, NaN below it."""
    if x != x or x < 0.0:
        return np.nan
    if x == 0.0:
        return -np.inf
    if x == np.inf:
        return x
    if x < 1.0:
        return _log2_ratio(x * LIFT, ONE, MAGIC_LEAST + LIFT_BITS)
    return _log2_ratio(x, ONE, MAGIC_LEAST)


def distribution(
    p: npt.ArrayLike, axis: int | tuple[int, ...] | None, normalize: bool = False
) -> Floats:
    """Return `p` in binary64, unchanged unless `normalize` divides it by its sums over `axis`.

    Spec: ENT-1. The measures call this only where a kernel has found fault, or to normalise.

    Raises:
        DistributionError: the numbers are no distributions (ENT-1).
    """
    p = numbers(p)
    for wrong in p[~((p >= 0) & (p < np.inf))][:1]:
        raise DistributionError(f"{wrong} is no probability")
    with np.errstate(over="ignore"):
        totals = p.sum(axis=axis, keepdims=True)
    if normalize:
        for wrong in totals[~((totals > 0) & (totals < np.inf))][:1]:
            raise DistributionError(f"probabilities have the sum {wrong}: it cannot become 1")
        return np.asarray(p / totals)
    for wrong in totals[~(np.abs(totals - 1) <= TOTAL_TOLERANCE)][:1]:
        raise DistributionError(f"probabilities have the sum {wrong!r}, not 1")
    return p


def numbers(p: npt.ArrayLike) -> Floats:
    """Return an array of real numbers as binary64. Spec: ENT-1.

    Raises:
        DistributionError: truth values, complex numbers, text, ragged lists (ENT-1).
    """
    try:
        array = np.asarray(p)
    except ValueError as error:
        raise DistributionError(f"probabilities are no array: {error}") from None
    if array.dtype.kind not in "fiu":
        raise DistributionError(f"an array of type {array.dtype} holds no probabilities")
    return np.asarray(array, dtype=np.float64)


def in_base(bits: npt.ArrayLike, base: float) -> Floats:
    """Return a measure in units of ``log(base)`` from the same in bits. Spec: ENT-2.

    Raises:
        DistributionError: `base` is not above 1, or not finite (ENT-2).
    """
    if not 1 < base < math.inf:
        raise DistributionError(f"logarithms to the base {base}")
    measure: Floats = np.asarray(bits) / math.log2(base) + 0.0
    return measure[()]


def _rows(p: Floats, axis: int | tuple[int, ...] | None) -> tuple[Floats, tuple[int, ...]]:
    """Return each distribution as a row, and the shape of `p` with 1 for each of `axis`."""
    axes = normalize_axis_tuple(range(p.ndim) if axis is None else axis, p.ndim)
    others = [i for i in range(p.ndim) if i not in axes]
    outcomes = math.prod(p.shape[i] for i in axes)
    kept = math.prod(p.shape[i] for i in others)
    rows = np.ascontiguousarray(p.transpose(*others, *axes)).reshape(kept, outcomes)
    return rows, tuple(1 if i in axes else n for i, n in enumerate(p.shape))


def _are_one(totals: Floats) -> bool:
    """Whether all sums are 1, as ENT-1 has it; of NaN this is False."""
    return bool((np.abs(totals - 1) <= TOTAL_TOLERANCE).all())


def _shaped(
    bits: Floats, shape: tuple[int, ...], axis: int | tuple[int, ...] | None, keepdims: bool
) -> Floats:
    """Return a measure of each row in the shape that the caller expects."""
    bits = bits.reshape(shape)
    if keepdims:
        return bits
    axes = range(len(shape)) if axis is None else axis
    return bits.squeeze(normalize_axis_tuple(axes, len(shape)))
