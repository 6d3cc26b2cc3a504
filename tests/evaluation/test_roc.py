"""Curves and areas under ROC curves against scikit-learn's and values by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from dlexplain.errors import BadInput
from dlexplain.evaluation.roc import (
    auroc,
    false_positive_rate,
    newcombe_interval,
    resampled_interval,
    roc,
    threshold_at,
)


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
    low, high = resampled_interval(inside, outside)
    assert low < auroc(inside, outside) < high
    assert high - low == pytest.approx(0.125, abs=0.03)  # Hanley and McNeil's deviation is 0.033
    assert resampled_interval(inside, outside) == (low, high)
    low, high = resampled_interval(inside, inside - 100)
    assert (high, low) == (1.0, pytest.approx(0.981, abs=0.005))
    assert resampled_interval(inside - 100, inside) == pytest.approx((0.0, 1 - low))
    fewer, _ = resampled_interval(inside[:10], inside[:10] - 100)
    assert fewer < low


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_the_area_and_the_curve_are_scikit_learns(decimals: int) -> None:
    """Also with ties, of which there are many after rounding."""
    generator = np.random.default_rng(7)
    members = generator.normal(0.7, 1, 80).round(decimals)
    others = generator.normal(0, 1, 50).round(decimals)
    truth = np.r_[np.ones(80), np.zeros(50)]
    scores = np.r_[members, others]
    assert auroc(members, others) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    false, true = roc(members, others)
    theirs = roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(false, theirs[0], atol=1e-12)
    np.testing.assert_allclose(true, theirs[1], atol=1e-12)
    assert np.trapezoid(true, false) == pytest.approx(auroc(members, others))


def test_the_area_by_hand() -> None:
    members, others = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.0])
    assert auroc(members, others) == pytest.approx((2 + 1.5 + 1) / 6)


def test_the_interval_of_the_area_holds_the_truth_19_times_of_20() -> None:
    truth = 0.5 * (1 + math.erf(1 / 2))  # of two normals one standard deviation apart: Phi(1/√2)
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        found = auroc(generator.normal(1, 1, 40), generator.normal(0, 1, 40))
        low, high = newcombe_interval(found, 40, 40)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_interval_of_a_perfect_area_has_a_width() -> None:
    low, high = newcombe_interval(1.0, 50, 50)
    assert high == 1.0
    assert 0.9 < low < 0.97
    assert newcombe_interval(0.0, 50, 50) == pytest.approx((0.0, 1 - low))


@pytest.mark.parametrize(
    ("inside", "outside", "words"),
    [
        ([], [1.0], "there are 0 scores from inside"),
        ([1.0], [], "there are 0 scores from outside"),
        ([1.0], [np.nan], "a score from outside is NaN or infinite"),
    ],
)
def test_what_has_no_area_is_one_sentence(
    inside: list[float], outside: list[float], words: str
) -> None:
    for ask in (auroc, false_positive_rate):
        with pytest.raises(BadInput, match=words):
            ask(np.array(inside), np.array(outside))
    with pytest.raises(BadInput, match="at least 3"):
        resampled_interval(np.ones(2), np.ones(5))
    with pytest.raises(BadInput, match=r"the area is 2\.0"):
        newcombe_interval(2.0, 1, 1)
