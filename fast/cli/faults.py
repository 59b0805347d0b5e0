"""Faults that name the file they are in."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from reference.errors import SpecError

__all__ = ["Outcome", "blame", "blame_each"]

Outcome = tuple[dict[str, object], list[str]]
"""What a command returns: a record for machines, and lines for people."""

Item = TypeVar("Item")


@contextmanager
def blame(path: Path) -> Iterator[None]:
    """Put the name of a file before the errors that its content causes."""
    try:
        yield
    except SpecError as error:
        if str(error).startswith(str(path)):  # by a reader, which knows the file
            raise
        raise type(error)(f"{path}: {error}") from error


def blame_each(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    """Do so for what making each of some items raises, not for what their user raises."""
    iterator = iter(items)
    while True:
        with blame(path):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item
