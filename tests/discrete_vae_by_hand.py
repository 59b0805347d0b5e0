"""DVA again, a draw and a formula at a time, in numbers that may be complex.

A derivative is the imaginary part for a step of 1e-30 i: exact to rounding, since nothing
is subtracted. It shares no code with what it checks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.models.discrete_vae import DiscreteVae, Predictor

STEP = 1e-30
Numbers = NDArray[Any]
Network = list[tuple[Numbers, Numbers]]
Choice = Callable[[int, Numbers], Numbers]
"""From the index and the logits of a layer to its state, or what stands for it."""


@dataclass
class Plain:
    """A model, or a predictor with its one decoder, in complex numbers."""

    encoders: list[Network]
    decoders: list[Network]
    prior: Numbers
    outcomes: int

    def arrays(self) -> list[Numbers]:
        """Return all parameters, in the order of `discrete_vae_models.arrays`."""
        networks = self.encoders + self.decoders
        return [a for n in networks for layer in n for a in layer] + [self.prior]


def plain(model: DiscreteVae | Predictor) -> Plain:
    of_one = isinstance(model, Predictor)
    encoders, decoders = (
        [[(p.weights.astype(complex), p.bias.astype(complex)) for p in n] for n in networks]
        for networks in (model.encoders, (model.decoder,) if of_one else model.decoders)
    )
    prior = np.zeros(0) if of_one else model.prior
    return Plain(encoders, decoders, prior.astype(complex), model.outcomes)


def gradient(value: Callable[[Plain], Any], model: DiscreteVae | Predictor) -> list[Numbers]:
    """The derivatives of a function of the model in all its parameters, as `arrays`."""
    p, found = plain(model), []
    for a in p.arrays():
        d = np.empty(a.shape)
        for i in np.ndindex(a.shape):
            a[i] += STEP * 1j
            d[i] = np.imag(value(p)) / STEP
            a[i] = a[i].real
        found.append(d)
    return found if isinstance(model, DiscreteVae) else found[:-1]


def slope(f: Callable[[Numbers], Any], x: Numbers) -> Numbers:
    """The gradient of a function of one row."""
    steps = STEP * 1j * np.eye(len(x))
    return np.array([np.imag(f(x + step)) for step in steps]) / STEP


def run(network: Network, s: Numbers) -> Numbers:
    a = 2.0 * s - 1
    for i, (weights, bias) in enumerate(network):
        a = (a if i == 0 else np.where(a.real > 0, a, 0)) @ weights + bias
    return a


def mean(logits: Numbers, outcomes: int) -> Numbers:
    if outcomes == 1:
        return 1 / (1 + np.exp(-logits))
    e = np.exp(logits.reshape(-1, outcomes))
    return (e / e.sum(axis=1, keepdims=True)).ravel()


def log_mass(s: Numbers, logits: Numbers, outcomes: int) -> Any:
    p = mean(logits, outcomes)
    if outcomes == 1:
        return (s * np.log(p) + (1 - s) * np.log(1 - p)).sum()
    return (s * np.log(p)).sum()


def entropy(logits: Numbers, outcomes: int) -> Any:
    p = mean(logits, outcomes)
    found = -(p * np.log(p)).sum()
    return found - ((1 - p) * np.log(1 - p)).sum() if outcomes == 1 else found


def divergence(logits: Numbers, prior: Numbers, outcomes: int) -> Any:
    p, r = mean(logits, outcomes), mean(prior, outcomes)
    found = (p * np.log(p / r)).sum()
    return found + ((1 - p) * np.log((1 - p) / (1 - r))).sum() if outcomes == 1 else found


def closed_form(p: Plain, index: int, logits: Numbers) -> Any:
    if index + 1 < len(p.encoders):
        return entropy(logits, p.outcomes)
    return -divergence(logits, p.prior, p.outcomes)


def given_state(p: Plain, index: int, below: Numbers, s: Numbers, choose: Choice) -> Any:
    """All of DVA-3 that depends on the state of a layer, given what is below."""
    value = log_mass(below, run(p.decoders[index], s), 1 if index == 0 else p.outcomes)
    return value + (estimate(p, s, choose, index + 1) if index + 1 < len(p.encoders) else 0)


def estimate(p: Plain, below: Numbers, choose: Choice, index: int = 0) -> Any:
    """DVA-3, or DVA-5, of the layers from one on."""
    logits = run(p.encoders[index], below)
    s = choose(index, logits)
    return closed_form(p, index, logits) + given_state(p, index, below, s, choose)


def log_q(p: Plain, x: Numbers, path: Sequence[Numbers]) -> Any:
    below = (x, *path[:-1])
    return sum(
        log_mass(s, run(e, b), p.outcomes)
        for e, b, s in zip(p.encoders, below, path, strict=True)
    )


def log_joint(p: Plain, x: Numbers, path: Sequence[Numbers]) -> Any:
    total = log_mass(path[-1], p.prior, p.outcomes)
    total += log_mass(x, run(p.decoders[0], path[0]), 1)
    for d, below, s in zip(p.decoders[1:], path[:-1], path[1:], strict=True):
        total += log_mass(below, run(d, s), p.outcomes)
    return total


def elbo(p: Plain, x: Numbers, paths: Sequence[Sequence[Numbers]]) -> Any:
    """``sum q(b | x) (log p(x, b) - log q(b | x))``, over all states."""
    total = 0
    for path in paths:
        q = log_q(p, x, path)
        total += np.exp(q) * (log_joint(p, x, path) - q)
    return total


def log_evidence(p: Plain, x: Numbers, paths: Sequence[Sequence[Numbers]]) -> Any:
    return np.log(sum(np.exp(log_joint(p, x, path)) for path in paths))


def standard(u: Numbers, outcomes: int) -> Numbers:
    """Noise of location 0: logistic, or Gumbel."""
    return np.log(u) - np.log(1 - u) if outcomes == 1 else -np.log(-np.log(u))


def state(logits: Numbers, u: Numbers, outcomes: int) -> Numbers:
    z = (logits + standard(u, outcomes)).real
    if outcomes == 1:
        return np.array([float(v > 0) for v in z])
    return np.concatenate([np.eye(outcomes)[np.argmax(v)] for v in z.reshape(-1, outcomes)])


def conditional(logits: Numbers, b: Numbers, v: Numbers, outcomes: int) -> Numbers:
    """GRD-8 and GRD-9."""
    if outcomes == 1:
        p = mean(logits, 1)
        w = np.where(b == 1, v * p + 1 - p, v * (1 - p))
        return logits + np.log(w) - np.log(1 - w)
    found = []
    for theta, one, g in zip(
        *(a.reshape(-1, outcomes) for a in (logits, b, standard(v, outcomes))), strict=True
    ):
        top = np.log(np.exp(theta).sum()) + g[one == 1]
        found.append(np.where(one == 1, top, -np.log(np.exp(-theta - g) + np.exp(-top))))
    return np.concatenate(found)


def hard(p: Plain, u: Sequence[Numbers]) -> Choice:
    return lambda index, logits: state(logits, u[index], p.outcomes)


def relaxed(p: Plain, u: Sequence[Numbers], t: float) -> Choice:
    return lambda i, logits: mean((logits + standard(u[i], p.outcomes)) / t, p.outcomes)


def means(p: Plain) -> Choice:
    return lambda _, logits: mean(logits, p.outcomes)


def straight_through(p: Plain, u: Sequence[Numbers]) -> Choice:
    """The state, with the imaginary part, which is the derivative, of the mean."""
    return lambda i, logits: (
        state(logits, u[i], p.outcomes) + 1j * np.imag(mean(logits, p.outcomes))
    )


def relax(
    f: Callable[[Numbers], Any],
    c: Callable[[Numbers], Any],
    logits: Numbers,
    u: Numbers,
    v: Numbers,
    outcomes: int,
) -> Numbers:
    """GRD-11, for one row."""
    b, noise = state(logits, u, outcomes), standard(u, outcomes)
    held = conditional(logits, b, v, outcomes)
    score = b - mean(logits, outcomes)
    free = slope(lambda theta: c(theta + noise), logits)
    return (
        np.real(f(b) - c(held)) * np.real(score)
        + free
        - slope(lambda theta: c(conditional(theta, b, v, outcomes)), logits)
    )


def muprop(
    f: Callable[[Numbers], Any],
    g: Callable[[Numbers], Any],
    logits: Numbers,
    u: Numbers,
    baseline: float,
    outcomes: int,
) -> tuple[Numbers, float]:
    """DVA-7, for one row; and what the baseline is of."""
    b, p = state(logits, u, outcomes), mean(logits, outcomes)
    target = float(np.real(f(b) - g(p) - slope(g, p) @ (b - p)))
    through = slope(lambda theta: g(mean(theta, outcomes)), logits)
    return (target - baseline) * np.real(b - p) + through, target
