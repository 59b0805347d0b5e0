"""The model: two integer networks, how they are made, and their bytes.

Spec: LAT-4, LAT-8, LAT-9.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reference.coding.container import (
    Fields,
    Section,
    read_container,
    read_section,
    write_container,
)
from reference.compression.integer_network import (
    IntegerNetwork,
    evaluate,
    network_from_fields,
    network_to_bytes,
    quantise_network,
)
from reference.compression.latent_codec.buckets import buckets
from reference.errors import DataError, FormatError, ModelError
from reference.models.vae import Vae
from reference.params import (
    ARGUMENT_FRACTION,
    LATENT_BITS,
    LOG_SCALE_FRACTION,
    LOGIT_FRACTION,
    MOST_CHUNK_IMAGES,
    MOST_CHUNK_NUMBERS,
)

__all__ = ["LatentModel", "digest", "quantise_vae", "read_model", "write_model"]

DECODER_FRACTION = 8
"""Fraction bits of a latent where it enters the decoder that `quantise_vae` makes (LAT-4)."""
ENCODER_FRACTION = 11
"""Fraction bits of the encoder's outputs that `quantise_vae` makes (LAT-2)."""
MOST_LATENT_BITS = 12
"""Most bits of a latent (LAT-8)."""


@dataclass(frozen=True, eq=False)
class LatentModel:
    """Two integer networks that fit; valid by construction (LAT-8)."""

    encoder: IntegerNetwork
    """From ``D`` pixels to ``L`` means and ``L`` log scales."""
    decoder: IntegerNetwork
    """From ``L`` latents to ``D`` logits."""
    latent_bits: int
    """In ``[1, 12]``."""

    def __post_init__(self) -> None:
        """Refuse what is no valid model (LAT-8)."""
        _check_model(self)

    @property
    def pixels(self) -> int:
        """D, the number of pixels of an image (LAT-8)."""
        return self.encoder.inputs

    @property
    def latents(self) -> int:
        """L, the number of latents of an image (LAT-8)."""
        return self.decoder.inputs

    @property
    def most_images(self) -> int:
        """The most images that a chunk may have (LSL-1)."""
        return min(MOST_CHUNK_IMAGES, MOST_CHUNK_NUMBERS // (self.pixels + self.latents))

    def check_images(self, images: NDArray[np.uint8], *, least: int = 1) -> None:
        """Check that images are ``(N, D)`` and 0 or 1, as many as a chunk has (LSL-1, LSL-2).

        Args:
            least: how many there are at least.

        Raises:
            DataError: they are not.
        """
        if images.dtype != np.uint8:
            raise DataError(f"images of type {images.dtype} where uint8 is needed")
        if images.ndim != 2 or images.shape[1] != self.pixels:
            raise DataError(
                f"images of shape {images.shape[1:]} where the model has {self.pixels} pixels"
            )
        if not least <= len(images) <= self.most_images:
            raise DataError(f"{len(images)} images where a chunk has 1 to {self.most_images}")
        if images.size and images.max() > 1:
            raise DataError(f"a pixel is {images.max()} where the model codes 0 and 1")

    def check_count(self, images: int) -> None:
        """Check the number of images that a chunk to decode says it has (LSL-1, LSL-4).

        Raises:
            FormatError: no chunk has so many.
        """
        if not 1 <= images <= self.most_images:
            raise FormatError(f"a chunk of {images} images, not 1 to {self.most_images}")


def quantise_vae(
    vae: Vae, examples: NDArray[np.uint8], latent_bits: int = LATENT_BITS
) -> LatentModel:
    """Round a trained variational autoencoder to integers.

    Spec: LAT-8, INN-6.

    Args:
        examples: shape ``(N, D)``, N at least 1; typical images, 0 or 1.

    Raises:
        ModelError: a weight is not finite or too large, or `latent_bits` is out of range.
        DataError: the examples are not such, or there are none (INN-6).
    """
    encoder = quantise_network(
        vae.encoder,
        examples,
        input_fraction=0,
        input_limit=1,
        output_fraction=ENCODER_FRACTION,
    )
    decoder = quantise_network(
        vae.decoder,
        _decoder_examples(encoder, examples, latent_bits),
        input_fraction=DECODER_FRACTION,
        input_limit=_decoder_limit(latent_bits, DECODER_FRACTION),
        output_fraction=LOGIT_FRACTION,
    )
    return LatentModel(encoder, decoder, latent_bits)


def write_model(file: BinaryIO, model: LatentModel) -> None:
    """Write a model as a container. Spec: LAT-9."""
    write_container(file, _model_sections(model))


def read_model(file: BinaryIO) -> LatentModel:
    """Undo `write_model`. Spec: LAT-9.

    Raises:
        FormatError: the file is no container, or its sections are not those of a model.
        ModelError: the model breaks INN-3 or LAT-8.
    """
    stored = list(read_container(file))
    if (tags := [s.tag for s in stored]) != ["MODL", "ENCO", "DECO"]:
        kinds = ", ".join(dict.fromkeys(tags))
        raise FormatError(f"sections {kinds} are not those of a model")
    parts = {s.tag: Fields(read_section(file, s)) for s in stored}
    (latent_bits,) = parts["MODL"].unpack("H")
    encoder, decoder = (network_from_fields(parts[tag]) for tag in ("ENCO", "DECO"))
    for fields in parts.values():
        fields.end()
    return LatentModel(encoder, decoder, latent_bits)


def digest(model: LatentModel) -> bytes:
    """Return the SHA-256 of the model: what names it in a file. Spec: LAT-9."""
    return sha256(b"".join(s.payload for s in _model_sections(model))).digest()


def _model_sections(model: LatentModel) -> tuple[Section, ...]:
    return (
        Section("MODL", model.latent_bits.to_bytes(2, "little")),
        Section("ENCO", network_to_bytes(model.encoder)),
        Section("DECO", network_to_bytes(model.decoder)),
    )


def _decoder_examples(
    encoder: IntegerNetwork, examples: NDArray[np.uint8], latent_bits: int
) -> NDArray[np.int64]:
    """Return typical inputs of the decoder: posterior means, and a lattice of the prior."""
    limit = _decoder_limit(latent_bits, DECODER_FRACTION)
    outputs = evaluate(encoder, examples.astype(np.int64))
    means = outputs[:, : encoder.outputs // 2] >> (ENCODER_FRACTION - DECODER_FRACTION)
    # Odd strides run through all 2**latent_bits buckets, each latent at a pace of its own.
    strides = 2 * np.arange(means.shape[1]) + 1
    lattice = np.arange(len(examples))[:, None] * strides % (1 << latent_bits)
    centres = np.array(buckets(latent_bits).centres) >> (ARGUMENT_FRACTION - DECODER_FRACTION)
    inputs: NDArray[np.int64] = np.concatenate([means, centres[lattice]])
    return np.clip(inputs, -limit, limit)


def _decoder_limit(latent_bits: int, fraction: int) -> int:
    """Return the largest input of the decoder, the outermost centre, rounded (LAT-4)."""
    if not 1 <= latent_bits <= MOST_LATENT_BITS:
        raise ModelError(f"{latent_bits} bits of a latent are outside [1, {MOST_LATENT_BITS}]")
    shift = ARGUMENT_FRACTION - fraction
    centres = buckets(latent_bits).centres
    return max(abs((c + (1 << shift >> 1)) >> shift) for c in (centres[0], centres[-1]))


def _check_model(model: LatentModel) -> None:
    """Check LAT-8."""
    encoder, decoder = model.encoder, model.decoder
    if encoder.outputs != 2 * decoder.inputs or decoder.outputs != encoder.inputs:
        raise ModelError(
            f"encoder {encoder.inputs} to {encoder.outputs}, "
            f"decoder {decoder.inputs} to {decoder.outputs}"
        )
    if encoder.input_fraction != 0 or encoder.input_limit != 1:
        raise ModelError("the encoder does not take pixels that are 0 or 1")
    if not LOG_SCALE_FRACTION <= encoder.output_fraction <= ARGUMENT_FRACTION:
        raise ModelError(f"encoder outputs with {encoder.output_fraction} fraction bits")
    if decoder.output_fraction != LOGIT_FRACTION:
        raise ModelError(f"logits with {decoder.output_fraction} fraction bits")
    if not 0 <= decoder.input_fraction <= ARGUMENT_FRACTION:
        raise ModelError(f"decoder inputs with {decoder.input_fraction} fraction bits")
    if decoder.input_limit < _decoder_limit(model.latent_bits, decoder.input_fraction):
        raise ModelError(f"the decoder's input limit {decoder.input_limit} is below a centre")
