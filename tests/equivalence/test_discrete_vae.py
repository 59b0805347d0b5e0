"""`fast.models.discrete_vae` equals its reference, within the bounds of DVA."""

from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import fast.models.discrete_vae as fast
import reference.models.discrete_vae as reference
from fast.models.discrete_vae._kernels import log_mass_kernel
from reference.errors import DataError, DistributionError, ModelError
from reference.models.discrete_vae import (
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
    Predictor,
)
from reference.models.discrete_vae.chain import Pass, encode, pass_through, run
from reference.models.discrete_vae.estimators import LAYERWISE, OF_ALL_LAYERS
from reference.models.discrete_vae.layers import hard
from reference.models.mlp import Floats, Layer, Mlp
from reference.models.vae import Images

RELATIVE = {np.float32: 1e-5, np.float64: 1e-12}
"""The bounds of DVA."""
PREDICTION = ("NVIL", "VIMCO", "Concrete")
Shape = tuple[int, int, int, tuple[int, ...], tuple[int, ...]]


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def arrays(*networks: Mlp) -> list[Floats]:
    return [a for network in networks for p in network for a in (p.weights, p.bias)]


def parameters(model: DiscreteVae | Predictor) -> list[Floats]:
    if isinstance(model, Predictor):
        return arrays(*model.encoders, model.decoder)
    return [*arrays(*model.encoders, *model.decoders), model.prior]


def lessons(learned: tuple[Learned, ...]) -> list[Floats]:
    numbers = [np.array([k.eta, k.centre, k.variance]) for k in learned]
    return [a for k in learned for a in arrays(k.baseline, k.control)] + numbers


def vector(found: list[Floats]) -> Floats:
    return np.concatenate([a.ravel().astype(np.float64) for a in found])


def wide_network(network: Mlp) -> Mlp:
    return tuple(Layer(p.weights.astype(float), p.bias.astype(float)) for p in network)


def wide(model: Any) -> Any:
    """The same numbers in float64: what a float32 result is compared with."""
    encoders = tuple(map(wide_network, model.encoders))
    if isinstance(model, Predictor):
        return replace(model, encoders=encoders, decoder=wide_network(model.decoder))
    decoders = tuple(map(wide_network, model.decoders))
    return replace(
        model, encoders=encoders, decoders=decoders, prior=model.prior.astype(float)
    )


def wide_learned(learned: tuple[Learned, ...]) -> tuple[Learned, ...]:
    return tuple(
        replace(k, baseline=wide_network(k.baseline), control=wide_network(k.control))
        for k in learned
    )


def what_is_learned(
    name: str, widths: tuple[int, ...], hidden: Any, seed: int, dtype: Any, target: int = 0
) -> Any:
    """An estimator, and numbers that it might have learned."""
    estimator = Estimator(name, temperature=0.4 + seed % 3, decay=0.7)
    learned = reference.initialise_learned(
        estimator, widths, hidden, rng(seed), dtype, target=target
    )
    for a in lessons(learned)[: -len(learned)]:
        a[:] = rng(seed + a.size).uniform(-0.5, 0.5, a.shape)
    return estimator, tuple(
        replace(k, eta=0.8, centre=-3.0, variance=4.0 * (seed % 2)) for k in learned
    )


def problem(name: str, seed: int, shape: Shape, dtype: Any) -> Any:
    """A model whose biases and prior are not 0, images, noise, and an estimator."""
    K, n, pixels, layers, hidden = shape
    model = reference.initialise_discrete(
        pixels, layers, rng(seed), hidden=hidden, dtype=dtype
    )
    for a in parameters(model):
        a += rng(seed + a.size).uniform(-0.5, 0.5, a.shape).astype(dtype)
    estimator, learned = what_is_learned(name, (pixels, *layers), hidden, seed, dtype)
    x = rng(seed).integers(0, 2, (n, pixels), np.uint8)
    K = max(K, estimator.least_draws)
    noise = reference.draw_noise(layers, n, K, rng(seed), pairs=estimator.pairs)
    return model, x, noise, estimator, learned


def layers_of(model: DiscreteVae, x: Images, noise: Noise) -> list[tuple[Pass, Floats]]:
    """The pass through each layer in float64, and the noise of its states."""
    below = np.tile(x.astype(float), (len(noise.u[0]), 1))
    u = [a.reshape(len(below), -1) for a in noise.u]
    return list(zip(pass_through(wide(model), 0, below, u, hard).layers(), u, strict=True))


