"""LSL-1 to LSL-8 hold for `reference.compression.lossless`."""

import io
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reference.coding.ans import EMPTY, Message, push
from reference.coding.bits_back import bits_back
from reference.coding.container import Section, read_container, read_section, write_container
from reference.compression.latent_codec import (
    LatentModel,
    codecs,
    digest,
    likelihood,
    middle_latents,
    prior,
    quantise_vae,
)
from reference.compression.lossless import (
    Chunk,
    Header,
    compress,
    decode_chunk,
    decompress,
    encode_chunk,
    encode_plain,
    read_chunks,
    read_header,
    write_file,
)
from reference.errors import DataError, FormatError, MessageExhausted, ModelError, SpecError
from reference.models import vae
from tests.strategies import images, latent_models

Images = NDArray[np.uint8]


def example_model(seed: int = 3, pixels: int = 12) -> LatentModel:
    """A model that was never trained: it codes badly, and losslessly."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (40, pixels), np.uint8)
    return quantise_vae(vae.initialise(pixels, (8,), 3, rng), x)


MODEL = example_model()
DATA = np.random.default_rng(1).integers(0, 2, (23, 3, 4), np.uint8)
FILE = compress(MODEL, DATA, chunk_size=5)


@pytest.mark.spec("LSL-2", "LSL-3", "LSL-4")
@settings(max_examples=50)
@given(model=latent_models(), data=st.data())
def test_decoding_undoes_encoding(model: LatentModel, data: st.DataObject) -> None:
    x = data.draw(images(model))
    chunk = encode_chunk(model, x)
    assert (chunk.images, chunk.message == EMPTY) == (len(x), False)
    again = decode_chunk(model, chunk)
    assert again.dtype == np.uint8
    assert np.array_equal(again, x)


def chain(model: LatentModel, rows: list[tuple[int, ...]], plain: int) -> Message:
    """LSL-3 by hand, for a given number of plain images."""
    m, codec = EMPTY, bits_back(*codecs(model))
    for i, x in enumerate(rows):
        if i < plain:
            z = middle_latents(model, x)
            m = prior(model).push(likelihood(model, z).push(m, x), z)
        else:
            m = codec.push(m, x)
    return m


@pytest.mark.spec("LSL-2", "LSL-3")
@settings(max_examples=50)
@given(model=latent_models(), data=st.data())
def test_as_few_images_as_can_be_are_plain(model: LatentModel, data: st.DataObject) -> None:
    x = data.draw(images(model))
    rows = [tuple(row) for row in x.tolist()]
    for plain in count():
        try:
            m = chain(model, rows, plain)
        except MessageExhausted:
            continue
        break
    assert encode_chunk(model, x) == Chunk(len(rows), plain, m)
    assert encode_plain(model, x[:plain]) == chain(model, rows[:plain], plain)


@pytest.mark.spec("LSL-1", "LSL-5", "LSL-6")
@given(chunk_size=st.integers(1, 30), data=st.data())
@settings(max_examples=30)
def test_files_and_ranges(chunk_size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DATA) - 1))
    stop = data.draw(st.integers(start + 1, len(DATA)))
    file = compress(MODEL, DATA, chunk_size=chunk_size)
    assert np.array_equal(decompress(MODEL, file), DATA)
    part = decompress(MODEL, file, start=start, stop=stop)
    assert part.shape == (stop - start, 3, 4)
    assert np.array_equal(part, DATA[start:stop])


@pytest.mark.spec("LSL-1", "LSL-5")
def test_the_sections_of_a_file() -> None:
    file = io.BytesIO(FILE)
    first, *rest = (read_section(file, stored) for stored in read_container(file))
    shape = (3).to_bytes(4, "little") + (4).to_bytes(4, "little")
    numbers = (23).to_bytes(8, "little") + (5).to_bytes(4, "little")
    assert first == Section("DATA", digest(MODEL) + b"\2" + shape + numbers)
    assert [section.tag for section in rest] == ["CHNK"] * 5
    for index, section in enumerate(rest):
        chunk = encode_chunk(MODEL, DATA[5 * index : 5 * index + 5].reshape(-1, 12))
        numbers = (index, chunk.images, chunk.plain)
        words = b"".join(w.to_bytes(4, "little") for w in chunk.message.words)
        head = chunk.message.head.to_bytes(8, "little")
        fields = b"".join(n.to_bytes(4, "little") for n in numbers)
        assert section.payload == fields + words + head


@pytest.mark.spec("LSL-6")
def test_only_the_chunks_of_a_range_are_read() -> None:
    """Damage in another chunk's payload does not matter to the range."""
    file = io.BytesIO(FILE)
    last = list(read_container(file))[-1]
    broken = bytearray(FILE)
    broken[last.offset + 20] ^= 1
    assert np.array_equal(decompress(MODEL, bytes(broken), start=3, stop=20), DATA[3:20])
    with pytest.raises(FormatError, match="CHNK"):
        decompress(MODEL, bytes(broken), start=3, stop=21)


