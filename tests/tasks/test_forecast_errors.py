"""Errors of forecasts by hand; the AR forecast against least squares written out here."""

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from dlexplain.tasks.modules.forecast_errors import (
    autoregression,
    autoregressions,
    coverage,
    mase,
    random_walk,
    rmse,
    seasonal_naive,
)

Numbers = NDArray[np.float64]


def shaped(*values: float) -> Numbers:
    """(origins, 1 step, 1 target)"""
    return np.array(values)[:, None, None]


def step(history: Numbers) -> Numbers:
    """Mean absolute change a period, (time, targets) -> (targets,)"""
    return np.abs(np.diff(history, axis=0)).mean(axis=0)


def test_mase_by_hand() -> None:
    """Errors 1 and 3, mean 2; the walk's steps in training 1, 1, 4, mean 2."""
    history = np.array([[0.0], [1], [2], [6]])
    assert mase(shaped(5, 5), shaped(6, 2), step(history)).tolist() == [[1.0]]


def test_mase_of_the_random_walk_on_its_own_training_part_is_1() -> None:
    levels = np.cumsum(np.random.default_rng(0).normal(size=(50, 3)), axis=0)
    origins = np.arange(49)
    found = mase(random_walk(levels, origins, 1), levels[1:, None], step(levels))
    np.testing.assert_allclose(found, 1)


def test_mase_keeps_steps_and_targets_apart() -> None:
    truth = np.zeros((1, 2, 2))
    forecast = np.array([[[1.0, 10], [2, 20]]])
    history = np.array([[0.0, 0], [1, 10]])
    assert mase(forecast, truth, step(history)).tolist() == [[1, 1], [2, 2]]


def test_rmse_by_hand() -> None:
    assert rmse(shaped(1, 1), shaped(4, 5)).tolist() == [[np.sqrt((9 + 16) / 2)]]


def test_coverage_by_hand() -> None:
    """Both ends count as inside: 1, 2 and 3 of 4."""
    low, high = shaped(0, 0, 0, 0), shaped(2, 2, 2, 2)
    assert coverage(low, high, shaped(0, 1, 2, 3)).tolist() == [[0.75]]


def test_the_random_walk_says_the_last_value() -> None:
    levels = np.array([[1.0, 10], [2, 20], [3, 30]])
    found = random_walk(levels, np.array([0, 2]), 2)
    assert found.tolist() == [[[1, 10], [1, 10]], [[3, 30], [3, 30]]]


def walk(rows: int = 150, seed: int = 0) -> Numbers:
    """Levels whose changes are 0.1 + 0.8 times the one before, plus noise: an AR(1)."""
    noise = np.random.default_rng(seed).normal(size=rows)
    changes = np.zeros(rows)
    for t in range(1, rows):
        changes[t] = 0.1 + 0.8 * changes[t - 1] + noise[t]
    levels: Numbers = 500 + np.cumsum(changes)
    return levels


def by_least_squares(series: Numbers, origin: int, lags: int, horizon: int) -> Numbers:
    """change_t = c + sum b_i change_(t-i), fitted up to `origin` and run forward."""
    changes = np.diff(series[: origin + 1])
    rows = np.array([[1, *changes[t - lags : t][::-1]] for t in range(lags, len(changes))])
    weights = np.linalg.lstsq(rows, changes[lags:], rcond=None)[0]
    past, said = list(changes), []
    for _ in range(horizon):
        past.append(float(weights @ [1, *past[-lags:][::-1]]))
        said.append(series[origin] + sum(past[len(changes) :]))
    return np.array(said)


def lags_chosen(series: Numbers, origin: int) -> int:
    return len(ar_select_order(np.diff(series)[:origin], 12, ic="bic").ar_lags or [])


def test_the_ar_forecast_is_least_squares_on_what_was_known() -> None:
    series, origins = walk(), np.array([110, 125, 140])
    lags = lags_chosen(series, 110)
    assert lags >= 1
    found = autoregression(series[:, None], (False,), origins, 6)
    for place, origin in enumerate(origins):
        expected = by_least_squares(series, origin, lags, 6)
        np.testing.assert_allclose(found[place, :, 0], expected, rtol=1e-8)


