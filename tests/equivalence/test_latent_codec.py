"""`fast.compression.latent_codec` equals the reference."""

import numpy as np
import pytest
from hypothesis import given

import fast.compression.latent_codec as fast
import reference.compression.latent_codec as reference
from reference.compression.latent_codec import LatentModel
from tests.strategies import latent_models


@pytest.mark.spec("LAT-1")
@pytest.mark.parametrize("latent_bits", range(1, 13))
def test_buckets(latent_bits: int) -> None:
    assert fast.buckets(latent_bits) == reference.buckets(latent_bits)


@pytest.mark.spec("LAT-2")
@given(model=latent_models())
def test_posterior_parameters(model: LatentModel) -> None:
    images = np.array([[0] * model.pixels, [1] * model.pixels])
    for found, expected in zip(
        fast.posterior_parameters(model, images),
        reference.posterior_parameters(model, images),
        strict=True,
    ):
        assert found.tolist() == expected.tolist()
