"""Time a step of training with discrete latents against PyTorch, and print the ratios.

    python benchmarks/discrete_vae.py [--quick]

A step is the gradients by an estimator and the change by Adam, of a model, its prior and what
the estimator learns: a linear autoencoder of 784 pixels and 200 bits, float32, 100 images; the
baselines have a hidden layer of 100 units, the control variate of RELAX two of 200. Noise is
drawn beforehand, the same for both. CPU times of one thread, medians of interleaved runs.

The peer is written as its users write it, with torch.autograd and torch.optim.Adam, of which
the fastest form is quoted, and without needless work: one reverse pass wherever the estimator
allows it, divergences in closed form, and second derivatives, by ``create_graph``, of the
network of RELAX alone. All gradients are compared before anything is timed.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fast.models.discrete_vae import discrete_gradients, draw_noise
from fast.models.mlp import adam_kernel
from reference.inference.adam import BETA_1, BETA_2
from reference.models.discrete_vae import (
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
    initialise_discrete,
    initialise_learned,
)
from reference.models.mlp import Mlp

PIXELS, BITS, BATCH = 784, 200, 100
BASELINE, CONTROL = (100,), (200, 200)
RATE = 1e-3
DRAWS = {"NVIL": 1, "MuProp": 1, "Concrete": 1, "REBAR": 1, "RELAX": 1, "VIMCO": 5}
"""Of each image, by estimator."""
OPTIMISERS = {
    "a loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
"""The forms of Adam in PyTorch."""
RUNS, STEPS = 25, 4
"""Timed runs, of which the median is printed, and the steps of each."""
TOLERANCE = 3e-4
"""Of a gradient, relative to its norm. Signals are differences, of a few nats, of values near
550, each of which binary32 rounds to 3e-5."""

Images = NDArray[np.uint8]


@dataclass
class Problem:
    """Where a step starts from."""

    estimator: Estimator
    model: DiscreteVae
    learned: tuple[Learned, ...]
    x: Images
    noise: Noise


def problem(name: str) -> Problem:
    """Draw a model, images and noise for an estimator."""
    rng, estimator = np.random.default_rng(0), Estimator(name)
    model = initialise_discrete(PIXELS, (BITS,), rng)
    hidden = CONTROL if name == "RELAX" else BASELINE
    (learned,) = initialise_learned(estimator, (PIXELS, BITS), hidden, rng)
    learned = replace(learned, centre=-550.0, variance=100.0)  # as NVIL has them later
    x = (rng.random((BATCH, PIXELS)) < 0.13).astype(np.uint8)
    noise = draw_noise((BITS,), BATCH, DRAWS[name], rng, pairs=estimator.pairs)
    return Problem(estimator, model, (learned,), x, noise)


def in_order(networks: Sequence[Mlp]) -> list[NDArray[np.float32]]:
    """Return the arrays of networks."""
    return [a for network in networks for p in network for a in (p.weights, p.bias)]


class Ours:
    """The step by `fast`."""

    def __init__(self, start: Problem) -> None:
        self.start, self.learned, self.steps = start, start.learned, 0
        self.eta = np.array([start.learned[0].eta], np.float32)
        self.arrays = [*self.parts(start.model, start.learned), self.eta]
        self.m, self.v = ([np.zeros_like(a) for a in self.arrays] for _ in range(2))

    @staticmethod
    def parts(model: DiscreteVae, learned: tuple[Learned, ...]) -> list[Any]:
        """Return the arrays of a model, or a gradient, and of what was learned."""
        networks = [*model.encoders, *model.decoders, learned[0].baseline, learned[0].control]
        return [*in_order(networks), model.prior]

    def gradients(self) -> tuple[list[Any], Learned]:
        """Return the gradients, that in eta last, and what the estimator learned."""
        s = self.start
        found = discrete_gradients(s.model, s.x, s.noise, s.estimator, self.learned)
        (lesson,) = found.learned
        eta = np.array([lesson.eta if s.estimator.pairs else 0.0], np.float32)
        return [*self.parts(found.model, found.learned), eta], lesson

    def step(self) -> None:
        """Take one."""
        found, lesson = self.gradients()
        self.steps += 1
        step = np.float32(RATE / (1 - BETA_1**self.steps))
        square_scale = np.float32(1 / (1 - BETA_2**self.steps))
        for arrays in zip(self.arrays, found, self.m, self.v, strict=True):
            adam_kernel(*(a.reshape(-1) for a in arrays), step, square_scale)
        means = {"centre": lesson.centre, "variance": lesson.variance}
        self.learned = (replace(self.learned[0], eta=float(self.eta[0]), **means),)


class Peer:
    """The step in PyTorch."""

    def __init__(self, torch: Any, start: Problem, **adam: bool) -> None:
        self.torch, self.start = torch, start
        (encoder,), (decoder,), (learned,) = (
            start.model.encoders,
            start.model.decoders,
            start.learned,
        )
        self.encoder, self.decoder = self.network(encoder), self.network(decoder)
        self.baseline, self.control = map(self.network, (learned.baseline, learned.control))
        self.prior = torch.nn.Parameter(torch.tensor(start.model.prior))
        self.eta = torch.nn.Parameter(torch.tensor([learned.eta]))
        self.centre, self.variance = learned.centre, learned.variance
        self.x = torch.tensor(start.x, dtype=torch.float32)
        self.u, self.v = (
            [torch.tensor(a, dtype=torch.float32).squeeze(0) for a in arrays]
            for arrays in (start.noise.u, start.noise.v)
        )
        networks = self.encoder, self.decoder, self.baseline, self.control
        self.parameters = [p for network in networks for p in network.parameters()]
        self.parameters += [self.prior, self.eta]
        self.optimiser = torch.optim.Adam(self.parameters, lr=RATE, **adam)

    def network(self, layers: Mlp) -> Any:
        """Return a network with the same parameters."""
        nn, parts = self.torch.nn, []
        for layer in layers:
            linear = nn.Linear(*layer.weights.shape)
            with self.torch.no_grad():
                linear.weight.copy_(self.torch.tensor(layer.weights.T.copy()))
                linear.bias.copy_(self.torch.tensor(layer.bias))
            parts += [linear, nn.ReLU()]
        return nn.Sequential(*parts[:-1])

    def gradients(self) -> list[Any]:
        """Return the gradients, in the order and the layout of `Ours`."""
        self.optimiser.zero_grad()
        self.backward()
        found = [
            np.zeros(p.shape) if p.grad is None else p.grad.numpy() for p in self.parameters
        ]
        return [a.T if a.ndim == 2 else a for a in found]

    def step(self) -> None:
        """Take one."""
        self.optimiser.zero_grad()
        self.backward()
        self.optimiser.step()

    def log_mass(self, logits: Any, s: Any) -> Any:
        """Return the log mass of each row."""
        loss = self.torch.nn.functional.binary_cross_entropy_with_logits
        return -loss(logits, s, reduction="none").sum(-1)

    def reconstruction(self, s: Any) -> Any:
        """Return ``log p(x | s)`` of each row."""
        logits = self.decoder(2 * s - 1)
        return self.log_mass(logits, self.x.expand_as(logits))

    def backward(self) -> None:
        """Leave the gradients in the parameters."""
        torch, name = self.torch, self.start.estimator.name
        softplus, (u,) = torch.nn.functional.softplus, self.u
        inputs = 2 * self.x - 1
        logits = self.encoder(inputs)
        p = torch.sigmoid(logits)
        b = (u > 1 - p.detach()).float()
        if name == "VIMCO":
            self.vimco(logits, b).backward()
            return
        divergence = p * (logits - self.prior) - softplus(logits) + softplus(self.prior)
        divergence = divergence.sum(-1)
        if name == "Concrete":
            z = logits + torch.log(u) - torch.log1p(-u)
            s = torch.sigmoid(z / self.start.estimator.temperature)
            (divergence - self.reconstruction(s)).mean().backward()
            return
        f = self.reconstruction(b)
        bound = f - divergence
        if name == "NVIL":
            a = self.baseline(inputs)[:, 0]
            signal, scale = self.centred((f - a).detach())
            logits.register_hook(lambda d: d / scale)
            surrogate = signal * self.log_mass(logits, b)
            loss = ((f.detach() - a) ** 2).mean() - (bound + surrogate).mean()
        elif name == "MuProp":
            a = self.baseline(inputs)[:, 0]
            mean = p.detach().requires_grad_()
            at_mean = self.reconstruction(mean)
            (slope,) = torch.autograd.grad(at_mean.sum(), mean)
            rest = f.detach() - at_mean.detach() - (slope * (b - mean.detach())).sum(-1)
            surrogate = (rest - a).detach() * self.log_mass(logits, b) + (slope * p).sum(-1)
            loss = ((rest - a) ** 2).mean() - (bound + surrogate).mean()
        else:
            d = self.relax(logits.detach().requires_grad_(), f.detach(), b, inputs)
            loss = -bound.mean() - (d * logits).sum() / len(d)
        loss.backward()

    def centred(self, values: Any) -> tuple[Any, float]:
        """Return the signal of NVIL and its scale; keep the running mean and variance."""
        decay = self.start.estimator.decay
        self.centre = decay * self.centre + (1 - decay) * values.mean().item()
        variance = values.var(unbiased=False).item()
        self.variance = decay * self.variance + (1 - decay) * variance
        return values - self.centre, max(1.0, self.variance**0.5)

    def relax(self, logits: Any, f: Any, b: Any, inputs: Any) -> Any:
        """Return estimates in the logits; leave the gradients of their variance.

        `logits` are a leaf. What is linear in eta needs no second derivative.
        """
        torch, grad = self.torch, self.torch.autograd.grad
        softplus, (u,), (v,) = torch.nn.functional.softplus, self.u, self.v
        z = logits + torch.log(u) - torch.log1p(-u)
        up = softplus(logits + torch.log(v)) - torch.log1p(-v)
        down = torch.log(v) - softplus(torch.log1p(-v) - logits)
        held = torch.where(b == 1, up, down)
        per_temperature = 1 / self.start.estimator.temperature
        relaxed = torch.sigmoid(torch.stack([z, held]) * per_temperature)
        at_z, at_held = self.reconstruction(relaxed)
        (slope,) = grad((at_z - at_held).sum(), logits, retain_graph=len(self.control) > 0)
        control, along = self.eta * at_held.detach(), self.eta * slope
        if len(self.control):
            both = torch.cat([torch.cat([z, held]), inputs.repeat(2, 1)], dim=1)
            r_z, r_held = self.control(both)[:, 0].split(len(f))
            (r_slope,) = grad((r_z - r_held).sum(), logits, create_graph=True)
            control, along = control + r_held, along + r_slope
        score = b - torch.sigmoid(logits.detach())
        d = (f - control)[:, None] * score + along
        learned = [self.eta, *self.control.parameters()]
        found = grad((d**2).sum(-1).mean(), learned)
        for parameter, gradient in zip(learned, found, strict=True):
            parameter.grad = gradient
        return d.detach()

    def vimco(self, logits: Any, b: Any) -> Any:
        """Return minus the bound of all draws, with the terms of the score."""
        torch, K = self.torch, len(b)
        log_q = self.log_mass(logits.expand_as(b), b)
        log_w = self.reconstruction(b) + self.log_mass(self.prior.expand_as(b), b) - log_q
        bound = torch.logsumexp(log_w, 0) - np.log(K)
        with torch.no_grad():
            others = (log_w.sum(0) - log_w) / (K - 1)
            replaced = torch.where(torch.eye(K, dtype=bool)[:, :, None], others, log_w)
            signal = bound - (torch.logsumexp(replaced, 1) - np.log(K))
        return -(bound + (signal * log_q).sum(0)).mean()


def compare(name: str, torch: Any, runs: int) -> None:
    """Check that the gradients agree, then print the median CPU time of each."""
    peers = {form: Peer(torch, problem(name), **adam) for form, adam in OPTIMISERS.items()}
    ours = Ours(problem(name))
    wanted, (found, _) = next(iter(peers.values())).gradients(), ours.gradients()
    for a, b in zip(found, wanted, strict=True):
        error = np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30)
        assert a.shape == b.shape
        assert error < TOLERANCE, f"{name}: {a.shape} differ by {error}"
    contenders: dict[str, Callable[[], None]] = {"fast": ours.step}
    contenders |= {form: peer.step for form, peer in peers.items()}
    times: dict[str, list[float]] = {form: [] for form in contenders}
    for run in range(runs + 2):
        for form, step in contenders.items():
            start = time.thread_time()
            for _ in range(STEPS):
                step()
            if run > 1:  # the first ones warm up
                times[form].append((time.thread_time() - start) / STEPS)
    medians = {form: statistics.median(t) for form, t in times.items()}
    mine = medians.pop("fast")
    best = min(medians, key=lambda form: medians[form])
    print(
        f"{name:<9} {DRAWS[name]:>5} {mine * 1e3:>9.2f} {medians[best] * 1e3:>10.2f}"
        f" {medians[best] / mine:>8.2f} x   {best}",
        flush=True,
    )


def main() -> None:
    """Print a line for each estimator."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--quick", action="store_true", help="a few runs")
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        raise SystemExit("the peer is missing: pip install torch") from None
    torch.set_num_threads(1)
    print(f"{PIXELS}-{BITS}, {BATCH} images, CPU ms a step; PyTorch {torch.__version__}\n")
    print(f"{'':<9} {'draws':>5} {'fast':>9} {'PyTorch':>10} {'ratio':>10}   its Adam")
    for name in DRAWS:
        compare(name, torch, 5 if options.quick else RUNS)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
