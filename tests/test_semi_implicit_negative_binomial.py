"""SIV: the negative binomial model; exact posterior, mean field and Gibbs sampler."""

from collections.abc import Callable
from itertools import pairwise, product
from math import exp, lgamma, log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats
from scipy.special import digamma

from reference.errors import DataError, DistributionError
from reference.inference import semi_implicit as siv
from reference.inference.distributions import beta_kl, gamma_kl
from reference.inference.semi_implicit import NegativeBinomialPrior

Floats = NDArray[np.float64]

MITES = np.repeat(np.arange(8), [70, 38, 17, 10, 9, 3, 2, 1])
"""C. Bliss, R. Fisher, Biometrics 9 (1953), table 1."""
FLAT = NegativeBinomialPrior(1e-6, 1e-6, 1e-6, 1e-6)
OTHER = NegativeBinomialPrior(2.0, 0.5, 1.5, 3.0)

counts = st.lists(st.integers(0, 12), min_size=1, max_size=8).map(np.array)
shapes = st.floats(0.1, 10)
priors = st.builds(NegativeBinomialPrior, shapes, shapes, shapes, shapes)


# The model


@pytest.mark.spec("SIV-7")
@given(x=counts)
def test_tails(x: NDArray[np.int64]) -> None:
    """n_j counts what is above j: the rising factorials and factorials are products of it."""
    n = siv.tails(x)
    assert n.tolist() == [(x > j).sum() for j in range(x.max())]
    assert n.sum() == x.sum()
    found = sum(n_j * log(1.7 + j) for j, n_j in enumerate(n))
    assert found == pytest.approx(sum(lgamma(k + 1.7) - lgamma(1.7) for k in x), abs=1e-10)


@pytest.mark.spec("SIV-7")
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_tails_of_any_integers(dtype: type) -> None:
    assert siv.tails(MITES.astype(dtype)).tolist() == [80, 42, 25, 15, 6, 3, 1]


@pytest.mark.spec("SIV-8")
@given(
    x=counts,
    prior=priors,
    log_r=st.floats(-3, 3),
    logit_p=st.floats(-3, 3),
)
def test_log_joint_is_model_and_jacobian(
    x: NDArray[np.int64], prior: NegativeBinomialPrior, log_r: float, logit_p: float
) -> None:
    """The parts are scipy's, which has p and 1 - p, and rate and scale, the other way."""
    r, p = exp(log_r), 1 / (1 + exp(-logit_p))
    expected = (
        stats.nbinom.logpmf(x, r, 1 - p).sum()
        + stats.gamma.logpdf(r, prior.a, scale=1 / prior.b)
        + stats.beta.logpdf(p, prior.alpha, prior.beta)
        + log(r * p * (1 - p))
    )
    found, slopes = siv.negative_binomial_log_joint(x, [[log_r, logit_p]], prior)
    assert found[0] == pytest.approx(expected, rel=1e-10, abs=1e-10)
    for i in range(2):
        ends = []
        for step in (1e-5, -1e-5):
            z = np.array([[log_r, logit_p]])
            z[0, i] += step
            ends.append(siv.negative_binomial_log_joint(x, z, prior)[0][0])
        assert slopes[0, i] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-5)


@pytest.mark.spec("SIV-8")
def test_log_joint_at_the_ends() -> None:
    found, slopes = siv.negative_binomial_log_joint(MITES, [[-100.0, 100.0], [100.0, -100.0]])
    assert np.isfinite(found).all()
    assert np.isfinite(slopes).all()


# The exact posterior