def magnitude(model: DiscreteVae, x: Images, noise: Noise, *, masses: bool = False) -> float:
    """The largest sum T of a draw: of log masses, and of closed forms or of `masses` for them.

    A log mass has the terms ``s l`` and ``log(1 + exp(l))``; a closed form has those of an
    entropy, less than 0.7 a bit, and of what the prior's logits make of a divergence.
    """
    sums = np.zeros(1)
    for part, _ in layers_of(model, x, noise):
        s, logits = part.layer.s, part.layer.logits
        sums = sums + terms(part.decoded, part.layer.below) + 0.7 * logits.shape[1]
        if masses:
            sums = sums + terms(logits, s)
    return float((sums + terms(np.broadcast_to(model.prior, s.shape), s)).max())


def sure(layers: list[tuple[Any, Floats]]) -> bool:
    """No bit is within rounding errors of where it changes, as the clauses except.

    One in 500 000 is, under this limit; so there is no false alarm, and hardly a lost example.
    """
    return all(
        np.abs(u - (1 - layer.q.mean)).min() > 1e-6  # in binary32, p is within 2e-7
        for layer, u in ((getattr(part, "layer", part), u) for part, u in layers)
    )


def terms(logits: Floats, s: Floats) -> Floats:
    return np.asarray((np.abs(s * logits) + np.logaddexp(0, logits)).sum(axis=1))


dtypes = st.sampled_from([np.float32, np.float64])
shapes = st.tuples(
    st.integers(1, 4),
    st.integers(1, 7),
    st.integers(1, 30),
    st.lists(st.integers(1, 12), min_size=1, max_size=3).map(tuple),
    st.lists(st.integers(1, 9), max_size=2).map(tuple),
)


@pytest.mark.spec("DVA-5", "DVA-6", "DVA-7", "DVA-8", "DVA-9", "DVA-10")
@pytest.mark.parametrize("name", LAYERWISE + OF_ALL_LAYERS)
@given(dtype=dtypes, seed=st.integers(0, 2**32), shape=shapes)
@example(dtype=np.float32, seed=0, shape=(1, 20, 784, (200,), ())).via(
    "the linear model of MNIST"
)
@example(dtype=np.float64, seed=1, shape=(2, 5, 17, (8, 6), (4,))).via(
    "two layers, hidden units"
)
def test_gradients(name: str, dtype: Any, seed: int, shape: Shape) -> None:
    """float32 is compared with float64: the reference's own rounding errors are no excuse."""
    model, x, noise, estimator, learned = problem(name, seed, shape, dtype)
    assume(sure(layers_of(model, x, noise)))
    expected = reference.discrete_gradients(
        wide(model), x, noise, estimator, wide_learned(learned)
    )
    found = fast.discrete_gradients(model, x, noise, estimator, learned)
    assert [a.shape for a in parameters(found.model)] == [a.shape for a in parameters(model)]
    assert {a.dtype for a in parameters(found.model)} == {np.dtype(dtype)}
    assert {a.dtype for k in found.learned for a in arrays(k.baseline, k.control)} <= {
        np.dtype(dtype)
    }
    T, u = magnitude(model, x, noise, masses=name == "VIMCO"), RELATIVE[dtype]
    assert abs(found.nats - expected.nats) <= u * T
    pairs = [(parameters(found.model), parameters(expected.model))]
    pairs += [(lessons(found.learned), lessons(expected.learned))]
    for mine, theirs in pairs:
        a, b = vector(mine), vector(theirs)
        assert a.size == b.size
        assert np.linalg.norm(a - b) <= u * (1 + T) * (1 + np.linalg.norm(b))


@pytest.mark.spec("DVA-6", "DVA-8")
@pytest.mark.parametrize("name", LAYERWISE + OF_ALL_LAYERS)
def test_gradients_of_ordinary_size(name: str) -> None:
    """Far within the bound: a relative 1e-12 of every array, with two layers and two draws."""
    shape = (2, 9, 21, (7, 5), (6,))
    model, x, noise, estimator, learned = problem(name, 3, shape, np.float64)
    expected = reference.discrete_gradients(model, x, noise, estimator, learned)
    found = fast.discrete_gradients(model, x, noise, estimator, learned)
    pairs = zip(
        parameters(found.model) + lessons(found.learned),
        parameters(expected.model) + lessons(expected.learned),
        strict=True,
    )
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


