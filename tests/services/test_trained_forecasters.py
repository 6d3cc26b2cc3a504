"""Finished runs among the forecasters: they say again what their own test said."""

import numpy as np
import pytest

from dlexplain.data.base import SeriesData
from dlexplain.errors import WeightsError
from dlexplain.results import Backtest, Inside, SeriesAttention, period_text
from dlexplain.services.forecast.backtesting import backtest
from dlexplain.services.forecast.forecasting import forecast, series_for
from dlexplain.services.forecast.inside import look_inside_window
from dlexplain.services.forecast.models import LoadedForecaster, prepared
from dlexplain.services.loading import load
from dlexplain.services.training.runs import run
from dlexplain.services.training.test_results import results_of
from dlexplain.trained.catalogue import entries, find
from tests.forecasters import HORIZON, WINDOW, Linear, facts
from tests.trained import macrodata_run


def test_a_finished_run_says_what_its_own_test_said() -> None:
    name = macrodata_run()
    assert name in [entry.name for entry in entries("forecast") if entry.source == "run"]
    kept = results_of(run(name))
    assert isinstance(kept, Backtest)
    for place in (0, 7, len(kept.origins) - 1):
        told = forecast(name, origin=str(kept.origins[place]), intervals="trained")
        np.testing.assert_allclose(told.values, kept.forecasts[place], rtol=1e-4)
        np.testing.assert_allclose(told.truth, kept.truth[place], rtol=1e-6)
    again = backtest(name).tested
    np.testing.assert_array_equal(again.origins, kept.origins)
    for forecaster in kept.forecasters:  # the random walk and AR too
        one, other = again.forecasters.index(forecaster), kept.forecasters.index(forecaster)
        np.testing.assert_allclose(again.mase[one], kept.mase[other], rtol=1e-4)
        np.testing.assert_allclose(again.rmse[one], kept.rmse[other], rtol=1e-4)
    np.testing.assert_allclose(again.coverage, kept.coverage, atol=0.03)


@pytest.mark.parametrize("name", ["macrodata-lstm", "macrodata-transformer"])
def test_the_zoos_backtest_is_its_cards(name: str) -> None:
    metrics = find(name, "forecast").trained.card["metrics"]
    found = backtest(name).tested
    assert found.mase[0].mean() == pytest.approx(metrics["test/mase"], rel=1e-3)
    assert found.mase[1].mean() == pytest.approx(metrics["test/mase_random_walk"], rel=1e-6)
    assert found.mase[3].mean() == pytest.approx(metrics["test/mase_ar"], rel=1e-3)
    for level, part in zip(found.coverage_levels, found.coverage, strict=True):
        assert part.mean() == pytest.approx(metrics[f"test/coverage_{level}"], abs=0.01)


def test_states_and_attention_are_the_networks_own() -> None:
    for name in ("macrodata-lstm", "macrodata-transformer", "fred-gru"):
        model = load(LoadedForecaster, name)
        given = series_for(model, "example")
        assert isinstance(given.data, SeriesData)
        row = len(given.data.dates) - 1
        found = look_inside_window(model, given, row)
        if isinstance(found, SeriesAttention):
            assert found.weights.shape[2:] == (model.window, model.window)
            np.testing.assert_allclose(found.read.sum(axis=1), 1, atol=1e-5)
            continue
        assert isinstance(found, Inside)
        assert found.tokens[-1] == period_text(given.data.dates[row], given.data.period)
        gates = {"macrodata-lstm": {"input", "forget", "output", "candidate", "cell"},
                 "fred-gru": {"reset", "update", "candidate"}}[name]  # fmt: skip
        assert set(found.layers[0]) == gates | {"hidden"}
        assert found.layers[0]["hidden"].shape[0] == model.window


def test_a_card_of_an_older_version_is_told() -> None:
    old = {key: value for key, value in facts().items() if key not in ("step", "codes")}
    with pytest.raises(WeightsError, match="card lacks codes, step, since it was trained by an"):
        prepared("old", "Old", Linear(), old, WINDOW, HORIZON)