@pytest.mark.spec("SIV-9")
@pytest.mark.parametrize(
    ("x", "prior", "log_evidence", "mean", "sd", "correlation"),
    [
        (
            MITES,
            None,
            -234.06290067344,
            (1.0837408698145, 0.52375753025726),
            (0.32349837262441, 0.073482551412332),
            -0.9056751421159,
        ),
        (
            MITES,
            FLAT,
            -252.41885410322,
            (1.0853266995105, 0.52373992395655),
            (37.742701500956, 0.073532929109841),
            -0.008041335017577,
        ),
        (
            [0, 0, 0],
            None,
            -0.048375137032545,
            (0.49586787533322, 0.47615156183299),
            (7.0236523757834, 0.49451408017021),
            -0.067932402551301,
        ),
    ],
)
def test_posterior(
    x: Any,
    prior: NegativeBinomialPrior | None,
    log_evidence: float,
    mean: tuple[float, float],
    sd: tuple[float, float],
    correlation: float,
) -> None:
    """Trapezoidal sums of mpmath, 30 digits, over all r from exp(-7000) or with any mass.

    The second one has a deviation of 38, for a billionth of its mass is at r of a million,
    where the prior ends; in the third one most of r is below binary64.
    """
    found = siv.negative_binomial_posterior(np.array(x), prior)
    assert found.log_evidence == pytest.approx(log_evidence, rel=1e-10)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-9)
    np.testing.assert_allclose(found.sd, sd, rtol=1e-9)
    assert found.correlation == pytest.approx(correlation, rel=1e-9)


@pytest.mark.spec("SIV-9")
@pytest.mark.parametrize(
    ("x", "prior", "t", "y"),
    [
        ([1], OTHER, np.arange(-30, 12, 0.1), np.arange(-60, 60, 0.1)),
        ([3, 0, 7], OTHER, np.arange(-30, 12, 0.1), np.arange(-60, 60, 0.1)),
        (MITES, OTHER, np.arange(-3, 8, 0.02), np.arange(-6, 6, 0.02)),
        (MITES, None, np.arange(-3, 8, 0.02), np.arange(-6, 6, 0.02)),
    ],
)
def test_posterior_in_two_dimensions(
    x: Any, prior: NegativeBinomialPrior | None, t: Floats, y: Floats
) -> None:
    """Evidence and moments as sums of the joint density over a grid of z."""
    z = np.stack(np.meshgrid(t, y, indexing="ij"), axis=-1).reshape(-1, 2)
    log_joint = siv.negative_binomial_log_joint(np.array(x), z, prior)[0]
    masses = np.exp(log_joint) * (t[1] - t[0]) * (y[1] - y[0])
    found = siv.negative_binomial_posterior(np.array(x), prior)
    assert found.log_evidence == pytest.approx(log(masses.sum()), abs=1e-9)
    points = np.stack([np.exp(z[:, 0]), 1 / (1 + np.exp(-z[:, 1]))])
    mean = points @ masses / masses.sum()
    covariance = (points - mean[:, None]) * masses @ (points - mean[:, None]).T / masses.sum()
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-5, atol=1e-12)
    assert found.correlation == pytest.approx(
        covariance[0, 1] / sqrt(covariance[0, 0] * covariance[1, 1]), rel=1e-5, abs=1e-9
    )


@pytest.mark.spec("SIV-9")
def test_densities() -> None:
    """They integrate to 1, and to the means."""
    found = siv.negative_binomial_posterior(MITES)

    def r_density(r: float) -> float:
        t = log(r)
        return exp(siv.negative_binomial_log_marginal(MITES, t) - found.log_evidence) / r

    def p_density(p: float) -> float:
        return float(found.p_density(p))

    def mean_of(density: Callable[[float], float], high: float) -> tuple[float, float]:
        total = integrate.quad(density, 1e-6, high, epsabs=1e-9, limit=200)[0]
        return total, integrate.quad(lambda v: v * density(v), 1e-6, high, limit=200)[0]

    assert mean_of(r_density, 30) == pytest.approx((1, found.mean[0]), rel=2e-4)
    assert mean_of(p_density, 1) == pytest.approx((1, found.mean[1]), rel=1e-6)
    assert found.p_density([-0.5, 1.5]).tolist() == [0, 0]
    # 2.5, 50 and 97.5 per cent of r
    for r, mass in ((0.6242, 0.025), (1.0285, 0.5), (1.8656, 0.975)):
        assert integrate.quad(r_density, 1e-6, r)[0] == pytest.approx(mass, abs=2e-4)


