"""The command ``bits-back``: what it takes, and what it returns to the shell.

A command is a module here with a function ``run``, imported when it is asked for: nobody waits
for numba to read ``--help``. It returns a record for machines (``--json``) and lines for
people; both go to stdout, and all else (progress, faults) to stderr.

Exit codes: 0 success, 1 a fault in the input or in writing, 2 wrong usage, 130 Ctrl-C,
141 nobody reads what it prints.
"""

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fast.cli.options import make_parser
from reference.errors import SpecError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code.

    Args:
        arguments: of the command line; None for those of this process.
    """
    options = make_parser().parse_args(arguments)
    # Before numpy is imported: the products of these networks are too small to be shared out,
    # and threads that wait for the next one only burn time. --jobs is what uses more cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with _terminated_like_an_error():
            command = importlib.import_module(f"fast.cli.{options.command}")
            record, lines = command.run(options)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _fail(f"{name}{error.strerror or error}")
    except SpecError as error:
        return _fail(str(error))
    except MemoryError as error:
        return _fail(f"out of memory: {error}")
    return _print(json.dumps(record, allow_nan=False) if options.json else "\n".join(lines))


def _print(text: str) -> int:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever reads has had enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _fail(fault: str, code: int = 1) -> int:
    print(f"bits-back: {' '.join(fault.split())}", file=sys.stderr)
    return code


@contextmanager
def _terminated_like_an_error() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that no temporary file is left."""

    def unwind(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may ask for signals
        return
    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
