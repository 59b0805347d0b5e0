"""One pass through the layers: the estimate of the ELBO, and its derivative.

Spec: DVA-3, DVA-5.

A model of N layers is a layer, and a model of ``N - 1`` layers of which the images are the
states of that layer. So both functions do one layer and call themselves for those above::

    estimate(below)  =  log p(below | s) + closed form(theta) + estimate of the layers above(s)

    with  theta = encoder(below),  and from theta and noise s, a state or what stands for it
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.errors import ModelError
from reference.inference.distributions.parameters import Floats
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
from reference.models.mlp import Mlp

__all__ = [
    "Derivative",
    "Encoded",
    "Objective",
    "Pass",
    "closed_form_gradient",
    "descend",
    "encode",
    "encoder_gradient",
    "outcomes_below",
    "pass_through",
    "prior_mean",
    "reverse",
    "run",
]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A layer, drawn given what is below it; a row each. Spec: DVA-1."""

    below: Floats
    """What the encoder took: the states of the layer below, or the images."""
    inputs: tuple[mlp.Floats, ...]
    """What the reverse through the encoder needs."""
    logits: Floats
    q: Latents
    s: Floats
    """What stands for the state."""
    slope: Slope
    """From the derivative in the state to that in the logits, both as events."""


@dataclass(frozen=True, eq=False)
class Pass:
    """What a pass through a layer and those above it left behind, a row each. Spec: DVA-3."""

    values: Floats
    """The estimates, in nats; shape ``(R,)``."""
    layer: Encoded
    decoder_inputs: tuple[mlp.Floats, ...]
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
    """The gradient in the layers from one on, and in the prior. Spec: DVA-5."""

    encoders: tuple[Mlp, ...]
    decoders: tuple[Mlp, ...]
    prior: Floats


def encode(
    encoder: Mlp, below: Floats, u: Floats, outcomes: int, relaxation: Relaxation
) -> Encoded:
    """Return a layer, drawn given rows of what is below it. Spec: DVA-1, DVA-2."""
    logits, inputs = run(encoder, below)
    q = latents(logits, outcomes)
    state, slope = relaxation(q, events(u, outcomes))
    return Encoded(below, inputs, logits, q, rows(state), slope)


def encoder_gradient(
    encoder: Mlp, layer: Encoded, d_s: Floats, d_logits: Floats | float, outcomes: int
) -> tuple[Mlp, Floats]:
    """Return the gradient in an encoder, and in what it took. Spec: DVA-5.

    Args:
        d_s: in what stands for the state; rows.
        d_logits: in the logits, beside what comes from `d_s`.
    """
    d = rows(layer.slope(events(d_s, outcomes))) + d_logits
    return descend(encoder, layer.inputs, d)


def outcomes_below(model: DiscreteVae, index: int) -> int:
    """Return the outcomes of what layer `index` decodes to: an image is bits. Spec: DVA-2."""
    return 1 if index == 0 else model.outcomes


def run(network: Mlp, s: Floats) -> tuple[Floats, tuple[mlp.Floats, ...]]:
    """Return what a network makes of states, in binary64, and what `reverse` needs.

    Spec: DVA-2.

    Raises:
        ModelError: that is not finite (DVA-2).
    """
    outputs, inputs = mlp.forward(network, signs(s).astype(network[0].bias.dtype))
    if not np.isfinite(outputs).all():
        raise ModelError("a network puts out numbers that are not finite")
    return outputs.astype(np.float64), inputs


def descend(network: Mlp, inputs: tuple[mlp.Floats, ...], d: Floats) -> tuple[Mlp, Floats]:
    """Return the gradient in a network and in the states that it took. Spec: DVA-2."""
    gradient, d_signs = mlp.reverse(network, inputs, d.astype(network[0].bias.dtype))
    return gradient, 2 * d_signs.astype(np.float64)


def prior_mean(model: DiscreteVae) -> Floats:
    """Return the probabilities of the prior, as one row. Spec: DVA-2."""
    return probabilities(model.prior[None].astype(np.float64), model.outcomes)


