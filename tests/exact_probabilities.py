"""Weights to make symbol codes for, and the exact probabilities that they stand for."""

from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from reference.information.symbol_codes import Lengths

radixes = st.integers(2, 5)
counts = st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any)
"""Integers that are probabilities once normalised, with zeros and ties."""
weights = st.one_of(
    counts,
    st.lists(st.one_of(st.just(5e-324), st.floats(0, 1)), min_size=1, max_size=20).filter(any),
)


@st.composite
def dyadic(draw: st.DrawFn, radix: int = 2) -> list[Fraction]:
    """Probabilities that are powers of ``1 / radix``, made by splitting; some are 0."""
    lengths = [0]
    for _ in range(draw(st.integers(0, 6))):
        lengths += [lengths.pop(draw(st.integers(0, len(lengths) - 1))) + 1] * radix
    p = [Fraction(1, radix**length) for length in lengths]
    return draw(st.permutations(p + [Fraction(0)] * draw(st.integers(0, 2))))


def exact(w: list[Any]) -> list[Fraction]:
    """The probabilities that the weights stand for (SYM-1)."""
    numbers = [Fraction(v) for v in w]
    return [v / sum(numbers) for v in numbers]


def mean(lengths: Lengths, p: list[Fraction]) -> Fraction:
    return sum((v * n for v, n in zip(p, lengths, strict=True) if n), Fraction(0))


def excess_digits(cost: Fraction, p: list[Fraction], radix: int = 2) -> mpmath.mpf:
    """The cost less the entropy, to digits enough for any binary64 probability."""
    with mpmath.workdps(700):
        terms = (mpmath.mpf(v.numerator) / v.denominator for v in p if v)
        logs = mpmath.fsum(v * mpmath.log(v, radix) for v in terms)
        return mpmath.mpf(cost.numerator) / cost.denominator + logs
