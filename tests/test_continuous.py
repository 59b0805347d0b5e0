"""Two roads to one number: the quadrature of ENT, and the closed forms of DIS."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from reference.inference import distributions as dis
from reference.information.entropy import (
    QUADRATURE_TOLERANCE,
    cross_entropy_of_densities,
    differential_entropy,
    kl_divergence_of_densities,
)

Parameters = tuple[float, float]


@dataclass(frozen=True)
class Family:
    """A family of two parameters: its density, its closed forms, and where to integrate."""

    log_density: Callable[..., object]
    entropy: Callable[[Parameters], object]
    kl: Callable[[Parameters, Parameters], object]
    p: Parameters
    q: Parameters
    support: tuple[float, float]
    points: tuple[float, ...]


ALL, POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
FAMILIES = {
    "normal": Family(
        dis.normal_log_density,
        lambda p: dis.normal_entropy(p[1]),
        lambda p, q: dis.normal_kl(*p, *q),
        (0.3, 0.8),
        (-0.5, 1.7),
        ALL,
        (-0.5, 0.3),
    ),
    "log-normal": Family(
        dis.log_normal_log_density,
        lambda p: dis.log_normal_entropy(*p),
        lambda p, q: dis.log_normal_kl(*p, *q),
        (0.2, 0.5),
        (-0.1, 0.9),
        POSITIVE,
        (0.5, 2.0),
    ),
    "gamma": Family(
        dis.gamma_log_density,
        lambda p: dis.gamma_entropy(*p),
        lambda p, q: dis.gamma_kl(*p, *q),
        (2.5, 1.5),
        (4.0, 0.7),
        POSITIVE,
        (1.0, 4.0),
    ),
    "beta": Family(
        dis.beta_log_density,
        lambda p: dis.beta_entropy(*p),
        lambda p, q: dis.beta_kl(*p, *q),
        (2.0, 3.5),
        (1.5, 1.25),
        (0.0, 1.0),
        (0.3,),
    ),
    "Laplace": Family(
        dis.laplace_log_density,
        lambda p: dis.laplace_entropy(p[1]),
        lambda p, q: dis.laplace_kl(*p, *q),
        (0.4, 0.6),
        (-0.3, 1.1),
        ALL,
        (-0.3, 0.4),
    ),
}


@pytest.mark.spec("ENT-18", "ENT-19", "DIS-4", "DIS-7", "DIS-8", "DIS-9")
@pytest.mark.parametrize("name", FAMILIES)
def test_quadrature_and_closed_forms_agree(name: str) -> None:
    f = FAMILIES[name]

    def log_p(x: float) -> float:
        return float(f.log_density(x, *f.p))

    def log_q(x: float) -> float:
        return float(f.log_density(x, *f.q))

    where = {"support": f.support, "points": f.points, "base": math.e}
    entropy, kl = float(f.entropy(f.p)), float(f.kl(f.p, f.q))
    for found, expected in (
        (differential_entropy(log_p, **where), entropy),
        (kl_divergence_of_densities(log_p, log_q, **where), kl),
        (cross_entropy_of_densities(log_p, log_q, **where), entropy + kl),
    ):
        assert abs(found - expected) <= 2 * QUADRATURE_TOLERANCE * max(1, abs(expected))
