"""Writers of data sets, chosen by the ending of the name; the output appears whole."""

import gzip
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fast.datasets.atomic import atomic_file, atomic_folder
from fast.datasets.png import write_png
from reference.errors import DataError

__all__ = ["write_images"]

Pixels = NDArray[np.uint8]
Writer = Callable[[BinaryIO, tuple[int, ...], Iterable[Pixels]], None]


def write_images(
    path: Path, shape: tuple[int, ...], slices: Iterable[Pixels], *, force: bool = False
) -> None:
    """Write a data set as its slices come; it appears when all of it is written.

    Args:
        shape: ``(N, ...)``, of the slices together.
        slices: images in order; in a folder of PNG files, of 0 and 1.
        force: replace a file that is there already; a folder is never replaced.

    Raises:
        DataError: no format has this ending, or it cannot hold such images, or the name is
            taken.
    """
    write = _writer(path, shape)
    if write is None:
        with atomic_folder(path) as folder:
            write_png(folder, shape, slices)
    else:
        with atomic_file(path, force=force) as file:
            write(file, shape, slices)


def _writer(path: Path, shape: tuple[int, ...]) -> Writer | None:
    """Return what writes a file of this name, or None for a folder of PNG files."""
    name = path.name.lower()
    plain = name.removesuffix(".gz")
    if name.endswith(".npy"):
        return _write_npy
    if name.endswith(".npz"):
        return _write_npz
    if plain.endswith((".idx", "ubyte")):
        if max(shape) >= 1 << 32 or len(shape) > 255:
            raise DataError(f"{path}: an IDX file cannot hold images of shape {shape}")
        return _write_idx if plain == name else _write_gzip
    if path.suffix and not path.is_dir():
        raise DataError(
            f"{path}: its ending is none of .npy, .npz, .idx, -ubyte, .idx.gz, -ubyte.gz "
            "(and a folder of PNG files has a name without one)"
        )
    if len(shape) != 3:
        raise DataError(f"{path}: images of shape {shape[1:]} cannot be PNG files")
    return None


def _write_npy(file: IO[bytes], shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    _write_pixels(file, shape, slices)


def _write_npz(file: IO[bytes], shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    # A ZipInfo as it comes has a fixed date, so that equal data sets give equal files.
    info = zipfile.ZipInfo("images.npy")
    info.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(file, "w") as archive,
        archive.open(info, "w", force_zip64=True) as member,
    ):
        _write_npy(member, shape, slices)


def _write_idx(file: IO[bytes], shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    file.write(struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape))
    _write_pixels(file, shape, slices)


def _write_gzip(file: IO[bytes], shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
        _write_idx(compressed, shape, slices)  # type: ignore[arg-type]


def _write_pixels(file: IO[bytes], shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    count = 0
    for pixels in slices:
        assert pixels.shape[1:] == shape[1:]
        file.write(pixels.tobytes())
        count += len(pixels)
    assert count == shape[0], f"{count} images for the shape {shape}"
