"""What scripts share that train models with discrete latents: the loop, and its figures."""

import argparse
import copy
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fast.models.mlp import adam_kernel
from reference.inference.adam import BETA_1, BETA_2
from reference.models.discrete_vae import Estimator, Learned

Images = NDArray[np.uint8]
Vector = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass
class Run:
    """A model, what its estimator has learned, and all that their training needs to go on.

    The arrays of both change in place.
    """

    name: str
    seed: int
    estimator: Estimator
    model: Any
    learned: tuple[Learned, ...]
    rng: np.random.Generator
    """Of the noise."""
    settings: dict[str, Any]
    """All else that decides how the training goes."""
    eta: Vector = field(init=False)
    m: list[Vector] = field(init=False)
    v: list[Vector] = field(init=False)
    steps: int = 0
    seconds: float = 0.0
    """CPU time of the steps."""
    curve: list[list[float]] = field(default_factory=list)
    """Step, CPU seconds, and the values on training and held-out images."""
    final: list[float] = field(default_factory=list)
    """The values at the end, on more images."""

    def __post_init__(self) -> None:
        """Start Adam."""
        self.eta = np.array([lesson.eta for lesson in self.learned], np.float32)
        self.m, self.v = ([np.zeros_like(a) for a in self.parameters()] for _ in "mv")

    def parameters(self) -> list[Vector]:
        """Return all that Adam changes: of the model, of what was learned, and eta."""
        return [*arrays(self.model), *arrays(self.learned), self.eta]

    def update(
        self, gradient: Any, lessons: tuple[Learned, ...], rate: float, learned_rate: float
    ) -> None:
        """Take one step of Adam (MLP-4), each array on its own."""
        self.steps += 1
        corrections = 1 - BETA_1**self.steps, 1 - BETA_2**self.steps
        d_eta = np.zeros_like(self.eta)
        if self.estimator.pairs:
            d_eta[:] = [lesson.eta for lesson in lessons]
        of_model = len(list(arrays(self.model)))
        slopes = [*arrays(gradient), *arrays(lessons), d_eta]
        found = zip(self.parameters(), slopes, self.m, self.v, strict=True)
        for i, each in enumerate(found):
            step = (rate if i < of_model else learned_rate) / corrections[0]
            flat = (a.reshape(-1) for a in each)
            adam_kernel(*flat, np.float32(step), np.float32(1 / corrections[1]))
        self.learned = tuple(
            replace(old, eta=float(eta), centre=new.centre, variance=new.variance)
            for old, new, eta in zip(self.learned, lessons, self.eta, strict=True)
        )

    def save(self, path: Path) -> None:
        """Write everything to a file, and put it in its place when it is whole."""
        state = {name: getattr(self, name) for name in ("steps", "seconds", "curve", "final")}
        state["rng"] = self.rng.bit_generator.state
        state["means"] = [(lesson.centre, lesson.variance) for lesson in self.learned]
        kept = {
            f"{kind}{i}": a
            for kind, found in (("p", self.parameters()), ("m", self.m), ("v", self.v))
            for i, a in enumerate(found)
        }
        text = {"state": json.dumps(state), "settings": json.dumps(self.settings)}
        temporary = path.with_suffix(".part.npz")
        np.savez(temporary, allow_pickle=False, **text, **kept)
        temporary.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from what a file holds, if there is one.

        Raises:
            SystemExit: it is of another training.
        """
        if not path.exists():
            return
        with np.load(path) as file:
            settings = json.loads(str(file["settings"]))
            if settings != self.settings:
                raise SystemExit(f"{path} was trained with {settings}, not {self.settings}")
            for kind, found in (("p", self.parameters()), ("m", self.m), ("v", self.v)):
                for i, a in enumerate(found):
                    a[...] = file[f"{kind}{i}"]
            state = json.loads(str(file["state"]))
        self.rng.bit_generator.state = state.pop("rng")
        self.learned = tuple(
            replace(lesson, eta=float(eta), centre=centre, variance=variance)
            for lesson, eta, (centre, variance) in zip(
                self.learned, self.eta, state.pop("means"), strict=True
            )
        )
        for name, value in state.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class Task:
    """What is done with a run: how it goes a step, and how it is judged."""

    steps: int
    every: int
    """Steps from one evaluation to the next."""
    step: Callable[[Run], None]
    evaluate: Callable[[Any], list[float]]
    """The values of a model on training and held-out images, for the curve."""
    finish: Callable[[Any], list[float]]
    """Those at the end, on more images."""

    def train(self, run: Run, path: Path) -> None:
        """Go on to the last step, and say how it goes."""
        if run.steps < self.steps:
            self.step(copy.deepcopy(run))  # compiles
        while run.steps < self.steps or not run.curve:
            begin = time.thread_time()
            while run.curve and run.steps < self.steps:
                self.step(run)
                if run.steps % self.every == 0:
                    break
            run.seconds += time.thread_time() - begin
            run.curve.append([run.steps, run.seconds, *self.evaluate(run.model)])
            run.save(path)
            training, held_out = run.curve[-1][2:]
            print(
                f"{run.name}, seed {run.seed}, step {run.steps} of {self.steps}:"
                f" training {training:.2f}, held out {held_out:.2f} nats,"
                f" {run.seconds:.0f} s so far",
                flush=True,
            )
        if not run.final:
            run.final = self.finish(run.model)
            run.save(path)

    def train_all(
        self,
        start: Callable[[str, int], Run],
        names: Sequence[str],
        seeds: Sequence[int],
        folder: Path,
        prefix: str = "",
    ) -> dict[str, list[Run]]:
        """Start or resume, and train, each estimator with each seed: a file for each."""
        folder.mkdir(parents=True, exist_ok=True)
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for seed in seeds:
            for name, group in runs.items():
                run = start(name, seed)
                path = folder / f"{prefix}{name}-seed{seed}.npz"
                run.resume(path)
                self.train(run, path)
                group.append(run)
        return runs


def arrays(tree: Any) -> Iterator[Vector]:
    """Return the arrays of models, networks and what was learned, always in one order."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, tuple):
        for part in tree:
            yield from arrays(part)
    elif is_dataclass(tree):
        for each in fields(tree):
            yield from arrays(getattr(tree, each.name))


