"""DVA-2 and DVA-14, new models and their noise; and what every clause of DVA refuses."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from reference.errors import DataError, DistributionError, ModelError, SpecError
from reference.models import mlp
from reference.models.discrete_vae import (
    DiscreteVae,
    Estimator,
    Learned,
    Noise,
    discrete_elbo,
    discrete_elbo_estimate,
    discrete_gradients,
    discrete_log_evidence_bounds,
    discrete_log_weights,
    draw_noise,
    initialise_discrete,
    initialise_learned,
    initialise_predictor,
    log_prediction_bounds,
    prediction_estimate,
    prediction_gradients,
)
from tests.discrete_vae_models import (
    any_noise,
    arrays,
    bits,
    network,
    nothing,
    rng,
    small,
    small_predictor,
)
from tests.networks import arrays as network_arrays


@pytest.mark.spec("DVA-2")
@pytest.mark.parametrize("outcomes", [1, 3])
@pytest.mark.parametrize("hidden", [(), (7, 6)])
def test_new_model(outcomes: int, hidden: tuple[int, ...]) -> None:
    """Encoders from the image on, decoders likewise with hidden layers reversed; prior 0."""
    model = initialise_discrete(
        5, (2, 3), rng(4), outcomes=outcomes, hidden=hidden, dtype=np.float64
    )
    source, widths = rng(4), [5, 2 * outcomes, 3 * outcomes]
    sizes = [(a, *hidden, b) for a, b in pairwise(widths)]
    sizes += [(b, *hidden[::-1], a) for a, b in pairwise(widths)]
    for found, wanted in zip((*model.encoders, *model.decoders), sizes, strict=True):
        expected = mlp.initialise(wanted, source, np.float64)
        for a, b in zip(network_arrays(found), network_arrays(expected), strict=True):
            assert np.array_equal(a, b)
    assert model.prior.tolist() == [0.0] * widths[-1]
    assert (model.pixels, list(model.widths)) == (5, widths[1:])
    assert (model.outcomes, model.dtype) == (outcomes, np.float64)
    single = initialise_discrete(5, (2, 3), rng(4), outcomes=outcomes, hidden=hidden)
    assert {a.dtype for a in arrays(single)} == {np.dtype(np.float32)}
    assert single.dtype == np.float32


@pytest.mark.spec("DVA-14")
@pytest.mark.parametrize("pairs", [False, True])
def test_noise(pairs: bool) -> None:
    """Layer by layer, u before v; exact in binary32, and never 0 or 1."""
    found, source = draw_noise((2, 3), 4, 5, rng(6), pairs=pairs), rng(6)
    for each in (found.u, found.v)[: 1 + pairs]:
        for a, width in zip(each, (2, 3), strict=True):
            r = source.integers(0, 2**23, (5, 4, width), np.uint32)
            assert a.tolist() == [
                [[(int(n) + 0.5) / 2**23 for n in row] for row in draw] for draw in r
            ]
            assert np.array_equal(a.astype(np.float32), a)
    assert pairs or found.v == ()
    largest = np.float32(1 - 2.0**-24)
    assert largest == (2**23 - 0.5) / 2**23 < 1


MODEL, X = small([2, 3]), bits(4, 3)
NOISE = any_noise(MODEL, 2, 4)
PREDICTOR, Y = small_predictor([2, 3]), bits(4, 3, 1)
OF_X = X[:, :2]


@pytest.mark.spec("DVA-7", "DVA-14")
def test_noise_that_is_not_wanted() -> None:
    """One noise will do for all estimators: those without pairs look at u alone."""
    for name in ("score function", "MuProp", "Concrete", "VIMCO"):
        a, b = (
            discrete_gradients(MODEL, X, noise, Estimator(name), nothing(MODEL))
            for noise in (NOISE, Noise(NOISE.u))
        )
        for one, other in zip(arrays(a.model), arrays(b.model), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.spec("DVA-14")
@pytest.mark.parametrize("name", ["REBAR", "Concrete", "VIMCO"])
def test_noise_of_binary32(name: str) -> None:
    """What is exact in binary32 may come in it: nothing else changes."""
    noise = draw_noise(MODEL.widths, 4, 2, rng(), pairs=True)
    single = Noise(*(tuple(a.astype(np.float32) for a in each) for each in (noise.u, noise.v)))
    a, b = (
        discrete_gradients(MODEL, X, one, Estimator(name), nothing(MODEL))
        for one in (noise, single)
    )
    assert a.nats == b.nats
    for one, other in zip(arrays(a.model), arrays(b.model), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.spec("DVA-7", "DVA-14")
def test_estimator() -> None:
    """What each takes."""
    assert {n for n in NAMES if Estimator(n).pairs} == {"REBAR", "RELAX"}
    assert {n for n in NAMES if Estimator(n).least_draws == 2} == {"leave one out", "VIMCO"}
    assert (Estimator("NVIL").temperature, Estimator("NVIL").decay) == (0.5, 0.8)
    for decay in (0.0, 1.0):
        Estimator("NVIL", decay=decay)


NAMES = ("score function", "leave one out", "NVIL", "MuProp", "REBAR", "RELAX")
NAMES += ("Concrete", "straight-through", "VIMCO")


def gradient(name: str = "score function", **changes: object) -> Callable[[], object]:
    arguments = {"model": MODEL, "x": X, "noise": NOISE, "learned": nothing(MODEL)} | changes
    return lambda: discrete_gradients(estimator=Estimator(name), **arguments)  # type: ignore[arg-type]


def prediction(name: str = "VIMCO", **changes: object) -> Callable[[], object]:
    arguments = {"x": OF_X, "y": Y, "noise": NOISE, "learned": nothing(MODEL)} | changes
    return lambda: prediction_gradients(PREDICTOR, estimator=Estimator(name), **arguments)  # type: ignore[arg-type]


def with_networks(baseline: mlp.Mlp = (), control: mlp.Mlp = ()) -> tuple[Learned, ...]:
    """The second layer, of 3 numbers above 2, has learned these."""
    return Learned(), Learned(baseline, control)


def part(noise: Noise, draws: slice = slice(None), images: slice = slice(None)) -> Noise:
    u, v = (tuple(a[draws, images] for a in each) for each in (noise.u, noise.v))
    return Noise(u, v)


def at(value: float) -> Noise:
    u = tuple(a.copy() for a in NOISE.u)
    u[1][1, 2, 1] = value
    return Noise(u, NOISE.v)


FIRST, SECOND = MODEL.encoders
SINGLE = small_predictor([2, 3], dtype=np.float32)
MODEL_ERRORS: dict[str, Callable[[], object]] = {
    "no layers": lambda: DiscreteVae((), (), np.zeros(3)),
    "an encoder without layers": lambda: replace(MODEL, encoders=(FIRST, ())),
    "a decoder without layers": lambda: replace(MODEL, decoders=(MODEL.decoders[0], ())),
    "encoders in another order": lambda: replace(MODEL, encoders=(SECOND, FIRST)),
    "decoders in another order": lambda: replace(MODEL, decoders=MODEL.decoders[::-1]),
    "a decoder too few": lambda: replace(MODEL, decoders=MODEL.decoders[:1]),
    "a decoder too many": lambda: replace(MODEL, decoders=MODEL.decoders * 2),
    "another prior": lambda: replace(MODEL, prior=np.zeros(2)),
    "a prior of rows": lambda: replace(MODEL, prior=np.zeros((1, 3))),
    "a prior of another type": lambda: replace(MODEL, prior=np.zeros(3, np.float32)),
    "decoders of another type": lambda: replace(
        MODEL, decoders=small([2, 3], dtype=np.float32).decoders
    ),
    "encoders of two types": lambda: replace(
        PREDICTOR, encoders=(SINGLE.encoders[0], PREDICTOR.encoders[1])
    ),
    "a predictor with encoders in another order": lambda: replace(
        PREDICTOR, encoders=PREDICTOR.encoders[::-1], decoder=network((2, 3))
    ),
    "3 numbers of 2 outcomes": lambda: replace(MODEL, outcomes=2),
    "no outcomes": lambda: replace(MODEL, outcomes=0),
    "a new model of no layers": lambda: initialise_discrete(3, (), rng()),
    "a new model of no outcomes": lambda: initialise_discrete(3, (2,), rng(), outcomes=0),
    "a new model of no latents": lambda: initialise_discrete(3, (2, 0), rng()),
    "a new model of no pixels": lambda: initialise_discrete(0, (2,), rng()),
    "a new model of half floats": lambda: initialise_discrete(
        3, (2,), rng(), dtype=np.float16
    ),
    "a new predictor of no layers": lambda: initialise_predictor((3, 3), (), rng()),
    "a new predictor of no outcomes": lambda: initialise_predictor(
        (3, 3), (2,), rng(), outcomes=0
    ),
    "a predictor without encoders": lambda: replace(PREDICTOR, encoders=()),
    "a predictor with another decoder": lambda: replace(PREDICTOR, decoder=network((2, 3))),
    "a predictor with no decoder": lambda: replace(PREDICTOR, decoder=()),
    "a predictor of two types": lambda: replace(
        PREDICTOR, decoder=network((3, 3), dtype=np.float32)
    ),
    "a predictor of 2 outcomes": lambda: replace(PREDICTOR, outcomes=2),
    "an unknown estimator": lambda: Estimator("nvil"),
    "no temperature": lambda: Estimator("REBAR", temperature=0),
    "a temperature below 0": lambda: Estimator("REBAR", temperature=-1),
    "an infinite temperature": lambda: Estimator("REBAR", temperature=np.inf),
    "a temperature that is NaN": lambda: Estimator("REBAR", temperature=np.nan),
    "a decay below 0": lambda: Estimator("NVIL", decay=-0.1),
    "a decay above 1": lambda: Estimator("NVIL", decay=1.1),
    "a decay that is NaN": lambda: Estimator("NVIL", decay=np.nan),
    "new networks of no units": lambda: initialise_learned(
        Estimator("NVIL"), (3, 2), (0,), rng()
    ),
    "a negative variance": lambda: Learned(variance=-1.0),
    "an infinite centre": lambda: Learned(centre=np.inf),
    "an eta that is NaN": lambda: Learned(eta=np.nan),
    "a prior that is NaN": lambda: replace(MODEL, prior=MODEL.prior * np.nan),
    "a baseline of another type": gradient(
        "NVIL", learned=with_networks(network((2, 1), dtype=np.float32))
    ),
    "learned for a layer too few": gradient(learned=(Learned(),)),
    "learned for a layer too many": gradient("VIMCO", learned=(Learned(),) * 3),
    "a baseline of two numbers": gradient("NVIL", learned=with_networks(network((2, 2)))),
    "a baseline of the image": gradient("MuProp", learned=with_networks(network((3, 1)))),
    "a baseline for REBAR": gradient("REBAR", learned=with_networks(network((2, 1)))),
    "a control variate of two numbers": gradient(
        "RELAX", learned=with_networks(control=network((5, 2)))
    ),
    "a control variate of z alone": gradient(
        "RELAX", learned=with_networks(control=network((3, 1)))
    ),
    "a control variate for REBAR": gradient(
        "REBAR", learned=with_networks(control=network((5, 1)))
    ),
    "a control variate for Concrete": gradient(
        "Concrete", learned=with_networks(control=network((5, 1)))
    ),
    "prediction by REBAR": prediction("REBAR"),
    "prediction by score function": prediction("score function"),
    "prediction, learned too little": prediction(learned=(Learned(),)),
    "prediction, a baseline for VIMCO": prediction(learned=with_networks(network((2, 1)))),
    "prediction, a baseline of what is below alone": prediction(
        "NVIL", noise=part(NOISE, slice(1)), learned=with_networks(network((2, 1)))
    ),
}
DISTRIBUTION_ERRORS: dict[str, Callable[[], object]] = {
    "noise of 0": lambda: discrete_elbo_estimate(MODEL, X, at(0.0)),
    "noise of 1": lambda: discrete_log_weights(MODEL, X, at(1.0)),
    "noise that is NaN": lambda: prediction_estimate(PREDICTOR, OF_X, Y, at(np.nan)),
    "noise for a layer too few": gradient(noise=Noise(NOISE.u[:1])),
    "noise for a layer too many": gradient(noise=Noise((*NOISE.u, NOISE.u[0]))),
    "no noise": gradient(noise=Noise(())),
    "noise of another layer": gradient(noise=Noise(NOISE.u[::-1])),
    "noise of another image": gradient(noise=part(NOISE, images=slice(3))),
    "noise of no draws": gradient(noise=part(NOISE, slice(0))),
    "noise of other draws": gradient(noise=Noise((NOISE.u[0][:1], NOISE.u[1]))),
    "noise without an axis of draws": gradient(noise=Noise(tuple(a[0] for a in NOISE.u))),
    "REBAR without v": gradient("REBAR", noise=Noise(NOISE.u)),
    "RELAX with fewer v": gradient("RELAX", noise=Noise(NOISE.u, NOISE.v[:1])),
    "RELAX with v of 0": gradient("RELAX", noise=Noise(NOISE.u, at(0.0).u)),
    "leave one out of one": gradient("leave one out", noise=part(NOISE, slice(1))),
    "VIMCO of one": gradient("VIMCO", noise=part(NOISE, slice(1))),
    "prediction with noise of 1": prediction(noise=at(1.0)),
    "prediction by VIMCO of one": prediction(noise=part(NOISE, slice(1))),
    "prediction by NVIL of two": prediction("NVIL"),
    "prediction without noise": prediction("NVIL", noise=Noise(())),
}
MANY = bits(500, 3)
DATA_ERRORS: dict[str, Callable[[], object]] = {
    "no images": lambda: discrete_elbo_estimate(MODEL, X[:0], part(NOISE, images=slice(0))),
    "images that are floats": lambda: discrete_log_weights(MODEL, X * 1.0, NOISE),  # type: ignore[arg-type]
    "a pixel of 2": gradient(x=X + np.uint8(1)),
    "other pixels": gradient(x=bits(4, 4)),
    "one image without an axis": gradient(x=X[0]),
    "no samples": lambda: discrete_elbo(MODEL, X, 0, rng()),
    "fewer samples": lambda: discrete_log_evidence_bounds(MODEL, X, -1, rng()),
    "bounds of no images": lambda: discrete_elbo(MODEL, X[:0], 1, rng()),
    "bounds of other pixels": lambda: discrete_log_evidence_bounds(MODEL, OF_X, 1, rng()),
    "noise of no images": lambda: draw_noise((2,), 0, 1, rng(), pairs=False),
    "noise of fewer draws": lambda: draw_noise((2,), 1, -1, rng(), pairs=False),
    "predicting from other pixels": prediction(x=X),
    "predicting other pixels": prediction(y=OF_X),
    "predicting floats": prediction(y=Y * 1.0),
    "predicting fewer": lambda: prediction_estimate(PREDICTOR, OF_X, Y[:3], NOISE),
    "bounds of fewer": lambda: log_prediction_bounds(PREDICTOR, OF_X, Y[:3], 1, rng()),
    "bounds of a batch more": lambda: log_prediction_bounds(
        PREDICTOR, MANY[:, :2], np.concatenate([MANY, Y]), 1, rng()
    ),
    "bounds of pairs, no samples": lambda: log_prediction_bounds(PREDICTOR, OF_X, Y, 0, rng()),
    "bounds of no pairs": lambda: log_prediction_bounds(PREDICTOR, OF_X[:0], Y[:0], 1, rng()),
}
REFUSED: list[tuple[type[SpecError], str, Callable[[], object]]] = [
    (error, case, call)
    for error, cases in (
        (ModelError, MODEL_ERRORS),
        (DistributionError, DISTRIBUTION_ERRORS),
        (DataError, DATA_ERRORS),
    )
    for case, call in cases.items()
]


@pytest.mark.spec("DVA-2", "DVA-3", "DVA-7", "DVA-8", "DVA-11", "DVA-12", "DVA-13", "DVA-14")
@pytest.mark.parametrize(("error", "case", "call"), REFUSED, ids=[c for _, c, _ in REFUSED])
def test_refuses(error: type[SpecError], case: str, call: Callable[[], object]) -> None:
    with pytest.raises(error):
        call()


@pytest.mark.spec("DVA-3", "DVA-7", "DVA-12")
@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("leave one out of one", "at least 2 draws"),
        ("VIMCO of one", "at least 2 draws"),
        ("prediction by VIMCO of one", "at least 2 draws"),
        ("REBAR without v", "u and v"),
        ("noise of 0", "outside"),
        ("noise of 1", "outside"),
        ("RELAX with v of 0", "outside"),
    ],
)
def test_noise_is_refused_first(case: str, message: str) -> None:
    """By DVA, before GRD has seen it."""
    with pytest.raises(DistributionError, match=message):
        DISTRIBUTION_ERRORS[case]()


@pytest.mark.spec("DVA-2", "DVA-7", "DVA-12")
def test_what_is_not_refused() -> None:
    """The arguments that the table of refusals changes."""
    for name in NAMES:
        gradient(name)()
    prediction()()
    prediction("NVIL", noise=part(NOISE, slice(1)))()
    seen = with_networks(network((2 + 3, 1)))
    prediction("NVIL", noise=part(NOISE, slice(1)), learned=seen)()
    prediction("Concrete")()
    gradient("NVIL", learned=with_networks(network((2, 1))))()
    gradient("RELAX", learned=with_networks(control=network((5, 1))))()
