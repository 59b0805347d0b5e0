"""``bits-back demo``: all of it on scikit-learn's digits, and a comparison.

The digits are 8 x 8 pixels with values 0 to 16; half of that and more counts as ink. 1397 of
them are trained on and the other 400 compressed, always the same ones. The network's shape and
the epochs were not chosen on these but on another 400, which are trained on.
"""

import bz2
import gzip
import importlib.util
import io
import lzma
import math
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fast.cli.compress import describe
from fast.cli.faults import Outcome
from fast.cli.progress import show_progress
from fast.datasets import atomic_file, check_output
from fast.files import EngineName, Report, compress, decompress
from reference.compression.latent_codec import LatentModel, quantise_vae, write_model
from reference.errors import DataError
from reference.models.vae import Plan, Vae

__all__ = ["run"]

Pixels = NDArray[np.uint8]

PICTURE = Path("bits-back-demo.png")
HELD_OUT = slice(400, 800)
"""Which of the 1797 shuffled images are compressed, and not trained on.

The plan was chosen by its rate on the 400 before them; on those it would look too good.
"""
EPOCHS, QUICK_EPOCHS = 400, 20
SAMPLES = 100
"""How many draws of the noise an image's -ELBO is estimated from."""
ENGINES: tuple[EngineName, ...] = ("fast", "reference")
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "lzma": lzma.compress,
}


def run(options: Namespace) -> Outcome:
    """Train, compress, decompress, verify, compare, and draw."""
    _check_extras()
    picture = options.picture or PICTURE
    # The demo may replace a picture of its own, but no file that was named to it.
    force = options.force or options.picture is None
    check_output(picture, force=force)
    epochs = options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS)
    clock = _Clock({})
    training, images = _digits(clock)
    vae, model = _train(training, epochs, options.seed, clock)
    bound = _bound(vae, images, options.seed, clock)
    report = _round_trip(model, images, clock)
    with clock.step("draw the picture"):
        from fast.cli.picture import draw

        with atomic_file(picture, force=force) as file:
            draw(file, model, images, np.random.default_rng(options.seed))
    demo = _Demo(picture, epochs, bound, images, _model_bytes(model), report, clock.seconds)
    return _record(demo), [*_table(demo), "", *_rates(demo), "", *_seconds(demo)]


@dataclass(frozen=True)
class _Clock:
    """Seconds of every step, by its name."""

    seconds: dict[str, float]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


@dataclass(frozen=True)
class _Demo:
    """What the demo has found out."""

    picture: Path
    epochs: int
    bound: float
    """-ELBO of the float networks, in bits per pixel."""
    images: Pixels
    model_bytes: int
    report: Report
    seconds: dict[str, float]

    @property
    def bytes(self) -> dict[str, int]:
        """How large the images are, raw and in every format."""
        raw = np.packbits(self.images).tobytes()
        others = {name: len(function(raw)) for name, function in CODECS.items()}
        return {"raw": len(raw), **others, "bits-back": self.report.file_bytes}


# Steps


