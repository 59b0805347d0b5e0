"""SYM: codes that give every symbol a word of its own.

Spec: SYM-1 to SYM-13.
"""

from reference.information.symbol_codes.expectation import expected_length, redundancy_bits
from reference.information.symbol_codes.huffman import huffman_code, huffman_lengths
from reference.information.symbol_codes.prefix_code import (
    Code,
    Codeword,
    Lengths,
    canonical_code,
    decode_bytes,
    decode_digits,
    encode_bytes,
    encode_digits,
    is_prefix_free,
    kraft_sum,
)
from reference.information.symbol_codes.shannon import shannon_code, shannon_lengths
from reference.information.symbol_codes.strategy import Strategy, strategy_code
from reference.information.symbol_codes.weights import Probabilities, integer_weights

__all__ = [
    "Code",
    "Codeword",
    "Lengths",
    "Probabilities",
    "Strategy",
    "canonical_code",
    "decode_bytes",
    "decode_digits",
    "encode_bytes",
    "encode_digits",
    "expected_length",
    "huffman_code",
    "huffman_lengths",
    "integer_weights",
    "is_prefix_free",
    "kraft_sum",
    "redundancy_bits",
    "shannon_code",
    "shannon_lengths",
    "strategy_code",
]
