"""Compiled twin of `reference.coding.ans`: equal to it bit for bit.

Spec: ANS-3 to ANS-5.

From Python, call the plain names: they check their arguments, then run the kernel.
From ``@njit`` code, call the ``_kernel`` names: they check nothing. A message is there
``(head, words, n)``: a uint64, an array of uint32, and the number of words in use, a uint64.

A symbol takes two steps, so that ``words`` is passed on only where a word moves (numba
counts references at every call that is given an array, which costs more than the symbol)::

    if is_full_kernel(head, freq, prec):            head = pop_head_kernel(head, start, ...)
        head, n = spill_kernel(head, words, n)      if is_low_kernel(head):
    head = push_head_kernel(head, start, ...)           head, n = refill_kernel(...)

A refill without a word returns the head 0, which no message has, and 0 stays 0 under
further pops of whatever owns slot 0. So a kernel that pops many symbols has to look at the
head only once, after the last of them and before it pushes anything.
"""

from collections.abc import Sequence

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from reference.coding.ans import Message
from reference.errors import IntervalError, MessageExhausted
from reference.params import WORD_BITS

__all__ = [
    "is_full_kernel",
    "is_low_kernel",
    "pop_head_kernel",
    "pop_sequence",
    "pop_sequence_kernel",
    "push_head_kernel",
    "push_sequence",
    "push_sequence_kernel",
    "refill_kernel",
    "spill_kernel",
]

Unsigned = NDArray[np.uint64]

# Kernel arithmetic is uint64 throughout. A bare literal would turn it into int64.
ONE = uint64(1)
ZERO = uint64(0)
W = uint64(WORD_BITS)
HEAD_BITS = uint64(2 * WORD_BITS)
LEAST_HEAD = uint64(1 << WORD_BITS)


@kernel
def is_full_kernel(head, freq, prec):  # type: ignore[no-untyped-def]
    """Tell whether a word has to move out before the push of a symbol. Spec: ANS-3."""
    # ANS-3 as written is head >= freq << (64 - prec). In 64 bits that wraps to
    # 0 when freq is 2**prec; this is the same test without the wrap.
    return head >> (HEAD_BITS - prec) >= freq


@kernel
def spill_kernel(head, words, n):  # type: ignore[no-untyped-def]
    """Move a word out of the head, into a free place of ``words``. Spec: ANS-3."""
    words[n] = uint32(head)
    return head >> W, n + ONE


@kernel
def push_head_kernel(head, start, freq, prec):  # type: ignore[no-untyped-def]
    """Return the head with a symbol on top; the head is not full. Spec: ANS-3."""
    high = head // freq
    return (high << prec) + start + (head - high * freq)


@kernel
def pop_head_kernel(head, start, freq, prec):  # type: ignore[no-untyped-def]
    """Return the head without the symbol on top, which owns the slot. Spec: ANS-4."""
    return freq * (head >> prec) + (head & ((ONE << prec) - ONE)) - start


@kernel
def is_low_kernel(head):  # type: ignore[no-untyped-def]
    """Tell whether a word has to move in after the pop of a symbol. Spec: ANS-4."""
    return head < LEAST_HEAD


@kernel
def refill_kernel(head, words, n):  # type: ignore[no-untyped-def]
    """Move a word into a head that is low. Spec: ANS-4, ANS-5.

    Returns ``(head, n)``, with a head of 0 if there is no word.
    """
    if n == ZERO:
        return ZERO, n
    n -= ONE
    return (head << W) | uint64(words[n]), n


@kernel
def push_sequence_kernel(head, words, n, starts, freqs, prec):  # type: ignore[no-untyped-def]
    """Push symbol 0, then symbol 1, and so on; return the new ``(head, n)``. Spec: ANS-3.

    ``starts`` and ``freqs`` are arrays of uint64. The caller has checked ANS-2 and left
    ``len(starts)`` free places in ``words``.
    """
    for i in range(starts.size):
        if is_full_kernel(head, freqs[i], prec):
            head, n = spill_kernel(head, words, n)
        head = push_head_kernel(head, starts[i], freqs[i], prec)
    return head, n


@kernel
def pop_sequence_kernel(head, words, n, starts, freqs, prec):  # type: ignore[no-untyped-def]
    """Pop the last symbol, then the one before; return ``(head, n, left)``. Spec: ANS-4.

    ``left`` counts the symbols that could not be popped, because the slot on top was not
    theirs or, when the head is 0, the message was exhausted.
    """
    for left in range(starts.size, 0, -1):
        slot = head & ((ONE << prec) - ONE)
        start, freq = starts[left - 1], freqs[left - 1]
        if slot < start or slot - start >= freq:
            return head, n, left
        head = pop_head_kernel(head, start, freq, prec)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
            if head == ZERO:
                return head, n, left
    return head, n, 0


def push_sequence(
    m: Message, starts: Sequence[int], freqs: Sequence[int], prec: int
) -> Message:
    """Push symbol 0, then symbol 1, and so on. Spec: ANS-3.

    Raises:
        IntervalError: some interval breaks ANS-2, or there are not as many of one as of
            the other.
    """
    start, freq = _intervals(starts, freqs, prec)
    head, words, n = _unpack(m, start.size)
    head, n = push_sequence_kernel(head, words, n, start, freq, np.uint64(prec))
    return Message(int(head), tuple(words[:n].tolist()))


def pop_sequence(
    m: Message, starts: Sequence[int], freqs: Sequence[int], prec: int
) -> Message:
    """Undo `push_sequence`: pop the last symbol, then the one before it. Spec: ANS-4.

    Raises:
        IntervalError: as for `push_sequence`, or a slot on top is not of its interval.
        MessageExhausted: the message holds too few words (ANS-5).
    """
    start, freq = _intervals(starts, freqs, prec)
    head, words, n = _unpack(m, 0)
    head, n, left = pop_sequence_kernel(head, words, n, start, freq, np.uint64(prec))
    if head == 0:
        raise MessageExhausted("the message holds no word to refill its head with")
    if left:
        raise IntervalError(f"the slot on top is not of symbol {left - 1}")
    return Message(int(head), tuple(words[:n].tolist()))


def _intervals(
    starts: Sequence[int], freqs: Sequence[int], prec: int
) -> tuple[Unsigned, Unsigned]:
    """Check ANS-2 for every pair, and return both as arrays of uint64."""
    refusal = IntervalError(f"not every pair is an interval of 2**{prec} slots")
    try:
        start, freq = np.array([starts, freqs], dtype=np.int64)
    except (ValueError, OverflowError):  # of unequal length, or beyond 64 bits
        raise refusal from None
    # start + freq could wrap, so the sum of ANS-2 is taken to the other side.
    if not 1 <= prec <= WORD_BITS or np.any(
        (start < 0) | (freq < 1) | (freq > (1 << prec) - start)
    ):
        raise refusal
    return start.astype(np.uint64), freq.astype(np.uint64)


def _unpack(m: Message, room: int) -> tuple[np.uint64, NDArray[np.uint32], np.uint64]:
    """Return a message as kernels want it, with free places for `room` words."""
    n = len(m.words)
    words = np.empty(n + room, np.uint32)
    words[:n] = m.words
    return np.uint64(m.head), words, np.uint64(n)
