"""DVA-1 and DVA-5: masses, entropies and divergences of a layer, and numbers for states."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from reference.models.discrete_vae import layers
from tests import discrete_vae_by_hand as by_hand
from tests.discrete_vae_models import Floats, rng, states

KINDS = [(3, 1), (4, 2), (6, 3)]
"""Widths, and outcomes."""


def logits_of(width: int, rows: int = 4, seed: int = 0) -> Floats:
    return rng(seed).normal(scale=1.5, size=(rows, width))


@pytest.mark.spec("DVA-1")
@pytest.mark.parametrize(("width", "outcomes"), KINDS)
def test_measures_by_enumeration(width: int, outcomes: int) -> None:
    """Masses add up to 1, and the measures are sums over all states."""
    logits, prior = logits_of(width), logits_of(width, 1, seed=1)[0]
    every = np.stack(states(width, outcomes))
    for row in logits:
        many = np.broadcast_to(row, every.shape)
        log_q = layers.log_mass(every, many, outcomes)
        q = np.exp(log_q)
        assert q.sum() == pytest.approx(1, abs=1e-14)
        assert_allclose(q @ every, layers.probabilities(row[None], outcomes)[0], rtol=1e-13)
        expected = [by_hand.log_mass(s, row, outcomes) for s in every]
        assert_allclose(log_q, expected, rtol=1e-12)
        assert layers.entropy(row[None], outcomes)[0] == pytest.approx(-q @ log_q, rel=1e-13)
        log_p = layers.log_mass(every, np.broadcast_to(prior, every.shape), outcomes)
        found = layers.divergence(row[None], prior, outcomes)[0]
        assert found == pytest.approx(q @ (log_q - log_p), rel=1e-12)
        assert layers.divergence(prior[None], prior, outcomes)[0] == pytest.approx(
            0, abs=1e-14
        )


@pytest.mark.spec("DVA-1", "DVA-6")
@pytest.mark.parametrize(("width", "outcomes"), KINDS)
def test_derivatives_of_measures(width: int, outcomes: int) -> None:
    """Those in the logits, and of the log mass in the states too."""
    logits, prior = logits_of(width), logits_of(width, 1, seed=1)[0]
    s = rng(2).uniform(size=logits.shape)
    pairs: list[tuple[Floats, Callable[[Floats], Floats]]] = [
        (
            layers.entropy_gradient(logits, outcomes),
            lambda theta: by_hand.entropy(theta, outcomes),
        ),
        (
            layers.divergence_gradient(logits, prior, outcomes),
            lambda theta: by_hand.divergence(theta, prior, outcomes),
        ),
    ]
    for found, f in pairs:
        expected = [by_hand.slope(f, row) for row in logits]
        assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    slopes = layers.log_mass_slope(logits, outcomes)
    for row, theta, d in zip(s, logits, slopes, strict=True):
        expected = by_hand.slope(
            lambda a, theta=theta: by_hand.log_mass(a, theta, outcomes), row
        )
        assert_allclose(d, expected, rtol=1e-12)


@pytest.mark.spec("DVA-1")
@given(
    share=st.floats(-1, 2),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 1000),
    size=st.sampled_from([1.0, 30.0, 800.0]),
)
def test_log_mass_is_linear(
    share: float, kind: tuple[int, int], seed: int, size: float
) -> None:
    """Between states, and beyond them, however large the logits."""
    width, outcomes = kind
    theta = size * logits_of(width, 1, seed)
    a, b = rng(seed).permutation(np.stack(states(width, outcomes)))[:2, None]
    ends = [layers.log_mass(s, theta, outcomes)[0] for s in (a, b)]
    found = layers.log_mass(share * a + (1 - share) * b, theta, outcomes)[0]
    assert np.isfinite(ends).all()
    scale = 1e-12 * (1 + np.abs(theta).sum())
    assert found == pytest.approx(share * ends[0] + (1 - share) * ends[1], abs=10 * scale)


@pytest.mark.spec("DVA-1")
@pytest.mark.parametrize(("width", "outcomes"), KINDS)
def test_certain_states(width: int, outcomes: int) -> None:
    """Logits beyond where exp is finite: a certain state has mass 1, and no entropy."""
    every = np.stack(states(width, outcomes))
    theta = 2000 * every - 1000
    assert_allclose(layers.log_mass(every, theta, outcomes), 0, atol=1e-300)
    assert_allclose(layers.entropy(theta, outcomes), 0, atol=1e-300)
    assert_allclose(layers.entropy_gradient(theta, outcomes), 0, atol=1e-300)
    assert (layers.log_mass(every[1:], theta[:-1], outcomes) <= -1000).all()
    found = layers.divergence(theta, np.zeros(width), outcomes)
    H, n = (width, 2) if outcomes == 1 else (width // outcomes, outcomes)
    assert_allclose(found, H * np.log(n), rtol=1e-14)


@pytest.mark.spec("DVA-1", "DVA-3", "DVA-5")
@pytest.mark.parametrize(("width", "outcomes"), KINDS)
def test_states_and_numbers_in_their_place(width: int, outcomes: int) -> None:
    """All four of one noise, and their slopes; the states are those of GRD-2 and GRD-3."""
    logits, t = logits_of(width), 0.7
    u = rng(3).uniform(0.01, 0.99, logits.shape)
    q, noise = layers.latents(logits, outcomes), layers.events(u, outcomes)
    d = rng(4).normal(size=logits.shape)

    def relaxed(theta: Floats, row: Floats) -> Floats:
        return by_hand.mean((theta + by_hand.standard(row, outcomes)) / t, outcomes)

    cases = [
        (layers.hard, lambda a, n: by_hand.state(a, n, outcomes), None),
        (
            layers.straight_through,
            lambda a, n: by_hand.state(a, n, outcomes),
            lambda a, n: by_hand.mean(a, outcomes),
        ),
        (
            layers.at_mean,
            lambda a, n: by_hand.mean(a, outcomes),
            lambda a, n: by_hand.mean(a, outcomes),
        ),
        (layers.at_temperature(t), relaxed, relaxed),
    ]
    for relaxation, value, moved in cases:
        s, slope = relaxation(q, noise)
        found = layers.rows(slope(layers.events(d, outcomes)))
        for i, (theta, row) in enumerate(zip(logits, u, strict=True)):
            assert_allclose(layers.rows(s)[i], value(theta, row), rtol=1e-12)
            expected = np.zeros(width)
            if moved is not None:
                expected = by_hand.slope(lambda a: d[i] @ moved(a, row), theta)  # noqa: B023
            assert_allclose(found[i], expected, rtol=1e-11, atol=1e-14)


@pytest.mark.spec("DVA-1")
def test_rows_and_events() -> None:
    """Variables follow one another in a row, each with its outcomes together."""
    row = np.arange(6.0)[None]
    assert layers.events(row, 3).tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert layers.events(row, 1) is row
    assert layers.rows(layers.events(row, 3)).tolist() == row.tolist()
