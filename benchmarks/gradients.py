"""Time Monte Carlo loops of gradient estimators against PyTorch, and print the ratios.

    python benchmarks/gradients.py [--quick]

The toy problem ``f(b) = (b - 0.499)^2`` of one bit: a million rows of noise, the same for all,
which nobody is timed for drawing, and the gradient of every row in binary64. `fast` is timed
twice: with f, and the control variate of RELAX, in numpy and scipy, of which nothing is
compiled by `fast`; and with both in compiled code, where a loop calls the kernels of `fast`,
and a hyperbolic tangent is ``2 s - 1`` with s the sigmoid of the kernel at ``2 y``.
The peer is PyTorch as its users write it: operations on tensors, in place where they can be,
no autograd where a derivative is plain, on all rows at once and on parts of them, of which the
fastest counts. RELAX has the control variate of `benchmarks/reproduce/relax_toy.py`, with 10
tanh units; its derivatives are also left to autograd, as most users would. CPU times of one
thread, medians of interleaved runs, each after one of the same that does not count. Every
answer is compared before it is timed.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

import fast.inference.gradients
import reference.inference.gradients
from fast.inference.gradients import (
    concrete_kernel,
    conditional_kernel,
    muprop_kernel,
    rebar_kernel,
    relax_kernel,
    relaxed_kernel,
    rounded_kernel,
    score_function_kernel,
    squash_kernel,
    straight_through_kernel,
)
from reference.inference.gradients import Bernoulli

Floats = NDArray[np.float64]

RUNS = 9
"""Timed runs, of which the median is printed."""
TARGET, LOGIT, TEMPERATURE, ETA, UNITS = 0.499, 0.3, 0.5, 0.8, 10
PART = 512
"""Numbers of rows that compiled code takes at a time."""
CHUNKS = (8192, 16384, 65536, 262144)
"""Numbers of rows that PyTorch takes at a time, besides all."""


# What is estimated, for numpy: rows of one bit


def f(b: Floats) -> Floats:
    away = b[:, 0] - TARGET
    return np.square(away, out=away)


def f_gradient(b: Floats) -> Floats:
    away = b - TARGET
    return np.multiply(away, 2, out=away)


class Control:
    """``eta f(sigmoid(z / T)) + w . tanh(a z + b)``, and its derivative: numpy and scipy."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.a, self.b, self.w = rng.standard_normal((3, UNITS, 1))

    def units(self, z: Floats) -> tuple[Floats, Floats]:
        """Return the sigmoids of ``z / T``, and the tanh units, rows on the last axis."""
        h = self.a * z[:, 0]
        h += self.b
        return expit(z[:, 0] * (1 / TEMPERATURE)), np.tanh(h, out=h)

    def value(self, z: Floats) -> Floats:
        """Return one number a row."""
        x, h = self.units(z)
        return ETA * (x - TARGET) ** 2 + self.w[:, 0] @ h

    def gradient(self, z: Floats) -> Floats:
        """Return the derivative in z."""
        x, h = self.units(z)
        relaxed = (2 * ETA / TEMPERATURE) * (x - TARGET) * x * (1 - x)
        weights = (self.a * self.w)[:, 0]
        return (relaxed + weights.sum() - weights @ np.square(h, out=h))[:, None]


# The same in compiled code: a part of the rows at a time, which stays in the first cache


@numba.njit(nogil=True)
def f_of_bits(b: Floats, values: Floats) -> None:
    for i in range(b.size):
        values[i] = (b[i] - TARGET) * (b[i] - TARGET)


@numba.njit(nogil=True)
def slope_of_bits(b: Floats, slopes: Floats) -> None:
    for i in range(b.size):
        slopes[i] = 2 * (b[i] - TARGET)


