"""BBK-1 to BBK-5 hold for `reference.coding.bits_back`."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding import ans
from reference.coding.ans import Message, information
from reference.coding.bits_back import bits_back, push_chain, rates
from reference.coding.codecs import Codec, categorical
from tests.strategies import messages

LOG2_E = math.log2(math.e)

Table = tuple[int, ...]


@st.composite
def tables(draw: st.DrawFn, symbols: int, prec: int) -> Table:
    """Frequencies of a distribution (COD-3)."""
    cuts = draw(
        st.lists(
            st.integers(1, 2**prec - 1),
            min_size=symbols - 1,
            max_size=symbols - 1,
            unique=True,
        )
    )
    edges = [0, *sorted(cuts), 2**prec]
    return tuple(b - a for a, b in pairwise(edges))


@st.composite
def models(draw: st.DrawFn) -> tuple[Table, list[Table], list[Table]]:
    """The tables of prior, likelihood and posterior, for 3 latents and 4 symbols."""
    prec = draw(st.integers(4, 12))
    prior = draw(tables(3, prec))
    likelihood = [draw(tables(4, prec)) for _ in range(3)]
    posterior = [draw(tables(3, prec)) for _ in range(4)]
    return prior, likelihood, posterior


def coder(prior: Table, likelihood: list[Table], posterior: list[Table]) -> Codec[int]:
    return bits_back(
        categorical(prior),
        lambda z: categorical(likelihood[z]),
        lambda x: categorical(posterior[x]),
    )


@pytest.mark.spec("BBK-1", "BBK-2")
@given(m=messages(least_words=3), model=models(), x=st.integers(0, 3))
def test_push_and_pop_undo_each_other(
    m: Message, model: tuple[Table, list[Table], list[Table]], x: int
) -> None:
    """Whatever the posterior: it costs bits, never correctness."""
    codec = coder(*model)
    assert codec.pop(codec.push(m, x)) == (m, x)
    rest, popped = codec.pop(m)
    assert codec.push(rest, popped) == m


@pytest.mark.spec("BBK-1")
@given(m=messages(least_words=1), model=models(), x=st.integers(0, 3))
def test_the_three_steps(
    m: Message, model: tuple[Table, list[Table], list[Table]], x: int
) -> None:
    prior, likelihood, posterior = model
    by_hand, z = categorical(posterior[x]).pop(m)
    by_hand = categorical(likelihood[z]).push(by_hand, x)
    by_hand = categorical(prior).push(by_hand, z)
    assert coder(*model).push(m, x) == by_hand


@pytest.mark.spec("BBK-3", "BBK-4")
@given(m=messages(least_words=3), model=models(), data=st.lists(st.integers(0, 3), max_size=9))
def test_chains(
    m: Message, model: tuple[Table, list[Table], list[Table]], data: list[int]
) -> None:
    """A chain comes off in reverse, and its rates are differences of information."""
    codec = coder(*model)
    chain = push_chain(codec, m, data)
    assert chain[0] == m
    assert len(chain) == len(data) + 1
    result = rates(chain)
    assert result.initial_bits == information(m)
    assert result.total_bits == pytest.approx(information(chain[-1]), rel=1e-12)
    top = chain[-1]
    for before, x in zip(reversed(chain[:-1]), reversed(data), strict=True):
        top, popped = codec.pop(top)
        assert (top, popped) == (before, x)


@pytest.mark.spec("BBK-5")
def test_uniform_bits_pop_z_in_proportion() -> None:
    """At the toy word size: among all heads that share the upper bits, f_z pop z."""
    w = prec = 4
    freqs = (1, 3, 7, 5)
    starts = (0, 1, 4, 11)
    for high in range(2**w, 2 ** (2 * w), 2**prec):
        popped = [ans.peek(Message(high + slot, (3,)), prec) for slot in range(2**prec)]
        owners = [max(i for i in range(4) if starts[i] <= slot) for slot in popped]
        assert [owners.count(i) for i in range(4)] == list(freqs)
        for slot, z in zip(popped, owners, strict=True):
            m = ans.pop(Message(high + slot, (3,)), starts[z], freqs[z], prec, w=w)
            assert 2**w <= m.head < 2 ** (2 * w)


PREC = 14
TOY_JOINT = ((0.30, 0.05, 0.15), (0.05, 0.25, 0.20))  # p(z, x)
TOY_POSTERIOR = (0.7, 0.3, 0.5)  # q(z = 0 | x)


def toy_tables() -> tuple[Table, list[Table], list[Table]]:
    """The enumerable toy model, rounded to tables by hand: the last symbol takes the rest."""
    slots = 2**PREC

    def rounded(p: list[float]) -> Table:
        freqs = [round(slots * v) for v in p[:-1]]
        return (*freqs, slots - sum(freqs))

    prior = [sum(row) for row in TOY_JOINT]
    likelihood = [
        [v / total for v in row] for row, total in zip(TOY_JOINT, prior, strict=True)
    ]
    posterior = [[q, 1 - q] for q in TOY_POSTERIOR]
    return rounded(prior), [rounded(r) for r in likelihood], [rounded(r) for r in posterior]


def average_net_bits(codec: Codec[int], x: int) -> float:
    """Return the net bits of x, averaged over all slots on top of a long message."""
    high = 2**62
    total = 0.0
    for slot in range(2**PREC):
        m = Message(high + slot, (12345,))
        total += information(codec.push(m, x)) - information(m)
    return total / 2**PREC


@pytest.mark.spec("BBK-5")
def test_the_enumerable_toy() -> None:
    """Known answer: 1.65079986 bits net, of an entropy of 1.58129090, 0.92283908 bits back."""
    codec = coder(*toy_tables())
    p_x = [sum(row[x] for row in TOY_JOINT) for x in range(3)]
    net = sum(p * average_net_bits(codec, x) for x, p in enumerate(p_x))
    # Each frequency is rounded by up to half a slot, 2**-15.
    assert net == pytest.approx(1.65079986, abs=2e-4)
    assert net > -sum(p * math.log2(p) for p in p_x) == pytest.approx(1.58129090, abs=1e-8)
    back = -sum(
        p * sum(q * math.log2(q) for q in (TOY_POSTERIOR[x], 1 - TOY_POSTERIOR[x]))
        for x, p in enumerate(p_x)
    )
    assert back == pytest.approx(0.92283908, abs=1e-8)
    assert net + back == pytest.approx(2.57363894, abs=2e-4)


@pytest.mark.spec("BBK-5")
@given(model=models(), x=st.integers(0, 3), high=st.integers(0, 2**11))
def test_the_average_net_rate_is_the_negative_elbo(
    model: tuple[Table, list[Table], list[Table]], x: int, high: int
) -> None:
    """By enumeration of all slots, for the probabilities that the tables state."""
    prior, likelihood, posterior = model
    slots = sum(prior)
    codec, heads = coder(*model), [(2**40 + high) * slots + slot for slot in range(slots)]
    before = sum(information(Message(head, (7,))) for head in heads)
    after = sum(information(codec.push(Message(head, (7,)), x)) for head in heads)
    expected = sum(
        q / slots * math.log2(q * slots / (likelihood[z][x] * prior[z]))
        for z, q in enumerate(posterior[x])
    )
    # Three operations, each within the rounding of ANS-8 for freq = 1, the largest one.
    bound = 3 * LOG2_E * 2 / (2**32 / slots - 1)
    assert abs((after - before) / slots - expected) < bound


@pytest.mark.spec("BBK-5")
def test_with_a_dyadic_posterior_every_z_costs_the_same() -> None:
    """With exact Bayes in the tables, the net bits do not depend on z."""
    prior, likelihood = (8, 8), [(12, 4), (4, 12)]
    posterior = [(12, 4), (4, 12)]  # p(x) = 1/2, so Bayes holds slot by slot
    codec = coder(prior, likelihood, posterior)
    for x in (0, 1):
        net = {
            information(codec.push(Message(2**50 + slot, (5,)), x))
            - information(Message(2**50 + slot, (5,)))
            for slot in range(16)
        }
        assert all(abs(bits - 1) < 2**-30 for bits in net)


@pytest.mark.spec("BBK-5")
@pytest.mark.parametrize("x", range(3))
@pytest.mark.parametrize("z", range(2))
def test_with_a_rounded_posterior_every_z_costs_nearly_the_same(x: int, z: int) -> None:
    """Each of the three tables is off by half a slot at most, and that bounds the bits."""
    prior, likelihood, _ = toy_tables()
    p_x = sum(row[x] for row in TOY_JOINT)
    freq = round(2**PREC * TOY_JOINT[0][x] / p_x)
    posterior = (freq, 2**PREC - freq)
    codec = coder(prior, likelihood, [posterior] * 3)
    m = Message(2**62 + (0, posterior[0])[z], (12345,))  # the first slot of z
    net = information(codec.push(m, x)) - information(m)
    entries = (prior[z], likelihood[z][x], posterior[z])
    rounding = sum(-math.log2(1 - 0.5 / entry) for entry in entries)
    assert abs(net + math.log2(p_x)) <= rounding + 3 * LOG2_E * 2 / (2 ** (32 - PREC) - 1)


@pytest.mark.spec("BBK-5")
def test_another_posterior_can_cost_less_for_some_z() -> None:
    """Pointwise, 1.222 bits where the exact posterior costs 1.515; on average, never."""
    prior, likelihood, posterior = toy_tables()
    codec = coder(prior, likelihood, posterior)
    m = Message(2**62, (12345,))  # slot 0 pops z = 0
    net = information(codec.push(m, 0)) - information(m)
    assert net == pytest.approx(1.222, abs=1e-3)
    assert -math.log2(0.35) == pytest.approx(1.515, abs=1e-3)
    exact = [round(2**PREC * q) for q in (0.30 / 0.35, 0.05 / 0.30, 0.15 / 0.35)]
    best = [(freq, 2**PREC - freq) for freq in exact]
    for x in range(3):
        assert average_net_bits(codec, x) > average_net_bits(coder(prior, likelihood, best), x)
