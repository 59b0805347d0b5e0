"""Compiled twin of `reference.compression.latent_codec`.

Spec: LAT-1, LAT-2, LAT-4.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fast.coding.tables import exp_table, normal_cdf_table
from fast.compression.integer_network import evaluate
from reference.compression.latent_codec import Buckets, LatentModel
from reference.params import (
    ARGUMENT_FRACTION,
    CDF_FRACTION,
    CDF_LIMIT,
    CDF_STEP_FRACTION,
    LOG_SCALE_FRACTION,
    LOG_SCALE_LIMIT,
    MEAN_LIMIT,
)

__all__ = ["buckets", "posterior_parameters"]

Integers = NDArray[np.int64]


@cache
def buckets(latent_bits: int) -> Buckets:
    """Return the ``K = 2**latent_bits`` buckets of a latent. Spec: LAT-1.

    Here by a search in the whole normal CDF, tabled at every argument.
    """
    cell_bits = ARGUMENT_FRACTION - CDF_STEP_FRACTION
    below, above = normal_cdf_table()[:-1], normal_cdf_table()[1:]
    offsets = np.arange(1 << cell_bits)
    cdf = below[:, None] + ((above - below)[:, None] * offsets >> cell_bits)
    masses = np.arange(1, 2 << latent_bits) << (CDF_FRACTION - latent_bits - 1)
    quantiles = np.searchsorted(cdf.ravel(), masses) - (CDF_LIMIT << ARGUMENT_FRACTION)
    return Buckets(
        edges=tuple(quantiles[1::2].tolist()), centres=tuple(quantiles[::2].tolist())
    )


def posterior_parameters(model: LatentModel, images: Integers) -> tuple[Integers, Integers]:
    """Return the means and the inverse scales of the posterior.

    Spec: LAT-2. Arguments, result and errors as for the reference.
    """
    outputs, fraction = evaluate(model.encoder, images), model.encoder.output_fraction
    means = outputs[:, : model.latents] << (ARGUMENT_FRACTION - fraction)
    shift = fraction - LOG_SCALE_FRACTION
    log_scales = (outputs[:, model.latents :] + (1 << shift >> 1)) >> shift
    return (
        np.clip(means, -MEAN_LIMIT, MEAN_LIMIT),
        exp_table()[np.clip(log_scales, -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT) + LOG_SCALE_LIMIT],
    )
