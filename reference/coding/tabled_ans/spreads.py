"""Spreads: which symbol owns which slot.

Spec: TAN-1, TAN-6 to TAN-8.
Source: J. Duda, "Asymmetric numeral systems", arXiv:1311.2540 (2013), for the precise
spread; Y. Collet, M. Kucherawy, RFC 8878 (2021), section 4.1.1, for the stride.

The slots of a symbol are its digits, and a digit is worth the more the more evenly they
lie: of ten slots out of sixteen, every 1.6th. The three spreads in this module keep their
slots together, step round the circle of slots, and sort all slots by where they ought to be::

    frequencies 1, 3, 2, 10    sorted     0111223333333333
                               stride     0233233133133133
                               precise    3312333013323133
"""

from collections.abc import Sequence
from fractions import Fraction
from operator import index

from reference.errors import IntervalError
from reference.params import MOST_TABLED_PREC

__all__ = ["check_spread", "precise_spread", "sorted_spread", "stride_spread"]


def sorted_spread(freqs: Sequence[int]) -> tuple[int, ...]:
    """Return the slots of symbol 0, then those of symbol 1, and so on: rANS.

    Spec: TAN-6.

    Raises:
        IntervalError: `freqs` are not positive integers whose sum is a power of two (TAN-1).
    """
    return tuple(symbol for symbol, freq in enumerate(_checked(freqs)) for _ in range(freq))


def stride_spread(freqs: Sequence[int]) -> tuple[int, ...]:
    """Return the symbols in their order, each slot a fixed step after the one before: FSE.

    Spec: TAN-7.

        step  =  2**prec // 2 + 2**prec // 8 + 3,   or the odd number after it

    Raises:
        IntervalError: `freqs` are not positive integers whose sum is a power of two (TAN-1).
    """
    symbols = sorted_spread(freqs)
    size = len(symbols)
    step = size // 2 + size // 8 + 3 | 1  # odd, so that it meets every slot once
    owner_of = {i * step % size: symbol for i, symbol in enumerate(symbols)}
    return tuple(owner_of[slot] for slot in range(size))


def precise_spread(freqs: Sequence[int]) -> tuple[int, ...]:
    """Return the spread that gives every symbol slots as even as its freq allows: Duda's.

    Spec: TAN-8. Slot ``i`` of ``freq`` belongs in the middle of the ``i``-th of `freq`
    equal parts of all slots.

    Raises:
        IntervalError: `freqs` are not positive integers whose sum is a power of two (TAN-1).
    """
    places = [
        (Fraction(2 * i + 1, freq), freq, symbol)
        for symbol, freq in enumerate(_checked(freqs))
        for i in range(freq)
    ]
    return tuple(symbol for _, _, symbol in sorted(places))


def check_spread(spread: Sequence[int]) -> tuple[int, ...]:
    """Return the spread as a tuple. Spec: TAN-1.

    Raises:
        IntervalError: it has not ``2**prec`` slots, or not of the symbols from 0 on (TAN-1).
    """
    symbols = _integers(spread)
    present = set(symbols)
    if present != set(range(len(present))):
        raise IntervalError(f"a spread of the symbols {sorted(present)}, which are not 0 to n")
    _check_size(len(symbols))
    return symbols


def _checked(freqs: Sequence[int]) -> tuple[int, ...]:
    integers = _integers(freqs)
    if not integers or min(integers) < 1:
        raise IntervalError(f"the frequencies {integers} are not all positive")
    _check_size(sum(integers))
    return integers


def _integers(values: Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(map(index, values))  # integers of numpy would wrap
    except TypeError:
        raise IntervalError(f"{values!r} are not all integers") from None


def _check_size(size: int) -> None:
    if size not in {1 << prec for prec in range(1, MOST_TABLED_PREC + 1)}:
        raise IntervalError(f"{size} slots are not 2**prec, 1 <= prec <= {MOST_TABLED_PREC}")
