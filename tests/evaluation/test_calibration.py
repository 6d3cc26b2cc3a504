"""Calibration against values by hand, and temperatures that are known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss

from dlexplain.errors import BadInput
from dlexplain.evaluation.calibration import (
    brier_score,
    by_chance,
    calibration_scores,
    ece_interval,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
    softmax,
)
from dlexplain.results.words import wilson

CLASSES = 4


def drawn(
    n: int, scale: float = 1.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits times `scale`, and labels drawn from the softmax of the logits themselves: calibrated
    at scale 1, and at temperature `scale` again."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (n, CLASSES))
    p = softmax(logits)
    labels = (p.cumsum(1) > generator.random((n, 1))).argmax(1)
    return logits * scale, labels.astype(np.int64)


def test_the_error_by_hand() -> None:
    confidence = np.array([0.9, 0.8, 0.6, 0.55])
    correct = np.array([True, False, True, False])
    # Five bins: (0.8, 1] has 0.9; (0.6, 0.8] has 0.8; (0.4, 0.6] has 0.6 and 0.55.
    expected = (abs(1 - 0.9) + abs(0 - 0.8) + abs(1 - 1.15)) / 4
    assert expected_calibration_error(confidence, correct, 5) == pytest.approx(expected)
    assert expected_calibration_error(confidence, correct, 1) == pytest.approx(abs(2.85 - 2) / 4)
    assert expected_calibration_error(np.ones(3), np.ones(3, bool)) == 0
    assert expected_calibration_error(np.ones(3), np.zeros(3, bool)) == 1


def test_bins_count_every_input_once_and_carry_wilsons_interval() -> None:
    confidence = np.array([0.0, 0.2, 0.200001, 0.9, 1.0])
    correct = np.array([False, False, True, True, True])
    bins = reliability_bins(confidence, correct, 5)
    assert [one.n for one in bins] == [2, 1, 0, 0, 2]
    assert (bins[2].accuracy, bins[2].confidence, bins[2].accuracy_low) == (None, None, None)
    assert bins[4].accuracy == 1
    assert (bins[4].accuracy_low, bins[4].accuracy_high) == wilson(1.0, 2)
    assert bins[4].confidence == pytest.approx(0.95)


@pytest.mark.parametrize("scale", [1.0, 3.0, 0.5])
def test_a_known_scaling_is_recovered(scale: float) -> None:
    logits, labels = drawn(20_000, scale)
    assert fit_temperature(logits, labels) == pytest.approx(scale, rel=0.03)


def test_the_temperature_is_the_least_and_changes_no_class() -> None:
    logits, labels = drawn(2000, 3.0)
    t = fit_temperature(logits, labels)
    least = negative_log_likelihood(logits, labels, t)
    for other in (0.9 * t, 0.99 * t, 1.01 * t, 1.1 * t, 1.0):
        assert negative_log_likelihood(logits, labels, other) > least
    assert (softmax(logits, t).argmax(1) == logits.argmax(1)).all()


def test_likelihood_and_brier_as_sklearn_has_them() -> None:
    logits, labels = drawn(300)
    p = softmax(logits)
    assert negative_log_likelihood(logits, labels) == pytest.approx(log_loss(labels, p))
    of_classes = [brier_score_loss(labels == c, p[:, c]) for c in range(CLASSES)]
    assert brier_score(logits, labels) == pytest.approx(sum(of_classes))
    huge = np.array([[1e4, 0.0], [0.0, 1e4]])
    assert negative_log_likelihood(huge, np.array([0, 1])) == 0


def test_scores_tell_calibrated_from_too_sure() -> None:
    logits, labels = drawn(3000)
    fine, sure = calibration_scores(logits, labels), calibration_scores(3 * logits, labels)
    assert not fine.told_apart and fine.ece_low == 0 and fine.ece < fine.ece_high
    assert sure.told_apart and sure.ece > 0.1
    assert sure.ece_low < sure.ece < sure.ece_high
    cooled = calibration_scores(3 * logits, labels, 3.0)
    assert cooled.ece == pytest.approx(fine.ece)
    assert cooled.nll == pytest.approx(fine.nll)


def test_chance_is_what_a_calibrated_classifier_shows() -> None:
    errors = []
    for seed in range(40):
        logits, labels = drawn(400, seed=seed)
        p = softmax(logits)
        errors.append(expected_calibration_error(p.max(1), p.argmax(1) == labels))
    logits, _ = drawn(400)
    mean, high = by_chance(softmax(logits).max(1))
    assert mean == pytest.approx(float(np.mean(errors)), rel=0.12)
    assert np.mean(np.array(errors) > high) <= 0.2


def test_the_interval_covers_the_true_error() -> None:
    """Of a classifier that is too sure by far; the truth from a great many inputs."""
    logits, labels = drawn(400_000, 3.0)
    p, n, inside = softmax(logits), 1000, 0
    confidence, correct = p.max(1), p.argmax(1) == labels
    truth = expected_calibration_error(confidence, correct)
    for first in range(0, 40 * n, n):
        rows = slice(first, first + n)
        low, high = ece_interval(confidence[rows], correct[rows], seed=first)
        inside += low <= truth <= high
    assert inside >= 34  # of 40; about 37 are expected


def test_the_same_seed_gives_the_same_interval() -> None:
    logits, labels = drawn(200)
    assert calibration_scores(logits, labels, seed=3) == calibration_scores(logits, labels, seed=3)
    assert calibration_scores(logits, labels, seed=3) != calibration_scores(logits, labels, seed=4)


@pytest.mark.parametrize(
    ("confidence", "correct", "words"),
    [
        ([], [], "n at least 1"),
        ([0.5], [True, False], "both"),
        ([np.nan], [True], "NaN or outside 0 to 1"),
        ([1.5], [True], "outside 0 to 1"),
    ],
)
def test_bad_confidences_are_one_sentence(
    confidence: list[float], correct: list[bool], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        expected_calibration_error(np.array(confidence), np.array(correct))
    with pytest.raises(BadInput, match="bins is 0"):
        expected_calibration_error(np.array([0.5]), np.array([True]), 0)


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        (np.zeros((3, 1)), [0, 0, 0], "two classes or more"),
        (np.zeros((3, 2)), [0, 1], "labels"),
        (np.array([[0.0, np.nan], [0, 1], [1, 0]]), [0, 1, 0], "NaN or infinity of 1 of 3"),
        (np.zeros((3, 2)), [1, 1, 1], "all labels are of one class"),
        (np.zeros((3, 2)), [0, 1, 2], "a label is 2; 0 to 1"),
        (np.array([[1.0, 0], [0, 1]]), [0, 1], "all 2 inputs are right"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(
    logits: NDArray[np.float64], labels: list[int], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        fit_temperature(logits, np.array(labels))