@pytest.mark.spec("DVA-11", "DVA-12")
@pytest.mark.parametrize("name", PREDICTION)
@given(dtype=dtypes, seed=st.integers(0, 2**32), shape=shapes, target=st.integers(1, 20))
@example(dtype=np.float32, seed=0, shape=(5, 10, 392, (240, 240), ()), target=392).via(
    "halves of MNIST"
)
def test_prediction(name: str, dtype: Any, seed: int, shape: Shape, target: int) -> None:
    K, n, pixels, layers, hidden = shape
    K = 1 if name == "NVIL" else K + 1
    predictor = reference.initialise_predictor(
        (pixels, target), layers, rng(seed), dtype=dtype
    )
    for a in parameters(predictor):
        a += rng(seed + a.size).uniform(-0.5, 0.5, a.shape).astype(dtype)
    estimator, learned = what_is_learned(name, (pixels, *layers), hidden, seed, dtype, target)
    x, y = (rng(seed).integers(0, 2, (n, size), np.uint8) for size in (pixels, target))
    noise = reference.draw_noise(layers, n, K, rng(seed), pairs=False)
    s, drawn = np.tile(x.astype(float), (K, 1)), []
    for encoder, a in zip(wide(predictor).encoders, noise.u, strict=True):
        drawn.append(
            (encode(encoder, s, a.reshape(len(s), -1), 1, hard), a.reshape(len(s), -1))
        )
        s = drawn[-1][0].s
    assume(sure(drawn))
    logits, _ = run(wide(predictor).decoder, s)
    known = wide_learned(learned)
    expected = reference.prediction_gradients(wide(predictor), x, y, noise, estimator, known)
    found = fast.prediction_gradients(predictor, x, y, noise, estimator, learned)
    estimate = fast.prediction_estimate(predictor, x, y, noise)
    same = reference.prediction_estimate(wide(predictor), x, y, noise)
    T, u = float(terms(logits, np.tile(y, (K, 1))).max()), RELATIVE[dtype]
    assert np.abs(estimate - same).max() <= u * T
    assert abs(found.nats - expected.nats) <= u * T
    pairs = [(parameters(found.predictor), parameters(expected.predictor))]
    pairs += [(lessons(found.learned), lessons(expected.learned))]
    for mine, theirs in pairs:
        a, b = vector(mine), vector(theirs)
        assert a.size == b.size
        assert np.linalg.norm(a - b) <= u * (1 + T) * (1 + np.linalg.norm(b))
    assert {a.dtype for a in parameters(found.predictor)} == {np.dtype(dtype)}


@pytest.mark.spec("DVA-3", "DVA-4")
@given(dtype=dtypes, seed=st.integers(0, 2**32), shape=shapes)
def test_estimates(dtype: Any, seed: int, shape: Shape) -> None:
    model, x, noise, _, _ = problem("score function", seed, shape, dtype)
    assume(sure(layers_of(model, x, noise)))
    limit = RELATIVE[dtype] * magnitude(model, x, noise, masses=True)
    for name in ("discrete_elbo_estimate", "discrete_log_weights"):
        expected = getattr(reference, name)(wide(model), x, noise)
        found = getattr(fast, name)(model, x, noise)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= limit


@pytest.mark.spec("DVA-13")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "samples"), [(1, 1), (499, 2), (500, 1), (1001, 3)])
def test_bounds_of_a_data_set(dtype: Any, n: int, samples: int) -> None:
    """Numbers of images that batches divide, and that they do not; the draws are the same."""
    model, x, noise, _, _ = problem("NVIL", n, (1, n, 9, (4, 3), ()), dtype)
    limit = RELATIVE[dtype] * magnitude(model, x, noise, masses=True)
    for name in ("discrete_elbo", "discrete_log_evidence_bounds"):
        expected = getattr(reference, name)(wide(model), x, samples, rng(n))
        found = getattr(fast, name)(model, x, samples, rng(n))
        assert found.shape == (n,)
        assert np.abs(found - expected).max() <= limit
    predictor = reference.initialise_predictor((9, 9), (4, 3), rng(n), dtype=dtype)
    expected = reference.log_prediction_bounds(wide(predictor), x, x, samples, rng(n))
    found = fast.log_prediction_bounds(predictor, x, x, samples, rng(n))
    assert np.abs(found - expected).max() <= limit


