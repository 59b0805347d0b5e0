"""Streams of lanes as arrays: what all coders of LAN share outside their kernels.

Spec: LAN-1, LAN-3 to LAN-5.

A kernel has the message as ``(heads, words, n)``: one head a lane, an array of words, and the
number of words in use. Words of 16 bits are uint16 under heads of uint32, and words of 32 bits
are uint32 under heads of uint64. As in `fast.coding.ans`, a refill without a word leaves the
head 0, and no word comes back, so `check_end` sees it after the last symbol.
"""

from collections.abc import Sequence
from operator import index
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from fast.coding.lanes.message import default_lanes
from reference.errors import DataError, FormatError, MessageExhausted, SpecError

Array = NDArray[Any]

WORD = {16: np.uint16, 32: np.uint32}
"""The type of a word of each width (LAN-1)."""
HEAD = {16: np.uint32, 32: np.uint64}
"""The type of a head over words of each width (LAN-1)."""
HALVES = {16: ("<u2", "<u4"), 32: ("<u4", "<u8")}
"""A head in memory has its low half first (LAN-3) if both types are little-endian."""


def number_of_lanes(count: int, lanes: int | None) -> int:
    """Return `lanes`, or as many as LAN-5 says for `count` symbols. Spec: LAN-1, LAN-5.

    Raises:
        DataError: there is no lane.
    """
    lanes = default_lanes(count) if lanes is None else integer(lanes, DataError)
    if lanes < 1:
        raise DataError(f"{lanes} lanes: there is at least 1")
    return lanes


def checked_count(count: SupportsIndex) -> int:
    """Return a number of symbols that a decoder was given. Spec: LAN-3.

    Raises:
        DataError: it is negative, or no integer.
    """
    number = integer(count, DataError)
    if number < 0:
        raise DataError(f"{number} symbols")
    return number


def integer(value: SupportsIndex, refusal: type[SpecError]) -> int:
    """Return an integer of any type as one of Python, which has no width.

    Raises:
        SpecError: it is no integer; of the class `refusal`.
    """
    try:
        return index(value)
    except TypeError:
        raise refusal(f"{value!r} is no integer") from None


def integers(values: Sequence[int] | Array, refusal: type[SpecError]) -> Array:
    """Return integers as a C-contiguous array that can be written to.

    An array that is one already is not copied. To numba, one that cannot be written to has
    another type, for which it would compile the kernels again.

    Args:
        values: an array of any integer type, or any sequence of integers.
        refusal: the error for integers that int64 does not hold: it is that of a number out
            of its range, since no range is as wide.

    Returns:
        Of the type that the array has, int64 for another sequence; truth values as uint8.

    Raises:
        DataError: the values are no vector of integers.
    """
    if isinstance(values, np.ndarray) and values.ndim == 1:
        is_ready = values.flags.carray and values.dtype.isnative and values.dtype.kind in "iu"
        if is_ready and values.dtype != np.uint64:  # for a short message, this counts
            return values
    try:
        array: Array = np.asarray(values)
        if array.dtype.kind not in "biu" or (array is not values and array.dtype.kind == "b"):
            array = np.array([index(value) for value in values], np.int64)  # also where empty
    except OverflowError:
        raise refusal("an integer does not fit 64 bits") from None
    except (TypeError, ValueError) as error:  # of unequal lengths, or no numbers
        raise DataError(f"no vector of integers: {error}") from None
    if array.dtype.kind not in "biu" or array.ndim != 1:
        raise DataError(f"no vector of integers: shape {array.shape}, type {array.dtype}")
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    if array.dtype == np.uint64 and array.max(initial=0) >> 63:
        raise refusal(f"{array.max()} does not fit 64 bits with a sign")
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A", "W"])


def empty_heads(lanes: int, w: int) -> Array:
    """Return the heads of the empty message. Spec: LAN-1."""
    return np.full(lanes, 1 << w, HEAD[w])


def to_stream(heads: Array, words: Array, n: int) -> Array:
    """Return the words in use, and then both halves of the heads. Spec: LAN-3.

    Args:
        heads: shape ``(K,)``; uint32 or uint64.
        words: of half their width.
        n: the number of words in use.
    """
    half, whole = HALVES[8 * words.itemsize]
    return np.concatenate((words[: int(n)], heads.astype(whole, copy=False).view(half)))


def from_stream(words: Sequence[int], lanes: int, w: int) -> tuple[Array, Array]:
    """Undo `to_stream`: return the heads, and the words below them. Spec: LAN-3, LAN-4.

    Raises:
        DataError: the words are no vector of integers.
        FormatError: there are too few words, one has more than `w` bits, or a head is
            below ``2**w`` (LAN-4).
    """
    array = integers(words, FormatError)
    below = array.size - 2 * lanes
    if below < 0:
        raise FormatError(f"{array.size} words are too few for the heads of {lanes} lanes")
    if array.dtype != WORD[w]:
        if int(array.min()) < 0 or int(array.max()) >= 1 << w:
            raise FormatError(f"words from {array.min()} to {array.max()} are not of {w} bits")
        array = array.astype(WORD[w])
    half, whole = HALVES[w]
    heads = array[below:].astype(half, copy=False).view(whole).astype(HEAD[w])
    if heads.min() < 1 << w:
        raise FormatError(f"the head {heads.min()} of a lane is below 2**{w}")
    return heads, array[:below]


def check_end(heads: Array, n: int, count: int) -> None:
    """Check that nothing is left of a message after its last symbol. Spec: LAN-4.

    Raises:
        MessageExhausted: a pop needed a word where there was none, and left a head of 0.
        FormatError: the stream holds more than `count` symbols.
    """
    if n == 0 and (heads == 1 << 4 * heads.itemsize).all():
        return
    if not heads.all():
        raise MessageExhausted("the stream holds no word to refill a head with")
    raise FormatError(f"the stream holds more than {count} symbols")
