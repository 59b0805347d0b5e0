"""Streams of lanes as arrays: what all coders of LAN share outside their kernels.

Spec: LAN-1, LAN-3 to LAN-5.

A kernel has the message as ``(heads, words, n)``: one head a lane, an array of words, and the
number of words in use. Words of 16 bits are uint16 under heads of uint32, and words of 32 bits
are uint32 under heads of uint64. As in `fast.coding.ans`, a refill without a word leaves the
head 0, and no word comes back, so `check_end` sees it after the last symbol.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fast.coding.lanes.message import default_lanes
from reference.errors import DataError, FormatError, MessageExhausted, SpecError

Array = NDArray[Any]

WORD = {16: np.uint16, 32: np.uint32}
"""The type of a word of each width (LAN-1)."""
HEAD = {16: np.uint32, 32: np.uint64}
"""The type of a head over words of each width (LAN-1)."""

LITTLE_WORD = {16: "<u2", 32: "<u4"}
LITTLE_HEAD = {16: "<u4", 32: "<u8"}
"""The same, with the lower half of a head first on every machine, as in a stream (LAN-3)."""


def number_of_lanes(count: int, lanes: int | None) -> int:
    """Return `lanes`, or as many as LAN-5 says for `count` symbols. Spec: LAN-1, LAN-5.

    Raises:
        DataError: there is no lane.
    """
    lanes = default_lanes(count) if lanes is None else lanes
    if lanes < 1:
        raise DataError(f"{lanes} lanes: there is at least 1")
    return lanes


def integers(values: Sequence[int], refusal: type[SpecError]) -> Array:
    """Return integers as a C-contiguous array, without a copy of one that is.

    Args:
        values: an array of any integer type, or any sequence of integers.
        refusal: the error for integers of a sequence that 64 bits do not hold: it is that of
            a number out of its range, since no range is as wide.

    Returns:
        Of the type that the array has, int64 for another sequence; truth values as uint8.

    Raises:
        DataError: the values are no vector of integers.
    """
    if isinstance(values, np.ndarray):
        array: Array = values
        if array.dtype.kind not in "biu":
            raise DataError(f"an array of type {array.dtype} holds no integers")
    else:
        try:
            array = np.array(values, np.int64)
        except OverflowError:
            raise refusal("an integer does not fit 64 bits") from None
        except (TypeError, ValueError) as error:  # of unequal lengths, or no numbers
            raise DataError(f"no vector of integers: {error}") from None
    if array.ndim != 1:
        raise DataError(f"an array of shape {array.shape} is no vector")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    array = np.ascontiguousarray(array)
    return array.view(np.uint8) if array.dtype.kind == "b" else array


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
    n, w = int(n), 8 * words.itemsize
    stream = np.empty(n + 2 * heads.size, words.dtype)
    stream[:n] = words[:n]
    stream[n:] = heads.astype(LITTLE_HEAD[w], copy=False).view(LITTLE_WORD[w])
    return stream


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
    heads = array[below:].astype(LITTLE_WORD[w]).view(LITTLE_HEAD[w]).astype(HEAD[w])
    if heads.min() < 1 << w:
        raise FormatError(f"the head {heads.min()} of a lane is below 2**{w}")
    return heads, array[:below]


def check_end(heads: Array, n: int, count: int) -> None:
    """Check that nothing is left of a message after its last symbol. Spec: LAN-4.

    Raises:
        MessageExhausted: a pop needed a word where there was none, and left a head of 0.
        FormatError: the stream holds more than `count` symbols.
    """
    if n or (heads != 1 << 4 * heads.itemsize).any():
        if not heads.all():
            raise MessageExhausted("the stream holds no word to refill a head with")
        raise FormatError(f"the stream holds more than {count} symbols")
