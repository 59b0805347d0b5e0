"""GRD-1 to GRD-7: noise, latents, the score function, its baselines, location and scale."""

import math
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logsumexp

from reference.errors import DistributionError, ModelError
from reference.inference.distributions import (
    laplace_log_density,
    logistic_log_density,
    normal_log_density,
)
from reference.inference.gradients import (
    BASES,
    Bernoulli,
    Categorical,
    LocationScale,
    baseline_gradient,
    concrete_gradient,
    density_score_gradient,
    leave_one_out,
    muprop_gradient,
    nvil_signal,
    rebar_gradient,
    reparameterised_gradient,
    score_function_gradient,
    straight_through_gradient,
    vimco_gradient,
)
from reference.inference.relaxations import (
    binary_concrete_logit,
    concrete_log_sample,
    gumbel_max,
)
from tests.gradients import (
    BITS,
    LATENTS,
    Cubic,
    Toy,
    exact_gradient,
    noise_of_states,
    one_bit,
    split_nodes,
    states,
    unit_nodes,
)

# Arguments


@pytest.mark.spec("GRD-1")
@pytest.mark.parametrize(
    "u", [[0.0, 0.5], [0.5, 1.0], [math.nan, 0.5], [0.5], 0.5, [0.5] * 3, "a"]
)
def test_noise_that_is_refused(u) -> None:
    f = Toy()
    for call in (
        lambda: score_function_gradient(f, BITS, u),
        lambda: muprop_gradient(f, f.gradient, BITS, u),
        lambda: concrete_gradient(f.gradient, BITS, u, 0.5),
        lambda: straight_through_gradient(f.gradient, BITS, u),
        lambda: rebar_gradient(f, f.gradient, BITS, u, [0.5, 0.5], 0.5),
        lambda: rebar_gradient(f, f.gradient, BITS, [0.5, 0.5], u, 0.5),
        lambda: vimco_gradient(f, BITS, [u, u]),
    ):
        with pytest.raises(DistributionError):
            call()


@pytest.mark.spec("GRD-1")
def test_other_arguments_that_are_refused() -> None:
    f, u = Toy(), np.full((3, 2), 0.5)
    for call in (
        lambda: Bernoulli(0.5),
        lambda: Bernoulli([0.5, math.inf]),
        lambda: Bernoulli([]),
        lambda: Categorical([0.5, 0.2]),
        lambda: score_function_gradient(f, BITS, u, [1.0, 2.0]),
        lambda: score_function_gradient(f, BITS, u, math.nan),
        lambda: muprop_gradient(f, f.gradient, BITS, u, [1.0, 2.0]),
        lambda: concrete_gradient(f.gradient, BITS, u, 0.0),
        lambda: concrete_gradient(f.gradient, BITS, u, [0.5, 0.5]),
        lambda: rebar_gradient(f, f.gradient, BITS, u, u, -1.0),
        lambda: rebar_gradient(f, f.gradient, BITS, u, u, 1.0, math.nan),
        lambda: rebar_gradient(f, f.gradient, BITS, u[:1], u, 1.0),
        lambda: rebar_gradient(f, f.gradient, BITS, u, u[:1], 1.0),
        lambda: score_function_gradient(f, Bernoulli(np.zeros((3, 2))), u[:2]),
        lambda: score_function_gradient(f, Bernoulli(np.zeros((3, 2))), u[0]),
        lambda: score_function_gradient(f, Bernoulli([0.0]), u),
        lambda: score_function_gradient(f, Categorical([[0.0, 0.0]]), np.full((3, 2, 2), 0.5)),
        lambda: score_function_gradient(f, Categorical([[0.0]]), np.full((3, 1, 2), 0.5)),
        lambda: score_function_gradient(f, Categorical([[0.0, 0.0]]), u[0]),
    ):
        with pytest.raises(DistributionError):
            call()
    for wrong in (
        lambda b: b,
        lambda b: b.sum(),
        lambda b: np.full(len(b), np.inf),
        lambda b: np.full(len(b), "a"),
    ):
        with pytest.raises(ModelError):
            score_function_gradient(wrong, BITS, u)


@pytest.mark.spec("GRD-1")
@pytest.mark.parametrize("q", LATENTS)
def test_each_row_is_its_own(q) -> None:
    """Rows of any number of axes, and logits that differ by row."""
    u, v = np.random.default_rng(0).uniform(size=(2, 4, 3, *q.logits.shape))
    f = Cubic(q.axes)
    whole = rebar_gradient(f, f.gradient, q, u, v, 0.7)
    assert whole.shape == u.shape
    own = type(q)(np.broadcast_to(q.logits, u.shape) + 0.1 * u)
    moved = rebar_gradient(f, f.gradient, own, u, v, 0.7)
    for i in np.ndindex(4, 3):
        assert_allclose(
            rebar_gradient(f, f.gradient, q, u[i], v[i], 0.7), whole[i], rtol=1e-12
        )
        single = type(q)(own.logits[i])
        found = rebar_gradient(f, f.gradient, single, u[i], v[i], 0.7)
        assert_allclose(found, moved[i], rtol=1e-12)


