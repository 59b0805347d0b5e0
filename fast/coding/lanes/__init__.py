"""LAN: arrays of symbols on several lanes of ANS, compiled.

Spec: LAN-1 to LAN-12.
"""

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

__all__ = [
    "decode_bernoullis",
    "decode_bernoullis_kernel",
    "decode_categoricals",
    "decode_categoricals_kernel",
    "decode_indexed",
    "decode_indexed_kernel",
    "decode_static",
    "decode_static_kernel",
    "default_lanes",
    "encode_bernoullis",
    "encode_bernoullis_kernel",
    "encode_categoricals",
    "encode_categoricals_kernel",
    "encode_indexed",
    "encode_indexed_kernel",
    "encode_static",
    "encode_static_kernel",
]
