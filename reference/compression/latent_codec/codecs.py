"""Prior, likelihood and posterior of a model, as codecs.

Spec: LAT-2 to LAT-7.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reference.coding.codecs import (
    Codec,
    bernoulli,
    gaussian,
    gaussian_cumulative,
    product,
    sequence,
    uniform,
)
from reference.coding.tables import exp_table, sigmoid_table
from reference.compression.integer_network import evaluate
from reference.compression.latent_codec.buckets import buckets
from reference.compression.latent_codec.model import LatentModel
from reference.params import (
    ARGUMENT_FRACTION,
    BERNOULLI_PREC,
    GAUSSIAN_PREC,
    LOG_SCALE_FRACTION,
    LOG_SCALE_LIMIT,
    LOGIT_LIMIT,
    MEAN_LIMIT,
)

__all__ = [
    "codecs",
    "decoder_inputs",
    "likelihood",
    "middle_latents",
    "posterior",
    "posterior_parameters",
    "prior",
]

Latents = tuple[int, ...]
Pixels = tuple[int, ...]


def codecs(
    model: LatentModel,
) -> tuple[
    Codec[Latents], Callable[[Latents], Codec[Pixels]], Callable[[Pixels], Codec[Latents]]
]:
    """Return prior, likelihood and posterior: the arguments of `bits_back`. Spec: LAT-6."""
    return (
        prior(model),
        lambda latents: likelihood(model, latents),
        lambda pixels: posterior(model, pixels),
    )


def prior(model: LatentModel) -> Codec[Latents]:
    """Code every bucket with the same mass. Spec: LAT-1."""
    return sequence(uniform(1 << model.latent_bits, model.latent_bits), model.latents)


def likelihood(model: LatentModel, latents: Latents) -> Codec[Pixels]:
    """Code pixels, 0 or 1, with the probabilities that the decoder gives.

    Spec: LAT-4, LAT-5.
    """
    logits = evaluate(model.decoder, decoder_inputs(model, np.array([latents])))[0]
    table = sigmoid_table()
    clamped = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT).tolist()
    return product([bernoulli(table[k + LOGIT_LIMIT], BERNOULLI_PREC) for k in clamped])


def posterior(model: LatentModel, pixels: Pixels) -> Codec[Latents]:
    """Code buckets with the Gaussians that the encoder gives. Spec: LAT-2, LAT-3."""
    edges = buckets(model.latent_bits).edges
    means, inverse_scales = posterior_parameters(model, np.array([pixels]))
    return product(
        [
            gaussian(edges, mean, inverse_scale, GAUSSIAN_PREC)
            for mean, inverse_scale in zip(
                means[0].tolist(), inverse_scales[0].tolist(), strict=True
            )
        ]
    )


def posterior_parameters(
    model: LatentModel, images: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the means and the inverse scales of the posterior.

    Spec: LAT-2.

    Args:
        images: shape ``(B, D)``; 0 or 1.

    Returns:
        Two arrays of shape ``(B, L)``: means with 16 fraction bits, and inverse scales
        with 14.
    """
    outputs, fraction = evaluate(model.encoder, images), model.encoder.output_fraction
    means = outputs[:, : model.latents] << (ARGUMENT_FRACTION - fraction)
    shift = fraction - LOG_SCALE_FRACTION
    log_scales = (outputs[:, model.latents :] + (1 << shift >> 1)) >> shift
    table = np.array(exp_table())
    return (
        np.clip(means, -MEAN_LIMIT, MEAN_LIMIT),
        table[np.clip(log_scales, -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT) + LOG_SCALE_LIMIT],
    )


def decoder_inputs(model: LatentModel, latents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the centres of buckets, rounded to the decoder's fraction bits.

    Spec: LAT-4.

    Args:
        latents: shape ``(B, L)``; buckets.
    """
    shift = ARGUMENT_FRACTION - model.decoder.input_fraction
    centres = np.array(buckets(model.latent_bits).centres)
    return (centres[latents] + (1 << shift >> 1)) >> shift


def middle_latents(model: LatentModel, pixels: Pixels) -> Latents:
    """Return the buckets that own the middle slot of the posterior. Spec: LAT-7.

    They are what an image is coded with while there are no bits to get back.
    """
    edges = buckets(model.latent_bits).edges
    means, inverse_scales = posterior_parameters(model, np.array([pixels]))
    middle = 1 << (GAUSSIAN_PREC - 1)

    def owner(mean: int, inverse_scale: int) -> int:
        return next(
            i
            for i in reversed(range(len(edges) + 1))
            if gaussian_cumulative(i, edges, mean, inverse_scale, GAUSSIAN_PREC) <= middle
        )

    return tuple(map(owner, means[0].tolist(), inverse_scales[0].tolist()))
