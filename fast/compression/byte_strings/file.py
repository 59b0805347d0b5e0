"""Compiled twin of `reference.compression.byte_strings.file`.

Spec: BYT-1 to BYT-9.
"""

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fast.coding.fixed_point import quantise_counts
from fast.coding.lanes import decode_static_kernel, default_lanes, encode_static_kernel
from fast.coding.lanes._streams import (
    HALVES,
    check_end,
    empty_heads,
    from_stream,
    integer,
)
from fast.coding.lanes._tables import StaticTable, static_table
from fast.coding.lanes.static import NO_SLOT
from fast.compression.byte_strings._counting import PARTS, count_bytes_kernel
from fast.compression.byte_strings._sections import (
    SIGNATURE,
    Cut,
    cut_sections,
    end_section,
    payload_of,
    section_header,
)
from fast.compression.byte_strings.table import table_from_bytes, table_to_bytes
from reference.compression.byte_strings import BytesHeader
from reference.errors import DataError, FormatError, MessageExhausted

__all__ = ["compress_bytes", "decompress_block", "decompress_bytes", "read_bytes_header"]

Bytes = NDArray[np.uint8]
BytesLike = bytes | bytearray | memoryview
Map = Callable[..., Iterable[Any]]
Payload = tuple[str, list[Any]]
"""A tag, and the parts of a payload, each with a buffer."""

ZERO = np.uint64(0)
FIELDS = struct.calcsize("<QIH")
"""Bytes of the section BYTE before the table (BYT-5)."""
ROOM = 8
"""Places behind the last word that the encoder may overwrite."""


def compress_bytes(
    data: BytesLike, *, prec: int = 14, block_size: int = 1 << 22, threads: int = 1
) -> bytes:
    """Return the file that holds some bytes.

    Spec: BYT-1 to BYT-6, BYT-9. Arguments and errors as for the reference.
    """
    array = _array(data)
    prec, block_size = integer(prec, DataError), integer(block_size, DataError)
    header = BytesHeader(array.size, block_size, prec)
    blocks = [array[header.block(i)] for i in range(header.blocks)]
    with _mapping(threads) as run:
        streams: list[list[Any]] = []
        freqs: list[int] = []
        if blocks:
            counts = np.sum(list(run(_counts, blocks)), 0)
            freqs = quantise_counts(counts.tolist(), prec).tolist()
            streams = list(run(partial(_encode, static_table(freqs)), blocks))
        payloads = _payloads(header, freqs, blocks, streams)
        sections = list(run(lambda tagged: [section_header(*tagged), *tagged[1]], payloads))
    return b"".join([SIGNATURE, *chain(*sections), end_section(len(sections))])


def read_bytes_header(data: BytesLike) -> BytesHeader:
    """Read what a file says of itself, so also how many bytes it would become.

    Spec: BYT-5, BYT-8. Errors as for the reference.
    """
    return _open(data)[0]


def decompress_bytes(data: BytesLike, *, threads: int = 1) -> bytes:
    """Undo `compress_bytes`.

    Spec: BYT-5, BYT-8, BYT-9. Arguments and errors as for the reference.
    """
    header, cuts = _open(data)
    # The bytes that are written to become those that are returned, without a copy, where no
    # view of them is left: so `_decode_all` makes the view.
    file = io.BytesIO(bytes(header.count))
    _decode_all(header, cuts, file, threads)
    return file.getvalue()


def decompress_block(data: BytesLike, index: int) -> bytes:
    """Return the bytes of one block; the other payloads are not read.

    Spec: BYT-7. Errors as for the reference.
    """
    header, cuts = _open(data)
    if not 0 <= index < len(cuts):
        raise DataError(f"block {index} of a file that has {len(cuts)}")
    span = header.block(index)
    out = np.empty(span.stop - span.start, np.uint8)
    _decode(header, index, cuts[index], out)
    return out.tobytes()


def _array(data: BytesLike) -> Bytes:
    """Return the bytes of anything with a buffer, without a copy if it is contiguous."""
    try:
        view = memoryview(data)
    except (TypeError, ValueError) as error:  # no buffer, or of a type without one
        raise DataError(f"no bytes: {error}") from None
    array = np.frombuffer(view if view.c_contiguous else view.tobytes(), np.uint8)
    array.flags.writeable = False  # always, or kernels would compile for both
    return array


@contextmanager
def _mapping(threads: int) -> Iterator[Map]:
    """Lend a `map` that has so many threads."""
    if threads < 1:
        raise DataError(f"{threads} threads: there is at least 1")
    if threads == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _counts(block: Bytes) -> Any:
    """Return how often each byte occurs in a block, int64. Spec: BYT-2."""
    counts = np.zeros((PARTS, 256), np.uint32)
    count_bytes_kernel(block, counts)
    return counts.sum(0, np.int64)


