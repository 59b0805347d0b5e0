"""The estimators of the gradient in the logits of one layer, and what they learn.

Spec: DVA-7, DVA-8.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fast.inference.elbo import log_mean_exp
from fast.models.discrete_vae._control import Control
from fast.models.discrete_vae._kernels import (
    conditional_ratio_kernel,
    linear_kernel,
    relax_estimate_kernel,
    relaxed_signs_kernel,
    score_kernel,
    slope_kernel,
)
from fast.models.discrete_vae._networks import forward, parameter_gradient
from fast.models.discrete_vae._passes import Encoded, Noises, Pass, Values, inverse, objective
from reference.models.discrete_vae import DiscreteVae, Estimator, Learned
from reference.models.mlp import Floats


@dataclass(frozen=True, eq=False)
class Problem:
    """One layer: what the estimate of its gradient is made from (DVA-6)."""

    model: DiscreteVae
    index: int
    through: Pass
    f: Values
    """Of the states that were drawn; one number a row."""
    logistic: Sequence[Floats]
    """The noise of the numbers in place of states, for each layer."""
    noises: Noises

    def g(self, s: Floats, temperature: float) -> tuple[Values, Floats]:
        """Return g at numbers in place of states, and its gradient in their signs (DVA-6)."""
        per_temperature = inverse(temperature, self.model.dtype)
        below = self.through.layer.below
        values, d, _ = objective(
            self.model, self.index, below, s, self.logistic, per_temperature
        )
        return values, d


def estimate(
    problem: Problem, estimator: Estimator, learned: Learned
) -> tuple[Floats, Learned]:
    """Return estimates of the gradient of ``E f`` in the logits, and the lesson (DVA-7)."""
    if estimator.pairs:
        return _relax(problem, estimator, learned)
    if estimator.name == "MuProp":
        return _muprop(problem, learned)
    layer, signal, lesson = problem.through.layer, problem.f, learned
    if estimator.name == "NVIL":
        signal, lesson = nvil(estimator, learned, layer.below, signal)
    elif estimator.name == "leave one out":
        by_draw = signal.reshape(problem.noises.draws, -1)
        others = (by_draw.sum(axis=0) - by_draw) / (len(by_draw) - 1)
        signal = (by_draw - others).ravel()
    return _score(signal, layer), lesson


def nvil(
    estimator: Estimator, learned: Learned, below: Floats, values: Values
) -> tuple[Values, Learned]:
    """Return the signal of NVIL for a batch of values, and what is learned (GRD-6, DVA-8)."""
    a, lesson = _baseline(learned, below, values)
    values, decay = values - a, estimator.decay
    c = decay * learned.centre + (1 - decay) * float(values.mean())
    v = decay * learned.variance + (1 - decay) * float(values.var())
    return (values - c) / max(1.0, np.sqrt(v)), replace(lesson, centre=c, variance=v)


def shares(log_w: Values) -> tuple[Values, Values]:
    """Return ``L`` and the shares ``w~`` of log weights ``(K, B)`` (GRD-17)."""
    bounds = log_mean_exp(log_w, axis=0)
    return bounds, np.exp(log_w - bounds) / len(log_w)


def vimco_signal(log_w: Values, bounds: Values) -> Values:
    """Return ``L - L_-j``, with the geometric mean of the other weights (GRD-17)."""
    stand_in = (log_w.sum(axis=0) - log_w) / (len(log_w) - 1)
    without = np.empty_like(log_w)
    for j in range(len(log_w)):
        replaced = log_w.copy()
        replaced[j] = stand_in[j]
        without[j] = log_mean_exp(replaced, axis=0)
    return bounds - without


def _score(signal: Values, layer: Encoded) -> Floats:
    """Return the signal times the score (GRD-4)."""
    d = np.empty_like(layer.s)
    score_kernel(signal.astype(d.dtype), layer.s, layer.p, d)
    return d


def _baseline(learned: Learned, below: Floats, target: Values) -> tuple[Values, Learned]:
    """Return the baseline of each row, and the gradient of its mean squared error (DVA-8)."""
    rows = len(target)
    if not learned.baseline:
        return np.zeros(rows), learned
    outputs, inputs = forward(learned.baseline, below)
    a = np.tile(outputs[:, 0].astype(np.float64), rows // len(outputs))
    slope = (-2 / rows * (target - a)).reshape(-1, len(outputs)).sum(axis=0)
    d = slope.astype(outputs.dtype)[:, None]
    return a, replace(learned, baseline=parameter_gradient(learned.baseline, inputs, d))


def _muprop(problem: Problem, learned: Learned) -> tuple[Floats, Learned]:
    """Return the estimates of MuProp, and the lesson (DVA-7)."""
    layer = problem.through.layer
    mean = 2 * layer.p - 1
    values, d_mean = problem.g(mean, 1.0)
    linear_kernel(d_mean, layer.s, layer.p, values)
    target = problem.f - values
    a, lesson = _baseline(learned, layer.below, target)
    slope_kernel(mean, mean.dtype.type(1), d_mean)
    return _score(target - a, layer) + d_mean, lesson


def _relax(problem: Problem, estimator: Estimator, learned: Learned) -> tuple[Floats, Learned]:
    """Return the estimates of REBAR or RELAX, and the gradients in eta and r (DVA-8)."""
    layer, index = problem.through.layer, problem.index
    real, rows = layer.s.dtype.type, len(layer.s)
    # z of the noise u, and z~ of v given the states, one below the other
    z, slope = np.empty((2 * rows, layer.s.shape[1]), layer.s.dtype), np.empty_like(layer.s)
    v, zero = problem.noises.v[index], np.zeros((1, layer.s.shape[1]), layer.s.dtype)
    ratio = np.empty_like(v)
    conditional_ratio_kernel(layer.logits, layer.s, v, ratio, z[rows:], slope)
    z[rows:] += np.log(ratio)
    np.add(layer.logits, problem.logistic[index], out=z[:rows])
    relaxed, per_temperature = np.empty_like(z), inverse(estimator.temperature, layer.s.dtype)
    relaxed_signs_kernel(z, zero, per_temperature, relaxed)
    g, d_g = problem.g(relaxed, estimator.temperature)
    slope_kernel(relaxed, per_temperature, d_g)
    control, c = real(learned.eta) * d_g, learned.eta * g[rows:]
    network = None
    if learned.control:
        network = Control(learned.control, z, layer.below)
        control += network.d_z
        c = c + network.values[rows:]
    d = np.empty_like(layer.s)
    relax_estimate_kernel((problem.f - c).astype(real), layer.s, layer.p, slope, control, d)
    # what follows is the gradient of the squared norm, with d held constant (GRD-13)
    minus_score = _score(np.full(rows, -1.0), layer)
    weight = np.concatenate([np.zeros(rows, real), (d * minus_score).sum(axis=1)])
    direction = np.concatenate([d, -slope * d])
    eta = weight[rows:] @ g[rows:] + np.vdot(direction, d_g)
    lesson = replace(learned, eta=float(2 / rows * eta))
    if network is not None:
        found = network.parameter_gradient(weight, direction, real(2 / rows))
        lesson = replace(lesson, control=found)
    return d, lesson
