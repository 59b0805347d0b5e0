"""MFV: a normal distribution of unknown mean and precision."""

from dataclasses import astuple, replace
from math import inf, nan
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from reference.errors import DataError, DistributionError, LowerBoundError, ModelError
from reference.inference import mean_field as mf
from reference.inference.distributions import gamma_kl
from reference.inference.mean_field import NormalGamma, NormalTimesGamma

positives = st.floats(0.1, 20)
priors = st.builds(NormalGamma, st.floats(-5, 5), positives, positives, positives)
products = st.builds(NormalTimesGamma, st.floats(-5, 5), positives, positives, positives)
data = st.lists(st.floats(-9, 9), min_size=1, max_size=9)

PRIOR = NormalGamma(0.5, 2.0, 1.5, 0.7)
X = [1.2, -0.4, 2.2, 0.9]


@pytest.mark.spec("MFV-11")
@given(x=data, prior=priors)
def test_one_by_one(x: list[float], prior: NormalGamma) -> None:
    """Each next number has Student's t as its density, given those before it."""
    log_p, p = 0.0, prior
    for value in x:
        scale = np.sqrt(p.b * (p.kappa + 1) / (p.a * p.kappa))
        log_p += float(stats.t.logpdf(value, 2 * p.a, p.mu, scale))
        p = mf.normal_gamma_posterior([value], p)
    assert mf.normal_gamma_evidence(x, prior) == pytest.approx(log_p, rel=1e-11, abs=1e-10)
    found = mf.normal_gamma_posterior(x, prior)
    assert astuple(found) == pytest.approx(astuple(p), rel=1e-10, abs=1e-10)


@pytest.mark.spec("MFV-11", "MFV-12")
@given(x=data, prior=priors)
def test_in_high_precision(x: list[float], prior: NormalGamma) -> None:
    """The clauses, term by term, as they stand in SPEC.md."""
    with mpmath.workdps(40):
        mu_0, kappa, a, b = map(mpmath.mpf, astuple(prior))
        n, values = len(x), [mpmath.mpf(v) for v in x]
        mean = mpmath.fsum(values) / n
        new_kappa, new_a = kappa + n, a + mpmath.mpf(n) / 2
        new_b = b + mpmath.fsum((v - mean) ** 2 for v in values) / 2
        new_b += kappa * n * (mean - mu_0) ** 2 / (2 * new_kappa)
        terms = [mpmath.loggamma(new_a), -mpmath.loggamma(a), a * mpmath.log(b)]
        terms += [-new_a * mpmath.log(new_b), mpmath.log(kappa / new_kappa) / 2]
        terms += [-mpmath.mpf(n) / 2 * mpmath.log(2 * mpmath.pi)]
        error = abs(mf.normal_gamma_evidence(x, prior) - mpmath.fsum(terms))
        assert error <= 2.0**-40 * mpmath.fsum(map(abs, terms))
        best, shape = mf.normal_gamma_mean_field(x, prior), new_a + mpmath.mpf(1) / 2
        expected = mpmath.sqrt(new_b / (new_kappa * new_a)), shape, new_b * shape / new_a
        for found, value in zip((best.s, best.a, best.b), expected, strict=True):
            assert abs(found / value - 1) <= 2.0**-40


@pytest.mark.spec("MFV-12")
def test_bound_is_the_expectation_that_defines_it() -> None:
    """Quadrature over the precision; the logarithms are quadratic in the mean."""
    q = NormalTimesGamma(0.8, 0.6, 2.5, 1.9)

    def log_ratio(mu: float, tau: float) -> float:
        joint = stats.gamma.logpdf(tau, PRIOR.a, scale=1 / PRIOR.b)
        joint += stats.norm.logpdf(mu, PRIOR.mu, (PRIOR.kappa * tau) ** -0.5)
        joint += stats.norm.logpdf(X, mu, tau**-0.5).sum()
        own = stats.norm.logpdf(mu, q.m, q.s) + stats.gamma.logpdf(tau, q.a, scale=1 / q.b)
        return float(joint - own)

    def given_tau(tau: float) -> float:
        nodes, weights = (-(3**0.5), 0.0, 3**0.5), (1 / 6, 2 / 3, 1 / 6)
        pairs = zip(nodes, weights, strict=True)
        mean = sum(w * log_ratio(q.m + q.s * e, tau) for e, w in pairs)
        return float(mean * stats.gamma.pdf(tau, q.a, scale=1 / q.b))

    total, _ = integrate.quad(given_tau, 0, 60, epsabs=1e-11, limit=400)
    assert mf.normal_gamma_elbo(X, PRIOR, q) == pytest.approx(total, abs=1e-8)


@pytest.mark.spec("MFV-12")
@given(x=data, prior=priors, q=products)
def test_gap(x: list[float], prior: NormalGamma, q: NormalTimesGamma) -> None:
    """The maximum is below the evidence by the gap, whatever the data, and above any other."""
    evidence = mf.normal_gamma_evidence(x, prior)
    best = mf.normal_gamma_mean_field(x, prior)
    bound = mf.normal_gamma_elbo(x, prior, best)
    gap = mf.normal_gamma_gap(prior, len(x))
    assert gap > 0
    assert evidence - bound == pytest.approx(gap, abs=1e-10 * (1 + abs(evidence)))
    other = mf.normal_gamma_elbo(x, prior, q)
    assert other <= bound + 1e-10 * (1 + abs(other))
    exact = mf.normal_gamma_posterior(x, prior)
    if exact.a > 1:  # else Student's t has no variance
        assert best.s**2 < exact.b / (exact.kappa * (exact.a - 1))


