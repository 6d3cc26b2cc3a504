"""Membership inference: its figures against scikit-learn, its attacks where the truth is known."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from dlexplain.errors import BadInput
from dlexplain.evaluation.membership import (
    confidence,
    guesses_right,
    halves,
    lira,
    losses,
    tpr_at_fpr,
    tpr_interval,
)
from dlexplain.evaluation.roc import auroc, newcombe_interval

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_the_rate_of_members_found_is_scikit_learns(decimals: int) -> None:
    members = RANDOM.normal(0.7, 1, 80).round(decimals)
    others = RANDOM.normal(0, 1, 50).round(decimals)
    truth, scores = np.r_[np.ones(80), np.zeros(50)], np.r_[members, others]
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    for rate in (0.0, 0.01, 0.06, 0.5, 1.0):
        within = true[false <= rate].max()
        assert tpr_at_fpr(members, others, rate) == pytest.approx(within)


def test_figures_by_hand() -> None:
    members, others = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.0])
    assert tpr_at_fpr(members, others, 0.0) == pytest.approx(1 / 3)
    assert tpr_at_fpr(members, others, 0.5) == 1.0
    assert guesses_right(members, others, 2.0) == pytest.approx((2 / 3 + 1 / 2) / 2)


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
    ratio, plain = (auroc(each[member], each[~member]) for each in (scores, target))
    assert ratio > 0.85  # at best Phi(2 / √2) = 0.92, where the means were known
    assert plain < 0.68
    sure, unsure = (tpr_at_fpr(each[member], each[~member], 0.05) for each in (scores, target))
    assert sure > 2 * unsure


def test_the_likelihood_ratio_finds_nothing_where_there_is_nothing() -> None:
    target, shadows, inside, member = toy(effect=0.0)
    scores = lira(target, shadows, inside)
    low, high = newcombe_interval(
        auroc(scores[member], scores[~member]), int(member.sum()), int((~member).sum())
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
        (lambda: halves(10, 3, 0), "shadow models are 3; an even number"),
        (lambda: lira(np.zeros(2), np.zeros((2, 2)), np.ones((2, 2), bool)), "each must be in"),
    ],
)
def test_bad_input_is_one_sentence(ask: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        ask()  # type: ignore[operator]
