"""DIS: the log-normal, the diagonal and the multivariate normal distribution."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from reference.inference import distributions as dis
from tests.closed_forms import DIGITS, normal_density, places, proper, random_covariance, sizes


@pytest.mark.spec("DIS-4")
@given(mu=st.floats(-3, 3), sigma=st.floats(0.1, 10), x=st.floats(0.01, 100))
def test_log_normal_is_a_change_of_variable(mu: float, sigma: float, x: float) -> None:
    """Its log density is that of log x, less log x; so E[log x] = mu raises the entropy."""
    found = float(dis.log_normal_log_density(x, mu, sigma))
    normal = float(dis.normal_log_density(math.log(x), mu, sigma))
    assert found == pytest.approx(normal - math.log(x), rel=1e-12, abs=1e-10)
    h = float(dis.normal_entropy(sigma))
    assert float(dis.log_normal_entropy(mu, sigma)) == pytest.approx(mu + h, abs=1e-13)
    assert dis.log_normal_kl(mu, sigma, 0, 2) == dis.normal_kl(mu, sigma, 0, 2)


@pytest.mark.spec("DIS-14", "DIS-11")
@given(
    mu=places,
    sigma=sizes,
    x=proper,
)
def test_logit_normal_is_a_change_of_variable(mu: float, sigma: float, x: float) -> None:
    """In mpmath, but for a rounding error of the logit."""
    found = float(dis.logit_normal_log_density(x, mu, sigma))
    with mpmath.workdps(DIGITS):
        logs = mpmath.log(mpf(x)), mpmath.log1p(-mpf(x))
        y = logs[0] - logs[1]
        terms = [*normal_density(y, mpf(mu), mpf(sigma)), *((-v, abs(v)) for v in logs)]
        expect, size = (mpmath.fsum(v) for v in zip(*terms, strict=True))
        off = abs(y) * mpf(2) ** -51 / mpf(sigma)
        off *= abs(y - mpf(mu)) / mpf(sigma) + off
        if math.isinf(found):
            assert expect <= -(mpf(2) ** 1023)
        else:
            assert abs(found - expect) <= (1 + size) * mpf(2) ** -46 + off
    assert dis.logit_normal_kl(mu, sigma, 0, 2) == dis.normal_kl(mu, sigma, 0, 2)


@pytest.mark.spec("DIS-14", "DIS-20")
def test_logit_next_to_one_half() -> None:
    """There the logit is 4 (x - 1/2), a small number, which is to keep its digits."""
    for d in (1.1e-9, 2.3e-13, -3.7e-11):
        x = 0.5 + d
        sigma = abs(x - 0.5) * 2
        t = math.copysign(2, d)
        found = float(dis.logit_normal_log_density(x, 0, sigma))
        expect = float(dis.normal_log_density(t, 0, 1)) - math.log(sigma) + 2 * math.log(2)
        assert found == pytest.approx(expect, abs=1e-12)
        assert float(dis.logit_normal_cdf(x, 0, sigma)) == pytest.approx(
            float(dis.normal_cdf(t, 0, 1)), abs=1e-14
        )


@pytest.mark.spec("DIS-6")
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("spread", [1.0, 1e3, 1e8])
def test_multivariate_normal(size: int, spread: float) -> None:
    """Against the textbook's determinants and traces in mpmath."""
    rng = np.random.default_rng(size)
    for _ in range(3):
        mu_q, mu_p, x = rng.normal(size=(3, size))
        cq, cp = random_covariance(rng, size, spread), random_covariance(rng, size, spread)
        with mpmath.workdps(60):
            q, p = mpmath.matrix(cq.tolist()), mpmath.matrix(cp.tolist())
            d, e = (mpmath.matrix((x - mu_q).tolist()), mpmath.matrix((mu_q - mu_p).tolist()))
            inverse = p**-1
            trace = inverse * q
            log_dets = mpmath.log(mpmath.det(q)), mpmath.log(mpmath.det(p))
            square = (e.T * inverse * e)[0]
            tau = size * mpmath.log(2 * mpmath.pi)
            kl = (sum(trace[i, i] for i in range(size)) - size + square) / 2
            kl += (log_dets[1] - log_dets[0]) / 2
            expect = [
                -(d.T * q**-1 * d)[0] / 2 - log_dets[0] / 2 - tau / 2,
                (size + tau + log_dets[0]) / 2,
                kl,
            ]
            total = 1 + size * (3 + abs(mpmath.log(spread))) + sum(map(abs, expect))
            found = [
                dis.multivariate_normal_log_density(x, mu_q, cq),
                dis.multivariate_normal_entropy(cq),
                dis.multivariate_normal_kl(mu_q, cq, mu_p, cp),
            ]
            for a, b in zip(found, expect, strict=True):
                assert abs(mpf(float(a)) - b) <= mpf(2) ** -44 * size**2 * spread * total
        assert dis.multivariate_normal_kl(mu_q, cq, mu_q, cq) == 0


