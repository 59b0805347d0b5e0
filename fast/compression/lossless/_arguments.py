"""A model in the form in which the kernels take it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fast.coding._quantiles import normal_quantiles
from fast.coding.tables import exp_table, normal_cdf_table, sigmoid_table
from fast.compression.integer_network import NetworkArguments, network_arguments
from fast.compression.latent_codec import buckets
from reference.compression.latent_codec import LatentModel
from reference.params import ARGUMENT_FRACTION

__all__ = ["ModelArguments", "TableArguments", "WorkspaceArguments", "model_arguments"]

Integers = NDArray[np.int64]


class TableArguments(NamedTuple):
    """What the kernels look up (TAB-1 to TAB-4, LAT-1, LAT-4)."""

    sigmoid: Integers
    exp: Integers
    normal_cdf: Integers
    normal_quantiles: Integers
    """For guesses, which decide nothing."""
    edges: Integers
    inputs: Integers
    """The decoder's input for every bucket."""


class WorkspaceArguments(NamedTuple):
    """Where the kernels keep what belongs to one image."""

    pixels: NDArray[np.floating[Any]]
    """Shape ``(D,)``, of the encoder's float type."""
    encoder_buffers: NDArray[np.floating[Any]]
    decoder_inputs: NDArray[np.floating[Any]]
    """Shape ``(L,)``, of the decoder's float type."""
    decoder_buffers: NDArray[np.floating[Any]]
    active: Integers
    """As long as the widest layer."""
    outputs: Integers
    """Shape ``(2 L,)``: of the encoder."""
    logits: Integers
    """Shape ``(D,)``."""
    latents: Integers
    """Shape ``(L,)``."""
    means: Integers
    inverse_scales: Integers


class ModelArguments(NamedTuple):
    """A model as the kernels want it."""

    encoder: NetworkArguments
    decoder: NetworkArguments
    fraction: np.int64
    """Fraction bits of the encoder's outputs."""
    latent_bits: np.int64
    tables: TableArguments
    work: WorkspaceArguments


def model_arguments(model: LatentModel) -> ModelArguments:
    """Return a model as the kernels want it, with a workspace of its own."""
    encoder, decoder = network_arguments(model.encoder), network_arguments(model.decoder)
    layout = buckets(model.latent_bits)
    shift = ARGUMENT_FRACTION - model.decoder.input_fraction
    tables = TableArguments(
        sigmoid=sigmoid_table(),
        exp=exp_table(),
        normal_cdf=normal_cdf_table(),
        normal_quantiles=normal_quantiles(),
        edges=np.array(layout.edges, np.int64),
        inputs=(np.array(layout.centres, np.int64) + (1 << shift >> 1)) >> shift,
    )
    return ModelArguments(
        encoder,
        decoder,
        np.int64(model.encoder.output_fraction),
        np.int64(model.latent_bits),
        tables,
        _workspace(model, encoder, decoder),
    )


def _workspace(
    model: LatentModel, encoder: NetworkArguments, decoder: NetworkArguments
) -> WorkspaceArguments:
    d, latents = model.pixels, model.latents
    return WorkspaceArguments(
        pixels=np.empty(d, encoder.weights.dtype),
        encoder_buffers=np.empty((2, encoder.sizes.max()), encoder.weights.dtype),
        decoder_inputs=np.empty(latents, decoder.weights.dtype),
        decoder_buffers=np.empty((2, decoder.sizes.max()), decoder.weights.dtype),
        active=np.empty(max(encoder.sizes.max(), decoder.sizes.max()), np.int64),
        outputs=np.empty(2 * latents, np.int64),
        logits=np.empty(d, np.int64),
        latents=np.empty(latents, np.int64),
        means=np.empty(latents, np.int64),
        inverse_scales=np.empty(latents, np.int64),
    )
