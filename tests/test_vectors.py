"""Files of every format version are decoded for ever, and written alike by this one."""

import io
from pathlib import Path

import numpy as np
import pytest

from reference.coding.container import VERSION
from reference.compression.latent_codec import quantise_vae, read_model, write_model
from reference.compression.lossless import compress, decompress
from reference.models import vae

FOLDER = Path(__file__).parent / "vectors" / "container"
VERSIONS = sorted(int(p.stem[1:]) for p in FOLDER.glob("v*.bbc"))


def test_there_is_one_of_each_version() -> None:
    assert list(range(1, VERSION + 1)) == VERSIONS


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


if __name__ == "__main__":
    write()
