"""The variational autoencoder: its bound, the gradient of the bound, and training.

Spec: VAE-1 to VAE-12.
Source: D. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114.

::

    x --encoder--> mu, log_sigma --> z = mu + sigma eps --decoder--> logits of p(x_d = 1 | z)

    log p(x)  >=  ELBO(x)  =  E_eps log p(x | z)  -  KL(q(z | x) || N(0, 1))

The bound is a rate: bits-back coding spends ``-ELBO`` on an image. No constant is left out of
it, so that the figures of different models compare. `log_sigma` is the logarithm of the
standard deviation, not of the variance.

Images are uint8, a row an image. Where a function takes `peak` they hold values in
``[0, peak]`` and are binarised at random; where it does not, they hold 0 and 1.
"""

from reference.models.vae.bound import (
    elbo_estimate,
    gradients,
    kl_to_prior,
    log_likelihood,
    negative_elbo_bits_per_pixel,
)
from reference.models.vae.importance import (
    importance_weighted_estimate,
    importance_weighted_gradients,
    log_evidence_bounds,
    log_importance_weights,
)
from reference.models.vae.model import EVALUATION_BATCH, Images, Vae, initialise
from reference.models.vae.training import Epoch, Plan, binarise, train

__all__ = [
    "EVALUATION_BATCH",
    "Epoch",
    "Images",
    "Plan",
    "Vae",
    "binarise",
    "elbo_estimate",
    "gradients",
    "importance_weighted_estimate",
    "importance_weighted_gradients",
    "initialise",
    "kl_to_prior",
    "log_evidence_bounds",
    "log_importance_weights",
    "log_likelihood",
    "negative_elbo_bits_per_pixel",
    "train",
]
