"""Readers of data sets, which are known by their first bytes.

A header is believed only as far as the size of its file allows: a truncated or forged file is
refused before anything of the claimed size is allocated. (Deflate shrinks nothing to less than
1/1032, so that compressed files have a bound too.)
"""

import gzip
import io
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fast.datasets.png import list_png, read_png
from reference.errors import DataError

__all__ = ["Images", "open_images"]

Pixels = NDArray[np.uint8]
Readable = IO[bytes] | io.BufferedIOBase

MOST_EXPANSION = 1032
"""How many bytes a byte of deflate can stand for at most."""
MOST_HEADER = 10_000
"""Of an ``.npy`` file, in bytes; numpy trusts no larger one either."""
BROKEN = (
    *(EOFError, OSError, ValueError, RuntimeError),
    *(struct.error, zlib.error, zipfile.BadZipFile, tokenize.TokenError),
)
"""What numpy, gzip and zipfile raise for files that are not what they should be."""


class Images(Protocol):
    """Images that are read when they are asked for; an array of uint8 is such too."""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(N, ...)``: the number of images, and the shape of one."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a pixel: uint8."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Pixels: ...


@contextmanager
def open_images(path: Path, *, key: str | None = None) -> Iterator[Images]:
    """Open a data set for reading by slices, from front to back if it is compressed.

    Args:
        key: which array of an ``.npz`` file; None for the only one.

    Raises:
        DataError: it is no data set of images, by a fault that is named. A fault may also
            show only when a slice is read.
        OSError: it cannot be opened.
    """
    with ExitStack() as stack:
        yield _Folder(path) if path.is_dir() else _open_file(path, key, stack)


class _Stream:
    """Images from a compressed file, read forward; going back starts again."""

    def __init__(self, path: Path, file: Readable, shape: tuple[int, ...]) -> None:
        self.path, self.file, self.offset = path, file, file.tell()
        self.shape, self.dtype = shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice, /) -> Pixels:
        start, stop, _ = rows.indices(len(self))
        pixels = np.empty((max(stop - start, 0), *self.shape[1:]), np.uint8)
        try:
            self.file.seek(self.offset + start * math.prod(self.shape[1:]))
            if self._fill(pixels.reshape(-1)) < pixels.size:
                raise EOFError("the file ends before its last image")
            if stop == len(self) and self.file.read(1):  # at the end the checksum is checked
                raise EOFError("bytes follow its last image")
        except BROKEN as error:
            raise DataError(f"{self.path}: {_first_line(error)}") from error
        return pixels

    def _fill(self, pixels: Pixels) -> int:
        """Read into an array, and return how many bytes there were."""
        at = 0
        while data := self.file.read(min(pixels.size - at, 1 << 20)):
            pixels[at : at + len(data)] = np.frombuffer(data, np.uint8)
            at += len(data)
        return at


class _Folder:
    """Images from the PNG files of a folder, in the order of their names."""

    def __init__(self, path: Path) -> None:
        self.files = list_png(path)
        self.mode, first = read_png(self.files[0])
        self.shape, self.dtype = (len(self.files), *first.shape), first.dtype

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: slice, /) -> Pixels:
        images = [self._read(path) for path in self.files[rows]]
        return np.array(images, np.uint8).reshape(-1, *self.shape[1:])

    def _read(self, path: Path) -> Pixels:
        mode, pixels = read_png(path)
        found, first = (mode, pixels.shape), (self.mode, self.shape[1:])
        if found != first:
            raise DataError(
                f"{path}: mode and shape {found} differ from {first} of {self.files[0].name}"
            )
        return pixels


def _open_file(path: Path, key: str | None, stack: ExitStack) -> Images:
    if path.exists() and not path.is_file():  # to open a pipe would wait for ever
        raise DataError(f"{path}: neither a file nor a folder")
    with open(path, "rb") as file:
        start = file.read(6)
    readers: tuple[tuple[bytes, Callable[[], Images]], ...] = (
        (b"\x93NUMPY", lambda: _open_npy(path)),
        (b"PK", lambda: _open_npz(path, key, stack)),
        (b"\x1f\x8b", lambda: _open_gzip(path, stack)),
        (b"\0\0", lambda: _open_idx(path)),
    )
    for magic, reader in readers:
        if start.startswith(magic):
            if key is not None and magic != b"PK":
                raise DataError(f"{path}: only an .npz file has keys such as {key!r}")
            try:
                return reader()
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
            except BROKEN as error:
                raise DataError(f"{path}: a broken file: {_first_line(error)}") from error
    raise DataError(
        f"{path}: no .npy, .npz or IDX file: "
        + (f"it starts with {start!r}" if start else "it is empty")
    )


