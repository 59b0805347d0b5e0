"""ELB-1 to ELB-9: estimates, the four decompositions, beta; rejections."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.inference import elbo
from reference.inference.distributions import (
    diagonal_normal_kl,
    diagonal_normal_log_density,
    multivariate_normal_entropy,
    multivariate_normal_kl,
    multivariate_normal_log_density,
    normal_entropy,
    normal_kl,
    normal_log_density,
)
from reference.inference.elbo import Estimate

logs = st.floats(-200, 200)
"""Logarithms of densities, or of weights."""

TINY = 1e-300
"""Below it are the subnormal numbers that ELB-2 leaves aside, and their squares."""


def mean_bound(count: int, size: float) -> float:
    """How far a mean may be off (ELB-2)."""
    return 2.0**-52 * (count + 8) * size + TINY


def variance_bound(count: int, size: float) -> float:
    """How far a variance may be off (ELB-2)."""
    return 2.0**-48 * (count + 8) * size**2 + TINY


# Estimates


@pytest.mark.spec("ELB-2")
@given(terms=st.lists(logs, min_size=2, max_size=40))
def test_estimate_in_exact_arithmetic(terms: list[float]) -> None:
    exact = [Fraction(t) for t in terms]
    mean = sum(exact) / len(exact)
    variance = sum((t - mean) ** 2 for t in exact) / (len(exact) - 1)
    found, size = elbo.estimate(terms), max(map(abs, terms))
    assert abs(Fraction(float(found.mean)) - mean) <= mean_bound(len(terms), size)
    assert abs(Fraction(float(found.variance)) - variance) <= variance_bound(len(terms), size)
    assert found.standard_error == np.sqrt(found.variance / len(terms))


@pytest.mark.spec("ELB-2")
@given(data=st.data(), count=st.integers(1, 12))
def test_weighted_estimate_in_exact_arithmetic(data: st.DataObject, count: int) -> None:
    terms = data.draw(st.lists(logs, min_size=count, max_size=count))
    parts = data.draw(st.lists(st.integers(0, 99), min_size=count, max_size=count).filter(any))
    weights = [Fraction(p, sum(parts)) for p in parts]
    mean = sum(w * Fraction(t) for w, t in zip(weights, terms, strict=True))
    variance = sum(w * (Fraction(t) - mean) ** 2 for w, t in zip(weights, terms, strict=True))
    found, size = elbo.estimate(terms, weights=np.array(weights, float)), max(map(abs, terms))
    assert abs(Fraction(float(found.mean)) - mean) <= mean_bound(count, size)
    assert abs(Fraction(float(found.variance)) - variance) <= variance_bound(count, size)
    assert found.standard_error == 0


@pytest.mark.spec("ELB-2")
def test_every_data_point_by_itself() -> None:
    """The other axes stay; weights are of one axis, or of each data point."""
    rng = np.random.default_rng(0)
    terms, weights = rng.normal(size=(5, 2, 3)), rng.dirichlet(np.ones(5), size=(2, 3))
    weights = np.moveaxis(weights, -1, 0)
    plain, weighted = elbo.estimate(terms), elbo.estimate(terms, weights=weights)
    shared = elbo.estimate(terms, weights=weights[:, 1, 2])
    for i, j in np.ndindex(2, 3):
        column = terms[:, i, j]
        assert plain.mean[i, j] == pytest.approx(column.mean(), rel=1e-14)
        assert plain.variance[i, j] == pytest.approx(column.var(ddof=1), rel=1e-13)
        mean = weights[:, i, j] @ column
        assert weighted.mean[i, j] == pytest.approx(mean, rel=1e-13)
        spread = weights[:, i, j] @ (column - mean) ** 2
        assert weighted.variance[i, j] == pytest.approx(spread, rel=1e-13)
        assert shared.mean[i, j] == pytest.approx(weights[:, 1, 2] @ column, rel=1e-13)


@pytest.mark.spec("ELB-2")
def test_estimate_of_one_draw_and_of_infinite_terms() -> None:
    one = elbo.estimate([3.0])
    assert one.mean == 3
    assert np.isnan([one.variance, one.standard_error]).all()
    never = elbo.estimate([[-np.inf, -np.inf, 1.0], [2.0, -np.inf, 3.0]])
    assert never.mean.tolist() == [-np.inf, -np.inf, 2]
    assert never.variance.tolist() == [np.inf, np.inf, 2]
    assert never.standard_error.tolist() == [np.inf, np.inf, 1]
    assert elbo.estimate([-np.inf]).mean == -np.inf
    for weights, mean, variance in ([[0.0, 1.0], 2.0, 0.0], [[0.5, 0.5], -np.inf, np.inf]):
        found = elbo.estimate([-np.inf, 2.0], weights=weights)
        assert (found.mean, found.variance, found.standard_error) == (mean, variance, 0)


@pytest.mark.spec("ELB-2")
def test_weights_are_divided_by_their_sum() -> None:
    found = elbo.estimate([5.0, 5.0], weights=[0.5, 0.5 + 2.0**-17])
    assert found.mean == pytest.approx(5, rel=1e-15)


@pytest.mark.spec("ELB-2")
def test_bits() -> None:
    found = Estimate(*(np.array(v) for v in (math.log(8), math.log(2) ** 2, math.log(2))))
    bits = found.in_bits()
    assert (bits.mean, bits.variance, bits.standard_error) == pytest.approx((3, 1, 1))


# The decompositions, on models with few latents: every expectation is a finite sum


@st.composite
def discrete_models(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Return log p(z), log p(x | z), q(z | x) of up to six z; q may leave some out."""
    size = draw(st.integers(1, 6))
    numbers = st.lists(st.integers(1, 50), min_size=size, max_size=size)
    prior = np.array(draw(numbers), float)
    likelihood = np.array(draw(numbers)) / 51
    q = np.array(draw(st.lists(st.integers(0, 9), min_size=size, max_size=size).filter(any)))
    return np.log(prior / prior.sum()), np.log(likelihood), q / q.sum()


