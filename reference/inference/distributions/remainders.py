"""Small differences of large numbers, computed without subtracting the large ones.

Spec: DIS-2.
Source: the series are those of NIST, Digital Library of Mathematical Functions, (4.6.4),
(5.11.1) and (5.11.2).

A divergence between neighbours is a small number, yet its textbook form adds large ones of
either sign: of the KL between two gamma distributions of shape ``1e12``, no digit is right.
With these functions the large parts are cancelled on paper.
"""

import numpy as np
from scipy.special import digamma, gammaln

from reference.inference.distributions.parameters import Floats

__all__ = [
    "divergence",
    "log_divergence",
    "log_minus_digamma",
    "ratio_excess",
    "rise_of_exp",
    "stirling_remainder",
]

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
BERNOULLI_NUMBERS = (*BERNOULLI, 43867 / 798, -174611 / 330)
"""B_2, B_4, ..., B_20: from 8 on, the rest of either series is below ``2**-55``."""
LARGE = 8.0
"""From here on, the asymptotic series are used."""
HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)


def ratio_excess(a: Floats, b: Floats) -> Floats:
    """Return ``a/b - 1 - log(a/b)`` of positive numbers: at least 0, and 0 where a = b.

    Spec: DIS-2. Near 1, with ``s = (a - b) / (a + b)``, so that ``log(a/b) = 2 artanh(s)``,

        a/b - 1 - log(a/b)  =  2 s^2 / (1 - s)  -  2 (s^3 / 3 + s^5 / 5 + ...)
    """
    a, b = np.broadcast_arrays(a, b)
    with np.errstate(over="ignore", divide="ignore"):
        t, s = a / b, (a - b) / (a + b)
    tame = (t > 1e-300) & (t < 1e300)
    far = t - 1 - np.where(tame, np.log(np.where(tame, t, 1)), np.log(a) - np.log(b))
    s = np.where(np.abs(s) < 0.25, s, 0)
    odd = sum(s ** (2 * k + 1) / (2 * k + 1) for k in range(1, 14))
    near = 2 * s * s / (1 - s) - 2 * odd
    return np.where((np.abs(s) > 0) | (a == b), near, far)


def rise_of_exp(d: Floats) -> Floats:
    """Return ``exp(-d) - 1 + d``: at least 0, and 0 at 0. Spec: DIS-2."""
    small = np.clip(d, -0.5, 0.5)
    series = np.zeros_like(small)
    for k in range(18, 1, -1):  # d^2/2! - d^3/3! + ..., from the innermost bracket outwards
        series = (1 - series) * small / k
    return np.where(np.abs(d) < 0.5, series * small, d + np.expm1(-d))


def stirling_remainder(a: Floats) -> Floats:
    """Return what Stirling's formula leaves of log Gamma(a), for positive numbers.

    Spec: DIS-2.

        log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2)
            =  B_2 / (2 a)  +  B_4 / (12 a^3)  +  B_6 / (30 a^5)  +  ...
    """
    large, small = np.maximum(a, LARGE), np.minimum(a, LARGE)
    series = sum(
        b / (2 * k * (2 * k - 1)) * large ** (1.0 - 2 * k)
        for k, b in enumerate(BERNOULLI_NUMBERS, 1)
    )
    direct = gammaln(small) - ((small - 0.5) * np.log(small) - small + HALF_LOG_TAU)
    return np.where(a < LARGE, direct, series)


def log_minus_digamma(a: Floats) -> Floats:
    """Return ``log a - psi(a)`` of positive numbers: positive.

    Spec: DIS-2.

        log a - psi(a)  =  1 / (2 a)  +  B_2 / (2 a^2)  +  B_4 / (4 a^4)  +  ...
    """
    large, small = np.maximum(a, LARGE), np.minimum(a, LARGE)
    series = 0.5 / large + sum(
        b / (2 * k) * large ** (-2.0 * k) for k, b in enumerate(BERNOULLI_NUMBERS, 1)
    )
    return np.where(a < LARGE, np.log(small) - digamma(small), series)


def divergence(q: Floats, p: Floats) -> Floats:
    """Return ``q log(q / p) + p - q`` of probabilities: at least 0, and 0 where q = p.

    Spec: DIS-2, DIS-10. As ``sum p - sum q`` is 0, the sum of these terms is KL(q || p).

        q (p / q - 1 - log(p / q))
    """
    a, b = np.where(q > 0, q, 1), np.where(p > 0, p, 1)
    # Of a q that is tiny next to p, the ratio could overflow.
    far = np.maximum(q * (np.log(a) - np.log(b)) + (p - q), 0)
    terms = np.where(b > 4 * a, far, a * ratio_excess(b, a))
    return np.where(q > 0, np.where(p > 0, terms, np.inf), p)


def log_divergence(log_q: Floats, log_p: Floats) -> Floats:
    """Return ``q log(q / p) + p - q`` of logarithms: at least 0, and 0 where they are equal.

    Spec: DIS-2, DIS-19. Unlike `divergence` it stays finite where p is below binary64.

        q (exp(-d) - 1 + d),   d = log q - log p
    """
    q, p = np.exp(log_q), np.exp(log_p)
    d = np.where(q > 0, log_q, 0) - np.where(q > 0, log_p, 0)
    # Of a q that is tiny next to p, exp(-d) could overflow.
    terms = np.where(d < -1, p - q + q * d, q * rise_of_exp(np.maximum(d, -1)))
    return np.where(q > 0, terms, p)
