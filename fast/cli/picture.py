"""The demo's picture: images, what the latents keep of them, and what the model dreams of."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reference.compression.integer_network import evaluate
from reference.compression.latent_codec import LatentModel, decoder_inputs, middle_latents

__all__ = ["draw"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

ROWS, COLUMNS = 8, 6
"""Of the images in each of the three panels."""


def draw(file: BinaryIO, model: LatentModel, images: Pixels, rng: np.random.Generator) -> None:
    """Write a PNG file with originals, reconstructions and prior samples side by side.

    Args:
        images: shape ``(N, height, width)``; 0 or 1.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = images[: ROWS * COLUMNS]
    rows = shown.reshape(len(shown), -1)
    middles = np.array([middle_latents(model, tuple(row)) for row in rows.tolist()])
    drawn = rng.integers(0, 1 << model.latent_bits, (ROWS * COLUMNS, model.latents))
    shape = images.shape[1:]
    panels = {
        "Held-out images\nwhat is compressed": shown.astype(np.float64),
        "Reconstructions\nfrom the middle latents": _means(model, middles, shape),
        "Samples of the model\nlatents from the prior": _means(model, drawn, shape),
    }
    figure = Figure(figsize=(9.6, 4.85), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, panel) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        axes.imshow(_montage(panel), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(title, fontsize=11)
        axes.set_axis_off()
    figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.1)


def _means(model: LatentModel, latents: NDArray[np.int64], shape: tuple[int, ...]) -> Floats:
    """Return the probability of ink in every pixel, by the integer network."""
    logits = evaluate(model.decoder, decoder_inputs(model, latents))
    means = 1 / (1 + np.exp(-np.ldexp(logits.astype(np.float64), -8)))
    return means.reshape(-1, *shape)


def _montage(panel: Floats) -> Floats:
    """Lay images out in a grid, with a light line between them."""
    height, width = panel.shape[1:]
    grid = np.full((ROWS * (height + 1) + 1, COLUMNS * (width + 1) + 1), 0.12)
    for i, image in enumerate(panel):
        top, left = (i // COLUMNS) * (height + 1) + 1, (i % COLUMNS) * (width + 1) + 1
        grid[top : top + height, left : left + width] = image
    return grid
