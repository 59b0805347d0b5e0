"""Whole messages, as bytes.

Spec: TAN-12, TAN-13.
Source: Y. Collet, M. Kucherawy, RFC 8878 (2021), section 4.1, for bits that are read from
the end of the bytes, below a mark.

A head that lets bits go is a number that lets digits go, and the bits are these digits. Put
back below the head they make one number, whose bytes are the message. The head begins with
a 1, so the number begins where its highest 1 is.
"""

from collections.abc import Sequence
from operator import index

from reference.coding.ans import pop_digit, push_digit
from reference.coding.tabled_ans.coder import BitMessage, empty, pop, push, tabulate
from reference.errors import FormatError, SymbolError

__all__ = ["decode_tabled", "encode_tabled", "pack", "unpack"]


def pack(m: BitMessage) -> bytes:
    """Return the bytes of a message: head and bits are one number, its low byte first.

    Spec: TAN-12.
    """
    number = m.head
    for bit in reversed(m.bits):
        number = push_digit(number, bit, 2)
    return number.to_bytes(-(-number.bit_length() // 8), "little")


def unpack(data: bytes, prec: int) -> BitMessage:
    """Return the message that the bytes are. Spec: TAN-12.

    Raises:
        FormatError: the last byte is 0 or missing, or there are too few bits for a head.
    """
    number, bits = int.from_bytes(data, "little"), []
    if not data or data[-1] == 0 or number < 1 << prec:
        raise FormatError(f"{len(data)} bytes do not end in a head of {prec + 1} bits")
    for _ in range(number.bit_length() - prec - 1):
        number, bit = pop_digit(number, 2)
        bits.append(bit)
    return BitMessage(number, tuple(bits))


def encode_tabled(symbols: Sequence[int], spread: Sequence[int]) -> bytes:
    """Return the message of the symbols, the first one on top.

    Spec: TAN-13.

    Args:
        symbols: shape ``(N,)``; integers.
        spread: the owner of every slot (TAN-1).

    Raises:
        IntervalError: `spread` is none (TAN-1).
        SymbolError: a symbol owns no slot, or is no integer (TAN-4).
    """
    table = tabulate(spread)
    m = empty(table.prec)
    for symbol in reversed(_integers(symbols)):
        m = push(table, m, symbol)
    return pack(m)


def decode_tabled(data: bytes, spread: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the `count` symbols of a message.

    Spec: TAN-13.

    Raises:
        IntervalError: `spread` is none (TAN-1).
        MessageExhausted: the bits end before the symbols do (TAN-5).
        FormatError: the bytes are no message (TAN-12), or what is left of it after the last
            symbol is not the empty message (TAN-13).
    """
    table = tabulate(spread)
    m = unpack(data, table.prec)
    if index(count) < 0:
        raise FormatError(f"a message of {count} symbols")
    symbols = []
    for _ in range(count):
        m, symbol = pop(table, m)
        symbols.append(symbol)
    if m != empty(table.prec):
        raise FormatError(f"the head {m.head} and {len(m.bits)} bits are left")
    return tuple(symbols)


def _integers(symbols: Sequence[int]) -> list[int]:
    try:
        return list(map(index, symbols))
    except TypeError:
        raise SymbolError(f"{symbols!r} are not all integers") from None
