"""Compiled twin of `reference.models.discrete_vae.gradients`, for bits.

Spec: DVA-6 to DVA-10.  Checked by tests/equivalence/test_discrete_vae.py.

What all numbers in place of states have to pass, of REBAR both relaxed states of a bit, goes
through the networks as one matrix. float32 is the type to train in.
"""

import math

import numpy as np
from scipy.special import expit

from fast.models.discrete_vae._estimates import Problem, estimate, shares, vimco_signal
from fast.models.discrete_vae._kernels import log_mass_kernel, slope_kernel
from fast.models.discrete_vae._networks import input_gradient, parameter_gradient, reverse
from fast.models.discrete_vae._passes import (
    Noises,
    Pass,
    check_bits,
    encoder_gradient,
    inverse,
    pass_through,
    signs,
)
from fast.models.vae.bound import _check_images
from reference.models.discrete_vae import (
    DiscreteGradients,
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
)
from reference.models.mlp import Floats, Mlp
from reference.models.vae.model import Images

__all__ = ["discrete_gradients"]


def discrete_gradients(
    model: DiscreteVae,
    x: Images,
    noise: Noise,
    estimator: Estimator,
    learned: tuple[Learned, ...],
) -> DiscreteGradients:
    """Return the mean of minus the bound, and estimates of its gradient.

    Spec: DVA-6, DVA-9, DVA-10.

    Raises:
        DataError, DistributionError: images or noise are not the model's (DVA-3).
        ModelError: `learned` is not the estimator's (DVA-8), or the latents are no bits.
    """
    check_bits(model.outcomes)
    _check_images(x, 1, model.pixels)
    least = estimator.least_draws
    noises = Noises(noise, model.widths, len(x), pairs=estimator.pairs, least=least)
    estimator.check_learned(learned, (model.pixels, *model.widths), model.dtype)
    rows = noises.draws * len(x)
    name = estimator.name
    temperature = estimator.temperature if name == "Concrete" else None
    passes = pass_through(model, signs(x, model.dtype), noises, -1 / rows, temperature)
    if name == "VIMCO":
        return _vimco(model, passes, len(x), learned)
    nats = -sum(float((p.log_masses + p.closed).mean()) for p in passes)
    if name in ("Concrete", "straight-through"):
        found = _whole_chain(model, passes, temperature, rows)
    else:
        found, learned = _layerwise(model, passes, noises, estimator, learned, rows)
    return DiscreteGradients(nats, found, learned)


def _prior_gradient(model: DiscreteVae, passes: list[Pass]) -> Floats:
    """Return the gradient of the mean of the last divergence in the prior (DVA-6)."""
    return np.asarray(expit(model.prior) - passes[-1].layer.p.mean(axis=0))


def _whole_chain(
    model: DiscreteVae, passes: list[Pass], temperature: float | None, rows: int
) -> DiscreteVae:
    """Return the reverse through all layers, relaxed or straight-through (DVA-5, DVA-9)."""
    real, slopes = model.dtype.type, inverse(temperature or 1.0, model.dtype)
    encoders: list[Mlp] = []
    decoders: list[Mlp] = []
    from_above: Floats | None = None
    for index in reversed(range(len(passes))):
        through, layer = passes[index], passes[index].layer
        decoder, d = reverse(model.decoders[index], through.inputs, through.d_decoded)
        if from_above is not None:
            d += from_above
        slope_kernel(2 * layer.p - 1 if temperature is None else layer.s, slopes, d)
        d += through.d_closed
        encoders.insert(0, encoder_gradient(model.encoders[index], layer, d))
        decoders.insert(0, decoder)
        if index > 0:
            from_above = input_gradient(model.encoders[index], layer.inputs, d)
            from_above -= through.decoded / real(2 * rows)
    prior = _prior_gradient(model, passes)
    return DiscreteVae(tuple(encoders), tuple(decoders), prior)


def _layerwise(
    model: DiscreteVae,
    passes: list[Pass],
    noises: Noises,
    estimator: Estimator,
    learned: tuple[Learned, ...],
    rows: int,
) -> tuple[DiscreteVae, tuple[Learned, ...]]:
    """Return the gradient with an estimate for each layer, and what is learned (DVA-6)."""
    logistic: list[Floats] = []
    if estimator.pairs:
        logistic = noises.logistic(model.dtype)
    elif estimator.name == "MuProp":  # without noise, and at temperature 1, x is the mean
        logistic = [np.zeros((1, width), model.dtype) for width in model.widths]
    encoders: list[Mlp] = []
    decoders: list[Mlp] = []
    lessons: list[Learned] = []
    f = np.zeros(rows)
    for through in passes:
        f += through.log_masses + through.closed
    for index, through in enumerate(passes):
        f -= through.closed  # it depends on the layers below alone
        problem = Problem(model, index, through, f, logistic, noises)
        d, lesson = estimate(problem, estimator, learned[index])
        d *= model.dtype.type(-1 / rows)
        scale = max(1.0, math.sqrt(lesson.variance)) if estimator.name == "NVIL" else 1.0
        d += through.d_closed / model.dtype.type(scale)
        encoders.append(encoder_gradient(model.encoders[index], through.layer, d))
        decoders.append(
            parameter_gradient(model.decoders[index], through.inputs, through.d_decoded)
        )
        lessons.append(lesson)
        f -= through.log_masses
    prior = _prior_gradient(model, passes)
    return DiscreteVae(tuple(encoders), tuple(decoders), prior), tuple(lessons)


def _vimco(
    model: DiscreteVae, passes: list[Pass], images: int, learned: tuple[Learned, ...]
) -> DiscreteGradients:
    """Return the mean of minus the estimates of ``L_K``, and its gradient (DVA-10)."""
    real, one = model.dtype.type, model.dtype.type(1)
    rows = len(passes[0].log_masses)
    log_w, log_q, scores = np.zeros(rows), np.zeros(rows), []
    for through in passes:
        log_w += through.log_masses
        scores.append(np.empty_like(through.layer.s))
        log_mass_kernel(through.layer.logits, through.layer.s, one, log_q, scores[-1])
    prior = np.tile(model.prior, (rows, 1))
    d_prior = np.empty_like(prior)
    log_mass_kernel(prior, passes[-1].layer.s, one, log_w, d_prior)
    by_draw = (log_w - log_q).reshape(-1, images)
    bounds, share = shares(by_draw)
    weight = ((share - vimco_signal(by_draw, bounds)) / images).reshape(-1, 1).astype(real)
    draws = (share * (rows // images)).reshape(-1, 1).astype(real)
    encoders: list[Mlp] = []
    decoders: list[Mlp] = []
    for index, (through, score) in enumerate(zip(passes, scores, strict=True)):
        score *= weight
        encoders.append(encoder_gradient(model.encoders[index], through.layer, score))
        d_decoded = through.d_decoded * draws
        decoders.append(parameter_gradient(model.decoders[index], through.inputs, d_decoded))
    d_prior *= draws * real(-1 / rows)
    found = DiscreteVae(tuple(encoders), tuple(decoders), d_prior.sum(axis=0))
    return DiscreteGradients(-float(bounds.mean()), found, learned)
