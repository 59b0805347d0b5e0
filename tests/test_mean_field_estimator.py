"""MFV: the mixture as an estimator."""

import inspect
from typing import Any

import numpy as np
import pytest
import sklearn.base
import sklearn.mixture
from numpy.typing import NDArray
from scipy import special

from reference.errors import DataError, DistributionError, ModelError
from reference.inference import mean_field as mf
from reference.inference.mean_field import MeanFieldMixture

Floats = NDArray[np.float64]


def clusters(n: int = 60, seed: int = 0) -> Floats:
    """Points around three centres of the plane."""
    rng = np.random.default_rng(seed)
    centres = np.array([[-5.0, 0.0], [4.0, 4.0], [4.0, -5.0]])
    return centres[rng.integers(3, size=n)] + rng.standard_normal((n, 2))


@pytest.mark.spec("MFV-9")
def test_fit_is_the_best_of_its_ascents() -> None:
    """Replayed by hand: one generator, seeds and then an ascent, again and again."""
    x, rng, ascents = clusters(), np.random.default_rng(3), []
    for _ in range(6):
        means = mf.mixture_seeds(x, 4, 6.0, rng)
        variances = np.full(4, 1 / (1 / 6.0**2 + 60 / 4))
        ascents.append(mf.mixture_ascent(x, means, variances, 6.0, step=0.9, tol=1e-6))
    last = [ascent.lower_bounds[-1] for ascent in ascents]
    best = ascents[int(np.argmax(last))]
    assert max(last) > last[0] + 1e-3
    settings: dict[str, Any] = {"sigma": 6.0, "step": 0.9, "tol": 1e-6}
    found = MeanFieldMixture(4, **settings, n_init=6, random_state=3).fit(x)
    assert found.lower_bounds_ == best.lower_bounds
    assert found.lower_bound_ == max(last)
    assert found.n_iter_ == len(best.lower_bounds) - 1
    assert found.converged_ == best.converged
    assert (found.means_ == best.state.means).all()
    assert (found.variances_ == best.state.variances).all()
    one = MeanFieldMixture(4, **settings, random_state=np.random.default_rng(3)).fit(x)
    assert one.lower_bounds_ == ascents[0].lower_bounds


@pytest.mark.spec("MFV-9")
def test_of_equal_ascents_the_first_is_kept() -> None:
    """Those that differ in the order of the labels alone have equal bounds, up to rounding."""
    x = np.array([[-50.0], [50.0]])
    first = MeanFieldMixture(2, random_state=0).fit(x).means_
    for n_init in range(2, 6):
        kept = MeanFieldMixture(2, random_state=0, n_init=n_init).fit(x).means_
        assert (kept == first).all()


@pytest.mark.spec("MFV-9")
def test_given_means_are_the_only_start() -> None:
    x, rng = clusters(), np.random.default_rng(0)
    start = [[-5, 0], [4, 4], [3, -4]]
    found = MeanFieldMixture(3, means_init=start, n_init=5, random_state=rng).fit(x)
    variances = np.full(3, 1 / (1 / 10.0**2 + 60 / 3))
    assert found.lower_bounds_ == mf.mixture_ascent(x, start, variances, 10.0).lower_bounds
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.spec("MFV-9")
@pytest.mark.parametrize(
    ("x", "k"),
    [
        ([[1.5, -2.0]], 1),
        ([[1.5, -2.0]], 4),
        ([[0.0], [3.0]], 9),
        ([[2.0]] * 12, 3),
        ([[0.0], [0.0], [1.0], [1.0], [1.0]], 4),
        ([[-1e30], [1e30], [0.0]], 5),
        ([[1, 2], [3, 4], [5, 6]], 2),
    ],
    ids=["one", "one of 4", "K > N", "one point", "duplicates", "far", "integers"],
)
def test_few_points(x: Any, k: int) -> None:
    """No component is lost or infinite, and the bound rises."""
    found = MeanFieldMixture(k, sigma=3.0, n_init=3, random_state=1).fit(x)
    phi = found.predict_proba(x)
    assert found.means_.shape == (k, len(x[0]))
    assert np.isfinite(found.means_).all()
    assert ((found.variances_ > 0) & (found.variances_ <= 9 * (1 + 1e-12))).all()
    assert phi.shape == (len(x), k)
    np.testing.assert_allclose(phi.sum(axis=1), 1, rtol=1e-14)
    bounds = np.array(found.lower_bounds_)
    assert (np.diff(bounds) >= -1e-9 * (1 + abs(bounds[1:]))).all()
    assert np.isfinite(found.score_samples(x)).all()