@pytest.mark.spec("DIS-5", "DIS-6", "DIS-11")
@given(data=st.data(), size=st.integers(1, 5))
def test_diagonal_is_full_and_the_sum_of_its_components(
    data: st.DataObject, size: int
) -> None:
    """Independent variables add up; a diagonal covariance is the diagonal distribution."""
    numbers = st.lists(st.floats(-3, 3), min_size=size, max_size=size)
    mu_q, mu_p, x = (np.array(data.draw(numbers)) for _ in range(3))
    sigma_q, sigma_p = (np.exp2(data.draw(numbers)) for _ in range(2))
    kl = dis.diagonal_normal_kl(mu_q, sigma_q, mu_p, sigma_p)
    h = dis.diagonal_normal_entropy(sigma_q)
    density = dis.diagonal_normal_log_density(x, mu_q, sigma_q)
    assert kl.shape == h.shape == density.shape == ()
    assert float(h) == pytest.approx(sum(map(float, dis.normal_entropy(sigma_q))), abs=1e-12)
    assert float(kl) == pytest.approx(
        sum(float(dis.normal_kl(*v)) for v in zip(mu_q, sigma_q, mu_p, sigma_p, strict=True)),
        rel=1e-13,
    )
    q, p = np.diag(sigma_q**2), np.diag(sigma_p**2)
    close = {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(dis.multivariate_normal_kl(mu_q, q, mu_p, p), kl, **close)
    np.testing.assert_allclose(dis.multivariate_normal_entropy(q), h, **close)
    np.testing.assert_allclose(
        dis.multivariate_normal_log_density(x, mu_q, q), density, **close
    )


@pytest.mark.spec("DIS-6", "DIS-11")
def test_divergence_is_the_same_in_other_coordinates() -> None:
    """Under x -> A x + b; and it adds up over independent blocks."""
    rng = np.random.default_rng(3)
    for size in (2, 4):
        mu_q, mu_p, b = rng.normal(size=(3, size))
        q, p = (random_covariance(rng, size, 50.0) for _ in range(2))
        a = rng.normal(size=(size, size)) + 3 * np.eye(size)
        kl = float(dis.multivariate_normal_kl(mu_q, q, mu_p, p))
        aq, ap = ((m + m.T) / 2 for m in (a @ q @ a.T, a @ p @ a.T))
        moved = dis.multivariate_normal_kl(a @ mu_q + b, aq, a @ mu_p + b, ap)
        assert float(moved) == pytest.approx(kl, rel=1e-9)
        zero = np.zeros((size, size))
        both = dis.multivariate_normal_kl(
            np.r_[mu_q, mu_p], np.block([[q, zero], [zero, p]]),
            np.r_[mu_p, mu_q], np.block([[p, zero], [zero, q]]),
        )  # fmt: skip
        back = float(dis.multivariate_normal_kl(mu_p, p, mu_q, q))
        assert float(both) == pytest.approx(kl + back, rel=1e-12)


@pytest.mark.spec("DIS-6")
def test_accepts_a_covariance_symmetric_within_rounding() -> None:
    h = dis.multivariate_normal_entropy([[1, 2**-41], [0, 1]])
    assert float(h) == pytest.approx(2 * float(dis.normal_entropy(1)), abs=1e-12)
