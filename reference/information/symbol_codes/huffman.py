"""Huffman's code: no code of whole digits is shorter on average.

Spec: SYM-6; SYM-7 is what it adds up to.
Source: D. Huffman, "A method for the construction of minimum-redundancy codes", Proceedings
of the IRE 40 (1952); the rule for ties: E. Schwartz, "An optimum encoding with minimum longest
code and total number of digits", Information and Control 7 (1964).

The lightest symbols differ in their last digit only. So they are merged into one, which is
as heavy as they are together, until one is left::

    a 0.25    b 0.25    c 0.2    d 0.15    e 0.15
    a 0.25    b 0.25    c 0.2    (d e) 0.3
    (c a) 0.45          b 0.25   (d e) 0.3          of two equals, the first
    (c a) 0.45          (b (d e)) 0.55
    ((c a) (b (d e))) 1                             2, 2, 2, 3 and 3 questions
"""

from heapq import heapify, heappop, heappush
from itertools import count

from reference.information.symbol_codes.prefix_code import (
    Code,
    Lengths,
    canonical_code,
    check_radix,
)
from reference.information.symbol_codes.weights import Probabilities, integer_weights

__all__ = ["huffman_code", "huffman_lengths"]


def huffman_lengths(
    probabilities: Probabilities, *, radix: int = 2, normalize: bool = False
) -> Lengths:
    """Return the length of every symbol's codeword, in digits.

    Spec: SYM-6. Every merge takes `radix` nodes, so with more than two digits some of the
    first may be dummies: nodes of weight 0 without a symbol. A symbol of probability 0 is
    none of these: it has no codeword (SYM-3).

    Args:
        probabilities: shape ``(n,)``, as for `integer_weights`; of probability 0 is ``None``.
        radix: number of digits, at least 2.

    Raises:
        DistributionError: the numbers are no distribution (SYM-1), or `radix` is below 2.
    """
    check_radix(radix)
    weights = integer_weights(probabilities, normalize=normalize)
    lengths = [0 if w else None for w in weights]
    # (weight, age, symbols): symbols are older than merged nodes, and no two ages are equal
    nodes = [(w, i, [i]) for i, w in enumerate(weights) if w]
    dummies = -(len(nodes) - 1) % (radix - 1)
    nodes += [(0, -1 - i, []) for i in range(dummies)]
    heapify(nodes)
    for age in count(len(weights)):
        if len(nodes) == 1:
            return tuple(lengths)
        merged = [heappop(nodes) for _ in range(radix)]
        symbols = [i for _, _, below in merged for i in below]
        for i in symbols:
            lengths[i] = (lengths[i] or 0) + 1
        heappush(nodes, (sum(w for w, _, _ in merged), age, symbols))
    raise AssertionError("every merge leaves fewer nodes")


def huffman_code(
    probabilities: Probabilities, *, radix: int = 2, normalize: bool = False
) -> Code:
    """Return the canonical code of `huffman_lengths`. Spec: SYM-6, SYM-8.

    Arguments and errors are those of `huffman_lengths`.
    """
    lengths = huffman_lengths(probabilities, radix=radix, normalize=normalize)
    return canonical_code(lengths, radix=radix)