@pytest.mark.spec("SIV-9")
@pytest.mark.parametrize(
    ("x", "prior"),
    [
        ([0, 0, 0], None),
        ([0], NegativeBinomialPrior(1.0, 1.0, 1e-9, 1.0)),  # as good as certain
        ([1], None),
        ([1000], None),
        ([1, 5], NegativeBinomialPrior(1.0, 1e4, 1.0, 1.0)),  # r near 1e-4
        ([20] * 3000, None),
    ],
)
def test_posterior_of_extreme_counts(
    x: list[int], prior: NegativeBinomialPrior | None
) -> None:
    """Also where r may be any power of ten: the means are still those of a distribution."""
    found = siv.negative_binomial_posterior(np.array(x), prior)
    assert found.log_evidence < 0
    assert 0 < found.mean[1] < 1
    assert (found.sd > 0).all()
    assert found.weights.sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.spec("SIV-9")
def test_evidence_is_a_distribution_of_counts() -> None:
    """Of one count, with a prior whose tails end: the evidences of all counts sum to 1."""
    prior = NegativeBinomialPrior(2.0, 2.0, 1.0, 12.0)
    total = sum(
        exp(siv.negative_binomial_posterior(np.array([x]), prior).log_evidence)
        for x in range(60)
    )
    assert total == pytest.approx(1, abs=1e-8)


# The mean field


@pytest.mark.spec("SIV-10")
@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        (None, (114.822961, 114.961033, 172.01, 149.829845)),
        (FLAT, (114.811895, 114.955935, 172.000001, 149.812051)),
    ],
)
def test_mean_field_of_mites(prior: NegativeBinomialPrior | None, expected: Any) -> None:
    """An independent implementation's fixed points."""
    found = siv.negative_binomial_mean_field(MITES, prior)
    assert (found.a, found.b, found.alpha, found.beta) == pytest.approx(expected, abs=1e-6)


@pytest.mark.spec("SIV-10")
def test_mean_field_of_the_paper() -> None:
    """The numbers in the code of Yin and Zhou, whose iteration stopped a little earlier."""
    found = siv.negative_binomial_mean_field(MITES, FLAT)
    stored = (114.812048, 114.955329, 172.000001, 149.813040)
    assert (found.a, found.b, found.alpha, found.beta) == pytest.approx(stored, rel=1e-5)


@pytest.mark.spec("SIV-10")
def test_mean_field_is_too_narrow() -> None:
    """By 3.5 and 2.6 times in the deviations, for it knows no correlation."""
    field, exact = (
        siv.negative_binomial_mean_field(MITES),
        siv.negative_binomial_posterior(MITES),
    )
    np.testing.assert_allclose(exact.sd / field.sd, [3.47063, 2.64693], rtol=1e-5)
    for mean, sd, law in (
        (field.mean[0], field.sd[0], stats.gamma(field.a, scale=1 / field.b)),
        (field.mean[1], field.sd[1], stats.beta(field.alpha, field.beta)),
    ):
        assert (mean, sd) == pytest.approx((law.mean(), law.std()), rel=1e-12)


@pytest.mark.spec("SIV-11")
@given(x=counts, prior=priors)
def test_bounds_of_the_mean_field(x: NDArray[np.int64], prior: NegativeBinomialPrior) -> None:
    """Rising; and the tables' bound <= ELBO <= log evidence."""
    found = siv.negative_binomial_mean_field(x, prior)
    bounds = found.lower_bounds_
    assert all(b >= a - 1e-11 * (1 + abs(a)) for a, b in pairwise(bounds))
    evidence = siv.negative_binomial_posterior(x, prior).log_evidence
    assert bounds[-1] <= found.elbo + 1e-9
    assert found.elbo <= evidence + 1e-9


