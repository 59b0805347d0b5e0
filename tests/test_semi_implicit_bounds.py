"""SIV: bounds of the ELBO, as sums over finite worlds and integrals over normal ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product
from math import comb, e, log, pi, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reference.errors import DistributionError
from reference.inference import semi_implicit as siv
from reference.inference.distributions import normal_log_density

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """A world of finitely many psi and z, in which every expectation is a finite sum."""

    mixing: Floats
    """Law of psi; shape ``(P,)``."""
    conditional: Floats
    """q(z | psi); shape ``(P, Z)``."""
    joint: Floats
    """p(x, z) of the one x that is seen; shape ``(Z,)``."""

    @property
    def h(self) -> Floats:
        """Semi-implicit distribution of z; shape ``(Z,)``."""
        return np.asarray(self.mixing @ self.conditional)

    @property
    def elbo(self) -> float:
        """ELBO of h, in nats."""
        return float(self.h @ np.log(self.joint / self.h))

    def every(self, K: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Probability, log p(x, z), own and others of each case of z and K + 1 psi."""
        psi, z = map(np.ravel, np.indices(self.conditional.shape))
        rest = np.array(list(product(range(self.mixing.size), repeat=K)), int).reshape(
            -1 if K else 1, K
        )
        i, j = map(np.ravel, np.indices((psi.size, len(rest))))
        psi, z, rest = psi[i], z[i], rest[j]
        q = self.mixing[psi] * self.conditional[psi, z] * self.mixing[rest].prod(axis=1)
        with np.errstate(divide="ignore"):
            logs = np.log(self.conditional)
        kept = q > 0
        arrays = q, np.log(self.joint)[z], logs[psi, z], logs[rest, z[:, None]]
        return tuple(array[kept] for array in arrays)  # type: ignore[return-value]

    def lower(self, K: int) -> float:
        """L_K, in nats."""
        q, *arrays = self.every(K)
        return float(q @ siv.lower_bound(*arrays))

    def upper(self, K: int) -> float:
        """U_K, in nats."""
        q, log_joint, _, others = self.every(K)
        return float(q @ siv.upper_surrogate(log_joint, others))

    def regulariser(self, K: int) -> float:
        """B_K, in nats."""
        q, _, own, others = self.every(K)
        return float(q @ siv.regulariser(own, others))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Two or three psi and z; a psi may exclude a z, but some psi has each."""
    P, Z = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    mixing = np.array(draw(st.lists(st.integers(1, 9), min_size=P, max_size=P)), float)
    rows = st.lists(st.integers(0, 9), min_size=Z - 1, max_size=Z - 1)
    table = np.array([[*draw(rows), draw(st.integers(1, 9))] for _ in range(P)], float)
    table[0] += 1
    joint = np.array(draw(st.lists(st.floats(0.01, 1), min_size=Z, max_size=Z)))
    return World(mixing / mixing.sum(), table / table.sum(axis=1, keepdims=True), joint / Z)


@pytest.mark.spec("SIV-3", "SIV-4", "SIV-5")
@given(world=worlds())
def test_bounds_enclose_the_elbo(world: World) -> None:
    """L_0 <= L_1 <= ... <= ELBO <= ... <= U_2 <= U_1, and the ELBO is below the evidence."""
    lower = [world.lower(K) for K in range(5)]
    upper = [world.upper(K) for K in range(4, 0, -1)]
    order = [*lower, world.elbo, *upper]
    assert all(a <= b + 1e-12 for a, b in pairwise(order))
    assert world.elbo <= log(world.joint.sum()) + 1e-12


@pytest.mark.spec("SIV-5")
@given(world=worlds(), K=st.integers(0, 4))
def test_regulariser_is_what_others_add(world: World, K: int) -> None:
    """B_K = L_K - L_0, between 0 and both log(K + 1) and the mutual information."""
    found = world.regulariser(K)
    assert found == pytest.approx(world.lower(K) - world.lower(0), abs=1e-12)
    _, own, others = world.every(K)[1:]
    assert (siv.regulariser(own, others) <= log(K + 1) + 1e-12).all()
    information = world.elbo - world.lower(0)
    assert -1e-12 <= found <= min(log(K + 1), information) + 1e-12


@pytest.mark.spec("SIV-5")
@given(world=worlds(), K=st.integers(1, 4))
def test_regulariser_vanishes_where_psi_says_nothing(world: World, K: int) -> None:
    """It is 0 with K = 0, and with one conditional for all psi; else it is positive."""
    assert world.regulariser(0) == pytest.approx(0, abs=1e-14)
    alike = World(
        world.mixing, np.tile(world.conditional[0], (world.mixing.size, 1)), world.joint
    )
    assert alike.regulariser(K) == pytest.approx(0, abs=1e-14)
    if np.ptp(world.conditional, axis=0).max() > 1e-3:
        assert world.regulariser(K) > 1e-9


@pytest.mark.spec("SIV-5")
@given(world=worlds())
def test_plain_bound_is_best_on_one_psi(world: World) -> None:
    """L_0 is the mean of what each psi reaches alone, so the best psi alone is best."""
    certain = np.eye(world.mixing.size)
    alone = np.array([World(c, world.conditional, world.joint).lower(0) for c in certain])
    assert world.lower(0) == pytest.approx(world.mixing @ alone, abs=1e-12)
    assert world.lower(0) <= alone.max() + 1e-12


@pytest.mark.spec("SIV-3", "SIV-4")
def test_bounds_meet_as_one_over_k() -> None:
    """(K + 1) (ELBO - L_K) and K (U_K - ELBO): half of sum_z Var q(z | psi) / h(z)."""
    world = World(
        np.array([0.3, 0.7]), np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0.1, 0.2])
    )
    variance = world.mixing @ world.conditional**2 - world.h**2
    expected = (variance / world.h).sum() / 2
    K, (psi, z) = 400, map(np.ravel, np.indices((2, 2)))
    # Of K others, only the number of those of the second kind matters.
    ones = np.arange(K + 1)
    binomial = np.array([comb(K, int(i)) * 0.7**i * 0.3 ** (K - i) for i in ones])
    logs = np.log(world.conditional)
    kinds = (np.arange(K) < ones[:, None]).astype(int)
    lower = upper = 0.0
    for a, b in zip(psi, z, strict=True):
        weights = world.mixing[a] * world.conditional[a, b] * binomial
        joint = np.full(K + 1, log(world.joint[b]))
        own, others = np.full(K + 1, logs[a, b]), logs[kinds, b]
        lower += weights @ siv.lower_bound(joint, own, others)
        upper += weights @ siv.upper_surrogate(joint, others)
    assert (K + 1) * (world.elbo - lower) == pytest.approx(expected, rel=0.01)
    assert K * (upper - world.elbo) == pytest.approx(expected, rel=0.01)


@pytest.mark.spec("SIV-4")
def test_surrogate_exceeds_the_evidence() -> None:
    """It is no bound of it: at K = 1, distant psi make it as large as one likes."""
    far = World(
        np.array([0.5, 0.5]), np.array([[0.99, 0.01], [0.01, 0.99]]), np.array([0.5, 0.5])
    )
    assert far.upper(1) > log(far.joint.sum()) + 1


@pytest.mark.spec("SIV-2")
def test_mixture_known_answers() -> None:
    thirds = np.log([[0.5, 0.25], [0.1, 0.3]])
    np.testing.assert_allclose(np.exp(siv.semi_implicit_log_density(thirds)), [0.375, 0.2])
    own = np.log([0.9, 0.2])
    np.testing.assert_allclose(np.exp(siv.semi_implicit_log_density(thirds, own)), [0.55, 0.2])
    np.testing.assert_allclose(siv.semi_implicit_log_density(np.empty((2, 0)), own), own)
    tiny = np.array([[-2000.0, -2000.0 + log(3)], [-np.inf, 5.0]])
    np.testing.assert_allclose(
        siv.semi_implicit_log_density(tiny), [-2000 + log(2), 5 - log(2)]
    )


ONE, NONE = np.zeros(1), np.empty((1, 0))


@pytest.mark.spec("SIV-1", "SIV-2")
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (siv.semi_implicit_log_density, (NONE,)),
        (siv.semi_implicit_log_density, (np.empty((0, 3)),)),
        (siv.semi_implicit_log_density, (np.zeros(3),)),
        (siv.semi_implicit_log_density, ([[0.0], [0.0, 1.0]],)),
        (siv.semi_implicit_log_density, ([["a"]],)),
        (siv.semi_implicit_log_density, ([[True]],)),
        (siv.semi_implicit_log_density, ([[np.nan]],)),
        (siv.semi_implicit_log_density, ([[np.inf]],)),
        (
            siv.semi_implicit_log_density,
            (
                NONE,
                [-np.inf],
            ),
        ),
        (
            siv.semi_implicit_log_density,
            (
                NONE,
                [0.0, 0.0],
            ),
        ),
        (
            siv.semi_implicit_log_density,
            (
                NONE,
                0.0,
            ),
        ),
        (
            siv.lower_bound,
            (
                [np.nan],
                ONE,
                NONE,
            ),
        ),
        (
            siv.lower_bound,
            (
                [0.0, 0.0],
                ONE,
                NONE,
            ),
        ),
        (
            siv.lower_bound,
            (
                [[0.0]],
                ONE,
                NONE,
            ),
        ),
        (
            siv.upper_surrogate,
            (
                ONE,
                NONE,
            ),
        ),
        (
            siv.upper_surrogate,
            (
                [0.0, 0.0],
                [[0.0]],
            ),
        ),
        (
            siv.regulariser,
            (
                [0.0, 0.0],
                NONE,
            ),
        ),
    ],
)
def test_refuses_what_is_no_density(
    function: Callable[..., object], arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(DistributionError):
        function(*arguments)


# A normal hierarchy: psi ~ N(0, s^2), z ~ N(psi, 1), so that h is N(0, 1 + s^2)

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(32)
WEIGHTS = WEIGHTS / sqrt(2 * pi)


def mixture_expectations(s: float, K: int) -> tuple[float, float]:
    """E log of the mixture, with psi_0 and (for K >= 1) without, exactly.

    The logarithm of a sum of independent numbers is Frullani's integral of their transforms,

        E log(X_0 + ... + X_K)  =  integral over t > 0 of (exp(-t) - E exp(-t (X_0 + ...))) / t

    so that a number K of psi costs a power instead of K more integrals.
    """
    z = sqrt(1 + s * s) * NODES
    v, step = np.linspace(-36.0, 364.0, 1001, retstep=True)  # log t: analytic, no kinks
    psi = s * np.arange(-8.5, 8.55, 0.1)
    prior = np.exp(-((psi / s) ** 2) / 2)
    prior /= prior.sum()
    shape = np.exp(-((z[:, None] - psi) ** 2) / 2)  # q(z | psi) is this over sqrt(2 pi)
    posterior = prior * shape / (shape @ prior)[:, None]
    transforms = np.exp(-np.exp(v)[:, None, None] * shape)
    of_one, of_own = transforms @ prior, (transforms * posterior).sum(axis=-1)

    def log_sum(transform: Floats) -> float:
        return float(WEIGHTS @ (np.exp(-np.exp(v))[:, None] - transform).sum(axis=0) * step)

    constant = log(2 * pi) / 2
    return (
        log_sum(of_own * of_one**K) - log(K + 1) - constant,
        log_sum(of_one**K) - log(max(K, 1)) - constant,
    )


@pytest.mark.spec("SIV-2", "SIV-3", "SIV-4")
def test_normal_hierarchy_in_closed_form() -> None:
    """A part's entropy at K = 0, a cross entropy without psi_0 at K = 1, that of h at last."""
    own, _ = mixture_expectations(2.0, 0)
    assert own == pytest.approx(-log(2 * pi * e) / 2, abs=1e-8)
    _, other = mixture_expectations(2.0, 1)
    assert other == pytest.approx(-log(2 * pi) / 2 - (1 + 2 * 4) / 2, abs=1e-8)
    own, other = mixture_expectations(2.0, 10_000)
    whole = -log(2 * pi * e * 5) / 2
    assert other < whole < own
    assert own - other < 2e-3
    # B_K rises from 0 to the mutual information, log(5) / 2
    rise = [
        mixture_expectations(2.0, 0)[0] - mixture_expectations(2.0, K)[0]
        for K in (0, 1, 10, 10_000)
    ]
    assert rise[0] == 0
    assert all(a < b for a, b in pairwise(rise))
    assert log(5) / 2 - 1e-3 < rise[-1] < log(5) / 2


