"""Heads of 32 bits and words of 16: what `fast.coding.ans` has for 64 and 32.

Spec: LAN-2, ANS-3 to ANS-5. At work, the head of a lane is a uint64: then `push_head_kernel`
and `pop_head_kernel` serve both widths. Nothing branches on whether a word moves, which no
processor can predict; `forceinline` spares the counting of references to ``words``.
"""

from numba import uint16, uint64

from fast._jit import kernel

__all__ = [
    "HEAD_BITS",
    "LEAST_HEAD",
    "ROOM",
    "WORD_BITS",
    "WORD_MASK",
    "refill_kernel",
    "spill_kernel",
]

ONE = uint64(1)
ZERO = uint64(0)
WORD_BITS = uint64(16)
WORD_MASK = uint64(0xFFFF)
HEAD_BITS = uint64(32)
LEAST_HEAD = uint64(1 << 16)
ROOM = 8
"""Places behind the last word that a push may overwrite."""


@kernel(forceinline=True)
def spill_kernel(head, freq, prec, words, n):  # type: ignore[no-untyped-def]
    """Move a word out of a head that is too full for a push. Spec: ANS-3.

    ``words[n]`` is written in any case; the next word overwrites one that does not count.
    """
    words[n] = uint16(head & WORD_MASK)
    full = uint64(head >> (HEAD_BITS - prec) >= freq)
    return head >> full * WORD_BITS, n + full


@kernel(forceinline=True)
def refill_kernel(head, words, n):  # type: ignore[no-untyped-def]
    """Move a word into a head that is low; it becomes 0 if there is none. Spec: ANS-5."""
    low = uint64(head < LEAST_HEAD)
    if n == ZERO:
        return head * (ONE - low), n
    filled = head << WORD_BITS | uint64(words[n - ONE])
    return (filled if low else head), n - low