@pytest.mark.spec("MFV-12")
def test_gap_is_the_divergence_from_the_posterior() -> None:
    exact, best = mf.normal_gamma_posterior(X, PRIOR), mf.normal_gamma_mean_field(X, PRIOR)

    def given_tau(tau: float) -> float:
        variance = 1 / (exact.kappa * tau)
        kl = (best.s**2 / variance - 1 - np.log(best.s**2 / variance)) / 2
        return float(kl * stats.gamma.pdf(tau, best.a, scale=1 / best.b))

    of_mu, _ = integrate.quad(given_tau, 0, 60, limit=400)
    kl = of_mu + float(gamma_kl(best.a, best.b, exact.a, exact.b))
    assert mf.normal_gamma_gap(PRIOR, len(X)) == pytest.approx(kl, abs=1e-9)
    gaps = [mf.normal_gamma_gap(PRIOR, n) for n in (1, 10, 100, 1000)]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.spec("MFV-2", "MFV-12")
@given(x=data, prior=priors, q=products)
def test_ascent_finds_the_maximum(
    x: list[float], prior: NormalGamma, q: NormalTimesGamma
) -> None:
    """An update that lowered the bound would be an error."""
    ascent = mf.coordinate_ascent(
        q,
        [
            lambda q: mf.normal_gamma_update_mu(x, prior, q),
            lambda q: mf.normal_gamma_update_tau(x, prior, q),
        ],
        lambda q: mf.normal_gamma_elbo(x, prior, q),
        tol=0,
        max_iter=500,
    )
    best = mf.normal_gamma_mean_field(x, prior)
    assert astuple(ascent.state) == pytest.approx(astuple(best), rel=1e-5, abs=1e-9)
    assert ascent.lower_bounds[-1] == pytest.approx(
        mf.normal_gamma_elbo(x, prior, best), rel=1e-10, abs=1e-10
    )


@pytest.mark.spec("MFV-12")
@given(x=data, prior=priors, q=products, up=st.booleans())
def test_an_update_is_the_maximum_of_its_factor(
    x: list[float], prior: NormalGamma, q: NormalTimesGamma, up: bool
) -> None:
    """Whatever the other factor is, which it leaves alone."""
    factor = 1.1 if up else 0.9
    at_mu = mf.normal_gamma_update_mu(x, prior, q)
    at_tau = mf.normal_gamma_update_tau(x, prior, q)
    assert (at_mu.a, at_mu.b, at_tau.m, at_tau.s) == (q.a, q.b, q.m, q.s)
    for best, others in [
        (at_mu, [replace(at_mu, m=at_mu.m + factor - 1), replace(at_mu, s=at_mu.s * factor)]),
        (
            at_tau,
            [replace(at_tau, a=at_tau.a * factor), replace(at_tau, b=at_tau.b * factor)],
        ),
    ]:
        bound = mf.normal_gamma_elbo(x, prior, best)
        for other in others:
            assert mf.normal_gamma_elbo(x, prior, other) < bound + 1e-12 * abs(bound)


@pytest.mark.spec("MFV-2", "MFV-12")
def test_a_wrong_update_is_found() -> None:
    """The textbook's usual slip: the shape of the precision without the 1/2 of the prior."""

    def wrong(q: NormalTimesGamma) -> NormalTimesGamma:
        q = mf.normal_gamma_update_tau(X, PRIOR, q)
        return replace(q, a=q.a - 0.5)

    with pytest.raises(LowerBoundError, match="update 0 of sweep 1 lowers"):
        mf.coordinate_ascent(
            mf.normal_gamma_mean_field(X, PRIOR),
            [wrong],
            lambda q: mf.normal_gamma_elbo(X, PRIOR, q),
        )


@pytest.mark.spec("MFV-11", "MFV-12")
def test_arguments_out_of_range() -> None:
    for kind in (NormalGamma, NormalTimesGamma):
        kind(-3.0, 1.0, 1.0, 1.0)
        for i in range(4):
            for wrong in [nan, inf, "a"] + [0.0, -1.0] * (i > 0):
                values: list[Any] = [1.0] * 4
                values[i] = wrong
                with pytest.raises(DistributionError):
                    kind(*values)
    q = mf.normal_gamma_mean_field(X, PRIOR)
    for x in ([], [[1.0]], [nan], [inf], ["a"], 1.0):
        for call in (
            mf.normal_gamma_posterior,
            mf.normal_gamma_evidence,
            mf.normal_gamma_mean_field,
        ):
            with pytest.raises(DataError):
                call(x, PRIOR)
        for update in (
            mf.normal_gamma_elbo,
            mf.normal_gamma_update_mu,
            mf.normal_gamma_update_tau,
        ):
            with pytest.raises(DataError):
                update(x, PRIOR, q)
    for n in (0, 1.5):
        with pytest.raises(ModelError):
            mf.normal_gamma_gap(PRIOR, n)  # type: ignore[arg-type]
