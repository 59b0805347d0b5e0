"""Reparameterised gradients of importance-weighted bounds.

Spec: GRD-18.
Source: Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
arXiv:1509.00519; G. Roeder, Y. Wu, D. Duvenaud, "Sticking the landing", NeurIPS 2017,
arXiv:1703.09194; G. Tucker et al., "Doubly reparameterized gradient estimators for Monte
Carlo objectives", ICLR 2019, arXiv:1810.04152.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats
from reference.inference.gradients.arguments import Function, evaluate, over_events
from reference.inference.gradients.location_scale import LocationScale

__all__ = ["PATHS", "importance_weighted_gradient"]

PATHS = ("total", "stl", "dreg")
"""By which path a parameter acts on the bound (GRD-18)."""


def importance_weighted_gradient(
    log_joint: Function,
    joint_gradient: Function,
    q: LocationScale,
    eps: npt.ArrayLike,
    path: str = "dreg",
) -> Floats:
    """Return gradients of the bound L_K (ELB-12) in the parameters of q, one a group of K.

    Spec: GRD-18. With ``h_k`` the gradient of ``log w`` in z, parameters held:

        total   sum_k w~_k   (h_k dz/dphi - grad_phi log q(z_k))
        stl     sum_k w~_k   h_k dz/dphi
        dreg    sum_k w~_k^2 h_k dz/dphi

    Args:
        log_joint: ``log p(x, z)``.
        joint_gradient: its gradient in z.
        eps: shape ``(..., K, L)``.
        path: one of ``PATHS``.

    Returns:
        Shape ``(..., 2, L)``.

    Raises:
        DistributionError: the path is unknown, there is no axis of K (GRD-18), or the noise
            breaks GRD-1.
        ModelError: a function breaks GRD-1.
    """
    eps = q.noise(eps)
    if path not in PATHS or eps.ndim < 2 or not eps.shape[-2]:
        raise DistributionError(f"path {path!r} for noise of shape {eps.shape}")
    z = q.sample(eps)
    log_w = evaluate(log_joint, z, z.shape[:-1]) - q.log_density(eps)
    share = softmax(log_w, axis=-1)
    slope = evaluate(joint_gradient, z, z.shape) - q.density_gradient(eps)
    gradient = q.pull_back(eps, slope)
    if path == "total":
        gradient = gradient - q.score(eps)
    if path == "dreg":
        share = share**2
    return np.asarray((over_events(share, 2) * gradient).sum(axis=-3))
