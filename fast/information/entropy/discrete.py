"""Compiled twin of `reference.information.entropy.discrete`: equal within the bound of ENT-3.

Spec: ENT-3, ENT-5, ENT-7, ENT-8.  Checked by tests/equivalence/test_entropy_discrete.py.

A kernel reads the numbers once: with the measure it returns the sums, and how many numbers are
negative, from which the wrapper sees whether they were distributions at all.
"""

import numpy as np
import numpy.typing as npt

from fast._jit import kernel
from fast._logarithm import LIFT, LIFT_BITS, MAGIC_LEAST, ONE, log2_ratio
from fast.information.entropy.distribution import (
    BLOCK,
    GRADE_CLOSE,
    _are_one,
    _rows,
    _shaped,
    distribution,
    in_base,
    numbers,
)
from reference.errors import DistributionError
from reference.information.entropy.distribution import Floats

__all__ = [
    "cross_entropy",
    "cross_entropy_kernel",
    "entropy",
    "entropy_kernel",
    "kl_divergence",
    "kl_divergence_kernel",
]


@kernel(fastmath=GRADE_CLOSE)
def entropy_kernel(p, totals, bits):  # type: ignore[no-untyped-def]
    """Set the sum and the entropy of each row of `p`; return how many numbers are negative.

    Numbers that are no probabilities make any entropy, but a sum or a return value that tells.
    """
    negative = 0
    for row in range(p.shape[0]):
        total, h = 0.0, 0.0
        for start in range(0, p.shape[1], BLOCK):
            block = p[row, start : start + BLOCK]
            for i in range(block.size):
                negative += int(block[i] < 0.0)
                total += block[i]
            for i in range(block.size):
                # Of 0 this logarithm is some finite number, and 0 times it is 0.
                h -= block[i] * log2_ratio(block[i] * LIFT, ONE, MAGIC_LEAST + LIFT_BITS)
        totals[row], bits[row] = total, h
    return negative


@kernel(fastmath=GRADE_CLOSE)
def cross_entropy_kernel(p, q, p_totals, q_totals, bits):  # type: ignore[no-untyped-def]
    """Set the sums and the cross entropy of each row; return how many numbers are negative."""
    negative = 0
    for row in range(p.shape[0]):
        p_total, q_total, h, missing = 0.0, 0.0, 0.0, 0
        for start in range(0, p.shape[1], BLOCK):
            block, code = p[row, start : start + BLOCK], q[row, start : start + BLOCK]
            for i in range(block.size):
                negative += int(block[i] < 0.0)
                p_total += block[i]
            for i in range(block.size):
                negative += int(code[i] < 0.0)
                q_total += code[i]
            for i in range(block.size):
                missing += int((block[i] > 0.0) & (code[i] == 0.0))
                h -= block[i] * log2_ratio(code[i] * LIFT, ONE, MAGIC_LEAST + LIFT_BITS)
        p_totals[row], q_totals[row] = p_total, q_total
        bits[row] = np.inf if missing > 0 else h
    return negative


@kernel(fastmath=GRADE_CLOSE)
def kl_divergence_kernel(p, q, p_totals, q_totals, bits):  # type: ignore[no-untyped-def]
    """Set the sums and the KL of each row; return how many numbers are negative."""
    negative = 0
    for row in range(p.shape[0]):
        p_total, q_total, kl, missing = 0.0, 0.0, 0.0, 0
        for start in range(0, p.shape[1], BLOCK):
            block, code = p[row, start : start + BLOCK], q[row, start : start + BLOCK]
            for i in range(block.size):
                negative += int(block[i] < 0.0)
                p_total += block[i]
            for i in range(block.size):
                negative += int(code[i] < 0.0)
                q_total += code[i]
            for i in range(block.size):
                missing += int((block[i] > 0.0) & (code[i] == 0.0))
                # A divisor of 0 would make 0 * NaN where both are 0.
                divisor = code[i] * LIFT if code[i] > 0.0 else LIFT
                kl += block[i] * log2_ratio(block[i] * LIFT, divisor, MAGIC_LEAST)
        p_totals[row], q_totals[row] = p_total, q_total
        bits[row] = np.inf if missing > 0 else kl
    return negative


def entropy(
    p: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the entropy of each distribution, in units of ``log(base)``. Spec: ENT-5.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    p = distribution(p, axis, True) if normalize else numbers(p)
    rows, shape = _rows(p, axis)
    totals, bits = np.empty((2, len(rows)))
    with np.errstate(all="ignore"):  # the JIT off, what is no probability makes warnings
        negative = entropy_kernel(rows, totals, bits)
    if negative > 0 or not _are_one(totals):
        distribution(p, axis)
    return in_base(np.maximum(_shaped(bits, shape, axis, keepdims), 0), base)


def cross_entropy(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return the expected code length of `p` under a code made for `q`. Spec: ENT-7.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    bits = _of_pairs(cross_entropy_kernel, p, q, axis, keepdims, normalize)
    return in_base(np.maximum(bits, 0), base)


def kl_divergence(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = -1,
    base: float = 2,
    keepdims: bool = False,
    normalize: bool = False,
) -> Floats:
    """Return KL(p || q), in units of ``log(base)``. Spec: ENT-8.

    Raises:
        DistributionError: no distributions (ENT-1), or no base (ENT-2).
    """
    bits = _of_pairs(kl_divergence_kernel, p, q, axis, keepdims, normalize)
    return in_base(np.maximum(bits, 0), base)


def _of_pairs(  # type: ignore[no-untyped-def]
    measure_kernel,
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    axis: int | tuple[int, ...] | None,
    keepdims: bool,
    normalize: bool,
) -> Floats:
    p, q = numbers(p), numbers(q)
    try:
        p, q = np.broadcast_arrays(p, q)
    except ValueError:
        raise DistributionError(f"outcomes of shapes {p.shape} and {q.shape}") from None
    if normalize:
        p, q = distribution(p, axis, True), distribution(q, axis, True)
    (p_rows, shape), (q_rows, _) = _rows(p, axis), _rows(q, axis)
    totals, bits = np.empty((2, len(p_rows))), np.empty(len(p_rows))
    with np.errstate(all="ignore"):  # the JIT off, what is no probability makes warnings
        negative = measure_kernel(p_rows, q_rows, *totals, bits)
    if negative > 0 or not _are_one(totals):
        distribution(p, axis)
        distribution(q, axis)
    return _shaped(bits, shape, axis, keepdims)