def log_of(q: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log(q)


@pytest.mark.spec("ELB-3", "ELB-4", "ELB-5", "ELB-6", "ELB-7")
@given(model=discrete_models())
def test_decompositions_agree(model: tuple[Any, Any, Any]) -> None:
    """All seven estimators have the mean log p(x) - KL(q || posterior), by finite sums."""
    log_prior, log_likelihood, q = model
    log_joint, log_q, kept = log_prior + log_likelihood, log_of(q), q > 0
    log_evidence = np.log(np.exp(log_joint).sum())
    log_posterior = log_joint - log_evidence
    gap = (q[kept] * (log_q - log_posterior)[kept]).sum()
    entropy = -(q[kept] * log_q[kept]).sum()
    kl = (q[kept] * (log_q - log_prior)[kept]).sum()
    bits = np.where(kept, (log_of(np.where(kept, q, 1)) - log_joint) / math.log(2), np.inf)
    found = {
        "joint": elbo.elbo_joint(log_joint, log_q, weights=q),
        "joint, entropy": elbo.elbo_joint_entropy(log_joint, entropy, weights=q),
        "likelihood": elbo.elbo_likelihood(log_likelihood, log_prior, log_q, weights=q),
        "likelihood, KL": elbo.elbo_likelihood_kl(log_likelihood, kl, weights=q),
        "evidence": elbo.elbo_evidence(log_evidence, log_posterior, log_q, weights=q),
        "net bits": elbo.elbo_net_bits(bits, weights=q),
    }
    variance = (q * np.where(kept, log_q - log_joint + log_evidence - gap, 0) ** 2).sum()
    for name, result in found.items():
        assert result.mean == pytest.approx(log_evidence - gap, abs=1e-13), name
        if "," not in name:
            assert result.variance == pytest.approx(variance, rel=1e-9, abs=1e-13), name
    assert found["joint"].mean <= log_evidence + 1e-13


@pytest.mark.spec("ELB-3", "ELB-4", "ELB-5", "ELB-6", "ELB-7")
@given(model=discrete_models(), seed=st.integers(0, 2**32), count=st.integers(2, 30))
def test_decompositions_agree_draw_by_draw(
    model: tuple[Any, Any, Any], seed: int, count: int
) -> None:
    """Mean, variance and standard error of the four are those of the same numbers."""
    log_prior, log_likelihood, q = model
    log_evidence = np.log(np.exp(log_prior + log_likelihood).sum())
    z = np.random.default_rng(seed).choice(len(q), p=q, size=(count, 3))
    prior, likelihood, log_q = log_prior[z], log_likelihood[z], np.log(q[z])
    expected = prior + likelihood - log_q
    posterior = prior + likelihood - log_evidence
    for result in (
        elbo.elbo_joint(prior + likelihood, log_q),
        elbo.elbo_likelihood(likelihood, prior, log_q),
        elbo.elbo_evidence(log_evidence, posterior, log_q),
        elbo.elbo_net_bits(elbo.net_bits(likelihood, prior, log_q)),
    ):
        np.testing.assert_allclose(result.mean, expected.mean(axis=0), atol=1e-13)
        variance = expected.var(axis=0, ddof=1)
        np.testing.assert_allclose(result.variance, variance, rtol=1e-9, atol=1e-12)
        error = np.sqrt(result.variance / count)
        np.testing.assert_allclose(result.standard_error, error, rtol=1e-14)


@pytest.mark.spec("ELB-7")
@given(model=discrete_models())
def test_of_the_posterior_every_draw_is_the_evidence(model: tuple[Any, Any, Any]) -> None:
    """No gap, no variance; with a closed form in its place there is some."""
    log_prior, log_likelihood, _ = model
    log_joint = log_prior + log_likelihood
    log_evidence = np.log(np.exp(log_joint).sum())
    log_q = log_joint - log_evidence
    q = np.exp(log_q)
    for result in (
        elbo.elbo_joint(log_joint, log_q, weights=q),
        elbo.elbo_likelihood(log_likelihood, log_prior, log_q, weights=q),
        elbo.elbo_evidence(log_evidence, log_q, log_q, weights=q),
    ):
        assert result.mean == pytest.approx(log_evidence, abs=1e-13)
        assert result.variance <= variance_bound(len(q), 40)
    kl = (q * (log_q - log_prior)).sum()
    partly = elbo.elbo_likelihood_kl(log_likelihood, kl, weights=q)
    assert partly.mean == pytest.approx(log_evidence, abs=1e-13)
    assert partly.variance == pytest.approx(
        (q * (log_likelihood - q @ log_likelihood) ** 2).sum(), rel=1e-9, abs=1e-12
    )


@pytest.mark.spec("ELB-3", "ELB-6")
def test_z_that_the_model_excludes() -> None:
    """Where p(x, z) is 0 and q is not, the bound is -inf, and the coder would pay forever."""
    assert elbo.elbo_joint([-np.inf, -1.0], [-1.0, -1.0]).mean == -np.inf
    assert elbo.net_bits([-np.inf], [-1.0], [-1.0]) == np.inf
    assert elbo.elbo_net_bits([np.inf, 3.0]).mean == -np.inf


# Beta


@pytest.mark.spec("ELB-8")
@given(model=discrete_models(), beta=st.sampled_from([0.05, 0.3, 0.9, 1.0, 1.1, 4.0, 50.0]))
def test_beta_elbo_by_enumeration(model: tuple[Any, Any, Any], beta: float) -> None:
    """Its supremum over q is a tempered evidence, on this or that side of the evidence."""
    log_prior, log_likelihood, q = model
    log_q, kept = log_of(q), q > 0
    kl = (q[kept] * (log_q - log_prior)[kept]).sum()
    expected = (q[kept] * log_likelihood[kept]).sum() - beta * kl
    found = elbo.elbo_likelihood(log_likelihood, log_prior, log_q, beta=beta, weights=q)
    partly = elbo.elbo_likelihood_kl(log_likelihood, kl, beta=beta, weights=q)
    assert found.mean == pytest.approx(expected, abs=1e-11)
    assert partly.mean == pytest.approx(expected, abs=1e-11)

    tempered = log_prior + log_likelihood / beta
    supremum = beta * np.logaddexp.reduce(tempered)
    assert found.mean <= supremum + 1e-11
    best = tempered - np.logaddexp.reduce(tempered)
    reached = elbo.elbo_likelihood(
        log_likelihood, log_prior, best, beta=beta, weights=np.exp(best)
    )
    assert reached.mean == pytest.approx(supremum, abs=1e-11)
    log_evidence = np.logaddexp.reduce(log_prior + log_likelihood)
    assert (supremum - log_evidence) * (1 - beta) >= -1e-11
    if np.ptp(log_likelihood) > 0.1 and abs(beta - 1) > 0.05:
        assert (supremum - log_evidence) * (1 - beta) > 0


@pytest.mark.spec("ELB-8")
def test_beta_of_0_is_the_likelihood_alone() -> None:
    found = elbo.elbo_likelihood([1.0, 3.0], [-np.inf, 0.0], [0.0, 0.0], beta=0)
    assert found.mean == 2


@pytest.mark.spec("ELB-8")
def test_beta_below_1_is_no_bound() -> None:
    """A known answer: z ~ N(0, 1), x | z ~ N(z, 1), x = 1.5, whose log evidence is -1.828."""
    x, tau = 1.5, 1.0
    log_evidence = float(normal_log_density(x, 0, math.sqrt(2)))
    assert log_evidence == pytest.approx(-1.828012123, abs=1e-9)
    best = {}
    for beta in (0.1, 0.5, 1.0, 2.0):
        mu, sigma = elbo.gaussian_beta_posterior(x, tau, beta)
        log_likelihood = normal_log_density(x, mu + sigma * NODES, tau)
        kl = normal_kl(mu, sigma, 0, 1)
        best[beta] = elbo.elbo_likelihood_kl(
            log_likelihood, kl, beta=beta, weights=NODE_WEIGHTS
        ).mean
    assert best[0.1] > best[0.5] > log_evidence > best[2.0]
    assert best[1.0] == pytest.approx(log_evidence, abs=1e-12)


NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
"""Gauss-Hermite quadrature: weights of ELB-2 for a standard normal z."""


@pytest.mark.spec("ELB-8", "ELB-9")
@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
@pytest.mark.parametrize("tau", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("beta", [1e-3, 0.5, 1.0, 3.0])
def test_best_q_of_the_beta_elbo(x: float, tau: float, beta: float) -> None:
    """Nothing near it is better; the value there is the tempered evidence in closed form."""

    def bound(mu: float, sigma: float) -> float:
        z = mu + sigma * NODES
        return float(
            elbo.elbo_likelihood(
                normal_log_density(x, z, tau),
                normal_log_density(z, 0, 1),
                normal_log_density(z, mu, sigma),
                beta=beta,
                weights=NODE_WEIGHTS,
            ).mean
        )

    mu, sigma = map(float, elbo.gaussian_beta_posterior(x, tau, beta))
    # E_p(z) N(x; z, tau^2)^(1 / beta): up to a factor, N(x; 0, 1 + beta tau^2)
    tempered = -(x**2) / (2 * (1 + beta * tau**2)) - math.log(2 * math.pi * tau**2) / (
        2 * beta
    )
    tempered += math.log(beta * tau**2 / (1 + beta * tau**2)) / 2
    assert bound(mu, sigma) == pytest.approx(beta * tempered, rel=1e-10, abs=1e-10)
    for step in (1e-2, 1e-1):
        for other in ((mu + step, sigma), (mu - step, sigma)):
            assert bound(*other) < bound(mu, sigma)
        for factor in (1 + step, 1 - step):
            assert bound(mu, sigma * factor) < bound(mu, sigma)


@pytest.mark.spec("ELB-9")
def test_collapse_onto_the_most_likely_z() -> None:
    """As beta falls: sigma -> 0, mu -> x, and the objective -> log p(x | z = x)."""
    x, tau = 1.3, 0.7
    betas = np.array([1.0, 1e-2, 1e-4, 1e-8, 0.0])
    mu, sigma = elbo.gaussian_beta_posterior(x, tau, betas)
    assert (mu[0], sigma[0] ** 2) == pytest.approx((x / (1 + tau**2), tau**2 / (1 + tau**2)))
    assert (np.diff(abs(mu - x)) < 0).all()
    assert (np.diff(sigma) < 0).all()
    assert (mu[-1], sigma[-1]) == (x, 0)
    log_likelihood = normal_log_density(x, mu + sigma * NODES[:, None], tau)
    values = [
        elbo.elbo_likelihood_kl(
            log_likelihood[:, i],
            normal_kl(mu[i], sigma[i], 0, 1),
            beta=betas[i],
            weights=NODE_WEIGHTS,
        ).mean
        for i in range(4)
    ]
    assert (np.diff(values) > 0).all()
    most = normal_log_density(x, x, tau)
    assert values[-1] < most
    assert values[-1] == pytest.approx(most, abs=1e-6)


# Known answers: linear models with normal noise, where posterior and evidence are formulas


@pytest.mark.spec("ELB-2", "ELB-3", "ELB-7")
def test_one_dimension() -> None:
    """Of z ~ N(0, 1), x | z ~ N(z, 1) and q = N(0.5, 0.8^2), at x = 1.5: -1.907082085."""
    x, mu, sigma = 1.5, 0.5, 0.8
    z = mu + sigma * NODES
    log_prior, log_likelihood = normal_log_density(z, 0, 1), normal_log_density(x, z, 1)
    log_q = normal_log_density(z, mu, sigma)
    results = [
        elbo.elbo_joint(log_prior + log_likelihood, log_q, weights=NODE_WEIGHTS),
        elbo.elbo_joint_entropy(
            log_prior + log_likelihood, normal_entropy(sigma), weights=NODE_WEIGHTS
        ),
        elbo.elbo_likelihood_kl(
            log_likelihood, normal_kl(mu, sigma, 0, 1), weights=NODE_WEIGHTS
        ),
        elbo.elbo_evidence(
            normal_log_density(x, 0, math.sqrt(2)),
            normal_log_density(z, 0.75, math.sqrt(0.5)),
            log_q,
            weights=NODE_WEIGHTS,
        ),
    ]
    for found in results:
        assert found.mean == pytest.approx(-1.907082085, abs=1e-9)
    # the draws say the same, and their error is what they say it is: |z| < 4, 6e-5 by chance
    noise = np.random.default_rng(5).normal(size=100_000)
    z = mu + sigma * noise
    drawn = elbo.elbo_joint(
        normal_log_density(z, 0, 1) + normal_log_density(x, z, 1),
        normal_log_density(z, mu, sigma),
    )
    assert abs(drawn.mean + 1.907082085) < 4 * drawn.standard_error
    assert drawn.variance == pytest.approx(results[0].variance, rel=0.05)


def ppca(seed: int, latents: int, pixels: int) -> tuple[Any, Any, Any, float]:
    """Loadings, mean, data and noise of a probabilistic PCA at its maximum likelihood.

    The columns of the loadings are orthogonal there: the covariance of z given x is diagonal.
    Source: M. Tipping, C. Bishop, "Probabilistic principal component analysis", 1999, eq. 7.
    """
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(200, latents)) @ rng.normal(size=(latents, pixels))
    data += 0.5 * rng.normal(size=data.shape)
    mean = data.mean(axis=0)
    values, vectors = np.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = values[latents:].mean()
    loadings = vectors[:, :latents] * np.sqrt(values[:latents] - noise)
    # the maximum of the average log likelihood in closed form
    best = pixels * math.log(2 * math.pi) + np.log(values[:latents]).sum() + pixels
    best = -(best + (pixels - latents) * math.log(noise)) / 2
    covariance = loadings @ loadings.T + noise * np.eye(pixels)
    average = multivariate_normal_log_density(data, mean, symmetric(covariance)).mean()
    assert average == pytest.approx(best, rel=1e-12)
    return loadings, mean, data, float(noise)


def symmetric(matrix: Any) -> Any:
    return (matrix + matrix.T) / 2


@pytest.mark.spec("ELB-2", "ELB-7")
@pytest.mark.parametrize("seed", [1, 2])
def test_ppca_at_its_optimum(seed: int) -> None:
    """The diagonal q is exact: every draw gives log p(x), so gap and variance are 0."""
    loadings, mean, data, noise = ppca(seed, 2, 5)
    x, count = data[:20], 50
    precision = np.eye(2) + loadings.T @ loadings / noise
    assert abs(precision[0, 1]) < 1e-12 * precision[0, 0]
    mu, sigma = (x - mean) @ loadings / noise / np.diag(precision), np.diag(precision) ** -0.5
    z = mu + sigma * np.random.default_rng(seed).normal(size=(count, *mu.shape))
    log_prior = diagonal_normal_log_density(z, 0 * mu, np.ones(2))
    log_q = diagonal_normal_log_density(z, mu, sigma)
    residual = diagonal_normal_log_density(x - mean - z @ loadings.T, np.zeros(5), noise**0.5)
    evidence = multivariate_normal_log_density(
        x, mean, symmetric(loadings @ loadings.T + noise * np.eye(5))
    )
    size = float(np.abs([residual, log_prior, log_q]).max() * 3)
    for found in (
        elbo.elbo_joint(log_prior + residual, log_q),
        elbo.elbo_likelihood(residual, log_prior, log_q),
        elbo.elbo_evidence(evidence, log_q, log_q),
        elbo.elbo_net_bits(elbo.net_bits(residual, log_prior, log_q)),
    ):
        np.testing.assert_allclose(found.mean, evidence, rtol=1e-12)
        assert (found.variance <= variance_bound(count, size)).all()
    kl = diagonal_normal_kl(mu, sigma, 0 * mu, np.ones(2))
    partly = elbo.elbo_likelihood_kl(residual, kl)
    assert (partly.variance > 0.01).all()  # a closed form is not always the better one
    assert (abs(partly.mean - evidence) < 5 * partly.standard_error).all()


@pytest.mark.spec("ELB-5", "ELB-7")
@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8])
def test_mean_field_gap(angle: float) -> None:
    """Turned loadings correlate the latents; the best diagonal q has variance 1 / Lambda_ii.

    The gap is (sum_i log Lambda_ii - log det Lambda) / 2, for every x.
    """
    loadings, mean, data, noise = ppca(3, 2, 5)
    c, s = math.cos(angle), math.sin(angle)
    loadings = loadings @ np.array([[c, -s], [s, c]])
    x = data[0]
    precision = symmetric(np.eye(2) + loadings.T @ loadings / noise)
    covariance = symmetric(np.linalg.inv(precision))
    mu, sigma = covariance @ loadings.T @ (x - mean) / noise, np.diag(precision) ** -0.5
    gap = (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]) / 2
    assert (gap > 0.01) == (angle > 0)
    a, b = (g.ravel() for g in np.meshgrid(NODES, NODES))
    weights = np.outer(NODE_WEIGHTS, NODE_WEIGHTS).ravel()
    z = mu + sigma * np.stack([a, b], axis=1)
    evidence = multivariate_normal_log_density(
        x, mean, symmetric(loadings @ loadings.T + noise * np.eye(5))
    )
    found = elbo.elbo_evidence(
        evidence,
        multivariate_normal_log_density(z, mu, covariance),
        diagonal_normal_log_density(z, mu, sigma),
        weights=weights,
    )
    assert found.mean == pytest.approx(evidence - gap, abs=1e-9)
    joint = diagonal_normal_log_density(z, np.zeros(2), np.ones(2))
    joint = joint + diagonal_normal_log_density(
        x - mean - z @ loadings.T, np.zeros(5), noise**0.5
    )
    entropy = multivariate_normal_entropy(np.diag(sigma**2))
    assert elbo.elbo_joint_entropy(joint, entropy, weights=weights).mean == pytest.approx(
        float(found.mean), abs=1e-9
    )


