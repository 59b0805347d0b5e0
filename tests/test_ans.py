"""ANS-1 to ANS-8 hold for `reference.coding.ans`."""

import math
from itertools import product

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reference.coding import ans
from reference.coding.ans import EMPTY, Message
from reference.errors import IntervalError, MessageExhausted
from tests.strategies import interval_sequences, intervals, messages, precisions

LOG2_E = math.log2(math.e)


@pytest.mark.spec("ANS-1")
def test_the_empty_message() -> None:
    assert Message(2**32, ()) == EMPTY


@pytest.mark.spec("ANS-1", "ANS-3", "ANS-4")
@given(m=messages(), prec=precisions, data=st.data())
def test_pop_undoes_push(m: Message, prec: int, data: st.DataObject) -> None:
    """Decoding returns what was encoded, and the message as it was."""
    start, freq = data.draw(intervals(prec))
    pushed = ans.push(m, start, freq, prec)
    assert 2**32 <= pushed.head < 2**64
    assert all(0 <= word < 2**32 for word in pushed.words)
    assert start <= ans.peek(pushed, prec) < start + freq
    assert ans.pop(pushed, start, freq, prec) == m


@pytest.mark.spec("ANS-4")
@given(m=messages(least_words=1), prec=precisions, data=st.data())
def test_push_undoes_pop(m: Message, prec: int, data: st.DataObject) -> None:
    """Any message can be decoded under any model and put back: bits-back needs it."""
    slot = ans.peek(m, prec)
    start = data.draw(st.integers(0, slot))
    freq = data.draw(st.integers(slot - start + 1, 2**prec - start))
    assert ans.push(ans.pop(m, start, freq, prec), start, freq, prec) == m


@pytest.mark.spec("ANS-3", "ANS-4")
def test_every_head_of_the_toy_coder() -> None:
    """With words of 4 bits there are 240 heads and 136 intervals: try them all."""
    w = prec = 4
    every_interval = [(s, f) for s, f in product(range(16), range(1, 17)) if s + f <= 16]
    for head in range(2**w, 2 ** (2 * w)):
        m = Message(head, (9,))
        for start, freq in every_interval:
            pushed = ans.push(m, start, freq, prec, w=w)
            assert 2**w <= pushed.head < 2 ** (2 * w)
            assert ans.pop(pushed, start, freq, prec, w=w) == m
            if start <= ans.peek(m, prec) < start + freq:
                popped = ans.pop(m, start, freq, prec, w=w)
                assert ans.push(popped, start, freq, prec, w=w) == m


@pytest.mark.spec("ANS-3", "ANS-4")
@given(m=messages(), coded=interval_sequences())
def test_sequences(m: Message, coded: tuple[int, list[tuple[int, int]]]) -> None:
    """A sequence is its symbols one by one, and the pop of it undoes its push."""
    prec, pairs = coded
    starts, freqs = [s for s, _ in pairs], [f for _, f in pairs]
    pushed = m
    for start, freq in pairs:
        pushed = ans.push(pushed, start, freq, prec)
    assert ans.push_sequence(m, starts, freqs, prec) == pushed
    assert ans.pop_sequence(pushed, starts, freqs, prec) == m


@pytest.mark.spec("ANS-3")
@pytest.mark.parametrize(
    ("m", "interval", "expected"),
    [
        (EMPTY, (3, 1, 2), Message(0x4_0000_0003, ())),
        (Message(2**64 - 1, (7,)), (0, 4, 2), Message(2**64 - 1, (7,))),
        (Message(2**63 - 1, ()), (0, 128, 8), Message(2**64 - 129, ())),
        (Message(2**63, ()), (0, 128, 8), Message(2**32, (0,))),
    ],
    ids=["one slot of four", "certain", "the last that need not move", "the first that must"],
)
def test_known_answers(m: Message, interval: tuple[int, int, int], expected: Message) -> None:
    """Worked by hand from the formula of ANS-3."""
    assert ans.push(m, *interval) == expected


BAD_INTERVALS = [(0, 0, 8), (-1, 2, 8), (255, 2, 8), (0, 257, 8), (0, 1, 0), (0, 1, 33)]


@pytest.mark.spec("ANS-2")
@pytest.mark.parametrize(("start", "freq", "prec"), BAD_INTERVALS)
def test_rejects_what_is_no_interval(start: int, freq: int, prec: int) -> None:
    for call in (ans.push, ans.pop):
        with pytest.raises(IntervalError):
            call(Message(2**40, (1,)), start, freq, prec)
    for number_call in (ans.push_number, ans.pop_number):
        with pytest.raises(IntervalError):
            number_call(1, start, freq, prec)


