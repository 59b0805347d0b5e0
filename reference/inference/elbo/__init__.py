"""ELB: the evidence lower bound, its decompositions, and importance-weighted bounds.

Spec: ELB-1 to ELB-14.
Source: lectures 000, 001 and 002; Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted
autoencoders", ICLR 2016, arXiv:1509.00519.

A model gives p(z) and p(x | z), and some q(z | x) stands for its posterior. One bound has four
readings, each of which is estimated by itself::

    ELBO  =  E_q[ log p(x, z) - log q(z | x) ]           of the joint density, with the entropy
          =  E_q[ log p(x | z) ] - KL(q || p(z))         the likelihood, less what z costs
          =  log p(x) - KL(q || p(z | x))                the evidence, less the gap
          =  -ln 2 E_q[ net bits of bits-back coding ]   minus a rate

Functions take arrays of log densities at draws ``z_s ~ q``, one draw a place on axis 0, so
that any model can be used; the other axes are data points. All is in nats but what is called
bits. Where `weights` are given, the places are no draws but all the values of z, and the
result is the bound itself and no estimate.
"""

from reference.inference.elbo.beta import gaussian_beta_posterior
from reference.inference.elbo.decompositions import (
    elbo_evidence,
    elbo_joint,
    elbo_joint_entropy,
    elbo_likelihood,
    elbo_likelihood_kl,
    elbo_net_bits,
    net_bits,
)
from reference.inference.elbo.estimate import Estimate, estimate
from reference.inference.elbo.importance import (
    EvidenceEstimate,
    effective_sample_size,
    evidence_estimate,
    importance_weighted_bound,
    log_mean_exp,
)

__all__ = [
    "Estimate",
    "EvidenceEstimate",
    "effective_sample_size",
    "elbo_evidence",
    "elbo_joint",
    "elbo_joint_entropy",
    "elbo_likelihood",
    "elbo_likelihood_kl",
    "elbo_net_bits",
    "estimate",
    "evidence_estimate",
    "gaussian_beta_posterior",
    "importance_weighted_bound",
    "log_mean_exp",
    "net_bits",
]
