"""Variational expectation maximisation: an inner loop on inference, an outer one on the model.

Spec: VEM-12, VEM-17.
Source: lectures 001 and 002, "Variational Expectation Maximization".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from reference.inference.distributions.parameters import Floats
from reference.inference.expectation_maximization.arguments import check_number, count_data
from reference.inference.expectation_maximization.ascent import ascent_step
from reference.inference.expectation_maximization.inference import Inference
from reference.inference.expectation_maximization.poisson_factors import (
    LARGEST_PARAMETER,
    PoissonFactors,
    PoissonFactorsGradient,
    best_local,
    gradients,
    lower_bounds,
)

__all__ = [
    "VariationalEm",
    "inference_step",
    "model_step",
    "profile_bound",
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


def profile_bound(
    x: npt.ArrayLike, model: PoissonFactors
) -> tuple[float, PoissonFactorsGradient]:
    """Return the sum of the best bounds, in nats, and its derivative in the model.

    Spec: VEM-12.

        d/dtheta max_lambda F(theta, lambda)  =  (dF/dtheta)(theta, lambda*)

    At the maximum a change of the local parameters changes nothing to first order, so what
    they do when the model changes does not appear.

    Args:
        x: shape ``(N, D)``; counts.

    Raises:
        DataError, LowerBoundError: as for `best_local`.
    """
    local = best_local(x, model)
    return float(lower_bounds(x, model, local).sum()), gradients(x, model, local)[1]


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
    check_number(iterations=iterations, inner_steps=inner_steps)
    x = count_data(x, len(model.bias))
    bounds = [float(lower_bounds(x, model, inference.infer(x, model)).sum())]
    rates, model_rate = np.ones(len(inference.rows())), 1.0
    for _ in range(iterations):
        for _ in range(inner_steps):
            inference, rates = inference_step(x, model, inference, rates)
        model, model_rate = model_step(x, model, inference.infer(x, model), model_rate)
        bounds.append(float(lower_bounds(x, model, inference.infer(x, model)).sum()))
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
        return np.array([lower_bounds(x, _at(rows, model), local).sum()])

    gradient = gradients(x, model, local)[1]
    moved, rates = ascent_step(objective, _row(model), _row(gradient), np.array([rate]))
    return _at(moved, model), float(rates[0])


def _row(parameters: PoissonFactors | PoissonFactorsGradient) -> Floats:
    return np.concatenate([parameters.weights.ravel(), parameters.bias])[None]


def _at(rows: Floats, model: PoissonFactors) -> PoissonFactors:
    size = model.weights.size
    return PoissonFactors(rows[0, :size].reshape(model.weights.shape), rows[0, size:])
