"""Files of whole data sets: the same bytes from every engine and any number of jobs."""

import doctest
import io
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fast.files
from fast.files import EngineName, compress, decompress, load_engine
from reference.coding.ans import information
from reference.compression import lossless
from reference.compression.latent_codec import LatentModel, quantise_vae
from reference.errors import DataError, FormatError, ModelError
from reference.models.mlp import Layer
from reference.models.vae import Vae, initialise

Pixels = NDArray[np.uint8]
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 2, (13, 3, 4), dtype=np.uint8)
ENGINES: tuple[EngineName, ...] = ("reference", "fast")


def small_model(seed: int = 0) -> LatentModel:
    vae = initialise(12, (5,), 2, np.random.default_rng(seed))
    return quantise_vae(vae, IMAGES.reshape(13, 12), latent_bits=3)


MODEL, OTHER = small_model(), small_model(1)


def packed(images: Any = IMAGES, **options: Any) -> bytes:
    file = io.BytesIO()
    compress(MODEL, images, file, **{"engine": "reference", "chunk_size": 5, **options})
    return file.getvalue()


def unpacked(data: bytes, model: LatentModel = MODEL, **options: Any) -> Pixels:
    options = {"engine": "reference", **options}
    return np.concatenate(list(decompress(model, io.BytesIO(data), **options)))


FILE = packed()


@pytest.mark.spec("LSL-5", "LSL-8")
def test_the_file_is_that_of_the_reference() -> None:
    assert lossless.compress(MODEL, IMAGES, chunk_size=5) == FILE
    assert np.array_equal(lossless.decompress(MODEL, FILE), IMAGES)


@pytest.mark.spec("LSL-8")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_every_engine_and_any_jobs(engine: EngineName, jobs: int) -> None:
    assert packed(engine=engine, jobs=jobs) == FILE
    again = unpacked(FILE, engine=engine, jobs=jobs)
    assert (again.dtype, again.shape) == (np.uint8, IMAGES.shape)
    assert np.array_equal(again, IMAGES)


@pytest.mark.spec("LSL-1", "LSL-4")
@settings(max_examples=30)
@given(count=st.integers(1, 13), chunk_size=st.integers(1, 14))
def test_round_trip(count: int, chunk_size: int) -> None:
    data = packed(IMAGES[:count], chunk_size=chunk_size)
    assert np.array_equal(unpacked(data), IMAGES[:count])


@pytest.mark.spec("LSL-6")
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_range(jobs: int) -> None:
    for start in range(13):
        for stop in range(start + 1, 14):
            part = unpacked(FILE, start=start, stop=stop, jobs=jobs, engine="fast")
            assert np.array_equal(part, IMAGES[start:stop])


@pytest.mark.spec("LSL-6")
@pytest.mark.parametrize(("start", "stop"), [(0, 14), (13, None), (5, 5), (-1, 3), (6, 5)])
def test_ranges_that_are_refused(start: int, stop: int | None) -> None:
    with pytest.raises(DataError, match=r"images -?[0-9]+ to"):
        unpacked(FILE, start=start, stop=stop)


@pytest.mark.spec("LSL-6")
def test_a_range_reads_only_its_chunks() -> None:
    """Damage in another chunk goes unnoticed, and in one of its own does not."""
    damaged = bytearray(FILE)
    damaged[-40] ^= 1  # in the last chunk's payload, before the end section of 28 bytes
    assert np.array_equal(unpacked(bytes(damaged), stop=10), IMAGES[:10])
    with pytest.raises(FormatError, match="section CHNK: its payload fails its checksum"):
        unpacked(bytes(damaged), start=9)


@pytest.mark.spec("BBK-4", "LSL-3")
@pytest.mark.parametrize("engine", ENGINES)
def test_report(engine: EngineName) -> None:
    file = io.BytesIO()
    report = compress(MODEL, IMAGES, file, engine=engine, chunk_size=5)
    rows = IMAGES.reshape(13, 12)
    chunks = [lossless.encode_chunk(MODEL, rows[i : i + 5]) for i in (0, 5, 10)]
    starts = [
        information(lossless.encode_plain(MODEL, rows[i : i + c.plain]))
        for i, c in zip((0, 5, 10), chunks, strict=True)
    ]
    ends = [information(c.message) for c in chunks]
    assert (report.images, report.pixels, report.chunks) == (13, 12, 3)
    assert report.plain == tuple(c.plain for c in chunks)
    assert all(report.plain)
    assert report.initial_bits == sum(starts) > 0
    assert report.total_bits == sum(ends)
    assert report.net_bits == sum(ends) - sum(starts)
    assert report.net_bits_per_pixel == report.net_bits / (12 * (13 - sum(report.plain)))
    assert report.file_bytes == len(FILE)
    assert 8 * report.file_bytes == report.file_bits_per_pixel * 13 * 12
    assert report.total_bits_per_pixel < report.file_bits_per_pixel
    assert report.seconds > 0


def test_report_without_bits_back() -> None:
    """Of one image a chunk, all are coded plainly, and there is no net rate."""
    report = compress(MODEL, IMAGES[:2], io.BytesIO(), engine="reference", chunk_size=1)
    assert report.plain == (1, 1)
    assert report.net_bits == 0
    assert np.isnan(report.net_bits_per_pixel)


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    packed(progress=lambda *numbers: seen.append(numbers))
    assert seen == [(5, 13), (10, 13), (13, 13)]
    seen.clear()
    unpacked(FILE, start=7, progress=lambda *numbers: seen.append(numbers))
    assert seen == [(3, 6), (6, 6)]