@pytest.mark.spec("MFV-9", "MFV-10")
def test_results_are_those_of_the_functions() -> None:
    x, new = clusters(), clusters(9, seed=1)
    found = MeanFieldMixture(3, random_state=0).fit(x)
    q = found.means_, found.variances_
    assert (found.predict_proba(new) == mf.mixture_responsibilities(new, *q)).all()
    assert (found.predict(new) == found.predict_proba(new).argmax(axis=1)).all()
    assert (found.score_samples(new) == mf.mixture_log_density(new, *q)).all()
    assert found.score(new) == pytest.approx(found.score_samples(new).mean())
    labels = MeanFieldMixture(3, random_state=0).fit_predict(x)
    assert (labels == found.predict(x)).all()
    assert labels.dtype == np.int64
    bound = mf.mixture_elbo(x, found.predict_proba(x), *q, 10.0)
    assert bound == pytest.approx(found.lower_bound_, rel=1e-13)
    assert found.n_features_in_ == 2
    middle = MeanFieldMixture(2, means_init=[[-1.0], [1.0]], max_iter=1).fit([[-2.0], [2.0]])
    assert middle.predict([[0.0]]).tolist() == [0], "the first of equals"


@pytest.mark.spec("MFV-10")
def test_samples() -> None:
    """Replayed; and their mean and variance, within 4 deviations: 3 false alarms in 10,000."""
    found = MeanFieldMixture(3, sigma=2.0, random_state=5).fit(clusters(12))
    points, labels = found.sample(20_000)
    rng = np.random.default_rng(5)
    assert (labels == rng.integers(3, size=20_000)).all()
    noise = rng.standard_normal((20_000, 2))
    spread = np.sqrt(1 + found.variances_[labels])[:, None]
    assert (points == found.means_[labels] + spread * noise).all()
    assert abs(np.bincount(labels) - 20_000 / 3).max() < 4 * np.sqrt(20_000 * 2 / 9)
    mean = found.means_.mean(axis=0)
    variance = found.means_.var(axis=0) + 1 + found.variances_.mean()
    assert (abs(points.mean(axis=0) - mean) < 4 * np.sqrt(variance / 20_000)).all()
    squares = (points - mean) ** 2
    assert (abs(squares.mean(axis=0) - variance) < 4 * squares.std(axis=0) / 141).all()


@pytest.mark.spec("MFV-9")
def test_scikit_learn_gives_the_same_where_its_priors_are_strong() -> None:
    """Its weights and variances are then fixed, and its model is that of MFV-3."""
    x, sigma, pin = clusters(80, seed=2), 3.0, 1e8
    start = np.array([[-4.0, 1.0], [3.0, 3.0], [4.0, -4.0]])
    theirs = sklearn.mixture.BayesianGaussianMixture(
        n_components=3,
        covariance_type="spherical",
        tol=1e-12,
        max_iter=1000,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=pin,
        mean_precision_prior=1 / sigma**2,
        mean_prior=np.zeros(2),
        degrees_of_freedom_prior=pin,
        covariance_prior=pin,
        random_state=0,
    ).fit(x)
    ours = MeanFieldMixture(3, sigma=sigma, tol=0, means_init=start).fit(x)
    order = np.argsort(theirs.means_ @ [1, 0.1]), np.argsort(ours.means_ @ [1, 0.1])
    np.testing.assert_allclose(theirs.means_[order[0]], ours.means_[order[1]], atol=1e-5)
    variances = 1 / theirs.mean_precision_
    np.testing.assert_allclose(variances[order[0]], ours.variances_[order[1]], rtol=1e-5)
    proba = theirs.predict_proba(x)[:, order[0]]
    np.testing.assert_allclose(proba, ours.predict_proba(x)[:, order[1]], atol=1e-5)


