"""Figures of what a model betrays: their numbers are those of the results."""

import numpy as np
import pytest

from dlexplain.evaluation.roc import roc
from dlexplain.figures.privacy import (
    plot_exposure,
    plot_inversion,
    plot_losses,
    plot_roc,
    plot_trade,
)
from dlexplain.results.canaries import CanaryExposure, CanaryTest
from dlexplain.results.inversion import Inversion
from dlexplain.results.privacy import MembershipAttack, PrivacyReport
from dlexplain.results.privacy_cost import PrivacyTrade, Trade

RANDOM = np.random.default_rng(0)


def report() -> PrivacyReport:
    members, others = np.exp(RANDOM.normal(-4, 1, 50)), np.exp(RANDOM.normal(-3, 1, 50))
    members[0] = 0.0  # a loss can round to nothing
    attack = MembershipAttack("loss", "Loss threshold", "", 0.7, 0.6, 0.8, 0.1, 0.0, 0.2,
                              *roc(-members, -others))  # fmt: skip
    places = np.arange(50)
    return PrivacyReport(
        "m", "m", "d", 50, members, others, places, places, (1.0, 0.9), 0.02, 0.6, 0.5, 0.7,
        (attack,), {"loss": (-members, -others)}, 0, 0,
    )  # fmt: skip


def test_each_loss_is_in_one_bar() -> None:
    found = report()
    drawn = plot_losses(found, marked=0.01)
    assert [int(np.sum(trace.y)) for trace in drawn.data] == [50, 50]
    assert drawn.layout.shapes[0].x0 == pytest.approx(-2)


def test_the_curve_goes_from_corner_to_corner() -> None:
    line = plot_roc(report()).data[1]
    assert (line.x[0], line.y[0], line.x[-1], line.y[-1]) == (0, 0, 1, 1)


def trade() -> PrivacyTrade:
    trades = tuple(
        Trade(epsilon, seed, epsilon, 1.0, 0.8 + 0.1 * seed, 0.5, 0.01, 0.5)
        for epsilon in (None, 1.0)
        for seed in (0, 1)
    )
    return PrivacyTrade("digits", "c", "d", "m", {}, 1e-4, 10, 20, trades)


def test_the_strictest_budget_comes_first_with_its_mean_and_interval() -> None:
    drawn = plot_trade(trade(), "accuracy")
    points, means = drawn.data
    assert list(means.x) == ["1", "no noise"]
    assert list(means.y) == pytest.approx([0.85, 0.85])
    assert list(points.x) == ["1", "1", "no noise", "no noise"]
    half = 12.706204736 * np.std([0.8, 0.9], ddof=1) / np.sqrt(2)
    assert means.error_y.array[0] == pytest.approx(half)


def test_exposure_is_drawn_against_its_most() -> None:
    found = tuple(CanaryExposure(t, 0, "abcd", 2, 1024, 9.0, 5.0) for t in (0, 10))
    drawn = plot_exposure(CanaryTest("d", {}, found, 1024))
    assert list(drawn.data[0].y) == [9.0, 9.0]
    assert drawn.layout.shapes[0].y0 == pytest.approx(10.0)


def test_pictures_stand_above_means() -> None:
    pictures = np.zeros((2, 4, 4, 1), np.uint8)
    found = Inversion("m", "d", ("a", "b"), pictures, pictures + 255, np.ones(2), np.zeros(2),
                      np.ones(2), {})  # fmt: skip
    sheet = plot_inversion(found).data[0].z
    assert sheet[1][1][0] == 0
    assert sheet[6][1][0] == 255
    assert found.nearest == 2
