"""BYT: bytes to a file of coded blocks, and back.

Spec: BYT-1 to BYT-9.

::

    counts of all bytes -> one table -+-> section BYTE
                                      |
    bytes  =  block 0 ................+-> section CODE  a stream of LAN-6, if that is shorter
              block 1 ................+-> section COPY  the block itself, if not
              ...

Blocks are coded, and can be decoded, side by side and alone.
"""

from reference.compression.byte_strings.file import (
    BytesHeader,
    compress_bytes,
    decompress_block,
    decompress_bytes,
    read_bytes_header,
)

__all__ = [
    "BytesHeader",
    "compress_bytes",
    "decompress_block",
    "decompress_bytes",
    "read_bytes_header",
]
