"""BYT-1 to BYT-9 hold for `reference.compression.byte_strings`."""

import io
import struct
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.coding.container import Section, read_container, read_section, write_container
from reference.coding.fixed_point import quantise_counts
from reference.coding.lanes import encode_static
from reference.compression.byte_strings import (
    BytesHeader,
    compress_bytes,
    decompress_block,
    decompress_bytes,
    read_bytes_header,
)
from reference.compression.byte_strings.table import table_from_bytes, table_to_bytes
from reference.errors import DataError, FormatError
from tests.lanes import static_tables
from tests.strategies import byte_strings

TEXT = (
    b"she sells sea shells by the sea shore; the shells she sells are sea shells, I am sure. "
)
NOISE = np.random.default_rng(0).bytes(90)
DATA = TEXT * 4 + NOISE + TEXT * 2
FILE = compress_bytes(DATA, block_size=90, prec=9)
"""Blocks that are coded, and some that are copied."""

precs = st.integers(8, 16)
block_sizes = st.one_of(st.integers(1, 400), st.just(2**24))


def sections_of(data: bytes) -> list[Section]:
    file = io.BytesIO(data)
    return [read_section(file, stored) for stored in read_container(file)]


def crafted(*sections: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    write_container(file, [Section(tag, payload) for tag, payload in sections])
    return file.getvalue()


@pytest.mark.spec("BYT-1", "BYT-5", "BYT-6")
@given(byte_strings(), precs, block_sizes)
@example(b"", 14, 1)
@example(b"a" * 301, 16, 300)
@example(bytes(range(256)), 8, 100)
def test_decompressing_undoes_compressing(data: bytes, prec: int, block_size: int) -> None:
    file = compress_bytes(data, prec=prec, block_size=block_size)
    assert decompress_bytes(file) == data
    blocks = -(-len(data) // block_size)
    assert len(file) <= len(data) + 74 + 24 * blocks
    header = read_bytes_header(file)
    assert (header.count, header.block_size, header.prec) == (len(data), block_size, prec)
    assert header.blocks == blocks


@pytest.mark.spec("BYT-2", "BYT-3", "BYT-5")
@given(byte_strings(), precs, block_sizes)
def test_the_sections_of_a_file(data: bytes, prec: int, block_size: int) -> None:
    """Written down once more, with the choice as a comparison of whole files."""
    blocks = [data[i : i + block_size] for i in range(0, len(data), block_size)]
    fields = (
        len(data).to_bytes(8, "little") + block_size.to_bytes(4, "little") + bytes([prec, 0])
    )
    copies = [("COPY", i.to_bytes(4, "little") + b) for i, b in enumerate(blocks)]
    copied = [("BYTE", fields), *copies]
    expected = copied
    if data:
        freqs = quantise_counts(np.bincount(list(data), minlength=256), prec)
        coded = [("BYTE", fields + table_to_bytes(freqs))]
        for i, block in enumerate(blocks):
            stream = np.array(encode_static(block, freqs), "<u2").tobytes()
            code = ("CODE", i.to_bytes(4, "little") + stream)
            coded.append(min(copies[i], code, key=lambda pair: len(pair[1])))
        expected = min(copied, coded, key=lambda sections: len(crafted(*sections)))
    file = compress_bytes(data, prec=prec, block_size=block_size)
    assert file == crafted(*expected)


@pytest.mark.spec("BYT-3", "BYT-5")
def test_the_example_has_both_kinds_of_blocks() -> None:
    tags = [section.tag for section in sections_of(FILE)]
    assert tags == ["BYTE", "CODE", "CODE", "CODE", "CODE", "COPY", "CODE", "CODE"]
    assert len(compress_bytes(TEXT * 9)) < 600


@pytest.mark.spec("BYT-6")
def test_noise_and_nothing_meet_the_bound() -> None:
    assert len(compress_bytes(b"")) == 74
    assert len(compress_bytes(NOISE, block_size=40)) == len(NOISE) + 74 + 3 * 24


# Tables


@pytest.mark.spec("BYT-4")
@pytest.mark.parametrize(
    ("freqs", "prec", "data"),
    [
        ([256], 8, "80 02"),
        ([0, 0, 0, 65536], 16, "00 02 80 80 04 00"),
        ([1, 127, 0, 128], 8, "01 7f 00 00 80 01"),
        ([0] * 255 + [512], 9, "00 fe 01 80 04 00"),
        ([1] * 256, 8, "01" * 256),
    ],
)
def test_bytes_of_a_table(freqs: list[int], prec: int, data: str) -> None:
    assert table_to_bytes(freqs).hex() == bytes.fromhex(data).hex()
    assert table_from_bytes(bytes.fromhex(data), prec) == (*freqs, *[0] * (256 - len(freqs)))


@pytest.mark.spec("BYT-4")
@given(static_tables(256))
def test_tables(freqs: list[int]) -> None:
    prec = sum(freqs).bit_length() - 1
    again = table_from_bytes(table_to_bytes(freqs), prec)
    assert again == (*freqs, *[0] * (256 - len(freqs)))


@pytest.mark.spec("BYT-4")
@given(st.lists(st.sampled_from([0, 1, 2, 64, 127, 128, 129, 254, 255]), max_size=12))
def test_any_bytes_are_a_table_or_refused(numbers: list[int]) -> None:
    """And no table has two forms."""
    for prec in (8, 9):
        try:
            freqs = table_from_bytes(bytes(numbers), prec)
        except FormatError:
            continue
        assert sum(freqs) == 2**prec
        assert table_to_bytes(freqs) == bytes(numbers)


@pytest.mark.spec("BYT-4")
@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("", "sum 0"),
        ("7f", "sum 127"),
        ("81 02", "sum 257"),
        ("80 02 00", "not those"),
        ("80 02 00 00", "not those"),
        ("01 ff 01", "not those"),
        ("01 ff 01 01", "not those"),
        ("80 02 01", "not those"),
        ("00 02 80 02 01", "not those"),
        ("00 02 80 02 00", "not those"),
        ("00 00 00 00 80 02", "not those"),
        ("80 82 00 00", "not those"),
        ("80 80 80 00", "no end"),
        ("80", "no end"),
        ("00 ff 01 80 02", "beyond"),
        ("01" * 255 + "00 00 01", "beyond"),
        ("00 80 80 7f 80 02", "beyond"),
        ("ff" * 1000, "no end"),
    ],
)
def test_rejects_what_is_no_table(data: str, fault: str) -> None:
    with pytest.raises(FormatError, match=fault):
        table_from_bytes(bytes.fromhex(data), 8)