@pytest.mark.spec("SIV-11")
@pytest.mark.parametrize("prior", [None, OTHER])
def test_elbo_of_the_mean_field(prior: NegativeBinomialPrior | None) -> None:
    """The mean of log p(x, z) - log q(z), by quadrature over r and p."""
    field = siv.negative_binomial_mean_field(MITES, prior)
    laws = stats.gamma(field.a, scale=1 / field.b), stats.beta(field.alpha, field.beta)
    t, y = np.arange(-1.5, 1.5, 0.01), np.arange(-1.5, 1.5, 0.01)
    r, p = np.exp(t), 1 / (1 + np.exp(-y))
    log_q = (laws[0].logpdf(r) + t)[:, None] + laws[1].logpdf(p) + np.log(p * (1 - p))
    z = np.stack(np.meshgrid(t, y, indexing="ij"), axis=-1).reshape(-1, 2)
    log_joint = siv.negative_binomial_log_joint(MITES, z, prior)[0].reshape(log_q.shape)
    elbo = (np.exp(log_q) * (log_joint - log_q)).sum() * 1e-4
    assert field.elbo == pytest.approx(elbo, abs=1e-8)


def divergence_from_prior(a: float, b: float, alpha: float, beta: float) -> float:
    of_r = gamma_kl(a, b, OTHER.a, OTHER.b)
    return float(of_r + beta_kl(alpha, beta, OTHER.alpha, OTHER.beta))


@pytest.mark.spec("SIV-10", "SIV-11")
def test_first_sweep() -> None:
    """From E r = g = 1: a customer opens 1 / (1 + j) tables; the bound is the first of all."""
    x = np.array([4, 0, 2, 3])
    alpha, beta = OTHER.alpha + 9, OTHER.beta + 4
    log_p, log_q = digamma([alpha, beta]) - digamma(alpha + beta)
    a, b = OTHER.a + 3 + 3 / 2 + 2 / 3 + 1 / 4, OTHER.b - 4 * log_q
    g = exp(digamma(a)) / b
    bound = sum(lgamma(k + g) - lgamma(g) - lgamma(k + 1) for k in x)
    bound += 9 * log_p + 4 * a / b * log_q - divergence_from_prior(a, b, alpha, beta)
    found = siv.negative_binomial_mean_field(x, OTHER).lower_bounds_[0]
    assert found == pytest.approx(bound, abs=1e-11)


@pytest.mark.spec("SIV-10", "SIV-11")
def test_tables() -> None:
    """The bound is E log p(x, tables, r, p) - E log q, here with every number of tables.

    A count x has l tables with a weight |s(x, l)| r^l / x! in its likelihood, where s are the
    Stirling numbers of the first kind; a' is a and the mean of all tables.
    """
    stirling = {0: [1], 1: [0, 1], 2: [0, 1, 1], 3: [0, 2, 3, 1], 4: [0, 6, 11, 6, 1]}
    x = np.array([4, 0, 2, 3])
    field = siv.negative_binomial_mean_field(x, OTHER)
    log_g = digamma(field.a) - log(field.b)
    tables = terms = 0.0
    for ways in product(*(range(k + 1) for k in x)):
        weight = np.prod(
            [stirling[k][n] * exp(log_g * n) for k, n in zip(x, ways, strict=True)]
        )
        whole = np.prod([exp(lgamma(k + exp(log_g)) - lgamma(exp(log_g))) for k in x])
        if weight > 0:
            q = weight / whole
            log_ways = sum(log(stirling[k][n]) for k, n in zip(x, ways, strict=True))
            tables += q * sum(ways)
            terms += q * (log_ways + sum(ways) * log_g - log(q))
    assert field.a == pytest.approx(OTHER.a + tables, rel=1e-10)
    log_p, log_q = digamma([field.alpha, field.beta]) - digamma(field.alpha + field.beta)
    bound = terms - sum(lgamma(k + 1) for k in x) + x.sum() * log_p
    bound += x.size * field.mean[0] * log_q
    bound -= divergence_from_prior(field.a, field.b, field.alpha, field.beta)
    assert field.lower_bounds_[-1] == pytest.approx(bound, abs=1e-10)


# The Gibbs sampler