@pytest.mark.spec("LSL-6")
@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (4, 3), (0, 24), (23, 24)])
def test_rejects_bad_ranges(start: int, stop: int) -> None:
    with pytest.raises(DataError, match="holds 23"):
        decompress(MODEL, FILE, start=start, stop=stop)


@pytest.mark.spec("LSL-2")
@pytest.mark.parametrize(
    "x",
    [
        np.zeros((2, 11), np.uint8),
        np.zeros((2, 12), np.int64),
        np.zeros((2, 12), bool),
        np.zeros((2, 12), np.float64),
        np.full((2, 12), 2, np.uint8),
        np.zeros((0, 12), np.uint8),
        np.zeros(12, np.uint8),
        np.zeros((2**16 + 1, 12), np.uint8),
    ],
)
def test_rejects_bad_images(x: Images) -> None:
    with pytest.raises(DataError):
        encode_chunk(MODEL, x)


@pytest.mark.spec("LSL-1", "LSL-2")
@pytest.mark.parametrize("x", [np.zeros((0, 12), np.uint8), np.full((2, 12), 255, np.uint8)])
def test_rejects_bad_data_sets(x: Images) -> None:
    with pytest.raises(DataError):
        compress(MODEL, x)


@pytest.mark.spec("LSL-1")
@pytest.mark.parametrize("chunk_size", [0, -1, 2**16 + 1])
def test_rejects_bad_chunk_sizes(chunk_size: int) -> None:
    with pytest.raises(DataError):
        compress(MODEL, DATA, chunk_size=chunk_size)


@pytest.mark.spec("LSL-5")
def test_rejects_what_does_not_fit_a_field() -> None:
    """A header is refused when it is made, not when its bytes are."""
    with pytest.raises(DataError, match="4294967296"):
        compress(MODEL, np.zeros((1, 2**32, 0), np.uint8))
    model, widest = digest(MODEL), (2**32 - 1,) * 32
    for shape, count_of_images in (
        (widest, 2**64),
        ((-1, 12), 1),
        ((12, 2**32), 1),
        ((1,) * 33, 1),
    ):
        with pytest.raises(DataError):
            Header(model, shape, count_of_images, 1)
    file = io.BytesIO()
    header = Header(model, widest, 2**64 - 1, 2**16)
    write_file(file, header, ())
    assert read_header(file) == header


@pytest.mark.spec("LSL-7")
def test_rejects_another_model() -> None:
    other = example_model(seed=4)
    with pytest.raises(ModelError, match=rf"{digest(MODEL).hex()}.*{digest(other).hex()}"):
        decompress(other, FILE)


@pytest.mark.spec("FMT-5", "LSL-5")
def test_every_truncation_and_many_changed_bytes_are_found() -> None:
    rng = np.random.default_rng(6)
    for length in range(len(FILE)):
        with pytest.raises(SpecError):
            decompress(MODEL, FILE[:length])
    for _ in range(1000):
        changed = bytearray(FILE)
        changed[rng.integers(len(FILE))] ^= rng.integers(1, 256)
        with pytest.raises(SpecError):
            decompress(MODEL, bytes(changed))


