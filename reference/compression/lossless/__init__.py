"""Lossless compression of a data set: images to a file, and back.

Spec: LSL-1 to LSL-7; LSL-8, because no float decides anything between image and file; LSL-9,
because every rounding on the way is small.
Source: J. Townsend, T. Bird, D. Barber, "Practical lossless compression with latent
variables using bits back coding", ICLR 2019, arXiv:1901.04866.

The images are cut into chunks, and each chunk becomes a message of its own, so that
chunks can be coded side by side and decoded alone. Bits-back needs bits to start from, and
an empty message has none. So the first images of a chunk are coded plainly: their
latents are the middle of the posterior, and the bits they cost are what the next images
start from::

    message    |plain|plain|  bits-back  |  bits-back  | ...        coded left to right,
               ^ empty                                 ^ on top     decoded right to left
"""

from reference.compression.lossless.chunk import (
    Chunk,
    decode_chunk,
    encode_chunk,
    encode_plain,
)
from reference.compression.lossless.file import (
    Header,
    compress,
    decompress,
    read_chunks,
    read_header,
    write_file,
)

__all__ = [
    "Chunk",
    "Header",
    "compress",
    "decode_chunk",
    "decompress",
    "encode_chunk",
    "encode_plain",
    "read_chunks",
    "read_header",
    "write_file",
]