@pytest.mark.spec("MFV-9")
def test_shape_of_scikit_learn() -> None:
    """Its clone copies the settings and nothing else; names are those of its own mixtures."""
    found = MeanFieldMixture(2, sigma=4.0, random_state=7).fit(clusters())
    copy = sklearn.base.clone(found)
    assert copy.get_params() == found.get_params()
    assert not hasattr(copy, "means_")
    assert copy.set_params(n_components=3) is copy
    assert copy.fit(clusters()).means_.shape == (3, 2)
    theirs = sklearn.mixture.BayesianGaussianMixture
    for name in ("fit", "fit_predict", "predict", "predict_proba", "score", "score_samples"):
        ours = inspect.signature(getattr(MeanFieldMixture, name)).parameters
        assert list(ours) == list(inspect.signature(getattr(theirs, name)).parameters)
    assert set(found.get_params()) - {"sigma", "step"} <= set(theirs().get_params()) | {
        "means_init"
    }
    with pytest.raises(ModelError, match="no setting 'prior'"):
        found.set_params(prior=3)


X = clusters(6)


@pytest.mark.spec("MFV-3", "MFV-9")
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"n_components": 0}, ModelError),
        ({"n_components": 2.0}, ModelError),
        ({"n_init": 0}, ModelError),
        ({"max_iter": 0}, ModelError),
        ({"tol": -1.0}, ModelError),
        ({"step": 0.0}, ModelError),
        ({"step": 1.5}, ModelError),
        ({"sigma": 0.0}, DistributionError),
        ({"sigma": -2.0}, DistributionError),
        ({"sigma": np.nan}, DistributionError),
        ({"means_init": [[0, 0]]}, DistributionError),
        ({"means_init": [[0], [1]]}, DataError),
        ({"means_init": [[0, 0], [np.nan, 0]]}, DistributionError),
        ({"means_init": 3.0}, DistributionError),
    ],
)
def test_settings_are_checked_by_fit(settings: Any, error: type[Exception]) -> None:
    mixture = MeanFieldMixture(**{"n_components": 2, **settings})
    with pytest.raises(error):
        mixture.fit(X)
    assert not hasattr(mixture, "means_")


@pytest.mark.spec("MFV-3", "MFV-9")
def test_data_are_checked() -> None:
    found = MeanFieldMixture(2).fit(X)
    for call in (
        found.predict,
        found.predict_proba,
        found.score,
        found.score_samples,
        MeanFieldMixture(2).fit,
    ):
        for wrong in (X * np.nan, X[0], X[:0]):
            with pytest.raises(DataError):
                call(wrong)
    with pytest.raises(DataError, match="3 dimensions, means of 2"):
        found.predict(np.ones((4, 3)))
    with pytest.raises(ModelError, match="n_samples"):
        found.sample(0)


@pytest.mark.spec("MFV-9")
def test_nothing_before_fit() -> None:
    mixture = MeanFieldMixture(2)
    for call in (mixture.predict, mixture.predict_proba, mixture.score_samples, mixture.score):
        with pytest.raises(ModelError, match="fitted"):
            call(X)
    with pytest.raises(ModelError, match="fitted"):
        mixture.sample()


@pytest.mark.spec("MFV-10")
def test_log_density_of_one_point_by_hand() -> None:
    """(1/2)(N(0; 1, 1.5) + N(0; -2, 2)) in one dimension."""
    terms = [-1 / 3 - np.log(3 * np.pi) / 2, -1 - np.log(4 * np.pi) / 2]
    expected = special.logsumexp(terms) - np.log(2)
    found = mf.mixture_log_density([[0.0]], [[1.0], [-2.0]], [0.5, 1.0])
    assert found[0] == pytest.approx(expected, abs=1e-14)
