"""TAN-1, TAN-2, TAN-6 to TAN-8: which symbol owns which slot."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given

from reference.coding import ans
from reference.coding import tabled_ans as tan
from reference.coding.tabled_ans import BitMessage
from reference.errors import IntervalError
from tests.strategies import spreads, tabled_frequencies

Spread = Callable[[Sequence[int]], tuple[int, ...]]
NAMED = pytest.mark.parametrize(
    "spread", [tan.sorted_spread, tan.stride_spread, tan.precise_spread]
)


@pytest.mark.spec("TAN-1", "TAN-6", "TAN-7", "TAN-8")
@NAMED
@given(freqs=tabled_frequencies())
@example(freqs=[1, 1]).via("the stride 4 of FSE would not leave slot 0")
@example(freqs=[5, 3]).via("the stride 8 of FSE would not leave slot 0")
@example(freqs=[1] * 2**16).via("the largest table")
def test_every_symbol_has_its_slots(spread: Spread, freqs: list[int]) -> None:
    made = spread(freqs)
    assert len(made) == sum(freqs)
    assert Counter(made) == dict(enumerate(freqs))


@pytest.mark.spec("TAN-2")
@given(spread=spreads())
def test_tables_are_inverse_bijections(spread: tuple[int, ...]) -> None:
    table = tan.tabulate(spread)
    assert len(spread) == 2**table.prec
    pairs = [(s, i) for s, slots in enumerate(table.slots) for i in range(len(slots))]
    assert sorted(table.owners) == pairs
    assert all(table.owners[table.slots[s][i]] == (s, i) for s, i in pairs)
    assert all(table.slots[s][i] == slot for slot, (s, i) in enumerate(table.owners))
    assert tuple(s for s, _ in table.owners) == spread
    assert all(list(slots) == sorted(slots) for slots in table.slots)


def to_below(head: int, least_above: int) -> tuple[int, tuple[int, ...]]:
    """Move bits out of a head until it is below; the last one moved is the last one here."""
    moved = []
    while head >= least_above:
        head, bit = divmod(head, 2)
        moved.append(bit)
    return head, tuple(moved)


@pytest.mark.spec("TAN-6")
@given(freqs=tabled_frequencies(6))
def test_the_sorted_spread_is_rans(freqs: list[int]) -> None:
    """Every head, every symbol: the big-integer coder with words of one bit."""
    table = tan.tabulate(tan.sorted_spread(freqs))
    for head in range(2**table.prec, 2 ** (table.prec + 1)):
        for symbol, freq in enumerate(freqs):
            start = sum(freqs[:symbol])
            lower, moved = to_below(head, 2 * freq)
            expected = ans.push_number(lower, start, freq, table.prec)
            pushed = tan.push(table, BitMessage(head, ()), symbol)
            assert pushed == BitMessage(expected, moved)
            assert ans.pop_number(expected, start, freq, table.prec) == lower


@pytest.mark.spec("TAN-6")
def test_the_slots_that_rans_finds() -> None:
    """The owner of the slot is the symbol whose interval it is in (COD-3)."""
    assert tan.sorted_spread([2, 5, 1]) == (0, 0, 1, 1, 1, 1, 1, 2)


@pytest.mark.spec("TAN-6")
@given(spread=spreads(6))
def test_other_spreads_permute_the_slots(spread: tuple[int, ...]) -> None:
    """One permutation for all symbols and heads, and the same bits."""
    table, plain = tan.tabulate(spread), tan.tabulate(sorted(spread))
    size = 2**table.prec
    permuted = [slot for slots in table.slots for slot in slots]
    assert sorted(permuted) == list(range(size))
    for head in range(size, 2 * size):
        for symbol in range(len(table.slots)):
            ours = tan.push(table, BitMessage(head, ()), symbol)
            theirs = tan.push(plain, BitMessage(head, ()), symbol)
            assert ours.bits == theirs.bits
            assert ours.head == size + permuted[theirs.head - size]


@pytest.mark.spec("TAN-7")
def test_published_stride_spread() -> None:
    """As printed for `spread_fast`, which takes the steps of FSE.

    J. Duda, "Asymmetric numeral system toolkit and fast tuned symbol spread", encode.su,
    thread 2013 (2014).
    """
    assert "".join(map(str, tan.stride_spread([1, 3, 2, 10]))) == "0233233133133133"


OFFSETS = (
    "0:5+0 6:4+0 9:5+0 15:5+0 21:5+0 3:5+0 7:4+0 12:5+0 18:5+0 23:5+0 5:5+0 8:4+0 14:5+0 "
    "20:5+0 2:5+0 7:4+16 11:5+0 17:5+0 22:5+0 4:5+0 8:4+16 13:5+0 19:5+0 1:5+0 6:4+16 10:5+0 "
    "16:5+0 28:5+0 27:5+0 26:5+0 25:5+0 24:5+0"
)
LITERAL_LENGTHS = (
    "0:4+0 0:4+16 1:5+32 3:5+0 4:5+0 6:5+0 7:5+0 9:5+0 10:5+0 12:5+0 14:6+0 16:5+0 18:5+0 "
    "19:5+0 21:5+0 22:5+0 24:5+0 25:5+32 26:5+0 27:6+0 29:6+0 31:6+0 0:4+32 1:4+0 2:5+0 "
    "4:5+32 5:5+0 7:5+32 8:5+0 10:5+32 11:5+0 13:6+0 16:5+32 17:5+0 19:5+32 20:5+0 22:5+32 "
    "23:5+0 25:4+0 25:4+16 26:5+32 28:6+0 30:6+0 0:4+48 1:4+16 2:5+32 3:5+32 5:5+32 6:5+32 "
    "8:5+32 9:5+32 11:5+32 12:5+32 15:6+0 17:5+32 18:5+32 20:5+32 21:5+32 23:5+32 24:5+32 "
    "35:6+0 34:6+0 33:6+0 32:6+0"
)


@pytest.mark.spec("TAN-2", "TAN-5")
@pytest.mark.parametrize("rows", [OFFSETS, LITERAL_LENGTHS])
def test_published_decoding_tables(rows: str) -> None:
    """RFC 8878, appendix A: of every slot the symbol, the bits, and the slot if all are 0."""
    spread = [int(row.split(":")[0]) for row in rows.split()]
    table = tan.tabulate(spread)
    size = 2**table.prec
    found = []
    for slot in range(size):
        m, symbol = tan.pop(table, BitMessage(size + slot, (0,) * table.prec))
        found.append(f"{symbol}:{table.prec - len(m.bits)}+{m.head - size}")
    assert found == rows.split()


@pytest.mark.spec("TAN-8")
def test_published_precise_spread() -> None:
    """As printed for `spread_prec` in the same place, but for the order of equal places."""
    published, freqs = [3, 3, 1, 3, 2, 3, 3, 1, 0, 3, 3, 3, 2, 1, 3, 3], [1, 3, 2, 10]
    ours = list(tan.precise_spread(freqs))
    assert ours == [3, 3, 1, 2, 3, 3, 3, 0, 1, 3, 3, 2, 3, 1, 3, 3]
    seen = [0] * 4
    places = []
    for symbol in published:
        places.append((2 * seen[symbol] + 1) * 30 // freqs[symbol])
        seen[symbol] += 1
    assert places == sorted(places)
    for place in set(places):
        slots = [i for i, p in enumerate(places) if p == place]
        assert sorted(published[i] for i in slots) == sorted(ours[i] for i in slots)


@pytest.mark.spec("TAN-8")
@pytest.mark.parametrize(
    ("freqs", "expected"),
    [
        ([6, 2], (0, 1, 0, 0, 0, 1, 0, 0)),
        ([2, 6], (1, 0, 1, 1, 1, 0, 1, 1)),
        ([1, 1, 2], (2, 0, 1, 2)),
        ([4, 3, 1], (0, 1, 0, 2, 1, 0, 1, 0)),
    ],
    ids=["a tie is the rarer symbol's", "whatever its number", "then the lower's", "both"],
)
def test_precise_spreads_worked_by_hand(freqs: list[int], expected: tuple[int, ...]) -> None:
    assert tan.precise_spread(freqs) == expected


@pytest.mark.spec("TAN-8")
@given(freqs=tabled_frequencies(10))
def test_precise_slots_are_near_their_places(freqs: list[int]) -> None:
    table, n = tan.tabulate(tan.precise_spread(freqs)), len(freqs)
    for freq, slots in zip(freqs, table.slots, strict=True):
        for rest, slot in enumerate(slots):
            distance = (2 * slot + 1) * freq - (2 * rest + 1) * 2**table.prec
            assert abs(distance) <= (n - 1) * freq


@pytest.mark.spec("TAN-1", "TAN-6", "TAN-7", "TAN-8")
@NAMED
@pytest.mark.parametrize(
    "freqs", [[], [0, 8], [-1, 9], [3, 4], [1], [2**17], [2**16, 2**16], [4.0, 4.0], ["8"]]
)
def test_rejects_frequencies(spread: Spread, freqs: Any) -> None:
    with pytest.raises(IntervalError):
        spread(freqs)


@pytest.mark.spec("TAN-1")
@pytest.mark.parametrize(
    "spread", [(), (0,), (0, 1, 0), (1, 1), (0, 2), (-1, 0), (0, 1.0), (0,) * 2**17]
)
def test_rejects_spreads(spread: Any) -> None:
    with pytest.raises(IntervalError):
        tan.tabulate(spread)


@pytest.mark.spec("TAN-1")
def test_arrays_do_as_well() -> None:
    """Integers of numpy wrap: 1 << 16 of them would be 0."""
    freqs = np.array([200, 56], np.uint8)
    for spread in (tan.sorted_spread, tan.stride_spread, tan.precise_spread):
        assert spread(freqs) == spread([200, 56])  # type: ignore[arg-type]
    made = tan.precise_spread([200, 56])
    assert tan.tabulate(np.array(made, np.uint8)) == tan.tabulate(made)  # type: ignore[arg-type]