class Scripted:
    """A generator that notes what it is asked for, and answers from a script."""

    def __init__(self, betas: list[float], gammas: list[float], uniform: float) -> None:
        self.betas, self.gammas, self.uniform = betas, gammas, uniform
        self.asked: list[Any] = []

    def beta(self, a: float, b: float) -> float:
        """Note both shapes."""
        self.asked.append(("beta", a, b))
        return self.betas.pop(0)

    def gamma(self, shape: float, scale: float) -> float:
        """Note shape and scale."""
        self.asked.append(("gamma", shape, scale))
        return self.gammas.pop(0)

    def random(self, n: int) -> Floats:
        """Note how many."""
        self.asked.append(("random", n))
        return np.full(n, self.uniform)

    def binomial(self, n: int, c: float) -> int:
        """Note number and probability; the answer is half."""
        self.asked.append(("binomial", n, c))
        return n // 2


@pytest.mark.spec("SIV-12")
def test_sweep_asks_for_the_conditionals() -> None:
    """Two sweeps of the mites, of which 80 have a first, 42 a second, 25 a third customer."""
    rng: Any = Scripted([0.25, 0.75], [2.0, 3.0], 0.45)
    prior = NegativeBinomialPrior(0.1, 0.2, 0.3, 0.4)
    r, p = siv.negative_binomial_gibbs(MITES, 1, rng, burn_in=1, prior=prior)
    assert (r.tolist(), p.tolist()) == ([3.0], [0.25])
    # At r = 1 a uniform number of 0.45 opens no table for j >= 2; at r = 2, for j <= 2.
    uniforms = [("random", n) for n in (25, 15, 6, 3, 1)]
    assert rng.asked == [
        ("beta", 0.4 + 150, pytest.approx(0.3 + 172)),
        ("binomial", 42, 1 / 2),
        *uniforms,
        ("gamma", 0.1 + 80 + 21, pytest.approx(1 / (0.2 - 150 * log(0.25)))),
        ("beta", 0.4 + 300, pytest.approx(0.3 + 172)),
        ("binomial", 42, 2 / 3),
        *uniforms,
        ("gamma", 0.1 + 80 + 21 + 25, pytest.approx(1 / (0.2 - 150 * log(0.75)))),
    ]


@pytest.mark.spec("SIV-12")
def test_up_to_32_trials_are_counted_one_by_one() -> None:
    for trials, kind in ((32, "random"), (33, "binomial")):
        rng: Any = Scripted([0.5], [1.0], 0.5)
        siv.negative_binomial_gibbs(np.full(trials, 2), 1, rng, burn_in=0)
        assert rng.asked[1][:2] == (kind, trials)


@pytest.mark.spec("SIV-12")
def test_sweep_leaves_the_posterior_as_it_is() -> None:
    """A sweep takes the posterior of r to itself: sums over p and all tables."""
    x, prior = np.array([3, 0, 1]), OTHER
    exact = siv.negative_binomial_posterior(x, prior)
    t = np.linspace(-9, 5, 281)
    r = np.exp(t)
    before = np.exp(siv.negative_binomial_log_marginal(x, t, prior) - exact.log_evidence)
    y = np.linspace(-25, 15, 201)
    q = 1 / (1 + np.exp(-y))
    after = np.zeros(r.size)
    for weight, r_i in zip(before * (t[1] - t[0]), r, strict=True):
        if weight > 1e-10:
            of_q = stats.beta.pdf(q, prior.beta + 3 * r_i, prior.alpha + 4) * q * (1 - q) * 0.2
            for tables in range(3):  # of customers 1 and 2, besides the two first ones
                c = r_i / (r_i + 1), r_i / (r_i + 2)
                chance = [(1 - c[0]) * (1 - c[1]), c[0] + c[1] - 2 * c[0] * c[1], c[0] * c[1]]
                law = stats.gamma.pdf(
                    r[:, None], prior.a + 2 + tables, scale=1 / (prior.b - 3 * np.log(q))
                )
                after += weight * chance[tables] * (law @ of_q) * r
    np.testing.assert_allclose(after, before, atol=1e-7)


