"""MFV: mean-field variational inference, by coordinates and by gradients; all in nats.

Spec: MFV-1 to MFV-15.
"""

from reference.inference.mean_field.black_box import (
    GRADIENTS,
    NormalMeanField,
    reparameterised_gradient,
    score_function_gradient,
    with_positive,
)
from reference.inference.mean_field.coordinate_ascent import (
    FALL_TOLERANCE,
    Ascent,
    Fall,
    coordinate_ascent,
)
from reference.inference.mean_field.estimator import MeanFieldMixture, MixtureSettings
from reference.inference.mean_field.mixture import (
    MixturePosterior,
    mixture_ascent,
    mixture_elbo,
    mixture_gradient,
    mixture_log_density,
    mixture_responsibilities,
    mixture_seeds,
    mixture_update,
)
from reference.inference.mean_field.normal_gamma import (
    NormalGamma,
    NormalTimesGamma,
    normal_gamma_elbo,
    normal_gamma_evidence,
    normal_gamma_gap,
    normal_gamma_mean_field,
    normal_gamma_posterior,
    normal_gamma_update_mu,
    normal_gamma_update_tau,
)
from reference.inference.mean_field.normal_target import (
    normal_target_elbo,
    normal_target_gap,
    normal_target_mean_field,
    normal_target_update,
)

__all__ = [
    "FALL_TOLERANCE",
    "GRADIENTS",
    "Ascent",
    "Fall",
    "MeanFieldMixture",
    "MixturePosterior",
    "MixtureSettings",
    "NormalGamma",
    "NormalMeanField",
    "NormalTimesGamma",
    "coordinate_ascent",
    "mixture_ascent",
    "mixture_elbo",
    "mixture_gradient",
    "mixture_log_density",
    "mixture_responsibilities",
    "mixture_seeds",
    "mixture_update",
    "normal_gamma_elbo",
    "normal_gamma_evidence",
    "normal_gamma_gap",
    "normal_gamma_mean_field",
    "normal_gamma_posterior",
    "normal_gamma_update_mu",
    "normal_gamma_update_tau",
    "normal_target_elbo",
    "normal_target_gap",
    "normal_target_mean_field",
    "normal_target_update",
    "reparameterised_gradient",
    "score_function_gradient",
    "with_positive",
]
