"""Time Monte Carlo loops of gradient estimators against PyTorch, and print the ratios.

    python benchmarks/gradients.py [--quick]

The toy problem ``f(b) = (b - 0.499)^2`` of one bit: a million rows of noise, the same for all,
which nobody is timed for drawing, and the gradient of every row in binary64. The peer is
PyTorch as its users would write it, with operations on whole tensors, in place where that is
possible and without autograd where derivatives are closed forms, on all rows at once and on
parts of them: the fastest of these counts. RELAX has the control variate of
`benchmarks/reproduce/relax_toy.py`, with 10 tanh units: the derivatives are also left to
autograd, for that is what a PyTorch user does there. CPU times of one thread, medians of
interleaved runs. Every answer is compared before it is timed.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import fast.inference.gradients
import reference.inference.gradients
from reference.inference.gradients import Bernoulli

Floats = NDArray[np.float64]

RUNS = 9
"""Timed runs, of which the median is printed."""
TARGET, LOGIT, TEMPERATURE, ETA, UNITS = 0.499, 0.3, 0.5, 0.8, 10
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
    """``eta f(sigmoid(z / T)) + w . tanh(a z + b)``, and its derivative."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.a, self.b, self.w = rng.standard_normal((3, UNITS))

    def units(self, z: Floats) -> Floats:
        h = z * self.a
        h += self.b
        return np.tanh(h, out=h)

    def value(self, z: Floats) -> Floats:
        x = 1 / (1 + np.exp(z[:, 0] / -TEMPERATURE))
        return ETA * (x - TARGET) ** 2 + self.units(z) @ self.w

    def gradient(self, z: Floats) -> Floats:
        x = 1 / (1 + np.exp(z / -TEMPERATURE))
        h = self.units(z)
        h *= h
        relaxed = (2 * ETA / TEMPERATURE) * (x - TARGET) * x * (1 - x)
        weights = self.a * self.w
        return relaxed + (weights.sum() - h @ weights)[:, None]


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
        return (b - TARGET).square_()

    def f_gradient(self, b: Any) -> Any:
        return (b - TARGET).mul_(2)

    def bits(self, u: Any) -> Any:
        return (u > 1 - self.p).double()

    def logistic(self, u: Any) -> Any:
        return self.torch.logit(u).add_(self.theta)

    def score_function(self, u: Any, v: Any) -> Any:
        b = self.bits(u)
        return self.f(b).mul_(b.sub_(self.p))

    def muprop(self, u: Any, v: Any) -> Any:
        b, slope = self.bits(u), self.f_gradient(self.p)
        values = self.f(b).sub_(self.f(self.p))
        away = b.sub_(self.p)
        values.addcmul_(away, -slope)
        return values.mul_(away).add_(slope * self.p * (1 - self.p))

    def concrete(self, u: Any, v: Any) -> Any:
        x = self.logistic(u).mul_(1 / TEMPERATURE).sigmoid_()
        slope = self.f_gradient(x).mul_(x)
        return slope.mul_(x.neg_().add_(1)).mul_(1 / TEMPERATURE)

    def straight_through(self, u: Any, v: Any) -> Any:
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
        b, z, z_tilde, slope = self.conditional(u, v)
        x = z.mul_(1 / TEMPERATURE).sigmoid_()
        x_tilde = z_tilde.mul_(1 / TEMPERATURE).sigmoid_()
        signal = self.f(b).sub_(self.f(x_tilde), alpha=ETA).mul_(b.sub_(self.p))
        free = self.f_gradient(x).mul_(x).mul_(x.neg_().add_(1))
        held = self.f_gradient(x_tilde).mul_(x_tilde).mul_(x_tilde.neg_().add_(1))
        free.addcmul_(slope, held, value=-1)
        return signal.add_(free, alpha=ETA / TEMPERATURE)

    def units(self, z: Any) -> Any:
        return self.torch.addcmul(self.b, z[:, None], self.a).tanh_()

    def relaxed(self, z: Any) -> tuple[Any, Any]:
        """Return ``eta f(x)`` and its derivative."""
        x = (z * (1 / TEMPERATURE)).sigmoid_()
        away = x - TARGET
        slope = away.mul(x).mul_(x.neg_().add_(1)).mul_(2 * ETA / TEMPERATURE)
        return away.square_().mul_(ETA), slope

    def slope_of_units(self, h: Any) -> Any:
        weights = self.a * self.w
        return weights.sum() - h.square_() @ weights

    def relax(self, u: Any, v: Any) -> Any:
        b, z, z_tilde, slope = self.conditional(u, v)
        (c, held), (_, free) = self.relaxed(z_tilde), self.relaxed(z)
        h = self.units(z_tilde)
        c += h @ self.w
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
            h = torch.tanh(both[..., None] * self.a + self.b)
            c = ETA * (x - TARGET) ** 2 + h @ self.w
            (slopes,) = torch.autograd.grad(c.sum(), both)
        signal = self.f(b).sub_(c[1].detach()).mul_(b.sub_(self.p))
        return signal.add_(slopes[0]).addcmul_(slope, slopes[1], value=-1)


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
        difference = float(np.abs(answer - answers["fast"]).max())
        if not difference <= 1e-12 * np.abs(answers["fast"]).max():
            raise SystemExit(f"{title}: {name} differs by {difference}")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS):
        print(f"\r{title}: run {run + 1} of {RUNS} ", end="", file=sys.stderr, flush=True)
        for name, call in contenders.items():
            start = time.thread_time()
            call()
            times[name].append(time.thread_time() - start)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    medians = {name: statistics.median(t) for name, t in times.items()}
    best: dict[str, str] = {}
    for name in medians:
        kind = name.partition(",")[0]
        best[kind] = min(best.get(kind, name), name, key=medians.__getitem__)
    print(title)
    for name in best.values():
        ratio = f"{medians[name] / medians['fast']:7.2f} x" if name != "fast" else ""
        print(f"  {name:<42} {medians[name] * 1e3:9.2f} ms {ratio}", flush=True)


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
    estimators: dict[str, tuple[Callable[[Any], Floats], list[str]]] = {
        "score function": (lambda m: m.score_function_gradient(f, q, u), ["score_function"]),
        "MuProp": (lambda m: m.muprop_gradient(f, f_gradient, q, u), ["muprop"]),
        "Concrete": (
            lambda m: m.concrete_gradient(f_gradient, q, u, TEMPERATURE),
            ["concrete"],
        ),
        "straight-through": (
            lambda m: m.straight_through_gradient(f_gradient, q, u),
            ["straight_through"],
        ),
        "REBAR": (
            lambda m: m.rebar_gradient(f, f_gradient, q, u, v, TEMPERATURE, ETA),
            ["rebar"],
        ),
        "RELAX": (
            lambda m: m.relax_gradient(f, control, q, u, v),
            ["relax", "relax_autograd"],
        ),
    }
    for title, (ours, peers) in estimators.items():
        contenders: dict[str, Callable[[], Any]] = {
            "fast": lambda ours=ours: ours(fast.inference.gradients),  # type: ignore[misc]
            "reference": lambda ours=ours: ours(reference.inference.gradients),  # type: ignore[misc]
        }
        for name in peers:
            estimate = getattr(peer, name)
            kind = "PyTorch with autograd" if name.endswith("autograd") else "PyTorch"
            contenders[f"{kind}, all rows"] = lambda e=estimate: e(u_torch, v_torch)  # type: ignore[misc]
            for rows in CHUNKS:
                contenders[f"{kind}, {rows} rows at a time"] = (  # type: ignore[misc]
                    lambda e=estimate, rows=rows: in_parts(e, u_torch, v_torch, rows)
                )
        with peer.torch.no_grad():
            compare(f"{title}: gradients of {n:,} rows", contenders)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