@pytest.mark.spec("SIV-12")
def test_gibbs_of_mites() -> None:
    """100 batches of 300 sweeps; of 16,000 z-scores of each kind, one is above 4."""
    r, p = siv.negative_binomial_gibbs(MITES, 30_000, np.random.default_rng(2))
    exact = siv.negative_binomial_posterior(MITES)
    moments = exact.covariance + np.outer(exact.mean, exact.mean)
    for draws, mean in (
        (r, exact.mean[0]),
        (p, exact.mean[1]),
        (r * p, moments[0, 1]),
        (p * p, moments[1, 1]),
    ):
        batches = draws.reshape(100, -1).mean(axis=1)
        assert abs(batches.mean() - mean) < 4 * batches.std(ddof=1) / 10


@pytest.mark.spec("SIV-12")
def test_gibbs_is_repeatable() -> None:
    """The burn-in is a part of the chain, and all of it is from one generator."""
    whole = siv.negative_binomial_gibbs(MITES, 7, np.random.default_rng(1), burn_in=0)
    rest = siv.negative_binomial_gibbs(MITES, 4, np.random.default_rng(1), burn_in=3)
    assert [chain[3:].tolist() for chain in whole] == [chain.tolist() for chain in rest]


@pytest.mark.spec("SIV-12")
def test_gibbs_of_no_events() -> None:
    """All counts 0: r may be 0 in binary64, and nothing is NaN."""
    r, p = siv.negative_binomial_gibbs(np.zeros(2, int), 2000, np.random.default_rng(0))
    assert np.isfinite(r).all()
    assert (r >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


RNG = np.random.default_rng(0)


@pytest.mark.spec("SIV-7", "SIV-8", "SIV-9", "SIV-12")
@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        (siv.tails, ([],), DataError),
        (siv.tails, ([[1]],), DataError),
        (siv.tails, (3,), DataError),
        (siv.tails, ([-1],), DataError),
        (siv.tails, ([2**20 + 1],), DataError),
        (siv.tails, ([1.0],), DataError),
        (siv.tails, ([True],), DataError),
        (siv.tails, (["a"],), DataError),
        (NegativeBinomialPrior, (0.0,), DistributionError),
        (NegativeBinomialPrior, (1.0, -1.0), DistributionError),
        (NegativeBinomialPrior, (1.0, 1.0, np.inf), DistributionError),
        (NegativeBinomialPrior, (1.0, 1.0, 1.0, np.nan), DistributionError),
        (NegativeBinomialPrior, ([1.0, 2.0],), DistributionError),
        (siv.negative_binomial_log_joint, ([-1], [[0.0, 0.0]]), DataError),
        (siv.negative_binomial_log_joint, ([1], [0.0, 0.0]), DistributionError),
        (siv.negative_binomial_log_joint, ([1], [[0.0]]), DistributionError),
        (siv.negative_binomial_log_joint, ([1], [[0.0, np.nan]]), DistributionError),
        (siv.negative_binomial_log_joint, ([1], [[100.5, 0.0]]), DistributionError),
        (siv.negative_binomial_log_marginal, ([1], 101.0), DistributionError),
        (siv.negative_binomial_posterior, ([],), DataError),
        (siv.negative_binomial_mean_field, ([],), DataError),
        (siv.negative_binomial_gibbs, ([], 1, RNG), DataError),
        (siv.negative_binomial_gibbs, ([1], 0, RNG), DistributionError),
    ],
)
def test_refuses(
    function: Callable[..., object], arguments: tuple[Any, ...], error: type[ValueError]
) -> None:
    with pytest.raises(error):
        function(*arguments)


@pytest.mark.spec("SIV-12")
def test_refuses_a_negative_burn_in() -> None:
    with pytest.raises(DistributionError, match="-1"):
        siv.negative_binomial_gibbs(MITES, 1, RNG, burn_in=-1)


@pytest.mark.spec("SIV-9", "SIV-10")
def test_refuses_what_does_not_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    from reference.inference.semi_implicit import mean_field, posterior

    monkeypatch.setattr(posterior, "MOST_STEPS", posterior.FIRST_STEPS)
    with pytest.raises(DistributionError, match="256 steps"):
        siv.negative_binomial_posterior(MITES)
    monkeypatch.setattr(mean_field, "MOST_SWEEPS", 3)
    with pytest.raises(DistributionError, match="3 sweeps"):
        siv.negative_binomial_mean_field(MITES)
