"""ENT-10 to ENT-14: joint and conditional entropy, and information between variables.

Chain rules and other identities, known answers, and axes.
"""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.information import entropy as ent
from reference.information.entropy.distribution import Floats
from tests.entropy_bounds import COVER, loose
from tests.strategies import dyadic_pmfs, joint_pmfs, pmfs

INF = math.inf


@pytest.mark.spec("ENT-3", "ENT-10", "ENT-11", "ENT-14")
@given(p=dyadic_pmfs(), q=dyadic_pmfs())
def test_independent_dyadic_pairs_are_exact(p: Floats, q: Floats) -> None:
    """Additivity: entropies add up, nothing is told, nothing is lost."""
    pair = np.outer(p, q)
    assert ent.joint_entropy(pair) == ent.entropy(p) + ent.entropy(q)
    assert ent.conditional_entropy(pair) == ent.entropy(p)
    assert ent.mutual_information(pair) == 0
    assert ent.mutual_information_from_conditional(pair) == 0
    assert ent.mutual_information_from_joint(pair) == 0
    assert ent.total_correlation(pair) == 0


@pytest.mark.spec("ENT-10", "ENT-11")
@given(p=joint_pmfs())
def test_chain_rule_and_three_forms(p: Floats) -> None:
    """H(X, Y) = H(Y) + H(X | Y); knowledge never adds entropy; the forms of I are one."""
    bound = loose(p)
    of_x, of_y = ent.entropy(p.sum(1)), ent.entropy(p.sum(0))
    joint = ent.joint_entropy(p)
    x_given_y, y_given_x = (
        ent.conditional_entropy(p),
        ent.conditional_entropy(p, axis=1, given=0),
    )
    assert joint == pytest.approx(of_y + x_given_y, abs=bound)
    assert joint == pytest.approx(of_x + y_given_x, abs=bound)
    assert 0 <= x_given_y <= of_x + bound
    mi = ent.mutual_information(p)
    assert 0 <= mi <= min(of_x, of_y) + bound
    assert ent.mutual_information_from_conditional(p) == pytest.approx(mi, abs=bound)
    assert ent.mutual_information_from_joint(p) == pytest.approx(mi, abs=bound)
    assert mi == pytest.approx(of_y - y_given_x, abs=bound)
    assert ent.mutual_information(p.T) == pytest.approx(mi, abs=bound)
    assert ent.mutual_information(p, axis=(1, 0)) == pytest.approx(mi, abs=bound)
    assert ent.total_correlation(p) == pytest.approx(mi, abs=bound)
    product = np.outer(p.sum(1), p.sum(0))
    if np.all(product[p > 0] > 1e-300):  # else it is too small to be a number
        assert ent.kl_divergence(p.ravel(), product.ravel()) == pytest.approx(mi, abs=bound)


@pytest.mark.spec("ENT-11")
@given(p=joint_pmfs(), data=st.data())
def test_data_processing(p: Floats, data: st.DataObject) -> None:
    """A function of Y tells no more of X than Y, and has no more entropy."""
    columns = p.shape[1]
    f = data.draw(st.lists(st.integers(0, columns - 1), min_size=columns, max_size=columns))
    image = np.zeros_like(p)
    for y, value in enumerate(f):
        image[:, value] += p[:, y]
    assert ent.mutual_information(image) <= ent.mutual_information(p) + loose(p)
    assert ent.entropy(image.sum(0)) <= ent.entropy(p.sum(0)) + loose(p)


@pytest.mark.spec("ENT-5", "ENT-11")
@given(p=pmfs(), q=pmfs())
def test_independent_pairs(p: Floats, q: Floats) -> None:
    pair = np.outer(p, q)
    assert ent.joint_entropy(pair) == pytest.approx(
        ent.entropy(p) + ent.entropy(q), abs=loose(pair)
    )
    assert ent.mutual_information(pair) <= loose(pair)


@pytest.mark.spec("ENT-12")
@given(p=joint_pmfs())
def test_pointwise(p: Floats) -> None:
    """Its expectation is the mutual information; it is NaN only where there is no value."""
    pmi = ent.pointwise_mutual_information(p)
    never = (p.sum(1, keepdims=True) == 0) | (p.sum(0) == 0)
    assert np.array_equal(np.isnan(pmi), never)
    assert np.array_equal(pmi == -INF, (p == 0) & ~never)
    expectation = (p[p > 0] * pmi[p > 0]).sum()
    assert expectation == pytest.approx(ent.mutual_information(p), abs=loose(p))
    other = ent.pointwise_mutual_information(p.T).T
    assert np.allclose(other[p > 0], pmi[p > 0], rtol=0, atol=1e-10)


