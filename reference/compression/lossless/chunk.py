"""A chunk: images that become one message, and can be decoded without any other.

Spec: LSL-1 to LSL-4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reference.coding.ans import EMPTY, Message
from reference.coding.bits_back import bits_back
from reference.coding.codecs import Codec
from reference.compression.latent_codec import (
    LatentModel,
    codecs,
    likelihood,
    middle_latents,
    prior,
)
from reference.errors import FormatError, MessageExhausted

__all__ = [
    "Chunk",
    "decode_chunk",
    "encode_chunk",
    "encode_plain",
]

Pixels = tuple[int, ...]
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Chunk:
    """Images that are coded together (LSL-1)."""

    images: int
    """How many; at least 1."""
    plain: int
    """How many of them, the first ones, are coded without bits-back."""
    message: Message


def encode_chunk(model: LatentModel, images: Images) -> Chunk:
    """Code images so that they can be decoded without any other.

    Spec: LSL-2, LSL-3.

    Args:
        images: shape ``(N, D)``; 0 or 1.

    Raises:
        DataError: the images are not such, or there are none, or more than a chunk may have.
    """
    model.check_images(images)
    rows = [tuple(row) for row in images.tolist()]
    codec = bits_back(*codecs(model))
    for plain in range(len(rows) + 1):
        m = encode_plain(model, images[:plain])
        try:
            for x in rows[plain:]:
                m = codec.push(m, x)
        except MessageExhausted:
            continue  # too few bits to start from: one image more is coded plainly
        break
    return Chunk(len(rows), plain, m)


def encode_plain(model: LatentModel, images: Images) -> Message:
    """Code images without bits-back, onto the empty message.

    Spec: LSL-2.

    Args:
        images: shape ``(N, D)``; 0 or 1; none of them is the empty message.

    Raises:
        DataError: the images are not such.
    """
    model.check_images(images, least=0)
    m, codec = EMPTY, _plain(model)
    for row in images.tolist():
        m = codec.push(m, tuple(row))
    return m


def decode_chunk(model: LatentModel, chunk: Chunk) -> Images:
    """Undo `encode_chunk`.

    Spec: LSL-4.

    Returns:
        Shape ``(N, D)``; 0 or 1.

    Raises:
        FormatError: the message is not one that images of this model have left.
    """
    model.check_count(chunk.images)
    m, rows = chunk.message, []
    bits_back_codec, plain_codec = bits_back(*codecs(model)), _plain(model)
    try:
        for i in reversed(range(chunk.images)):
            m, x = (plain_codec if i < chunk.plain else bits_back_codec).pop(m)
            rows.append(x)
    except MessageExhausted as error:
        raise FormatError(f"the message of a chunk ends early: {error}") from error
    if m != EMPTY:
        raise FormatError("the message of a chunk holds more than its images")
    return np.array(rows[::-1], np.uint8)


def _plain(model: LatentModel) -> Codec[Pixels]:
    """Code an image with the middle latents, and get no bits back (LSL-2)."""
    prior_codec = prior(model)

    def push(m: Message, x: Pixels) -> Message:
        z = middle_latents(model, x)
        return prior_codec.push(likelihood(model, z).push(m, x), z)

    def pop(m: Message) -> tuple[Message, Pixels]:
        m, z = prior_codec.pop(m)
        return likelihood(model, z).pop(m)

    return Codec(push, pop)