# States


@pytest.mark.spec("GRD-2", "GRD-3")
@pytest.mark.parametrize("q", LATENTS)
def test_states(q) -> None:
    """Their masses add up to 1, and the score is the slope of the log mass."""
    b = np.stack(list(states(q)))
    mass = np.exp(q.log_mass(b))
    assert abs(mass.sum() - 1) < 1e-15
    assert_allclose(np.tensordot(mass, b, 1), q.mean, atol=1e-15)
    assert_allclose(np.tensordot(mass, q.score(b), 1), 0, atol=1e-15)
    step = 1e-6
    for i in np.ndindex(q.logits.shape):
        move = np.zeros(q.logits.shape)
        move[i] = step
        up, down = (type(q)(q.logits + s * move).log_mass(b) for s in (1, -1))
        assert_allclose(q.score(b)[(slice(None), *i)], (up - down) / (2 * step), atol=1e-9)


@pytest.mark.spec("GRD-2", "GRD-3")
def test_states_are_those_of_the_relaxations() -> None:
    """CON draws the same of the same noise; and a bit is the outcome of two."""
    rng = np.random.default_rng(1)
    bits, outcomes = LATENTS
    u = rng.uniform(size=(500, 2))
    x = bits.squash(bits.relaxed(u), 0.7)
    assert_allclose(x, expit(binary_concrete_logit(bits.logits, 0.7, u)), rtol=1e-12)
    assert np.array_equal(bits.rounded(bits.relaxed(u)), x > 0.5)
    share = bits.rounded(bits.relaxed(np.tile((np.arange(4000) + 0.5)[:, None] / 4000, 2)))
    assert_allclose(share.mean(axis=0), bits.mean, atol=1 / 4000)
    u = rng.uniform(size=(500, 1, 3))
    x = outcomes.squash(outcomes.relaxed(u), 0.7)
    assert_allclose(np.log(x), concrete_log_sample(outcomes.logits, 0.7, u), atol=1e-12)
    chosen = gumbel_max(outcomes.logits, u)
    assert np.array_equal(outcomes.rounded(outcomes.relaxed(u)).argmax(axis=-1), chosen)
    tied = Categorical(np.zeros((1, 3)))
    assert tied.rounded(np.zeros((1, 3))).tolist() == [[1, 0, 0]]
    assert bits.rounded(np.zeros(2)).tolist() == [0, 0]


# The score function


@pytest.mark.spec("GRD-4")
@pytest.mark.parametrize("q", LATENTS)
@pytest.mark.parametrize("baseline", [0.0, 2.5])
def test_score_function_is_unbiased(q, baseline) -> None:
    f = Cubic(q.axes)
    u, mass = noise_of_states(q)
    g = score_function_gradient(f, q, u, baseline)
    assert_allclose(np.tensordot(mass, g, 1), exact_gradient(q, f), atol=1e-13)
    step = 1e-5
    for i in np.ndindex(q.logits.shape):  # the sum over states is the slope of E f
        move = np.zeros(q.logits.shape)
        move[i] = step
        b = np.stack(list(states(q)))
        up, down = (np.exp(type(q)(q.logits + s * move).log_mass(b)) @ f(b) for s in (1, -1))
        assert abs(exact_gradient(q, f)[i] - (up - down) / (2 * step)) < 1e-8


@pytest.mark.spec("GRD-4")
@pytest.mark.parametrize(("p", "variance"), [(0.5, 0.01562512500025), (0.3, 0.01316713876821)])
def test_variance_on_the_toy_problem(p, variance) -> None:
    """The closed form, and the baseline that leaves none."""
    f, q = Toy(), one_bit(p)
    u, mass = noise_of_states(q)
    g = score_function_gradient(f, q, u)[:, 0]
    assert abs(mass @ g - p * (1 - p) * (1 - 2 * f.t)) < 1e-16
    assert abs(mass @ g**2 - (mass @ g) ** 2 - variance) < 1e-13
    best = p * f(np.zeros(1)) + (1 - p) * f(np.ones(1))
    g = score_function_gradient(f, q, u, best)[:, 0]
    assert abs(g[0] - g[1]) < 1e-16
    mean = p * f(np.ones(1)) + (1 - p) * f(np.zeros(1))
    g = score_function_gradient(f, q, u, mean)[:, 0]
    assert (abs(g[0] - g[1]) < 1e-16) == (p == 0.5)


