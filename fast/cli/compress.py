"""``bits-back compress``: images to a file."""

import math
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from fast.cli.faults import Outcome, blame
from fast.cli.progress import show_progress
from fast.datasets import atomic_file, open_images
from fast.files import Report, compress
from reference.compression.latent_codec import LatentModel, digest, read_model

__all__ = ["load_model", "run"]


def run(options: Namespace) -> Outcome:
    """Compress a data set, and report the rates."""
    model = load_model(options.model)
    with (
        open_images(options.data, key=options.key) as images,
        atomic_file(options.file, force=options.force) as file,
        show_progress("compress") as progress,
        blame(options.data),
    ):
        report = compress(
            *(model, images, file),
            engine=options.engine,
            chunk_size=options.chunk_size,
            jobs=options.jobs,
            progress=progress,
        )
        shape = images.shape[1:]
    record = {"file": str(options.file), "model": digest(model).hex(), "image_shape": shape}
    return {**record, **describe(report)}, _lines(options.file, report)


def load_model(path: Path) -> LatentModel:
    """Read a model; its faults name the file."""
    with open(path, "rb") as file, blame(path):
        return read_model(file)


def describe(report: Report) -> dict[str, object]:
    """Return a report as a record; a rate that does not exist is None."""
    net = report.net_bits_per_pixel
    return {
        **asdict(report),
        "chunks": report.chunks,
        "net_bits": report.net_bits,
        "net_bits_per_pixel": None if math.isnan(net) else net,
        "total_bits_per_pixel": report.total_bits_per_pixel,
        "file_bits_per_pixel": report.file_bits_per_pixel,
    }


def _lines(path: Path, report: Report) -> list[str]:
    plain = sum(report.plain)
    return [
        f"{path}: {report.images} images in {report.file_bytes} bytes, {report.seconds:.1f} s",
        f"  whole file    {report.file_bits_per_pixel:.4f} bits per pixel",
        f"  net rate      {report.net_bits_per_pixel:.4f} bits per pixel",
        f"  initial bits  {report.initial_bits:.1f}, of {plain} images coded plainly to start "
        f"{report.chunks} {'chunk' if report.chunks == 1 else 'chunks'} from",
    ]
