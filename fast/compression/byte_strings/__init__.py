"""Compiled twin of `reference.compression.byte_strings`.

Spec: BYT-1 to BYT-9.
"""

from fast.compression.byte_strings._counting import count_bytes_kernel
from fast.compression.byte_strings.file import (
    compress_bytes,
    decompress_block,
    decompress_bytes,
    read_bytes_header,
)

__all__ = [
    "compress_bytes",
    "count_bytes_kernel",
    "decompress_block",
    "decompress_bytes",
    "read_bytes_header",
]
