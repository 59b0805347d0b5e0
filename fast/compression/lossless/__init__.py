"""Compiled twin of `reference.compression.lossless`: chunks of images, one call each.

Spec: LSL-2 to LSL-4.
"""

from fast.compression.lossless._arguments import (
    ModelArguments,
    TableArguments,
    WorkspaceArguments,
    model_arguments,
)
from fast.compression.lossless._kernels import (
    decode_chunk_kernel,
    encode_chunk_kernel,
    generate_kernel,
    infer_kernel,
)
from fast.compression.lossless.chunk import decode_chunk, encode_chunk, encode_plain

__all__ = [
    "ModelArguments",
    "TableArguments",
    "WorkspaceArguments",
    "decode_chunk",
    "decode_chunk_kernel",
    "encode_chunk",
    "encode_chunk_kernel",
    "encode_plain",
    "generate_kernel",
    "infer_kernel",
    "model_arguments",
]