def _open_npy(path: Path) -> Images:
    with open(path, "rb") as file:
        shape, fortran = _npy_header(file)
        _check_size(os.path.getsize(path) - file.tell(), shape)
        order = "F" if fortran else "C"
        return np.memmap(path, np.uint8, "r", file.tell(), shape, order)  # type: ignore[call-overload, no-any-return]


def _open_npz(path: Path, key: str | None, stack: ExitStack) -> Images:
    archive = stack.enter_context(zipfile.ZipFile(path))
    keys = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
    if key is None and len(keys) != 1:
        raise DataError(f"it holds the arrays {', '.join(keys) or 'none'}: name one by --key")
    key = keys[0] if key is None else key
    if key not in keys:
        raise DataError(f"it holds no array {key!r}, but {', '.join(keys) or 'none'}")
    info = archive.getinfo(key + ".npy")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise DataError(f"compression method {info.compress_type}, which no .npz file has")
    file = stack.enter_context(archive.open(info))
    shape, fortran = _npy_header(file)
    _check_size(info.file_size - file.tell(), shape)
    _check_expansion(info.file_size, min(info.compress_size, os.path.getsize(path)))
    if fortran:  # no image of it lies in one piece
        return np.frombuffer(file.read(), np.uint8).reshape(shape, order="F")
    return _Stream(path, file, shape)


def _open_idx(path: Path) -> Images:
    with open(path, "rb") as file:
        shape = _idx_header(file)
        _check_size(os.path.getsize(path) - file.tell(), shape)
        return np.memmap(path, np.uint8, "r", file.tell(), shape)


def _open_gzip(path: Path, stack: ExitStack) -> Images:
    file = stack.enter_context(gzip.GzipFile(path, "rb"))
    shape = _idx_header(file)
    _check_expansion(math.prod(shape), os.path.getsize(path))
    return _Stream(path, file, shape)


def _npy_header(file: Readable) -> tuple[tuple[int, ...], bool]:
    """Read all that stands before the numbers: return the shape, and if columns come first."""
    major, minor = np.lib.format.read_magic(file)
    if major not in {1, 2, 3}:
        raise DataError(f"an .npy file of version {major}.{minor}")
    length = file.read(2 if major == 1 else 4)
    size = int.from_bytes(length, "little")
    if size > MOST_HEADER:
        raise DataError(f"a header of {size} bytes")
    header = io.BytesIO(length + file.read(size))
    read = np.lib.format.read_array_header_1_0
    if major > 1:
        read = np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(header)
    if dtype != np.uint8:
        raise DataError(f"values of type {dtype} where uint8 is needed")
    _check_shape(shape)
    return shape, fortran


def _idx_header(file: Readable) -> tuple[int, ...]:
    """Read two zeros, the type, the number of dimensions, and each of them, big-endian."""
    zeros, kind, dimensions = struct.unpack(">HBB", file.read(4))
    if zeros:
        raise DataError(f"an IDX file starts with two zeros, not with {zeros:#06x}")
    if kind != 8:
        raise DataError(f"values of the IDX type {kind:#04x} where 0x08, uint8, is needed")
    shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
    _check_shape(shape)
    return shape


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) < 2 or min(shape[1:]) < 1 or shape[0] < 0:
        raise DataError(f"an array of shape {shape} holds no images")
    if shape[0] == 0:
        raise DataError("there are no images")


def _check_size(found: int, shape: tuple[int, ...]) -> None:
    if found != math.prod(shape):
        raise DataError(f"{found} bytes of pixels where its header promises {shape}")


def _check_expansion(needed: int, stored: int) -> None:
    if needed > MOST_EXPANSION * stored:
        raise DataError(f"{stored} bytes cannot hold the {needed} that its header promises")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
