"""LAN: arrays of symbols on several lanes of ANS, compiled.

Spec: LAN-3 to LAN-5, LAN-9, LAN-10.
"""

from fast.coding.lanes.buckets import (
    BucketArguments,
    decode_buckets_kernel,
    decode_gaussians,
    decode_logistics,
    encode_buckets_kernel,
    encode_gaussians,
    encode_logistics,
    gaussian_arguments,
    logistic_arguments,
)
from fast.coding.lanes.message import default_lanes
from fast.coding.lanes.uniforms import (
    decode_uniforms,
    decode_uniforms_kernel,
    encode_uniforms,
    encode_uniforms_kernel,
)

__all__ = [
    "BucketArguments",
    "decode_buckets_kernel",
    "decode_gaussians",
    "decode_logistics",
    "decode_uniforms",
    "decode_uniforms_kernel",
    "default_lanes",
    "encode_buckets_kernel",
    "encode_gaussians",
    "encode_logistics",
    "encode_uniforms",
    "encode_uniforms_kernel",
    "gaussian_arguments",
    "logistic_arguments",
]