@pytest.mark.spec("GRD-5")
def test_leave_one_out() -> None:
    """Unbiased over all pairs and triples of states; and by hand."""
    assert_allclose(leave_one_out([1.0, 2.0, 6.0]), [4, 3.5, 1.5])
    f = Cubic(1)
    u, mass = noise_of_states(BITS)
    values = f(np.stack(list(states(BITS))))
    for S in (2, 3):
        rows = np.array(list(product(range(len(mass)), repeat=S)))
        total = np.zeros(2)
        for r in rows:
            g = score_function_gradient(f, BITS, u[r], leave_one_out(values[r]))
            total += mass[r].prod() * g.mean(axis=0)
        assert_allclose(total, exact_gradient(BITS, f), atol=1e-13)
    for wrong in ([1.0], 1.0, [], [1.0, math.nan]):
        with pytest.raises(DistributionError):
            leave_one_out(wrong)


@pytest.mark.spec("GRD-5")
def test_learned_baseline() -> None:
    """The gradient is that of the squared error, which is least at the mean of f."""
    f, b, step = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.3, -1.0]), 1e-6
    slope = ((f - b - step) ** 2 - (f - b + step) ** 2) / (2 * step)
    assert_allclose(baseline_gradient(f, b), slope, rtol=1e-8)
    assert abs(baseline_gradient(f, f.mean()).sum()) < 1e-15


@pytest.mark.spec("GRD-6")
@pytest.mark.parametrize("S", [1, 2, 3])
def test_nvil_shrinks_the_gradient(S) -> None:
    """By ``1 - (1 - decay) / S`` while the variance is below 1, over all batches of states."""
    f, c, decay = Toy(), 0.13, 0.8
    q = one_bit(0.3)
    u, mass = noise_of_states(q)
    total = np.zeros(1)
    for r in product(range(2), repeat=S):
        b = q.rounded(q.relaxed(u[list(r)]))
        signal = nvil_signal(f(b), c, 0.2, decay).signal
        total += mass[list(r)].prod() * (signal[:, None] * q.score(b)).mean(axis=0)
    assert_allclose(total, (1 - (1 - decay) / S) * exact_gradient(q, f), rtol=1e-12)


@pytest.mark.spec("GRD-6")
def test_nvil_by_hand() -> None:
    """Below a variance of 1 nothing is scaled, above it is."""
    found = nvil_signal([1.0, 3.0], 0.0, 0.0, 0.5)
    assert (found.centre, found.variance, found.signal.tolist()) == (1.0, 0.5, [0.0, 2.0])
    found = nvil_signal([2.0, 10.0], 1.0, 2.0, 0.5)
    assert (found.centre, found.variance, found.signal.tolist()) == (3.5, 9.0, [-0.5, 6.5 / 3])
    apart = nvil_signal([[1.0, 2.0], [3.0, 10.0]], [0.0, 1.0], [0.0, 2.0], 0.5)
    assert apart.signal.tolist() == [[0.0, -0.5], [2.0, 6.5 / 3]]
    for wrong in (
        ([], 0, 0, 0.5),
        ([[1.0]], 0, 0, 0.5),
        (1.0, 0, 0, 0.5),
        ([1.0], 0, 0, math.nan),
        ([1.0], 0, -1, 0.5),
        ([1.0], 0, 0, 2),
    ):
        with pytest.raises(DistributionError):
            nvil_signal(*wrong)
    with pytest.raises(DistributionError):
        nvil_signal([math.inf], 0.0, 0.0)


# Location and scale

LOG_DENSITY = {
    "normal": normal_log_density,
    "logistic": logistic_log_density,
    "laplace": laplace_log_density,
}


