"""LAT-1 to LAT-9 hold for `reference.compression.latent_codec`."""

import io
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.coding.ans import EMPTY, Message
from reference.coding.codecs import gaussian_cumulative
from reference.coding.container import Section, write_container
from reference.coding.tables import exp_table, normal_cdf, sigmoid_table
from reference.compression.integer_network import (
    IntegerLayer,
    IntegerNetwork,
    evaluate,
    network_to_bytes,
)
from reference.compression.latent_codec import (
    LatentModel,
    buckets,
    codecs,
    decoder_inputs,
    digest,
    likelihood,
    middle_latents,
    posterior,
    posterior_parameters,
    prior,
    quantise_vae,
    read_model,
    write_model,
)
from reference.errors import FormatError, ModelError
from reference.models import vae
from reference.models.mlp import Layer
from tests.strategies import latent_models

SPEC = (Path(__file__).parent.parent / "SPEC.md").read_text()
LONG = Message(2**60 + 2**33 + 12345, tuple(range(2**31, 2**31 + 90)))


@pytest.mark.spec("LAT-1")
@pytest.mark.parametrize("bits", [1, 2, 5, 8, 12])
def test_buckets(bits: int) -> None:
    """Edges and centres are the least arguments that reach their share of the mass."""
    b, k = buckets(bits), 2**bits
    assert (len(b.edges), len(b.centres)) == (k - 1, k)
    for i, edge in enumerate(b.edges, start=1):
        assert normal_cdf(edge - 1) * k < 2**32 * i <= normal_cdf(edge) * k
    for i, centre in enumerate(b.centres):
        mass = 2**32 * (2 * i + 1)
        assert normal_cdf(centre - 1) * 2 * k < mass <= normal_cdf(centre) * 2 * k
    for i, (low, high) in enumerate(pairwise(b.edges), start=1):
        assert low < b.centres[i] < high


@pytest.mark.spec("LAT-1")
def test_digest_of_the_buckets() -> None:
    for numbers in (buckets(8).edges, buckets(8).centres):
        assert f"`{sha256(','.join(map(str, numbers)).encode()).hexdigest()}`" in SPEC


@pytest.mark.spec("LAT-1", "LAT-3", "LAT-5", "LAT-6")
@given(model=latent_models(), data=st.data())
def test_the_three_codecs(model: LatentModel, data: st.DataObject) -> None:
    """Each undoes itself, and draws what it can code."""
    pixels = tuple(
        data.draw(st.lists(st.integers(0, 1), min_size=model.pixels, max_size=model.pixels))
    )
    prior_codec, likelihood_of, posterior_of = codecs(model)
    for codec in (prior_codec, posterior_of(pixels)):
        m, latents = codec.pop(LONG)
        assert codec.push(m, latents) == LONG
        assert len(latents) == model.latents
        assert all(0 <= z < 2**model.latent_bits for z in latents)
    codec = likelihood_of(latents)
    assert codec.pop(codec.push(LONG, pixels)) == (LONG, pixels)


def model_of(encoder_bias: list[int], decoder_bias: list[int], fraction: int) -> LatentModel:
    """A model that ignores its inputs: the outputs are the biases."""
    latents, pixels = len(encoder_bias) // 2, len(decoder_bias)

    def constant(inputs: int, bias: list[int], limit: int, fractions: tuple[int, int]):
        weights = np.zeros((inputs, len(bias)), np.int64)
        layer = IntegerLayer(weights, np.array(bias) << 1, 1, 0)
        return IntegerNetwork((layer,), limit, *fractions)

    return LatentModel(
        constant(pixels, encoder_bias, 1, (0, fraction)),
        constant(latents, decoder_bias, 8 << 8, (8, 8)),
        8,
    )


@pytest.mark.spec("LAT-2")
@pytest.mark.parametrize(
    ("output", "mean", "log_scale"),
    [
        (0, 0, 0),
        (3, 3 << 5, 0),  # 3 / 8 of a step of the log scale rounds to 0
        (4, 4 << 5, 1),  # 4 / 8 rounds up
        (-4, -4 << 5, 0),  # and so does - 4 / 8
        (-5, -5 << 5, -1),
        (9 << 11, 8 << 16, 6 << 8),  # clamped
        (-(9 << 11), -(8 << 16), -(6 << 8)),
    ],
)
def test_parameters_of_the_posterior(output: int, mean: int, log_scale: int) -> None:
    model = model_of([output, output], [0, 0, 0], fraction=11)
    means, inverse_scales = posterior_parameters(model, np.zeros((2, 3), np.int64))
    assert means.tolist() == [[mean], [mean]]
    assert inverse_scales.tolist() == [[exp_table()[log_scale + 1536]]] * 2


