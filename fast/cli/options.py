"""The options of every command, with their defaults and examples."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reference.params import CHUNK_SIZE, LATENT_BITS

__all__ = ["make_parser"]

EXAMPLES = """examples:
  bits-back demo
  bits-back train train-images-idx3-ubyte.gz mnist.bbm --epochs 20
  bits-back compress mnist.bbm test.npy test.bbc --jobs 2
  bits-back decompress mnist.bbm test.bbc again.npy
  bits-back inspect test.bbc

Data are .npy, .npz, IDX files with or without gzip, or a folder of PNG files; the images hold
unsigned bytes. Files that are there already are kept, unless --force is given."""

TRAIN = """Train a variational autoencoder on images, and write it as a model of integers.

Grey images are binarised at random, anew in every epoch: a pixel of value v is 1 with
probability v / PEAK. Images of 0 and 1 are used as they are."""

TRAIN_EXAMPLES = """examples:
  bits-back train train-images-idx3-ubyte.gz mnist.bbm
  bits-back train scans.npz scans.bbm --key train --epochs 100 --patience 5 --hidden 200,100"""

COMPRESS = "Compress images of 0 and 1, losslessly, with a trained model."

COMPRESS_EXAMPLES = """examples:
  bits-back compress mnist.bbm test.npy test.bbc
  bits-back compress mnist.bbm pages/ pages.bbc --chunk-size 512 --jobs 2
  bits-back compress mnist.bbm test.npz test.bbc --key test --engine reference"""

DECOMPRESS = """Undo compress, with the same model.

The ending of DATA chooses the format: .npy, .npz, IDX (.idx, -ubyte, either with .gz), or a
folder of 1-bit PNG files for a name without ending."""

DECOMPRESS_EXAMPLES = """examples:
  bits-back decompress mnist.bbm test.bbc test.npy
  bits-back decompress mnist.bbm test.bbc some/ --range 100:200   only the chunks it needs"""

INSPECT = """Show what a compressed file or a model holds, after checking every checksum."""

DEMO = """Train on scikit-learn's digits (8 x 8 pixels), compress images that were not trained
on, decompress them with both engines, and compare with gzip, bz2 and lzma."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="bits-back",
        description="Lossless compression of images with latent-variable models.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, fill, summary, text, examples in (
        ("train", _train, "make a model from images", TRAIN, TRAIN_EXAMPLES),
        ("compress", _compress, "images to a file", COMPRESS, COMPRESS_EXAMPLES),
        ("decompress", _decompress, "a file to images", DECOMPRESS, DECOMPRESS_EXAMPLES),
        ("inspect", _inspect, "what a file holds, and if it is whole", INSPECT, None),
        ("demo", _demo, "all of it, on small images, in a minute", DEMO, None),
    ):
        command = commands.add_parser(
            name,
            help=summary,
            description=text,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        fill(command.add_argument)
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


Add = Callable[..., Any]


def _train(add: Add) -> None:
    add("data", metavar="DATA", type=Path, help="images to train on")
    add("model", metavar="MODEL", type=Path, help="model to write, such as name.bbm")
    _key(add)
    add("--peak", type=_between(1, 255), help="value of white; default 1 or 255, by the data")
    add("--epochs", type=_from(1), default=20, help="default 20")
    add("--hidden", type=_widths, default=(100,), help="hidden units, as 200,100; default 100")
    add("--latents", type=_from(1), default=40, help="latents of an image; default 40")
    _latent_bits(add)
    add("--batch-size", type=_from(1), default=100, help="default 100")
    add("--learning-rate", type=float, default=3e-3, help="of Adam; default 0.003")
    add("--seed", type=_from(0), default=0, help="of all randomness; default 0")
    add(
        "--validation",
        type=_fraction,
        default=0.1,
        help="share of the images to choose the best epoch by, not trained on; default 0.1",
    )
    add("--patience", type=_from(1), help="stop after so many epochs without a better one")
    _engine(add)
    _force(add)


def _compress(add: Add) -> None:
    add("model", metavar="MODEL", type=Path, help="what train wrote")
    add("data", metavar="DATA", type=Path, help="images of 0 and 1")
    add("file", metavar="FILE", type=Path, help="file to write, such as name.bbc")
    add(
        "--chunk-size",
        type=_between(1, 1 << 16),
        default=CHUNK_SIZE,
        help=f"images that are coded together; default {CHUNK_SIZE}",
    )
    _jobs(add)
    _key(add)
    _engine(add)
    _force(add)


def _decompress(add: Add) -> None:
    add("model", metavar="MODEL", type=Path, help="the model that the file was made with")
    add("file", metavar="FILE", type=Path, help="what compress wrote")
    add("data", metavar="DATA", type=Path, help="images to write")
    add("--range", metavar="A:B", type=_range, default=(0, None), help="only images A to B-1")
    _jobs(add)
    _engine(add)
    _force(add)


def _inspect(add: Add) -> None:
    add("file", metavar="FILE", type=Path, help="a compressed file or a model")


def _demo(add: Add) -> None:
    add("--epochs", type=_from(1), help="of training; default 400")
    add("--quick", action="store_true", help="20 epochs: to see that it works, no more")
    add("--seed", type=_from(0), default=0, help="of all randomness; default 0")
    add("--picture", metavar="PATH", type=Path, help="default bits-back-demo.png")
    _force(add)


def _key(add: Add) -> None:
    add("--key", metavar="NAME", help="array of an .npz file; default the only one")


def _latent_bits(add: Add) -> None:
    text = f"log2 of the number of buckets of a latent; default {LATENT_BITS}"
    add("--latent-bits", type=_between(1, 12), default=LATENT_BITS, help=text)


def _jobs(add: Add) -> None:
    text = "chunks at a time, with the fast engine; the bytes stay the same; default 1"
    add("--jobs", type=_from(1), default=1, help=text)


def _engine(add: Add) -> None:
    text = "compiled kernels, or the plain code of the specification; default fast"
    add("--engine", choices=("fast", "reference"), default="fast", help=text)


def _force(add: Add) -> None:
    add("--force", action="store_true", help="replace a file that is there already")


def _from(least: int) -> Callable[[str], int]:
    return _between(least, 1 << 62)


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not least <= int(text) <= most:
            end = f"in [{least}, {most}]" if most < 1 << 62 else f"at least {least}"
            raise argparse.ArgumentTypeError(f"{text} is not {end}")
        return int(text)

    return number


def _fraction(text: str) -> float:
    if not 0 <= float(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return float(text)


def _widths(text: str) -> tuple[int, ...]:
    return tuple(map(_from(1), text.split(",")))


def _range(text: str) -> tuple[int, int | None]:
    first, colon, last = text.partition(":")
    number = _from(0)
    start, stop = number(first or "0"), number(last) if last else None
    if not colon or (stop is not None and start >= stop):
        raise argparse.ArgumentTypeError(f"{text} is no range such as 100:200, 100: or :200")
    return start, stop


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from importlib import metadata

        try:
            version = metadata.version("bits-back")
        except metadata.PackageNotFoundError:
            version = "of a checkout that is not installed"
        print(f"bits-back {version}")
        parser.exit()