def test_only_the_jobs_are_in_flight() -> None:
    """However many chunks there are, few are read before the first of them is written."""
    for jobs in (1, 3):
        read: list[int] = []

        def items(read: list[int] = read) -> Iterator[int]:
            for i in range(50):
                read.append(i)
                yield i

        results = fast.files._in_order(lambda i: i * i, items(), jobs)
        for i, result in enumerate(results):
            assert result == i * i
            assert len(read) <= i + 1 + jobs


@pytest.mark.parametrize(("engine", "jobs"), [("fast", 3), ("reference", 1)])
def test_only_kernels_run_in_threads(
    monkeypatch: pytest.MonkeyPatch, engine: EngineName, jobs: int
) -> None:
    """Plain Python would not get faster, and could not be interrupted."""
    seen: list[int] = []

    def in_order(function: Any, items: Any, jobs: int) -> Any:
        seen.append(jobs)
        return map(function, items)

    monkeypatch.setattr(fast.files, "_in_order", in_order)
    assert np.array_equal(
        unpacked(packed(engine=engine, jobs=3), engine=engine, jobs=3), IMAGES
    )
    assert seen == [jobs, jobs]


def test_threads_share_the_work() -> None:
    barrier = threading.Barrier(2, timeout=20)  # passes only if two are at work
    results = fast.files._in_order(lambda i: barrier.wait() * 0 + i, range(4), 2)
    assert list(results) == [0, 1, 2, 3]


def test_memory_grows_with_the_chunk_not_with_the_data() -> None:
    class Endless:
        """Images that are made when they are asked for."""

        dtype = np.dtype(np.uint8)

        def __init__(self, count: int) -> None:
            self.shape = (count, 3, 4)

        def __len__(self) -> int:
            return self.shape[0]

        def __getitem__(self, rows: slice) -> Pixels:
            return np.zeros((len(range(*rows.indices(len(self)))), 3, 4), np.uint8)

    class Null(io.RawIOBase):
        def write(self, data: Any) -> int:
            return len(data)

        def tell(self) -> int:
            return 0

    def peak(count: int, jobs: int) -> int:
        tracemalloc.start()
        options: dict[str, Any] = {"engine": "fast", "chunk_size": 2_000, "jobs": jobs}
        compress(MODEL, Endless(count), Null(), **options)  # type: ignore[arg-type]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    packed(engine="fast")  # what is built once
    for jobs in (1, 2):
        assert peak(40_000, jobs) < 1.5 * peak(8_000, jobs)


# Bad input


@pytest.mark.spec("FMT-5", "FMT-3")
@pytest.mark.parametrize("engine", ENGINES)
def test_truncation_at_every_byte(engine: EngineName) -> None:
    for size in range(len(FILE)):
        with pytest.raises(FormatError):
            unpacked(FILE[:size], engine=engine)


@pytest.mark.spec("FMT-5")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_thousand_bytes_changed(engine: EngineName) -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        changed = bytearray(FILE)
        changed[rng.integers(len(FILE))] ^= int(rng.integers(1, 256))
        with pytest.raises(FormatError, match=r"section|signature"):
            unpacked(bytes(changed), engine=engine)


@pytest.mark.spec("FMT-3", "FMT-5")
def test_bytes_that_follow() -> None:
    with pytest.raises(FormatError, match="1 bytes follow section DONE"):
        unpacked(FILE + b"\0")


@pytest.mark.spec("LSL-7")
def test_another_model() -> None:
    with pytest.raises(ModelError, match=r"made with model [0-9a-f]{64}, not [0-9a-f]{64}"):
        unpacked(FILE, OTHER)


@pytest.mark.spec("LSL-1", "LSL-2")
@pytest.mark.parametrize(
    ("images", "fault"),
    [
        (IMAGES[:, :2], "where the model has 12 pixels"),
        (IMAGES.astype(np.float64), "images of type float64 where uint8"),
        (IMAGES.astype(bool), "images of type bool where uint8"),
        (IMAGES * np.uint8(2), "a pixel is 2"),
        (IMAGES[:0], "there are no images"),
    ],
)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("jobs", [1, 2])
def test_images_that_do_not_fit(
    images: Pixels, fault: str, engine: EngineName, jobs: int
) -> None:
    with pytest.raises(DataError, match=fault):
        packed(images, engine=engine, jobs=jobs)


@pytest.mark.spec("LSL-1")
@pytest.mark.parametrize("chunk_size", [0, -1, 65537])
def test_chunk_sizes_that_are_refused(chunk_size: int) -> None:
    with pytest.raises(DataError, match=f"chunks of {chunk_size} images"):
        packed(chunk_size=chunk_size)


@pytest.mark.spec("INN-6")
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("layer", [0, 1])
def test_weights_that_are_not_finite(value: float, layer: int) -> None:
    vae = initialise(12, (5,), 2, np.random.default_rng(0))
    layers = list(vae.decoder)
    layers[layer] = Layer(layers[layer].weights + np.float32(value), layers[layer].bias)
    with np.errstate(invalid="ignore"), pytest.raises(ModelError, match="not finite"):
        quantise_vae(Vae(vae.encoder, tuple(layers)), IMAGES.reshape(13, 12))


def test_the_example_of_the_module() -> None:
    found = doctest.testmod(fast.files)
    assert found.attempted > 0
    assert found.failed == 0


def test_engines_are_not_each_other() -> None:
    slow, quick = load_engine("reference"), load_engine("fast")
    assert slow.encode_chunk is not quick.encode_chunk
    assert (slow.parallel, quick.parallel) == (False, True)
