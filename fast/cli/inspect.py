"""``bits-back inspect``: what a compressed file or a model holds."""

import math
from argparse import Namespace
from typing import BinaryIO

from fast.cli.faults import Outcome, blame
from reference.coding.ans import information
from reference.coding.container import read_container
from reference.compression.integer_network import SINGLE_LIMIT, IntegerNetwork, bounds
from reference.compression.latent_codec import digest, read_model
from reference.compression.lossless import Chunk, read_chunks, read_header
from reference.errors import FormatError

__all__ = ["run"]

MOST_LINES = 10
"""How many chunks are shown to people."""


def run(options: Namespace) -> Outcome:
    """Show what the sections say; to read all of them checks every checksum."""
    with open(options.file, "rb") as file, blame(options.file):
        stored = list(read_container(file))
        tags = [section.tag for section in stored]
        if tags[:1] == ["DATA"]:
            record, lines = _inspect_images(file)
        elif tags[:1] == ["MODL"]:
            record, lines = _inspect_model(file)
        else:
            raise FormatError(f"sections {sorted(set(tags))} are no model and no images")
        size = file.seek(0, 2)
    sections = [{"tag": section.tag, "bytes": section.length} for section in stored]
    record = {"file": str(options.file), "bytes": size, "sections": sections, **record}
    parts = [f"{tags.count(t)} {t}" for t in dict.fromkeys(tags)]
    head = f"{options.file}: {lines[0]}, {size} bytes; all checksums hold"
    return record, [head, f"  sections {', '.join(parts)}", *(f"  {x}" for x in lines[1:])]


def _inspect_images(file: BinaryIO) -> Outcome:
    header = read_header(file)
    pixels = math.prod(header.image_shape)
    if pixels == 0:
        raise FormatError(f"section DATA: images of shape {header.image_shape}")
    chunks = [_describe_chunk(c) for c, _ in read_chunks(file, header, 0, header.images)]
    rate = 8 * file.seek(0, 2) / (header.images * pixels)
    record: dict[str, object] = {
        "kind": "images",
        "model": header.model.hex(),
        "images": header.images,
        "image_shape": header.image_shape,
        "chunk_size": header.chunk_size,
        "chunks": chunks,
        "file_bits_per_pixel": rate,
    }
    shape = " x ".join(map(str, header.image_shape))
    lines = [
        f"{header.images} images of {shape} pixels",
        f"model    {header.model.hex()}",
        f"rate     {rate:.4f} bits per pixel, the whole file",
        f"chunks   {len(chunks)}, of {header.chunk_size} images",
        f"{'chunk':>9} {'images':>8} {'plain':>6} {'bytes':>10} {'bits per pixel':>15}",
    ]
    for index, c in enumerate(chunks[:MOST_LINES]):
        rate = c["bits"] / (c["images"] * pixels)
        lines.append(f"{index:9} {c['images']:8} {c['plain']:6} {c['bytes']:10} {rate:15.4f}")
    if len(chunks) > MOST_LINES:
        lines.append(f"     ... and {len(chunks) - MOST_LINES} more, which --json shows")
    return record, lines


def _describe_chunk(chunk: Chunk) -> dict[str, float]:
    return {
        "images": chunk.images,
        "plain": chunk.plain,
        "bytes": 4 * len(chunk.message.words) + 8,
        "bits": information(chunk.message),
    }


def _inspect_model(file: BinaryIO) -> Outcome:
    model = read_model(file)
    networks = {"encoder": model.encoder, "decoder": model.decoder}
    record: dict[str, object] = {
        "kind": "model",
        "digest": digest(model).hex(),
        "pixels": model.pixels,
        "latents": model.latents,
        "latent_bits": model.latent_bits,
        **{name: _describe(network) for name, network in networks.items()},
    }
    return record, [
        "a model",
        f"digest   {digest(model).hex()}",
        f"images   {model.pixels} pixels, 0 or 1",
        f"latents  {model.latents}, of {model.latent_bits} bits",
        *(f"{name}  {_line(network)}" for name, network in networks.items()),
    ]


def _describe(network: IntegerNetwork) -> dict[str, object]:
    return {
        "sizes": _sizes(network),
        "shifts": [layer.shift for layer in network.layers],
        "bounds": list(bounds(network)),
        "input_fraction": network.input_fraction,
        "output_fraction": network.output_fraction,
    }


def _line(network: IntegerNetwork) -> str:
    largest = max(bounds(network))
    carrier = "binary32" if largest < SINGLE_LIMIT else "binary64"
    sizes = " -> ".join(map(str, _sizes(network)))
    return f"{sizes}; sums below {largest + 1}, exact in {carrier}"


def _sizes(network: IntegerNetwork) -> list[int]:
    return [network.inputs, *(len(layer.bias) for layer in network.layers)]
