"""A file: a header and chunks, written and read one by one.

Spec: LSL-1, LSL-5 to LSL-7.
"""

import io
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reference.coding.container import (
    Fields,
    Section,
    message_from_bytes,
    message_to_bytes,
    read_container,
    read_section,
    write_container,
)
from reference.compression.latent_codec import LatentModel, digest
from reference.compression.lossless.chunk import (
    Chunk,
    decode_chunk,
    encode_chunk,
)
from reference.errors import DataError, FormatError, ModelError, SpecError
from reference.params import CHUNK_SIZE, MOST_CHUNK_IMAGES, MOST_DIMENSIONS

__all__ = ["Header", "compress", "decompress", "read_chunks", "read_header", "write_file"]

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Header:
    """What a file says of itself (LSL-5)."""

    model: bytes
    """The digest of the model that the file was made with (LAT-9)."""
    image_shape: tuple[int, ...]
    images: int
    """How many, in all chunks."""
    chunk_size: int
    """How many images a chunk has, in ``[1, 65536]``; the last one has what is left."""

    def __post_init__(self) -> None:
        """Refuse what breaks LSL-1 or LSL-5."""
        if len(self.image_shape) > MOST_DIMENSIONS:
            raise DataError(f"images of {len(self.image_shape)} dimensions")
        if not all(0 <= size < 1 << 32 for size in self.image_shape):
            raise DataError(f"images of shape {self.image_shape}, with a size beyond 32 bits")
        if self.images < 1:
            raise DataError("there are no images")
        if self.images >= 1 << 64:
            raise DataError(f"{self.images} images, a number beyond 64 bits")
        if not 1 <= self.chunk_size <= MOST_CHUNK_IMAGES:
            raise DataError(
                f"chunks of {self.chunk_size} images, not 1 to {MOST_CHUNK_IMAGES}"
            )

    @property
    def chunks(self) -> int:
        """The number of chunks (LSL-1)."""
        return -(-self.images // self.chunk_size)

    def chunk_images(self, index: int) -> int:
        """Return the number of images of a chunk (LSL-1)."""
        return min(self.chunk_size, self.images - index * self.chunk_size)


def compress(model: LatentModel, images: Images, *, chunk_size: int = CHUNK_SIZE) -> bytes:
    """Return the file that holds a data set.

    Spec: LSL-1, LSL-5.

    Args:
        images: shape ``(N, ...)``, with ``D`` pixels an image; 0 or 1.
        chunk_size: in ``[1, 65536]``.

    Raises:
        DataError: the images do not suit the model or the file, or there are none.
    """
    header = Header(digest(model), images.shape[1:], len(images), chunk_size)
    rows = images.reshape(len(images), -1)
    chunks = (
        encode_chunk(model, rows[start : start + chunk_size])
        for start in range(0, len(images), chunk_size)
    )
    file = io.BytesIO()
    write_file(file, header, chunks)
    return file.getvalue()


def decompress(
    model: LatentModel, data: bytes, *, start: int = 0, stop: int | None = None
) -> Images:
    """Undo `compress`, for all images or for those in ``[start, stop)``.

    Spec: LSL-4, LSL-6.

    Returns:
        Shape ``(N, ...)``; 0 or 1.

    Raises:
        FormatError: the file is broken.
        ModelError: it was made with another model.
        DataError: it does not hold images ``[start, stop)``.
    """
    file = io.BytesIO(data)
    header = read_header(file, model)
    stop = header.images if stop is None else stop
    parts = [
        decode_chunk(model, chunk)[images]
        for chunk, images in read_chunks(file, header, start, stop)
    ]
    return np.concatenate(parts).reshape(-1, *header.image_shape)


def write_file(file: BinaryIO, header: Header, chunks: Iterable[Chunk]) -> None:
    """Write a header, and chunks one by one as they come. Spec: LSL-5."""
    write_container(file, _sections(header, chunks))


def read_header(file: BinaryIO, model: LatentModel | None = None) -> Header:
    """Read the header, and check that the file was made with a model.

    Spec: LSL-5, LSL-7.

    Args:
        model: None where the model does not matter.

    Raises:
        FormatError: the file does not start with a valid header.
        ModelError: the file was made with another model.
    """
    stored = next(read_container(file), None)
    if stored is None or stored.tag != "DATA":
        raise FormatError("the file holds no compressed images")
    fields = Fields(read_section(file, stored))
    named = fields.take(32)
    (dimensions,) = fields.unpack("B")
    shape = fields.unpack(f"{dimensions}I")
    images, chunk_size = fields.unpack("QI")
    fields.end()
    try:
        header = Header(named, shape, images, chunk_size)
    except DataError as error:
        raise FormatError(f"section DATA: {error}") from error
    if model is not None:
        _check_model(model, header)
    return header


def read_chunks(
    file: BinaryIO, header: Header, start: int, stop: int
) -> Iterator[tuple[Chunk, slice]]:
    """Read the chunks that hold the images ``[start, stop)``.

    Spec: LSL-6.

    Returns:
        Each chunk, and which of its images are wanted.

    Raises:
        FormatError: a section is broken, missing, or not where the header says.
        DataError: the file does not hold these images.
    """
    if not 0 <= start < stop <= header.images:
        raise DataError(f"images {start} to {stop} of a file that holds {header.images}")
    count = -1  # the first section is the header's
    for stored in read_container(file):
        first = count * header.chunk_size
        last = first + header.chunk_size
        if count >= 0 and first < stop and start < last:
            chunk = _chunk(read_section(file, stored), header, count)
            yield chunk, slice(max(start - first, 0), min(stop, last) - first)
        count += 1
    if count != header.chunks:
        raise FormatError(f"{count} chunks where the header says {header.chunks}")


def _sections(header: Header, chunks: Iterable[Chunk]) -> Iterator[Section]:
    shape = header.image_shape
    layout = f"<32sB{len(shape)}IQI"
    fields = (header.model, len(shape), *shape, header.images, header.chunk_size)
    yield Section("DATA", struct.pack(layout, *fields))
    for index, chunk in enumerate(chunks):
        numbers = struct.pack("<III", index, chunk.images, chunk.plain)
        yield Section("CHNK", numbers + message_to_bytes(chunk.message))


def _check_model(model: LatentModel, header: Header) -> None:
    if (found := digest(model)) != header.model:
        raise ModelError(
            f"the file was made with model {header.model.hex()}, not {found.hex()}"
        )
    if math.prod(header.image_shape) != model.pixels:
        raise FormatError(
            f"section DATA: images of shape {header.image_shape} "
            f"where the model has {model.pixels} pixels"
        )


def _chunk(section: Section, header: Header, index: int) -> Chunk:
    """Read a chunk, and check that it is the one that the header promises (LSL-5)."""
    fields = Fields(section)
    stored_index, images, plain = fields.unpack("III")
    if (section.tag, stored_index) != ("CHNK", index):
        raise FormatError(f"section {section.tag} stands where chunk {index} should be")
    if images != header.chunk_images(index) or plain > images:
        raise FormatError(f"chunk {index}: {images} images, {plain} of them plain")
    try:
        return Chunk(images, plain, message_from_bytes(fields.rest()))
    except SpecError as error:
        raise FormatError(f"chunk {index}: {error}") from error
