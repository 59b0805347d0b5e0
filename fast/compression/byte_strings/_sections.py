"""The container in a buffer: sections are cut out of it and joined without copies.

Spec: FMT-1 to FMT-5. The twin of what `reference.coding.container` does with files.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fast.coding._crc import crc32
from reference.coding.container import END, HEADER_BYTES, MAGIC, VERSION
from reference.errors import FormatError

__all__ = ["SIGNATURE", "Cut", "cut_sections", "end_section", "payload_of", "section_header"]

SIGNATURE = MAGIC + struct.pack("<I", VERSION)
"""What a container starts with (FMT-1)."""


@dataclass(frozen=True)
class Cut:
    """A section of a buffer (FMT-2)."""

    tag: str
    payload: memoryview
    checksum: int


def section_header(tag: str, parts: Sequence[Any]) -> bytes:
    """Return what stands before a payload that is given in parts. Spec: FMT-2.

    Args:
        parts: of the payload; anything with a contiguous buffer.
    """
    length = checksum = 0
    for part in parts:
        length += memoryview(part).nbytes
        checksum = crc32(part, checksum)
    header = struct.pack("<4sQI", tag.encode("ascii"), length, checksum)
    return header + struct.pack("<I", crc32(header))


def end_section(count: int) -> bytes:
    """Return the section that stands last, after `count` others. Spec: FMT-3."""
    payload = struct.pack("<Q", count)
    return section_header(END, [payload]) + payload


def cut_sections(data: memoryview) -> list[Cut]:
    """Return all sections but the last one, without a look at their payloads.

    Spec: FMT-1 to FMT-4.

    Raises:
        FormatError: a byte outside the payloads is missing, changed or left over.
    """
    if data[: len(SIGNATURE)] != SIGNATURE:
        found = bytes(data[: len(SIGNATURE)])
        raise FormatError(f"signature: no file of version {VERSION} starts with {found!r}")
    cuts: list[Cut] = []
    at = len(SIGNATURE)
    while not cuts or cuts[-1].tag != END:
        cut, at = _cut(data, at, len(cuts))
        cuts.append(cut)
    if payload_of(cuts.pop()) != struct.pack("<Q", len(cuts)):
        raise FormatError(f"section {END}: it does not stand after {len(cuts)} sections")
    if at != len(data):
        raise FormatError(f"{len(data) - at} bytes follow section {END}")
    return cuts


def payload_of(cut: Cut) -> memoryview:
    """Return the payload of a section. Spec: FMT-5.

    Raises:
        FormatError: a byte of it was changed.
    """
    if crc32(cut.payload) != cut.checksum:
        raise FormatError(f"section {cut.tag}: its payload fails its checksum")
    return cut.payload


def _cut(data: memoryview, at: int, count: int) -> tuple[Cut, int]:
    """Return the section at a place, and the place after it."""
    start = at + HEADER_BYTES
    header = bytes(data[at:start])
    if len(header) < HEADER_BYTES:
        raise FormatError(f"section {count}: the file ends in its header")
    tag, length, checksum, header_checksum = struct.unpack("<4sQII", header)
    if crc32(header[:-4]) != header_checksum:
        raise FormatError(f"section {count}: its header fails its checksum")
    if not (tag.isalpha() and tag.isupper()):
        raise FormatError(f"section {count}: {tag!r} is no tag")
    if length > len(data) - start:
        raise FormatError(
            f"section {tag.decode()}: {length} bytes where the file has "
            f"{len(data) - start} left"
        )
    return Cut(tag.decode(), data[start : start + length], checksum), start + length