def _closed_form(model: DiscreteVae, index: int, logits: Floats) -> Floats:
    """Return the entropy of a layer, or minus the divergence of the last. Spec: DVA-3."""
    if index + 1 < len(model.encoders):
        return entropy(logits, model.outcomes)
    return -divergence(logits, model.prior.astype(np.float64), model.outcomes)


def closed_form_gradient(model: DiscreteVae, index: int, logits: Floats) -> Floats:
    """Return the gradient of that in the logits. Spec: DVA-6."""
    if index + 1 < len(model.encoders):
        return entropy_gradient(logits, model.outcomes)
    return -divergence_gradient(logits, model.prior.astype(np.float64), model.outcomes)


def pass_through(
    model: DiscreteVae,
    index: int,
    below: Floats,
    noise: Sequence[Floats],
    relaxation: Relaxation,
) -> Pass:
    """Go through layer `index`, counted from 0, and those above it. Spec: DVA-3, DVA-5.

    Args:
        below: rows of what layer `index` stands on; states, images, or numbers in their place.
        noise: rows of noise of every layer, from layer 0.
    """
    layer = encode(model.encoders[index], below, noise[index], model.outcomes, relaxation)
    decoded, decoder_inputs = run(model.decoders[index], layer.s)
    values = log_mass(below, decoded, outcomes_below(model, index))
    values = values + _closed_form(model, index, layer.logits)
    above = None
    if index + 1 < len(model.encoders):
        above = pass_through(model, index + 1, layer.s, noise, relaxation)
        values = values + above.values
    return Pass(values, layer, decoder_inputs, decoded, above)


def reverse(
    model: DiscreteVae, index: int, through: Pass, weight: Floats
) -> tuple[Derivative, Floats]:
    """Return the gradient of ``weight . values`` in layers and prior, and in `below`.

    Spec: DVA-5.

    Args:
        weight: shape ``(R,)``.
    """
    outcomes, column = model.outcomes, weight[:, None]
    beneath = outcomes_below(model, index)
    d_decoded = column * (through.layer.below - probabilities(through.decoded, beneath))
    decoder, d_s = descend(model.decoders[index], through.decoder_inputs, d_decoded)
    if through.above is None:
        gap = probabilities(through.layer.logits, outcomes) - prior_mean(model)
        above = Derivative((), (), (column * gap).sum(axis=0))
    else:
        above, d_above = reverse(model, index + 1, through.above, weight)
        d_s = d_s + d_above
    d_logits = column * closed_form_gradient(model, index, through.layer.logits)
    encoder, d_below = encoder_gradient(
        model.encoders[index], through.layer, d_s, d_logits, outcomes
    )
    d_below = d_below + column * log_mass_slope(through.decoded, beneath)
    found = Derivative((encoder, *above.encoders), (decoder, *above.decoders), above.prior)
    return found, d_below


@dataclass(frozen=True, eq=False)
class Objective:
    """``f`` of a layer (DVA-6), as GRD takes functions: all that depends on its state."""

    model: DiscreteVae
    index: int
    below: Floats
    noise: Sequence[Floats]
    relaxation: Relaxation
    """Of the layers above: `hard` makes it f, the others make it g."""

    def value(self, state: Floats) -> Floats:
        """Return one number a row. Spec: DVA-6."""
        decoded, _ = run(self.model.decoders[self.index], rows(state))
        values = log_mass(self.below, decoded, outcomes_below(self.model, self.index))
        above = self._above(state)
        return values if above is None else values + above.values

    def gradient(self, state: Floats) -> Floats:
        """Return the gradient, of the shape of `state`. Spec: DVA-6."""
        decoder = self.model.decoders[self.index]
        decoded, inputs = run(decoder, rows(state))
        p = probabilities(decoded, outcomes_below(self.model, self.index))
        _, d = descend(decoder, inputs, self.below - p)
        above = self._above(state)
        if above is not None:
            d = d + reverse(self.model, self.index + 1, above, np.ones(len(state)))[1]
        return d.reshape(state.shape)

    def _above(self, state: Floats) -> Pass | None:
        if self.index + 1 == len(self.model.encoders):
            return None
        return pass_through(
            self.model, self.index + 1, rows(state), self.noise, self.relaxation
        )
