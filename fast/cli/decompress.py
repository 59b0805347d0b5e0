"""``bits-back decompress``: a file to images."""

import time
from argparse import Namespace

from fast.cli.compress import load_model
from fast.cli.faults import Outcome, blame, blame_each
from fast.cli.progress import show_progress
from fast.datasets import write_images
from fast.files import decompress
from reference.compression.lossless import read_header
from reference.errors import DataError

__all__ = ["run"]


def run(options: Namespace) -> Outcome:
    """Decompress a data set, or a range of it."""
    begin, model = time.perf_counter(), load_model(options.model)
    with open(options.file, "rb") as file, show_progress("decompress") as progress:
        with blame(options.file):
            header = read_header(file, model)
            start, stop = options.range
            stop = header.images if stop is None else stop
            if not start < stop <= header.images:
                raise DataError(f"images {start}:{stop} of {header.images} that it holds")
        shape = (stop - start, *header.image_shape)
        images = decompress(
            *(model, file),
            engine=options.engine,
            start=start,
            stop=stop,
            jobs=options.jobs,
            progress=progress,
        )
        slices = blame_each(options.file, images)
        write_images(options.data, shape, slices, force=options.force)
    seconds = time.perf_counter() - begin
    record: dict[str, object] = {
        "data": str(options.data),
        "shape": shape,
        "range": (start, stop),
        "seconds": seconds,
    }
    return record, [
        f"{options.data}: {stop - start} images, {start} to {stop - 1} of "
        f"{header.images}, {seconds:.1f} s"
    ]
