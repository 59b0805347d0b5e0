"""Time the evaluation of the importance-weighted bound against PyTorch, and print the ratios.

    python benchmarks/elbo.py [--quick]

L_50 of 1000 images, for two networks with the same weights on both sides; and log-mean-exp of
log weights, against scipy and plain numpy. CPU times of one thread, medians of interleaved
runs. Both sides draw their noise; PyTorch evaluates as many images at a time as suits it best.
Every answer is compared, on the same noise, before it is timed.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from fast.inference.elbo import log_mean_exp
from fast.models.vae import log_evidence_bounds
from reference.models.vae import EVALUATION_BATCH, Vae, initialise

RUNS = 9
"""Timed runs, of which the median is printed."""
SAMPLES = 50
CHUNKS = (5, 10, 20, 50)
"""Numbers of images that PyTorch evaluates at a time."""
NETWORKS = {"784-200-200-50": ((200, 200), 50), "784-400-20": ((400,), 20)}


class Peer:
    """The same model in PyTorch, as its users write it."""

    def __init__(self, vae: Vae, images: NDArray[np.uint8]) -> None:
        try:
            import torch
        except ImportError:
            raise SystemExit("the peer is missing: pip install torch") from None
        torch.set_num_threads(1)
        self.torch = torch
        self.encoder, self.decoder = (
            [(torch.tensor(p.weights.T.copy()), torch.tensor(p.bias)) for p in network]
            for network in (vae.encoder, vae.decoder)
        )
        self.latents = vae.latents
        self.images = torch.tensor(images, dtype=torch.float32)

    def forward(self, network: list[Any], x: Any) -> Any:
        """Return the outputs of a network."""
        functional = self.torch.nn.functional
        for weights, bias in network[:-1]:
            x = functional.relu(functional.linear(x, weights, bias))
        return functional.linear(x, *network[-1])

    def bounds(self, chunk: int, noise: Any = None) -> Any:
        """Return L_k of each image, `chunk` images at a time; `noise` has images first."""
        torch, outcomes = self.torch, []
        with torch.inference_mode():
            code = self.forward(self.encoder, self.images)
            for first in range(0, len(self.images), chunk):
                x = self.images[first : first + chunk]
                mu, log_sigma = code[first : first + chunk, None].split(self.latents, dim=-1)
                if noise is None:
                    eps = torch.randn(len(x), SAMPLES, self.latents)
                else:
                    eps = noise[first : first + chunk]
                z = mu + log_sigma.exp() * eps
                logits = self.forward(self.decoder, z)
                nats = torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, x[:, None].expand_as(logits), reduction="none"
                ).sum(-1)
                log_w = ((eps**2 - z**2) / 2 + log_sigma).sum(-1) - nats
                outcomes.append(torch.logsumexp(log_w, 1) - np.log(SAMPLES))
            return torch.cat(outcomes)


def noise_of(seed: int, n: int, latents: int) -> NDArray[np.float32]:
    """Return the noise that `log_evidence_bounds` draws, with images first (VAE-12)."""
    rng, parts = np.random.default_rng(seed), []
    for first in range(0, n, EVALUATION_BATCH):
        shape = (SAMPLES, min(EVALUATION_BATCH, n - first), latents)
        parts.append(rng.standard_normal(shape, np.float32).swapaxes(0, 1))
    return np.concatenate(parts)


def evaluation(title: str, hidden: tuple[int, ...], latents: int, n: int) -> None:
    """Compare and time L_50 of `n` images."""
    rng = np.random.default_rng(0)
    vae = initialise(784, hidden, latents, rng)
    images = rng.integers(0, 2, (n, 784), np.uint8)
    peer = Peer(vae, images)
    found = log_evidence_bounds(vae, images, SAMPLES, np.random.default_rng(1))
    same = peer.bounds(20, peer.torch.tensor(noise_of(1, n, latents))).numpy()
    difference = float(np.abs(found - same).max() / np.abs(found).max())
    if difference > 2e-5:  # both are binary32
        raise SystemExit(f"{title}: answers differ by {difference}")
    generator = np.random.default_rng(2)
    contenders: dict[str, Callable[[], Any]] = {
        "fast": lambda: log_evidence_bounds(vae, images, SAMPLES, generator)
    }
    for chunk in CHUNKS:
        contenders[f"torch, {chunk} images at a time"] = lambda c=chunk: peer.bounds(c)  # type: ignore[misc]
    compare(f"L_50 of {n} images, {title}", contenders)


def reduction(shape: tuple[int, int]) -> None:
    """Compare and time log-mean-exp over the last axis."""
    a = np.random.default_rng(0).normal(size=shape) * 10 - 100

    def scipy() -> NDArray[np.float64]:
        return np.asarray(logsumexp(a, axis=1) - np.log(shape[1]))

    def numpy() -> NDArray[np.float64]:
        top = a.max(axis=1)
        return np.asarray(top + np.log(np.exp(a - top[:, None]).mean(axis=1)))

    if max(np.abs(log_mean_exp(a) - peer()).max() for peer in (scipy, numpy)) > 1e-11:
        raise SystemExit("log_mean_exp: answers differ")
    contenders = {"fast": lambda: log_mean_exp(a), "scipy": scipy, "numpy": numpy}
    compare(f"log-mean-exp of {shape[0]} x {shape[1]}", contenders)


def compare(title: str, contenders: dict[str, Callable[[], Any]]) -> None:
    """Print the median CPU time of each, and how many times ours that is."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS + 1):
        for name, call in contenders.items():
            start = time.thread_time()
            call()
            if run > 0:  # the first one warms up
                times[name].append(time.thread_time() - start)
    medians = {name: statistics.median(t) for name, t in times.items()}
    print(title)
    for name, median in medians.items():
        ratio = f"{median / medians['fast']:7.2f} x" if name != "fast" else ""
        print(f"  {name:<30} {median * 1e3:10.1f} ms {ratio}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the images")
    n = 1000 // (10 if parser.parse_args().quick else 1)
    for title, (hidden, latents) in NETWORKS.items():
        evaluation(title, hidden, latents, n)
    reduction((20 * n, SAMPLES))
    reduction((n, 100 * SAMPLES))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