def _check_extras() -> None:
    for package in ("sklearn", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise DataError(f"the demo needs {package}: pip install 'bits-back[demo]'")


def _digits(clock: _Clock) -> tuple[Pixels, Pixels]:
    """Return the images to train on and the held-out ones."""
    with clock.step("load the images"):
        from sklearn.datasets import load_digits

        digits = (load_digits().images >= 8).astype(np.uint8)
        order = np.random.default_rng(0).permutation(len(digits))
    return digits[np.delete(order, HELD_OUT)], digits[order[HELD_OUT]]


def _train(training: Pixels, epochs: int, seed: int, clock: _Clock) -> tuple[Vae, LatentModel]:
    plan = Plan(
        hidden=(128, 64),
        latents=8,
        epochs=epochs,
        batch_size=50,
        learning_rate=1e-3,
        decay=0.8,
    )
    rows, rng = training.reshape(len(training), -1), np.random.default_rng(seed)
    with clock.step("compile the kernels"), show_progress("compile") as progress:
        import fast
        from fast.models.vae import train

        train(rows[:100], Plan(epochs=1), np.random.default_rng(0), peak=1)
        progress(1, 2)
        fast.warmup()
    with clock.step("train"), show_progress("train") as progress:
        vae, _ = train(rows, plan, rng, peak=1, on_step=progress)
    with clock.step("round to integers"):
        return vae, quantise_vae(vae, rows)


def _bound(vae: Vae, images: Pixels, seed: int, clock: _Clock) -> float:
    from fast.models.vae import negative_elbo_bits_per_pixel

    with clock.step("estimate -ELBO"):
        rows, rng = images.reshape(len(images), -1), np.random.default_rng(seed)
        return negative_elbo_bits_per_pixel(vae, rows, SAMPLES, rng)


def _round_trip(model: LatentModel, images: Pixels, clock: _Clock) -> Report:
    """Compress and decompress with both engines, and verify all there is to verify."""
    files: list[bytes] = []
    for engine in ENGINES:
        file = io.BytesIO()
        with clock.step(f"compress, {engine}"):
            report = compress(model, images, file, engine=engine)
        files.append(file.getvalue())
    if files[0] != files[1]:
        raise AssertionError("the two engines have written different bytes")
    for engine in ENGINES:
        with clock.step(f"decompress, {engine}"):
            again = list(decompress(model, io.BytesIO(files[0]), engine=engine))
        if not np.array_equal(np.concatenate(again), images):
            raise AssertionError(f"the {engine} engine has decompressed other images")
    return report


def _model_bytes(model: LatentModel) -> int:
    file = io.BytesIO()
    write_model(file, model)
    return len(file.getvalue())


# Report


def _record(demo: _Demo) -> dict[str, object]:
    return {
        "picture": str(demo.picture),
        "epochs": demo.epochs,
        "verified": True,
        "bytes": {**demo.bytes, "model": demo.model_bytes},
        "bits_per_pixel": {k: 8 * n / demo.images.size for k, n in demo.bytes.items()},
        "negative_elbo_bits_per_pixel": demo.bound,
        **describe(demo.report),
        "seconds": demo.seconds,
    }


def _table(demo: _Demo) -> list[str]:
    """Return the sizes, with a word on who is larger than whom."""
    shape = " x ".join(map(str, demo.images.shape[1:]))
    ours = demo.bytes["bits-back"]

    def line(name: str, size: int, remark: str = "") -> str:
        return f"{name:22} {size:7} {8 * size / demo.images.size:16.4f}   {remark}".rstrip()

    def remark(name: str, size: int) -> str:
        if name in {"raw", "bits-back"}:
            return ""
        if ours == size:
            return "bits-back is as large"
        if ours < size:
            return f"bits-back is {1 - ours / size:.1%} smaller"
        return f"bits-back is {ours / size - 1:.1%} LARGER"

    names = {"raw": "raw, 8 pixels a byte", "bits-back": "bits-back, whole file"}
    return [
        f"{len(demo.images)} held-out digits of scikit-learn, {shape} pixels, 0 or 1",
        "",
        f"{'':22} {'bytes':>7} {'bits per pixel':>16}",
        *(line(names.get(k, k), n, remark(k, n)) for k, n in demo.bytes.items()),
        line("the model, on its own", demo.model_bytes, _model_remark(demo)),
        "",
        "Verified: both engines write the same bytes and give the same images back.",
    ]


def _model_remark(demo: _Demo) -> str:
    """Say what it takes for the model to pay for itself, against the best of the others."""
    saved = min(demo.bytes[name] for name in CODECS) - demo.bytes["bits-back"]
    if saved <= 0:
        return "sent besides, once; it does not pay"
    images = math.ceil(demo.model_bytes / saved * len(demo.images))
    return f"sent besides, once; pays from about {images} images on"


def _rates(demo: _Demo) -> list[str]:
    report, start = demo.report, sum(demo.report.plain)
    coded = report.images - start
    return [
        f"{'bits per pixel':>30}",
        f"{'-ELBO, float networks':22} {demo.bound:7.4f}   from {SAMPLES} samples an image",
        f"{'net rate':22} {report.net_bits_per_pixel:7.4f}   of {coded} images by bits-back",
        f"{'total rate':22} {report.total_bits_per_pixel:7.4f}   with the initial bits",
        f"{'whole file':22} {report.file_bits_per_pixel:7.4f}   with headers and checksums",
        "",
        f"Initial bits: {report.initial_bits:.1f}, which {start} "
        f"image{'s' if start > 1 else ''} coded plainly put there to start from.",
    ]


def _seconds(demo: _Demo) -> list[str]:
    return [
        f"{'seconds':>30}",
        *(f"{name:22} {seconds:7.2f}" for name, seconds in demo.seconds.items()),
        f"{'all':22} {sum(demo.seconds.values()):7.2f}   {demo.epochs} epochs of training",
        "",
        f"Picture: {demo.picture}",
    ]
