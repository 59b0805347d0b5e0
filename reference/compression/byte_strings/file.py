"""A file of blocks of bytes, each coded with one table, or copied.

Spec: BYT-1 to BYT-9.
"""

import io
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reference.coding.container import (
    Fields,
    Section,
    StoredSection,
    read_container,
    read_section,
    write_container,
)
from reference.coding.fixed_point import quantise_counts
from reference.coding.integers import integer
from reference.coding.lanes import decode_static, encode_static
from reference.compression.byte_strings.table import table_from_bytes, table_to_bytes
from reference.errors import DataError, FormatError, MessageExhausted

__all__ = [
    "BytesHeader",
    "compress_bytes",
    "decompress_block",
    "decompress_bytes",
    "read_bytes_header",
]

MOST_BLOCK_SIZE = 1 << 24
"""Most bytes of a block (BYT-1)."""
MOST_BLOCKS = 1 << 32
"""Most blocks of a file (BYT-1)."""
LEAST_PREC, MOST_PREC = 8, 16
"""Bits of precision of a table (BYT-2)."""

BytesLike = bytes | bytearray | memoryview


@dataclass(frozen=True)
class BytesHeader:
    """What a file says of itself (BYT-5)."""

    count: int
    """Number of bytes that the file holds."""
    block_size: int
    """Bytes of a block, in ``[1, 2**24]``; the last one has what is left."""
    prec: int
    """Bits of precision of the table, in ``[8, 16]``."""
    freqs: tuple[int, ...] = ()
    """Of each byte value, 256 of them; none if all blocks are copied."""

    def __post_init__(self) -> None:
        """Refuse what breaks BYT-1 or BYT-2."""
        if not 1 <= self.block_size <= MOST_BLOCK_SIZE:
            raise DataError(f"blocks of {self.block_size} bytes, not 1 to {MOST_BLOCK_SIZE}")
        if self.blocks > MOST_BLOCKS:
            raise DataError(f"{self.count} bytes are {self.blocks} blocks: too many")
        if not LEAST_PREC <= self.prec <= MOST_PREC:
            raise DataError(f"{self.prec} bits of precision, not {LEAST_PREC} to {MOST_PREC}")

    @property
    def blocks(self) -> int:
        """The number of blocks (BYT-1)."""
        return -(-self.count // self.block_size)

    def block(self, index: int) -> slice:
        """Return which bytes are those of a block (BYT-1)."""
        start = index * self.block_size
        return slice(start, min(start + self.block_size, self.count))


def compress_bytes(
    data: BytesLike, *, prec: int = 14, block_size: int = 1 << 22, threads: int = 1
) -> bytes:
    """Return the file that holds some bytes.

    Spec: BYT-1 to BYT-6, BYT-9.

    Args:
        data: anything with a buffer; its bytes are taken in C order.
        prec: bits of precision of the table, in ``[8, 16]``.
        block_size: in ``[1, 2**24]``.
        threads: how many blocks are coded at a time; the file is the same.

    Raises:
        DataError: `data` has no buffer, or a number is out of its range.
    """
    text, prec, block_size = _bytes(data), integer(prec), integer(block_size)
    header = BytesHeader(len(text), block_size, prec)
    blocks = [text[header.block(i)] for i in range(header.blocks)]
    counts = [text.count(s) for s in range(256)]
    freqs = quantise_counts(counts, prec) if text else ()
    with _pool(threads) as pool:
        streams = list(pool.map(lambda block: _encode(block, freqs), blocks))
    file = io.BytesIO()
    write_container(file, _sections(header, freqs, blocks, streams))
    return file.getvalue()


def read_bytes_header(data: BytesLike) -> BytesHeader:
    """Read what a file says of itself, so also how many bytes it would become.

    Spec: BYT-5, BYT-8.

    Raises:
        FormatError: the file is broken.
        DataError: `data` has no buffer.
    """
    return _open(io.BytesIO(_bytes(data)))[0]


def decompress_bytes(data: BytesLike, *, threads: int = 1) -> bytes:
    """Undo `compress_bytes`.

    Spec: BYT-5, BYT-8, BYT-9.

    Args:
        threads: how many blocks are decoded at a time.

    Raises:
        FormatError: the file is broken.
        DataError: `data` has no buffer, or there is no thread.
    """
    file = io.BytesIO(_bytes(data))
    header, stored = _open(file)
    with _pool(threads) as pool:
        sections = (read_section(file, s) for s in stored)
        return b"".join(
            pool.map(lambda i, s: _decode(header, i, s), range(len(stored)), sections)
        )


def decompress_block(data: BytesLike, index: int) -> bytes:
    """Return the bytes of one block; the other payloads are not read.

    Spec: BYT-7.

    Raises:
        FormatError: the block or what stands outside of payloads is broken.
        DataError: there is no such block, or `data` has no buffer.
    """
    file = io.BytesIO(_bytes(data))
    header, stored = _open(file)
    if not 0 <= index < len(stored):
        raise DataError(f"block {index} of a file that has {len(stored)}")
    return _decode(header, index, read_section(file, stored[index]))


def _bytes(data: BytesLike) -> bytes:
    try:
        return memoryview(data).tobytes()
    except (TypeError, ValueError) as error:  # no buffer, or of a type without one
        raise DataError(f"no bytes: {error}") from None


def _pool(threads: int) -> ThreadPoolExecutor:
    if threads < 1:
        raise DataError(f"{threads} threads: there is at least 1")
    return ThreadPoolExecutor(threads)


def _encode(block: bytes, freqs: tuple[int, ...]) -> bytes:
    """Return the stream of a block. Spec: BYT-2."""
    words = encode_static(block, freqs)
    return struct.pack(f"<{len(words)}H", *words)


def _sections(
    header: BytesHeader, freqs: tuple[int, ...], blocks: list[bytes], streams: list[bytes]
) -> Iterator[Section]:
    """Return the sections of a file, where what is no shorter is copied (BYT-3, BYT-5)."""
    pairs = list(zip(blocks, streams, strict=True))
    saved = sum(max(0, len(block) - len(stream)) for block, stream in pairs)
    table = table_to_bytes(freqs) if freqs else b""
    pays = saved > len(table)
    fields = struct.pack("<QIH", header.count, header.block_size, header.prec)
    yield Section("BYTE", fields + (table if pays else b""))
    for i, (block, stream) in enumerate(pairs):
        is_coded = pays and len(stream) < len(block)
        kind, payload = ("CODE", stream) if is_coded else ("COPY", block)
        yield Section(kind, struct.pack("<I", i) + payload)


def _open(file: io.BytesIO) -> tuple[BytesHeader, list[StoredSection]]:
    """Read the header, and find the blocks that it promises (BYT-5, BYT-8)."""
    sections = list(read_container(file))
    if not sections or sections[0].tag != "BYTE":
        raise FormatError("the file holds no compressed bytes")
    first, *blocks = sections
    fields = Fields(read_section(file, first))
    count, block_size, prec = fields.unpack("QIH")
    table = fields.rest()
    try:
        header = BytesHeader(count, block_size, prec)
    except DataError as error:
        raise FormatError(f"section BYTE: {error}") from error
    if table:
        header = BytesHeader(count, block_size, prec, table_from_bytes(table, prec))
    if len(blocks) != header.blocks:
        raise FormatError(f"{len(blocks)} blocks where the header says {header.blocks}")
    return header, blocks


def _decode(header: BytesHeader, index: int, section: Section) -> bytes:
    """Return the bytes of a block, if it is the one that the header promises (BYT-8)."""
    fields, span = Fields(section), header.block(index)
    (stored_index,) = fields.unpack("I")
    if section.tag not in ("CODE", "COPY") or stored_index != index:
        raise FormatError(f"section {section.tag} stands where block {index} should be")
    payload, length = fields.rest(), span.stop - span.start
    if section.tag == "COPY":
        if len(payload) != length:
            raise FormatError(f"block {index}: a copy of {len(payload)} bytes, not {length}")
        return payload
    if not header.freqs or len(payload) % 2:
        raise FormatError(f"block {index}: no table, or {len(payload)} bytes are no words")
    words = struct.unpack(f"<{len(payload) // 2}H", payload)
    try:
        return bytes(decode_static(words, header.freqs, length))
    except (FormatError, MessageExhausted) as error:
        raise FormatError(f"block {index}: {error}") from error
