"""Compiled twin of `reference.compression.lossless.chunk`: a chunk in one call.

Spec: LSL-2 to LSL-4.
"""

import numpy as np
from numpy.typing import NDArray

from fast.compression.lossless._arguments import ModelArguments, model_arguments
from fast.compression.lossless._kernels import decode_chunk_kernel, encode_chunk_kernel
from reference.coding.ans import EMPTY, Message
from reference.compression.latent_codec import LatentModel
from reference.compression.lossless import Chunk
from reference.errors import FormatError
from reference.params import BERNOULLI_PREC, GAUSSIAN_PREC, WORD_BITS

__all__ = ["decode_chunk", "encode_chunk", "encode_plain"]

Images = NDArray[np.uint8]


def encode_chunk(model: LatentModel, images: Images) -> Chunk:
    """Code images so that they can be decoded without any other.

    Spec: LSL-2, LSL-3. Arguments and errors as for the reference.
    """
    model.check_images(images)
    coder = model_arguments(model)
    for plain in range(len(images) + 1):
        message = _encode(coder, model, images, plain)
        if message is not None:
            break
    assert message is not None  # with all images plain, nothing is popped
    return Chunk(len(images), plain, message)


def encode_plain(model: LatentModel, images: Images) -> Message:
    """Code images without bits-back, onto the empty message.

    Spec: LSL-2. Arguments and errors as for the reference.
    """
    model.check_images(images, least=0)
    message = _encode(model_arguments(model), model, images, len(images))
    assert message is not None  # nothing is popped
    return message


def decode_chunk(model: LatentModel, chunk: Chunk) -> Images:
    """Undo `encode_chunk`.

    Spec: LSL-4. Result and errors as for the reference.
    """
    model.check_count(chunk.images)
    room = chunk.images * _most_words(model.latents, GAUSSIAN_PREC)
    n = len(chunk.message.words)
    words = np.empty(n + room, np.uint32)
    words[:n] = chunk.message.words
    images = np.empty((chunk.images, model.pixels), np.uint8)
    head, n = decode_chunk_kernel(
        np.uint64(chunk.message.head),
        words,
        np.uint64(n),
        images,
        chunk.plain,
        model_arguments(model),
    )
    if head == 0:
        raise FormatError("the message of a chunk ends early")
    if (head, n) != (EMPTY.head, 0):
        raise FormatError("the message of a chunk holds more than its images")
    return images


def _encode(
    coder: ModelArguments, model: LatentModel, images: Images, plain: int
) -> Message | None:
    """Return the message of a chunk, or None if there were too few bits to start from."""
    room = _most_words(model.pixels, BERNOULLI_PREC) + _most_words(
        model.latents, model.latent_bits
    )
    words = np.empty(len(images) * room, np.uint32)
    # A read-only array, as of a mapped file, is another type: it would compile all anew.
    images = np.require(images, requirements=["C", "W"])
    head, n = encode_chunk_kernel(
        np.uint64(EMPTY.head), words, np.uint64(0), images, plain, coder
    )
    return Message(int(head), tuple(words[:n].tolist())) if head else None


def _most_words(symbols: int, prec: int) -> int:
    """Return how many words the push of some symbols adds at most.

    A push adds at most ``prec`` bits and what rounding adds, which is less than one.
    """
    return symbols * (prec + 1) // WORD_BITS + 1