@pytest.mark.spec("LSL-4")
def test_rejects_messages_that_no_images_left() -> None:
    chunk = encode_chunk(MODEL, DATA[:9].reshape(9, 12))
    more = replace(chunk, message=push(chunk.message, 0, 1, 8))
    fewer = replace(chunk, message=Message(chunk.message.head, chunk.message.words[1:]))
    swapped = replace(chunk, message=Message(chunk.message.head ^ 1, chunk.message.words))
    for broken in (more, fewer, swapped, replace(chunk, images=8), replace(chunk, plain=0)):
        with pytest.raises(FormatError):
            decode_chunk(MODEL, broken)


def crafted(header: bytes, *chunks: bytes) -> io.BytesIO:
    file = io.BytesIO()
    sections = [Section("DATA", header), *(Section("CHNK", chunk) for chunk in chunks)]
    write_container(file, sections)
    return file


HEADER = (
    digest(MODEL) + b"\1\x0c\0\0\0" + (2).to_bytes(8, "little") + (9).to_bytes(4, "little")
)
EMPTY_CHUNK = b"\0\0\0\0\2\0\0\0\0\0\0\0" + b"\0\0\0\0\1\0\0\0"


@pytest.mark.spec("LSL-5")
@pytest.mark.parametrize(
    ("header", "chunks", "fault"),
    [
        (HEADER[:-1], (), "are left"),
        (HEADER + b"\0", (), "too many"),
        (HEADER[:37] + bytes(8) + HEADER[45:], (), "no images"),
        (HEADER[:-4] + bytes(4), (), "chunks of 0"),
        (HEADER[:-4] + b"\1\0\1\0", (), "chunks of 65537"),
        (HEADER[:33] + b"\x0d" + HEADER[34:], (), "12 pixels"),
        (HEADER[:32] + b"\x21" + b"\1\0\0\0" * 32 + HEADER[33:], (), "33 dimensions"),
        (HEADER, (), "0 chunks"),
        (HEADER, (b"\1" + EMPTY_CHUNK[1:],), "stands where chunk 0"),
        (HEADER, (EMPTY_CHUNK[:4] + b"\1" + EMPTY_CHUNK[5:],), "1 images"),
        (HEADER, (EMPTY_CHUNK[:8] + b"\3" + EMPTY_CHUNK[9:],), "3 of them plain"),
        (HEADER, (EMPTY_CHUNK[:-1],), "chunk 0: 7 bytes"),
        (HEADER, (EMPTY_CHUNK[:-4] + bytes(4),), "chunk 0: the head"),
        (HEADER, (EMPTY_CHUNK,), "ends early"),
    ],
)
def test_rejects_crafted_files(header: bytes, chunks: tuple[bytes, ...], fault: str) -> None:
    """Their checksums hold, and yet they are not files of LSL-5."""
    file = crafted(header, *chunks)
    with pytest.raises(FormatError, match=fault):
        decompress(MODEL, file.getvalue())


@pytest.mark.spec("LSL-5")
def test_rejects_a_chunk_too_many() -> None:
    file = io.BytesIO(FILE)
    first, *rest = (read_section(file, stored) for stored in read_container(file))
    again = io.BytesIO()
    write_container(again, [first, *rest, rest[0]])
    with pytest.raises(FormatError, match="6 chunks where the header says 5"):
        decompress(MODEL, again.getvalue())


@pytest.mark.spec("LSL-5")
def test_rejects_what_is_no_data_file() -> None:
    for sections in ([], [Section("MODL", b"")], [Section("CHNK", EMPTY_CHUNK)]):
        file = io.BytesIO()
        write_container(file, sections)
        with pytest.raises(FormatError, match="no compressed images"):
            read_header(file)


@pytest.mark.spec("LSL-5")
def test_chunks_are_written_as_they_come() -> None:
    """A writer holds one chunk at a time, and a reader too."""
    header = Header(digest(MODEL), (12,), 4, 2)
    seen: list[int] = []

    def chunks():
        for start in (0, 2):
            seen.append(len(file.getvalue()))
            yield encode_chunk(MODEL, DATA[start : start + 2].reshape(2, 12))

    file = io.BytesIO()
    write_file(file, header, chunks())
    assert 0 < seen[0] < seen[1] < len(file.getvalue())
    reader = read_chunks(file, header, 0, 4)
    next(reader)
    assert file.tell() < len(file.getvalue()) / 2 + 60