@pytest.mark.spec("ANS-2", "ANS-4")
def test_rejects_another_symbols_slot() -> None:
    with pytest.raises(IntervalError, match="slot 5"):
        ans.pop(Message(2**32 + 5, ()), 6, 2, 8)
    with pytest.raises(IntervalError, match="slot 5"):
        ans.pop_number(5, 6, 2, 8)
    for call in (ans.push_sequence, ans.pop_sequence):
        with pytest.raises(IntervalError, match="2 starts and 1 freqs"):
            call(EMPTY, [0, 1], [1], 8)


@pytest.mark.spec("ANS-5")
@given(head=st.integers(2**32, 2**64 - 1), prec=precisions, data=st.data())
def test_exhaustion_is_an_error(head: int, prec: int, data: st.DataObject) -> None:
    """A pop without a word either leaves a head in range, or raises."""
    m = Message(head, ())
    slot = ans.peek(m, prec)
    start = data.draw(st.integers(0, slot))
    freq = data.draw(st.integers(slot - start + 1, 2**prec - start))
    left = freq * (head >> prec) + slot - start
    if left < 2**32:
        with pytest.raises(MessageExhausted):
            ans.pop(m, start, freq, prec)
    else:
        assert ans.pop(m, start, freq, prec) == Message(left, ())


@pytest.mark.spec("ANS-6")
@given(digits=st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 999))))
def test_digits_of_a_growing_base(digits: list[tuple[int, int]]) -> None:
    """Digits in any bases come off in reverse, and the number stays below their product."""
    number, least_above = 0, 1
    for base, digit in digits:
        number = ans.push_digit(number, digit % base, base)
        least_above *= base
    assert number < least_above
    for base, digit in reversed(digits):
        number, popped = ans.pop_digit(number, base)
        assert popped == digit % base
    assert number == 0


@pytest.mark.spec("ANS-6")
@given(number=st.integers(1), prec=precisions, data=st.data())
def test_the_big_integer_coder(number: int, prec: int, data: st.DataObject) -> None:
    """Pop undoes push and push undoes pop, without a bound on the number."""
    start, freq = data.draw(intervals(prec))
    pushed = ans.push_number(number, start, freq, prec)
    assert ans.pop_number(pushed, start, freq, prec) == number
    start, freq = number % 2**prec, 1
    popped = ans.pop_number(number, start, freq, prec)
    assert ans.push_number(popped, start, freq, prec) == number


@pytest.mark.spec("ANS-6")
@given(coded=interval_sequences())
def test_the_streaming_coder_is_the_big_integer_coder(
    coded: tuple[int, list[tuple[int, int]]],
) -> None:
    """As long as no word has moved, the head is the number."""
    prec, pairs = coded
    m, number = EMPTY, EMPTY.head
    for start, freq in pairs:
        m = ans.push(m, start, freq, prec)
        number = ans.push_number(number, start, freq, prec)
        if m.words:
            break
        assert m.head == number


@pytest.mark.spec("ANS-8")
@given(m=messages())
def test_information_is_a_logarithm(m: Message) -> None:
    information = ans.information(m)
    assert information >= 0
    assert information == pytest.approx(
        math.log2(m.head) - 32 + 32 * len(m.words), rel=1e-15, abs=2**-35
    )


@pytest.mark.spec("ANS-8")
@pytest.mark.parametrize("words", [0, 4_096, 100_000])
@pytest.mark.parametrize("head", [2**32 + 1, 3**30, 2**64 - 1])
def test_information_of_long_messages(head: int, words: int) -> None:
    """The logarithm is rounded down, and the sum to the nearest binary64."""
    with mpmath.workdps(40):
        exact = mpmath.log(head, 2) - 32 + 32 * words
        error = mpmath.mpf(ans.information(Message(head, (0,) * words))) - exact
    half_an_ulp = math.ulp(float(exact)) / 2
    assert -(2**-36) - half_an_ulp < error <= half_an_ulp


@pytest.mark.spec("ANS-8")
def test_information_of_powers_of_two() -> None:
    assert [ans.information(Message(2**k, (5,))) for k in range(32, 64)] == list(range(32, 64))


@pytest.mark.spec("ANS-8")
@given(m=messages(), prec=st.integers(1, 31), data=st.data())
def test_what_a_push_adds(m: Message, prec: int, data: st.DataObject) -> None:
    start, freq = data.draw(intervals(prec))
    assume(freq < 2**32)
    moved = m.head >> 32 if m.head >= freq << (64 - prec) else m.head
    added = ans.information(ans.push(m, start, freq, prec)) - ans.information(m)
    bound = LOG2_E * (freq + 1) / (moved - freq) + 2**-35
    assert abs(added - (prec - math.log2(freq))) <= bound