def _encode(table: StaticTable, block: Bytes) -> list[Any]:
    """Return the words and the heads of the stream of a block. Spec: BYT-2."""
    heads = empty_heads(default_lanes(block.size), 16)
    words = np.empty(block.size + ROOM, np.uint16)
    n = encode_static_kernel(heads, words, ZERO, block, table.entries, table.prec)
    if n == NO_SLOT:
        raise DataError("the bytes have changed since they were counted")
    half, whole = HALVES[16]
    return [words[:n].astype(half, copy=False), heads.astype(whole, copy=False)]


def _payloads(
    header: BytesHeader,
    freqs: list[int],
    blocks: list[Bytes],
    streams: list[list[Any]],
) -> list[Payload]:
    """Return what the sections of a file hold. Spec: BYT-3, BYT-5."""
    sizes = [sum(part.nbytes for part in stream) for stream in streams]
    saved = sum(max(0, b.size - size) for b, size in zip(blocks, sizes, strict=True))
    table = table_to_bytes(freqs)
    pays = saved > len(table)
    fields = struct.pack("<QIH", header.count, header.block_size, header.prec)
    payloads: list[Payload] = [("BYTE", [fields, table if pays else b""])]
    for i, (block, stream, size) in enumerate(zip(blocks, streams, sizes, strict=True)):
        is_coded = pays and size < block.size
        tag, parts = ("CODE", stream) if is_coded else ("COPY", [block])
        payloads.append((tag, [struct.pack("<I", i), *parts]))
    return payloads


def _open(data: BytesLike) -> tuple[BytesHeader, list[Cut]]:
    """Read the header, and find the blocks that it promises. Spec: BYT-5, BYT-8."""
    cuts = cut_sections(_array(data).data)
    if not cuts or cuts[0].tag != "BYTE":
        raise FormatError("the file holds no compressed bytes")
    first, *blocks = cuts
    payload = bytes(payload_of(first))
    fields, table = payload[:FIELDS], payload[FIELDS:]
    if len(fields) < FIELDS:
        raise FormatError(
            f"section BYTE: {len(fields)} bytes where there are at least {FIELDS}"
        )
    count, block_size, prec = struct.unpack("<QIH", fields)
    try:
        header = BytesHeader(count, block_size, prec)
    except DataError as error:
        raise FormatError(f"section BYTE: {error}") from error
    if table:
        header = BytesHeader(count, block_size, prec, table_from_bytes(table, prec))
    if len(blocks) != header.blocks:
        raise FormatError(f"{len(blocks)} blocks where the header says {header.blocks}")
    return header, blocks


def _decode_all(header: BytesHeader, cuts: list[Cut], file: io.BytesIO, threads: int) -> None:
    out = np.frombuffer(file.getbuffer(), np.uint8)
    outs = [out[header.block(i)] for i in range(len(cuts))]
    with _mapping(threads) as run:
        list(run(partial(_decode, header), range(len(cuts)), cuts, outs))


def _decode(header: BytesHeader, index: int, cut: Cut, out: Bytes) -> None:
    """Write the bytes of a block, if it is the one that the header promises. Spec: BYT-8."""
    payload = payload_of(cut)
    if cut.tag not in ("CODE", "COPY") or payload[:4] != struct.pack("<I", index):
        raise FormatError(f"section {cut.tag} stands where block {index} should be")
    payload = payload[4:]
    if cut.tag == "COPY":
        if len(payload) != out.size:
            raise FormatError(f"block {index}: a copy of {len(payload)} bytes, not {out.size}")
        out[:] = np.frombuffer(payload, np.uint8)
        return
    if not header.freqs or len(payload) % 2:
        raise FormatError(f"block {index}: no table, or {len(payload)} bytes are no words")
    table = static_table(header.freqs)
    words: Any = np.frombuffer(payload, HALVES[16][0]).astype(np.uint16, copy=False)
    # Compiled code takes it that words lie at even addresses, as in a file they mostly do.
    words = np.require(words, requirements="A")
    try:
        heads, below = from_stream(words, default_lanes(out.size), 16)
        below.flags.writeable = False  # always, or the kernel would compile for both
        n = decode_static_kernel(
            heads, below, np.uint64(below.size), out, table.owners, table.intervals, table.prec
        )
        check_end(heads, n, out.size)
    except (FormatError, MessageExhausted) as error:
        raise FormatError(f"block {index}: {error}") from error
