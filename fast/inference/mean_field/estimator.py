"""Compiled twin of `reference.inference.mean_field.estimator`: the same starts and choice.

Spec: MFV-9, MFV-10.  Checked by tests/equivalence/test_mean_field.py.
"""

from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from fast.inference._arguments import finite_reals
from fast.inference.mean_field._arguments import (
    Floats,
    check_ascent,
    check_count,
    check_sigma,
    data,
)
from fast.inference.mean_field.mixture import (
    mixture_ascent,
    mixture_log_density,
    mixture_responsibilities,
    mixture_seeds,
)
from reference.errors import DistributionError, ModelError
from reference.inference.mean_field.coordinate_ascent import FALL_TOLERANCE
from reference.inference.mean_field.estimator import MixtureSettings
from reference.inference.mean_field.mixture import MixturePosterior

__all__ = ["MeanFieldMixture"]


class MeanFieldMixture(MixtureSettings):
    """A mixture of Gaussians with unit variance, fitted by mean-field variational inference.

    Spec: MFV-9, MFV-10. After `fit`: ``means_`` of shape ``(K, D)`` and ``variances_`` of
    shape ``(K,)`` are the ``m_k`` and ``s_k^2``; ``lower_bounds_`` holds the ELBO at the start
    and after each sweep, ``lower_bound_`` the last one; ``converged_`` and ``n_iter_`` say how
    the ascent ended, and after how many sweeps.
    """

    means_: Floats
    variances_: Floats
    lower_bounds_: tuple[float, ...]
    lower_bound_: float
    converged_: bool
    n_iter_: int
    n_features_in_: int

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Fit the posterior of the means to data of shape ``(N, D)``. Spec: MFV-9.

        Raises:
            DataError: `X` is out of range (MFV-3).
            DistributionError: ``sigma`` or ``means_init`` is (MFV-3).
            ModelError: another setting is (MFV-9).
        """
        x = data(X)
        check_count(n_components=self.n_components, n_init=self.n_init)
        check_ascent(self.tol, self.max_iter, self.step)
        check_sigma(self.sigma)
        rng = np.random.default_rng(self.random_state)
        best = None
        for _ in range(self.n_init if self.means_init is None else 1):
            ascent = mixture_ascent(
                x,
                *self._start(x, rng),
                self.sigma,
                step=self.step,
                tol=self.tol,
                max_iter=self.max_iter,
            )
            bound = ascent.lower_bounds[-1]
            if best is None or bound > self.lower_bound_ + FALL_TOLERANCE * (1 + abs(bound)):
                best, self.lower_bound_ = ascent, bound
        assert best is not None
        self.means_, self.variances_ = best.state
        self.lower_bounds_, self.converged_ = best.lower_bounds, best.converged
        self.n_iter_, self.n_features_in_ = len(best.lower_bounds) - 1, x.shape[1]
        return self

    def fit_predict(self, X: npt.ArrayLike, y: object = None) -> NDArray[np.int64]:
        """Fit, and return the component of each point of the data. Spec: MFV-9, MFV-10."""
        return self.fit(X).predict(X)

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the responsibilities for points of shape ``(N, D)``. Spec: MFV-5, MFV-10.

        Raises:
            DataError: `X` is out of range, or of another ``D`` (MFV-3).
            ModelError: nothing has been fitted (MFV-9).
        """
        return mixture_responsibilities(X, *self._fitted())

    def predict(self, X: npt.ArrayLike) -> NDArray[np.int64]:
        """Return the most responsible component, the first of equals. Spec: MFV-10.

        Raises:
            DataError: `X` is out of range, or of another ``D`` (MFV-3).
            ModelError: nothing has been fitted (MFV-9).
        """
        return np.asarray(self.predict_proba(X).argmax(axis=1), np.int64)

    def score_samples(self, X: npt.ArrayLike) -> Floats:
        """Return the learned log density at each point, in nats. Spec: MFV-10.

        Raises:
            DataError: `X` is out of range, or of another ``D`` (MFV-3).
            ModelError: nothing has been fitted (MFV-9).
        """
        return mixture_log_density(X, *self._fitted())

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean of `score_samples`, in nats a point. Spec: MFV-10."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1) -> tuple[Floats, NDArray[np.int64]]:
        """Draw points from the learned density; return them and their components.

        Spec: MFV-10. A seed as ``random_state`` draws the same points in every call.

        Returns:
            Shapes ``(n_samples, D)`` and ``(n_samples,)``.

        Raises:
            ModelError: `n_samples` is below 1, or nothing has been fitted (MFV-9).
        """
        means, variances = self._fitted()
        check_count(n_samples=n_samples)
        rng = np.random.default_rng(self.random_state)
        labels = rng.integers(len(means), size=n_samples)
        noise = rng.standard_normal((n_samples, means.shape[1]))
        return means[labels] + np.sqrt(1 + variances[labels])[:, None] * noise, labels

    def _start(self, x: Floats, rng: np.random.Generator) -> MixturePosterior:
        """Return where an ascent starts; its means are drawn, unless given (MFV-8)."""
        k = self.n_components
        if self.means_init is None:
            means = mixture_seeds(x, k, self.sigma, rng)
        else:
            means = finite_reals("means_init", self.means_init)
        if means.shape[:1] != (k,):
            raise DistributionError(f"means_init of {means.shape} for {k} components")
        return MixturePosterior(means, np.full(k, 1 / (1 / self.sigma**2 + len(x) / k)))

    def _fitted(self) -> MixturePosterior:
        if not hasattr(self, "means_"):
            raise ModelError("nothing has been fitted yet")
        return MixturePosterior(self.means_, self.variances_)