@pytest.mark.spec("DVA-14")
@pytest.mark.parametrize("pairs", [False, True])
def test_noise(pairs: bool) -> None:
    """The same numbers, bit for bit, and the same state of the generator after them."""
    ours, theirs = rng(3), rng(3)
    found = fast.draw_noise((5, 3), 4, 2, ours, pairs=pairs)
    expected = reference.draw_noise((5, 3), 4, 2, theirs, pairs=pairs)
    assert len(found.v) == (2 if pairs else 0)
    for mine, other in zip(found.u + found.v, expected.u + expected.v, strict=True):
        assert np.array_equal(mine, other)
    assert ours.bit_generator.state == theirs.bit_generator.state


@pytest.mark.spec("DVA-3", "DVA-6", "DVA-7")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["MuProp", "REBAR", "RELAX", "Concrete", "VIMCO"])
@pytest.mark.parametrize("size", [30.0, 300.0, 3e4])
def test_extreme_logits_and_noise(name: str, dtype: Any, size: float) -> None:
    """Sure bits, and noise next to 0 and 1: finite, and what the reference says."""
    model, x, noise, estimator, learned = problem(name, 2, (2, 6, 9, (5, 4), ()), dtype)
    for encoder in model.encoders:
        encoder[-1].bias[:] = np.linspace(-size, size, encoder[-1].bias.size)
    for a in noise.u + noise.v:
        a[0, :2], a[0, 2:4] = 2.0**-40, 1 - 2.0**-40
    known = wide_learned(learned)
    expected = reference.discrete_gradients(wide(model), x, noise, estimator, known)
    found = fast.discrete_gradients(model, x, noise, estimator, learned)
    T, u = magnitude(model, x, noise, masses=name == "VIMCO"), RELATIVE[dtype]
    assert abs(found.nats - expected.nats) <= u * T
    mine, theirs = vector(parameters(found.model)), vector(parameters(expected.model))
    assert np.linalg.norm(mine - theirs) <= u * (1 + T) * (1 + np.linalg.norm(theirs))


@pytest.mark.spec("DVA-7")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["REBAR", "RELAX", "Concrete"])
@pytest.mark.parametrize("temperature", [1e-40, 1e-310])
def test_temperatures_next_to_0(name: str, dtype: Any, temperature: float) -> None:
    """Relaxed states are then states, without a slope."""
    model, x, noise, _, learned = problem(name, 2, (1, 6, 9, (5, 4), ()), dtype)
    estimator = Estimator(name, temperature=temperature)
    found = fast.discrete_gradients(model, x, noise, estimator, learned)
    sharp = fast.discrete_gradients(model, x, noise, Estimator(name, 1e-30), learned)
    mine, theirs = vector(parameters(found.model)), vector(parameters(sharp.model))
    assert np.array_equal(mine, theirs)
    if temperature == 1e-40:
        known = wide_learned(learned)
        expected = reference.discrete_gradients(wide(model), x, noise, estimator, known)
        theirs = vector(parameters(expected.model))
        T, u = magnitude(model, x, noise), RELATIVE[dtype]
        assert np.linalg.norm(mine - theirs) <= u * (1 + T) * (1 + np.linalg.norm(theirs))


