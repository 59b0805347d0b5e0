"""What the laws of GRD are checked with: states, quadrature, functions with derivatives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from reference.inference.gradients import Bernoulli, Categorical, Latents

Floats = NDArray[np.float64]

BITS = Bernoulli(np.array([0.4, -1.1]))
OUTCOMES = Categorical(np.array([[0.2, -0.7, 1.1]]))
LATENTS = [BITS, OUTCOMES]


def states(q: Latents) -> Iterator[Floats]:
    """Every state of the latents."""
    if isinstance(q, Bernoulli):
        for bits in product([0.0, 1.0], repeat=q.logits.shape[-1]):
            yield np.array(bits)
        return
    D, n = q.logits.shape[-2:]
    for outcomes in product(range(n), repeat=D):
        yield np.eye(n)[list(outcomes)]


def noise_of_states(q: Latents) -> tuple[Floats, Floats]:
    """For each state, noise that makes it, and its probability."""
    b = np.stack(list(states(q)))
    return noise_of(q, np.where(b == 1, 60.0, -60.0) + q.logits), np.exp(q.log_mass(b))


def noise_of(q: Latents, z: Floats) -> Floats:
    """The noise u of which z is made."""
    eps = z - q.logits
    u = expit(eps) if isinstance(q, Bernoulli) else np.exp(-np.exp(-np.maximum(eps, -6.5)))
    return np.clip(u, 1e-300, 1 - 2.0**-53)


def unit_nodes(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the tanh-sinh rule on (0, 1), for what is smooth inside."""
    t = np.linspace(-3, 3, n)
    x = np.pi / 2 * np.sinh(t)
    return expit(2 * x), (t[1] - t[0]) * np.pi / 4 * np.cosh(t) / np.cosh(x) ** 2


def grid(n: int, axes: int) -> tuple[Floats, Floats]:
    """The rule on a cube: nodes ``(n^axes, axes)``, and their weights."""
    x, w = unit_nodes(n)
    points = np.stack(np.meshgrid(*[x] * axes, indexing="ij"), axis=-1).reshape(-1, axes)
    weights = np.prod(np.meshgrid(*[w] * axes, indexing="ij"), axis=0).ravel()
    return points, weights


def expectation(q: Latents, estimator: Callable[[Floats, Floats], Floats], n: int) -> Floats:
    """The expectation over both noises, each state integrated by itself.

    An estimate is the sum of a function of (b, z) and one of (b, z~), which have one law; so
    its expectation is that under noise u which makes ``z = z~`` of b and v.
    """
    v, w = grid(n, q.logits.size)
    v, total = v.reshape(-1, *q.logits.shape), np.zeros(q.logits.shape)
    for state in states(q):
        b = np.broadcast_to(state, v.shape)
        g = estimator(noise_of(q, q.conditional(b, v)), v)
        total = total + np.exp(q.log_mass(state)) * np.tensordot(w, g, 1)
    return total


def exact_gradient(q: Latents, f: Callable[[Floats], Floats]) -> Floats:
    """The gradient of ``E f(b)``, as a sum over states of ``f grad p``."""
    b = np.stack(list(states(q)))
    return np.tensordot(np.exp(q.log_mass(b)) * f(b), b - q.mean, 1)


@dataclass(frozen=True)
class Cubic:
    """``(a . x - shift)^3``, with its first two derivatives; a is 1, -2, 3, ... by place."""

    axes: int
    shift: float = 0.3

    def _a(self, x: Floats) -> Floats:
        event = x.shape[x.ndim - self.axes :]
        place = np.arange(np.prod(event)).reshape(event)
        return np.asarray((place + 1) * (-1.0) ** place / 2)

    def _along(self, x: Floats) -> Floats:
        return (self._a(x) * x).sum(axis=tuple(range(-self.axes, 0)))

    def __call__(self, x: Floats) -> Floats:
        """Return one number a row."""
        return (self._along(x) - self.shift) ** 3

    def gradient(self, x: Floats) -> Floats:
        """Return the gradient in the argument."""
        s = self._along(x)[(...,) + (None,) * self.axes]
        return 3 * (s - self.shift) ** 2 * self._a(x)

    def hessian(self, x: Floats, direction: Floats) -> Floats:
        """Return the second derivatives times a direction."""
        s, d = (self._along(v)[(...,) + (None,) * self.axes] for v in (x, direction))
        return 6 * (s - self.shift) * d * self._a(x)


@dataclass(frozen=True)
class Sine:
    """The control variate ``phi_0 sin(a . z + phi_1)``, with a of `Cubic`."""

    axes: int
    phi: tuple[float, float] = (0.7, 0.4)

    def _angle(self, z: Floats) -> Floats:
        return Cubic(self.axes)._along(z) + self.phi[1]

    def value(self, z: Floats) -> Floats:
        """Return one number a row."""
        return self.phi[0] * np.sin(self._angle(z))

    def gradient(self, z: Floats) -> Floats:
        """Return the gradient in the argument."""
        slope = np.cos(self._angle(z))[(...,) + (None,) * self.axes]
        return self.phi[0] * slope * Cubic(self.axes)._a(z)

    def parameter_gradient(self, z: Floats, weight: Floats, direction: Floats) -> Floats:
        """Return that of ``weight c + direction . grad c`` in phi."""
        angle, along = self._angle(z), Cubic(self.axes)._along(direction)
        d_0 = weight * np.sin(angle) + np.cos(angle) * along
        d_1 = self.phi[0] * (weight * np.cos(angle) - np.sin(angle) * along)
        return np.stack([d_0, d_1], axis=-1)


@dataclass(frozen=True)
class Toy:
    """``sum (b - t)^2``, the toy problem of REBAR and RELAX; gradient and Hessian."""

    t: float = 0.499

    def __call__(self, b: Floats) -> Floats:
        """Return one number a row."""
        return ((b - self.t) ** 2).sum(axis=-1)

    def gradient(self, b: Floats) -> Floats:
        """Return the gradient in the argument."""
        return 2 * (b - self.t)


def one_bit(p: float) -> Bernoulli:
    return Bernoulli(np.array([np.log(p / (1 - p))]))


def split_nodes(p: float, n: int = 200) -> tuple[Floats, Floats]:
    """Noise of one bit of probability p, split where the bit changes."""
    x, w = unit_nodes(n)
    return (
        np.concatenate([x * (1 - p), 1 - p + x * p]),
        np.concatenate([w * (1 - p), w * p]),
    )
