"""Passes through all layers: with states, and with numbers in their place.

Spec: DVA-3, DVA-5.  Checked by tests/equivalence/test_discrete_vae.py.

States and numbers in their place are signs, ``2 x - 1``, so derivatives are in those too; a
row is one draw of one image, draw by draw. The first encoder, which takes the image alone,
sees each image once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fast.models.discrete_vae._kernels import (
    closed_form_kernel,
    log_mass_kernel,
    relaxed_signs_kernel,
    slope_kernel,
    state_kernel,
)
from fast.models.discrete_vae._networks import forward, input_gradient, parameter_gradient
from reference.errors import DistributionError, ModelError
from reference.models.discrete_vae import DiscreteVae, Noise
from reference.models.mlp import Floats, Mlp
from reference.models.vae.model import Images

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A layer, given what is below it."""

    below: Floats
    """Signs of what the encoder took."""
    inputs: list[Floats]
    logits: Floats
    p: Floats
    """The probabilities of the states."""
    s: Floats
    """Signs of the states, or of what stands for them."""


@dataclass(frozen=True, eq=False)
class Pass:
    """What a pass through a layer left behind."""

    layer: Encoded
    inputs: list[Floats]
    """Of the decoder."""
    decoded: Floats
    """The logits of what is below."""
    log_masses: Values
    """Of what is below; one number a row."""
    d_decoded: Floats
    """Their gradient in the logits, times a weight."""
    closed: Values
    """The closed form of the layer; one number a row."""
    d_closed: Floats
    """Its gradient in the logits of the layer, times the weight."""


class Noises:
    """The noise of a batch, a row for each draw of each image, in binary64."""

    def __init__(
        self,
        noise: Noise,
        widths: Sequence[int],
        images: int,
        *,
        pairs: bool = False,
        least: int = 1,
    ) -> None:
        """Take the noise, or refuse what does not fit (DVA-3, DVA-7)."""
        arrays = noise.u + noise.v if pairs else noise.u
        found = [a.shape for a in arrays]
        self.draws = found[0][0] if found and len(found[0]) == 3 else 0
        wanted = [(self.draws, images, width) for width in widths] * (2 if pairs else 1)
        if self.draws < least or found != wanted:
            raise DistributionError(
                f"noise of shapes {found} for {images} images and layers of {tuple(widths)},"
                f" at least {least} draws" + (", u and v" if pairs else "")
            )
        rows = [_rows(a) for a in arrays]
        self.u, self.v = rows[: len(widths)], rows[len(widths) :]

    def logistic(self, dtype: np.dtype[Any]) -> list[Floats]:
        """Return ``log(u / (1 - u))`` of each layer (GRD-2)."""
        return [np.log(u / (1 - u)).astype(dtype) for u in self.u]


