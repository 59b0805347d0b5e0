"""The kernels of a chunk: from images to a message and back, without a return to Python.

Spec: LAT-2, LAT-4, LAT-5, LSL-2 to LSL-4.

``coder`` is the `ModelArguments` of a model; its workspace holds what belongs to one image, so
that threads need one each. Messages are as in `fast.coding.ans`.
"""

from numba import int64, uint64

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
from fast.compression.integer_network import evaluate_kernel
from reference.params import (
    ARGUMENT_FRACTION,
    GAUSSIAN_PREC,
    LOG_SCALE_FRACTION,
    LOG_SCALE_LIMIT,
    LOGIT_LIMIT,
    MEAN_LIMIT,
)

__all__ = [
    "decode_chunk_kernel",
    "encode_chunk_kernel",
    "generate_kernel",
    "infer_kernel",
]

ZERO = uint64(0)
PREC = int64(GAUSSIAN_PREC)
MIDDLE = int64(1 << (GAUSSIAN_PREC - 1))
MEAN_BOUND = int64(MEAN_LIMIT)
LOG_SCALE_BOUND = int64(LOG_SCALE_LIMIT)
LOGIT_BOUND = int64(LOGIT_LIMIT)
MEAN_BITS = int64(ARGUMENT_FRACTION)
LOG_SCALE_BITS = int64(LOG_SCALE_FRACTION)


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

    For ``N`` images ``words`` has ``N * (D * 17 // 32 + 1 + L * (latent_bits + 1) // 32 + 1)``
    free places: what the pushes of pixels and of latents need. Pops need none.

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
                tables.normal_quantiles,
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

    For ``N`` images ``words`` has ``N * (L * 25 // 32 + 1)`` free places: what the pushes of
    latents need that bits-back undoes.

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
