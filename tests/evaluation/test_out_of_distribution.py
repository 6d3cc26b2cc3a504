"""Scores against SciPy's and values by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from dlexplain.errors import BadInput
from dlexplain.evaluation.out_of_distribution import (
    Mahalanobis,
    RelativeMahalanobis,
    maximum_softmax,
    negative_energy,
)
from dlexplain.evaluation.roc import auroc


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


def test_the_relative_distance_is_the_difference_of_two() -> None:
    generator = np.random.default_rng(3)
    labels = np.arange(90) % 3
    features = generator.normal(size=(90, 4)) + 3.0 * labels[:, None]
    others = generator.normal(0, 5, (20, 4))
    one = Mahalanobis.fit(features, np.zeros(90, int)).score(others)
    expected = Mahalanobis.fit(features, labels).score(others) - one
    assert RelativeMahalanobis.fit(features, labels).score(others) == pytest.approx(expected)
    # A feature in which all classes are alike, and others are not, says nothing then.
    shared = np.c_[features, generator.normal(size=90)]
    far = np.c_[features, generator.normal(size=90) + 100]
    plain = Mahalanobis.fit(shared, labels).score(far)
    relative = RelativeMahalanobis.fit(shared, labels).score(far)
    assert plain.max() < -5000 and abs(relative).max() < 0.25 * abs(plain).min()


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
