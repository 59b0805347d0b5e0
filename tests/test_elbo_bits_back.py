"""ELB-10: the bound is the rate of this project's own coder, slot by slot."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding.ans import Message, information
from reference.coding.bits_back import bits_back, push_chain, rates
from reference.coding.codecs import Codec, categorical
from reference.inference import elbo

LOG2_E = math.log2(math.e)

Table = tuple[int, ...]
Model = tuple[int, Table, list[Table], list[Table]]


def coder(model: Model) -> Codec[int]:
    _, prior, likelihood, posterior = model
    return bits_back(
        categorical(prior),
        lambda z: categorical(likelihood[z]),
        lambda x: categorical(posterior[x]),
    )


def log_tables(model: Model, x: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log p(x | z), log p(z) and log q(z | x) of every z, as the tables state them."""
    prec, prior, likelihood, posterior = model
    of_x = [row[x] for row in likelihood]
    parts = (np.log(np.array(t, float) / 2**prec) for t in (of_x, prior, posterior[x]))
    return tuple(parts)  # type: ignore[return-value]


@st.composite
def tables(draw: st.DrawFn, symbols: int, prec: int) -> Table:
    """Frequencies of a distribution (COD-3)."""
    cuts = st.lists(
        st.integers(1, 2**prec - 1), min_size=symbols - 1, max_size=symbols - 1, unique=True
    )
    return tuple(b - a for a, b in pairwise([0, *sorted(draw(cuts)), 2**prec]))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A precision, and the tables of prior, likelihood and posterior: 4 latents, 3 symbols."""
    prec = draw(st.integers(3, 8))
    latents, symbols = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return (
        prec,
        draw(tables(latents, prec)),
        [draw(tables(symbols, prec)) for _ in range(latents)],
        [draw(tables(latents, prec)) for _ in range(symbols)],
    )


def toy(prec: int) -> Model:
    """p(z, x) = [[.30, .05, .15], [.05, .25, .20]], q(z = 0 | x) = (.7, .3, .5), in slots."""
    slots = 2**prec

    def rounded(*p: float) -> Table:
        freqs = [round(slots * v) for v in p[:-1]]
        return (*freqs, slots - sum(freqs))

    return (
        prec,
        rounded(0.5, 0.5),
        [rounded(0.6, 0.1, 0.3), rounded(0.1, 0.5, 0.4)],
        [rounded(q, 1 - q) for q in (0.7, 0.3, 0.5)],
    )


def heads_of(model: Model, x: int, slot: int, high: int) -> list[int]:
    """The head before, between and after the three steps; no word moves."""
    _, prior, likelihood, posterior = model
    messages = [Message((high << model[0]) + slot, ())]
    rest, z = categorical(posterior[x]).pop(messages[0])
    messages.append(rest)
    messages.append(categorical(likelihood[z]).push(rest, x))
    messages.append(categorical(prior).push(messages[-1], z))
    assert messages[-1] == coder(model).push(messages[0], x)
    assert all(m.words == () for m in messages)
    return [m.head for m in messages]


def check_every_slot(model: Model, high: int) -> None:
    """The pointwise law, its sum over slots, and the agreement of the four decompositions."""
    prec, _, _, posterior = model
    for x in range(len(posterior)):
        log_likelihood, log_prior, log_q = log_tables(model, x)
        stated = elbo.net_bits(log_likelihood, log_prior, log_q)
        added, smallest = [], math.inf
        owners = np.repeat(np.arange(len(posterior[x])), posterior[x])
        for slot, z in enumerate(owners):
            heads = heads_of(model, x, slot, high)
            bits = math.log2(heads[-1] / heads[0])
            bound = 3 * LOG2_E * 2**prec / min(heads)
            assert abs(bits - stated[z]) <= bound + 2.0**-44
            smallest = min(smallest, *heads)
            added.append(bits)
        bound = 3 * LOG2_E * 2**prec / smallest + 2.0**-44
        measured = elbo.elbo_net_bits(added)
        assert len(added) == 2**prec
        q = np.array(posterior[x]) / 2**prec
        log_joint = log_prior + log_likelihood
        log_evidence = np.logaddexp.reduce(log_joint)
        for found in (
            elbo.elbo_joint(log_joint, log_q, weights=q),
            elbo.elbo_likelihood(log_likelihood, log_prior, log_q, weights=q),
            elbo.elbo_evidence(log_evidence, log_joint - log_evidence, log_q, weights=q),
            elbo.elbo_net_bits(stated, weights=q),
        ):
            assert abs(measured.mean - found.mean) <= math.log(2) * bound
            assert found.mean <= log_evidence + 1e-12


@pytest.mark.spec("ELB-6", "ELB-10")
@given(model=models(), high=st.integers(2**33, 2**36))
def test_every_slot_of_any_model(model: Model, high: int) -> None:
    """With heads of which no frequency moves a word: the bound is at most 2**-22 bits."""
    check_every_slot(model, high)


@pytest.mark.spec("ELB-6", "ELB-10")
@pytest.mark.parametrize("high", [2**33, 2**36 + 12345, 2**40, 2**48 - 3])
def test_every_slot_of_the_toy(high: int) -> None:
    """From heads with little room to heads with much: the bound follows the head."""
    check_every_slot(toy(10), high)


@pytest.mark.spec("ELB-10")
def test_known_rate_of_the_toy() -> None:
    """1.65079986 bits net of an entropy of 1.58129090; each table is within half a slot."""
    model, p_x = toy(14), (0.35, 0.30, 0.35)
    net = 0.0
    for x, p in enumerate(p_x):
        log_likelihood, log_prior, log_q = log_tables(model, x)
        found = elbo.elbo_likelihood(log_likelihood, log_prior, log_q, weights=np.exp(log_q))
        net -= p * float(found.in_bits().mean)
    assert net == pytest.approx(1.65079986, abs=2e-4)


CHAINS, LENGTH = 400, 25


@pytest.mark.spec("ELB-10")
def test_a_chained_file() -> None:
    """Net bits of chains, less -ELBO of their data points, average 0: |z| < 4, 6e-5 by chance.

    Each chain starts from random words of its own, so that chains are independent, whatever
    holds within one. The data are such that ``sum_x p(x) q(z | x) = p(z)``: otherwise the
    slots on top would not be equally likely after the first data point. The frequencies of z
    are odd, so that the digits below the latest symbol are spread evenly.
    """
    prec = 12
    posterior = [(2731, 1365), (1229, 2867)]
    prior = (1983, 2113)  # the mean of the posteriors, to a slot
    # a likelihood that tells more of z than q makes of it, so that z matters to the rate
    model: Model = (prec, prior, [(3301, 795), (701, 3395)], posterior)
    p_first = (prior[0] - posterior[1][0]) / (posterior[0][0] - posterior[1][0])
    expected = []
    for x in (0, 1):
        log_likelihood, log_prior, log_q = log_tables(model, x)
        found = elbo.elbo_joint(log_likelihood + log_prior, log_q, weights=np.exp(log_q))
        assert found.in_bits().variance > 0.1  # a law that could fail
        expected.append(-float(found.in_bits().mean))
    rng, codec = np.random.default_rng(11), coder(model)
    excess = []
    for _ in range(CHAINS):
        words = tuple(map(int, rng.integers(0, 2**32, 4)))
        start = Message(int(rng.integers(2**62, 2**63)), words)
        data = [int(u >= p_first) for u in rng.random(LENGTH)]
        chain = push_chain(codec, start, data)
        excess.append(rates(chain).net_bits - sum(expected[x] for x in data))
        assert rates(chain).net_bits == information(chain[-1]) - information(chain[0])
    found = elbo.estimate(excess)
    assert abs(found.mean) < 4 * found.standard_error
    assert found.standard_error < 0.01 * LENGTH * min(expected)
