"""`fast.compression.lossless` writes the chunks of the reference, and reads them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fast.compression.lossless as fast
import reference.coding.ans as reference_ans
import reference.compression.lossless as reference
from reference.coding.ans import Message, push
from reference.compression.integer_network import IntegerLayer, IntegerNetwork
from reference.compression.latent_codec import LatentModel, quantise_vae
from reference.compression.lossless import Chunk
from reference.errors import DataError, FormatError
from reference.models import vae
from tests.strategies import images, latent_models, messages


@pytest.mark.spec("LSL-3", "LSL-4", "LSL-8")
@settings(max_examples=60)
@given(model=latent_models(), data=st.data())
def test_chunks(model: LatentModel, data: st.DataObject) -> None:
    x = data.draw(images(model))
    chunk = reference.encode_chunk(model, x)
    assert fast.encode_chunk(model, x) == chunk
    assert fast.encode_plain(model, x) == reference.encode_plain(model, x)
    assert np.array_equal(fast.decode_chunk(model, chunk), x)


@pytest.mark.spec("LSL-4")
@settings(max_examples=60)
@given(model=latent_models(), m=messages(), images=st.integers(1, 9), data=st.data())
def test_any_message_is_decoded_or_refused_alike(
    model: LatentModel, m: Message, images: int, data: st.DataObject
) -> None:
    chunk = Chunk(images, data.draw(st.integers(0, images)), m)
    try:
        expected = reference.decode_chunk(model, chunk)
    except FormatError:
        with pytest.raises(FormatError):
            fast.decode_chunk(model, chunk)
    else:
        assert np.array_equal(fast.decode_chunk(model, chunk), expected)


def mnist_like(n: int) -> tuple[LatentModel, np.ndarray]:
    """A model and images of the trunk's sizes: 784 pixels, 100 units, 40 latents."""
    rng = np.random.default_rng(7)
    x = (rng.random((n, 784)) < rng.random(784) ** 3).astype(np.uint8)
    return quantise_vae(vae.initialise(784, (100,), 40, rng), x), x


@pytest.mark.spec("LSL-8")
def test_at_full_size() -> None:
    model, x = mnist_like(6)
    chunk = reference.encode_chunk(model, x)
    assert fast.encode_chunk(model, x) == chunk
    assert np.array_equal(fast.decode_chunk(model, chunk), x)
    assert np.array_equal(reference.decode_chunk(model, chunk), x)


@pytest.mark.spec("LSL-1", "LSL-4")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_a_count_that_nothing_backs_allocates_nothing(impl) -> None:
    """An empty message says that it holds 65536 images of 2**14 pixels."""
    pixels = 1 << 14
    model = quantise_vae(
        vae.initialise(pixels, (1,), 1, np.random.default_rng(0)),
        np.zeros((1, pixels), np.uint8),
    )
    with pytest.raises(FormatError, match="not 1 to 16383"):
        impl.decode_chunk(model, Chunk(2**16, 2**16, reference_ans.EMPTY))


@pytest.mark.spec("LAT-2", "LAT-5", "LSL-8")
@pytest.mark.parametrize("beyond", [-1, 0, 1, 2**20])
@pytest.mark.parametrize("sign", [-1, 1])
def test_at_the_limits_of_the_clamps(sign: int, beyond: int) -> None:
    """Networks without weights, whose biases are the outputs."""

    def constant(inputs: int, outputs: list[int], limit: int, fraction: int):
        weights = np.zeros((inputs, len(outputs)), np.int64)
        layer = IntegerLayer(weights, np.array(outputs) << 1, 1, 0)
        return IntegerNetwork((layer,), limit, 8 if limit > 1 else 0, fraction)

    mean, log_scale, logit = (sign * (v + beyond) for v in (8 << 16, 6 << 16, 12 << 8))
    x = np.random.default_rng(3).integers(0, 2, (9, 3), np.uint8)
    for code in ([mean, mean, 1 << 16, 0], [0, 1 << 15, log_scale, log_scale]):
        encoder, decoder = constant(3, code, 1, 16), constant(2, [logit] * 3, 800, 8)
        model = LatentModel(encoder, decoder, 8)
        chunk = reference.encode_chunk(model, x)
        assert fast.encode_chunk(model, x) == chunk
        assert np.array_equal(fast.decode_chunk(model, chunk), x)


@pytest.mark.spec("LSL-2", "LSL-4")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_rejects_alike(impl) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (9, 12), np.uint8)
    model = quantise_vae(vae.initialise(12, (8,), 3, rng), x)
    for bad in (x[:, :11], x.astype(bool), x + 1, x[:0], x[0], np.tile(x, (8000, 1))):
        with pytest.raises(DataError):
            impl.encode_chunk(model, bad)
        if bad.size or bad.ndim != 2:
            with pytest.raises(DataError):
                impl.encode_plain(model, bad)
    with pytest.raises(DataError):
        impl.encode_plain(model, np.ones((1, 50_000), np.uint8))
    chunk = impl.encode_chunk(model, x)
    more = replace(chunk, message=push(chunk.message, 0, 1, 8))
    fewer = replace(chunk, message=Message(chunk.message.head, chunk.message.words[1:]))
    counts = (replace(chunk, images=n) for n in (-1, 0, 8, 2**16 + 1, 2**40))
    nothing = Chunk(0, 0, reference_ans.EMPTY)
    for broken in (more, fewer, *counts, nothing, replace(chunk, plain=0)):
        with pytest.raises(FormatError):
            impl.decode_chunk(model, broken)


SCRIPT = """
import numpy as np
from hashlib import sha256
from fast.compression.lossless import decode_chunk, encode_chunk
from reference.coding.container import message_to_bytes
from tests.equivalence.test_lossless import mnist_like

model, x = mnist_like(40)
chunk = encode_chunk(model, x)
assert np.array_equal(decode_chunk(model, chunk), x)
print(chunk.plain, sha256(message_to_bytes(chunk.message)).hexdigest())
"""


@pytest.mark.spec("LSL-8")
def test_other_processors_write_the_same_bytes(printed_by) -> None:
    """Numba's code for other processors: plain x86-64, without vectors, unoptimised."""
    expected = printed_by(SCRIPT)
    assert printed_by(SCRIPT, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == expected
    assert printed_by(SCRIPT, NUMBA_OPT="0") == expected
