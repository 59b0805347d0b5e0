"""The estimators of the gradient in the logits of a layer, and what they learn.

Spec: DVA-7, DVA-8.
Source: A. Mnih, K. Gregor, ICML 2014, arXiv:1402.0030 (NVIL); S. Gu et al., ICLR 2016,
arXiv:1511.05176 (MuProp); G. Tucker et al., NeurIPS 2017, arXiv:1703.07370 (REBAR);
W. Grathwohl et al., ICLR 2018, arXiv:1711.00123 (RELAX); lecture 004.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from reference.errors import ModelError
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients import (
    Latents,
    RelaxedFunction,
    baseline_gradient,
    leave_one_out,
    nvil_signal,
    relax_gradient,
    relax_variance_terms,
    score_function_gradient,
)
from reference.models import mlp
from reference.models.control_variate import NetworkControl
from reference.models.discrete_vae.chain import Objective, descend, run
from reference.models.discrete_vae.layers import rows
from reference.models.discrete_vae.model import signs
from reference.models.mlp import Mlp

__all__ = [
    "LAYERWISE",
    "OF_ALL_LAYERS",
    "Estimator",
    "LayerControl",
    "Learned",
    "initialise_learned",
    "layer_gradient",
    "nvil",
]

LAYERWISE = ("score function", "leave one out", "NVIL", "MuProp", "REBAR", "RELAX")
"""The estimators of one layer at a time (DVA-7)."""

OF_ALL_LAYERS = ("Concrete", "straight-through", "VIMCO")
"""The estimators of all layers at once (DVA-9, DVA-10)."""


@dataclass(frozen=True)
class Learned:
    """What the estimator of one layer has learned (DVA-8)."""

    baseline: Mlp = ()
    """``a``, from what is below the layer to one number, of a predictor from that and y; no
    layers: ``a = 0``."""
    control: Mlp = ()
    """``r``, from z and what is below; no layers: ``r = 0``."""
    eta: float = 1.0
    centre: float = 0.0
    """The running mean of NVIL."""
    variance: float = 0.0
    """Its running variance."""

    def __post_init__(self) -> None:
        """Refuse numbers that nothing can have learned (DVA-8)."""
        numbers = self.eta, self.centre, self.variance
        if not (np.isfinite(numbers).all() and self.variance >= 0):
            raise ModelError(f"eta, mean and variance {numbers} of what was learned")


@dataclass(frozen=True)
class Estimator:
    """Which estimator, and the numbers that it does not learn (DVA-7)."""

    name: str
    """One of ``LAYERWISE`` or ``OF_ALL_LAYERS``."""
    temperature: float = 0.5
    """Of relaxed states, positive: for Concrete, REBAR and RELAX."""
    decay: float = 0.8
    """Of the running mean and variance of NVIL, in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse what is no estimator (DVA-7)."""
        if self.name not in LAYERWISE + OF_ALL_LAYERS:
            raise ModelError(f"{self.name!r} is none of {LAYERWISE + OF_ALL_LAYERS}")
        if not (0 < self.temperature < np.inf and 0 <= self.decay <= 1):
            raise ModelError(f"temperature or decay out of range in {self}")

    @property
    def pairs(self) -> bool:
        """Return whether it takes noise `v`. Spec: DVA-14."""
        return self.name in ("REBAR", "RELAX")

    @property
    def least_draws(self) -> int:
        """Return the fewest draws of an image it can do with. Spec: DVA-7, DVA-10."""
        return 2 if self.name in ("leave one out", "VIMCO") else 1

    @property
    def has_baseline(self) -> bool:
        """Return whether it learns a baseline. Spec: DVA-7."""
        return self.name in ("NVIL", "MuProp")

    @property
    def has_control(self) -> bool:
        """Return whether it learns a network as control variate. Spec: DVA-7."""
        return self.name == "RELAX"

    def check_learned(
        self,
        learned: Sequence[Learned],
        widths: Sequence[int],
        dtype: DTypeLike,
        target: int = 0,
    ) -> None:
        """Refuse what another estimator has learned, or for other layers. Spec: DVA-8.

        Args:
            widths: of the image, then of each layer.
            dtype: of the model.
            target: of a predictor, the pixels of y.

        Raises:
            ModelError: it is not one a layer, has a network that the estimator has not, or a
                network of another type, other inputs, or more than one output (DVA-8).
        """
        if len(learned) != len(widths) - 1:
            raise ModelError(f"{len(learned)} of {len(widths) - 1} layers have learned")
        for one, (below, width) in zip(learned, pairwise(widths), strict=True):
            below_and_y = below + target if self.has_baseline else None
            self._check_network(one.baseline, below_and_y, dtype)
            z_and_below = width + below if self.has_control else None
            self._check_network(one.control, z_and_below, dtype)

    def _check_network(self, network: Mlp, inputs: int | None, dtype: DTypeLike) -> None:
        """Refuse a network, unless it has this type, so many inputs, and one output."""
        if not network:
            return
        mlp.check_layers(network)
        sizes = network[0].weights.shape[0], network[-1].bias.size
        if sizes != (inputs, 1):
            raise ModelError(f"a network {sizes} for {self.name}, which wants {inputs} inputs")
        if network[0].bias.dtype != dtype:
            raise ModelError(f"a network of {network[0].bias.dtype} for a model of {dtype}")


def initialise_learned(
    estimator: Estimator,
    widths: Sequence[int],
    hidden: tuple[int, ...],
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
    *,
    target: int = 0,
) -> tuple[Learned, ...]:
    """Draw what an estimator starts from, for every layer. Spec: DVA-7, MLP-2.

    NVIL and MuProp have a baseline, RELAX a control variate; the others no network.

    Args:
        widths: of the image, then of each layer.
        hidden: widths of the hidden layers of each network.
        target: of a predictor, the pixels of y, which its baselines take too (DVA-12).

    Raises:
        ModelError: a network has a layer of no units (MLP-2).
    """
    found = []
    for below, width in pairwise(widths):
        learned = Learned()
        if estimator.has_baseline:
            sizes = (below + target, *hidden, 1)
            learned = Learned(baseline=mlp.initialise(sizes, rng, dtype))
        if estimator.has_control:
            sizes = (width + below, *hidden, 1)
            learned = Learned(control=mlp.initialise(sizes, rng, dtype))
        found.append(learned)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class LayerControl:
    """``c(z) = eta g(x(z)) + r(z, below)``, for one layer and a batch (DVA-7)."""

    relaxed: RelaxedFunction
    network: NetworkControl | None

    def value(self, z: Floats) -> Floats:
        """Return one number a row. Spec: DVA-7."""
        c = self.relaxed.value(z)
        return c if self.network is None else c + self.network.value(z)

    def gradient(self, z: Floats) -> Floats:
        """Return the gradient in z. Spec: DVA-7."""
        d = self.relaxed.gradient(z)
        return d if self.network is None else d + self.network.gradient(z)


def layer_gradient(
    estimator: Estimator,
    learned: Learned,
    f: Objective,
    g: Objective,
    q: Latents,
    noise: Sequence[Floats],
    images: int,
) -> tuple[Floats, Learned]:
    """Return estimates of the gradient of ``E f(b)`` in the logits, and what is learned.

    Spec: DVA-7, DVA-8.

    Args:
        f: of states.
        g: of the numbers in place of states; f itself where there is no layer above.
        noise: u, and v where the estimator takes it; rows of events, draw by draw.
        images: ``B``, how many rows are one draw.

    Returns:
        Rows of events; and the gradients in `learned`, as means over rows, with the running
        mean and variance as they are after this batch.
    """
    if estimator.pairs:
        return _relax(estimator, learned, f, g, q, *noise)
    (u,) = noise
    b = q.rounded(q.relaxed(u))
    if estimator.name == "score function":
        return score_function_gradient(f.value, q, u), learned
    if estimator.name == "leave one out":
        others = leave_one_out(f.value(b).reshape(-1, images)).ravel()
        return score_function_gradient(f.value, q, u, others), learned
    if estimator.name == "NVIL":
        signal, lesson = nvil(estimator, learned, f.below, f.value(b))
        return score_function_gradient(lambda _: signal, q, u), lesson
    p = q.mean
    slope = g.gradient(p)
    target = f.value(b) - g.value(p) - rows(slope * (b - p)).sum(axis=1)
    a, lesson = _baseline(learned, f.below, target)
    d = score_function_gradient(lambda _: target, q, u, a)
    return d + q.squash_slope(p, slope), lesson


def nvil(
    estimator: Estimator, learned: Learned, below: Floats, values: Floats
) -> tuple[Floats, Learned]:
    """Return the signal of NVIL for a batch of values, and what is learned.

    Spec: DVA-7, DVA-8.

    Args:
        below: what the baseline takes; a row for each value.
    """
    a, lesson = _baseline(learned, below, values)
    found = nvil_signal(values - a, learned.centre, learned.variance, estimator.decay)
    return found.signal, replace(
        lesson, centre=float(found.centre), variance=float(found.variance)
    )


def _baseline(learned: Learned, below: Floats, target: Floats) -> tuple[Floats, Learned]:
    """Return the baseline, and the gradient of its mean squared error."""
    if not learned.baseline:
        return np.zeros(len(target)), learned
    outputs, inputs = run(learned.baseline, below)
    a = outputs[:, 0]
    slope = baseline_gradient(target, a)[:, None] / len(a)
    return a, replace(learned, baseline=descend(learned.baseline, inputs, slope)[0])


def _relax(
    estimator: Estimator,
    learned: Learned,
    f: Objective,
    g: Objective,
    q: Latents,
    u: Floats,
    v: Floats,
) -> tuple[Floats, Learned]:
    """Return the estimates of REBAR or RELAX, and the gradients in eta and r (DVA-8)."""
    relaxed = RelaxedFunction(g.value, g.gradient, q, estimator.temperature, learned.eta)
    network = None
    if learned.control:
        network = NetworkControl(learned.control, signs(f.below), q.axes)
    d = relax_gradient(f.value, LayerControl(relaxed, network), q, u, v)
    z, weight, direction = relax_variance_terms(q, u, v, d / len(d))
    unit = replace(relaxed, eta=1.0)
    eta = 0.0
    for at, factor, along in zip(z, weight, direction, strict=True):
        eta += float(factor @ unit.value(at) + (along * unit.gradient(at)).sum())
    lesson = replace(learned, eta=eta)
    if network is not None:
        found = network.parameter_gradient_sum(z, weight, direction)
        lesson = replace(lesson, control=found)
    return d, lesson
