"""`fast.compression.byte_strings` writes and reads what the reference does, byte for byte."""

import zlib

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fast.compression.byte_strings as fast
import reference.compression.byte_strings as reference
from fast.coding import _crc
from fast.compression.byte_strings import file as fast_file
from fast.compression.byte_strings import table as fast_table
from reference.compression.byte_strings import table as reference_table
from reference.errors import DataError, SpecError
from tests.lanes import static_tables
from tests.strategies import byte_strings
from tests.test_byte_strings import CRAFTED, DATA, FILE, crafted, fields

RNG = np.random.default_rng(3)
LARGE = (RNG.standard_gamma(2.0, 40_000) * 9).astype(np.uint8).tobytes()
"""More than fills 32 lanes."""


def same(name: str, *args, **kwargs) -> object:
    """Return what both packages do, which is the same: a result, or the class of an error."""
    results = []
    for package in (fast, reference):
        try:
            results.append(getattr(package, name)(*args, **kwargs))
        except SpecError as error:
            results.append(type(error))
    assert results[0] == results[1]
    return results[0]


@pytest.mark.spec("BYT-1", "BYT-2", "BYT-3", "BYT-5", "BYT-6", "BYT-9")
@given(byte_strings(), st.integers(7, 17), st.integers(0, 400) | st.just(2**24))
@example(b"", 14, 1)
@example(b"a" * 301, 16, 300)
@example(LARGE[:20_000], 14, 17_000)
def test_files(data, prec, block_size) -> None:
    file = same("compress_bytes", data, prec=prec, block_size=block_size)
    if isinstance(file, bytes):
        assert same("decompress_bytes", file) == data
        assert same("read_bytes_header", file).count == len(data)


