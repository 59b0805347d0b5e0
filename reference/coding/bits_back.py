"""Bits-back coding: coding data with a latent variable, at the cost of the negative ELBO.

Spec: BBK-1 to BBK-4; BBK-5 is what they add up to.
Source: J. Townsend, T. Bird, D. Barber, "Practical lossless compression with latent
variables using bits back coding", ICLR 2019, arXiv:1901.04866; B. Frey, G. Hinton,
"Free energy coding", DCC 1996.

A model gives ``p(z)`` and ``p(x | z)``; some ``q(z | x)`` approximates its posterior. The
sender has to choose a z, and any z will do, so it lets the choice carry information:
it decodes z from the message it already has::

    push x:   pop z with q(z | x)   push x with p(x | z)   push z with p(z)
    bits:       + log2 q(z | x)        - log2 p(x | z)        - log2 p(z)

The receiver finds z and x, and pushes z back with ``q(z | x)``: it gets the bits back.
The expected net rate is ``-ELBO``, and ``-log2 p(x)`` if ``q`` is the posterior.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from reference.coding.ans import Message, information
from reference.coding.codecs import Codec

__all__ = ["Rates", "bits_back", "push_chain", "rates"]

X = TypeVar("X")
Z = TypeVar("Z")


def bits_back(
    prior: Codec[Z], likelihood: Callable[[Z], Codec[X]], posterior: Callable[[X], Codec[Z]]
) -> Codec[X]:
    """Make the codec of the data from the three codecs of a latent-variable model.

    Spec: BBK-1, BBK-2.

    Args:
        prior: codes z.
        likelihood: codes x, given z.
        posterior: codes z, given x; any distribution over the support of the prior, the
            nearer to the posterior the fewer bits.
    """

    def push(m: Message, x: X) -> Message:
        m, z = posterior(x).pop(m)
        m = likelihood(z).push(m, x)
        return prior.push(m, z)

    def pop(m: Message) -> tuple[Message, X]:
        m, z = prior.pop(m)
        m, x = likelihood(z).pop(m)
        return posterior(x).push(m, z), x

    return Codec(push, pop)


def push_chain(codec: Codec[X], m: Message, data: Iterable[X]) -> list[Message]:
    """Push data points one after another; return the message before each, and the last.

    Spec: BBK-3. Each data point's latents are popped from what those before it left.
    """
    messages = [m]
    for x in data:
        messages.append(codec.push(messages[-1], x))
    return messages


@dataclass(frozen=True)
class Rates:
    """What a chain cost, in bits (BBK-4)."""

    initial_bits: float
    """What the message held before the first data point."""
    net_bits: float
    """What the data points added."""

    @property
    def total_bits(self) -> float:
        """What the message holds in the end: what a file has to store."""
        return self.initial_bits + self.net_bits


def rates(messages: list[Message]) -> Rates:
    """Return what a chain cost, from the messages of `push_chain`. Spec: BBK-4."""
    first, last = information(messages[0]), information(messages[-1])
    return Rates(initial_bits=first, net_bits=last - first)