@pytest.mark.spec("LAT-2")
@pytest.mark.parametrize("fraction", [8, 16])
def test_the_ends_of_the_fraction_bits(fraction: int) -> None:
    model = model_of([1 << fraction, -1 << fraction], [0], fraction)
    means, inverse_scales = posterior_parameters(model, np.zeros((1, 1), np.int64))
    assert (means[0, 0], inverse_scales[0, 0]) == (1 << 16, exp_table()[1536 - 256])


@pytest.mark.spec("LAT-3")
def test_the_posterior_is_a_gaussian_over_the_buckets() -> None:
    """The slots of every bucket are those of COD-5 for these edges and 24 bits."""
    model = model_of([700, -1000], [0], 11)
    codec = posterior(model, (0,))
    inverse_scale = exp_table()[1536 - 125]
    for i in range(256):
        c = [
            gaussian_cumulative(j, buckets(8).edges, 700 << 5, inverse_scale, 24)
            for j in (i, i + 1)
        ]
        for slot in (c[0], c[1] - 1):
            assert codec.pop(Message((2**35 << 24) + slot, ()))[1] == (i,)


@pytest.mark.spec("LAT-4")
def test_decoder_inputs_are_rounded_centres() -> None:
    model = model_of([0, 0, 0, 0], [0], 11)
    centres = buckets(8).centres
    inputs = decoder_inputs(model, np.array([[0, 255], [7, 128]]))
    assert inputs.tolist() == [
        [(centres[i] + 128) // 256 for i in row] for row in ([0, 255], [7, 128])
    ]
    sixteen = replace(
        model, decoder=replace(model.decoder, input_fraction=16, input_limit=8 << 16)
    )
    assert decoder_inputs(sixteen, np.array([[3, 4]])).tolist() == [list(centres[3:5])]


@pytest.mark.spec("LAT-5")
@pytest.mark.parametrize("logit", [-10000, -3073, -3072, -1, 0, 1, 3072, 3073])
def test_the_likelihood_is_the_sigmoid(logit: int) -> None:
    model = model_of([0, 0], [logit], 11)
    freq = sigmoid_table()[min(max(logit, -3072), 3072) + 3072]
    codec = likelihood(model, (0,))
    for slot in (2**16 - freq - 1, 2**16 - freq):
        m = Message((2**40 << 16) + slot, ())
        assert codec.pop(m)[1] == (int(slot >= 2**16 - freq),)


@pytest.mark.spec("LAT-7")
@given(model=latent_models())
def test_middle_latents_own_the_middle_slot(model: LatentModel) -> None:
    pixels = (1,) * model.pixels
    middle = middle_latents(model, pixels)
    means, inverse_scales = posterior_parameters(model, np.array([pixels]))
    for z, mean, inverse_scale in zip(
        middle, means[0].tolist(), inverse_scales[0].tolist(), strict=True
    ):
        low, high = (
            gaussian_cumulative(i, buckets(model.latent_bits).edges, mean, inverse_scale, 24)
            for i in (z, z + 1)
        )
        assert low <= 2**23 < high


GOOD = model_of([0, 0], [0, 0, 0], 11)


@pytest.mark.spec("LAT-8")
@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("model", {"latent_bits": 0}),
        ("model", {"latent_bits": 13}),
        ("encoder", {"input_limit": 2}),
        ("encoder", {"input_fraction": 1}),
        ("encoder", {"output_fraction": 7}),
        ("encoder", {"output_fraction": 17}),
        ("decoder", {"output_fraction": 9}),
        ("decoder", {"input_fraction": 17}),
        ("decoder", {"input_limit": 738}),
        ("model", {"encoder": model_of([0, 0, 0, 0], [0, 0, 0], 11).encoder}),
        ("model", {"decoder": model_of([0, 0], [0, 0], 11).decoder}),
    ],
)
def test_rejects_bad_models(part: str, changes: dict[str, Any]) -> None:
    if part != "model":
        changes = {part: replace(getattr(GOOD, part), **changes)}
    with pytest.raises(ModelError):
        replace(GOOD, **changes)