@pytest.mark.spec("DVA-2", "DVA-3", "DVA-7", "DVA-12", "DVA-13")
@pytest.mark.parametrize("impl", [reference, fast], ids=["reference", "fast"])
def test_rejects_alike(impl: Any) -> None:
    model, x, noise, estimator, learned = problem(
        "REBAR", 0, (2, 3, 5, (4, 2), ()), np.float64
    )
    whole = (model, x, noise, estimator, learned)

    def refuses(error: type[Exception], **changes: Any) -> None:
        names = ("model", "x", "noise", "estimator", "learned")
        arguments = [changes.get(n, a) for n, a in zip(names, whole, strict=True)]
        with pytest.raises(error):
            impl.discrete_gradients(*arguments)

    u, v = noise.u, noise.v
    edge = u[0].copy()
    edge[0, 0, 0] = 1.0
    for bad in (
        Noise(u),
        Noise(u[:1], v[:1]),
        Noise(u, (v[0],)),
        Noise((u[0], u[1][:1]), v),
        Noise((u[0][:, :2], u[1][:, :2]), (v[0][:, :2], v[1][:, :2])),
        Noise((edge, u[1]), v),
        Noise(u, (edge, v[1])),
        Noise((edge - 1, u[1]), v),
        Noise((u[0] * np.nan, u[1]), v),
        Noise((), ()),
    ):
        refuses(DistributionError, noise=bad)
    for bad in (tuple(a.astype(complex) for a in u), tuple(a > 0.5 for a in u)):
        refuses(DistributionError, noise=Noise(bad, v))
    for size in (np.nan, np.inf):
        broken = replace(model.encoders[0][0], bias=np.full(4, size))
        refuses(ModelError, model=replace(model, encoders=((broken,), *model.encoders[1:])))
        broken = replace(model.decoders[1][0], bias=np.full(4, size))
        refuses(ModelError, model=replace(model, decoders=(model.decoders[0], (broken,))))
    for images in (x[:, :4], x[:0], x + 1, x.astype(float), x[0]):
        refuses(DataError, x=images)
    refuses(ModelError, learned=learned[:1])
    for name in ("NVIL", "RELAX"):
        others = reference.initialise_learned(Estimator(name), (5, 4, 2), (), rng(0))
        refuses(ModelError, learned=others)
        refuses(ModelError, learned=others[::-1], estimator=Estimator(name))
    single = Noise(tuple(a[:1] for a in u), tuple(a[:1] for a in v))
    for name in ("VIMCO", "leave one out"):
        refuses(DistributionError, noise=single, estimator=Estimator(name))
    for function in (impl.discrete_elbo, impl.discrete_log_evidence_bounds):
        with pytest.raises(DataError):
            function(model, x, 0, rng(0))
        with pytest.raises(DataError):
            function(model, x[:0], 1, rng(0))

    predictor = reference.initialise_predictor((5, 5), (4, 2), rng(0), dtype=np.float64)
    for name, n in (("REBAR", noise), ("VIMCO", single), ("NVIL", noise)):
        with pytest.raises((DistributionError, ModelError)):
            impl.prediction_gradients(predictor, x, x, n, Estimator(name), learned)
    with pytest.raises(DataError):
        impl.prediction_estimate(predictor, x, x[:2], noise)
    with pytest.raises(DataError):
        impl.log_prediction_bounds(predictor, x, x[:, :3], 1, rng(0))
    many = np.zeros((503, 5), np.uint8)
    with pytest.raises(DataError):
        impl.log_prediction_bounds(predictor, many[:500], many, 1, rng(0))
    others = reference.initialise_learned(Estimator("NVIL"), (5, 4, 2), (), rng(0))
    with pytest.raises(ModelError):
        impl.prediction_gradients(predictor, x, x, noise, Estimator("VIMCO"), others)
    for counts in ((0, 1), (1, 0), (-1, 1)):
        with pytest.raises(DataError):
            impl.draw_noise((2,), *counts, rng(0), pairs=False)


@pytest.mark.spec("DVA-1")
def test_outcomes_are_for_the_reference() -> None:
    model = reference.initialise_discrete(5, (2,), rng(0), outcomes=3)
    noise = reference.draw_noise(model.widths, 1, 1, rng(0), pairs=False)
    x = np.zeros((1, 5), np.uint8)
    assert reference.discrete_elbo_estimate(model, x, noise).shape == (1, 1)
    with pytest.raises(ModelError, match="3 outcomes"):
        fast.discrete_elbo_estimate(model, x, noise)


@pytest.mark.spec("DVA-1")
def test_a_kernel_called_from_compiled_code() -> None:
    @numba.njit  # type: ignore[untyped-decorator]
    def twice(logits, s, values, d):  # type: ignore[no-untyped-def]
        log_mass_kernel(logits, s, np.float64(1), values, d)
        log_mass_kernel(logits, s, np.float64(1), values, d)

    logits, s = rng(0).normal(size=(4, 3)), np.where(rng(1).random((2, 3)) < 0.5, -1.0, 1.0)
    values, d = np.zeros(4), np.empty((4, 3))
    twice(logits, s, values, d)
    p = 1 / (1 + np.exp(-logits))
    x = np.tile((s + 1) / 2, (2, 1))
    np.testing.assert_allclose(values, 2 * np.log(np.where(x == 1, p, 1 - p)).sum(axis=1))
    np.testing.assert_allclose(d, x - p)
