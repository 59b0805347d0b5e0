"""LAN: arrays of symbols on several lanes of ANS.

Spec: LAN-1 to LAN-12.
"""

from reference.coding.lanes.buckets import (
    decode_gaussians,
    decode_logistics,
    encode_gaussians,
    encode_logistics,
)
from reference.coding.lanes.indexed import decode_indexed, encode_indexed
from reference.coding.lanes.message import (
    Lanes,
    default_lanes,
    empty_lanes,
    lanes_from_stream,
    lanes_to_stream,
    pop_lanes,
    push_lanes,
)
from reference.coding.lanes.rows import (
    decode_bernoullis,
    decode_categoricals,
    encode_bernoullis,
    encode_categoricals,
)
from reference.coding.lanes.static import decode_static, encode_static
from reference.coding.lanes.uniforms import decode_uniforms, encode_uniforms

__all__ = [
    "Lanes",
    "decode_bernoullis",
    "decode_categoricals",
    "decode_gaussians",
    "decode_indexed",
    "decode_logistics",
    "decode_static",
    "decode_uniforms",
    "default_lanes",
    "empty_lanes",
    "encode_bernoullis",
    "encode_categoricals",
    "encode_gaussians",
    "encode_indexed",
    "encode_logistics",
    "encode_static",
    "encode_uniforms",
    "lanes_from_stream",
    "lanes_to_stream",
    "pop_lanes",
    "push_lanes",
]