@numba.njit(nogil=True)
def compiled_score_function(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    _, up, down, mean, _ = logits
    b, f, none = np.empty(PART), np.empty(PART), np.zeros(PART)
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        rounded_kernel(part, up, down, b[:n])
        f_of_bits(b[:n], f)
        score_function_kernel(f[:n], none, b[:n], mean, out[start : start + n])


@numba.njit(nogil=True)
def compiled_muprop(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    _, up, down, mean, slope = logits
    b, f, none = np.empty(PART), np.empty(PART), np.zeros(PART)
    f_mean, f_slope = np.empty(PART), np.empty(PART)
    f_of_bits(mean, f_mean)
    slope_of_bits(mean, f_slope)
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        rounded_kernel(part, up, down, b[:n])
        f_of_bits(b[:n], f)
        here = out[start : start + n]
        muprop_kernel(f[:n], f_mean, f_slope, none, b[:n], mean, slope, 1, here)


@numba.njit(nogil=True)
def compiled_concrete(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    rest, _, down, _, _ = logits
    x, slopes = np.empty(PART), np.empty(PART)
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        relaxed_kernel(part, rest, down, x[:n])
        squash_kernel(x[:n], 1 / TEMPERATURE)
        slope_of_bits(x[:n], slopes)
        concrete_kernel(slopes[:n], x[:n], 1 / TEMPERATURE, out[start : start + n])


@numba.njit(nogil=True)
def compiled_straight_through(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    _, up, down, _, slope = logits
    b, slopes = np.empty(PART), np.empty(PART)
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        rounded_kernel(part, up, down, b[:n])
        slope_of_bits(b[:n], slopes)
        straight_through_kernel(slopes[:n], slope, out[start : start + n])


@numba.njit(nogil=True)
def compiled_rebar(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    rest, up, down, mean, _ = logits
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        if start == 0 or n < PART:
            states, slope = np.empty((3, n)), np.empty(n)
            f, slopes = np.empty((2, n)), np.empty((2, n))
        other = v[start : start + n]
        conditional_kernel(part, other, rest, up, down, states[0], states[1], states[2], slope)
        squash_kernel(states[1:].reshape(-1), 1 / TEMPERATURE)
        f_of_bits(states[:2].reshape(-1), f.reshape(-1))
        slope_of_bits(states[1:].reshape(-1), slopes.reshape(-1))
        here = out[start : start + n]
        rebar_kernel(f, slopes, states, mean, slope, ETA, 1 / TEMPERATURE, here)


@numba.njit(nogil=True, fastmath={"contract"})
def control_of_bits(z, control, c, slopes, s):  # type: ignore[no-untyped-def]
    """Set `c` and `slopes` to the control variate and its derivative."""
    a, b, w = control
    s[:] = z
    squash_kernel(s, 1 / TEMPERATURE)
    for i in range(z.size):
        away = s[i] - TARGET
        c[i] = ETA * away * away
        slopes[i] = 2 * ETA / TEMPERATURE * away * s[i] * (1 - s[i])
    for unit in range(a.size):
        for i in range(z.size):
            s[i] = a[unit] * z[i] + b[unit]
        squash_kernel(s, 2.0)
        for i in range(z.size):
            c[i] += w[unit] * (2 * s[i] - 1)
            slopes[i] += 4 * w[unit] * a[unit] * s[i] * (1 - s[i])


@numba.njit(nogil=True)
def compiled_relax(u, v, logits, control, out):  # type: ignore[no-untyped-def]
    rest, up, down, mean, _ = logits
    for start in range(0, u.size, PART):
        part = u[start : start + PART]
        n = part.size
        if start == 0 or n < PART:
            states, room = np.empty((3, n)), np.empty((4, n))
            c, slopes = np.empty((2, n)), np.empty((2, n))
        slope, f, s = room[0], room[1], room[2:].reshape(-1)
        other = v[start : start + n]
        conditional_kernel(part, other, rest, up, down, states[0], states[1], states[2], slope)
        f_of_bits(states[0], f)
        both = states[1:].reshape(-1)
        control_of_bits(both, control, c.reshape(-1), slopes.reshape(-1), s)
        relax_kernel(f, c[0], slopes, states[0], mean, slope, out[start : start + n])


COMPILED = {
    "score_function": compiled_score_function,
    "muprop": compiled_muprop,
    "concrete": compiled_concrete,
    "straight_through": compiled_straight_through,
    "rebar": compiled_rebar,
    "relax": compiled_relax,
}


def logits_of_kernels() -> tuple[Floats, ...]:
    """Return what kernels take in the place of the logit, as often as a part has rows."""
    up, down = np.exp(LOGIT / 2), np.exp(-LOGIT / 2)
    mean = up / (up + down)
    numbers = (LOGIT / 2, up, down, mean, mean * (1 - mean))
    return tuple(np.full(PART, number) for number in numbers)


class Peer:
    """The same estimators in PyTorch, of flat tensors of noise."""

    def __init__(self, control: Control) -> None:
        try:
            import torch
        except ImportError:
            raise SystemExit("the peer is missing: pip install torch") from None
        torch.set_num_threads(1)
        self.torch = torch
        self.theta = torch.tensor(LOGIT, dtype=torch.float64)
        self.p = torch.sigmoid(self.theta)
        self.a, self.b, self.w = (torch.tensor(x) for x in (control.a, control.b, control.w))

    def f(self, b: Any) -> Any:
        """One number a row."""
        return (b - TARGET).square_()

    def f_gradient(self, b: Any) -> Any:
        """The derivative of f."""
        return (b - TARGET).mul_(2)

    def bits(self, u: Any) -> Any:
        """The states."""
        return (u > 1 - self.p).double()

    def logistic(self, u: Any) -> Any:
        """``z``, or ``z~`` of changed noise."""
        return self.torch.logit(u).add_(self.theta)

    def score_function(self, u: Any, v: Any) -> Any:
        """GRD-4."""
        b = self.bits(u)
        return self.f(b).mul_(b.sub_(self.p))

    def muprop(self, u: Any, v: Any) -> Any:
        """GRD-14: what is taken at the mean is taken once."""
        b, slope = self.bits(u), self.f_gradient(self.p)
        values = self.f(b).sub_(self.f(self.p))
        away = b.sub_(self.p)
        values.addcmul_(away, -slope)
        return values.mul_(away).add_(slope * self.p * (1 - self.p))

    def concrete(self, u: Any, v: Any) -> Any:
        """GRD-15."""
        x = self.logistic(u).mul_(1 / TEMPERATURE).sigmoid_()
        slope = self.f_gradient(x).mul_(x)
        return slope.mul_(x.neg_().add_(1)).mul_(1 / TEMPERATURE)

    def straight_through(self, u: Any, v: Any) -> Any:
        """GRD-16."""
        return self.f_gradient(self.bits(u)).mul_(self.p * (1 - self.p))

    def conditional(self, u: Any, v: Any) -> tuple[Any, ...]:
        """Return b, z, ``z~`` and the derivative of ``z~``: GRD-8 with one logarithm.

        With t = v for a 1 and 1 - v for a 0, and k the odds against the bit, ``z~`` is
        ``theta + log((t + k) / (1 - t))``, with minus for a 0, and its derivative t / (t + k).
        """
        torch = self.torch
        z = self.logistic(u)
        one = z > 0
        t = torch.where(one, v, 1 - v)
        total = torch.where(one, torch.exp(-self.theta), torch.exp(self.theta)).add_(t)
        slope = t / total
        b = one.double()
        sign = b.mul(2).sub_(1)
        z_tilde = total.div_(t.neg_().add_(1)).log_().mul_(sign).add_(self.theta)
        return b, z, z_tilde, slope

    def rebar(self, u: Any, v: Any) -> Any:
        """GRD-12."""
        b, z, z_tilde, slope = self.conditional(u, v)
        x = z.mul_(1 / TEMPERATURE).sigmoid_()
        x_tilde = z_tilde.mul_(1 / TEMPERATURE).sigmoid_()
        signal = self.f(b).sub_(self.f(x_tilde), alpha=ETA).mul_(b.sub_(self.p))
        free = self.f_gradient(x).mul_(x).mul_(x.neg_().add_(1))
        held = self.f_gradient(x_tilde).mul_(x_tilde).mul_(x_tilde.neg_().add_(1))
        free.addcmul_(slope, held, value=-1)
        return signal.add_(free, alpha=ETA / TEMPERATURE)

    def units(self, z: Any) -> Any:
        """Return the tanh units, rows on the last axis."""
        return self.torch.addcmul(self.b, self.a, z).tanh_()

    def relaxed(self, z: Any) -> tuple[Any, Any]:
        """Return ``eta f(x)`` and its derivative."""
        x = (z * (1 / TEMPERATURE)).sigmoid_()
        away = x - TARGET
        slope = away.mul(x).mul_(x.neg_().add_(1)).mul_(2 * ETA / TEMPERATURE)
        return away.square_().mul_(ETA), slope

    def slope_of_units(self, h: Any) -> Any:
        """Return ``sum_k w_k a_k (1 - h_k^2)``."""
        weights = (self.a * self.w)[:, 0]
        return weights.sum() - weights @ h.square_()

    def relax(self, u: Any, v: Any) -> Any:
        """Derivatives by hand; the units at ``z~`` are made once."""
        b, z, z_tilde, slope = self.conditional(u, v)
        (c, held), (_, free) = self.relaxed(z_tilde), self.relaxed(z)
        h = self.units(z_tilde)
        c += self.w[:, 0] @ h
        held += self.slope_of_units(h)
        free += self.slope_of_units(self.units(z))
        signal = self.f(b).sub_(c).mul_(b.sub_(self.p))
        return signal.add_(free).addcmul_(slope, held, value=-1)

    def relax_autograd(self, u: Any, v: Any) -> Any:
        """Derivatives of c by autograd, at both variables in one pass."""
        torch = self.torch
        b, z, z_tilde, slope = self.conditional(u, v)
        both = torch.stack([z, z_tilde]).requires_grad_()
        with torch.enable_grad():
            x = torch.sigmoid(both / TEMPERATURE)
            h = torch.tanh(self.a * both[:, None] + self.b)
            c = ETA * (x - TARGET) ** 2 + self.w[:, 0] @ h
            (slopes,) = torch.autograd.grad(c.sum(), both)
        signal = self.f(b).sub_(c[1].detach()).mul_(b.sub_(self.p))
        return signal.add_(slopes[0]).addcmul_(slope, slopes[1], value=-1)


NUMPY, LOOP = "fast, functions in numpy", "fast, kernels and functions in a loop"


def in_parts(estimate: Callable[[Any, Any], Any], u: Any, v: Any, rows: int) -> Any:
    """Return the estimates, made of so many rows at a time."""
    out = u.new_empty(len(u))
    for first in range(0, len(u), rows):
        part = slice(first, first + rows)
        out[part] = estimate(u[part], v[part])
    return out


def compare(title: str, contenders: dict[str, Callable[[], Any]]) -> None:
    """Print the median CPU time of each kind, and how many times ours that is."""
    answers = {name: np.asarray(call()).reshape(-1) for name, call in contenders.items()}
    for name, answer in answers.items():
        difference = float(np.abs(answer - answers[NUMPY]).max())
        if not difference <= 1e-12 * np.abs(answers[NUMPY]).max():
            raise SystemExit(f"{title}: {name} differs by {difference}")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS):
        print(f"\r{title}: run {run + 1} of {RUNS} ", end="", file=sys.stderr, flush=True)
        for name, call in contenders.items():
            call()  # as in a loop: its memory and its code are at hand
            start = time.thread_time()
            call()
            times[name].append(time.thread_time() - start)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    medians = {name: statistics.median(t) for name, t in times.items()}
    best: dict[str, str] = {}
    for name in medians:
        kind = name.partition(", at a time")[0]
        best[kind] = min(best.get(kind, name), name, key=medians.__getitem__)
    print(title)
    for name in best.values():
        print(f"  {name:<48} {medians[name] * 1e3:9.2f} ms", end="")
        ratios = [medians[name] / medians[ours] for ours in (NUMPY, LOOP)]
        print(f" {ratios[0]:8.2f} x {ratios[1]:8.2f} x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    n = 1_000_000 // (10 if parser.parse_args().quick else 1)
    rng = np.random.default_rng(0)
    u, v = rng.uniform(2.0**-53, 1, (2, n, 1))
    q, control = Bernoulli(np.array([LOGIT])), Control(rng)
    peer = Peer(control)
    u_torch, v_torch = (peer.torch.from_numpy(x[:, 0]) for x in (u, v))
    estimators: dict[str, Callable[[Any], Floats]] = {
        "score_function": lambda m: m.score_function_gradient(f, q, u),
        "muprop": lambda m: m.muprop_gradient(f, f_gradient, q, u),
        "concrete": lambda m: m.concrete_gradient(f_gradient, q, u, TEMPERATURE),
        "straight_through": lambda m: m.straight_through_gradient(f_gradient, q, u),
        "rebar": lambda m: m.rebar_gradient(f, f_gradient, q, u, v, TEMPERATURE, ETA),
        "relax": lambda m: m.relax_gradient(f, control, q, u, v),
    }
    logits = logits_of_kernels()
    parameters = tuple(x[:, 0].copy() for x in (control.a, control.b, control.w))

    def compiled(name: str) -> Floats:
        out = np.empty(n)
        COMPILED[name](u[:, 0], v[:, 0], logits, parameters, out)
        return out

    print("after the times: how many times that of either loop of fast")
    for name, ours in estimators.items():
        contenders: dict[str, Callable[[], Any]] = {
            NUMPY: lambda ours=ours: ours(fast.inference.gradients),  # type: ignore[misc]
            LOOP: lambda name=name: compiled(name),  # type: ignore[misc]
            "reference": lambda ours=ours: ours(reference.inference.gradients),  # type: ignore[misc]
        }
        peers = [("PyTorch", getattr(peer, name))]
        if name == "relax":
            peers.append(("PyTorch with autograd", peer.relax_autograd))
        for kind, estimate in peers:
            for rows in (n, *CHUNKS):
                contenders[f"{kind}, at a time: {min(rows, n)} rows"] = (  # type: ignore[misc]
                    lambda e=estimate, rows=rows: (
                        in_parts(e, u_torch, v_torch, rows)
                        if rows < n
                        else e(u_torch, v_torch)
                    )
                )
        with peer.torch.no_grad():
            compare(f"{name}_gradient of {n:,} rows", contenders)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
