"""`fast.inference.semi_implicit` equals the reference, within the bounds of SPEC.md."""

from collections.abc import Callable
from math import log
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fast.inference.semi_implicit as fast
import reference.inference.semi_implicit as reference
from fast._jit import kernel
from reference.errors import DataError, DistributionError
from reference.inference.semi_implicit import NegativeBinomialPrior
from tests.test_semi_implicit_negative_binomial import MITES

Floats = NDArray[np.float64]


def problem(seed: int, S: int, K: int, L: int, spread: float) -> tuple[Floats, ...]:
    """log_joint, slopes, own, others, sigma, eps; psi are `spread` sigma or so apart."""
    rng = np.random.default_rng(seed)
    sigma = np.exp(rng.uniform(-3, 3, L))
    own, others = (spread * sigma * rng.standard_normal((n, L)) for n in (S, K))
    slopes, eps = rng.standard_normal((2, S, L))
    return rng.standard_normal(S), slopes / sigma, own, others, sigma, eps


shapes = st.tuples(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(1, 20),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.0, 10.0, 1000.0]),
)


@pytest.mark.spec("SIV-2")
@pytest.mark.parametrize("with_own", [False, True])
@given(shape=shapes)
@example(shape=(0, 3, 1000, 2, 1.0)).via("the size of the published example")
@example(shape=(0, 3, 0, 2, 1.0)).via("no others")
@example(shape=(0, 1, 5, 1, 1e160)).via("squares beyond binary64")
def test_normal_mixture_log_density(with_own: bool, shape: Any) -> None:
    _, _, own, others, sigma, eps = problem(*shape)
    z, mine = own + sigma * eps, own if with_own else None
    if len(others) == 0 and not with_own:
        return
    expected = reference.normal_mixture_log_density(z, others, sigma, mine)
    found = fast.normal_mixture_log_density(z, others, sigma, mine)
    finite = np.isfinite(expected)
    assert (found[~finite] == expected[~finite]).all()
    bound = 2.0**-46 * (1 + np.abs(expected) + (1 + np.abs(np.log(sigma))).sum())
    assert (np.abs(found[finite] - expected[finite]) <= bound[finite]).all()


@pytest.mark.spec("SIV-3", "SIV-4", "SIV-6")
@pytest.mark.parametrize("name", ["lower_bound_gradients", "upper_surrogate_gradients"])
@given(shape=shapes)
@example(shape=(0, 50, 1000, 2, 1.0)).via("the size of the published example")
@example(shape=(0, 3, 0, 2, 1.0)).via("no others")
def test_gradients(name: str, shape: Any) -> None:
    log_joint, slopes, own, others, sigma, eps = problem(*shape)
    with_own = name == "lower_bound_gradients"
    if len(others) == 0 and not with_own:
        return
    expected, gradient = getattr(reference, name)(log_joint, slopes, own, others, sigma, eps)
    found, ours = getattr(fast, name)(log_joint, slopes, own, others, sigma, eps)
    z = own + sigma * eps
    u = np.abs((z[:, None] - others) / sigma)  # (S, K, L)
    most = max(np.max(u, initial=0), np.abs(eps).max())
    scale = 2.0**-44 * (1 + most**2)
    log_h = np.abs(log_joint - expected)
    estimate_bound = 2.0**-46 * (
        1 + np.abs(log_joint) + log_h + (1 + np.abs(np.log(sigma))).sum()
    )
    assert (np.abs(found - expected) <= estimate_bound).all()
    of_own = np.abs(slopes).max(0) + (most + 1) / sigma
    assert (np.abs(ours.own - gradient.own) <= scale * of_own).all()
    assert (np.abs(ours.others - gradient.others) <= scale * (most + 1) / sigma).all()
    of_sigma = sigma * np.abs(eps * slopes).max(0) + most**2 + 1 / sigma
    assert (np.abs(ours.log_sigma - gradient.log_sigma) <= scale * of_sigma).all()
    assert ours.others.shape == gradient.others.shape