def test_the_ar_forecast_of_logarithms_and_of_several_targets() -> None:
    plain, grown = walk(), np.exp(walk(seed=1) / 500)
    origins = np.array([120, 130])
    found = autoregression(np.stack([plain, grown], axis=1), (False, True), origins, 4)
    logs = np.log(grown)
    for place, origin in enumerate(origins):
        first = by_least_squares(plain, origin, lags_chosen(plain, 120), 4)
        second = np.exp(by_least_squares(logs, origin, lags_chosen(logs, 120), 4))
        np.testing.assert_allclose(found[place, :, 0], first, rtol=1e-8)
        np.testing.assert_allclose(found[place, :, 1], second, rtol=1e-8)


def test_the_ar_forecast_is_statsmodels_called_directly() -> None:
    series = walk(seed=4)
    changes = np.diff(series)
    lags = ar_select_order(changes[:130], 12, ic="bic").ar_lags
    direct = AutoReg(changes[:130], lags=lags, trend="c").fit().forecast(5).cumsum() + series[130]
    found = autoregression(series[:, None], (False,), np.array([130]), 5)
    np.testing.assert_allclose(found[0, :, 0], direct)


def test_what_comes_after_an_origin_does_not_change_its_forecast() -> None:
    series = walk()
    other = np.where(np.arange(150) > 120, 0.0, series)
    origins = np.array([115, 120])
    np.testing.assert_array_equal(
        autoregression(series[:, None], (False,), origins, 3),
        autoregression(other[:, None], (False,), origins, 3),
    )


def test_changes_without_a_pattern_go_on_by_their_mean() -> None:
    """No lag is chosen, so what is left is a random walk with drift."""
    steps = np.random.default_rng(7).normal(1, 1, 200)
    series = np.cumsum(steps)
    assert lags_chosen(series, 180) == 0
    found = autoregression(series[:, None], (False,), np.array([180]), 3)[0, :, 0]
    drift = np.diff(series[:181]).mean()
    np.testing.assert_allclose(found, series[180] + drift * np.arange(1, 4))


@pytest.mark.parametrize("known", [8, 13, 20, 30])
def test_a_short_history_has_fewer_lags(known: int) -> None:
    """12 lags of 13 changes could not be fitted."""
    series = walk(60)
    found = autoregression(series[:, None], (False,), np.array([known]), 2)
    assert np.isfinite(found).all()
    lags = len(ar_select_order(np.diff(series)[:known], known // 4, ic="bic").ar_lags or [])
    if lags:
        expected = by_least_squares(series, known, lags, 2)
        np.testing.assert_allclose(found[0, :, 0], expected, rtol=1e-8)


def test_seasonal_naive_goes_back_whole_seasons() -> None:
    levels = np.arange(20.0)[:, None]
    found = seasonal_naive(levels, np.array([3, 9]), 6, 4)
    assert found[:, :, 0].tolist() == [[0, 1, 2, 3, 0, 1], [6, 7, 8, 9, 6, 7]]
    np.testing.assert_array_equal(
        seasonal_naive(levels, np.array([3, 9]), 3, 1), random_walk(levels, np.array([3, 9]), 3)
    )


def test_an_explosive_fit_gives_way_to_the_mean_change() -> None:
    """Changes that double each period: the AR(1) fit has the coefficient 2."""
    levels = np.concatenate([[0.0], np.cumsum(2.0 ** np.arange(20))])[:, None]
    fitted = AutoReg(np.diff(levels[:16, 0]), lags=1).fit()
    assert np.abs(fitted.roots).min() < 1
    found, replaced = autoregressions(levels, (False,), np.array([15]), 3)
    mean = np.diff(levels[:16, 0]).mean()
    assert replaced == 1
    np.testing.assert_allclose(found[0, :, 0], levels[15, 0] + mean * np.arange(1, 4))


@pytest.mark.parametrize("rows", [4, 9, 14, 30])
def test_few_rows_never_give_a_forecast_out_of_this_world(rows: int) -> None:
    for seed in range(20):
        levels = np.exp(0.02 * np.random.default_rng(seed).normal(size=(rows + 1, 2)).cumsum(0))
        found, _ = autoregressions(levels, (True, False), np.array([rows]), 12)
        assert (np.abs(found / levels[rows] - 1) < 2).all()


def test_a_series_that_stood_still_goes_on_standing() -> None:
    levels = np.full((30, 1), 2.5)
    levels[29] = 3.0
    found, replaced = autoregressions(levels, (False,), np.array([20, 28]), 4)
    assert (found == 2.5).all()
    assert replaced == 0
