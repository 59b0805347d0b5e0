"""ELB-11 to ELB-14: log-mean-exp, importance-weighted bounds, evidence, sample size."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from reference.errors import DistributionError
from reference.inference import elbo
from reference.inference.distributions import normal_log_density

logs = st.one_of(st.floats(-800, 800), st.just(-math.inf), st.sampled_from([-1e300, 1e300]))
finite = st.floats(-30, 30)


def bound(k: int, result: float) -> float:
    """How far a log-mean-exp may be off (ELB-11)."""
    return 2.0**-53 * (k + 64) * (1 + abs(result))


# Log-mean-exp


@pytest.mark.spec("ELB-11")
@given(a=st.lists(logs, min_size=1, max_size=30))
def test_log_mean_exp_in_many_digits(a: list[float]) -> None:
    found = float(elbo.log_mean_exp(a))
    if max(a) == -math.inf:
        assert found == -math.inf
        return
    with mpmath.workdps(40):
        shifted = [mpmath.exp(mpmath.mpf(v) - max(a)) for v in a if v > -math.inf]
        exact = max(a) + mpmath.log(mpmath.fsum(shifted) / len(a))
        assert abs(found - exact) <= bound(len(a), float(exact))
    assert found <= max(a) + bound(len(a), found)
    assert found >= max(a) - math.log(len(a)) - bound(len(a), found)


@pytest.mark.spec("ELB-11")
@given(a=st.floats(allow_nan=False, max_value=1e308))
def test_log_mean_exp_of_one_number(a: float) -> None:
    assert elbo.log_mean_exp([a]) == a


@pytest.mark.spec("ELB-11")
@given(a=st.lists(finite, min_size=1, max_size=30), c=st.floats(-500, 500))
def test_log_mean_exp_moves_with_its_numbers(a: list[float], c: float) -> None:
    moved = elbo.log_mean_exp(np.array(a) + c)
    assert moved == pytest.approx(elbo.log_mean_exp(a) + c, abs=1e-12)


@pytest.mark.spec("ELB-11")
def test_log_mean_exp_over_each_axis() -> None:
    a = np.random.default_rng(0).normal(size=(3, 4, 5))
    for axis in (0, 1, 2, -1, -3):
        expected = np.log(np.exp(a).mean(axis=axis))
        np.testing.assert_allclose(elbo.log_mean_exp(a, axis), expected, rtol=1e-13)
    np.testing.assert_array_equal(elbo.log_mean_exp(a), elbo.log_mean_exp(a, 2))
    half = np.where(np.arange(2)[:, None] == 0, -np.inf, a[0, 0])
    assert elbo.log_mean_exp(half)[0] == -np.inf
    assert elbo.log_mean_exp([800.0, -np.inf]) == 800 - math.log(2)
    assert elbo.log_mean_exp([-np.inf, -800.0]) == -800 - math.log(2)


# Importance-weighted bounds


@pytest.mark.spec("ELB-12")
@given(a=st.lists(st.one_of(finite, st.just(-math.inf)), min_size=2, max_size=8))
def test_leaving_one_out_is_never_above(a: list[float]) -> None:
    """So L_k rises with k, whatever q: Burda et al., appendix A, with no sampling."""
    less = [elbo.log_mean_exp(a[:i] + a[i + 1 :]) for i in range(len(a))]
    assert np.mean(less) <= elbo.log_mean_exp(a) + 1e-13


@pytest.mark.spec("ELB-12", "ELB-13")
@given(
    log_joint=st.lists(st.floats(-6, 0), min_size=2, max_size=3),
    parts=st.lists(st.integers(1, 9), min_size=3, max_size=3),
)
def test_bounds_by_enumeration(log_joint: list[float], parts: list[int]) -> None:
    """All k-tuples of latents: L_1 is the ELBO, L_k rises to log p(x), E mean w is p(x)."""
    q = np.array(parts[: len(log_joint)]) / sum(parts[: len(log_joint)])
    log_w = np.array(log_joint) - np.log(q)
    log_evidence = np.logaddexp.reduce(log_joint)
    bounds = []
    for k in (1, 2, 3, 4):
        groups = np.array(list(product(range(len(q)), repeat=k)))
        chance = q[groups].prod(axis=1)
        log_means = elbo.log_mean_exp(log_w[groups])
        bounds.append(float(elbo.estimate(log_means, weights=chance).mean))
        mean = (chance * np.exp(elbo.evidence_estimate(log_w[groups]).log_mean)).sum()
        assert mean == pytest.approx(math.exp(log_evidence), rel=1e-12)
    expected = elbo.elbo_joint(log_joint, np.log(q), weights=q).mean
    assert bounds[0] == pytest.approx(float(expected), abs=1e-13)
    assert all(a <= b + 1e-13 for a, b in pairwise(bounds))
    assert bounds[-1] <= log_evidence + 1e-13


@pytest.mark.spec("ELB-12")
@given(a=st.lists(st.lists(finite, min_size=3, max_size=3), min_size=2, max_size=9))
def test_bound_is_the_estimate_of_log_mean_exps(a: list[list[float]]) -> None:
    found = elbo.importance_weighted_bound(a)
    expected = [float(elbo.log_mean_exp(group)) for group in a]
    assert found.mean == pytest.approx(np.mean(expected), abs=1e-12)
    assert found.variance == pytest.approx(np.var(expected, ddof=1), rel=1e-9, abs=1e-12)
    assert found.standard_error == np.sqrt(found.variance / len(a))


@pytest.mark.spec("ELB-12")
def test_bound_of_many_data_points() -> None:
    """Data points are on the last axes; the mean over groups is outside the logarithm."""
    a = np.random.default_rng(1).normal(size=(7, 4, 2, 3))
    found = elbo.importance_weighted_bound(a)
    for i, j in np.ndindex(2, 3):
        single = elbo.importance_weighted_bound(a[:, :, i, j])
        assert found.mean[i, j] == pytest.approx(single.mean, abs=1e-14)
        assert found.variance[i, j] == pytest.approx(single.variance, rel=1e-12)
    of_one = elbo.importance_weighted_bound(a[:, :1])
    np.testing.assert_allclose(of_one.mean, a[:, 0].mean(axis=0), rtol=1e-13)


@pytest.mark.spec("ELB-12", "ELB-13", "ELB-14")
@given(log_evidence=st.floats(-500, 500), k=st.integers(2, 50))
def test_of_the_posterior_all_is_exact(log_evidence: float, k: int) -> None:
    """Equal weights: every bound is log p(x), all k draws count, and nothing is in doubt."""
    log_w = np.full((3, k), log_evidence)
    found = elbo.importance_weighted_bound(log_w)
    assert found.mean == pytest.approx(log_evidence, rel=1e-15)
    assert found.variance == pytest.approx(0, abs=1e-20)
    np.testing.assert_allclose(elbo.effective_sample_size(log_w), k, rtol=1e-14)
    evidence = elbo.evidence_estimate(log_w)
    assert (evidence.relative_error**2 <= 2.0**-50 * k * (k + 64)).all()


# Known answers: L_k of a normal model, for every k, by quadrature


class NormalModel:
    """z ~ N(0, 1), x | z ~ N(slope z, variance), q = N(mu, sigma^2)."""

    def __init__(
        self, x: float, slope: float, variance: float, mu: float, sigma: float
    ) -> None:
        self.x, self.slope, self.noise = x, slope, math.sqrt(variance)
        self.mu, self.sigma = mu, sigma
        total = math.sqrt(slope**2 + variance)
        self.log_evidence = float(normal_log_density(x, 0, total))

    def log_weights(self, noise: Any) -> Any:
        """Return log p(x, z) - log q(z) at ``z = mu + sigma * noise``."""
        z = self.mu + self.sigma * noise
        return (
            normal_log_density(z, 0, 1)
            + normal_log_density(self.x, self.slope * z, self.noise)
            - normal_log_density(z, self.mu, self.sigma)
        )

    def bound(self, k: int) -> float:
        """L_k by quadrature alone, relative to the evidence and back.

        log v is the integral of (exp(-t) - exp(-v t)) / t over t > 0, so the mean of log v of
        the mean of k independent weights is that of (exp(-t) - phi(t / k)^k) / t, where phi is
        the Laplace transform of one weight. The substitution t = exp(s) makes it smooth.
        """
        nodes = np.linspace(-12, 12, 2001)
        chance = np.exp(normal_log_density(nodes, 0, 1)) * (nodes[1] - nodes[0])
        w = np.exp(self.log_weights(nodes) - self.log_evidence)
        assert chance @ w == pytest.approx(1, rel=1e-10)  # and the evidence is right

        def integrand(s: float) -> float:
            t = math.exp(s)
            # phi - 1, and from there exp(-t) - phi^k without loss where t is small
            less = chance @ np.expm1(-w * (t / k))
            if less > -0.5:
                return math.expm1(-t) - math.expm1(k * math.log1p(less))
            return math.exp(-t) - float(chance @ np.exp(-w * (t / k))) ** k

        value, error = quad(integrand, -60, 12, limit=500, epsabs=1e-11, points=[-5, 0, 3])
        tail, tail_error = quad(integrand, 12, 60, limit=500, epsabs=1e-11)
        assert error + tail_error < 1e-8
        return self.log_evidence + value + tail


TOY = NormalModel(1.5, 1, 1, 0.5, 0.8)
OTHER = NormalModel(1.3, 1.1, 0.4, 0.2, 0.9)


@pytest.mark.spec("ELB-12")
def test_known_bounds() -> None:
    """The first model: log p(x) -1.828012, ELBO -1.907082, L_5 -1.83946, L_50 -1.82933.

    The second: -1.681900, -3.174279, L_2 -2.1976, L_5 -1.8116, L_10 -1.7373, L_50 -1.6921.
    Those with five or six digits are estimates from sampling themselves.
    """
    assert TOY.log_evidence == pytest.approx(-1.828012123, abs=1e-9)
    assert TOY.bound(1) == pytest.approx(-1.907082085, abs=1e-8)
    assert TOY.bound(5) == pytest.approx(-1.83946, abs=4 * 0.00025)
    assert TOY.bound(50) == pytest.approx(-1.82933, abs=4 * 0.00015)
    assert OTHER.log_evidence == pytest.approx(-1.6819003432, abs=1e-9)
    assert OTHER.bound(1) == pytest.approx(-3.1742786829, abs=1e-8)
    for k, value in ((2, -2.1976), (5, -1.8116), (10, -1.7373), (50, -1.6921)):
        assert OTHER.bound(k) == pytest.approx(value, abs=2e-3)


@pytest.mark.spec("ELB-12")
@pytest.mark.parametrize("model", [TOY, OTHER], ids=["toy", "other"])
def test_bound_of_two_by_another_quadrature(model: NormalModel) -> None:
    """Over the plane of both draws: so the transform below every other k is right."""
    nodes = np.linspace(-10, 10, 1001)
    chance = np.exp(normal_log_density(nodes, 0, 1)) * (nodes[1] - nodes[0])
    log_w = model.log_weights(nodes)
    pairs = elbo.log_mean_exp(np.stack(np.broadcast_arrays(log_w[:, None], log_w)), 0)
    assert chance @ pairs @ chance == pytest.approx(model.bound(2), abs=1e-9)


@pytest.mark.spec("ELB-12")
@pytest.mark.parametrize("model", [TOY, OTHER], ids=["toy", "other"])
def test_bounds_rise_to_the_evidence(model: NormalModel) -> None:
    """And k (log p(x) - L_k) tends to half the relative variance of a weight."""
    ks = (1, 2, 3, 5, 10, 100, 1000)
    bounds = [model.bound(k) for k in ks]
    assert (np.diff(bounds) > 0).all()
    assert bounds[-1] < model.log_evidence
    nodes = np.linspace(-12, 12, 20001)
    chance = np.exp(normal_log_density(nodes, 0, 1)) * (nodes[1] - nodes[0])
    w = np.exp(model.log_weights(nodes) - model.log_evidence)
    half = (chance @ w**2 - 1) / 2
    assert 1000 * (model.log_evidence - bounds[-1]) == pytest.approx(half, rel=0.02)


@pytest.mark.spec("ELB-12", "ELB-13")
@pytest.mark.parametrize("model", [TOY, OTHER], ids=["toy", "other"])
@pytest.mark.parametrize("k", [1, 2, 5, 50])
def test_estimates_meet_the_quadrature(model: NormalModel, k: int) -> None:
    """|z| < 4 each, which chance exceeds with 6e-5."""
    noise = np.random.default_rng(k).normal(size=(4000, k))
    log_w = model.log_weights(noise)
    found = elbo.importance_weighted_bound(log_w)
    assert abs(found.mean - model.bound(k)) < 4 * found.standard_error
    evidence = elbo.evidence_estimate(log_w.ravel())
    ratio = math.expm1(evidence.log_mean - model.log_evidence)
    assert abs(ratio) < 4 * evidence.relative_error


@pytest.mark.spec("ELB-12")
def test_a_closed_form_inside_the_logarithm_is_no_bound() -> None:
    """log-mean-exp of log p(x | z) less the KL: above the evidence, so it is not offered."""
    z = OTHER.mu + OTHER.sigma * np.random.default_rng(0).normal(size=(2000, 50))
    kl = (OTHER.mu**2 + OTHER.sigma**2 - 1) / 2 - math.log(OTHER.sigma)
    wrong = elbo.importance_weighted_bound(
        normal_log_density(OTHER.x, OTHER.slope * z, OTHER.noise) - kl
    )
    assert wrong.mean - 10 * wrong.standard_error > OTHER.log_evidence


# Evidence and effective sample size


@pytest.mark.spec("ELB-13", "ELB-14")
@given(a=st.lists(finite, min_size=2, max_size=30), c=st.floats(-600, 600))
def test_evidence_in_plain_weights(a: list[float], c: float) -> None:
    """Against means and sample variances of the weights themselves, scaled or not."""
    w, k = np.exp(np.array(a)), len(a)
    found = elbo.evidence_estimate(np.array(a) + c)
    assert found.log_mean == pytest.approx(math.log(w.mean()) + c, abs=1e-11)
    square = w.var(ddof=1) / k / w.mean() ** 2
    assert abs(found.relative_error**2 - square) <= 1e-12 * k + 1e-11
    size = elbo.effective_sample_size(np.array(a) + c)
    assert size == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-11)
    assert 1 - 1e-13 <= size <= k * (1 + 1e-13)


@pytest.mark.spec("ELB-13")
def test_weights_that_are_nearly_equal() -> None:
    """Their ESS may round above k; the error is then 0, and no root of a negative number."""
    rng, above = np.random.default_rng(0), 0
    for k in range(2, 200):
        a = 1e-9 * rng.normal(size=k)
        above += elbo.effective_sample_size(a) > k
        assert elbo.evidence_estimate(a).relative_error ** 2 <= 2.0**-50 * k * (k + 64)
    assert above > 0


@pytest.mark.spec("ELB-13", "ELB-14")
def test_effective_sample_size_known_answers() -> None:
    assert elbo.effective_sample_size([5.0]) == 1
    assert elbo.effective_sample_size([-700.0] * 8) == 8
    assert elbo.effective_sample_size([0.0, -800.0, -np.inf]) == 1
    assert elbo.effective_sample_size([3.0, 3.0, -np.inf, -np.inf]) == 2
    third = elbo.effective_sample_size(np.log([1.0, 2.0, 3.0]))
    assert third == pytest.approx(36 / 14, rel=1e-15)
    assert elbo.effective_sample_size([[-np.inf], [-np.inf]], 0).tolist() == [0]
    a = np.random.default_rng(3).normal(size=(4, 5, 6))
    for axis in (0, 1, 2):
        w = np.exp(a)
        expected = w.sum(axis) ** 2 / (w**2).sum(axis)
        np.testing.assert_allclose(elbo.effective_sample_size(a, axis), expected, rtol=1e-14)
        rest = elbo.evidence_estimate(a, axis)
        square = (a.shape[axis] / expected - 1) / (a.shape[axis] - 1)
        np.testing.assert_allclose(rest.relative_error, np.sqrt(square), rtol=1e-12)
    nothing = elbo.evidence_estimate([-np.inf, -np.inf])
    assert (nothing.log_mean, nothing.relative_error) == (-np.inf, np.inf)
    single = elbo.evidence_estimate([2.0])
    assert single.log_mean == 2
    assert np.isnan(single.relative_error)


REFUSED: dict[str, Callable[[], object]] = {
    "nothing": lambda: elbo.log_mean_exp([]),
    "no numbers on the axis": lambda: elbo.log_mean_exp(np.zeros((2, 0))),
    "no axis": lambda: elbo.log_mean_exp(1.0),
    "an axis that is not there": lambda: elbo.log_mean_exp([1.0], 1),
    "NaN": lambda: elbo.log_mean_exp([0.0, np.nan]),
    "plus infinity": lambda: elbo.log_mean_exp([0.0, np.inf]),
    "text": lambda: elbo.log_mean_exp(["1"]),
    "ragged": lambda: elbo.log_mean_exp([[1.0], [1.0, 2.0]]),
    "size of nothing": lambda: elbo.effective_sample_size([]),
    "size of NaN": lambda: elbo.effective_sample_size([np.nan]),
    "size along no axis": lambda: elbo.effective_sample_size([1.0], -2),
    "evidence of nothing": lambda: elbo.evidence_estimate(np.zeros((0, 3))),
    "evidence of infinity": lambda: elbo.evidence_estimate([np.inf]),
    "one group without an axis": lambda: elbo.importance_weighted_bound([1.0, 2.0]),
    "no groups": lambda: elbo.importance_weighted_bound(np.zeros((0, 2))),
    "empty groups": lambda: elbo.importance_weighted_bound(np.zeros((2, 0))),
    "a group with NaN": lambda: elbo.importance_weighted_bound([[np.nan]]),
}


@pytest.mark.spec("ELB-1", "ELB-11", "ELB-12", "ELB-13", "ELB-14")
@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    with pytest.raises(DistributionError):
        REFUSED[case]()