@pytest.mark.spec("SIV-12")
@given(
    x=st.lists(st.integers(0, 12), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
    prior=st.builds(NegativeBinomialPrior, *[st.floats(0.1, 10)] * 4),
    burn_in=st.integers(0, 3),
)
@example(x=[0, 0, 0], seed=0, prior=NegativeBinomialPrior(), burn_in=0).via("no events")
@example(x=[1] * 32 + [2] * 32, seed=0, prior=NegativeBinomialPrior(), burn_in=0).via("32")
@example(x=[2] * 33, seed=0, prior=NegativeBinomialPrior(), burn_in=0).via("a binomial draw")
@example(x=[3] * 500, seed=0, prior=NegativeBinomialPrior(), burn_in=0).via("by rejection")
@example(x=[9], seed=0, prior=NegativeBinomialPrior(1, 2, 3, 4), burn_in=0).via("integers")
def test_gibbs(x: list[int], seed: int, prior: NegativeBinomialPrior, burn_in: int) -> None:
    """The same numbers from the same generator, which is left in the same state."""
    theirs, ours = np.random.default_rng(seed), np.random.default_rng(seed)
    expected = reference.negative_binomial_gibbs(
        np.array(x), 20, theirs, burn_in=burn_in, prior=prior
    )
    found = fast.negative_binomial_gibbs(np.array(x), 20, ours, burn_in=burn_in, prior=prior)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert ours.bit_generator.state == theirs.bit_generator.state


@pytest.mark.spec("SIV-12")
def test_gibbs_of_mites() -> None:
    """Two chains of 2000 sweeps stay together: each sweep forgets its rounding errors."""
    chains = [
        impl.negative_binomial_gibbs(MITES, 2000, np.random.default_rng(3))
        for impl in (reference, fast)
    ]
    np.testing.assert_allclose(chains[1], chains[0], rtol=1e-9)


@pytest.mark.spec("SIV-12")
def test_gibbs_finds_the_posterior() -> None:
    """200 batches of 500 sweeps; of 16,000 z-scores of each kind, one is above 4."""
    r, p = fast.negative_binomial_gibbs(MITES, 100_000, np.random.default_rng(4))
    exact = reference.negative_binomial_posterior(MITES)
    moments = exact.covariance + np.outer(exact.mean, exact.mean)
    for draws, mean in (
        (r, exact.mean[0]),
        (p, exact.mean[1]),
        (r * p, moments[0, 1]),
        (p * p, moments[1, 1]),
    ):
        batches = draws.reshape(200, -1).mean(axis=1)
        assert abs(batches.mean() - mean) < 4 * batches.std(ddof=1) / np.sqrt(200)


@pytest.mark.spec("SIV-2", "SIV-12")
def test_kernels_in_compiled_code() -> None:
    @numba.njit
    def density(z: Any, psi: Any, own: Any) -> Any:
        log_h = np.empty(z.shape[0])
        fast.normal_mixture_log_density_kernel(
            z, psi, np.ones(z.shape[1]), own, np.empty(psi.shape[1]), log_h
        )
        return log_h

    z, psi = np.array([[0.5], [3.0]]), np.array([[0.0, 1.0, 1.0]])
    expected = reference.normal_mixture_log_density(z, psi.T, 1.0)
    found = density(z, psi, np.full(2, np.inf)) - log(3) - log(2 * np.pi) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-13)

    @kernel
    def chain(n: Any, rng: Any) -> Any:
        r, p = np.empty(5), np.empty(5)
        fast.negative_binomial_gibbs_kernel(
            n, 150.0, 172.0, 0.01, 0.01, 0.01, 0.01, 0, rng, r, p
        )
        return r

    theirs, _ = reference.negative_binomial_gibbs(
        MITES, 5, np.random.default_rng(0), burn_in=0
    )
    ours = chain(reference.tails(MITES), np.random.default_rng(0))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


ONE, TWO, NONE = np.ones((1, 1)), np.ones((2, 1)), np.empty((0, 1))
RNG = np.random.default_rng(0)


@pytest.mark.spec("SIV-1", "SIV-2", "SIV-6", "SIV-7", "SIV-12")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("normal_mixture_log_density", (ONE, NONE, 1.0)),
        ("normal_mixture_log_density", (NONE, ONE, 1.0)),
        ("normal_mixture_log_density", (np.empty((1, 0)), np.empty((1, 0)), 1.0)),
        ("normal_mixture_log_density", (ONE, np.ones((1, 2)), 1.0)),
        ("normal_mixture_log_density", (ONE, ONE, 1.0, TWO)),
        ("normal_mixture_log_density", (ONE, ONE, 0.0)),
        ("normal_mixture_log_density", (ONE, ONE, 2.0**-301)),
        ("normal_mixture_log_density", (ONE, ONE, 2.0**301)),
        ("normal_mixture_log_density", (ONE, ONE, [1.0, 1.0])),
        ("normal_mixture_log_density", (ONE[0], ONE, 1.0)),
        ("normal_mixture_log_density", ([[np.nan]], ONE, 1.0)),
        ("normal_mixture_log_density", ([["a"]], ONE, 1.0)),
        ("normal_mixture_log_density", ([[1.0], [1.0, 2.0]], ONE, 1.0)),
        ("lower_bound_gradients", ([0.0, 0.0], ONE, ONE, ONE, 1.0, ONE)),
        ("lower_bound_gradients", ([np.nan], ONE, ONE, ONE, 1.0, ONE)),
        ("lower_bound_gradients", ([0.0], TWO, ONE, ONE, 1.0, ONE)),
        ("lower_bound_gradients", ([0.0], ONE, ONE, ONE, 1.0, TWO)),
        ("lower_bound_gradients", ([0.0], ONE, ONE, np.ones((1, 2)), 1.0, ONE)),
        ("lower_bound_gradients", ([0.0], ONE, ONE, ONE, -1.0, ONE)),
        ("upper_surrogate_gradients", ([0.0], ONE, ONE, NONE, 1.0, ONE)),
        ("upper_surrogate_gradients", ([0.0], ONE, 1e160 * ONE, ONE, 1.0, ONE)),
        ("negative_binomial_gibbs", ([], 1, RNG)),
        ("negative_binomial_gibbs", ([-1], 1, RNG)),
        ("negative_binomial_gibbs", ([2**20 + 1], 1, RNG)),
        ("negative_binomial_gibbs", ([1.0], 1, RNG)),
        ("negative_binomial_gibbs", ([[1]], 1, RNG)),
        ("negative_binomial_gibbs", ([1], 0, RNG)),
    ],
)
def test_rejects_alike(name: str, arguments: tuple[Any, ...]) -> None:
    for impl in (reference, fast):
        function: Callable[..., object] = getattr(impl, name)
        with pytest.raises((DataError, DistributionError)):
            function(*arguments)
    with pytest.raises(DistributionError):
        fast.negative_binomial_gibbs([1], 1, RNG, burn_in=-1)  # type: ignore[arg-type]
