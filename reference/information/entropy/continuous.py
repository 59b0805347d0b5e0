"""Measures of densities over the real line, by quadrature.

Spec: ENT-18, ENT-19.
Source: T. Cover and J. Thomas, Elements of Information Theory (2006), chapter 8; R. Piessens
and others, QUADPACK (1983), for the quadrature, which is `scipy.integrate.quad`.

A density is given by its natural logarithm, a function of one number. Quadrature knows a
function by its values at some points, and may step over a narrow peak: `points` name the
places where to look, and as a density whose integral does not come out as 1 is refused, a peak
that was missed is an error and not a wrong number.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

from scipy.integrate import quad

from reference.errors import DistributionError
from reference.information.entropy.distribution import TOTAL_TOLERANCE, Floats, in_base

__all__ = [
    "QUADRATURE_TOLERANCE",
    "LogDensity",
    "cross_entropy_of_densities",
    "differential_entropy",
    "kl_divergence_of_densities",
]

LogDensity = Callable[[float], float]
"""The natural logarithm of a density at a number: in ``[-inf, inf)``."""

QUADRATURE_TOLERANCE = 1e-8
"""Largest error that quadrature may report, in nats, relative to values above 1 (ENT-18)."""

PIECES = 200
"""How often quadrature may halve an interval."""


class _Infinite(Exception):
    """The integrand is infinite where there is mass."""


def differential_entropy(
    log_p: LogDensity,
    *,
    support: tuple[float, float] = (-math.inf, math.inf),
    points: Iterable[float] = (),
    base: float = 2,
    normalize: bool = False,
) -> Floats:
    """Return the differential entropy of a density, in units of ``log(base)``.

    Spec: ENT-18.

        h(p)  =  -integral of p(x) log p(x) dx

    It has any sign, and it is no code length: that of `x` up to ``delta`` is about
    ``h(p) - log delta``.

    Args:
        log_p: natural logarithm of the density, or of a multiple of it if `normalize`.
        support: where to integrate.
        points: in `support`; peaks, kinks and jumps, at which the integral is split.

    Raises:
        DistributionError: no density, or quadrature fails (ENT-18), or no base (ENT-2).
    """
    ends = _ends(support, points)
    log_p = _density(log_p, ends, normalize)
    return _in_base(-_integral(lambda x: _times(log_p(x), log_p(x)), ends), base)


def cross_entropy_of_densities(
    log_p: LogDensity,
    log_q: LogDensity,
    *,
    support: tuple[float, float] = (-math.inf, math.inf),
    points: Iterable[float] = (),
    base: float = 2,
    normalize: bool = False,
) -> Floats:
    """Return the cross entropy of two densities, in units of ``log(base)``.

    Spec: ENT-19.

        h(p, q)  =  -integral of p(x) log q(x) dx

    Arguments and errors are those of `differential_entropy`; `support` is that of both.

    Returns:
        In ``(-inf, inf]``; ``inf`` where a point is met at which only `q` is 0.
    """
    ends = _ends(support, points)
    log_p, log_q = (_density(f, ends, normalize) for f in (log_p, log_q))
    try:
        return _in_base(-_integral(lambda x: _times(log_p(x), log_q(x)), ends), base)
    except _Infinite:
        return _in_base(math.inf, base)


def kl_divergence_of_densities(
    log_p: LogDensity,
    log_q: LogDensity,
    *,
    support: tuple[float, float] = (-math.inf, math.inf),
    points: Iterable[float] = (),
    base: float = 2,
    normalize: bool = False,
) -> Floats:
    """Return KL(p || q) of two densities, in units of ``log(base)``.

    Spec: ENT-19.

        KL(p || q)  =  integral of p(x) (log p(x) - log q(x)) dx

    Arguments and errors are those of `differential_entropy`; `support` is that of both.

    Returns:
        In ``[0, inf]``; ``inf`` where a point is met at which only `q` is 0.
    """
    ends = _ends(support, points)
    log_p, log_q = (_density(f, ends, normalize) for f in (log_p, log_q))

    def integrand(x: float) -> float:
        log_p_x = log_p(x)
        return _times(log_p_x, log_p_x - log_q(x)) if log_p_x > -math.inf else 0.0

    try:
        return _in_base(max(_integral(integrand, ends), 0.0), base)
    except _Infinite:
        return _in_base(math.inf, base)


def _in_base(nats: float, base: float) -> Floats:
    return in_base(nats / math.log(2), base)


def _times(log_p: float, value: float) -> float:
    """Return ``p * value``, where 0 times anything is 0 (ENT-3)."""
    if log_p == -math.inf:
        return 0.0
    if math.isinf(value):
        raise _Infinite
    return math.exp(log_p) * value


def _ends(support: tuple[float, float], points: Iterable[float]) -> list[float]:
    """Return the ends of the pieces that `points` cut the support into (ENT-18)."""
    low, high = support
    inner = sorted(set(points) - {low, high})
    if not low < high or not all(low < x < high for x in inner):
        raise DistributionError(f"the points {inner} do not cut the support {support}")
    return [low, *inner, high]


def _density(log_p: LogDensity, ends: list[float], normalize: bool) -> LogDensity:
    """Return the logarithm of a density whose integral is 1 (ENT-18)."""

    def checked(x: float) -> float:
        value = float(log_p(x))
        if not value < math.inf:
            raise DistributionError(f"the logarithm of a density at {x} is {value}")
        return value

    try:
        total = _integral(lambda x: math.exp(checked(x)), ends)
    except OverflowError:
        raise DistributionError("a density that is no binary64 number") from None
    if not normalize:
        if not abs(total - 1) <= TOTAL_TOLERANCE:
            raise DistributionError(f"a density has the integral {total!r}, not 1")
        return checked
    if not 0 < total < math.inf:
        raise DistributionError(f"a density has the integral {total}: it cannot become 1")
    log_total = math.log(total)
    return lambda x: checked(x) - log_total


def _integral(f: Callable[[float], float], ends: list[float]) -> float:
    """Return the integral over all pieces (ENT-18)."""
    value = error = 0.0
    for low, high in pairwise(ends):
        # full_output: what would be a warning becomes the check below
        part, estimate, *_ = quad(
            f, low, high, epsabs=1e-11, epsrel=1e-11, limit=PIECES, full_output=1
        )
        value, error = value + part, error + estimate
    if not error <= QUADRATURE_TOLERANCE * max(1.0, abs(value)):
        raise DistributionError(f"quadrature gives {value} with an error of up to {error}")
    return value
