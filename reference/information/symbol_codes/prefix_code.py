"""Prefix codes: no codeword begins another, so that a message falls apart in one way only.

Spec: SYM-2, SYM-3, SYM-8 to SYM-10.
Source: T. Cover, J. Thomas, Elements of Information Theory (2006), sections 5.1 and 5.2;
P. Deutsch, RFC 1951 (1996), section 3.2.2, for the canonical form.

A codeword owns the part of ``[0, 1)`` that begins with its digits, ``radix**-length`` of it.
That no codeword begins another says that these parts do not overlap, and Kraft's
inequality that they fit. Side by side from 0 on, the longest part first in rank last, they
are the canonical code: whoever knows the lengths knows the code.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from operator import index

import numpy as np
import numpy.typing as npt

from reference.errors import (
    DistributionError,
    FormatError,
    MessageExhausted,
    SymbolError,
)

__all__ = [
    "Code",
    "Codeword",
    "Lengths",
    "canonical_code",
    "check_lengths",
    "check_radix",
    "decode_bytes",
    "decode_digits",
    "digits_of",
    "encode_bytes",
    "encode_digits",
    "is_prefix_free",
    "kraft_sum",
]

Codeword = tuple[int, ...]
"""Digits in ``[0, radix)``, the first one read first."""
Code = tuple[Codeword | None, ...]
"""The codeword of every symbol; ``None`` where a symbol has none (SYM-3)."""
Lengths = tuple[int | None, ...]
"""The number of digits of every codeword; ``None`` where a symbol has none (SYM-3)."""


def kraft_sum(lengths: Sequence[int | None], *, radix: int = 2) -> Fraction:
    """Return the exact sum of ``radix**-length`` over all codewords.

    Spec: SYM-2. A prefix code with these lengths exists just where it is at most 1; where it
    is 1, the code is complete: no codeword can be added.

    Raises:
        DistributionError: a length is no integer of at least 0, or `radix` is below 2.
    """
    check_radix(radix)
    check_lengths(lengths)
    sizes = [int(length) for length in lengths if length is not None]
    longest = max(sizes, default=0)
    return Fraction(sum(radix ** (longest - size) for size in sizes), radix**longest)


def canonical_code(lengths: Sequence[int | None], *, radix: int = 2) -> Code:
    """Return the canonical prefix code with these lengths.

    Spec: SYM-8. Shorter codewords first, equal lengths by the number of the symbol: every
    codeword is the one before, plus 1 in the last digit, with zeros appended.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
    """
    total = kraft_sum(lengths, radix=radix)
    if total > 1:
        raise DistributionError(f"lengths with the Kraft sum {float(total)} have no code")
    code: list[Codeword | None] = [None] * len(lengths)
    value = at = 0
    for length, i in sorted((int(n), i) for i, n in enumerate(lengths) if n is not None):
        value *= radix ** (length - at)
        code[i] = digits_of(value, length, radix)
        value, at = value + 1, length
    return tuple(code)


def is_prefix_free(code: Sequence[Codeword | None]) -> bool:
    """Tell whether no codeword begins another one, or equals it. Spec: SYM-2."""
    words = sorted(tuple(word) for word in code if word is not None)
    # What begins with a word comes straight after it, in the order of a dictionary.
    return not any(after[: len(word)] == word for word, after in pairwise(words))


def encode_digits(symbols: Sequence[int], code: Sequence[Codeword | None]) -> tuple[int, ...]:
    """Return the codewords of the symbols, one after the other.

    Spec: SYM-9.

    Raises:
        DistributionError: one codeword begins another (SYM-2).
        SymbolError: a symbol has no codeword (SYM-9).
    """
    _check_prefix_free(code)
    digits: list[int] = []
    for symbol in symbols:
        word = code[symbol] if 0 <= symbol < len(code) else None
        if word is None:
            raise SymbolError(f"symbol {symbol} has no codeword")
        digits += word
    return tuple(digits)


def decode_digits(
    digits: Sequence[int], code: Sequence[Codeword | None], count: int
) -> tuple[int, ...]:
    """Return the `count` symbols of a message.

    Spec: SYM-9. The count is part of the message: the codeword of a lone symbol is empty.

    Raises:
        DistributionError: one codeword begins another (SYM-2).
        MessageExhausted: the digits end within a codeword (SYM-9).
        FormatError: digits begin no codeword, or are left after the last symbol (SYM-9).
    """
    symbols, end = _decode(digits, code, count)
    if end != len(digits):
        raise FormatError(f"{len(digits) - end} digits are left after the last symbol")
    return symbols


def encode_bytes(symbols: npt.ArrayLike, lengths: Sequence[int | None]) -> bytes:
    """Return the message in the binary canonical code, eight digits a byte.

    Spec: SYM-10. The first digit is the highest bit; zeros fill the last byte.

    Args:
        symbols: shape ``(N,)``; integers.
        lengths: of all codewords, in bits.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
        SymbolError: a symbol has no codeword, or is no integer (SYM-9).
    """
    array = np.asarray(symbols)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise SymbolError(f"shape {array.shape} of {array.dtype} is no vector of integers")
    digits = encode_digits(array.tolist(), canonical_code(lengths))
    size = -(-len(digits) // 8)
    padded = (*digits, *(0,) * (8 * size - len(digits)))
    return bytes(_number(padded[i : i + 8]) for i in range(0, 8 * size, 8))


def decode_bytes(data: bytes, lengths: Sequence[int | None], count: int) -> tuple[int, ...]:
    """Return the `count` symbols of a message in the binary canonical code.

    Spec: SYM-10.

    Args:
        lengths: of all codewords, in bits.

    Raises:
        DistributionError: there is no prefix code with these lengths (SYM-2).
        MessageExhausted: the bytes end within a codeword (SYM-9).
        FormatError: bits begin no codeword (SYM-9), or what is left after the last symbol
            is not fewer than eight zeros (SYM-10).
    """
    digits = [digit for byte in data for digit in digits_of(byte, 8, 2)]
    symbols, end = _decode(digits, canonical_code(lengths), count)
    if len(digits) - end >= 8 or any(digits[end:]):
        raise FormatError(f"{len(digits) - end} bits are left after the last symbol")
    return symbols


def digits_of(value: int, length: int, radix: int) -> Codeword:
    """Return the `length` digits of a number below ``radix**length``. Spec: SYM-8."""
    digits = []
    for _ in range(length):
        value, digit = divmod(value, radix)
        digits.append(digit)
    return tuple(reversed(digits))


def check_radix(radix: int) -> None:
    """Refuse a radix that leaves no choice. Spec: SYM-2.

    Raises:
        DistributionError: `radix` is below 2 (SYM-2).
    """
    if index(radix) < 2:
        raise DistributionError(f"a code of radix {radix} cannot tell symbols apart")


def check_lengths(lengths: Sequence[int | None]) -> None:
    """Refuse what is no number of digits. Spec: SYM-2.

    Raises:
        DistributionError: a length is neither ``None`` nor an integer of at least 0 (SYM-2).
    """
    for i, n in enumerate(lengths):
        whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
        if n is not None and not (whole and n >= 0):
            raise DistributionError(f"the length of codeword {i} is {n!r}")


def _decode(
    digits: Sequence[int], code: Sequence[Codeword | None], count: int
) -> tuple[tuple[int, ...], int]:
    """Return `count` symbols, and how many digits they took."""
    _check_prefix_free(code)
    if index(count) < 0:
        raise FormatError(f"a message of {count} symbols")
    symbol_of = {tuple(word): i for i, word in enumerate(code) if word is not None}
    begun = {word[:n] for word in symbol_of for n in range(len(word))}
    symbols: list[int] = []
    end = 0
    for _ in range(count):
        word: Codeword = ()
        while word not in symbol_of:
            if word not in begun:
                raise FormatError(f"no codeword begins with the digits {word} at {end}")
            if end == len(digits):
                raise MessageExhausted(f"the message ends within its symbol {len(symbols)}")
            word, end = (*word, digits[end]), end + 1
        symbols.append(symbol_of[word])
    return tuple(symbols), end


def _number(digits: Sequence[int]) -> int:
    value = 0
    for digit in digits:
        value = 2 * value + digit
    return value


def _check_prefix_free(code: Sequence[Codeword | None]) -> None:
    if not is_prefix_free(code):
        raise DistributionError("a codeword begins another one")
