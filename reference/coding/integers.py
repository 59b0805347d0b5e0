"""Integers of any type as those of Python, which have no width.

Spec: COD-1, LAN-2. Those of numpy would wrap, and a float may stand for no integer: so nothing
is rounded or repaired.
"""

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex

from reference.errors import DataError, SpecError

__all__ = ["integer", "integers"]


def integer(value: SupportsIndex, error: type[SpecError] = DataError) -> int:
    """Return an integer of any type as one of Python, which has no width.

    Spec: COD-1, LAN-2.

    Raises:
        SpecError: it is no integer; of the class `error`.
    """
    try:
        return index(value)
    except TypeError:
        raise error(f"{value!r} is no integer") from None


def integers(values: Sequence[int], error: type[SpecError] = DataError) -> list[int]:
    """Return integers of any type, or truth values, as those of Python. Spec: LAN-2.

    Raises:
        SpecError: one is no integer, not even a whole float; of the class `error`.
    """
    numbers = values.tolist() if hasattr(values, "tolist") else values  # of an array
    try:
        return [integer(number, error) for number in numbers]
    except TypeError:  # no sequence
        raise error(f"{values!r} is no vector of integers") from None