def noise_nodes(base: str) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for the expectation over noise, split at 0."""
    if base == "normal":
        x, w = np.polynomial.hermite_e.hermegauss(60)
        return x, w / math.sqrt(2 * math.pi)
    if base == "logistic":
        x, w = unit_nodes(300)
        return np.log(x) - np.log1p(-x), w
    x, w = np.polynomial.laguerre.laggauss(40)
    return np.concatenate([-x, x]), np.concatenate([w, w]) / 2


@pytest.mark.spec("GRD-7")
@pytest.mark.parametrize("base", BASES)
def test_location_scale(base) -> None:
    """Both estimates have the gradient of ``E z^3 / 3`` as their expectation."""
    mu, s = 0.6, -0.4
    variance = {"normal": 1, "logistic": math.pi**2 / 3, "laplace": 2}[base] * math.exp(2 * s)
    q = LocationScale(np.array([mu]), np.array([s]), base)
    x, w = noise_nodes(base)
    exact = [mu**2 + variance, 2 * mu * variance]  # of mu^3 / 3 + mu variance
    g = reparameterised_gradient(lambda z: z**2, q, x[:, None])[..., 0]
    assert_allclose(w @ g, exact, rtol=1e-9)
    g = density_score_gradient(lambda z: z[:, 0] ** 3 / 3, q, x[:, None])[..., 0]
    assert_allclose(w @ g, exact, rtol=1e-9)


@pytest.mark.spec("GRD-7")
@pytest.mark.parametrize("base", BASES)
def test_densities_of_location_scale(base) -> None:
    """The log density is that of DIS; the score and the gradient in z are its slopes."""
    mu, s, eps = np.array([0.3, -1.0]), np.array([0.5, -0.2]), np.array([[0.7, -1.3]])

    def log_q(z, mu, s):
        return LOG_DENSITY[base](z, mu, np.exp(s)).sum()

    q, step = LocationScale(mu, s, base), 1e-6
    z = q.sample(eps)
    assert_allclose(q.log_density(eps), log_q(z, mu, s), rtol=1e-14)
    for i in range(2):
        e = step * np.eye(2)[i]
        slopes = [
            (log_q(z, mu + e, s) - log_q(z, mu - e, s)) / (2 * step),
            (log_q(z, mu, s + e) - log_q(z, mu, s - e)) / (2 * step),
        ]
        assert_allclose(q.score(eps)[0, :, i], slopes, rtol=1e-7)
        slope = (log_q(z + e, mu, s) - log_q(z - e, mu, s)) / (2 * step)
        assert_allclose(q.density_gradient(eps)[0, i], slope, rtol=1e-7)
        for k, moved in enumerate(
            (LocationScale(mu + e, s, base), LocationScale(mu, s + e, base))
        ):
            direction = np.zeros((1, 2, 2))
            direction[0, k, i] = 1
            moves = (moved.sample(eps) - z) / step
            assert_allclose(q.slope(eps, direction), moves, atol=1e-5)
            pulled = q.pull_back(eps, np.ones((1, 2)))[0, k, i]
            assert abs(pulled - q.slope(eps, direction).sum()) < 1e-15


@pytest.mark.spec("GRD-7")
@pytest.mark.parametrize("mu", [0.0, 1.0, 3.0])
def test_variances_for_a_square(mu) -> None:
    """In mu, for ``z^2``: ``mu^4 + 14 mu^2 + 15`` of the score function, 4 of the other."""
    q = LocationScale(np.array([mu]), np.zeros(1))
    x, w = noise_nodes("normal")
    g = density_score_gradient(lambda z: z[:, 0] ** 2, q, x[:, None])[:, 0, 0]
    assert abs(w @ g - 2 * mu) < 1e-11
    assert abs(w @ g**2 - (w @ g) ** 2 - (mu**4 + 14 * mu**2 + 15)) < 1e-9
    g = reparameterised_gradient(lambda z: 2 * z, q, x[:, None])[:, 0, 0]
    assert abs(w @ g - 2 * mu) < 1e-12
    assert abs(w @ g**2 - (w @ g) ** 2 - 4) < 1e-11


@pytest.mark.spec("GRD-7")
def test_location_scale_that_is_refused() -> None:
    for call in (
        lambda: LocationScale([0.0], [0.0, 1.0]),
        lambda: LocationScale(0.0, 0.0),
        lambda: LocationScale([], []),
        lambda: LocationScale([0.0], [math.inf]),
        lambda: LocationScale([0.0], [0.0], "cauchy"),
        lambda: reparameterised_gradient(lambda z: z, LocationScale([0.0], [0.0]), 0.5),
        lambda: reparameterised_gradient(lambda z: z, LocationScale([0.0], [0.0]), [1, 2]),
        lambda: reparameterised_gradient(lambda z: z, LocationScale([0.0], [0.0]), [math.nan]),
    ):
        with pytest.raises(DistributionError):
            call()
    with pytest.raises(ModelError):
        reparameterised_gradient(lambda z: z[0], LocationScale([0.0], [0.0]), [[0.5]])


def test_quadrature_of_these_tests() -> None:
    """Logarithms at both ends are integrated to rounding, in the halves too."""
    x, w = unit_nodes(200)
    assert abs(w @ np.log(x) + 1) < 1e-11
    assert abs(w @ np.log1p(-x) + 1) < 1e-11
    _, w = split_nodes(0.3)
    assert abs(w.sum() - 1) < 1e-12
    assert abs(float(logsumexp(np.log(w)))) < 1e-12
