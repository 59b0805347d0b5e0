"""What a spread costs on average, exactly.

Spec: TAN-11.

Symbols drawn one by one make the head wander over its values: a Markov chain. The number of
bits that a symbol moves depends on the symbol and the head alone.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from operator import index

from reference.coding.tabled_ans.coder import BitMessage, empty, push, tabulate
from reference.errors import DistributionError

__all__ = ["expected_bits"]


def expected_bits(spread: Sequence[int], weights: Sequence[int], count: int) -> Fraction:
    """Return the expected number of bits of `count` symbols on the empty message.

    Spec: TAN-11. Those of the head, ``prec + 1``, come on top.

    Args:
        spread: the owner of every slot (TAN-1).
        weights: the symbols are drawn with probabilities in the ratio of these integers.

    Raises:
        IntervalError: `spread` is none (TAN-1).
        DistributionError: `weights` are not integers, one for each symbol, none negative,
            and not all 0.
    """
    table = tabulate(spread)
    numbers = _checked(weights, len(table.slots))
    total = sum(numbers)
    heads = Counter({empty(table.prec).head: 1})  # probabilities, as multiples of total**-i
    bits = 0
    for _ in range(count):
        following: Counter[int] = Counter()
        bits *= total
        for head, probability in heads.items():
            for symbol, weight in enumerate(numbers):
                m = push(table, BitMessage(head, ()), symbol)
                following[m.head] += probability * weight
                bits += probability * weight * len(m.bits)
        heads = following
    return Fraction(bits, total**count)


def _checked(weights: Sequence[int], n: int) -> tuple[int, ...]:
    refusal = DistributionError(f"{weights!r} are no integer weights of {n} symbols")
    try:
        numbers = tuple(map(index, weights))  # integers of numpy would wrap
    except TypeError:
        raise refusal from None
    if len(numbers) != n or min(numbers) < 0 or not any(numbers):
        raise refusal
    return numbers
