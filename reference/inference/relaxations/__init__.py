"""CON: discrete variables relaxed to continuous ones; densities in nats.

Spec: CON-1 to CON-9.
"""

from reference.inference.relaxations.binary_concrete import (
    binary_concrete_log_density,
    binary_concrete_logit,
    binary_concrete_logit_log_density,
)
from reference.inference.relaxations.concrete import (
    concrete_log_density,
    concrete_log_sample,
    exp_concrete_log_density,
)
from reference.inference.relaxations.gumbel import gumbel, gumbel_max

__all__ = [
    "binary_concrete_log_density",
    "binary_concrete_logit",
    "binary_concrete_logit_log_density",
    "concrete_log_density",
    "concrete_log_sample",
    "exp_concrete_log_density",
    "gumbel",
    "gumbel_max",
]
