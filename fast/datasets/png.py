"""Folders of PNG files: 1-bit or 8-bit grey, one image a file, in the order of their names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.errors import DataError

__all__ = ["list_png", "read_png", "write_png"]

Pixels = NDArray[np.uint8]


def list_png(folder: Path) -> list[Path]:
    """Return the PNG files of a folder, sorted by name.

    Raises:
        DataError: there are none.
    """
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".png" and p.is_file())
    if not files:
        raise DataError(f"{folder}: there are no PNG files in this folder")
    return files


def read_png(path: Path) -> tuple[str, Pixels]:
    """Return an image and its mode: "1" with values 0 and 1, or "L" with 0 to 255.

    Raises:
        DataError: the file is broken, or of another mode.
    """
    pillow = _pillow(path)
    try:
        with pillow.open(path, formats=["PNG"]) as image:
            mode, pixels = image.mode, np.array(image, np.uint8)
    # Any error: a broken file makes Pillow raise one of a dozen classes.
    except Exception as error:
        text = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path}: a broken PNG file: {text}") from error
    if mode not in {"1", "L"}:
        raise DataError(f"{path}: an image of mode {mode}, not of 1-bit or 8-bit grey")
    return mode, pixels


def write_png(folder: Path, shape: tuple[int, ...], slices: Iterable[Pixels]) -> None:
    """Write images of 0 and 1 as 1-bit PNG files, named by their numbers.

    Args:
        shape: ``(N, height, width)``, of the slices together.

    Raises:
        DataError: Pillow is not there.
    """
    pillow, digits, number = _pillow(folder), len(str(shape[0] - 1)), 0
    for pixels in slices:
        assert pixels.max() <= 1
        for image in pixels:
            pillow.fromarray(image.astype(bool)).save(folder / f"{number:0{digits}}.png")
            number += 1
    assert number == shape[0], f"{number} images for the shape {shape}"


def _pillow(path: Path) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise DataError(
            f"{path}: PNG files need Pillow: pip install 'bits-back[demo]'"
        ) from None
    return Image
