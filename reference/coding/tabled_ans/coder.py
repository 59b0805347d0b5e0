"""Tabled ANS: a stack of symbols whose head is below ``2**(prec + 1)``.

Spec: TAN-2 to TAN-5, TAN-9, TAN-10.
Source: J. Duda, "Asymmetric numeral systems", arXiv:1311.2540 (2013).

The head is ``2**prec + slot``, and the owner of the slot is the symbol on top. A push moves
bits out of the head until ``freq + rest`` is left, one of the ``freq`` numbers from `freq`
on, and puts the slot number `rest` of the symbol in its place::

    head  =  2**prec + slot    ->    freq + rest   and bits    ->    2**prec + new slot

Nothing is computed there that a table could not hold: the head has ``2**prec`` values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reference.coding.ans import pop_digit, push_digit
from reference.coding.tabled_ans.spreads import check_spread
from reference.errors import IntervalError, MessageExhausted, SymbolError

__all__ = ["BitMessage", "Table", "empty", "pop", "push", "tabulate"]


@dataclass(frozen=True)
class Table:
    """A spread, looked up from either side (TAN-2)."""

    prec: int
    """There are ``2**prec`` slots."""
    slots: tuple[tuple[int, ...], ...]
    """``slots[symbol][rest]``: the slots of each symbol, rising."""
    owners: tuple[tuple[int, int], ...]
    """``owners[slot]``: its symbol, and the number `rest` of the slot among the symbol's."""


@dataclass(frozen=True)
class BitMessage:
    """All that has been coded so far (TAN-3)."""

    head: int
    """In ``[2**prec, 2**(prec + 1))``."""
    bits: tuple[int, ...]
    """Each 0 or 1; the last one is on top."""


def tabulate(spread: Sequence[int]) -> Table:
    """Return the table of a spread.

    Spec: TAN-2.

    Args:
        spread: the owner of every slot; ``2**prec`` symbols (TAN-1).

    Raises:
        IntervalError: `spread` is none (TAN-1).
    """
    symbols = check_spread(spread)
    slots: list[list[int]] = [[] for _ in range(max(symbols) + 1)]
    owners = []
    for slot, symbol in enumerate(symbols):
        owners.append((symbol, len(slots[symbol])))
        slots[symbol].append(slot)
    return Table(len(symbols).bit_length() - 1, tuple(map(tuple, slots)), tuple(owners))


def empty(prec: int) -> BitMessage:
    """Return the message that holds nothing. Spec: TAN-3."""
    return BitMessage(1 << prec, ())


def push(table: Table, m: BitMessage, symbol: int) -> BitMessage:
    """Put a symbol on top of the message.

    Spec: TAN-4. The message grows by one of the two integers about ``prec - log2(freq)``, in
    bits (TAN-9).

    Raises:
        SymbolError: the table has no such symbol.
        IntervalError: the head is not one of the table's (TAN-3).
    """
    _check_head(table, m)
    if not 0 <= symbol < len(table.slots):
        raise SymbolError(f"symbol {symbol} is outside [0, {len(table.slots)})")
    freq = len(table.slots[symbol])
    head, moved = m.head, []
    while head >= 2 * freq:
        head, bit = pop_digit(head, 2)
        moved.append(bit)
    slot = table.slots[symbol][head - freq]
    return BitMessage((1 << table.prec) + slot, (*m.bits, *moved))


def pop(table: Table, m: BitMessage) -> tuple[BitMessage, int]:
    """Take the symbol on top off the message; return the rest, and the symbol.

    Spec: TAN-5.

    Raises:
        MessageExhausted: the head needs a bit and none is left.
        IntervalError: the head is not one of the table's (TAN-3).
    """
    _check_head(table, m)
    symbol, rest = table.owners[m.head - (1 << table.prec)]
    head, left = len(table.slots[symbol]) + rest, len(m.bits)
    while head < 1 << table.prec:
        if left == 0:
            raise MessageExhausted("the message holds no bit to refill its head with")
        left -= 1
        head = push_digit(head, m.bits[left], 2)
    return BitMessage(head, m.bits[:left]), symbol


def _check_head(table: Table, m: BitMessage) -> None:
    if m.head >> table.prec != 1:
        raise IntervalError(f"the head {m.head} is not 2**{table.prec} and one of its slots")