def batch_of(step: int, size: int, images: int, seed: int) -> NDArray[np.int64]:
    """Return the images of a step: each once in an epoch, the same for all estimators."""
    epoch, first = divmod(step, images // size)
    return _order(images, seed, epoch)[first * size : (first + 1) * size]


@lru_cache(maxsize=2)
def _order(images: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(images)


def log_odds(images: Images) -> Vector:
    """Return the log odds of each pixel, from how often it is 1."""
    white = np.clip(images.mean(axis=0), 0.001, 0.999)
    return np.log(white / (1 - white)).astype(np.float32)


def fixed_binarisation() -> dict[str, Images]:
    """Return the parts "train", "valid" and "test" of MNIST with one binarisation for all."""
    data = os.environ.get("BITS_BACK_DATA")
    if not data:
        raise SystemExit("BITS_BACK_DATA names no folder with MNIST (CONTRIBUTING.md)")
    with np.load(Path(data) / "binarized_mnist_fixed.npz") as mnist:
        return {name: np.ascontiguousarray(mnist[name]) for name in mnist.files}


def add_options(parser: argparse.ArgumentParser, *, steps: int, every: int) -> None:
    """Add the options that the scripts have in common."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=100, help="images of a step")
    parser.add_argument("--rate", type=float, default=1e-3, help="of Adam, in the model")
    parser.add_argument(
        "--learned-rate", type=float, default=1e-3, help="in what the estimator learns"
    )
    parser.add_argument("--every", type=int, default=every, help="steps between evaluations")
    parser.add_argument("--folder", type=Path, required=True, help="of the trained models")
    parser.add_argument("--figure", type=Path, help="PNG file to write")


def listed(seeds: Sequence[int]) -> str:
    """Return seeds in a row, as tables and titles name them."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def spread(values: Sequence[float]) -> str:
    """Return mean, and standard deviation over seeds in brackets."""
    deviation = f"{np.std(values, ddof=1):.2f}" if len(values) > 1 else "-"
    return f"{np.mean(values):.2f} ({deviation})"


def extent(values: Sequence[float]) -> str:
    """Return the lowest and the highest."""
    return f"{min(values):.2f} .. {max(values):.2f}"


def compare(title: str, values: Mapping[str, Sequence[float]]) -> None:
    """Print how far apart each two are, and how sure that is; values of one seed are a pair.

    Runs of one seed have the same model to start from, and the same images in each step.
    """
    seeds = len(next(iter(values.values())))
    pairs = list(combinations(values, 2))
    if seeds < 2 or not pairs:
        print(f"\n{title}: one seed, or one estimator, shows no spread, and no order.")
        return
    print(f"\n{title}: differences, the seeds paired\n")
    apart = 0
    for a, b in pairs:
        gaps = np.subtract(values[a], values[b])
        error = gaps.std(ddof=1) / np.sqrt(seeds)
        beyond = abs(gaps.mean()) > 2 * error
        apart += int(beyond)
        verdict = "beyond two standard errors" if beyond else "within two standard errors"
        print(
            f"  {f'{a} - {b}':<26} {gaps.mean():>+7.2f}, standard error {error:.2f}: {verdict}"
        )
    chance = 2 * stats.t.sf(2, seeds - 1)
    print(
        f"\n{apart} of {len(pairs)} are beyond two standard errors."
        f" With {seeds} seeds, and were all alike, each would be so\n"
        f"with probability {chance:.2f}, that is {chance * len(pairs):.1f} in all."
        " The spread is that of initial models, order of\n"
        "images, and noise; it says nothing of other learning rates,"
        " of more steps, or of other images."
    )


def draw(runs: Mapping[str, Sequence[Run]], label: str, title: str, path: Path) -> None:
    """Save a picture: the values by step and by CPU second, with bands over seeds."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        raise SystemExit("--figure needs matplotlib: pip install 'bits-back[demo]'") from None
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), sharey=True, layout="constrained")
    shown: list[float] = []
    for i, (name, group) in enumerate(runs.items()):
        curves: Floats = np.array([run.curve for run in group])[:, 1:]
        values = curves[:, :, 2:]
        early = curves.shape[1] // 20  # the first steps would squeeze all others
        shown += values[:, early:].ravel().tolist()
        for axis, x in zip(axes, curves.mean(axis=0).T[:2], strict=True):
            for kind, style in enumerate(("-", "--")):
                each = values[:, :, kind]
                text = name if kind == 0 else None
                axis.plot(x, each.mean(axis=0), f"C{i}{style}", label=text)
                axis.fill_between(
                    x, each.min(axis=0), each.max(axis=0), color=f"C{i}", alpha=0.15
                )
    margin = 0.03 * (max(shown) - min(shown))
    axes[0].set(ylim=(min(shown) - margin, max(shown) + margin), xlabel="step", ylabel=label)
    axes[1].set_xlabel("CPU seconds of training")
    for axis in axes:
        axis.grid(alpha=0.3)
    axes[0].legend(title="training; dashed: held out")
    figure.suptitle(title)
    figure.savefig(path, dpi=150)
    print(f"figure: {path}")
