"""Data sets to files and back, in bounded memory, with either engine.

The file is that of `reference.compression.lossless`: the same bytes, whichever engine codes it
and however many jobs share the work (LSL-8). Chunks are read, coded and written one by one, so
that what is held in memory grows with the chunk and the jobs, not with the data set.

>>> import io
>>> import numpy as np
>>> from fast.files import compress, decompress
>>> from reference.compression.latent_codec import quantise_vae
>>> from reference.models.vae import initialise
>>> images = np.eye(28, dtype=np.uint8).reshape(7, 4, 28)
>>> vae = initialise(4 * 28, (8,), 2, np.random.default_rng(0))  # or fast.models.vae.train
>>> model, file = quantise_vae(vae, images.reshape(7, -1)), io.BytesIO()
>>> report = compress(model, images, file, engine="reference", chunk_size=4)
>>> report.images, report.chunks, report.file_bytes == len(file.getvalue())
(7, 2, True)
>>> again = np.concatenate(list(decompress(model, file, engine="reference")))
>>> np.array_equal(again, images)
True
>>> [part.shape for part in decompress(model, file, engine="reference", start=3, stop=6)]
[(1, 4, 28), (2, 4, 28)]
"""

import importlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from fast.datasets import Images
from reference.coding.ans import Message, information
from reference.compression.latent_codec import LatentModel, digest
from reference.compression.lossless import (
    Chunk,
    Header,
    read_chunks,
    read_header,
    write_file,
)
from reference.params import CHUNK_SIZE

__all__ = ["Engine", "EngineName", "Report", "compress", "decompress", "load_engine"]

Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]
EngineName = Literal["fast", "reference"]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Engine:
    """What codes a chunk: the functions of these names, of one of the two packages."""

    encode_chunk: Callable[[LatentModel, Pixels], Chunk]
    encode_plain: Callable[[LatentModel, Pixels], Message]
    decode_chunk: Callable[[LatentModel, Chunk], Pixels]
    parallel: bool
    """Whether threads make it faster: kernels release the GIL, plain Python does not."""


@dataclass(frozen=True)
class Report:
    """What `compress` has written, and at which rates (BBK-4)."""

    images: int
    pixels: int
    """Of one image."""
    plain: tuple[int, ...]
    """Of every chunk: how many of its images bits-back starts from (LSL-3)."""
    file_bytes: int
    initial_bits: float
    """Information of the plain images, which the other images start from."""
    total_bits: float
    """Information of all messages."""
    seconds: float

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return len(self.plain)

    @property
    def net_bits(self) -> float:
        """Information of the images that are coded by bits-back."""
        return self.total_bits - self.initial_bits

    @property
    def net_bits_per_pixel(self) -> float:
        """The net rate; NaN if no image is coded by bits-back."""
        pixels = (self.images - sum(self.plain)) * self.pixels
        return self.net_bits / pixels if pixels else math.nan

    @property
    def total_bits_per_pixel(self) -> float:
        """The total rate: of the messages, without headers and checksums."""
        return self.total_bits / (self.images * self.pixels)

    @property
    def file_bits_per_pixel(self) -> float:
        """What the whole file takes."""
        return 8 * self.file_bytes / (self.images * self.pixels)


def compress(
    model: LatentModel,
    images: Images,
    file: BinaryIO,
    *,
    engine: EngineName = "fast",
    chunk_size: int = CHUNK_SIZE,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Write the file that holds a data set.

    Args:
        images: shape ``(N, ...)``, with as many pixels an image as the model has; 0 or 1.
            An array, or anything else of which slices can be taken.
        file: open for writing bytes, at its start.
        chunk_size: in ``[1, 65536]``; images that are coded, and can be decoded, together.
        jobs: how many chunks are coded at a time, by threads.
        progress: called with the number of images that are done, and of all.

    Raises:
        DataError: the images do not suit the model, or there are none (LSL-1, LSL-2).
    """
    start, coder = time.perf_counter(), load_engine(engine)
    initial_bits: list[float] = []
    plain: list[int] = []
    total_bits = 0.0

    def encode(rows: Pixels) -> tuple[Chunk, float]:
        chunk = coder.encode_chunk(model, rows)
        return chunk, information(coder.encode_plain(model, rows[: chunk.plain]))

    def chunks() -> Iterator[Chunk]:
        nonlocal total_bits
        slices = _slices(images, chunk_size)
        done = 0
        for chunk, bits in _in_order(encode, slices, jobs if coder.parallel else 1):
            initial_bits.append(bits)
            plain.append(chunk.plain)
            total_bits += information(chunk.message)
            yield chunk
            done += chunk.images
            if progress is not None:
                progress(done, len(images))

    header = Header(digest(model), tuple(images.shape[1:]), len(images), chunk_size)
    write_file(file, header, chunks())
    return Report(
        images=len(images),
        pixels=model.pixels,
        plain=tuple(plain),
        file_bytes=file.tell(),
        initial_bits=sum(initial_bits),
        total_bits=total_bits,
        seconds=time.perf_counter() - start,
    )


def decompress(
    model: LatentModel,
    file: BinaryIO,
    *,
    engine: EngineName = "fast",
    start: int = 0,
    stop: int | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Iterator[Pixels]:
    """Undo `compress`, for all images or for those in ``[start, stop)``.

    Only the chunks that hold these images are read.

    Args:
        file: open for reading bytes; it can seek.
        jobs: how many chunks are decoded at a time, by threads.
        progress: called with the number of images that are done, and of all that are wanted.

    Returns:
        The images in their order, in arrays of shape ``(n, ...)``; 0 or 1.

    Raises:
        FormatError: the file is broken. What came before the fault was as it should be.
        ModelError: it was made with another model (LSL-7).
        DataError: it does not hold images ``[start, stop)`` (LSL-6).
    """
    header, coder = read_header(file, model), load_engine(engine)
    stop = header.images if stop is None else stop

    def decode(wanted: tuple[Chunk, slice]) -> Pixels:
        chunk, rows = wanted
        return coder.decode_chunk(model, chunk)[rows]

    done, chunks = 0, read_chunks(file, header, start, stop)
    for images in _in_order(decode, chunks, jobs if coder.parallel else 1):
        yield images.reshape(-1, *header.image_shape)
        done += len(images)
        if progress is not None:
            progress(done, stop - start)


def load_engine(name: EngineName) -> Engine:
    """Return an engine by its name. Only "fast" imports numba."""
    package = importlib.import_module(f"{name}.compression.lossless")
    return Engine(
        package.encode_chunk, package.encode_plain, package.decode_chunk, name == "fast"
    )


def _slices(images: Images, chunk_size: int) -> Iterator[Pixels]:
    """Return the chunks' images, one row each; of a mapped file this is what reads it."""
    for start in range(0, len(images), chunk_size):
        part = np.ascontiguousarray(images[start : start + chunk_size])
        yield part.reshape(len(part), -1)


def _in_order(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[Result]:
    """Return the results in the order of the items, with few of both in memory."""
    if jobs == 1:
        yield from map(function, items)
        return
    window: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for item in items:
                window.append(pool.submit(function, item))
                if len(window) > jobs:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        finally:
            for future in window:
                future.cancel()
