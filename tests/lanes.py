"""What tests of LAN share: models for lanes, and outcomes that can be compared."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from reference.errors import SpecError

lane_counts = st.one_of(st.none(), st.sampled_from([1, 2, 3, 8, 16, 32, 64]))
"""Numbers of lanes, None for LAN-5: one, several, and those that fill vector registers."""

words16 = st.lists(st.integers(0, 2**16 - 1), max_size=160)
"""Words of lanes of 16 bits, mostly no stream."""


def outcome(function: Callable[..., Sequence[int]], *args: Any, **kwargs: Any) -> object:
    """Return the numbers that a coder returns, or the class of its error."""
    try:
        return [int(number) for number in function(*args, **kwargs)]
    except SpecError as error:
        return type(error)


@st.composite
def static_tables(draw: st.DrawFn, most_symbols: int = 12) -> list[int]:
    """Tables of LAN-6: a power of two up to ``2**16``, often with symbols without a slot."""
    prec = draw(st.integers(1, 16))
    shares = draw(
        st.lists(st.sampled_from([0, 0, 1, 2, 7, 300]), min_size=1, max_size=most_symbols)
    )
    total = max(sum(shares), 1)
    freqs = [share * 2**prec // total for share in shares]
    freqs[draw(st.integers(0, len(freqs) - 1))] += 2**prec - sum(freqs)
    return freqs


@st.composite
def static_symbols(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A table of LAN-6 and symbols that have slots in it, also for full rounds of lanes."""
    freqs = draw(static_tables())
    present = [s for s, freq in enumerate(freqs) if freq]
    return freqs, draw(st.lists(st.sampled_from(present), max_size=200))


@st.composite
def indexed_symbols(
    draw: st.DrawFn,
) -> tuple[list[int], list[int], list[list[int]], list[int]]:
    """Arguments of LAN-7: symbols, indices, tables with an escape, and offsets."""
    prec = draw(st.integers(2, 16))
    tables = []
    for shares in draw(
        st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=4)
    ):
        entries = [share * (2**prec - 1) // max(sum(shares), 1) for share in shares]
        tables.append([*entries, 2**prec - sum(entries)])
    offsets = draw(
        st.lists(
            st.integers(-(2**30), 2**30) | st.integers(-9, 9),
            min_size=len(tables),
            max_size=len(tables),
        )
    )
    indices = draw(st.lists(st.integers(0, len(tables) - 1), max_size=100))
    near = st.integers(-3, 9)
    far = st.integers(-(2**31), 2**31 - 1)
    symbols = [
        draw(st.one_of(near.map(lambda k, t=t: offsets[t] + k), near, far)) for t in indices
    ]
    return symbols, indices, tables, offsets


@st.composite
def bernoulli_symbols(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """Arguments of LAN-8: zeros and ones, their freqs, and the precision."""
    prec = draw(st.integers(1, 16))
    freq = st.integers(1, 2**prec - 1) | st.sampled_from([1, 2**prec - 1])
    freqs = draw(st.lists(freq, max_size=200))
    bits = st.lists(st.integers(0, 1), min_size=len(freqs), max_size=len(freqs))
    return draw(bits), freqs, prec


@st.composite
def categorical_symbols(draw: st.DrawFn) -> tuple[list[int], list[list[int]]]:
    """Arguments of LAN-8: symbols and rows of frequencies, of one length and one sum."""
    columns, prec = draw(st.integers(1, 6)), draw(st.integers(3, 16))
    rows = []
    for cuts in draw(
        st.lists(
            st.lists(
                st.integers(1, 2**prec - 1),
                min_size=columns - 1,
                max_size=columns - 1,
                unique=True,
            ),
            max_size=60,
        )
    ):
        edges = [0, *sorted(cuts), 2**prec]
        rows.append([b - a for a, b in pairwise(edges)])
    symbols = st.lists(st.integers(0, columns - 1), min_size=len(rows), max_size=len(rows))
    return draw(symbols), rows
