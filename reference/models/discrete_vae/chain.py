"""One pass through the layers: the estimate of the ELBO, and its derivative.

Spec: DVA-3, DVA-5.

A model of N layers is a layer, and a model of ``N - 1`` layers of which the images are the
states of that layer. So both functions do one layer and call themselves for those above::

    estimate(below)  =  log p(below | s) + closed form(theta) + estimate of the layers above(s)

    with  theta = encoder(below)   and   s, from theta and noise, a state or what is in its place
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.inference.gradients import Latents
from reference.models import mlp
from reference.models.discrete_vae.layers import (
    Relaxation,
    Slope,
    divergence,
    divergence_gradient,
    entropy,
    entropy_gradient,
    events,
    latents,
    log_mass,
    log_mass_slope,
    probabilities,
    rows,
)
from reference.models.discrete_vae.model import DiscreteVae, signs
from reference.models.mlp import Floats, Mlp

__all__ = [
    "Objective",
    "Derivative",
    "Pass",
    "closed_form_gradient",
    "descend",
    "outcomes_below",
    "pass_through",
    "reverse",
    "run",
]


@dataclass(frozen=True, eq=False)
class Pass:
    """What a pass through layer `l` and those above it left behind, a row each."""

    values: Floats
    """The estimates, in nats; shape ``(R,)``."""
    below: Floats
    """What the encoder took: the states of layer ``l - 1``, or the images."""
    logits: Floats
    """``theta`` of the layer."""
    q: Latents
    s: Floats
    """What stands for the state."""
    slope: Slope
    """From the derivative in `s` to that in `logits`."""
    encoder_inputs: tuple[Floats, ...]
    decoder_inputs: tuple[Floats, ...]
    decoded: Floats
    """The logits of what is below."""
    above: "Pass | None"

    def layers(self) -> Iterator["Pass"]:
        """Return this pass, and those through the layers above it. Spec: DVA-3."""
        yield self
        if self.above is not None:
            yield from self.above.layers()


@dataclass(frozen=True, eq=False)
class Derivative:
    """The gradient in the layers from one on, and in the prior."""

    encoders: tuple[Mlp, ...]
    decoders: tuple[Mlp, ...]
    prior: Floats


def outcomes_below(model: DiscreteVae, l: int) -> int:
    """Return the outcomes of what layer `l` decodes to: an image is bits. Spec: DVA-2."""
    return 1 if l == 0 else model.outcomes


def run(network: Mlp, s: Floats) -> tuple[Floats, tuple[Floats, ...]]:
    """Return what a network makes of states, in binary64, and what `reverse` needs.

    Spec: DVA-2.
    """
    outputs, inputs = mlp.forward(network, signs(s).astype(network[0].bias.dtype))
    return outputs.astype(np.float64), inputs


def descend(network: Mlp, inputs: tuple[Floats, ...], d: Floats) -> tuple[Mlp, Floats]:
    """Return the gradient in a network and in the states that it took. Spec: DVA-2."""
    gradient, d_signs = mlp.reverse(network, inputs, d.astype(network[0].bias.dtype))
    return gradient, 2 * d_signs.astype(np.float64)


def _closed_form(model: DiscreteVae, l: int, logits: Floats) -> Floats:
    """Return the entropy of layer `l`, or minus the divergence of the last. Spec: DVA-3."""
    if l + 1 < len(model.encoders):
        return entropy(logits, model.outcomes)
    return -divergence(logits, model.prior.astype(np.float64), model.outcomes)


def closed_form_gradient(model: DiscreteVae, l: int, logits: Floats) -> Floats:
    """Return the gradient of that in the logits. Spec: DVA-6."""
    if l + 1 < len(model.encoders):
        return entropy_gradient(logits, model.outcomes)
    return -divergence_gradient(logits, model.prior.astype(np.float64), model.outcomes)


def pass_through(
    model: DiscreteVae, l: int, below: Floats, noise: Sequence[Floats], relaxation: Relaxation
) -> Pass:
    """Go through layer `l`, counted from 0, and those above it. Spec: DVA-3, DVA-5.

    Args:
        below: rows of what layer `l` stands on; states, images, or numbers in their place.
        noise: rows of noise of every layer, from layer 0.
    """
    logits, encoder_inputs = run(model.encoders[l], below)
    q = latents(logits, model.outcomes)
    state, slope = relaxation(q, events(noise[l], model.outcomes))
    s = rows(state)
    decoded, decoder_inputs = run(model.decoders[l], s)
    values = log_mass(below, decoded, outcomes_below(model, l)) + _closed_form(model, l, logits)
    above = None
    if l + 1 < len(model.encoders):
        above = pass_through(model, l + 1, s, noise, relaxation)
        values = values + above.values
    return Pass(
        values, below, logits, q, s, slope, encoder_inputs, decoder_inputs, decoded, above
    )


def reverse(
    model: DiscreteVae, l: int, through: Pass, weight: Floats
) -> tuple[Derivative, Floats]:
    """Return the gradient of ``weight . values`` in layers and prior, and in `below`.

    Spec: DVA-5.

    Args:
        weight: shape ``(R,)``.
    """
    outcomes, column = model.outcomes, weight[:, None]
    beneath = outcomes_below(model, l)
    d_decoded = column * (through.below - probabilities(through.decoded, beneath))
    decoder, d_s = descend(model.decoders[l], through.decoder_inputs, d_decoded)
    if through.above is None:
        gap = probabilities(through.logits, outcomes) - probabilities(model.prior[None], outcomes)
        above = Derivative((), (), (column * gap).sum(axis=0))
    else:
        above, d_above = reverse(model, l + 1, through.above, weight)
        d_s = d_s + d_above
    d_logits = rows(through.slope(events(d_s, outcomes)))
    d_logits = d_logits + column * closed_form_gradient(model, l, through.logits)
    encoder, d_below = descend(model.encoders[l], through.encoder_inputs, d_logits)
    d_below = d_below + column * log_mass_slope(through.decoded, beneath)
    found = Derivative((encoder, *above.encoders), (decoder, *above.decoders), above.prior)
    return found, d_below


@dataclass(frozen=True, eq=False)
class Objective:
    """``f`` of a layer (DVA-6), as GRD takes functions: all that depends on its state."""

    model: DiscreteVae
    l: int
    below: Floats
    noise: Sequence[Floats]
    relaxation: Relaxation
    """Of the layers above: `hard` makes it f, the others make it g."""

    def value(self, state: Floats) -> Floats:
        """Return one number a row. Spec: DVA-6."""
        decoded, _ = run(self.model.decoders[self.l], rows(state))
        values = log_mass(self.below, decoded, outcomes_below(self.model, self.l))
        above = self._above(state)
        return values if above is None else values + above.values

    def gradient(self, state: Floats) -> Floats:
        """Return the gradient, of the shape of `state`. Spec: DVA-6."""
        decoder = self.model.decoders[self.l]
        decoded, inputs = run(decoder, rows(state))
        p = probabilities(decoded, outcomes_below(self.model, self.l))
        _, d = descend(decoder, inputs, self.below - p)
        above = self._above(state)
        if above is not None:
            d = d + reverse(self.model, self.l + 1, above, np.ones(len(state)))[1]
        return d.reshape(state.shape)

    def _above(self, state: Floats) -> Pass | None:
        if self.l + 1 == len(self.model.encoders):
            return None
        return pass_through(
            self.model, self.l + 1, rows(state), self.noise, self.relaxation
        )
