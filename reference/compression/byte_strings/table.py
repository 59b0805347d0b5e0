"""The table of a file as bytes: about one or two for every byte value that occurs.

Spec: BYT-4.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from reference.errors import FormatError

__all__ = ["table_from_bytes", "table_to_bytes"]

SYMBOLS = 256
"""Byte values."""
VARINT_SHIFTS = (0, 7, 14)
"""Of the bytes of a varint: ``2**16``, the largest number in a table, takes three."""


def table_to_bytes(freqs: Sequence[int]) -> bytes:
    """Return the frequencies of a table as bytes. Spec: BYT-4.

    Args:
        freqs: one for each byte value; not negative, each up to ``2**16``.
    """
    last = max(s for s, freq in enumerate(freqs) if freq)
    out = b""
    for freq, run in groupby(freqs[: last + 1]):
        count = len(list(run))
        out += _varint(freq) * count if freq else _varint(0) + _varint(count - 1)
    return out + bytes(len(out) % 2)


def table_from_bytes(data: bytes, prec: int) -> tuple[int, ...]:
    """Undo `table_to_bytes`. Spec: BYT-4.

    Returns:
        256 frequencies with the sum ``2**prec``.

    Raises:
        FormatError: the bytes are no table of so many bits of precision.
    """
    freqs: list[int] = []
    numbers = _numbers(data)
    for number in numbers:
        freqs += [number] if number else [0] * (next(numbers, SYMBOLS) + 1)
        if len(freqs) > SYMBOLS:
            raise FormatError("a table has frequencies beyond that of 255")
        if sum(freqs) >= 1 << prec:
            break
    if sum(freqs) != 1 << prec:
        raise FormatError(f"a table has the sum {sum(freqs)}, not 2**{prec}")
    if table_to_bytes(freqs) != data:
        raise FormatError("the bytes of a table are not those that it has")
    return (*freqs, *[0] * (SYMBOLS - len(freqs)))


def _varint(number: int) -> bytes:
    out = b""
    while number >= 1 << 7:
        out += bytes([number % (1 << 7) + (1 << 7)])
        number >>= 7
    return out + bytes([number])


def _numbers(data: bytes) -> Iterator[int]:
    """Return the varints, however long they are.

    Raises:
        FormatError: one goes on after three bytes, or is not complete.
    """
    rest = iter(data)
    for byte in rest:
        number = byte % (1 << 7)
        for shift in VARINT_SHIFTS[1:]:
            if byte < 1 << 7:
                break
            byte = next(rest, 1 << 7)
            number += byte % (1 << 7) << shift
        if byte >= 1 << 7:
            raise FormatError("a number in a table has no end")
        yield number
