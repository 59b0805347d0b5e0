"""Files of every format version are decoded for ever, and written alike by this one."""

import io
from pathlib import Path

import numpy as np
import pytest

from reference.coding.container import VERSION
from reference.compression.byte_strings import compress_bytes, decompress_bytes
from reference.compression.latent_codec import quantise_vae, read_model, write_model
from reference.compression.lossless import compress, decompress
from reference.models import vae

FOLDER = Path(__file__).parent / "vectors" / "container"
VERSIONS = sorted(int(p.stem[1:]) for p in FOLDER.glob("v*.bbc"))
BYTES_FOLDER = FOLDER.parent / "bytes"
BYTES_OPTIONS = {"prec": 12, "block_size": 1000}


def test_there_is_one_of_each_version() -> None:
    assert list(range(1, VERSION + 1)) == VERSIONS
    assert sorted(int(p.stem[1:]) for p in BYTES_FOLDER.glob("v*.bby")) == VERSIONS


@pytest.mark.spec("FMT-1", "LAT-9", "LSL-4", "LSL-5", "LSL-8")
@pytest.mark.parametrize("version", VERSIONS)
def test_old_files_are_read(version: int) -> None:
    with (FOLDER / f"v{version}.bbm").open("rb") as file:
        model = read_model(file)
    images = decompress(model, (FOLDER / f"v{version}.bbc").read_bytes())
    assert np.array_equal(images, np.load(FOLDER / f"v{version}.npy"))


@pytest.mark.spec("LSL-3", "LSL-8")
def test_this_version_writes_the_same_bytes() -> None:
    with (FOLDER / f"v{VERSION}.bbm").open("rb") as file:
        model = read_model(file)
    images = np.load(FOLDER / f"v{VERSION}.npy")
    assert compress(model, images, chunk_size=16) == (FOLDER / f"v{VERSION}.bbc").read_bytes()


@pytest.mark.spec("FMT-1", "BYT-5", "BYT-9")
@pytest.mark.parametrize("version", VERSIONS)
def test_old_bytes_are_read(version: int) -> None:
    data = (BYTES_FOLDER / f"v{version}.bin").read_bytes()
    assert decompress_bytes((BYTES_FOLDER / f"v{version}.bby").read_bytes()) == data


@pytest.mark.spec("BYT-3", "BYT-9")
def test_this_version_writes_the_same_files_of_bytes() -> None:
    data = (BYTES_FOLDER / f"v{VERSION}.bin").read_bytes()
    written = compress_bytes(data, **BYTES_OPTIONS)
    assert written == (BYTES_FOLDER / f"v{VERSION}.bby").read_bytes()


def write() -> None:
    """Write the files of this version, which must not exist yet."""
    rng = np.random.default_rng(1)
    # stripes, so that neither a pixel nor a chunk is like another
    images = (np.add.outer(np.arange(40) * 5, np.arange(64) * 3) % 7 < 3).astype(np.uint8)
    model = quantise_vae(vae.initialise(64, (16,), 6, rng), images)
    images = images.reshape(-1, 8, 8)
    model_file, array = io.BytesIO(), io.BytesIO()
    write_model(model_file, model)
    np.save(array, images)
    for ending, data in (
        ("bbm", model_file.getvalue()),
        ("bbc", compress(model, images, chunk_size=16)),
        ("npy", array.getvalue()),
    ):
        with (FOLDER / f"v{VERSION}.{ending}").open("xb") as file:
            file.write(data)


def write_bytes() -> None:
    """Write the files of bytes of this version, which must not exist yet."""
    rng = np.random.default_rng(2)
    # a block and more that pays to code, one that does not, and a short one at the end
    few = rng.binomial(40, 0.3, 2000).astype(np.uint8) + 60
    data = few.tobytes() + rng.bytes(1000) + few[:500].tobytes()
    for ending, content in (("bin", data), ("bby", compress_bytes(data, **BYTES_OPTIONS))):
        with (BYTES_FOLDER / f"v{VERSION}.{ending}").open("xb") as file:
            file.write(content)


if __name__ == "__main__":
    write()
    write_bytes()
