"""The exponentials of `fast.inference._exponential`, over all that they are called with."""

import numpy as np

from fast.inference._exponential import (
    LEAST_EXPONENT,
    LEAST_EXPONENT_2,
    exp2_kernel,
    exp_kernel,
)

TINY = -np.logspace(-300, 2, 301)


def test_exp() -> None:
    """Relatively within ``2**-51``, and a floor below."""
    x = np.concatenate([np.linspace(LEAST_EXPONENT, 0, 20_001), TINY])
    found = np.array([exp_kernel(v) for v in x])
    exact = np.exp(x.astype(np.longdouble))
    assert np.abs(found / exact - 1).max() <= 2.0**-51
    assert exp_kernel(0.0) == 1.0
    assert 0 < exp_kernel(-1e6) == exp_kernel(-np.inf) < 1e-307


def test_exp2() -> None:
    """Relatively within ``2**-50``, exact at integers, and a floor below."""
    t = np.concatenate([np.linspace(LEAST_EXPONENT_2, 1022, 40_001), TINY, -TINY])
    found = np.array([exp2_kernel(v) for v in t])
    exact = np.exp2(t.astype(np.longdouble))
    assert np.abs(found / exact - 1).max() <= 2.0**-50
    assert all(exp2_kernel(float(k)) == 2.0**k for k in range(-1022, 1023))
    assert exp2_kernel(-1e6) == exp2_kernel(-np.inf) == 2.0**-1022
