"""Scores and areas against scikit-learn's, SciPy's and values by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.metrics import roc_auc_score, roc_curve

from dlexplain.errors import BadInput
from dlexplain.evaluation.out_of_distribution import (
    Mahalanobis,
    auroc,
    auroc_interval,
    false_positive_rate,
    maximum_softmax,
    negative_energy,
    threshold_at,
)


def test_scores_of_logits_by_hand() -> None:
    logits = np.log(np.array([[1.0, 3.0], [5.0, 5.0]]))
    assert maximum_softmax(logits) == pytest.approx([0.75, 0.5])
    assert negative_energy(logits) == pytest.approx([np.log(4), np.log(10)])
    # T log(Σ exp(z / T)) at T = 2: 2 log(1 + sqrt 3)
    assert negative_energy(logits, 2.0)[0] == pytest.approx(2 * np.log(1 + np.sqrt(3)))
    assert np.isfinite(negative_energy(np.array([[5000.0, 0.0]]))).all()


def test_mahalanobis_as_scipy_has_it() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    mixed = generator.normal(size=(120, 3)) @ generator.normal(size=(3, 3))
    features = mixed + 4.0 * labels[:, None]
    found = Mahalanobis.fit(features, labels, shrinkage=0.0)
    means = np.stack([features[labels == c].mean(0) for c in range(3)])
    centred = features - means[labels]
    inverse = np.linalg.inv(centred.T @ centred / 120)
    others = generator.normal(0, 5, (20, 3))
    expected = [-min(mahalanobis(x, mean, inverse) ** 2 for mean in means) for x in others]
    assert found.score(others) == pytest.approx(expected)
    assert found.score(means) == pytest.approx(np.zeros(3), abs=1e-9)
    # With one class and a covariance that is shrunk altogether it is the Euclidean distance.
    round_one = Mahalanobis.fit(features, np.zeros(120, int), shrinkage=1.0)
    away = others - features.mean(0)
    ratio = round_one.score(others) / (away**2).sum(1)
    assert ratio == pytest.approx(np.full(20, ratio[0]))


def test_shrinkage_makes_few_inputs_of_many_features_do() -> None:
    generator = np.random.default_rng(0)
    features, labels = generator.normal(size=(30, 100)), np.arange(30) % 2
    found = Mahalanobis.fit(features, labels)
    far = generator.normal(3, 1, (30, 100))
    assert auroc(found.score(generator.normal(size=(30, 100))), found.score(far)) > 0.95


def test_the_area_as_sklearn_has_it() -> None:
    generator = np.random.default_rng(1)
    inside = generator.normal(1, 1, 80).round(1)  # with ties
    outside = generator.normal(0, 1, 60).round(1)
    truth = np.repeat([1, 0], [80, 60])
    scores = np.concatenate([inside, outside])
    assert auroc(inside, outside) == pytest.approx(roc_auc_score(truth, scores))
    fpr, tpr, _ = roc_curve(truth, scores)
    assert false_positive_rate(inside, outside) == pytest.approx(fpr[np.argmax(tpr >= 0.95)])
    assert (inside >= threshold_at(inside)).mean() >= 0.95
    assert auroc(inside, inside) == 0.5


def test_the_interval_holds_the_area_and_never_claims_certainty() -> None:
    generator = np.random.default_rng(2)
    inside, outside = generator.normal(1, 1, 100), generator.normal(0, 1, 100)
    low, high = auroc_interval(inside, outside)
    assert low < auroc(inside, outside) < high
    assert high - low == pytest.approx(0.125, abs=0.03)  # Hanley and McNeil's deviation is 0.033
    assert auroc_interval(inside, outside) == (low, high)
    low, high = auroc_interval(inside, inside - 100)
    assert (high, low) == (1.0, pytest.approx(0.981, abs=0.005))
    assert auroc_interval(inside - 100, inside) == pytest.approx((0.0, 1 - low))
    fewer, _ = auroc_interval(inside[:10], inside[:10] - 100)
    assert fewer < low


@pytest.mark.parametrize(
    ("inside", "outside", "words"),
    [
        ([], [1.0], "there are 0 scores from inside"),
        ([1.0], [], "there are 0 scores from outside"),
        ([1.0], [np.nan], "a score from outside is NaN"),
    ],
)
def test_what_has_no_area_is_one_sentence(
    inside: list[float], outside: list[float], words: str
) -> None:
    for ask in (auroc, false_positive_rate):
        with pytest.raises(BadInput, match=words):
            ask(np.array(inside), np.array(outside))
    with pytest.raises(BadInput, match="at least 3"):
        auroc_interval(np.ones(2), np.ones(5))


@pytest.mark.parametrize(
    ("features", "labels", "words"),
    [
        (np.zeros((3, 2)), [0, 0, 1], "class 1 has one training input"),
        (np.full((4, 2), np.nan), [0, 0, 1, 1], "NaN"),
        (np.zeros((0, 2)), [], "features are"),
    ],
)
def test_what_has_no_covariance_is_one_sentence(
    features: np.ndarray, labels: list[int], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        Mahalanobis.fit(features, np.array(labels, int))
