"""Integer networks: a trained network as integers, equal on every machine.

Spec: INN-1 to INN-7.
Source: J. Ballé, N. Johnston, D. Minnen, "Integer networks for data compression with
latent-variable models", ICLR 2019.

A layer multiplies, adds, shifts and clips::

    acc_j  =  b_j + sum_i a_i W_ij
    a'_j   =  clip((acc_j + 2**(s - 1)) >> s, 0, maximum)       no clip in the last layer

The bound B of a layer limits the magnitude of every partial sum, in any order. Below
``2**53`` a binary64 carries each of them exactly, and below ``2**24`` a binary32: then
the fastest matrix product of any machine computes the same integers as the one here.
"""

from reference.compression.integer_network.network import (
    EXACT_LIMIT,
    SINGLE_LIMIT,
    IntegerLayer,
    IntegerNetwork,
    bounds,
    evaluate,
)
from reference.compression.integer_network.quantise import quantise_network
from reference.compression.integer_network.storage import network_from_fields, network_to_bytes

__all__ = [
    "EXACT_LIMIT",
    "SINGLE_LIMIT",
    "IntegerLayer",
    "IntegerNetwork",
    "bounds",
    "evaluate",
    "network_from_fields",
    "network_to_bytes",
    "quantise_network",
]
