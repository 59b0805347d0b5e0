"""`fast.coding.ans` leaves the messages that `reference.coding.ans` leaves."""

import numba
import numpy as np
import pytest
from hypothesis import example, given

import fast.coding.ans as fast
import reference.coding.ans as reference
from reference.coding.ans import Message
from reference.errors import IntervalError, MessageExhausted
from tests.strategies import interval_sequences, messages

FULL = Message(head=2**64 - 1, words=())
EDGE = Message(head=2**63, words=())

Coded = tuple[int, list[tuple[int, int]]]


@pytest.mark.spec("ANS-3", "ANS-4")
@given(m=messages(), coded=interval_sequences())
@example(m=FULL, coded=(8, [(0, 256)])).via("freq << 56 is 0 in 64 bits")
@example(m=FULL, coded=(32, [(0, 2**32)])).via("the largest freq")
@example(m=FULL, coded=(32, [(2**32 - 1, 1)])).via("the last slot")
@example(m=EDGE, coded=(8, [(0, 128)])).via("head == freq << 56: the first that must move")
def test_sequences(m: Message, coded: Coded) -> None:
    """The kernels and the loops over push and pop leave the same message."""
    prec, pairs = coded
    starts, freqs = [s for s, _ in pairs], [f for _, f in pairs]
    pushed = reference.push_sequence(m, starts, freqs, prec)
    assert fast.push_sequence(m, starts, freqs, prec) == pushed
    assert fast.pop_sequence(pushed, starts, freqs, prec) == m


@pytest.mark.spec("ANS-4", "ANS-5")
@given(m=messages(), coded=interval_sequences())
def test_pops_of_any_message(m: Message, coded: Coded) -> None:
    """Where one returns, both return the same; where one raises, both raise the same."""
    prec, pairs = coded
    starts, freqs = [s for s, _ in pairs], [f for _, f in pairs]
    try:
        expected = reference.pop_sequence(m, starts, freqs, prec)
    except (IntervalError, MessageExhausted) as error:
        with pytest.raises(type(error)):
            fast.pop_sequence(m, starts, freqs, prec)
    else:
        assert fast.pop_sequence(m, starts, freqs, prec) == expected


@pytest.mark.spec("ANS-2")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
@pytest.mark.parametrize(
    ("starts", "freqs", "prec"),
    [
        ([0], [0], 8),
        ([-1], [2], 8),
        ([0, 255], [1, 2], 8),
        ([2**63 - 1], [1], 8),  # the sum wraps in 64 bits
        ([2**70], [1], 8),
        ([0], [1, 1], 8),
        ([0], [1], 0),
        ([0], [1], 33),
        ([], [], 0),
        ([], [], 33),
    ],
)
def test_rejects_alike(impl, starts: list[int], freqs: list[int], prec: int) -> None:
    for call in (impl.push_sequence, impl.pop_sequence):
        with pytest.raises(IntervalError):
            call(EDGE, starts, freqs, prec)


@pytest.mark.spec("ANS-2", "ANS-5")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
@pytest.mark.parametrize("bad", range(3))
def test_every_interval_is_checked_first(impl, bad: int) -> None:
    """Even where the message is exhausted, or another's slot on top, before the bad one."""
    freqs = [1, 1, 1]
    freqs[bad] = 0
    for m in (reference.EMPTY, Message(2**40 + 1, (7,))):
        with pytest.raises(IntervalError, match="interval"):
            impl.pop_sequence(m, [0, 0, 0], freqs, 8)


@pytest.mark.spec("ANS-4")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
@pytest.mark.parametrize("slot", [4, 8])
def test_rejects_another_symbols_slot(impl, slot: int) -> None:
    """The slots next to an interval, on either side."""
    with pytest.raises(IntervalError):
        impl.pop_sequence(Message(2**40 + slot, (1,)), [5], [3], 8)


@pytest.mark.spec("ANS-5")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_exhaustion(impl) -> None:
    with pytest.raises(MessageExhausted):
        impl.pop_sequence(Message(2**32, ()), [0], [1], 8)


@pytest.mark.spec("ANS-3", "ANS-4")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_arrays_do_as_well(impl) -> None:
    """Integers of numpy wrap at 64 bits; a head may be above half of that."""
    starts, freqs = np.array([2**31, 5]), np.array([2**31 - 1, 1])
    m = reference.push(reference.push(FULL, 2**31, 2**31 - 1, 32), 5, 1, 32)
    assert impl.push_sequence(FULL, starts, freqs, 32) == m
    assert impl.pop_sequence(m, starts, freqs, 32) == FULL


@numba.njit
def code_and_decode(head, words, starts, freqs, prec):
    n = np.uint64(0)
    head, n = fast.push_sequence_kernel(head, words, n, starts, freqs, prec)
    used = n
    head, n, left = fast.pop_sequence_kernel(head, words, n, starts, freqs, prec)
    return head, used, n, left


@pytest.mark.spec("ANS-3", "ANS-4")
def test_called_from_compiled_code() -> None:
    """An importer chains kernels on head, words and n."""
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 2**12 - 9, 1000).astype(np.uint64)
    freqs = rng.integers(1, 9, 1000).astype(np.uint64)
    words = np.empty(1000, np.uint32)
    head, used, n, left = code_and_decode(
        np.uint64(2**32), words, starts, freqs, np.uint64(12)
    )
    m = reference.push_sequence(reference.EMPTY, starts.tolist(), freqs.tolist(), 12)
    assert tuple(words[:used].tolist()) == m.words
    assert (int(head), int(n), left) == (2**32, 0, 0)