# One block


@pytest.mark.spec("BYT-7")
@given(byte_strings(), st.integers(1, 100))
def test_blocks_alone(data: bytes, block_size: int) -> None:
    file = compress_bytes(data, block_size=block_size)
    for i, start in enumerate(range(0, len(data), block_size)):
        assert decompress_block(file, i) == data[start : start + block_size]


@pytest.mark.spec("BYT-7")
def test_only_its_payload_is_read() -> None:
    first = list(read_container(io.BytesIO(FILE)))[1]
    broken = bytearray(FILE)
    broken[first.offset + 20] ^= 1
    assert decompress_block(broken, 1) == DATA[90:180]
    for read in (decompress_bytes, lambda file: decompress_block(file, 0)):
        with pytest.raises(FormatError, match="CODE"):
            read(broken)


@pytest.mark.spec("BYT-7")
@pytest.mark.parametrize("index", [-1, 7, 2**40])
def test_rejects_blocks_that_are_not_there(index: int) -> None:
    with pytest.raises(DataError, match="has 7"):
        decompress_block(FILE, index)


# Damage


@pytest.mark.spec("BYT-8", "FMT-5")
def test_every_truncation_and_every_changed_byte_is_found() -> None:
    for length in range(len(FILE)):
        with pytest.raises(FormatError):
            decompress_bytes(FILE[:length])
    with pytest.raises(FormatError):
        decompress_bytes(FILE + b"\0")
    for at, flip in product(range(len(FILE)), (1, 0x80, 0xFF)):
        changed = bytearray(FILE)
        changed[at] ^= flip
        with pytest.raises(FormatError):
            decompress_bytes(changed)


def fields(count: int, block_size: int, prec: int) -> bytes:
    return struct.pack("<QIH", count, block_size, prec)


ONLY = ("BYTE", fields(9, 9, 8) + b"\0\x60\x80\2")
"""Nine bytes of the one value 97, which take no words."""
EMPTY_STREAM = ("CODE", b"\0\0\0\0\0\0\1\0")

