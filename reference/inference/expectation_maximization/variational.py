"""Variational expectation maximisation: an inner loop on inference, an outer one on the model.

Spec: VEM-17.
Source: lectures 001 and 002, "Variational Expectation Maximization".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization.ascent import ascent_step
from reference.inference.expectation_maximization.inference import Inference
from reference.inference.expectation_maximization.poisson_factors import (
    LARGEST_PARAMETER,
    PoissonFactors,
    PoissonFactorsGradient,
    count_data,
    poisson_gradients,
    poisson_lower_bounds,
)
from reference.inference.mean_field.arguments import check_count

__all__ = [
    "VariationalEm",
    "inference_step",
    "model_step",
    "variational_em",
]

AnyInference = TypeVar("AnyInference", bound=Inference)


@dataclass(frozen=True)
class VariationalEm(Generic[AnyInference]):
    """Where the two loops have come to, and how (VEM-17)."""

    model: PoissonFactors
    """After the last iteration."""
    inference: AnyInference
    """Likewise."""
    lower_bounds: tuple[float, ...]
    """The sum of the bounds at the start, then after each iteration; in nats."""


def variational_em(
    x: npt.ArrayLike,
    model: PoissonFactors,
    inference: AnyInference,
    *,
    iterations: int,
    inner_steps: int = 1,
    on_iteration: Callable[[VariationalEm[AnyInference]], None] | None = None,
) -> VariationalEm[AnyInference]:
    """Alternate steps of the inference and a step of the model.

    Spec: VEM-17. With local inference this is the nested loop; with a network it is amortised
    variational expectation maximisation, the training of a variational autoencoder.

    Args:
        x: shape ``(N, D)``; counts.
        model: where the model starts.
        inference: where inference starts.
        iterations: at least 1; of the outer loop.
        inner_steps: at least 1; steps of the inference in each iteration.
        on_iteration: called after each iteration with what there is.

    Raises:
        DataError: `x` holds anything but counts, or has not the ``D`` of `model` (VEM-8).
        DistributionError: `inference` does not fit the model (VEM-14 to VEM-16).
        LowerBoundError: a rate is beyond binary64 at the start (VEM-9).
        ModelError: a number of iterations or steps is out of range (VEM-3).
    """
    check_count(iterations=iterations, inner_steps=inner_steps)
    x = count_data(x, model)
    bounds = [float(poisson_lower_bounds(x, model, inference.infer(x, model)).sum())]
    rates, model_rate = np.ones(len(inference.rows())), 1.0
    for _ in range(iterations):
        for _ in range(inner_steps):
            inference, rates = inference_step(x, model, inference, rates)
        model, model_rate = model_step(x, model, inference.infer(x, model), model_rate)
        bounds.append(float(poisson_lower_bounds(x, model, inference.infer(x, model)).sum()))
        if on_iteration is not None:
            on_iteration(VariationalEm(model, inference, tuple(bounds)))
    return VariationalEm(model, inference, tuple(bounds))


def inference_step(
    x: npt.ArrayLike, model: PoissonFactors, inference: AnyInference, rates: Floats
) -> tuple[AnyInference, Floats]:
    """Return the inference after one step of ascent, and the rates of the next one.

    Spec: VEM-13, VEM-17.

    Args:
        rates: shape ``(R,)``; one for each row of the parameters of `inference`.
    """
    moved, rates = ascent_step(
        lambda rows: inference.at(rows).objective(x, model),
        inference.rows(),
        inference.gradient(x, model),
        rates,
    )
    return inference.at(moved), rates


def model_step(
    x: npt.ArrayLike, model: PoissonFactors, local: Floats, rate: float
) -> tuple[PoissonFactors, float]:
    """Return the model after one step of ascent with the local parameters held, and a rate.

    Spec: VEM-13, VEM-17.

    Args:
        local: shape ``(N, 2 L)``.
        rate: the first that is tried.
    """

    def objective(rows: Floats) -> Floats:
        if not (np.abs(rows) <= LARGEST_PARAMETER).all():
            return np.array([-np.inf])
        return np.array([poisson_lower_bounds(x, _at(rows, model), local).sum()])

    gradient = poisson_gradients(x, model, local)[1]
    moved, rates = ascent_step(objective, _row(model), _row(gradient), np.array([rate]))
    return _at(moved, model), float(rates[0])


def _row(parameters: PoissonFactors | PoissonFactorsGradient) -> Floats:
    return np.concatenate([parameters.weights.ravel(), parameters.bias])[None]


def _at(rows: Floats, model: PoissonFactors) -> PoissonFactors:
    size = model.weights.size
    return PoissonFactors(rows[0, :size].reshape(model.weights.shape), rows[0, size:])
