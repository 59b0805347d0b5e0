"""FMT-1 to FMT-7 hold for `reference.coding.container`."""

import io
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding.ans import EMPTY, Message
from reference.coding.container import (
    Fields,
    Section,
    message_from_bytes,
    message_to_bytes,
    read_container,
    read_section,
    write_container,
)
from reference.errors import FormatError
from tests.strategies import messages

SECTIONS = (Section("HEAD", b"what it is"), Section("BODY", b""), Section("BODY", b"\x00" * 9))


def written(sections: tuple[Section, ...] = SECTIONS) -> bytes:
    file = io.BytesIO()
    write_container(file, sections)
    return file.getvalue()


def read(data: bytes) -> tuple[Section, ...]:
    file = io.BytesIO(data)
    return tuple(read_section(file, stored) for stored in read_container(file))


tags = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4).filter(
    lambda tag: tag != "DONE"
)


@pytest.mark.spec("FMT-1", "FMT-2", "FMT-3")
@given(st.lists(st.builds(Section, tags, st.binary(max_size=50)), max_size=5).map(tuple))
def test_reading_undoes_writing(sections: tuple[Section, ...]) -> None:
    assert read(written(sections)) == sections


@pytest.mark.spec("FMT-1", "FMT-2", "FMT-3")
def test_known_answer() -> None:
    """The bytes of a container, laid out by hand."""
    header = b"HEAD" + (2).to_bytes(8, "little") + crc32(b"hi").to_bytes(4, "little")
    end = b"DONE" + (8).to_bytes(8, "little")
    end += crc32((1).to_bytes(8, "little")).to_bytes(4, "little")
    assert written((Section("HEAD", b"hi"),)) == (
        bytes.fromhex("89 42 42 4B 0D 0A 1A 0A 01 00 00 00")
        + header
        + crc32(header).to_bytes(4, "little")
        + b"hi"
        + end
        + crc32(end).to_bytes(4, "little")
        + (1).to_bytes(8, "little")
    )


@pytest.mark.spec("FMT-5")
def test_every_truncation_and_every_changed_byte_is_found() -> None:
    data = written()
    for length in range(len(data)):
        with pytest.raises(FormatError):
            read(data[:length])
    for at in range(len(data)):
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            with pytest.raises(FormatError):
                read(bytes(changed))
    with pytest.raises(FormatError, match="1 bytes follow"):
        read(data + b"\0")


@pytest.mark.spec("FMT-5")
@pytest.mark.parametrize(
    ("at", "name"),
    [
        (0, "signature"),
        (9, "signature"),
        (13, "section 0"),
        (35, "section HEAD"),
        (-1, "DONE"),
    ],
)
def test_an_error_names_the_section(at: int, name: str) -> None:
    changed = bytearray(written())
    changed[at] ^= 1
    with pytest.raises(FormatError, match=name):
        read(bytes(changed))


@pytest.mark.spec("FMT-1")
def test_the_version_is_named() -> None:
    with pytest.raises(FormatError, match="version 7"):
        read(written()[:8] + struct.pack("<I", 7) + written()[12:])


def crafted(tag: bytes, length: int, payload: bytes = b"") -> bytes:
    """Return a container whose first section has a header with valid checksums."""
    header = struct.pack("<4sQI", tag, length, crc32(payload))
    return written()[:12] + header + struct.pack("<I", crc32(header)) + payload


class Watched(io.BytesIO):
    """A file that notes how much is asked of it at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and note the size."""
        self.most = max(self.most, size or 0)
        return super().read(size)


@pytest.mark.spec("FMT-4")
@pytest.mark.parametrize("length", [1, 2**20, 2**63, 2**64 - 1])
def test_a_length_beyond_the_file_is_not_believed(length: int) -> None:
    file = Watched(crafted(b"BODY", length))
    with pytest.raises(FormatError, match="BODY"):
        list(read_container(file))
    assert file.most <= 20


@pytest.mark.spec("FMT-2", "FMT-3")
@pytest.mark.parametrize("tag", [b"head", b"HE D", b"1234", b"\xc3\x84\xc3\x84"])
def test_rejects_what_is_no_tag(tag: bytes) -> None:
    with pytest.raises(FormatError, match="no tag"):
        read(crafted(tag, 0))


@pytest.mark.spec("FMT-3")
def test_rejects_another_count_of_sections() -> None:
    file = io.BytesIO(written()[:12] + written()[12 + 30 :])  # without the first section
    with pytest.raises(FormatError, match="after 2 sections"):
        list(read_container(file))


@pytest.mark.spec("FMT-6")
@given(m=messages())
def test_messages(m: Message) -> None:
    assert message_from_bytes(message_to_bytes(m)) == m
    assert len(message_to_bytes(m)) == 4 * len(m.words) + 8


@pytest.mark.spec("FMT-6")
def test_bytes_of_a_message() -> None:
    m = Message(0x0102030405060708, (0x0A0B0C0D,))
    assert message_to_bytes(m).hex(" ", 4) == "0d0c0b0a 08070605 04030201"
    assert message_to_bytes(EMPTY).hex() == "0000000001000000"


@pytest.mark.spec("FMT-6")
@pytest.mark.parametrize("data", [b"", b"\1" * 4, b"\1" * 9, b"\1" * 4 + b"\0" * 4])
def test_rejects_what_is_no_message(data: bytes) -> None:
    with pytest.raises(FormatError):
        message_from_bytes(data)


@pytest.mark.spec("FMT-7")
def test_fields_fill_their_payload() -> None:
    fields = Fields(Section("HEAD", bytes(range(1, 9))))
    assert fields.unpack("BH") == (1, 0x0302)
    assert fields.take(2) == b"\4\5"
    with pytest.raises(FormatError, match="HEAD: 3 bytes too many"):
        fields.end()
    with pytest.raises(FormatError, match="4 bytes where 3 are left"):
        fields.unpack("I")
    assert fields.rest() == b"\6\7\10"
    fields.end()
