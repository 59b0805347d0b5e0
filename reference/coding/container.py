"""The container: sections of bytes that show when any of them was changed.

Spec: FMT-1 to FMT-7.

::

    signature   magic                  8 bytes
                format version         u32
    section     tag                    4 capital letters
                length of the payload  u64
                CRC-32 of the payload  u32
                CRC-32 of the above    u32     of tag, length and CRC: 16 bytes
                payload
    ...
    section     DONE                   its payload: the number of sections before it, u64

All integers are little-endian. A reader believes a length only when its checksum holds
and the file has that many bytes left, so nothing is allocated on the word of a bad file.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO
from zlib import crc32

from reference.coding.ans import Message
from reference.errors import FormatError
from reference.params import WORD_BITS

__all__ = [
    "Fields",
    "Section",
    "StoredSection",
    "message_from_bytes",
    "message_to_bytes",
    "read_container",
    "read_section",
    "write_container",
]

MAGIC = b"\x89BBK\r\n\x1a\n"
"""The first bytes of every container (FMT-1)."""
VERSION = 1
"""The format version that this module writes, and the only one it reads (FMT-1)."""
END = "DONE"
"""The tag of the last section (FMT-3)."""
HEADER_BYTES = 20
"""Size of what stands before a payload (FMT-2)."""


@dataclass(frozen=True)
class Section:
    """A named run of bytes (FMT-2)."""

    tag: str
    """Four capital letters."""
    payload: bytes


@dataclass(frozen=True)
class StoredSection:
    """Where the payload of a section lies in a file (FMT-2)."""

    tag: str
    offset: int
    length: int
    checksum: int


def write_container(file: BinaryIO, sections: Iterable[Section]) -> None:
    """Write the signature, the sections one by one, and the last section.

    Spec: FMT-1, FMT-2, FMT-3.
    """
    file.write(MAGIC + struct.pack("<I", VERSION))
    count = 0
    for section in sections:
        _write_section(file, section)
        count += 1
    _write_section(file, Section(END, struct.pack("<Q", count)))


def read_container(file: BinaryIO) -> Iterator[StoredSection]:
    """Find the sections one by one, without reading their payloads.

    Spec: FMT-1 to FMT-4.

    Args:
        file: open for reading bytes; it can seek.

    Raises:
        FormatError: a byte outside the payloads is missing, changed or left over; it
            names the section.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    _read_signature(file)
    count = 0
    while (stored := _read_header(file, size, count)).tag != END:
        yield stored
        file.seek(stored.offset + stored.length)
        count += 1
    if read_section(file, stored).payload != struct.pack("<Q", count):
        raise FormatError(f"section {END}: it does not stand after {count} sections")
    if file.tell() != size:
        raise FormatError(f"{size - file.tell()} bytes follow section {END}")


def read_section(file: BinaryIO, stored: StoredSection) -> Section:
    """Read the payload of a section that `read_container` found. Spec: FMT-5.

    Raises:
        FormatError: a byte of it was changed.
    """
    file.seek(stored.offset)
    payload = file.read(stored.length)
    if crc32(payload) != stored.checksum:
        raise FormatError(f"section {stored.tag}: its payload fails its checksum")
    return Section(stored.tag, payload)


def message_to_bytes(m: Message) -> bytes:
    """Return the words, bottom first, then the low and the high word of the head.

    Spec: FMT-6.
    """
    words = (*m.words, m.head % (1 << WORD_BITS), m.head >> WORD_BITS)
    return struct.pack(f"<{len(words)}I", *words)


def message_from_bytes(payload: bytes) -> Message:
    """Undo `message_to_bytes`. Spec: FMT-6.

    Raises:
        FormatError: the bytes are no whole words, or the last of them is 0.
    """
    if len(payload) % 4 or len(payload) < 8:
        raise FormatError(f"{len(payload)} bytes are no message")
    *words, low, high = struct.unpack(f"<{len(payload) // 4}I", payload)
    if high == 0:
        raise FormatError("the head of the message is below 2**32")
    return Message((high << WORD_BITS) + low, tuple(words))


class Fields:
    """The fields of a payload, read from front to back (FMT-7)."""

    def __init__(self, section: Section) -> None:
        self._tag, self._payload, self._at = section.tag, section.payload, 0

    def unpack(self, layout: str) -> tuple[int, ...]:
        """Return the next integers, laid out as `struct` says, little-endian.

        Spec: FMT-7.

        Raises:
            FormatError: the payload ends before them.
        """
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes. Spec: FMT-7.

        Raises:
            FormatError: the payload ends before them.
        """
        left = len(self._payload) - self._at
        if length > left:
            raise FormatError(
                f"section {self._tag}: a field of {length} bytes where {left} are left"
            )
        self._at += length
        return self._payload[self._at - length : self._at]

    def rest(self) -> bytes:
        """Return all bytes that are left. Spec: FMT-7."""
        return self.take(len(self._payload) - self._at)

    def end(self) -> None:
        """Check that no byte is left. Spec: FMT-7.

        Raises:
            FormatError: some are.
        """
        if left := len(self._payload) - self._at:
            raise FormatError(f"section {self._tag}: {left} bytes too many")


def _write_section(file: BinaryIO, section: Section) -> None:
    header = struct.pack(
        "<4sQI", section.tag.encode("ascii"), len(section.payload), crc32(section.payload)
    )
    file.write(header + struct.pack("<I", crc32(header)) + section.payload)


def _read_signature(file: BinaryIO) -> None:
    if (magic := file.read(len(MAGIC))) != MAGIC:
        raise FormatError(f"signature: no bits-back file starts with {magic!r}")
    version = file.read(4)
    if version != struct.pack("<I", VERSION):
        raise FormatError(
            f"signature: format version {int.from_bytes(version, 'little')} "
            f"where {VERSION} is known"
        )


def _read_header(file: BinaryIO, size: int, count: int) -> StoredSection:
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise FormatError(f"section {count}: the file ends in its header")
    tag, length, checksum, header_checksum = struct.unpack("<4sQII", header)
    if crc32(header[:-4]) != header_checksum:
        raise FormatError(f"section {count}: its header fails its checksum")
    if not (tag.isalpha() and tag.isupper()):
        raise FormatError(f"section {count}: {tag!r} is no tag")
    if length > size - file.tell():
        raise FormatError(
            f"section {tag.decode()}: {length} bytes where the file has "
            f"{size - file.tell()} left"
        )
    return StoredSection(tag.decode(), file.tell(), length, checksum)