@pytest.mark.spec("LAT-8", "LAT-9")
def test_a_model_is_checked_when_it_is_read() -> None:
    file = io.BytesIO()
    parts = (b"\x0d\0", network_to_bytes(GOOD.encoder), network_to_bytes(GOOD.decoder))
    sections = zip(("MODL", "ENCO", "DECO"), parts, strict=True)
    write_container(file, [Section(tag, payload) for tag, payload in sections])
    with pytest.raises(ModelError, match="13 bits"):
        read_model(file)


@pytest.mark.spec("LAT-8", "LAT-9")
@given(model=latent_models())
def test_model_files(model: LatentModel) -> None:
    file = io.BytesIO()
    write_model(file, model)
    again = read_model(file)
    assert again.latent_bits == model.latent_bits
    assert network_to_bytes(again.encoder) == network_to_bytes(model.encoder)
    assert network_to_bytes(again.decoder) == network_to_bytes(model.decoder)
    payloads = [
        model.latent_bits.to_bytes(2, "little"),
        network_to_bytes(model.encoder),
        network_to_bytes(model.decoder),
    ]
    assert digest(again) == digest(model) == sha256(b"".join(payloads)).digest()


@pytest.mark.spec("LAT-9")
def test_rejects_what_is_no_model_file() -> None:
    parts = {
        "MODL": b"\x08\0",
        "ENCO": network_to_bytes(GOOD.encoder),
        "DECO": network_to_bytes(GOOD.decoder),
    }
    for sections, fault in (
        ([Section("DATA", b"")], "not those of a model"),
        ([Section(tag, parts[tag]) for tag in ("MODL", "DECO", "ENCO")], "not those"),
        ([Section(tag, parts[tag]) for tag in ("MODL", "ENCO", "DECO", "DECO")], "not those"),
        ([Section(tag, data + b"\0") for tag, data in parts.items()], "too many"),
        ([Section(tag, data[:-1]) for tag, data in parts.items()], "are left"),
    ):
        file = io.BytesIO()
        write_container(file, sections)
        with pytest.raises(FormatError, match=fault):
            read_model(file)


@pytest.mark.spec("LAT-8")
def test_a_quantised_vae_is_near_the_trained_one() -> None:
    rng = np.random.default_rng(8)
    trained = vae.initialise(20, (15,), 4, rng)
    x = rng.integers(0, 2, (50, 20), np.uint8)
    model = quantise_vae(trained, x)
    assert (model.pixels, model.latents, model.latent_bits) == (20, 4, 8)
    (first, last) = trained.encoder
    outputs = np.maximum(x @ first.weights + first.bias, 0) @ last.weights + last.bias
    means, inverse_scales = posterior_parameters(model, x.astype(np.int64))
    assert np.abs(means / 2**16 - outputs[:, :4]).max() < 0.02
    assert np.abs(-np.log(inverse_scales / 2**14) - outputs[:, 4:]).max() < 0.02
    (first, last) = trained.decoder
    z = rng.integers(0, 256, (50, 4))
    inputs = decoder_inputs(model, z)
    logits = np.maximum(inputs / 256 @ first.weights + first.bias, 0) @ last.weights
    assert np.abs(evaluate(model.decoder, inputs) / 256 - logits - last.bias).max() < 0.05


@pytest.mark.spec("LAT-8")
def test_rejects_a_vae_of_nans() -> None:
    trained = vae.initialise(3, (2,), 1, np.random.default_rng(0))
    broken = Layer(trained.decoder[0].weights * np.float32(np.nan), trained.decoder[0].bias)
    with pytest.raises(ModelError, match="not finite"):
        quantise_vae(
            vae.Vae(trained.encoder, (broken, trained.decoder[1])), np.eye(3, dtype=np.uint8)
        )
    with pytest.raises(ModelError, match="outside"):
        quantise_vae(trained, np.eye(3, dtype=np.uint8), 13)


@pytest.mark.spec("LAT-1")
def test_the_prior_costs_its_bits() -> None:
    codec = prior(model_of([0] * 6, [0], 11))
    assert codec.push(EMPTY, (1, 2, 3)).head == (2**32 << 24) + 0x030201
