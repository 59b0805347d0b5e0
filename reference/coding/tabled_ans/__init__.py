"""TAN: asymmetric numeral systems whose head has so few values that a push is a table.

Spec: TAN-1 to TAN-13.
"""

from reference.coding.tabled_ans.coder import (
    BitMessage,
    Table,
    empty,
    pop,
    push,
    tabulate,
)
from reference.coding.tabled_ans.expectation import expected_bits
from reference.coding.tabled_ans.messages import decode_tabled, encode_tabled, pack, unpack
from reference.coding.tabled_ans.spreads import precise_spread, sorted_spread, stride_spread

__all__ = [
    "BitMessage",
    "Table",
    "decode_tabled",
    "empty",
    "encode_tabled",
    "expected_bits",
    "pack",
    "pop",
    "precise_spread",
    "push",
    "sorted_spread",
    "stride_spread",
    "tabulate",
    "unpack",
]
