"""A trained variational autoencoder as the three codecs that bits-back coding wants.

Spec: LAT-1 to LAT-9.
Source: J. Townsend, T. Bird, D. Barber, "Practical lossless compression with latent
variables using bits back coding", ICLR 2019, arXiv:1901.04866, section 2.5.

A real latent is coded as the bucket that it falls in. The prior gives all buckets the
same mass, so it costs exactly ``latent_bits`` bits; the posterior shares out
its slots by its CDF at the edges; the decoder network sees the bucket's centre::

    prior       |   |  |  | | | | | |  |  |   |        equal mass, 2**latent_bits buckets
    posterior            _ - ^ - _                     24 bits, by the normal table

The receiver computes the posterior too, to push the latents back. So both networks are
integers (INN), and no float is left between an image and its bytes.
"""

from reference.compression.latent_codec.buckets import Buckets, buckets
from reference.compression.latent_codec.codecs import (
    codecs,
    decoder_inputs,
    likelihood,
    middle_latents,
    posterior,
    posterior_parameters,
    prior,
)
from reference.compression.latent_codec.model import (
    LatentModel,
    digest,
    quantise_vae,
    read_model,
    write_model,
)

__all__ = [
    "Buckets",
    "LatentModel",
    "buckets",
    "codecs",
    "decoder_inputs",
    "digest",
    "likelihood",
    "middle_latents",
    "posterior",
    "posterior_parameters",
    "prior",
    "quantise_vae",
    "read_model",
    "write_model",
]
