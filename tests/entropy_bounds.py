"""What the tests of ENT share: the bound of ENT-3, exact sums to hold it to, and a table."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from reference.information.entropy.distribution import Floats

# Cover and Thomas, example 2.2.1: X along the columns, Y along the rows.
COVER = np.array([[4, 2, 1, 1], [2, 4, 1, 1], [2, 2, 2, 2], [8, 0, 0, 0]]) / 32


def slack(n: int, a: float) -> float:
    """The bound of ENT-3 for `n` terms."""
    return (n + 16) * 2.0**-52 * a + n * 2.0**-1074


def slack_of_both(n: int, a: float) -> float:
    """How far `fast` may be from `reference`: both keep the bound of ENT-3."""
    return 2 * slack(n, a)


def plog(p: Floats, *others: Floats, computed: bool = False) -> float:
    """The `A` of ENT-3 for the logarithms of `others`, or of `p` itself."""
    total = 0.0
    for a in others or (p,):
        seen = np.broadcast_to(p, np.broadcast_shapes(p.shape, a.shape)) > 0
        a_seen, p_seen = (
            np.broadcast_to(a, seen.shape)[seen],
            np.broadcast_to(p, seen.shape)[seen],
        )
        with np.errstate(divide="ignore"):
            total += float((p_seen * (np.abs(np.log2(a_seen)) + 2 * computed)).sum())
    return total


def loose(p: Floats, logarithms: int = 6) -> float:
    """A slack for identities of computed distributions: of all logarithms that they take."""
    return logarithms * slack(p.size, plog(p, computed=True))


def exact(term: Callable[[Any], Any], *arrays: Floats) -> float:
    """Sum terms in 400 bits, with the binary64 numbers as they are."""
    with mpmath.workprec(400):
        return float(mpmath.fsum(term(*map(mpmath.mpf, v)) for v in zip(*arrays, strict=True)))


def log2(x: Any) -> Any:
    return mpmath.log(x, 2)