def encode(
    encoder: Mlp, below: Floats, u: Floats, logistic: Floats | None, per_temperature: Any
) -> Encoded:
    """Return a layer: its states, or relaxed ones where there is `logistic` noise (DVA-1).

    `below` has as many rows as the noise, or one for each image.
    """
    logits, inputs = forward(encoder, below)
    if len(logits) < len(u):
        logits = np.tile(logits, (len(u) // len(logits), 1))
    p, s = np.empty_like(logits), np.empty_like(logits)
    state_kernel(logits, u, p, s)
    if logistic is not None:
        relaxed_signs_kernel(logits, logistic, per_temperature, s)
    return Encoded(below, inputs, logits, p, s)


def encoder_gradient(encoder: Mlp, layer: Encoded, d_logits: Floats) -> Mlp:
    """Return the gradient in an encoder, which may have seen each image once (MLP-3)."""
    images = len(layer.below)
    if len(d_logits) > images:
        d_logits = d_logits.reshape(-1, images, d_logits.shape[1]).sum(axis=0)
    return parameter_gradient(encoder, layer.inputs, d_logits)


def pass_through(
    model: DiscreteVae,
    x: Floats,
    noises: Noises,
    weight: float,
    temperature: float | None = None,
) -> list[Pass]:
    """Go through all layers (DVA-3), with relaxed states at a temperature (DVA-5)."""
    real = model.dtype.type
    logistic = None if temperature is None else noises.logistic(model.dtype)
    per_temperature = inverse(temperature or 1.0, model.dtype)
    passes: list[Pass] = []
    below = x
    for index, encoder in enumerate(model.encoders):
        relaxed = None if logistic is None else logistic[index]
        layer = encode(encoder, below, noises.u[index], relaxed, per_temperature)
        decoded, inputs = forward(model.decoders[index], layer.s)
        log_masses, closed = np.zeros((2, len(decoded)))
        d_decoded, d_closed = np.empty_like(decoded), np.zeros_like(layer.logits)
        log_mass_kernel(decoded, below, real(weight), log_masses, d_decoded)
        prior, offset = closed_form_of(model, index)
        closed_form_kernel(layer.logits, prior, offset, real(weight), closed, d_closed)
        passes.append(Pass(layer, inputs, decoded, log_masses, d_decoded, closed, d_closed))
        below = layer.s
    return passes


def closed_form_of(model: DiscreteVae, index: int) -> tuple[Floats, Floats]:
    """Return the prior that `closed_form_kernel` takes for a layer, and its offset (DVA-3)."""
    if index + 1 < len(model.encoders):
        zeros = np.zeros(model.widths[index], model.dtype)
        return zeros, zeros
    return model.prior, np.logaddexp(0, model.prior).astype(model.dtype)


def objective(
    model: DiscreteVae,
    index: int,
    below: Floats,
    s: Floats,
    logistic: Sequence[Floats],
    per_temperature: Any,
) -> tuple[Values, Floats, Floats]:
    """Return g of DVA-6 at `s`, its gradient, and the logits of what is below.

    `s` may have a multiple of the rows of `below` and noise.
    """
    decoded, inputs = forward(model.decoders[index], s)
    values, d_decoded = np.zeros(len(s)), np.empty_like(decoded)
    one = model.dtype.type(1)
    log_mass_kernel(decoded, below, one, values, d_decoded)
    d_s = input_gradient(model.decoders[index], inputs, d_decoded)
    if index + 1 < len(model.encoders):
        encoder = model.encoders[index + 1]
        logits, inputs = forward(encoder, s)
        d_logits, above = np.zeros_like(logits), np.empty_like(logits)
        closed_form_kernel(logits, *closed_form_of(model, index + 1), one, values, d_logits)
        relaxed_signs_kernel(logits, logistic[index + 1], per_temperature, above)
        rest, d_above, own = objective(model, index + 1, s, above, logistic, per_temperature)
        slope_kernel(above, per_temperature, d_above)
        d_logits += d_above
        d_s += input_gradient(encoder, inputs, d_logits)
        d_s += own / 2  # the log mass of s is linear in s, with its logits for slopes
        values += rest
    return values, d_s, decoded


def inverse(temperature: float, dtype: np.dtype[Any]) -> Any:
    """Return 1 over a temperature, in this type; if it is too large, a large number.

    With that, too, relaxed states are those at temperature 0, and no product overflows.
    """
    return dtype.type(min(1 / temperature, float(np.finfo(dtype).max) * 2.0**-40))


def check_bits(outcomes: int) -> None:
    """Refuse latents that only the reference has."""
    if outcomes != 1:
        raise ModelError(f"latents of {outcomes} outcomes; fast has bits, reference has both")


def signs(images: Images, dtype: np.dtype[Any]) -> Floats:
    """Return images as networks take them (DVA-2)."""
    return 2 * images.astype(dtype) - 1


def _rows(a: Floats) -> Values:
    """Return noise of a layer in binary64, or refuse what is not in (0, 1)."""
    u = np.require(a, np.float64, ["C", "W"]) if a.dtype.kind == "f" else np.zeros(1)
    if not (u.min() > 0 and u.max() < 1):
        raise DistributionError(f"noise outside (0, 1), or of {a.dtype}")
    return u.reshape(-1, a.shape[-1])