@pytest.mark.spec("ENT-10", "ENT-13", "ENT-14")
@given(p=joint_pmfs(variables=3, most=3))
def test_three_variables(p: Floats) -> None:
    """I(X; Y | Z) is an expectation over z; chain rules; total correlation as entropies."""
    bound = 2 * loose(p)
    cmi = ent.conditional_mutual_information(p)
    of_z = p.sum((0, 1))
    slices = [
        ent.mutual_information(p[..., z] / of_z[z]) * of_z[z]
        for z in np.flatnonzero(of_z > 1e-300)
    ]
    assert cmi == pytest.approx(sum(slices), abs=bound)
    assert cmi >= 0
    # I(X; Y, Z) = I(X; Z) + I(X; Y | Z)
    whole = ent.mutual_information(p.reshape(len(p), -1))
    assert whole == pytest.approx(ent.mutual_information(p.sum(1)) + cmi, abs=bound)
    difference = ent.conditional_entropy(p.sum(1)) - ent.conditional_entropy(
        p, axis=0, given=(1, 2)
    )
    assert cmi == pytest.approx(difference, abs=bound)
    singles = sum(ent.entropy(p.sum(tuple({0, 1, 2} - {i}))) for i in range(3))
    assert ent.total_correlation(p) == pytest.approx(singles - ent.joint_entropy(p), abs=bound)
    for order in permutations(range(3)):
        assert ent.total_correlation(p.transpose(order)) == pytest.approx(
            ent.total_correlation(p), abs=bound
        )


@pytest.mark.spec("ENT-13", "ENT-14")
def test_exclusive_or() -> None:
    """Pairs of X, Y and X xor Y tell nothing, all three a bit."""
    p = np.zeros((2, 2, 2))
    for x in range(2):
        for y in range(2):
            p[x, y, x ^ y] = 0.25
    assert ent.mutual_information(p.sum(2)) == 0
    assert ent.conditional_mutual_information(p) == 1
    assert ent.total_correlation(p) == 1
    assert ent.conditional_entropy(p, axis=2, given=(0, 1)) == 0


@pytest.mark.spec("ENT-5", "ENT-10", "ENT-11")
def test_cover_and_thomas() -> None:
    assert ent.entropy(COVER.sum(0)) == 7 / 4
    assert ent.entropy(COVER.sum(1)) == 2
    assert ent.joint_entropy(COVER) == 27 / 8
    assert ent.conditional_entropy(COVER, axis=1, given=0) == 11 / 8
    assert ent.conditional_entropy(COVER, axis=0, given=1) == 13 / 8
    for form in (
        ent.mutual_information,
        ent.mutual_information_from_conditional,
        ent.mutual_information_from_joint,
    ):
        assert form(COVER) == 3 / 8


@pytest.mark.spec("ENT-10", "ENT-11", "ENT-12", "ENT-13", "ENT-14")
def test_axes_of_tables() -> None:
    """Other axes hold separate tables."""
    p = np.random.default_rng(2).random((3, 2, 4, 5))
    for measure, axes in [
        (ent.mutual_information, {"axis": (3, 0)}),
        (ent.mutual_information_from_conditional, {"axis": (3, 0)}),
        (ent.mutual_information_from_joint, {"axis": (3, 0)}),
        (ent.conditional_entropy, {"axis": 3, "given": 0}),
        (ent.total_correlation, {"axis": (3, 0)}),
        (ent.joint_entropy, {"axis": (0, 3)}),
    ]:
        found = measure(p, normalize=True, **axes)  # type: ignore[operator]
        assert found.shape == (2, 4)
        assert measure(p, normalize=True, keepdims=True, **axes).shape == (1, 2, 4, 1)  # type: ignore[operator]
        for i, j in np.ndindex(2, 4):
            single = measure(p[:, i, j, :].T, normalize=True)  # type: ignore[operator]
            assert found[i, j] == pytest.approx(single, abs=1e-13)
    cmi = ent.conditional_mutual_information(p, axis=(0, 3), given=2, normalize=True)
    assert cmi.shape == (2,)
    for i in range(2):
        cube = p[:, i].transpose(0, 2, 1)
        single = ent.conditional_mutual_information(cube, normalize=True)
        assert cmi[i] == pytest.approx(single, abs=1e-13)
    pmi = ent.pointwise_mutual_information(p, axis=(0, 3), normalize=True)
    single = ent.pointwise_mutual_information(p[:, 1, 2], normalize=True)
    assert np.allclose(pmi[:, 1, 2], single, rtol=0, atol=1e-13)
