"""The four readings of the evidence lower bound, each as an estimator of its own.

Spec: ELB-3 to ELB-8.
Source: lecture 000 (the net rate of bits-back, and the bound as its negative); lecture 001
(evidence); lecture 002 (beta); I. Higgins et al., "beta-VAE", ICLR 2017 (beta).

Draw by draw the four are one number (ELB-7). They differ in what they need to know, and, once
a part is known in closed form, in their variance: which varies least depends on q.
"""

from math import log

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError
from reference.inference.distributions.parameters import Floats, extended_reals
from reference.inference.elbo.estimate import (
    Estimate,
    constant,
    expectation,
    log_densities,
    probabilities,
)

__all__ = [
    "elbo_evidence",
    "elbo_joint",
    "elbo_joint_entropy",
    "elbo_likelihood",
    "elbo_likelihood_kl",
    "elbo_net_bits",
    "net_bits",
]


def elbo_joint(
    log_joint: npt.ArrayLike, log_q: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> Estimate:
    """Return the bound from the joint density, less the entropy term.

    Spec: ELB-3.

        E_q[ log p(x, z) - log q(z | x) ]

    Args:
        log_joint: shape ``(S, ...)``; log p(x, z_s).
        log_q: shape ``(S, ...)``; log q(z_s | x), finite but where a weight is 0.
        weights: as for `estimate`.

    Raises:
        DistributionError: the numbers are no log densities (ELB-1), or no weights (ELB-2).
    """
    log_joint, log_q = log_densities(log_joint=log_joint, log_q=log_q)
    w = probabilities(weights, log_q.shape)
    return expectation(log_joint - _taken(log_q, w), w)


def elbo_joint_entropy(
    log_joint: npt.ArrayLike, entropy: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> Estimate:
    """Return the bound from the joint density, with the entropy of q in closed form.

    Spec: ELB-3.

        E_q[ log p(x, z) ] + H[q]

    Args:
        log_joint: shape ``(S, ...)``; log p(x, z_s).
        entropy: shape ``(...)``; finite.
        weights: as for `estimate`.

    Raises:
        DistributionError: as for `elbo_joint`.
    """
    (log_joint,) = log_densities(log_joint=log_joint)
    entropy = constant("entropy", entropy, log_joint.shape[1:])
    return expectation(log_joint + entropy, probabilities(weights, log_joint.shape))


def elbo_likelihood(
    log_likelihood: npt.ArrayLike,
    log_prior: npt.ArrayLike,
    log_q: npt.ArrayLike,
    *,
    beta: float = 1.0,
    weights: npt.ArrayLike | None = None,
) -> Estimate:
    """Return the bound from the likelihood, less what the draws say of the KL to the prior.

    Spec: ELB-4, ELB-8.

        E_q[ log p(x | z) - beta (log q(z | x) - log p(z)) ]

    Args:
        log_likelihood: shape ``(S, ...)``; log p(x | z_s).
        log_prior: shape ``(S, ...)``; log p(z_s).
        log_q: shape ``(S, ...)``; log q(z_s | x), finite but where a weight is 0.
        beta: finite, at least 0. 1: the ELBO.
        weights: as for `estimate`.

    Raises:
        DistributionError: as for `elbo_joint`, or `beta` is out of range (ELB-8).
    """
    log_likelihood, log_prior, log_q = log_densities(
        log_likelihood=log_likelihood, log_prior=log_prior, log_q=log_q
    )
    _check_beta(beta)
    w = probabilities(weights, log_q.shape)
    divergence = _taken(log_q, w) - log_prior
    # 0 times what is infinite is 0: the divergence does not count then
    return expectation(log_likelihood - beta * divergence if beta > 0 else log_likelihood, w)


def elbo_likelihood_kl(
    log_likelihood: npt.ArrayLike,
    kl: npt.ArrayLike,
    *,
    beta: float = 1.0,
    weights: npt.ArrayLike | None = None,
) -> Estimate:
    """Return the bound from the likelihood, with the KL to the prior in closed form.

    Spec: ELB-4, ELB-8.

        E_q[ log p(x | z) ] - beta KL(q || p(z))

    Args:
        log_likelihood: shape ``(S, ...)``; log p(x | z_s).
        kl: shape ``(...)``; finite.
        beta: finite, at least 0. 1: the ELBO.
        weights: as for `estimate`.

    Raises:
        DistributionError: as for `elbo_joint`, or `beta` is out of range (ELB-8).
    """
    (log_likelihood,) = log_densities(log_likelihood=log_likelihood)
    kl = constant("kl", kl, log_likelihood.shape[1:])
    _check_beta(beta)
    w = probabilities(weights, log_likelihood.shape)
    return expectation(log_likelihood - beta * kl, w)


def elbo_evidence(
    log_evidence: npt.ArrayLike,
    log_posterior: npt.ArrayLike,
    log_q: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> Estimate:
    """Return the bound from the evidence, less the KL to the posterior.

    Spec: ELB-5.

        log p(x) - E_q[ log q(z | x) - log p(z | x) ]

    Args:
        log_evidence: shape ``(...)``; log p(x), finite.
        log_posterior: shape ``(S, ...)``; log p(z_s | x).
        log_q: shape ``(S, ...)``; log q(z_s | x), finite but where a weight is 0.
        weights: as for `estimate`.

    Raises:
        DistributionError: as for `elbo_joint`.
    """
    log_posterior, log_q = log_densities(log_posterior=log_posterior, log_q=log_q)
    log_evidence = constant("log_evidence", log_evidence, log_q.shape[1:])
    w = probabilities(weights, log_q.shape)
    return expectation(log_evidence - (_taken(log_q, w) - log_posterior), w)


def net_bits(
    log_likelihood: npt.ArrayLike, log_prior: npt.ArrayLike, log_q: npt.ArrayLike
) -> Floats:
    """Return what bits-back coding adds to a message when it pops z_s, in bits.

    Spec: ELB-6.

        ( log q(z | x) - log p(x | z) - log p(z) ) / ln 2

    For the probabilities that integer tables state, these are the bits of that coder (ELB-10).

    Args:
        log_likelihood: shape ``(S, ...)``; log p(x | z_s), in nats as all that is passed.
        log_prior: shape ``(S, ...)``; log p(z_s).
        log_q: shape ``(S, ...)``; log q(z_s | x), finite.

    Returns:
        Shape ``(S, ...)``; in ``(-inf, inf]``.

    Raises:
        DistributionError: the numbers are no log densities (ELB-1).
    """
    log_likelihood, log_prior, log_q = log_densities(
        log_likelihood=log_likelihood, log_prior=log_prior, log_q=log_q
    )
    return np.asarray((_taken(log_q, None) - log_likelihood - log_prior) / log(2))


def elbo_net_bits(bits: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Estimate:
    """Return the bound as minus a rate, in nats: from `net_bits`, or as a coder measures them.

    Spec: ELB-6.

        -ln 2 E_q[ net bits ]

    Args:
        bits: shape ``(S, ...)``; each in ``(-inf, inf]``.
        weights: as for `estimate`.

    Raises:
        DistributionError: as for `estimate`.
    """
    (terms,) = log_densities(minus_bits=-extended_reals("bits", bits))
    return expectation(log(2) * terms, probabilities(weights, terms.shape))


def _taken(log_q: Floats, w: Floats | None) -> Floats:
    """Return log q with 0 for values that q never takes; refuse draws of density 0 (ELB-1)."""
    if w is not None:
        log_q = np.where(w > 0, log_q, 0.0)
    for wrong in log_q[np.isneginf(log_q)][:1]:
        raise DistributionError(f"log_q is {wrong} at a draw of q")
    return log_q


def _check_beta(beta: float) -> None:
    if not 0 <= beta < np.inf:
        raise DistributionError(f"beta is {beta}: not finite, or below 0")
