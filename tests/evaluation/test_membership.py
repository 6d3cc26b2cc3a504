"""Membership inference: its figures against scikit-learn, its attacks where the truth is known."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from dlexplain.errors import BadInput
from dlexplain.evaluation.membership import (
    auc,
    auc_interval,
    confidence,
    guesses_right,
    halves,
    lira,
    losses,
    roc,
    tpr_at_fpr,
    tpr_interval,
)

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_the_area_and_the_curve_are_scikit_learns(decimals: int) -> None:
    """Also with ties, of which there are many after rounding."""
    members = RANDOM.normal(0.7, 1, 80).round(decimals)
    others = RANDOM.normal(0, 1, 50).round(decimals)
    truth = np.r_[np.ones(80), np.zeros(50)]
    scores = np.r_[members, others]
    assert auc(members, others) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    false, true = roc(members, others)
    theirs = roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(false, theirs[0], atol=1e-12)
    np.testing.assert_allclose(true, theirs[1], atol=1e-12)
    assert np.trapezoid(true, false) == pytest.approx(auc(members, others))
    for rate in (0.0, 0.01, 0.06, 0.5, 1.0):
        within = theirs[1][theirs[0] <= rate].max()
        assert tpr_at_fpr(members, others, rate) == pytest.approx(within)


def test_figures_by_hand() -> None:
    members, others = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.0])
    assert auc(members, others) == pytest.approx((2 + 1.5 + 1) / 6)
    assert tpr_at_fpr(members, others, 0.0) == pytest.approx(1 / 3)
    assert tpr_at_fpr(members, others, 0.5) == 1.0
    assert guesses_right(members, others, 2.0) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_the_interval_of_the_area_holds_the_truth_19_times_of_20() -> None:
    truth = 0.5 * (1 + math.erf(1 / 2))  # of two normals one standard deviation apart: Phi(1/√2)
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        found = auc(generator.normal(1, 1, 40), generator.normal(0, 1, 40))
        low, high = auc_interval(found, 40, 40)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_interval_of_a_perfect_area_has_a_width() -> None:
    low, high = auc_interval(1.0, 50, 50)
    assert high == 1.0
    assert 0.9 < low < 0.97
    assert auc_interval(0.0, 50, 50) == pytest.approx((0.0, 1 - low))


def test_the_interval_of_the_rate_of_members_found() -> None:
    scores = np.arange(100.0)
    low, high = tpr_interval(scores + 1000, scores)
    assert high == 1.0
    assert 0.95 < low < 0.97  # Wilson's of 100 of 100
    low, high = tpr_interval(RANDOM.normal(size=100), RANDOM.normal(size=100))
    assert low < 0.05 < high


def test_losses_and_confidences_are_the_logits_own() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [500.0, 0.0, 1000.0]])
    labels = np.array([0, 2])
    p = math.exp(2) / (math.exp(2) + 1 + math.exp(-1))
    assert losses(logits, labels)[0] == pytest.approx(-math.log(p))
    assert confidence(logits, labels)[0] == pytest.approx(math.log(p / (1 - p)))
    assert losses(logits, labels)[1] == pytest.approx(0.0)
    assert confidence(logits, labels)[1] == pytest.approx(500.0)


def test_each_record_is_in_half_of_the_shadow_models() -> None:
    inside = halves(101, 8, seed=1)
    assert inside.shape == (8, 101)
    assert (inside.sum(0) == 4).all()
    assert (inside == halves(101, 8, seed=1)).all()
    assert (inside != halves(101, 8, seed=2)).any()


def toy(effect: float, models: int = 8, records: int = 400) -> tuple[np.ndarray, ...]:
    """Records differ far more in how hard they are than by membership."""
    generator = np.random.default_rng(11)
    hard = generator.normal(0, 5, records)
    member = generator.random(records) < 0.5
    inside = halves(records, models, seed=0)
    target = hard + effect * member + generator.normal(0, 1, records)
    shadows = hard + effect * inside + generator.normal(0, 1, (models, records))
    return target, shadows, inside, member


def test_the_likelihood_ratio_finds_what_the_loss_alone_does_not() -> None:
    target, shadows, inside, member = toy(effect=2.0)
    scores = lira(target, shadows, inside)
    ratio, plain = (auc(each[member], each[~member]) for each in (scores, target))
    assert ratio > 0.85  # at best Phi(2 / √2) = 0.92, where the means were known
    assert plain < 0.68
    sure, unsure = (tpr_at_fpr(each[member], each[~member], 0.05) for each in (scores, target))
    assert sure > 2 * unsure


def test_the_likelihood_ratio_finds_nothing_where_there_is_nothing() -> None:
    target, shadows, inside, member = toy(effect=0.0)
    scores = lira(target, shadows, inside)
    low, high = auc_interval(
        auc(scores[member], scores[~member]), int(member.sum()), int((~member).sum())
    )
    assert low < 0.5 < high


def test_the_likelihood_ratio_by_hand() -> None:
    shadows = np.array([[1.0, 0.0], [3.0, 2.0], [-1.0, 5.0], [-3.0, 7.0]])
    inside = np.array([[True, False], [True, False], [False, True], [False, True]])
    # means in: 2, 6; out: -2, 1; each residual is ±1: sum of squares 4, free 2
    spread = math.sqrt(4 / 2)
    first = (-((2 - 2) ** 2) + (2 + 2) ** 2) / (2 * spread**2)
    assert lira(np.array([2.0, 1.0]), shadows, inside)[0] == pytest.approx(first)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: auc(np.array([]), np.array([1.0])), "0 members and 1 others"),
        (lambda: auc(np.array([np.nan]), np.array([1.0])), "no numbers"),
        (lambda: halves(10, 3, 0), "shadow models are 3; an even number"),
        (lambda: lira(np.zeros(2), np.zeros((2, 2)), np.ones((2, 2), bool)), "each must be in"),
        (lambda: auc_interval(2.0, 1, 1), "the area is 2.0"),
    ],
)
def test_bad_input_is_one_sentence(ask: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        ask()  # type: ignore[operator]
