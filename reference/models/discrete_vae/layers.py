"""A layer of discrete latents: its states, their masses, and numbers in place of states.

Spec: DVA-1, DVA-5.
Source: G. Tucker et al., "REBAR", NeurIPS 2017, arXiv:1703.07370, appendix C; C. Maddison,
A. Mnih, Y. Teh, "The Concrete distribution", ICLR 2017, arXiv:1611.00712, section 3.3.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import entr, log_softmax

from reference.inference.distributions.parameters import Floats
from reference.inference.gradients import Bernoulli, Categorical, Latents

__all__ = [
    "Relaxation",
    "Slope",
    "at_mean",
    "at_temperature",
    "divergence",
    "divergence_gradient",
    "entropy",
    "entropy_gradient",
    "events",
    "hard",
    "latents",
    "log_mass",
    "log_mass_slope",
    "probabilities",
    "rows",
    "straight_through",
]

Slope = Callable[[Floats], Floats]
"""From the derivative in a state to that in the logits, both rows of events."""

Relaxation = Callable[[Latents, Floats], tuple[Floats, Slope]]
"""From latents and noise to what stands for their state, and its slope."""


def events(a: Floats, outcomes: int) -> Floats:
    """Return rows ``(R, H n)`` as events ``(R, H, n)``; those of bits as they are.

    Spec: DVA-1.
    """
    return a if outcomes == 1 else a.reshape(len(a), -1, outcomes)


def rows(a: Floats) -> Floats:
    """Return events as rows. Spec: DVA-1."""
    return a.reshape(len(a), -1)


def latents(logits: Floats, outcomes: int) -> Latents:
    """Return the distribution of a layer, given rows of logits. Spec: DVA-1."""
    return Bernoulli(logits) if outcomes == 1 else Categorical(events(logits, outcomes))


def probabilities(logits: Floats, outcomes: int) -> Floats:
    """Return rows of the means ``p`` of states. Spec: DVA-1."""
    return rows(latents(logits, outcomes).mean)


def log_mass(s: Floats, logits: Floats, outcomes: int) -> Floats:
    """Return the log mass of each row of states, in nats. Spec: DVA-1.

    Its derivative in the logits is ``s - p``, since the outcomes of a variable have the sum 1.
    """
    slope = log_mass_slope(logits, outcomes)
    if outcomes == 1:
        return np.asarray((s * slope - np.logaddexp(0, logits)).sum(axis=1))
    return np.asarray((s * slope).sum(axis=1))


def log_mass_slope(logits: Floats, outcomes: int) -> Floats:
    """Return the derivative of `log_mass` in the states. Spec: DVA-1."""
    if outcomes == 1:
        return logits
    return rows(log_softmax(events(logits, outcomes), axis=-1))


def entropy(logits: Floats, outcomes: int) -> Floats:
    """Return the entropy of each row, in nats. Spec: DVA-1."""
    terms = entr(probabilities(logits, outcomes))
    if outcomes == 1:
        terms = terms + entr(probabilities(-logits, 1))
    return np.asarray(terms.sum(axis=1))


def entropy_gradient(logits: Floats, outcomes: int) -> Floats:
    """Return the gradient of `entropy` in the logits. Spec: DVA-6."""
    q = latents(logits, outcomes)
    return rows(q.squash_slope(q.mean, -events(log_mass_slope(logits, outcomes), outcomes)))


def divergence(logits: Floats, prior: Floats, outcomes: int) -> Floats:
    """Return ``KL(q || p)`` of each row of logits from those of the prior, in nats.

    Spec: DVA-3.
    """
    p = probabilities(logits, outcomes)
    prior = np.broadcast_to(prior, logits.shape)
    return -entropy(logits, outcomes) - log_mass(p, prior, outcomes)


def divergence_gradient(logits: Floats, prior: Floats, outcomes: int) -> Floats:
    """Return the gradient of `divergence` in the logits. Spec: DVA-6."""
    q, prior = latents(logits, outcomes), prior[None]
    gap = log_mass_slope(logits, outcomes) - log_mass_slope(prior, outcomes)
    return rows(q.squash_slope(q.mean, events(gap, outcomes)))


def hard(q: Latents, u: Floats) -> tuple[Floats, Slope]:
    """Return the state, which has no derivative. Spec: DVA-3."""
    return q.rounded(q.relaxed(u)), np.zeros_like


def straight_through(q: Latents, u: Floats) -> tuple[Floats, Slope]:
    """Return the state, with the derivative of its mean. Spec: DVA-9."""
    return q.rounded(q.relaxed(u)), lambda d: q.squash_slope(q.mean, d)


def at_mean(q: Latents, u: Floats) -> tuple[Floats, Slope]:
    """Return the mean of the state. Spec: DVA-5."""
    mean = np.broadcast_to(q.mean, u.shape)
    return mean, lambda d: q.squash_slope(mean, d)


def at_temperature(t: float) -> Relaxation:
    """Return the relaxation to states at a temperature. Spec: DVA-5."""

    def relax(q: Latents, u: Floats) -> tuple[Floats, Slope]:
        x = q.squash(q.relaxed(u), t)
        return x, lambda d: q.squash_slope(x, d) / t

    return relax
