"""Data sets on disk: every format there and back, and every fault with a line of its own."""

import gzip
import io
import os
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fast.datasets import atomic_file, atomic_folder, open_images, write_images
from reference.errors import DataError

Pixels = NDArray[np.uint8]
RNG = np.random.default_rng(0)
BITS = RNG.integers(0, 2, (7, 3, 5), dtype=np.uint8)
GREY = RNG.integers(0, 256, (7, 3, 5), dtype=np.uint8)
FILES = ("a.npy", "a.npz", "a.idx", "a-ubyte", "a.idx3-ubyte", "a.idx.gz", "a-idx3-ubyte.gz")


def read(path: Path, key: str | None = None) -> Pixels:
    with open_images(path, key=key) as images:
        return np.concatenate([images[:2], images[2 : len(images)]])


def png(path: Path, image: Pixels, mode: str) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(image).convert(mode, dither=Image.Dither.NONE).save(path)


def idx(kind: int, *shape: int, pixels: bytes = b"") -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, kind, len(shape), *shape) + pixels


def npy(array: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def npz(**arrays: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **arrays)
    return file.getvalue()


def zipped(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, data)
    return file.getvalue()


# There and back


@pytest.mark.parametrize("name", [*FILES, "folder"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    """What is written in slices is read again, by slices in any order."""
    path = tmp_path / name
    write_images(path, BITS.shape, [BITS[:3], BITS[3:4], BITS[4:]])
    with open_images(path) as images:
        assert (images.shape, images.dtype, len(images)) == (BITS.shape, np.uint8, 7)
        for rows in (slice(0, 2), slice(5, 7), slice(1, 4), slice(0, 7), slice(6, 99)):
            assert np.array_equal(images[rows], BITS[rows])
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", FILES)
def test_grey_and_any_shape(tmp_path: Path, name: str) -> None:
    for array in (GREY, GREY.reshape(7, 15), GREY.reshape(7, 3, 5, 1)):
        write_images(tmp_path / name, array.shape, [array], force=True)
        assert np.array_equal(read(tmp_path / name), array)


def test_files_are_those_of_other_programs(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a-ubyte", "a-ubyte.gz"):
        write_images(tmp_path / name, BITS.shape, [BITS])
    assert np.array_equal(np.load(tmp_path / "a.npy"), BITS)
    assert np.array_equal(np.load(tmp_path / "a.npz")["images"], BITS)
    plain = struct.pack(">IIII", 0x803, 7, 3, 5) + BITS.tobytes()
    assert (tmp_path / "a-ubyte").read_bytes() == plain
    assert gzip.decompress((tmp_path / "a-ubyte.gz").read_bytes()) == plain


@pytest.mark.parametrize("name", [*FILES, "folder"])
def test_equal_data_give_equal_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever the date is."""
    contents = []
    for place, seconds in (("one", 1e9), ("two", 2e9)):
        monkeypatch.setattr("time.time", lambda seconds=seconds: seconds)
        (tmp_path / place).mkdir()
        path = tmp_path / place / name
        write_images(path, BITS.shape, [BITS])
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        contents.append([p.read_bytes() for p in files])
    assert contents[0] == contents[1]


def test_key_of_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(npz(train=BITS, test=GREY))
    assert np.array_equal(read(path, "test"), GREY)
    with pytest.raises(DataError, match="holds the arrays train, test: name one by --key"):
        read(path)
    with pytest.raises(DataError, match="no array 'valid', but train, test"):
        read(path, "valid")
    (tmp_path / "a.npy").write_bytes(npy(BITS))
    with pytest.raises(DataError, match=r"only an \.npz file has keys"):
        read(tmp_path / "a.npy", "train")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_fortran_order(tmp_path: Path, name: str) -> None:
    array = np.asfortranarray(GREY)
    (np.save if name == "a.npy" else np.savez_compressed)(tmp_path / name, array)
    assert np.array_equal(read(tmp_path / name), GREY)


def test_png_in_the_order_of_names(tmp_path: Path) -> None:
    for i in (3, 1, 2):
        png(tmp_path / f"{i}.PNG", GREY[i], "L")
    (tmp_path / "0.txt").write_text("no image")
    assert np.array_equal(read(tmp_path), GREY[1:4])


def test_png_of_one_bit_holds_0_and_1(tmp_path: Path) -> None:
    png(tmp_path / "a.png", BITS[0] * np.uint8(255), "1")
    assert np.array_equal(read(tmp_path), BITS[:1])
    write_images(tmp_path / "out", BITS.shape, [BITS])
    names = sorted(os.listdir(tmp_path / "out"))
    assert names[0] == "0.png"
    with Image.open(tmp_path / "out" / "0.png") as image:
        assert image.mode == "1"


# Faults

FAULTS: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "it is empty"),
    "text": (b"hello, world", "no .npy, .npz or IDX file: it starts with b'hello,"),
    "npy of floats": (npy(np.zeros((2, 3))), "values of type float64"),
    "npy of bools": (npy(np.zeros((2, 3), np.bool_)), "values of type bool"),
    "npy of objects": (npy(np.array([[None]])), "values of type object"),
    "npy without images": (npy(np.zeros((0, 3), np.uint8)), "there are no images"),
    "npy without pixels": (npy(np.zeros((3, 0), np.uint8)), "holds no images"),
    "npy of labels": (npy(np.zeros(3, np.uint8)), r"shape \(3,\) holds no images"),
    "npy and more": (npy(BITS) + b"0", "106 bytes of pixels where"),
    "npy of another version": (b"\x93NUMPY\x09\x00" + npy(BITS)[8:], "of version 9.0"),
    "npy with a long header": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "a header of 2147483647"),
    "npy that promises": (npy_header((1 << 40, 1 << 30)), "0 bytes of pixels where"),
    "npy of less than nothing": (npy_header((-1, 3)), "holds no images"),
    "npz without arrays": (zipped("a.txt", b""), "holds the arrays none"),
    "npz of floats": (npz(a=np.zeros((2, 3))), "values of type float64"),
    "npz of objects": (npz(a=np.array([[None]])), "values of type object"),
    "npz that promises": (zipped("a.npy", npy_header((1 << 40, 9))), "0 bytes of pixels"),
    "npz by bzip2": (zipped("a.npy", npy(BITS), zipfile.ZIP_BZIP2), "method 12"),
    "idx of shorts": (idx(0x0B, 1, 2, pixels=bytes(4)), "IDX type 0x0b"),
    "idx of labels": (idx(8, 3, pixels=bytes(3)), r"shape \(3,\) holds no images"),
    "idx without images": (idx(8, 0, 3), "there are no images"),
    "idx that promises": (idx(8, *[2**32 - 1] * 9), "0 bytes of pixels where"),
    "idx and more": (idx(8, 1, 3, pixels=bytes(4)), "4 bytes of pixels where"),
    "gzip of text": (gzip.compress(b"hello"), "two zeros, not with 0x6865"),
    "gzip that promises": (gzip.compress(idx(8, *[2**32 - 1] * 9)), "cannot hold"),
    "gzip of too little": (gzip.compress(idx(8, 2, 3, pixels=bytes(5))), "before its last"),
    "gzip and more": (gzip.compress(idx(8, 2, 3, pixels=bytes(7))), "bytes follow"),
}


@pytest.mark.parametrize(("data", "fault"), FAULTS.values(), ids=FAULTS)
def test_faults_of_files(tmp_path: Path, data: bytes, fault: str) -> None:
    """One line that names the file; whatever a header promises, little is allocated."""
    path = tmp_path / "file"
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(DataError, match=fault) as caught:
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert peak < 1 << 20


@pytest.mark.parametrize("name", FILES)
def test_truncation_at_every_byte(tmp_path: Path, name: str) -> None:
    write_images(tmp_path / name, GREY.shape, [GREY])
    data = (tmp_path / name).read_bytes()
    path = tmp_path / "truncated"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(DataError, match="truncated: "):
            read(path)


@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz`:UserWarning")
@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a-ubyte", "a-ubyte.gz"])
def test_random_bytes_change_pixels_or_are_refused(tmp_path: Path, name: str) -> None:
    write_images(tmp_path / name, GREY.shape, [GREY])
    data, rng = (tmp_path / name).read_bytes(), np.random.default_rng(1)
    refused, checked = 0, name.endswith(("npz", "gz"))
    for _ in range(300):
        changed = bytearray(data)
        changed[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        (tmp_path / name).write_bytes(changed)
        try:
            again = read(tmp_path / name)
        except DataError:
            refused += 1
        else:
            # With a checksum, only a byte that means nothing (a date, a name) goes unnoticed.
            assert not checked or np.array_equal(again, GREY)
    assert refused > 20


def test_faults_of_folders(tmp_path: Path) -> None:
    def refuse(fault: str, name: str, write: Callable[[Path], object]) -> None:
        folder = tmp_path / name.split("/")[0]
        png(folder / "0.png", GREY[0], "L")
        write(tmp_path / name)
        with pytest.raises(DataError, match=fault) as caught:
            read(folder)
        assert str(caught.value).startswith(str(tmp_path / name))

    refuse("mode and shape", "a/1.png", lambda path: png(path, GREY[0][:2], "L"))
    refuse("mode and shape", "b/1.png", lambda path: png(path, GREY[0], "1"))
    refuse("an image of mode RGB", "c/1.png", lambda path: png(path, GREY[0], "RGB"))
    refuse("a broken PNG file", "d/1.png", lambda path: path.write_bytes(b"\x89PNG"))
    refuse("a broken PNG file", "e/1.png", lambda path: path.touch())
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="none: there are no PNG files"):
        read(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


def test_png_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png(tmp_path / "0.png", GREY[0], "L")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=r"need Pillow: pip install 'bits-back\[demo\]'"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "shape", "fault"),
    [
        ("a.txt", (7, 3, 5), "its ending is none of"),
        ("a.gz", (7, 3, 5), "its ending is none of"),
        ("a.npy.gz", (7, 3, 5), "its ending is none of"),
        ("folder", (7, 15), r"images of shape \(15,\) cannot be PNG"),
        ("a.idx", (7, 1 << 32), "cannot hold images of shape"),
    ],
)
def test_outputs_of_no_format(
    tmp_path: Path, name: str, shape: tuple[int, ...], fault: str
) -> None:
    with pytest.raises(DataError, match=fault):
        write_images(tmp_path / name, shape, [])
    assert os.listdir(tmp_path) == []


def test_compressed_files_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path, part = tmp_path / "a-ubyte.gz", np.zeros((100, 10_000), np.uint8)
    write_images(path, (2_000, 10_000), (part for _ in range(20)))
    tracemalloc.start()
    with open_images(path) as images:
        total = sum(int(images[i : i + 100].size) for i in range(0, 2_000, 100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 20_000_000
    assert peak < 6_000_000


# Whole or not at all


@pytest.mark.parametrize("name", [*FILES, "folder"])
def test_an_error_leaves_nothing(tmp_path: Path, name: str) -> None:
    def slices() -> object:
        yield BITS[:3]
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_images(tmp_path / name, BITS.shape, slices())  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_what_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_text("precious")
    with pytest.raises(DataError, match="it exists; --force replaces it"):
        write_images(path, BITS.shape, [BITS])
    with pytest.raises(AssertionError):
        write_images(path, BITS.shape, [BITS[:3]], force=True)
    assert path.read_text() == "precious"
    write_images(path, BITS.shape, [BITS], force=True)
    assert np.array_equal(read(path), BITS)
    assert os.listdir(tmp_path) == ["a.npy"]


def test_what_has_come_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(DataError, match="it exists"), atomic_file(path):
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["a"]


def test_folders_are_never_replaced(tmp_path: Path) -> None:
    full, empty, file = tmp_path / "full", tmp_path / "empty", tmp_path / "file"
    (full / "precious").mkdir(parents=True)
    empty.mkdir()
    file.touch()
    for path, fault in ((full, "not empty"), (file, "it is a file")):
        with pytest.raises(DataError, match=fault):
            write_images(path, BITS.shape, [BITS], force=True)
    write_images(empty, BITS.shape, [BITS])
    assert np.array_equal(read(empty), BITS)
    assert sorted(os.listdir(tmp_path)) == ["empty", "file", "full"]
    with pytest.raises(DataError, match="not empty"), atomic_folder(tmp_path / "late"):
        (tmp_path / "late" / "theirs").mkdir(parents=True)
    assert os.listdir(tmp_path / "late") == ["theirs"]


def test_only_ordinary_files_are_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, fault in ((tmp_path / "pipe", "no ordinary file"), (tmp_path, "it is a folder")):
        with pytest.raises(DataError, match=fault), atomic_file(path, force=True):
            pass
    with pytest.raises(FileNotFoundError, match="no folder to write it in"):
        write_images(tmp_path / "no" / "a.npy", BITS.shape, [BITS])
    with pytest.raises(DataError, match="neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_links_go_on_pointing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_file(tmp_path / "link") as file:
        file.write(b"ours")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"ours"


def test_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a"):
        pass
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_full_disk_is_blamed_on_the_output(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="No space") as caught,
        atomic_file(tmp_path / "a"),
    ):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a")
