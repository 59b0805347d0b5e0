"""LAN: arrays of symbols on several lanes of ANS, compiled.

Spec: LAN-3 to LAN-10.
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
from fast.coding.lanes.indexed import (
    decode_indexed,
    decode_indexed_kernel,
    encode_indexed,
    encode_indexed_kernel,
)
from fast.coding.lanes.message import default_lanes
from fast.coding.lanes.rows import (
    decode_bernoullis,
    decode_bernoullis_kernel,
    decode_categoricals,
    decode_categoricals_kernel,
    encode_bernoullis,
    encode_bernoullis_kernel,
    encode_categoricals,
    encode_categoricals_kernel,
)
from fast.coding.lanes.static import (
    decode_static,
    decode_static_kernel,
    encode_static,
    encode_static_kernel,
)
from fast.coding.lanes.uniforms import (
    decode_uniforms,
    decode_uniforms_kernel,
    encode_uniforms,
    encode_uniforms_kernel,
)

__all__ = [
    "BucketArguments",
    "decode_bernoullis",
    "decode_bernoullis_kernel",
    "decode_buckets_kernel",
    "decode_categoricals",
    "decode_categoricals_kernel",
    "decode_gaussians",
    "decode_indexed",
    "decode_indexed_kernel",
    "decode_logistics",
    "decode_static",
    "decode_static_kernel",
    "decode_uniforms",
    "decode_uniforms_kernel",
    "default_lanes",
    "encode_bernoullis",
    "encode_bernoullis_kernel",
    "encode_buckets_kernel",
    "encode_categoricals",
    "encode_categoricals_kernel",
    "encode_gaussians",
    "encode_indexed",
    "encode_indexed_kernel",
    "encode_logistics",
    "encode_static",
    "encode_static_kernel",
    "encode_uniforms",
    "encode_uniforms_kernel",
    "gaussian_arguments",
    "logistic_arguments",
]
