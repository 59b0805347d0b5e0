"""Compiled twin of `reference.coding.lanes.uniforms`: the same words, and the same symbols.

Spec: LAN-9.

Kernels have the message as ``(heads, words, n)``: an array of uint64, one of uint32, and a
uint64. They check nothing.
"""

from collections.abc import Sequence

import numpy as np
from numba import uint64

from fast._jit import kernel
from fast.coding.ans import (
    is_full_kernel,
    is_low_kernel,
    pop_head_kernel,
    push_head_kernel,
    refill_kernel,
    spill_kernel,
)
from fast.coding.lanes._streams import (
    Array,
    check_end,
    checked_count,
    empty_heads,
    from_stream,
    integer,
    integers,
    number_of_lanes,
    to_stream,
)
from reference.coding.lanes.uniforms import W
from reference.errors import IntervalError, SymbolError

__all__ = [
    "decode_uniforms",
    "decode_uniforms_kernel",
    "encode_uniforms",
    "encode_uniforms_kernel",
]

ONE = uint64(1)
ZERO = uint64(0)


@kernel
def encode_uniforms_kernel(heads, words, n, symbols, outcomes, prec):  # type: ignore[no-untyped-def]
    """Push symbols below ``outcomes``, the last one first; return ``n``. Spec: LAN-9.

    ``outcomes`` and ``prec`` are uint64; ``words`` has a free place for each symbol.
    """
    lanes, count = uint64(heads.size), uint64(symbols.size)
    width = (ONE << prec) // outcomes
    rest = (ONE << prec) - width * (outcomes - ONE)
    lane = count % lanes
    for j in range(count):
        symbol = uint64(symbols[count - ONE - uint64(j)])
        lane = (lanes if lane == ZERO else lane) - ONE
        head, freq = heads[lane], rest if symbol == outcomes - ONE else width
        if is_full_kernel(head, freq, prec):
            head, n = spill_kernel(head, words, n)
        heads[lane] = push_head_kernel(head, symbol * width, freq, prec)
    return n


@kernel
def decode_uniforms_kernel(heads, words, n, out, outcomes, prec):  # type: ignore[no-untyped-def]
    """Pop symbols into ``out``, the first one first; return ``n``. Spec: LAN-9.

    Arguments as for `encode_uniforms_kernel`. If a head is 0, the message is exhausted.
    """
    lanes, lane = uint64(heads.size), ZERO
    width = (ONE << prec) // outcomes
    rest = (ONE << prec) - width * (outcomes - ONE)
    for k in range(uint64(out.size)):
        head = heads[lane]
        symbol = min((head & ((ONE << prec) - ONE)) // width, outcomes - ONE)
        freq = rest if symbol == outcomes - ONE else width
        out[k] = symbol
        head = pop_head_kernel(head, symbol * width, freq, prec)
        if is_low_kernel(head):
            head, n = refill_kernel(head, words, n)
        heads[lane] = head
        lane += ONE
        if lane == lanes:
            lane = ZERO
    return n


def encode_uniforms(
    symbols: Sequence[int], n: int, prec: int, *, lanes: int | None = None
) -> Array:
    """Return the stream of symbols in ``[0, n)``, all (nearly) equally likely. Spec: LAN-9.

    Arguments and errors as for the reference; an array of any integer type is not copied.

    Returns:
        Words, uint32.
    """
    n, prec = _checked(n, prec)
    symbol = integers(symbols, SymbolError)
    heads = empty_heads(number_of_lanes(symbol.size, lanes), W)
    if symbol.size and not 0 <= int(symbol.min()) <= int(symbol.max()) < n:
        raise SymbolError(f"symbols from {symbol.min()} to {symbol.max()}, not in [0, {n})")
    words = np.empty(symbol.size, np.uint32)
    used = encode_uniforms_kernel(
        heads, words, np.uint64(0), symbol, np.uint64(n), np.uint64(prec)
    )
    return to_stream(heads, words, used)


def decode_uniforms(
    words: Sequence[int], n: int, prec: int, count: int, *, lanes: int | None = None
) -> Array:
    """Undo `encode_uniforms`; `count` is the number of symbols. Spec: LAN-9.

    Arguments and errors as for the reference.

    Returns:
        Symbols, uint32.
    """
    n, prec = _checked(n, prec)
    count = checked_count(count)
    heads, below = from_stream(words, number_of_lanes(count, lanes), W)
    symbols = np.empty(count, np.uint32)
    left = decode_uniforms_kernel(
        heads, below, np.uint64(below.size), symbols, np.uint64(n), np.uint64(prec)
    )
    check_end(heads, left, count)
    return symbols


def _checked(n: int, prec: int) -> tuple[int, int]:
    n, prec = integer(n, IntervalError), integer(prec, IntervalError)
    if not 1 <= prec <= W:
        raise IntervalError(f"{prec} bits of precision are not in [1, {W}]")
    if not 1 <= n <= 1 << prec:
        raise IntervalError(f"{n} symbols do not share 2**{prec} slots")
    return n, prec
