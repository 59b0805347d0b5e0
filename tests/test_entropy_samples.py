"""ENT-15 and ENT-16: measures of samples, the Miller-Madow term, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import DistributionError
from reference.information import entropy as ent
from tests.entropy_bounds import loose, slack

INF = math.inf

letters = st.lists(
    st.tuples(st.integers(-3, 5), st.sampled_from([0, 1, 7, 2**62])), min_size=1, max_size=40
)


@pytest.mark.spec("ENT-15")
@given(pairs=letters)
def test_samples_are_their_frequencies(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs).T
    table = np.zeros((len(set(x)), len(set(y))))
    for a, b in pairs:
        table[sorted(set(x)).index(a), sorted(set(y)).index(b)] += 1 / len(pairs)
    bound = 2 * loose(table) + slack(len(pairs), 8)
    for found, expected in [
        (ent.entropy_from_samples(x), ent.entropy(table.sum(1))),
        (ent.joint_entropy_from_samples(x, y), ent.joint_entropy(table)),
        (ent.conditional_entropy_from_samples(x, y), ent.conditional_entropy(table)),
        (ent.mutual_information_from_samples(x, y), ent.mutual_information(table)),
    ]:
        assert found == pytest.approx(expected, abs=bound)


@pytest.mark.spec("ENT-15", "ENT-16")
@given(pairs=letters, data=st.data(), corrected=st.booleans())
def test_weights_are_occurrences(
    pairs: list[tuple[int, int]], data: st.DataObject, corrected: bool
) -> None:
    """A weight of 3 is three samples, one of 0 none; values and order do not matter."""
    n = len(pairs)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    weights[0] += 1
    x, y = np.array(pairs).T
    many_x, many_y = np.repeat(x, weights)[::-1], np.repeat(y, weights)[::-1] % 9 - 4
    once = ent.entropy_from_samples(x, weights=weights, miller_madow=corrected)
    assert once == pytest.approx(
        ent.entropy_from_samples(many_x, miller_madow=corrected), abs=1e-12
    )
    for measure in (
        ent.joint_entropy_from_samples,
        ent.conditional_entropy_from_samples,
        ent.mutual_information_from_samples,
    ):
        weighted = measure(x, y, weights=weights, miller_madow=corrected)
        repeated = measure(many_x, many_y, miller_madow=corrected)
        assert weighted == pytest.approx(repeated, abs=1e-12)


@pytest.mark.spec("ENT-16")
def test_miller_madow() -> None:
    """By hand: 4 samples, 3 letters by 2 and 4 pairs; the clamp comes first."""
    x, y = np.array([0, 0, 1, 2]), np.array([5, 6, 5, 6])
    nat = 1 / math.log(2)
    h = ent.entropy_from_samples(x, miller_madow=True)
    assert h == pytest.approx(1.5 + 2 / 8 * nat, rel=1e-15)
    joint = ent.joint_entropy_from_samples(x, y, miller_madow=True)
    assert joint == pytest.approx(2 + 3 / 8 * nat, rel=1e-15)
    conditional = ent.conditional_entropy_from_samples(x, y, miller_madow=True)
    assert conditional == pytest.approx(1 + 2 / 8 * nat, rel=1e-15)
    mi = ent.mutual_information_from_samples(x, y, miller_madow=True)
    assert mi == pytest.approx(0.5 + (2 + 1 - 3) / 8 * nat, rel=1e-15)
    square = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert ent.mutual_information_from_samples(*square) == 0
    corrected = ent.mutual_information_from_samples(*square, miller_madow=True, base=math.e)
    assert corrected == pytest.approx((1 + 1 - 3) / 8, rel=1e-15)


@pytest.mark.spec("ENT-15")
@pytest.mark.parametrize(
    ("x", "weights"),
    [
        ([], None),
        ([0.5, 1.0], None),
        (["a", "b"], None),
        ([[1], [1, 2]], None),
        ([1, 2], [1.0]),
        ([1, 2], [1.0, -1.0]),
        ([1, 2], [1.0, math.nan]),
        ([1, 2], [1.0, INF]),
        ([1, 2], [0.0, 0.0]),
        ([1, 2], [1e308, 1e308]),
        ([1, 2], ["1", "2"]),
    ],
)
def test_refuses_samples(x: Any, weights: Any) -> None:
    with pytest.raises(DistributionError):
        ent.entropy_from_samples(x, weights=weights)
    for measure in (
        ent.joint_entropy_from_samples,
        ent.conditional_entropy_from_samples,
        ent.mutual_information_from_samples,
    ):
        with pytest.raises(DistributionError):
            measure(x, x, weights=weights)
        with pytest.raises(DistributionError):
            measure([1, 2, 3], [1, 2])
