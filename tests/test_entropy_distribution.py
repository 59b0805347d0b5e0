"""ENT-1, ENT-2 and ENT-17: what every measure takes for a distribution, its unit, and log2.

With what no measure takes; what only some measures refuse is tested beside those.
"""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.information import entropy as ent
from reference.information.entropy.distribution import Floats
from reference.information.entropy.distribution import log2 as log2_of_numpy
from tests.entropy_bounds import COVER, exact, log2, loose
from tests.strategies import pmfs

INF = math.inf
TINY = 5e-324


@pytest.mark.spec("ENT-17")
def test_logarithm() -> None:
    """numpy's, on this machine: over the whole range, and exact at powers of two."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    assert np.array_equal(log2_of_numpy(powers), np.arange(-1074, 1024))
    assert log2_of_numpy(np.array([0.0, INF])).tolist() == [-INF, INF]
    rng = np.random.default_rng(0)
    x = np.concatenate([2.0 ** rng.uniform(-1074, 1023, 3000), 1 + rng.uniform(-0.5, 1, 3000)])
    with mpmath.workprec(200):
        for v, found in zip(x.tolist(), log2_of_numpy(x).tolist(), strict=True):
            true = log2(mpmath.mpf(v))
            assert abs(found - true) <= 4 * float(np.spacing(abs(float(true))))


@pytest.mark.spec("ENT-1", "ENT-3")
def test_sums_that_are_not_quite_one() -> None:
    """They are taken as they stand, and never make a measure negative."""
    p = np.array([0.5, 0.5]) * (1 + 2.0**-17)
    exact_value = -2 * p[0] * math.log2(p[0])
    assert ent.entropy(p) == pytest.approx(exact_value, rel=1e-15)
    assert ent.entropy([1 + 2.0**-17]) == 0
    assert ent.kl_divergence([1.0], [1 + 2.0**-17]) == 0
    assert ent.mutual_information([[1 + 2.0**-17]]) == 0
    single = np.random.default_rng(0).random(10**5).astype(np.float32)
    assert ent.entropy(single / single.sum()) == pytest.approx(
        ent.entropy(single, normalize=True), rel=1e-5
    )


@pytest.mark.spec("ENT-1")
@given(p=pmfs(), scale=st.sampled_from([2.0**-40, 3.0, 1e300]))
def test_normalising(p: Floats, scale: float) -> None:
    scaled = p * scale
    assert ent.entropy(scaled, normalize=True) == pytest.approx(
        ent.entropy(scaled / scaled.sum()), rel=1e-12
    )
    table = np.outer(scaled, [1, 2, 3])
    assert ent.joint_entropy(table, normalize=True) == pytest.approx(
        ent.entropy(p) + ent.entropy([1, 2, 3], normalize=True), abs=1e-9
    )


@pytest.mark.spec("ENT-1")
@given(p=pmfs(), rest=st.sampled_from([-(2.0**-17), 2.0**-17, 2.0**-20]))
def test_what_the_rest_of_a_sum_amounts_to(p: Floats, rest: float) -> None:
    """As they stand or divided by their sum: either follows from the other."""
    p = p * (1 + rest)
    t, bits = float(p.sum()), exact(lambda v: -v * log2(v), p[p > 0])
    assert ent.entropy(p) == pytest.approx(max(bits, 0), abs=loose(p))
    of_shares = ent.entropy(p, normalize=True)
    assert of_shares == pytest.approx(bits / t + math.log2(t), abs=loose(p))
    assert abs(of_shares - bits) <= 2.0**-15 * (bits + 1)


@pytest.mark.spec("ENT-2")
@pytest.mark.parametrize("base", [math.e, 10, 256, 1.5, 4])
def test_base(base: float) -> None:
    """Every measure is the one in bits, over the bits of the base."""
    p, q = COVER[0] * 4, COVER[2] * 4
    cube = np.outer(COVER, [0.25, 0.75]).reshape(4, 4, 2)
    x, y = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    for measure, args in [
        (ent.surprisal, (p,)),
        (ent.binary_entropy, (p,)),
        (ent.binary_cross_entropy, (p, q)),
        (ent.entropy, (p,)),
        (ent.cross_entropy, (p, q)),
        (ent.kl_divergence, (p, q)),
        (ent.jensen_shannon_divergence, (p, q)),
        (ent.joint_entropy, (COVER,)),
        (ent.conditional_entropy, (COVER,)),
        (ent.mutual_information, (COVER,)),
        (ent.mutual_information_from_conditional, (COVER,)),
        (ent.mutual_information_from_joint, (COVER,)),
        (ent.pointwise_mutual_information, (COVER,)),
        (ent.conditional_mutual_information, (cube,)),
        (ent.total_correlation, (cube,)),
        (ent.entropy_from_samples, (x,)),
        (ent.joint_entropy_from_samples, (x, y)),
        (ent.conditional_entropy_from_samples, (x, y)),
        (ent.mutual_information_from_samples, (x, y)),
    ]:
        expected = measure(*args) / math.log2(base)  # type: ignore[operator]
        assert measure(*args, base=base) == pytest.approx(expected, rel=1e-15, nan_ok=True)  # type: ignore[operator]
        for wrong in (1, 0.5, 0, -2, INF, math.nan):
            with pytest.raises(DistributionError, match="base"):
                measure(*args, base=wrong)  # type: ignore[operator]


WRONG: list[Any] = [
    [0.5, 0.6],
    [0.5, 0.5 + 2.0**-15],
    [0.5, 0.5 - 2.0**-15],
    [-0.1, 1.1],
    [-TINY, 1.0],
    [math.nan, 1.0],
    [INF, 0.0],
    [INF, -INF],
    [0.0, 0.0],
    [],
    [True, False],
    ["1"],
    [1j, 1],
    [[1.0], [0.5, 0.5]],
    [2, 8],
]


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("p", WRONG, ids=repr)
def test_refuses(p: Any) -> None:
    for measure in (ent.entropy, ent.joint_entropy, ent.total_correlation):
        with pytest.raises(DistributionError):
            measure(p)
    for pair in (ent.cross_entropy, ent.kl_divergence, ent.jensen_shannon_divergence):
        for args in ((p, [0.5, 0.5]), ([0.5, 0.5], p)):
            with pytest.raises(DistributionError):
                pair(*args)
    for measure in (
        ent.conditional_entropy,
        ent.mutual_information,
        ent.mutual_information_from_conditional,
        ent.mutual_information_from_joint,
        ent.pointwise_mutual_information,
    ):
        with pytest.raises(DistributionError):
            measure([p])
    with pytest.raises(DistributionError):
        ent.conditional_mutual_information([[p]])


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize(
    "p", [[0.0, 0.0], [1e308, 1e308], [-1.0, 2.0], [math.nan, 1.0], [INF, 1.0], []], ids=repr
)
def test_refuses_to_normalise(p: Any) -> None:
    with pytest.raises(DistributionError):
        ent.entropy(p, normalize=True)
    with pytest.raises(DistributionError):
        ent.mutual_information([p], normalize=True)
