"""DIS: parameters broadcast; those of a wrong range, shape or matrix are rejected."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference.errors import DistributionError
from reference.inference import distributions as dis
from tests.closed_forms import random_covariance


@pytest.mark.spec("DIS-1", "DIS-5", "DIS-6", "DIS-10")
def test_broadcasting() -> None:
    """Batches are arrays of what each of their entries is."""
    rng = np.random.default_rng(4)
    mu, sigma = rng.normal(size=(4, 1, 3)), rng.uniform(0.5, 2, (2, 3))
    kl = dis.normal_kl(mu, sigma, 0, 1)
    assert kl.shape == (4, 2, 3)
    assert kl[3, 1, 2] == dis.normal_kl(mu[3, 0, 2], sigma[1, 2], 0, 1)
    assert (dis.diagonal_normal_kl(mu, sigma, 0, 1) == kl.sum(-1)).all()
    assert dis.gamma_kl([[1], [2]], [1, 2, 3], 1, 1).shape == (2, 3)
    assert dis.beta_entropy([[1], [2]], [1, 2, 3]).shape == (2, 3)
    covariance = np.stack([random_covariance(rng, 3, 9.0) for _ in range(2)])
    full = dis.multivariate_normal_kl(mu, covariance, np.zeros(3), np.eye(3))
    assert full.shape == (4, 2)
    alone = dis.multivariate_normal_kl(mu[3, 0], covariance[1], np.zeros(3), np.eye(3))
    assert full[3, 1] == pytest.approx(float(alone), rel=1e-13)
    assert dis.multivariate_normal_entropy(covariance).shape == (2,)
    assert dis.multivariate_normal_log_density(mu, [0, 0, 0], covariance).shape == (4, 2)
    p = rng.dirichlet(np.ones(3), (4, 1))
    assert dis.categorical_kl(p, rng.dirichlet(np.ones(3), 2)).shape == (4, 2)
    assert dis.bernoulli_kl([[0.5], [0.1]], [0.5, 0.2, 0.3]).shape == (2, 3)


# Rejections

RNG = np.random.default_rng(0)
POSITIVE = [0, -1.0, math.nan, math.inf, 1j, "1", None, [[1], [1, 2]]]
FINITE = [math.nan, math.inf, -math.inf, 1j, "1", None]


@pytest.mark.spec("DIS-1")
@pytest.mark.parametrize("bad", POSITIVE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda v: dis.normal_log_density(0, 0, v),
        lambda v: dis.normal_entropy(v),
        lambda v: dis.normal_kl(0, v, 0, 1),
        lambda v: dis.normal_kl(0, 1, 0, v),
        lambda v: dis.normal_cross_entropy(0, v, 0, 1),
        lambda v: dis.normal_cross_entropy(0, 1, 0, v),
        lambda v: dis.log_normal_log_density(1, 0, v),
        lambda v: dis.log_normal_log_density(-1, 0, v),
        lambda v: dis.log_normal_entropy(0, v),
        lambda v: dis.log_normal_kl(0, v, 0, 1),
        lambda v: dis.diagonal_normal_kl([0, 0], v, 0, 1),
        lambda v: dis.diagonal_normal_entropy([1, v]),
        lambda v: dis.gamma_log_density(1, v, 1),
        lambda v: dis.gamma_log_density(1, 1, v),
        lambda v: dis.gamma_entropy(v, 1),
        lambda v: dis.gamma_entropy(1, v),
        lambda v: dis.gamma_kl(v, 1, 1, 1),
        lambda v: dis.gamma_kl(1, v, 1, 1),
        lambda v: dis.gamma_kl(1, 1, v, 1),
        lambda v: dis.gamma_kl(1, 1, 1, v),
        lambda v: dis.beta_log_density(0.5, v, 1),
        lambda v: dis.beta_log_density(0.5, 1, v),
        lambda v: dis.beta_entropy(v, 1),
        lambda v: dis.beta_entropy(1, v),
        lambda v: dis.beta_kl(v, 1, 1, 1),
        lambda v: dis.beta_kl(1, v, 1, 1),
        lambda v: dis.beta_kl(1, 1, v, 1),
        lambda v: dis.beta_kl(1, 1, 1, v),
        lambda v: dis.laplace_log_density(0, 0, v),
        lambda v: dis.laplace_entropy(v),
        lambda v: dis.laplace_kl(0, v, 0, 1),
        lambda v: dis.laplace_kl(0, 1, 0, v),
        lambda v: dis.multivariate_normal_entropy([[v]]),
        lambda v: dis.logit_normal_log_density(0.5, 0, v),
        lambda v: dis.logit_normal_log_density(2, 0, v),
        lambda v: dis.logit_normal_kl(0, v, 0, 1),
        lambda v: dis.logistic_log_density(0, 0, v),
        lambda v: dis.logistic_entropy(v),
        lambda v: dis.discretised_logistic_log_mass(0, 0, v, 9),
        lambda v: dis.discretised_logistic_entropy(0, v, 9),
        lambda v: dis.discretised_logistic_kl(0, v, 0, 1, 9),
        lambda v: dis.discretised_logistic_kl(0, 1, 0, v, 9),
        lambda v: dis.negative_binomial_log_mass(0, v, 0.5),
        lambda v: dis.beta_binomial_log_mass(0, 9, v, 1),
        lambda v: dis.beta_binomial_log_mass(0, 9, 1, v),
        lambda v: dis.beta_binomial_entropy(9, v, 1),
        lambda v: dis.beta_binomial_entropy(9, 1, v),
        lambda v: dis.beta_binomial_kl(9, v, 1, 1, 1),
        lambda v: dis.beta_binomial_kl(9, 1, v, 1, 1),
        lambda v: dis.beta_binomial_kl(9, 1, 1, v, 1),
        lambda v: dis.beta_binomial_kl(9, 1, 1, 1, v),
        lambda v: dis.normal_cdf(0, 0, v),
        lambda v: dis.log_normal_cdf(-1, 0, v),
        lambda v: dis.logit_normal_cdf(-1, 0, v),
        lambda v: dis.laplace_cdf(0, 0, v),
        lambda v: dis.logistic_cdf(0, 0, v),
        lambda v: dis.discretised_logistic_cdf(0, 0, v, 9),
        lambda v: dis.gamma_cdf(1, v, 1),
        lambda v: dis.gamma_cdf(1, 1, v),
        lambda v: dis.beta_cdf(0.5, v, 1),
        lambda v: dis.beta_cdf(0.5, 1, v),
        lambda v: dis.negative_binomial_cdf(0, v, 0.5),
        lambda v: dis.normal_from_noise(0, 0, v),
        lambda v: dis.log_normal_from_noise(0, 0, v),
        lambda v: dis.logit_normal_from_noise(0, 0, v),
        lambda v: dis.laplace_from_noise(0, 0, v),
        lambda v: dis.logistic_from_noise(0, 0, v),
        lambda v: dis.discretised_logistic_from_noise(0, 0, v, 9),
        lambda v: dis.multivariate_normal_from_noise([0], [0], [[v]]),
        lambda v: dis.normal_sample(RNG, 0, v),
        lambda v: dis.log_normal_sample(RNG, 0, v),
        lambda v: dis.logit_normal_sample(RNG, 0, v),
        lambda v: dis.diagonal_normal_sample(RNG, [0, 0], v),
        lambda v: dis.multivariate_normal_sample(RNG, [0], [[v]]),
        lambda v: dis.laplace_sample(RNG, 0, v),
        lambda v: dis.logistic_sample(RNG, 0, v),
        lambda v: dis.discretised_logistic_sample(RNG, 0, v, 9),
        lambda v: dis.gamma_sample(RNG, v, 1),
        lambda v: dis.gamma_sample(RNG, 1, v),
        lambda v: dis.beta_sample(RNG, v, 1),
        lambda v: dis.beta_sample(RNG, 1, v),
        lambda v: dis.negative_binomial_sample(RNG, v, 0.5),
        lambda v: dis.beta_binomial_sample(RNG, 9, v, 1),
        lambda v: dis.beta_binomial_sample(RNG, 9, 1, v),
    ],
    ids=range(84),
)
def test_rejects_what_is_not_positive(call: Callable[[Any], object], bad: Any) -> None:
    with pytest.raises(DistributionError):
        call(bad)


@pytest.mark.spec("DIS-1")
@pytest.mark.parametrize("bad", FINITE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda v: dis.normal_log_density(v, 0, 1),
        lambda v: dis.normal_log_density(0, v, 1),
        lambda v: dis.normal_kl(v, 1, 0, 1),
        lambda v: dis.normal_kl(0, 1, v, 1),
        lambda v: dis.normal_cross_entropy(v, 1, 0, 1),
        lambda v: dis.normal_cross_entropy(0, 1, v, 1),
        lambda v: dis.log_normal_log_density(v, 0, 1),
        lambda v: dis.log_normal_entropy(v, 1),
        lambda v: dis.gamma_log_density(v, 1, 1),
        lambda v: dis.beta_log_density(v, 1, 1),
        lambda v: dis.laplace_log_density(v, 0, 1),
        lambda v: dis.laplace_log_density(0, v, 1),
        lambda v: dis.laplace_kl(v, 1, 0, 1),
        lambda v: dis.laplace_kl(0, 1, v, 1),
        lambda v: dis.multivariate_normal_log_density([v, 0], [0, 0], np.eye(2)),
        lambda v: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, v], np.eye(2)),
        lambda v: dis.multivariate_normal_entropy([[1, v], [v, 4]]),
        lambda v: dis.logit_normal_log_density(v, 0, 1),
        lambda v: dis.logit_normal_log_density(0.5, v, 1),
        lambda v: dis.logistic_log_density(v, 0, 1),
        lambda v: dis.logistic_log_density(0, v, 1),
        lambda v: dis.discretised_logistic_log_mass(0, v, 1, 9),
        lambda v: dis.normal_cdf(v, 0, 1),
        lambda v: dis.normal_cdf(0, v, 1),
        lambda v: dis.log_normal_cdf(v, 0, 1),
        lambda v: dis.log_normal_cdf(-1, v, 1),
        lambda v: dis.logit_normal_cdf(v, 0, 1),
        lambda v: dis.logit_normal_cdf(-1, v, 1),
        lambda v: dis.laplace_cdf(v, 0, 1),
        lambda v: dis.laplace_cdf(0, v, 1),
        lambda v: dis.logistic_cdf(v, 0, 1),
        lambda v: dis.logistic_cdf(0, v, 1),
        lambda v: dis.discretised_logistic_cdf(v, 0, 1, 9),
        lambda v: dis.discretised_logistic_cdf(0, v, 1, 9),
        lambda v: dis.gamma_cdf(v, 1, 1),
        lambda v: dis.beta_cdf(v, 1, 1),
        lambda v: dis.negative_binomial_cdf(v, 1, 0.5),
        lambda v: dis.normal_from_noise(v, 0, 1),
        lambda v: dis.normal_from_noise(0, v, 1),
        lambda v: dis.log_normal_from_noise(v, 0, 1),
        lambda v: dis.log_normal_from_noise(0, v, 1),
        lambda v: dis.logit_normal_from_noise(v, 0, 1),
        lambda v: dis.logit_normal_from_noise(0, v, 1),
        lambda v: dis.laplace_from_noise(v, 0, 1),
        lambda v: dis.laplace_from_noise(0, v, 1),
        lambda v: dis.logistic_from_noise(v, 0, 1),
        lambda v: dis.logistic_from_noise(0, v, 1),
        lambda v: dis.discretised_logistic_from_noise(v, 0, 1, 9),
        lambda v: dis.discretised_logistic_from_noise(0, v, 1, 9),
        lambda v: dis.multivariate_normal_from_noise([v, 0], [0, 0], np.eye(2)),
        lambda v: dis.multivariate_normal_from_noise([0, 0], [v, 0], np.eye(2)),
        lambda v: dis.normal_sample(RNG, v, 1),
        lambda v: dis.diagonal_normal_sample(RNG, [v, 0], 1),
        lambda v: dis.multivariate_normal_sample(RNG, [v, 0], np.eye(2)),
        lambda v: dis.laplace_sample(RNG, v, 1),
        lambda v: dis.logistic_sample(RNG, v, 1),
        lambda v: dis.discretised_logistic_sample(RNG, v, 1, 9),
    ],
    ids=range(57),
)
def test_rejects_what_is_not_finite(call: Callable[[Any], object], bad: Any) -> None:
    with pytest.raises(DistributionError):
        call(bad)


@pytest.mark.spec("DIS-1", "DIS-5", "DIS-6", "DIS-10")
@pytest.mark.parametrize(
    "call",
    [
        lambda: dis.normal_kl([0, 0], 1, [0, 0, 0], 1),
        lambda: dis.normal_entropy(True),
        lambda: dis.gamma_entropy([1, 2], [1, 2, 3]),
        lambda: dis.diagonal_normal_entropy(1),
        lambda: dis.diagonal_normal_kl(0, 1, 0, 1),
        lambda: dis.diagonal_normal_log_density(0, 0, 1),
        lambda: dis.categorical_kl([0.5, 0.5], [1.0]),
        lambda: dis.categorical_kl([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 3),
        lambda: dis.multivariate_normal_entropy(1),
        lambda: dis.multivariate_normal_entropy([1, 2]),
        lambda: dis.multivariate_normal_entropy(np.ones((2, 3))),
        lambda: dis.multivariate_normal_entropy(np.ones((0, 0))),
        lambda: dis.multivariate_normal_entropy([[1, 0.5], [0.4, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 2**-39], [0, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 2], [2, 1]]),
        lambda: dis.multivariate_normal_entropy([[1, 1], [1, 1]]),
        lambda: dis.multivariate_normal_entropy([[-1, 0], [0, 1]]),
        lambda: dis.multivariate_normal_log_density([0], [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_log_density(0, [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_kl([0], np.eye(1), [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, 0], np.eye(1)),
        lambda: dis.multivariate_normal_kl([0, 0], np.eye(2), [0, 0], -np.eye(2)),
        lambda: dis.multivariate_normal_from_noise([0], [0, 0], np.eye(2)),
        lambda: dis.multivariate_normal_sample(RNG, [0], np.eye(2), 5),
        lambda: dis.diagonal_normal_sample(RNG, 0, 1, 5),
        lambda: dis.diagonal_normal_sample(RNG, [0, 0], [1, 1, 1]),
        lambda: dis.normal_sample(RNG, [0, 0], [1, 1, 1]),
        lambda: dis.normal_cdf([0, 0], 0, [1, 1, 1]),
        lambda: dis.bernoulli_log_mass([0, 1], [0.5, 0.5, 0.5]),
        lambda: dis.categorical_log_mass([0, 1], [[0.5, 0.5]] * 3),
        lambda: dis.negative_binomial_log_mass([0, 1], 1, [0.5, 0.5, 0.5]),
        lambda: dis.negative_binomial_cdf([0, 1], 1, [0.5, 0.5, 0.5]),
        lambda: dis.negative_binomial_sample(RNG, [1, 2], [0.5, 0.5, 0.5]),
        lambda: dis.beta_binomial_log_mass([0, 1], [1, 1, 1], 1, 1),
        lambda: dis.beta_binomial_kl([1, 1], 1, 1, [1, 1, 1], 1),
        lambda: dis.beta_binomial_kl(1, [1, 1], 1, [1, 1, 1], 1),
        lambda: dis.discretised_logistic_log_mass([0, 1], 0, 1, [1, 1, 1]),
        lambda: dis.discretised_logistic_cdf([0, 1], 0, 1, [1, 1, 1]),
        lambda: dis.discretised_logistic_from_noise([0, 1], 0, 1, [1, 1, 1]),
        lambda: dis.discretised_logistic_kl([0, 1], 1, [0, 0, 0], 1, 9),
    ],
    ids=range(40),
)
def test_rejects_shapes_and_matrices(call: Callable[[], object]) -> None:
    with pytest.raises(DistributionError):
        call()
