"""Heads of 32 bits and words of 16: what `fast.coding.ans` has for 64 and 32.

Spec: LAN-2, ANS-3 to ANS-5. At work, the head of a lane is a uint64: then `push_head_kernel`
and `pop_head_kernel` serve both widths.
"""

from numba import uint16, uint64

from fast._jit import kernel

__all__ = [
    "HEAD_BITS",
    "LEAST_HEAD",
    "ROOM",
    "WORD_BITS",
    "WORD_MASK",
    "is_full_kernel",
    "is_low_kernel",
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


@kernel
def is_full_kernel(head, freq, prec):  # type: ignore[no-untyped-def]
    """Tell whether a word has to move out before the push of a symbol. Spec: ANS-3."""
    return head >> (HEAD_BITS - prec) >= freq


@kernel
def spill_kernel(head, words, n):  # type: ignore[no-untyped-def]
    """Move a word out of the head, into a free place of ``words``. Spec: ANS-3."""
    words[n] = uint16(head & WORD_MASK)
    return head >> WORD_BITS, n + ONE


@kernel
def is_low_kernel(head):  # type: ignore[no-untyped-def]
    """Tell whether a word has to move in after the pop of a symbol. Spec: ANS-4."""
    return head < LEAST_HEAD


@kernel
def refill_kernel(head, words, n):  # type: ignore[no-untyped-def]
    """Move a word into a head that is low; the head is 0 if there is none. Spec: ANS-5."""
    if n == ZERO:
        return ZERO, n
    n -= ONE
    return (head << WORD_BITS) | uint64(words[n]), n