@pytest.mark.spec("ELB-5")
def test_mean_field_gap_known_answer() -> None:
    """Lambda = [[2, 0.9], [0.9, 1]]: 0.2595969367 nats."""
    precision = np.array([[2, 0.9], [0.9, 1]])
    covariance = symmetric(np.linalg.inv(precision))
    q = np.diag(1 / np.diag(precision))
    zero = np.zeros(2)
    kl = multivariate_normal_kl(zero, q, zero, covariance)
    assert kl == pytest.approx(0.2595969367, abs=1e-10)
    z = np.random.default_rng(0).normal(size=(200_000, 2)) * np.sqrt(np.diag(q))
    found = elbo.elbo_evidence(
        -3.0,
        multivariate_normal_log_density(z, zero, covariance),
        multivariate_normal_log_density(z, zero, q),
    )
    assert abs(found.mean + 3 + kl) < 4 * found.standard_error  # by chance: 6e-5


# Rejections

TWO = np.array([-1.0, -2.0])
REFUSED: dict[str, Callable[[], object]] = {
    "no draws": lambda: elbo.estimate([]),
    "no axis": lambda: elbo.estimate(-1.0),
    "no data points": lambda: elbo.estimate(np.zeros((3, 0))),
    "ragged": lambda: elbo.estimate([[1.0], [1.0, 2.0]]),
    "text": lambda: elbo.estimate(["a"]),
    "truth values": lambda: elbo.estimate([True]),
    "complex numbers": lambda: elbo.estimate([1j]),
    "NaN": lambda: elbo.estimate([np.nan]),
    "plus infinity": lambda: elbo.estimate([np.inf]),
    "other draws": lambda: elbo.elbo_joint(TWO, TWO[:1]),
    "an axis too many": lambda: elbo.elbo_joint(TWO, TWO[:, None]),
    "a draw of density 0": lambda: elbo.elbo_joint(TWO, [-1.0, -np.inf]),
    "a value of weight and density 0": lambda: elbo.elbo_joint(
        TWO, [-1.0, -np.inf], weights=[0.5, 0.5]
    ),
    "NaN at weight 0": lambda: elbo.elbo_joint(TWO, [-1.0, np.nan], weights=[1.0, 0.0]),
    "net bits of density 0": lambda: elbo.net_bits(TWO, TWO, [-1.0, -np.inf]),
    "net bits of -inf": lambda: elbo.elbo_net_bits([-np.inf, 1.0]),
    "net bits that are NaN": lambda: elbo.elbo_net_bits([np.nan]),
    "evidence of 0": lambda: elbo.elbo_evidence(-np.inf, TWO, TWO),
    "evidence of other points": lambda: elbo.elbo_evidence([1.0, 2.0], TWO, TWO),
    "infinite entropy": lambda: elbo.elbo_joint_entropy(TWO, np.inf),
    "entropy of a draw each": lambda: elbo.elbo_joint_entropy(TWO, TWO),
    "KL that is NaN": lambda: elbo.elbo_likelihood_kl(TWO, np.nan),
    "KL of more points": lambda: elbo.elbo_likelihood_kl(TWO[:, None], TWO),
    "negative beta": lambda: elbo.elbo_likelihood(TWO, TWO, TWO, beta=-0.1),
    "infinite beta": lambda: elbo.elbo_likelihood_kl(TWO, 0.0, beta=np.inf),
    "beta that is NaN": lambda: elbo.elbo_likelihood_kl(TWO, 0.0, beta=np.nan),
    "weights of more values": lambda: elbo.estimate(TWO, weights=[0.2, 0.3, 0.5]),
    "weights of another axis": lambda: elbo.estimate(TWO, weights=[[0.5], [0.5]]),
    "a negative weight": lambda: elbo.estimate([1.0, 2.0, 3.0], weights=[-0.5, 1.0, 0.5]),
    "a weight above 1": lambda: elbo.estimate(TWO, weights=[1.5, 0.0]),
    "a weight that is NaN": lambda: elbo.estimate(TWO, weights=[np.nan, 1.0]),
    "weights of sum 2": lambda: elbo.estimate(TWO, weights=[1.0, 1.0]),
    "weights of sum 0": lambda: elbo.estimate(TWO, weights=[0.0, 0.0]),
    "weights of text": lambda: elbo.estimate(TWO, weights=["a", "b"]),
    "x of infinity": lambda: elbo.gaussian_beta_posterior(np.inf, 1, 1),
    "no noise": lambda: elbo.gaussian_beta_posterior(1, 0, 1),
    "infinite noise": lambda: elbo.gaussian_beta_posterior(1, np.inf, 1),
    "beta below 0": lambda: elbo.gaussian_beta_posterior(1, 1, [-1]),
    "beta of NaN": lambda: elbo.gaussian_beta_posterior(1, 1, np.nan),
}


@pytest.mark.spec("ELB-1", "ELB-2", "ELB-8", "ELB-9")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    with pytest.raises(DistributionError):
        REFUSED[case]()


@pytest.mark.spec("ELB-1")
def test_integers_and_float32_are_reals() -> None:
    assert elbo.elbo_joint(np.array([-3, -5]), np.float32([-1, -1])).mean == -3