CRAFTED = [
    ((), "no compressed bytes"),
    ((("COPY", bytes(4)),), "no compressed bytes"),
    ((("BYTE", fields(0, 9, 8)[:-1]),), "section BYTE"),
    ((("BYTE", fields(0, 0, 8)),), "blocks of 0"),
    ((("BYTE", fields(0, 2**24 + 1, 8)),), "blocks of 16777217"),
    ((("BYTE", fields(2**32 + 1, 1, 8)),), "too many"),
    ((("BYTE", fields(0, 9, 7)),), "7 bits"),
    ((("BYTE", fields(0, 9, 17)),), "17 bits"),
    ((("BYTE", fields(0, 9, 8) + b"\0"),), "beyond"),
    ((("BYTE", fields(2**40, 2**24, 8)),), "0 blocks where .* 65536"),
    ((("BYTE", fields(0, 9, 8)), EMPTY_STREAM), "1 blocks where .* 0"),
    ((ONLY, EMPTY_STREAM, EMPTY_STREAM), "2 blocks where .* 1"),
    ((ONLY, ("COPY", b"\1\0\0\0" + bytes(9))), "where block 0"),
    ((ONLY, ("COPY", b"\0\0\0")), "section COPY"),
    ((ONLY, ("CHNK", bytes(13))), "CHNK stands where block 0"),
    ((ONLY, ("COPY", bytes(4 + 8))), "copy of 8"),
    ((ONLY, ("COPY", bytes(4 + 10))), "copy of 10"),
    ((ONLY, ("CODE", EMPTY_STREAM[1] + b"\0")), "5 bytes are no words"),
    ((ONLY, ("CODE", bytes(4))), "block 0: .*too few"),
    ((ONLY, ("CODE", bytes(8))), "block 0: .*below"),
    ((ONLY, ("CODE", bytes(6) + EMPTY_STREAM[1][4:])), "block 0: .*more"),
    ((("BYTE", fields(9, 9, 8)), EMPTY_STREAM), "no table"),
    ((("BYTE", fields(9, 9, 8) + b"\x80\1\x80\1"), EMPTY_STREAM), "block 0"),
]


@pytest.mark.spec("BYT-8", "BYT-5")
@pytest.mark.parametrize(("sections", "fault"), CRAFTED)
def test_rejects_crafted_files(sections: tuple[tuple[str, bytes], ...], fault: str) -> None:
    """Their checksums hold, and yet they are not files of BYT-5."""
    with pytest.raises(FormatError, match=fault):
        decompress_bytes(crafted(*sections))


@pytest.mark.spec("BYT-8")
def test_the_parts_of_crafted_files_are_right() -> None:
    """So that what is refused above is refused for what was changed."""
    assert decompress_bytes(crafted(ONLY, EMPTY_STREAM)) == b"a" * 9
    assert decompress_bytes(crafted(ONLY, ("COPY", bytes(13)))) == bytes(9)
    assert compress_bytes(b"a" * 9, prec=8, block_size=9) == crafted(ONLY, EMPTY_STREAM)


# Arguments


@pytest.mark.spec("BYT-1", "BYT-2", "BYT-9")
@pytest.mark.parametrize(
    "options",
    [
        {"block_size": 0},
        {"block_size": 2**24 + 1},
        {"prec": 7},
        {"prec": 17},
        {"threads": 0},
        {"threads": -3},
    ],
)
def test_rejects_bad_options(options: dict[str, int]) -> None:
    for data in (b"", b"abc"):
        with pytest.raises(DataError):
            compress_bytes(data, **options)
    if "threads" in options:
        with pytest.raises(DataError):
            decompress_bytes(FILE, **options)


@pytest.mark.spec("BYT-1")
def test_rejects_too_many_blocks() -> None:
    """Without 2**32 bytes at hand."""
    with pytest.raises(DataError, match="too many"):
        BytesHeader(2**32 + 1, 1, 14)
    assert BytesHeader(2**32, 1, 14).blocks == 2**32


@pytest.mark.spec("BYT-1")
@pytest.mark.parametrize("data", ["text", None, [1, 2], 5])
def test_rejects_what_has_no_bytes(data: object) -> None:
    for function in (compress_bytes, decompress_bytes, read_bytes_header):
        with pytest.raises(DataError, match="no bytes"):
            function(data)  # type: ignore[operator]


@pytest.mark.spec("BYT-1")
def test_anything_with_a_buffer_has_bytes() -> None:
    whole = np.frombuffer(DATA[:200], np.uint16).reshape(10, 10)
    for data in (bytearray(DATA), memoryview(DATA)[::-3], whole, whole.T, whole[:, ::2]):
        expected = memoryview(data).tobytes()
        file = compress_bytes(data, block_size=50)  # type: ignore[arg-type]
        assert decompress_bytes(bytearray(file)) == expected
        assert decompress_bytes(memoryview(file)) == expected


@pytest.mark.spec("BYT-9")
def test_threads_change_nothing() -> None:
    assert compress_bytes(DATA, block_size=90, prec=9, threads=3) == FILE
    assert decompress_bytes(FILE, threads=3) == DATA
