"""Pushes and pops of many symbols on the 64-bit heads of lanes.

Spec: ANS-3, ANS-4, LAN-2, for words of 32 bits.

A message is ``(heads, words, n)``: an array of uint64, one of uint32, and the number of words
in use, a uint64. Symbols come a *run* at a time: neighbours in neighbouring lanes, from
``lane`` on. Their slots ``[start, end)`` are arrays of int64. Counts and places are uint64: of
an int64 numba asks whether it counts from the end.

These kernels become part of those that call them (``forceinline``). A call that passes an
array on counts references to it, which costs as much as the arithmetic of 64 symbols.
"""

from numba import float64, int64, uint32, uint64

from fast._jit import kernel
from fast.coding.ans import refill_kernel
from reference.params import WORD_BITS

ONE = uint64(1)
ZERO = uint64(0)
W = uint64(WORD_BITS)
HEAD_BITS = uint64(2 * WORD_BITS)
LEAST_HEAD = uint64(1 << WORD_BITS)
DOWN = 1.0 - 2.0**-50


@kernel(forceinline=True)
def lanes_below_kernel(lanes, left, most):  # type: ignore[no-untyped-def]
    """Return the run of symbols that ends below symbol ``left``: its lane and its length."""
    lane = left % lanes
    if lane == ZERO:
        lane = lanes
    count = min(lane, most)
    return lane - count, count


@kernel(forceinline=True)
def push_each_kernel(heads, words, n, start, end, left, count, prec):  # type: ignore[no-untyped-def]
    """Push symbols ``left`` to ``left + count``, the last first; return ``n``. Spec: ANS-3.

    They may go round the lanes several times. ``words`` has a free place for each of them, and
    so each writes there first and then tells whether the word stays.
    """
    lanes = uint64(heads.size)
    lane = (left + count) % lanes
    for j in range(count):
        i = count - ONE - uint64(j)
        lane = (lanes if lane == ZERO else lane) - ONE
        head, freq = heads[lane], uint64(end[i] - start[i])
        words[n] = uint32(head & (LEAST_HEAD - ONE))
        is_full = uint64((head >> (HEAD_BITS - prec)) >= freq)
        n += is_full
        head >>= is_full * W
        high = head // freq
        heads[lane] = (high << prec) + uint64(start[i]) + (head - high * freq)
    return n


@kernel(forceinline=True)
def push_run_kernel(heads, lane, words, n, start, end, count, prec):  # type: ignore[no-untyped-def]
    """Push a run, the last symbol first; return ``n``. Spec: ANS-3. At least 24 bits ``prec``.

    The division is of floats, which vectors can do. A head that is not full is below
    ``freq * 2**40``, so the quotient is below 2**40. Three roundings, each by at most 2**-53
    of it, and DOWN leave it below what it is, by less than 2**-9. So rounded down it is the
    integer quotient or one less, and the rest tells which.
    """
    for j in range(count):
        i = count - ONE - uint64(j)
        head = heads[lane + i]
        words[n] = uint32(head & (LEAST_HEAD - ONE))
        is_full = uint64((head >> (HEAD_BITS - prec)) >= uint64(end[i] - start[i]))
        n += is_full
        heads[lane + i] = head >> (is_full * W)
    for j in range(count):
        head, freq = heads[lane + j], uint64(end[j] - start[j])
        high = uint64(int64(float64(head) / float64(int64(freq)) * DOWN))
        rest = head - high * freq
        is_less = uint64(rest >= freq)
        high += is_less
        rest -= is_less * freq
        heads[lane + j] = (high << prec) + uint64(start[j]) + rest
    return n


@kernel(forceinline=True)
def pop_run_kernel(heads, lane, words, n, start, end, count, prec):  # type: ignore[no-untyped-def]
    """Pop a run, the first symbol first; return ``n``. Spec: ANS-4, LAN-2.

    Each head's slot is in its interval. Without a word for it, a head becomes 0.
    """
    mask = (ONE << prec) - ONE
    for j in range(count):
        head, freq = heads[lane + j], uint64(end[j] - start[j])
        heads[lane + j] = freq * (head >> prec) + (head & mask) - uint64(start[j])
    if n < count:
        for j in range(count):
            if heads[lane + j] < LEAST_HEAD:
                heads[lane + j], n = refill_kernel(heads[lane + j], words, n)
        return n
    for j in range(count):  # no more than one word a symbol: there is one to read
        head = heads[lane + j]
        is_low = head < LEAST_HEAD
        filled = (head << W) | uint64(words[n - ONE])
        heads[lane + j] = filled if is_low else head
        n -= uint64(is_low)
    return n
