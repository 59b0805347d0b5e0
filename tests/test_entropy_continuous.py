"""ENT-18 and ENT-19: measures of densities by quadrature.

Against closed forms, first by hand and then those of DIS, and what is refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reference.errors import DistributionError
from reference.inference import distributions as dis
from reference.information import entropy as ent

INF = math.inf


def normal(mean: float, std: float) -> ent.LogDensity:
    return lambda x: -(((x - mean) / std) ** 2) / 2 - math.log(std * math.sqrt(2 * math.pi))


def laplace(mean: float, scale: float) -> ent.LogDensity:
    return lambda x: -abs(x - mean) / scale - math.log(2 * scale)


def exponential(rate: float) -> ent.LogDensity:
    return lambda x: math.log(rate) - rate * x if x >= 0 else -INF


def uniform(low: float, high: float) -> ent.LogDensity:
    return lambda x: -math.log(high - low) if low <= x <= high else -INF


def logistic(x: float) -> float:
    return -abs(x) - 2 * math.log1p(math.exp(-abs(x)))


def cauchy(x: float) -> float:
    return -math.log(math.pi * (1 + x * x))


@pytest.mark.spec("ENT-18")
@pytest.mark.parametrize(
    ("log_p", "options", "nats"),
    [
        (normal(0, 1), {}, math.log(2 * math.pi * math.e) / 2),
        (
            normal(-3, 0.01),
            {"points": [-3]},
            math.log(2 * math.pi * math.e) / 2 + math.log(0.01),
        ),
        (laplace(1, 2.5), {"points": [1]}, 1 + math.log(5)),
        (exponential(3), {"support": (0, INF)}, 1 - math.log(3)),
        (exponential(0.5), {"points": [0]}, 1 - math.log(0.5)),
        (uniform(2, 2.25), {"points": [2, 2.25]}, math.log(0.25)),
        (logistic, {}, 2),
        (cauchy, {}, math.log(4 * math.pi)),
    ],
)
def test_differential_entropy(log_p: ent.LogDensity, options: Any, nats: float) -> None:
    """Against closed forms, and for a multiple of the density when it is to be normalised."""
    found = ent.differential_entropy(log_p, base=math.e, **options)
    assert found == pytest.approx(nats, abs=1e-8)
    assert ent.differential_entropy(log_p, **options) == pytest.approx(
        nats / math.log(2), abs=2e-8
    )
    scaled = ent.differential_entropy(
        lambda x: log_p(x) + 7, base=math.e, normalize=True, **options
    )
    assert scaled == pytest.approx(nats, abs=2e-8)


@pytest.mark.spec("ENT-19")
@pytest.mark.parametrize(
    ("log_p", "log_q", "options", "nats"),
    [
        (normal(1, 2), normal(-1, 3), {"points": [1, -1]}, math.log(1.5) + (4 + 4) / 18 - 0.5),
        (normal(0, 1), normal(0, 1), {}, 0),
        (laplace(0, 1), laplace(0, 2), {"points": [0]}, math.log(2) + 1 / 2 - 1),
        (laplace(0, 1), normal(0, 1), {"points": [0]}, math.log(math.pi / 2) / 2),
        (exponential(3), exponential(1), {"support": (0, INF)}, math.log(3) + 1 / 3 - 1),
        (uniform(0, 1), uniform(0, 4), {"points": [0, 1, 4]}, math.log(4)),
        (uniform(0, 4), uniform(0, 1), {"points": [0, 1, 4]}, INF),
        (normal(0, 1), exponential(1), {"points": [0]}, INF),
        (normal(0, 1), uniform(-50, 50), {"points": [-50, 0, 50]}, INF),
    ],
)
def test_divergence_of_densities(
    log_p: ent.LogDensity, log_q: ent.LogDensity, options: Any, nats: float
) -> None:
    """Against closed forms; the cross entropy is the entropy more."""
    kl = ent.kl_divergence_of_densities(log_p, log_q, base=math.e, **options)
    assert kl == pytest.approx(nats, abs=1e-8)
    assert kl >= 0
    cross = ent.cross_entropy_of_densities(log_p, log_q, **options)
    entropy = ent.differential_entropy(log_p, **options)
    assert cross == pytest.approx(entropy + nats / math.log(2), abs=4e-8)
    scaled = ent.kl_divergence_of_densities(
        lambda x: log_p(x) - 3, lambda x: log_q(x) + 2, base=math.e, normalize=True, **options
    )
    assert scaled == pytest.approx(nats, abs=2e-8)


@pytest.mark.spec("ENT-18", "ENT-19")
@pytest.mark.parametrize(
    ("log_p", "options", "message"),
    [
        (lambda x: normal(0, 1)(x) + 0.01, {}, "integral"),
        (lambda x: math.nan, {}, "logarithm"),
        (lambda x: INF, {"support": (0, 1)}, "logarithm"),
        (lambda x: 800.0, {"support": (0, 1)}, "binary64"),
        (lambda x: -INF, {"normalize": True}, "cannot become 1"),
        (normal(1e6, 1e-3), {}, "integral"),  # a peak that quadrature misses
        (lambda x: -(abs(x) ** 0.1), {"normalize": True, "points": [0]}, "quadrature"),
        (lambda x: 0.0, {"normalize": True}, "cannot become 1|quadrature"),
        (normal(0, 1), {"support": (1, -1)}, "cut"),
        (normal(0, 1), {"support": (-1, 1), "points": [2]}, "cut"),
        (normal(0, 1), {"support": (math.nan, 1)}, "cut"),
        (normal(0, 1), {"points": [math.nan]}, "cut"),
        (normal(0, 1), {"base": 1}, "base"),
    ],
)
def test_refuses_densities(log_p: ent.LogDensity, options: Any, message: str) -> None:
    with pytest.raises(DistributionError, match=message):
        ent.differential_entropy(log_p, **options)
    for pair in (ent.cross_entropy_of_densities, ent.kl_divergence_of_densities):
        for args in ((log_p, normal(0, 1)), (normal(0, 1), log_p)):
            if "normalize" in options and args[0] is not log_p:
                continue
            with pytest.raises(DistributionError):
                pair(*args, **options)


@pytest.mark.spec("ENT-18")
def test_points_find_the_peak() -> None:
    nats = math.log(2 * math.pi * math.e) / 2 + math.log(1e-3)
    found = ent.differential_entropy(normal(1e6, 1e-3), points=[1e6], base=math.e)
    assert found == pytest.approx(nats, abs=1e-7)


# Two roads to one number: the quadrature of ENT, and the closed forms of DIS

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
        (ent.differential_entropy(log_p, **where), entropy),
        (ent.kl_divergence_of_densities(log_p, log_q, **where), kl),
        (ent.cross_entropy_of_densities(log_p, log_q, **where), entropy + kl),
    ):
        assert abs(found - expected) <= 2 * ent.QUADRATURE_TOLERANCE * max(1, abs(expected))
