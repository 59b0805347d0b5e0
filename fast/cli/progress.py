"""Progress on stderr: a bar of rich's on a terminal, else a line every few seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Progress", "show_progress"]

SECONDS = 3.0
"""Least time between two lines."""


class Progress:
    """What a long task calls with the numbers of what is done and of all there is to do."""

    def __init__(self, title: str, bar: Any) -> None:
        self.title, self.note, self.bar = title, "", bar
        self.task = None if bar is None else bar.add_task(title, total=None)
        self.shown = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done, if it is time to."""
        text = f"{self.title}{self.note}"
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, description=text)
        elif time.monotonic() - self.shown >= SECONDS:
            self.shown = time.monotonic()
            print(f"{text}: {done} of {total} ({done / total:.0%})", file=sys.stderr)


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """Show the progress of a task while the block lasts."""
    bar = _rich_bar() if sys.stderr.isatty() else None
    if bar is None:
        yield Progress(title, None)
    else:
        with bar:
            yield Progress(title, bar)


def _rich_bar() -> Any:
    """Return a bar that vanishes in the end, or None without rich."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
