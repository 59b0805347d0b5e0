"""Twin of `reference.compression.byte_strings.table`: few numbers, so plain Python.

Spec: BYT-4.
"""

from collections.abc import Sequence

from reference.errors import FormatError

__all__ = ["table_from_bytes", "table_to_bytes"]

SYMBOLS = 256
"""Byte values."""
MOST_NUMBER = 1 << 16
"""The largest number in a table."""


def table_to_bytes(freqs: Sequence[int]) -> bytes:
    """Return the frequencies of a table as bytes. Spec: BYT-4.

    Arguments as for the reference.
    """
    out, zeros = bytearray(), 0
    for freq in map(int, freqs):
        if freq == 0:
            zeros += 1
            continue
        if zeros:
            _append(out, 0)
            _append(out, zeros - 1)
            zeros = 0
        _append(out, freq)
    return bytes(out) + bytes(len(out) % 2)


def table_from_bytes(data: bytes, prec: int) -> tuple[int, ...]:
    """Undo `table_to_bytes`. Spec: BYT-4.

    Result and errors as for the reference.
    """
    freqs, at, total = [0] * SYMBOLS, 0, 0
    symbol, after_zeros = 0, False
    while total < 1 << prec:
        number, at = _number(data, at)
        is_run = number == 0
        if is_run:
            if after_zeros:
                raise FormatError("a table has two runs of zeros side by side")
            number, at = _number(data, at)
            symbol += number + 1
        elif symbol < SYMBOLS:
            freqs[symbol] = number
            total += number
            symbol += 1
        else:
            raise FormatError("a table has frequencies beyond that of 255")
        after_zeros = is_run
    if total != 1 << prec or data[at:] != bytes(at % 2):
        raise FormatError(
            f"a table has the sum {total}, not 2**{prec}, or {len(data) - at} bytes more"
        )
    return tuple(freqs)


def _append(out: bytearray, number: int) -> None:
    while number >= 1 << 7:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at a place, and the place after it.

    Raises:
        FormatError: it is not complete, longer than need be, or above ``2**16``.
    """
    number, shift = 0, 0
    while at < len(data) and number <= MOST_NUMBER:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte == 0 and shift > 7:
            break
        if byte < 0x80:
            return number, at
        if shift > 14:
            break
    raise FormatError("a number in a table is not complete, too large or longer than need be")
