"""Compiled twin of `reference.compression.lossless`: chunks of images, one call each.

Spec: LSL-2 to LSL-4.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from fast._jit import kernel
from fast.coding.codecs import (
    gaussian_search_kernel,
    pop_bernoullis_kernel,
    pop_gaussians_kernel,
    pop_uniforms_kernel,
    push_bernoullis_kernel,
    push_gaussians_kernel,
    push_uniforms_kernel,
)
from fast.coding.tables import exp_table, normal_cdf_table, sigmoid_table
from fast.compression.integer_network import (
    NetworkArguments,
    evaluate_kernel,
    network_arguments,
)
from fast.compression.latent_codec import buckets
from reference.coding.ans import EMPTY, Message
from reference.compression.latent_codec import LatentModel
from reference.compression.lossless import Chunk
from reference.errors import FormatError
from reference.params import (
    ARGUMENT_FRACTION,
    BERNOULLI_PREC,
    GAUSSIAN_PREC,
    LOG_SCALE_FRACTION,
    LOG_SCALE_LIMIT,
    LOGIT_LIMIT,
    MEAN_LIMIT,
    WORD_BITS,
)

__all__ = [
    "ModelArguments",
    "TableArguments",
    "WorkspaceArguments",
    "decode_chunk",
    "decode_chunk_kernel",
    "encode_chunk",
    "encode_chunk_kernel",
    "encode_plain",
    "generate_kernel",
    "infer_kernel",
    "model_arguments",
]

Images = NDArray[np.uint8]
Integers = NDArray[np.int64]

ZERO = uint64(0)
PREC = int64(GAUSSIAN_PREC)
MIDDLE = int64(1 << (GAUSSIAN_PREC - 1))
MEAN_BOUND = int64(MEAN_LIMIT)
LOG_SCALE_BOUND = int64(LOG_SCALE_LIMIT)
LOGIT_BOUND = int64(LOGIT_LIMIT)
MEAN_BITS = int64(ARGUMENT_FRACTION)
LOG_SCALE_BITS = int64(LOG_SCALE_FRACTION)


class TableArguments(NamedTuple):
    """What the kernels look up (TAB-1 to TAB-4, LAT-1, LAT-4)."""

    sigmoid: Integers
    exp: Integers
    normal_cdf: Integers
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


# The kernels


@kernel
def infer_kernel(coder, image):  # type: ignore[no-untyped-def]
    """Leave the posterior's parameters of an image in the workspace. Spec: LAT-2."""
    work, table = coder.work, coder.tables.exp
    for j in range(image.size):
        work.pixels[j] = image[j]
    evaluate_kernel(
        coder.encoder, work.pixels, work.outputs, work.encoder_buffers, work.active
    )
    shift = coder.fraction - LOG_SCALE_BITS
    half = (int64(1) << shift) >> int64(1)
    for k in range(work.means.size):
        mean = work.outputs[k] << (MEAN_BITS - coder.fraction)
        log_scale = (work.outputs[work.means.size + k] + half) >> shift
        work.means[k] = min(max(mean, -MEAN_BOUND), MEAN_BOUND)
        bounded = min(max(log_scale, -LOG_SCALE_BOUND), LOG_SCALE_BOUND)
        work.inverse_scales[k] = table[bounded + LOG_SCALE_BOUND]


@kernel
def generate_kernel(coder):  # type: ignore[no-untyped-def]
    """Leave the frequencies of the pixels in ``logits``. Spec: LAT-4, LAT-5."""
    work, table = coder.work, coder.tables.sigmoid
    for k in range(work.latents.size):
        work.decoder_inputs[k] = coder.tables.inputs[work.latents[k]]
    evaluate_kernel(
        coder.decoder, work.decoder_inputs, work.logits, work.decoder_buffers, work.active
    )
    for j in range(work.logits.size):
        bounded = min(max(work.logits[j], -LOGIT_BOUND), LOGIT_BOUND)
        work.logits[j] = table[bounded + LOGIT_BOUND]


@kernel
def encode_chunk_kernel(head, words, n, images, plain, coder):  # type: ignore[no-untyped-def]
    """Push images, the first ``plain`` of them without bits-back. Spec: LSL-2, LSL-3.

    Returns ``(head, n)``, with a head of 0 if there were too few bits to start from.
    """
    work, tables = coder.work, coder.tables
    for i in range(images.shape[0]):
        infer_kernel(coder, images[i])
        if i < plain:
            for k in range(work.latents.size):
                work.latents[k], _, _ = gaussian_search_kernel(
                    MIDDLE,
                    tables.edges,
                    work.means[k],
                    work.inverse_scales[k],
                    PREC,
                    tables.normal_cdf,
                )
        else:
            head, n = pop_gaussians_kernel(
                head,
                words,
                n,
                work.latents,
                tables.edges,
                work.means,
                work.inverse_scales,
                PREC,
                tables.normal_cdf,
            )
            if head == ZERO:
                return head, n
        generate_kernel(coder)
        head, n = push_bernoullis_kernel(head, words, n, images[i], work.logits)
        head, n = push_uniforms_kernel(head, words, n, work.latents, coder.latent_bits)
    return head, n


@kernel
def decode_chunk_kernel(head, words, n, images, plain, coder):  # type: ignore[no-untyped-def]
    """Pop images, the last one first, into ``images``. Spec: LSL-4.

    Returns ``(head, n)``, with a head of 0 if the message was exhausted.
    """
    work, tables = coder.work, coder.tables
    for i in range(images.shape[0] - 1, -1, -1):
        head, n = pop_uniforms_kernel(head, words, n, work.latents, coder.latent_bits)
        generate_kernel(coder)
        head, n = pop_bernoullis_kernel(head, words, n, images[i], work.logits)
        if head == ZERO:
            return head, n
        if i >= plain:
            infer_kernel(coder, images[i])
            head, n = push_gaussians_kernel(
                head,
                words,
                n,
                work.latents,
                tables.edges,
                work.means,
                work.inverse_scales,
                PREC,
                tables.normal_cdf,
            )
    return head, n


# The chunks


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

    Spec: LSL-2. Arguments as for the reference.
    """
    message = _encode(model_arguments(model), model, images, len(images))
    assert message is not None  # nothing is popped
    return message


def decode_chunk(model: LatentModel, chunk: Chunk) -> Images:
    """Undo `encode_chunk`.

    Spec: LSL-4. Result and errors as for the reference.
    """
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
    head, n = encode_chunk_kernel(
        np.uint64(EMPTY.head), words, np.uint64(0), np.ascontiguousarray(images), plain, coder
    )
    return Message(int(head), tuple(words[:n].tolist())) if head else None


def _most_words(symbols: int, prec: int) -> int:
    """Return how many words the push of some symbols adds at most.

    A push adds at most ``prec`` bits and what rounding adds, which is less than one.
    """
    return symbols * (prec + 1) // WORD_BITS + 1


def model_arguments(model: LatentModel) -> ModelArguments:
    """Return a model as the kernels want it, with a workspace of its own."""
    encoder, decoder = network_arguments(model.encoder), network_arguments(model.decoder)
    layout = buckets(model.latent_bits)
    shift = ARGUMENT_FRACTION - model.decoder.input_fraction
    tables = TableArguments(
        sigmoid=sigmoid_table(),
        exp=exp_table(),
        normal_cdf=normal_cdf_table(),
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
