"""Outputs that appear whole or not at all.

What is written goes to a temporary neighbour in the same folder, which takes the final name
when all of it is on the disk. So an error or a kill leaves nothing under that name but what
was there before; only a kill that gives no notice leaves the neighbour, ``.bits-back-*.part``.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reference.errors import DataError

__all__ = ["atomic_file", "atomic_folder", "check_output"]


@contextmanager
def atomic_file(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends without an error.

    Args:
        force: replace a file that is there already.

    Raises:
        DataError: the file is there already, or is no file that may be replaced.
    """
    target = path.resolve()  # a link goes on pointing to what it points to
    check_output(path, force=force)
    part = _neighbour(target)
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        check_output(path, force=force)  # time has passed
        os.replace(part, target)
    except OSError as error:
        raise _naming(path, part, error) from None
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes its name when the block ends without an error.

    An empty folder of that name is replaced; one with something in it never is, so that no
    slip of the fingers removes what else it holds.

    Raises:
        DataError: there is a file of that name, or a folder that is not empty.
    """
    target = path.resolve()
    _check_folder(path)
    part = _neighbour(target)
    try:
        part.mkdir()
        yield part
        if hasattr(os, "sync"):
            os.sync()  # once for all the files
        _check_folder(path)
        if target.is_dir():
            target.rmdir()  # for systems that do not rename onto an empty folder
        os.replace(part, target)
    except OSError as error:
        raise _naming(path, part, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _sync_folder(target.parent)


def check_output(path: Path, *, force: bool) -> None:
    """Refuse, before any work, a name that `atomic_file` would refuse after it.

    Raises:
        DataError: as `atomic_file`.
        FileNotFoundError: the folder that the file would be in does not exist.
    """
    if path.is_dir():
        raise DataError(f"{path}: it is a folder, where a file is to be written")
    if path.exists() and not path.is_file():  # such as a device or a pipe
        raise DataError(f"{path}: it is no ordinary file, so it is not replaced")
    if path.exists() and not force:
        raise DataError(f"{path}: it exists; --force replaces it")
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(2, "there is no folder to write it in", str(path))


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise DataError(f"{path}: it is a file, where a folder is to be written")
    if path.is_dir() and any(path.iterdir()):
        raise DataError(f"{path}: the folder is not empty, so it is not replaced")


def _neighbour(target: Path) -> Path:
    """Return a name that nothing has, and short, as the target's may be of the longest."""
    return target.with_name(f".bits-back-{secrets.token_hex(8)}.part")


def _naming(path: Path, part: Path, error: OSError) -> OSError:
    """Let an error name the output where it names its neighbour, or nothing (a full disk)."""
    if error.filename is None or Path(error.filename).is_relative_to(part):
        error.filename, error.filename2 = str(path), None
    return error


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk too, on systems where a folder can be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
