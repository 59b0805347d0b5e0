"""Compiled twin of `reference.models.discrete_vae`, for latents that are bits.

Spec: DVA-3 to DVA-14.  Checked by tests/equivalence/test_discrete_vae.py.
"""

from fast.models.discrete_vae.bound import (
    discrete_elbo,
    discrete_elbo_estimate,
    discrete_log_evidence_bounds,
    discrete_log_weights,
)
from fast.models.discrete_vae.gradients import discrete_gradients
from fast.models.discrete_vae.model import draw_noise
from fast.models.discrete_vae.prediction import (
    log_prediction_bounds,
    prediction_estimate,
    prediction_gradients,
)

__all__ = [
    "discrete_elbo",
    "discrete_elbo_estimate",
    "discrete_gradients",
    "discrete_log_evidence_bounds",
    "discrete_log_weights",
    "draw_noise",
    "log_prediction_bounds",
    "prediction_estimate",
    "prediction_gradients",
]
