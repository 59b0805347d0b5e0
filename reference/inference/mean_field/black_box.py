"""Mean field for any log joint density, by stochastic gradients.

Spec: MFV-13 to MFV-15.
Source: lecture 000, "How can we maximize the ELBO?"; R. Ranganath, S. Gerrish, D. Blei, "Black
box variational inference", AISTATS 2014; A. Kucukelbir et al., "Automatic differentiation
variational inference", JMLR 18 (2017).

The family is the diagonal normal, ``z = mu + sigma eps``; `log_sigma` is the logarithm of the
standard deviation, not of the variance. A log joint takes an array of shape ``(S, L)``, a draw
a row, and returns ``S`` numbers; its gradient returns an array of the shape of its argument.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import inf
from typing import Self

import numpy as np
import numpy.typing as npt

from reference.errors import DistributionError, ModelError
from reference.inference.adam import adam
from reference.inference.distributions import diagonal_normal_entropy
from reference.inference.distributions.parameters import Floats, reals
from reference.inference.mean_field.arguments import check_count

__all__ = [
    "GRADIENTS",
    "NormalMeanField",
    "reparameterised_gradient",
    "score_function_gradient",
    "with_positive",
]

GRADIENTS = ("reparameterised", "score_function")
"""The two estimates of the gradient (MFV-13)."""

Function = Callable[[Floats], Floats]


def reparameterised_gradient(
    joint_gradient: Floats, log_sigma: Floats, eps: Floats
) -> tuple[Floats, Floats]:
    """Return an estimate of the gradient of the ELBO in `mu` and `log_sigma`.

    Spec: MFV-13.

        mean(grad f(z))        mean(grad f(z) sigma eps) + 1

    Args:
        joint_gradient: at ``z = mu + sigma eps``; shape ``(S, L)``.
        log_sigma: shape ``(L,)``.
        eps: the standard normal noise; shape ``(S, L)``.

    Returns:
        Shape ``(L,)``, twice.
    """
    along_sigma = joint_gradient * np.exp(log_sigma) * eps
    return joint_gradient.mean(axis=0), along_sigma.mean(axis=0) + 1


def score_function_gradient(
    log_joint: Floats, log_sigma: Floats, eps: Floats
) -> tuple[Floats, Floats]:
    """Return an estimate of the same gradient from values alone: REINFORCE.

    Spec: MFV-13.

        mean(w eps / sigma)        mean(w (eps^2 - 1))

    with ``w = f(z) - log q(z)``, less its mean over the other draws.

    Args:
        log_joint: at ``z = mu + sigma eps``; shape ``(S,)``.
        log_sigma: shape ``(L,)``.
        eps: the standard normal noise; shape ``(S, L)``.

    Returns:
        Shape ``(L,)``, twice.
    """
    log_q = -(eps**2 / 2 + log_sigma + np.log(2 * np.pi) / 2).sum(axis=1)
    w, draws = log_joint - log_q, len(eps)
    if draws > 1:
        w = (w - w.mean()) * draws / (draws - 1)
    d_mu = (w[:, None] * eps).mean(axis=0) / np.exp(log_sigma)
    return d_mu, (w[:, None] * (eps**2 - 1)).mean(axis=0)


@dataclass(eq=False)
class NormalMeanField:
    """A product of normal distributions that ascends the ELBO of a user's log joint density.

    Spec: MFV-14. After `fit`: ``mu_``, ``log_sigma_`` and ``sigma_`` of shape ``(L,)``, and
    ``lower_bounds_``, the estimate of the ELBO before each step.
    """

    n_samples: int = 10
    """``S``, at least 1; the draws of a step."""
    _: KW_ONLY
    gradient: str = "reparameterised"
    """One of ``GRADIENTS``."""
    learning_rate: float = 0.05
    """Of Adam, at first; positive and finite."""
    decay: float = 0.5
    """The share of all steps, at the end, in which the learning rate falls linearly to 0."""
    max_iter: int = 1000
    """At least 1; how many steps are made."""
    random_state: int | np.random.Generator | None = None
    """Of all randomness: a generator, a seed for one, or None for a fresh one."""

    def fit(
        self,
        log_joint: Function,
        mu: npt.ArrayLike,
        log_sigma: npt.ArrayLike | None = None,
        *,
        joint_gradient: Function | None = None,
        on_step: Callable[[int, Floats, Floats], None] | None = None,
    ) -> Self:
        """Ascend from `mu` and `log_sigma`.

        Spec: MFV-14.

        Args:
            log_joint: ``log p(x, z)`` of latents of shape ``(S, L)``.
            mu: shape ``(L,)``.
            log_sigma: shape ``(L,)``; 0 if None.
            joint_gradient: the gradient of `log_joint` in its argument, which the
                reparameterised estimate needs.
            on_step: called after each step with its number, from 1, `mu` and `log_sigma`.

        Raises:
            DistributionError: `mu` or `log_sigma` is no vector of finite numbers, or they
                differ in length (MFV-14).
            ModelError: a setting is out of range, or what is given returns arrays of other
                shapes, or numbers that are not finite (MFV-14).
        """
        self._check(joint_gradient)
        theta = _start(mu, log_sigma)
        rng, bounds = np.random.default_rng(self.random_state), []
        mean, square = np.zeros_like(theta), np.zeros_like(theta)
        for t in range(1, self.max_iter + 1):
            eps = rng.standard_normal((self.n_samples, theta.shape[1]))
            z = theta[0] + np.exp(theta[1]) * eps
            f = _call(log_joint, z, z.shape[:1])
            bounds.append(float(f.mean() + diagonal_normal_entropy(np.exp(theta[1]))))
            if self.gradient == "score_function" or joint_gradient is None:
                g = score_function_gradient(f, theta[1], eps)
            else:
                g = reparameterised_gradient(_call(joint_gradient, z, z.shape), theta[1], eps)
            left = 1 - (t - 1) / self.max_iter
            rate = self.learning_rate * (left / self.decay if left < self.decay else 1)
            theta, mean, square = adam(theta, -np.array(g), mean, square, t, rate)
            if on_step is not None:
                on_step(t, theta[0], theta[1])
        self.mu_, self.log_sigma_ = theta
        self.sigma_ = np.exp(self.log_sigma_)
        self.lower_bounds_ = tuple(bounds)
        return self

    def _check(self, joint_gradient: Function | None) -> None:
        """Refuse settings out of range (MFV-14)."""
        check_count(n_samples=self.n_samples, max_iter=self.max_iter)
        if not (0 < self.learning_rate < inf and 0 <= self.decay <= 1):
            raise ModelError(f"learning rate or decay out of range in {self}")
        if self.gradient not in GRADIENTS:
            raise ModelError(f"gradient is {self.gradient!r}, none of {GRADIENTS}")
        if self.gradient == "reparameterised" and joint_gradient is None:
            raise ModelError("the reparameterised gradient needs that of the log joint")


def with_positive(
    log_joint: Function, joint_gradient: Function, positive: npt.ArrayLike
) -> tuple[Function, Function]:
    """Return the log joint, and its gradient, of the logarithms of positive latents.

    Spec: MFV-15. With ``z_i = exp(u_i)`` for those, and ``z_i = u_i`` for the others,

        f(z) + sum_{i positive} u_i        z_i grad_i f + 1, or grad_i f

    Args:
        positive: shape ``(L,)``; truth values.

    Raises:
        ModelError: `positive` is another array (MFV-15).
    """
    mask = np.asarray(positive)
    if mask.dtype != np.bool_ or mask.ndim != 1:
        raise ModelError(f"a mask of {mask.dtype} and shape {mask.shape}")

    def constrained(u: Floats) -> Floats:
        return np.where(mask, np.exp(np.where(mask, u, 0)), u)

    def of_logarithms(u: Floats) -> Floats:
        return np.asarray(log_joint(constrained(u)) + u[:, mask].sum(axis=1))

    def gradient_of_logarithms(u: Floats) -> Floats:
        z = constrained(u)
        return np.where(mask, z * joint_gradient(z) + 1, joint_gradient(z))

    return of_logarithms, gradient_of_logarithms


def _start(mu: npt.ArrayLike, log_sigma: npt.ArrayLike | None) -> Floats:
    """Return both as the rows of one array (MFV-14)."""
    (mu,) = reals(mu=mu)
    (log_sigma,) = reals(log_sigma=np.zeros_like(mu) if log_sigma is None else log_sigma)
    if mu.ndim != 1 or not mu.size or log_sigma.shape != mu.shape:
        raise DistributionError(f"mu of shape {mu.shape}, log_sigma of {log_sigma.shape}")
    return np.stack([mu, log_sigma])


def _call(function: Function, z: Floats, shape: tuple[int, ...]) -> Floats:
    """Return what a user's function makes of `z`, or say what is wrong with it (MFV-14)."""
    values = np.asarray(function(z))
    if values.shape != shape or values.dtype.kind not in "fiu":
        raise ModelError(f"a log joint or gradient gives {values.dtype} of {values.shape}")
    if not np.isfinite(values).all():
        raise ModelError("a log joint or gradient is not finite")
    return values.astype(np.float64)
