"""Intervals of means and their differences, against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from dlexplain.evaluation import intervals
from dlexplain.evaluation.means import holm, of_mean, welch

A, B = [0.91, 0.93, 0.92, 0.95, 0.94], [0.90, 0.85, 0.91, 0.80]


def test_the_interval_of_a_mean_is_scipy_s_and_by_hand() -> None:
    mean, sd, low, high = of_mean(np.array([1.0, 2.0, 3.0]))
    assert (mean, sd) == (2.0, 1.0)
    assert high - mean == pytest.approx(4.302653 / 3**0.5)  # t of 0.975 with 2 degrees
    values = np.array(A)
    _, _, low, high = of_mean(values)
    expected = stats.t.interval(0.95, len(A) - 1, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected)


def test_each_place_of_a_curve_has_its_own_interval_and_one_run_none() -> None:
    values = np.array([[1.0, 10.0], [3.0, 10.0]])
    mean, sd, low, high = of_mean(values)
    assert list(mean) == [2.0, 10.0]
    assert list(sd) == pytest.approx([2**0.5, 0.0])
    assert (low[1], high[1]) == (10.0, 10.0)
    mean, *rest = of_mean(values[:1])
    assert list(mean) == [1.0, 10.0]
    assert all(np.isnan(each).all() for each in rest)


def test_welch_is_scipy_s_with_the_second_minus_the_first() -> None:
    found = welch(A, B)
    assert found is not None
    m1, m2, v1, v2 = np.mean(A), np.mean(B), np.var(A, ddof=1) / 5, np.var(B, ddof=1) / 4
    freedom = (v1 + v2) ** 2 / (v1**2 / 4 + v2**2 / 3)
    t = (m2 - m1) / (v1 + v2) ** 0.5
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), freedom))
    assert found.p == pytest.approx(stats.ttest_ind(A, B, equal_var=False).pvalue)
    half = stats.t.ppf(0.975, freedom) * (v1 + v2) ** 0.5
    assert (found.low, found.high) == pytest.approx((m2 - m1 - half, m2 - m1 + half))
    assert found.difference == pytest.approx(m2 - m1)


def test_without_any_spread_there_is_no_test() -> None:
    assert welch([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]) is None
    assert welch([1.0, 1.0, 1.0], [2.0, 2.1, 2.0]) is not None


def test_holm_steps_down_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_resamples_that_do_not_fit_at_once_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).standard_normal(37)
    whole = intervals.bootstrap_mean(values, seed=5)
    drawn = np.random.default_rng(5).integers(0, 37, (intervals.RESAMPLES, 37))
    low, high = np.quantile(values[drawn].mean(1), [(1 - 0.95) / 2, (1 + 0.95) / 2])
    assert whole == (values.mean(), low, high)
    for at_once in (1, 37 * 7, 37 * 1999 + 5):
        monkeypatch.setattr(intervals, "AT_ONCE", at_once)
        assert intervals.bootstrap_mean(values, seed=5) == whole
