"""The numbers that all chapters share; SPEC.md names each of them in its notation table."""

WORD_BITS = 32
"""Width of a word of a message, in bits (ANS-1)."""

MOST_TABLED_PREC = 16
"""Most bits of precision of a table of slots (TAN-1)."""

LOGIT_FRACTION = 8
"""Fraction bits of a logit (TAB-1)."""
LOGIT_LIMIT = 12 << LOGIT_FRACTION
"""Largest magnitude of a logit: 12, as an integer at ``2**-LOGIT_FRACTION`` (TAB-1)."""
BERNOULLI_PREC = 16
"""Bits of precision of a pixel's probability (TAB-1)."""

ARGUMENT_FRACTION = 16
"""Fraction bits of an argument of a CDF, of a mean and of a bucket edge (TAB-3)."""
CDF_STEP_FRACTION = 6
"""CDFs are tabled at multiples of ``2**-CDF_STEP_FRACTION`` (TAB-2, TAB-6)."""
CDF_LIMIT = 8
"""The normal CDF is 0 below ``-CDF_LIMIT`` and 1 above ``CDF_LIMIT`` (TAB-2)."""
CDF_FRACTION = 32
"""Fraction bits of a value of the normal or logistic CDF (TAB-2, TAB-6)."""
LOGISTIC_LIMIT = 24
"""The logistic CDF is 0 below ``-LOGISTIC_LIMIT`` and 1 above it (TAB-6)."""

LOG_SCALE_FRACTION = 8
"""Fraction bits of a log scale (TAB-4)."""
LOG_SCALE_LIMIT = 6 << LOG_SCALE_FRACTION
"""Largest magnitude of a log scale: 6 (TAB-4)."""
INVERSE_SCALE_FRACTION = 14
"""Fraction bits of an inverse scale (TAB-4)."""

MEAN_LIMIT = 8 << ARGUMENT_FRACTION
"""Largest magnitude of a posterior mean: 8 (LAT-2)."""
GAUSSIAN_PREC = 24
"""Bits of precision of a quantised Gaussian (LAT-3)."""
LATENT_BITS = 8
"""Default bits of a latent: its prior has ``2**LATENT_BITS`` buckets (LAT-1)."""
CHUNK_SIZE = 2048
"""Default number of images of a chunk (LSL-1)."""
MOST_CHUNK_IMAGES = 1 << 16
"""Most images of a chunk (LSL-1)."""
MOST_CHUNK_NUMBERS = 1 << 28
"""Most pixels and latents of a chunk, together (LSL-1)."""
MOST_DIMENSIONS = 32
"""Most dimensions of an image (LSL-5)."""
