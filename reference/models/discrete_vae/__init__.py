"""Variational autoencoders with discrete latents, trained by any estimator of GRD.

Spec: DVA-1 to DVA-14.
Source: lecture 004; G. Tucker et al., "REBAR", NeurIPS 2017, arXiv:1703.07370; W. Grathwohl
et al., "Backpropagation through the void", ICLR 2018, arXiv:1711.00123.

::

    x --encoder 1--> b_1 --encoder 2--> b_2 ...       each a draw, given the one before it
    x <--decoder 1-- b_1 <--decoder 2-- b_2 ... <-- prior

A discrete latent has no derivative, so the gradient of the bound in the encoders is estimated:
given what is below it, each layer is a distribution, and the rest of the bound a function of
its state, which is all that an estimator wants.
"""

from reference.models.discrete_vae.bound import (
    discrete_elbo,
    discrete_elbo_estimate,
    discrete_log_evidence_bounds,
    discrete_log_weights,
)
from reference.models.discrete_vae.estimators import Estimator, Learned, initialise_learned
from reference.models.discrete_vae.gradients import DiscreteGradients, discrete_gradients
from reference.models.discrete_vae.model import (
    DiscreteVae,
    Noise,
    draw_noise,
    initialise_discrete,
)
from reference.models.discrete_vae.prediction import (
    PredictionGradients,
    Predictor,
    initialise_predictor,
    log_prediction_bounds,
    prediction_estimate,
    prediction_gradients,
)

__all__ = [
    "DiscreteGradients",
    "DiscreteVae",
    "Estimator",
    "Learned",
    "Noise",
    "PredictionGradients",
    "Predictor",
    "discrete_elbo",
    "discrete_elbo_estimate",
    "discrete_gradients",
    "discrete_log_evidence_bounds",
    "discrete_log_weights",
    "draw_noise",
    "initialise_discrete",
    "initialise_learned",
    "initialise_predictor",
    "log_prediction_bounds",
    "prediction_estimate",
    "prediction_gradients",
]