@pytest.mark.spec("BYT-2", "BYT-5", "BYT-9")
@pytest.mark.parametrize("block_size", [20_000, 16_385])
def test_many_lanes_at_even_and_odd_places(block_size) -> None:
    file = fast.compress_bytes(LARGE, block_size=block_size)
    assert len(file) < 0.9 * len(LARGE)
    for places in (0, 1):
        buffer = memoryview(bytes(places) + file)[places:]
        assert fast.decompress_bytes(buffer, threads=2) == LARGE
    assert fast.compress_bytes(LARGE, block_size=block_size, threads=3) == file
    last = -(-len(LARGE) // block_size) - 1
    assert fast.decompress_block(file, last) == LARGE[last * block_size :]


@pytest.mark.spec("BYT-7")
@given(byte_strings(), st.integers(1, 100), st.integers(-1, 30))
def test_blocks(data, block_size, index) -> None:
    file = fast.compress_bytes(data, block_size=block_size)
    same("decompress_block", file, index)


@pytest.mark.spec("BYT-8")
@pytest.mark.parametrize("sections", [sections for sections, _ in CRAFTED])
def test_crafted_files(sections) -> None:
    file = crafted(*sections)
    for name in ("decompress_bytes", "read_bytes_header"):
        same(name, file)
    same("decompress_block", file, 0)


tables = st.sampled_from([b"", b"\x80\2", b"\x80\1\x7f\1", b"\0\x60\x40\x40\0\3\x7f\1"])
payloads = st.binary(max_size=24) | st.binary(max_size=20).map(lambda b: b + b"\1\0")


@pytest.mark.spec("BYT-8")
@given(
    st.integers(0, 12),
    st.integers(1, 12),
    tables | st.binary(max_size=6),
    st.lists(st.tuples(st.sampled_from(["CODE", "COPY"]), payloads), max_size=3),
    st.booleans(),
)
def test_hostile_files(count, block_size, table, blocks, fits) -> None:
    """Any payloads under checksums that hold: bytes, or a refusal, and no other error."""
    if fits:
        count = len(blocks) * block_size
    payloads = [(tag, bytes([i, 0, 0, 0]) + data) for i, (tag, data) in enumerate(blocks)]
    file = crafted(("BYTE", fields(count, block_size, 8) + table), *payloads)
    data = same("decompress_bytes", file)
    assert not isinstance(data, bytes) or len(data) == count


@pytest.mark.spec("BYT-8", "FMT-5")
@given(st.binary(max_size=200), st.integers(0, len(FILE)))
def test_any_bytes(data, place) -> None:
    same("decompress_bytes", data)
    same("decompress_bytes", FILE[:place] + data + FILE[place + len(data) :])
    same("decompress_bytes", FILE[:place] + data + FILE[place:])


@pytest.mark.spec("BYT-8", "FMT-5")
def test_every_truncation_and_every_changed_byte_is_found() -> None:
    for length in range(len(FILE)):
        assert isinstance(same("decompress_bytes", FILE[:length]), type)
    for at in range(len(FILE)):
        changed = bytearray(FILE)
        changed[at] ^= 1 << at % 8
        assert isinstance(same("decompress_bytes", changed), type)


@pytest.mark.spec("BYT-8")
def test_only_what_can_be_there_is_allocated() -> None:
    """The number of blocks is compared before there is room for their bytes."""
    for count in (2**40, 2**56 - 1, 2**56, 2**64 - 1):
        file = crafted(("BYTE", fields(count, 2**24, 8)), ("COPY", bytes(9)))
        assert isinstance(same("decompress_bytes", file), type)


@pytest.mark.spec("BYT-4")
@given(static_tables(256), st.binary(max_size=12), st.integers(8, 9))
def test_tables(freqs, data, prec) -> None:
    written = fast_table.table_to_bytes(freqs)
    assert written == reference_table.table_to_bytes(freqs)
    for numbers, bits in ((written, sum(freqs).bit_length() - 1), (written, 8), (data, prec)):
        results = []
        for package in (fast_table, reference_table):
            try:
                results.append(package.table_from_bytes(numbers, bits))
            except SpecError as error:
                results.append(type(error))
        assert results[0] == results[1]


@pytest.mark.spec("BYT-4")
@given(st.lists(st.sampled_from([0, 1, 2, 64, 127, 128, 129, 254, 255]), max_size=12))
@example([128, 128, 0])
@example([0, 255, 255, 3, 128, 2])
@example([*[1] * 255, 0, 0, 1])
@example([0, 254, 1, 1, 127])
@example([128, 130, 0])
@example([128, 130, 0, 0])
@example([0, 128, 0, 128, 2, 0])
@example([0, 0, 0, 0, 128, 2])
@example([128, 2, 0])
@example([1, 255, 1])
@example([1, 255, 1, 0])
@example([1, 255, 1, 0, 0])
@example([1, 255, 1, 1])
def test_hostile_tables(numbers) -> None:
    results = []
    for package in (fast_table, reference_table):
        try:
            results.append(package.table_from_bytes(bytes(numbers), 8))
        except SpecError as error:
            results.append(type(error))
    assert results[0] == results[1]


@pytest.mark.spec("BYT-1")
def test_buffers() -> None:
    """Any buffer, contiguous or not, of bytes or wider numbers, read-only or not."""
    whole = np.frombuffer(DATA[:200], np.uint16).reshape(10, 10)
    for data in (bytearray(DATA), memoryview(DATA)[::-3], whole, whole.T, whole[:, ::2]):
        file = same("compress_bytes", data, block_size=50)
        for form in (bytearray(file), memoryview(file), np.frombuffer(file, np.uint8)):
            assert fast.decompress_bytes(form) == memoryview(data).tobytes()
    strided = np.repeat(np.frombuffer(FILE, np.uint8), 2)[::2]
    assert same("decompress_bytes", strided) == DATA
    for data in ("text", None, 5):
        for name in ("compress_bytes", "decompress_bytes", "read_bytes_header"):
            assert isinstance(same(name, data), type)


@pytest.mark.spec("BYT-9")
@given(st.integers(-2, 5))
def test_threads(threads) -> None:
    file = same("compress_bytes", DATA, block_size=90, prec=9, threads=threads)
    data = same("decompress_bytes", FILE, threads=threads)
    assert (file, data) == ((FILE, DATA) if threads > 0 else (file, file))


@pytest.mark.spec("FMT-2")
@given(st.integers(0, 1500), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_checksums(size, place, start) -> None:
    data = np.frombuffer(LARGE[place : place + size], np.uint8)
    assert _crc.crc32(data, start) == zlib.crc32(data, start)


@pytest.mark.spec("BYT-2")
def test_counting_from_other_kernels() -> None:
    """An example: a histogram of bytes in the code of another project."""

    @numba.njit
    def most_frequent(data, counts):
        fast.count_bytes_kernel(data, counts)
        return counts.sum(0).argmax()

    for size in (1, 7, 8, 63):
        counts = np.zeros((8, 256), np.uint32)
        data = np.frombuffer(DATA[:size], np.uint8)
        expected = np.bincount(data, minlength=256)
        assert most_frequent(data, counts) == expected.argmax()
        assert np.array_equal(counts.sum(0), expected)


@pytest.mark.spec("FMT-2")
@pytest.mark.skipif(not _crc.CARRYLESS, reason="no multiplication without carries here")
def test_checksums_of_other_processors(printed_by) -> None:
    """The instruction is there where its feature is, and elsewhere never emitted."""
    script = """
import zlib
from fast.coding import _crc
data = bytes(range(256)) * 9
assert _crc.crc32(data, 5) == zlib.crc32(data, 5)
code = "".join(_crc._folded.inspect_asm().values())
print(_crc.CARRYLESS, "pclmul" in code)
"""
    with_it = {"NUMBA_CPU_NAME": "westmere", "NUMBA_CPU_FEATURES": "+sse4.2,+pclmul"}
    without = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse4.2"}
    assert printed_by(script, **with_it) == "True True\n"
    assert printed_by(script, **without) == "False False\n"


@pytest.mark.spec("BYT-1")
def test_what_has_no_buffer() -> None:
    released = memoryview(b"abc")
    released.release()
    for data in (released, np.zeros(1, "M8[D]")):
        for name in ("compress_bytes", "decompress_bytes", "read_bytes_header"):
            assert isinstance(same(name, data), type)


@pytest.mark.spec("BYT-1", "BYT-2")
def test_options_of_any_width() -> None:
    file = same("compress_bytes", DATA, prec=np.uint8(9), block_size=np.uint8(90))
    assert file == FILE
    assert isinstance(same("compress_bytes", DATA, prec=9.0), type)
    assert isinstance(same("compress_bytes", DATA, block_size=90.0), type)


@pytest.mark.spec("BYT-2")
def test_bytes_that_change_meanwhile() -> None:
    """A byte that was not counted has no slot: what is in no stream is never written."""
    table = fast_file.static_table([0, 256])
    for size in (5, 1 << 14):
        with pytest.raises(DataError, match="changed"):
            fast_file._encode(table, np.zeros(size, np.uint8))
