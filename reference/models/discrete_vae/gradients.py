"""The gradient of the bound, by any of the estimators.

Spec: DVA-6 to DVA-10.

A layer at a time, the gradient in the logits is an estimate of GRD of the expectation of all
that depends on the state of the layer; the encoder takes it from there, by reverse
accumulation. Decoders and prior have the derivative at the states that were drawn.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from reference.inference.distributions.parameters import Floats
from reference.inference.elbo import log_mean_exp
from reference.inference.gradients import vimco_signal
from reference.models.discrete_vae.bound import draws_in_rows, log_weights
from reference.models.discrete_vae.chain import (
    Derivative,
    Objective,
    Pass,
    closed_form_gradient,
    descend,
    outcomes_below,
    pass_through,
    prior_mean,
    reverse,
)
from reference.models.discrete_vae.estimators import (
    LAYERWISE,
    Estimator,
    Learned,
    layer_gradient,
)
from reference.models.discrete_vae.layers import (
    Relaxation,
    at_mean,
    at_temperature,
    events,
    hard,
    probabilities,
    rows,
    straight_through,
)
from reference.models.discrete_vae.model import DiscreteVae, Noise, in_rows
from reference.models.mlp import Mlp
from reference.models.vae.model import Images

__all__ = ["DiscreteGradients", "discrete_gradients", "logit_gradients"]


@dataclass(frozen=True)
class DiscreteGradients:
    """What a step of training takes (DVA-6, DVA-8)."""

    nats: float
    """The mean over draws and images of minus the estimates that were used."""
    model: DiscreteVae
    """The gradient of that, with the structure of the model."""
    learned: tuple[Learned, ...]
    """The gradients in what the estimator learns, a layer each: in `eta` for REBAR and RELAX
    alone. Its running mean and variance are those after this batch, and what it does not learn
    is as it was."""


def discrete_gradients(
    model: DiscreteVae,
    x: Images,
    noise: Noise,
    estimator: Estimator,
    learned: tuple[Learned, ...],
) -> DiscreteGradients:
    """Return the mean of minus the bound, and estimates of its gradient.

    Spec: DVA-6, DVA-9, DVA-10.

    Args:
        x: shape ``(B, D)``; 0 and 1.
        noise: with `v` for REBAR and RELAX, with ``K >= 2`` draws for leave one out and VIMCO.
        learned: one a layer.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
        ModelError: `learned` is not the estimator's (DVA-8).
    """
    pairs, least = estimator.pairs, estimator.least_draws
    below, u = draws_in_rows(model, x, noise, pairs=pairs, least=least)
    estimator.check_learned(learned, (model.pixels, *model.widths), model.dtype)
    through = pass_through(model, 0, below, u, _relaxation(estimator))
    if estimator.name == "VIMCO":
        nats, whole = _vimco(model, through, len(x))
        return DiscreteGradients(nats, whole, learned)
    nats = -float(through.values.mean())
    found = reverse(model, 0, through, np.full(len(below), -1 / len(below)))[0]
    if estimator.name in LAYERWISE:
        estimates = logit_gradients(model, through, noise, estimator, learned)
        encoders = [
            descend(encoder, part.layer.inputs, -d / len(d))[0]
            for encoder, part, (d, _) in zip(
                model.encoders, through.layers(), estimates, strict=True
            )
        ]
        found = replace(found, encoders=tuple(encoders))
        learned = tuple(lesson for _, lesson in estimates)
    return DiscreteGradients(nats, _as_model(model, found), learned)


def _relaxation(estimator: Estimator) -> Relaxation:
    """Return what stands for the states in decoders and in the bound (DVA-6, DVA-9)."""
    if estimator.name == "Concrete":
        return at_temperature(estimator.temperature)
    return straight_through if estimator.name == "straight-through" else hard


def logit_gradients(
    model: DiscreteVae,
    through: Pass,
    noise: Noise,
    estimator: Estimator,
    learned: tuple[Learned, ...],
) -> list[tuple[Floats, Learned]]:
    """Return estimates of the gradient of the ELBO in the logits, and what is learned.

    Spec: DVA-6, DVA-7.

    Args:
        through: a pass of states, drawn from `noise`.
        estimator: one of a layer at a time.

    Returns:
        For each layer rows, draw by draw; and as `layer_gradient`.
    """
    images, u = noise.u[0].shape[1], in_rows(noise.u)
    drawn = (u, in_rows(noise.v)) if estimator.pairs else (u,)
    relaxation = at_temperature(estimator.temperature)
    if estimator.name == "MuProp":
        relaxation = at_mean
    found: list[tuple[Floats, Learned]] = []
    for index, part in enumerate(through.layers()):
        below, logits = part.layer.below, part.layer.logits
        f = Objective(model, index, below, u, hard)
        g = Objective(model, index, below, u, relaxation)
        own = [events(each[index], model.outcomes) for each in drawn]
        d, lesson = layer_gradient(estimator, learned[index], f, g, part.layer.q, own, images)
        scale = max(1, np.sqrt(lesson.variance)) if estimator.name == "NVIL" else 1
        found.append((rows(d) + closed_form_gradient(model, index, logits) / scale, lesson))
    return found


def _vimco(model: DiscreteVae, through: Pass, images: int) -> tuple[float, DiscreteVae]:
    """Return the mean of minus the estimates of ``L_K``, and its gradient (DVA-10)."""
    log_w = log_weights(model, through).reshape(-1, images).T
    nats = -float(log_mean_exp(log_w).mean())
    share = softmax(log_w, axis=1)
    weight = ((share - vimco_signal(log_w)) / images).T.reshape(-1, 1)
    share = -share.T.reshape(-1, 1) / images
    encoders: list[Mlp] = []
    decoders: list[Mlp] = []
    for index, part in enumerate(through.layers()):
        score = part.layer.s - probabilities(part.layer.logits, model.outcomes)
        encoders.append(descend(model.encoders[index], part.layer.inputs, weight * score)[0])
        gap = part.layer.below - probabilities(part.decoded, outcomes_below(model, index))
        decoders.append(descend(model.decoders[index], part.decoder_inputs, share * gap)[0])
    prior = (share * (part.layer.s - prior_mean(model))).sum(axis=0)
    found = Derivative(tuple(encoders), tuple(decoders), prior)
    return nats, _as_model(model, found)


def _as_model(model: DiscreteVae, found: Derivative) -> DiscreteVae:
    """Return a gradient with the structure and the type of the model."""
    prior = found.prior.astype(model.dtype)
    return DiscreteVae(found.encoders, found.decoders, prior, model.outcomes)