@pytest.mark.spec("SIV-2", "SIV-3", "SIV-4")
def test_one_other_by_quadrature() -> None:
    """The mixture at every node of (psi_0, eps, psi_1) has the mean that Frullani gives."""
    nodes = np.arange(-7.0, 7.01, 0.25)
    density = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    i, j, k = map(np.ravel, np.indices((nodes.size,) * 3))
    weights = density[i] * density[j] * density[k]
    own, others = 2 * nodes[i], 2 * nodes[k]
    z = own + nodes[j]
    parts = normal_log_density(z, own, 1.0), normal_log_density(z, others, 1.0)[:, None]
    found = weights @ siv.semi_implicit_log_density(parts[1], parts[0])
    expected = mixture_expectations(2.0, 1)
    assert found == pytest.approx(expected[0], abs=1e-6)
    assert weights @ siv.semi_implicit_log_density(parts[1]) == pytest.approx(
        expected[1], abs=1e-6
    )


@pytest.mark.spec("SIV-3", "SIV-4")
@pytest.mark.parametrize("K", [1, 5, 50])
def test_estimates_are_unbiased(K: int) -> None:
    """Means of 400 batches of 20 z that share K psi; four z-scores in 16,000 are above 4."""
    rng, s = np.random.default_rng(K), 2.0
    with_own, without = np.empty((2, 400))
    for i in range(400):
        own = s * rng.standard_normal((20, 1))
        z = siv.semi_implicit_sample(own, 1.0, rng.standard_normal((20, 1)))
        others = s * rng.standard_normal((K, 1))
        with_own[i] = siv.normal_mixture_log_density(z, others, 1.0, own).mean()
        without[i] = siv.normal_mixture_log_density(z, others, 1.0).mean()
    for found, exact in zip((with_own, without), mixture_expectations(s, K), strict=True):
        assert abs(found.mean() - exact) < 4 * found.std(ddof=1) / sqrt(found.size)


@pytest.mark.spec("SIV-3", "SIV-5")
def test_only_others_keep_psi_apart() -> None:
    """The best s for the target N(0, 9) is 0 at K = 0, and rises with K to sqrt(8)."""
    spreads = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 2.75, sqrt(8), 3.0])

    def bound(s: float, K: int) -> float:
        own = mixture_expectations(s, K)[0]
        return -(log(2 * pi * 9) + (1 + s * s) / 9) / 2 - own

    best = [spreads[np.argmax([bound(s, K) for s in spreads])] for K in (0, 1, 4, 1000)]
    assert best[0] == 0.25
    assert all(a < b for a, b in pairwise(best))
    assert best[-1] == sqrt(8)
    assert -3e-3 < bound(sqrt(8), 1000) < 0  # h is the target there, and log p(x) is 0
