"""ANS: a stack of symbols, held in one large number.

Spec: ANS-1 to ANS-8.
Source: J. Duda, "Asymmetric numeral systems", arXiv:1311.2540 (2013); R. Bamler,
"Understanding entropy coding with asymmetric numeral systems", arXiv:2201.01741 (2022).

A positional numeral system is a stack: appending a digit multiplies by the base, and the
last digit comes off first. Nothing asks for the same base at every place, so a choice
among ``base`` equally likely symbols is one digit. A symbol with ``freq`` of ``2**prec``
slots is two of them: take a digit off in base ``freq``, and use it to choose among the
symbol's slots the one that goes on in base ``2**prec``::

    0          start       start + freq        2**prec
    |------------|=============|-------------------|
                      ^ slot = start + the digit taken off

That is the big-integer coder below. The streaming coder does the same to the top of
the number, its head, and moves the rest out in words so that the head stays small.

``w`` is the width of a word in bits: 32, and 4 where the tests try every head.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reference.errors import IntervalError, MessageExhausted
from reference.params import WORD_BITS

__all__ = [
    "EMPTY",
    "Message",
    "information",
    "peek",
    "pop",
    "pop_digit",
    "pop_number",
    "pop_sequence",
    "push",
    "push_digit",
    "push_number",
    "push_sequence",
]


# The big-integer coder


def push_digit(number: int, digit: int, base: int) -> int:
    """Append a digit, in ``[0, base)``. Spec: ANS-6."""
    return number * base + digit


def pop_digit(number: int, base: int) -> tuple[int, int]:
    """Return the number without its last digit, and that digit. Spec: ANS-6."""
    return divmod(number, base)


def push_number(number: int, start: int, freq: int, prec: int) -> int:
    """Put the symbol that owns ``[start, start + freq)`` on top. Spec: ANS-6.

    Raises:
        IntervalError: the three numbers break ANS-2.
    """
    _check_interval(start, freq, prec, WORD_BITS)
    number, rest = pop_digit(number, freq)
    return push_digit(number, start + rest, 1 << prec)


def pop_number(number: int, start: int, freq: int, prec: int) -> int:
    """Take the symbol that owns ``[start, start + freq)`` off the number. Spec: ANS-6.

    Raises:
        IntervalError: the three numbers break ANS-2, or the slot on top is not theirs.
    """
    _check_interval(start, freq, prec, WORD_BITS)
    number, slot = pop_digit(number, 1 << prec)
    _check_slot(slot, start, freq)
    return push_digit(number, slot - start, freq)


# The streaming coder


@dataclass(frozen=True)
class Message:
    """All that has been coded so far (ANS-1)."""

    head: int
    """In ``[2**w, 2**(2 * w))``."""
    words: tuple[int, ...]
    """Each in ``[0, 2**w)``; the last one is on top."""


EMPTY = Message(1 << WORD_BITS, ())
"""The message that holds nothing (ANS-1)."""


def push(m: Message, start: int, freq: int, prec: int, *, w: int = WORD_BITS) -> Message:
    """Put the symbol that owns ``[start, start + freq)`` on top of the message.

    Spec: ANS-3. The message grows by ``prec - log2(freq)`` bits, up to rounding.

    Raises:
        IntervalError: the three numbers break ANS-2.
    """
    _check_interval(start, freq, prec, w)
    head, words = m.head, m.words
    if head >= freq << (2 * w - prec):
        head, words = head >> w, (*words, head % (1 << w))
    high, rest = divmod(head, freq)
    return Message((high << prec) + start + rest, words)


def peek(m: Message, prec: int) -> int:
    """Return the slot on top, in ``[0, 2**prec)``. Spec: ANS-4."""
    return m.head % (1 << prec)


def pop(m: Message, start: int, freq: int, prec: int, *, w: int = WORD_BITS) -> Message:
    """Take the symbol that owns ``[start, start + freq)`` off the message.

    Spec: ANS-4. The model finds the interval from the slot that `peek` returns.

    Raises:
        IntervalError: the three numbers break ANS-2, or the slot on top is not theirs.
        MessageExhausted: the head needs a word and none is left (ANS-5).
    """
    _check_interval(start, freq, prec, w)
    slot = peek(m, prec)
    _check_slot(slot, start, freq)
    head, words = freq * (m.head >> prec) + slot - start, m.words
    if head < 1 << w:
        if not words:
            raise MessageExhausted("the message holds no word to refill its head with")
        head, words = (head << w) + words[-1], words[:-1]
    return Message(head, words)


def push_sequence(
    m: Message, starts: Sequence[int], freqs: Sequence[int], prec: int
) -> Message:
    """Push symbol 0, then symbol 1, and so on. Spec: ANS-3.

    Raises:
        IntervalError: some interval breaks ANS-2, or there are not as many of one as of
            the other.
    """
    for start, freq in _intervals(starts, freqs, prec):
        m = push(m, start, freq, prec)
    return m


def pop_sequence(
    m: Message, starts: Sequence[int], freqs: Sequence[int], prec: int
) -> Message:
    """Undo `push_sequence`: pop the last symbol, then the one before it. Spec: ANS-4.

    Raises:
        IntervalError: as for `push_sequence`, or a slot on top is not of its interval.
        MessageExhausted: the message holds too few words (ANS-5).
    """
    for start, freq in reversed(_intervals(starts, freqs, prec)):
        m = pop(m, start, freq, prec)
    return m


def information(m: Message) -> float:
    """Return the information that the message holds, in bits: 0 for the empty one.

    Spec: ANS-8.

        log2(head) - 32  +  32 * number of words

    The logarithm is taken in integers, to ``2**-40``, so that it too is the same on
    every machine: squaring a number in [1, 2) doubles its logarithm.
    """
    whole = m.head.bit_length() - 1
    mantissa, fraction = (m.head << 64) >> whole, 0
    for _ in range(40):
        mantissa = mantissa * mantissa >> 64
        fraction, carry = fraction << 1, mantissa >> 65
        mantissa, fraction = mantissa >> carry, fraction + carry
    return whole - WORD_BITS + WORD_BITS * len(m.words) + fraction / (1 << 40)


def _intervals(
    starts: Sequence[int], freqs: Sequence[int], prec: int
) -> list[tuple[int, int]]:
    """Return the intervals of a sequence, every one of them checked (ANS-2)."""
    if len(starts) != len(freqs):
        raise IntervalError(f"{len(starts)} starts and {len(freqs)} freqs")
    if not 1 <= prec <= WORD_BITS:
        raise IntervalError(f"2**{prec} slots with {WORD_BITS}-bit words")
    # Integers of numpy would wrap.
    pairs = list(zip(map(int, starts), map(int, freqs), strict=True))
    for start, freq in pairs:
        _check_interval(start, freq, prec, WORD_BITS)
    return pairs


def _check_interval(start: int, freq: int, prec: int, w: int) -> None:
    if not (1 <= prec <= w and 0 <= start < start + freq <= 1 << prec):
        raise IntervalError(
            f"[{start}, {start} + {freq}) is no interval of 2**{prec} slots with {w}-bit words"
        )


def _check_slot(slot: int, start: int, freq: int) -> None:
    if not start <= slot < start + freq:
        raise IntervalError(f"slot {slot} is outside [{start}, {start} + {freq})")
