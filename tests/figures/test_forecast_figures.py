"""Figures of forecasts draw the numbers that they are given."""

from dataclasses import replace

import numpy as np
import pytest

import dlexplain.figures  # noqa: F401, registers how results are drawn
from dlexplain.figures.forecasts import plot_coverage, plot_series_forecast
from dlexplain.figures.series_explanations import (
    plot_attention_map,
    plot_by_lag,
    plot_by_series,
    plot_compared,
)
from dlexplain.results import (
    SeriesAbout,
    SeriesAttention,
    SeriesAttribution,
    SeriesForecast,
    WhatIf,
)

DATES = np.arange("2000-01", "2000-06", dtype="datetime64[M]").astype("datetime64[D]")
AHEAD = np.arange("2000-06", "2000-08", dtype="datetime64[M]").astype("datetime64[D]")


def told(shift: float = 0.0, truth: float = 5.0) -> SeriesForecast:
    values = np.arange(7.0) + np.zeros((2, 2, 1)) + shift
    return SeriesForecast(
        "m", "s", ("a", "b"), DATES, np.arange(10.0).reshape(5, 2), AHEAD,
        (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975), values, np.full((2, 2), truth), True, "test",
    )  # fmt: skip


def test_a_forecast_begins_at_the_origins_level() -> None:
    figure = told().plot()
    names = [trace.name for trace in figure.data]
    assert names == ["95% interval", "80% interval", "50% interval", "past", "forecast (median)",
                     "actual"]  # fmt: skip
    # Up and back, without the part that the next smaller one fills; then below it.
    assert list(figure.data[0].y) == [8, 6, 6, 5, 5, 8, None, 8, 1, 1, 0, 0, 8]
    assert list(figure.data[2].y) == [8, 4, 4, 2, 2, 8]
    assert list(figure.data[4].y) == [8, 3, 3]
    assert list(figure.data[5].y) == [8, 5, 5]
    assert list(plot_series_forecast(told(), 1).data[3].y) == [1, 3, 5, 7, 9]
    assert [t.name for t in told(truth=np.nan).plot().data][-1] == "forecast (median)"


def test_before_and_after_stand_side_by_side() -> None:
    figure = WhatIf(told(), told(2.0), ()).plot()
    lines = {trace.name: list(trace.y) for trace in figure.data}
    assert (lines["before"], lines["after"]) == ([8, 3, 3], [8, 5, 5])


def attribution() -> SeriesAttribution:
    values = np.array([[1.0, -2.0], [0.5, 0.0], [0.0, 4.0]])
    return SeriesAttribution(
        "occlusion", "Occlusion", {}, "m", ("a", "b"), DATES[:3], values, values, "a", 2,
        AHEAD[1], "median", "%", 1.0, None, 3, 0.1,
    )  # fmt: skip


def test_an_attribution_is_a_map_and_its_sums() -> None:
    found = attribution()
    figure = found.plot()
    np.testing.assert_array_equal(figure.data[0].z, found.values.T)
    assert -figure.data[0].zmin == figure.data[0].zmax > 3
    assert list(plot_by_series(found).data[0].x) == [2.0, 1.5]
    assert list(plot_by_series(found).data[0].y) == ["b", "a"]
    assert list(plot_by_lag(found).data[0].y) == [-1.0, 0.5, 4.0]
    assert [trace.name for trace in plot_compared([found, found]).data] == ["Occlusion"] * 2


def test_attention_shows_the_last_period_of_the_last_layer() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 5)).astype(np.float32)
    found = SeriesAttention("m", DATES, weights)
    figure = found.plot()
    np.testing.assert_allclose(figure.data[1].y, weights[1, 1, 4])
    np.testing.assert_allclose(figure.data[3].y, weights[1, :, 4].mean(0))
    np.testing.assert_allclose(plot_attention_map(found, 0, None).data[0].z, weights[0].mean(0))


def test_coverage_is_drawn_beside_what_is_promised() -> None:
    from dlexplain.services.forecast.backtesting import backtest
    from tests.forecasters import linear, series

    found = backtest(linear(), series())
    figure = plot_coverage(found, 1)
    assert [shape.y0 for shape in figure.layout.shapes] == [0.95, 0.8, 0.5]
    assert found.calibrated is not None
    np.testing.assert_allclose(figure.data[1].y, found.calibrated[0, :, 1])
    assert figure.data[1].name == "95%, calibrated"
    assert found.plot().data[0].y[0] == pytest.approx(found.tested.mase[0, 0, 0])


def named(**other: object) -> SeriesForecast:
    return replace(told(), period=4, about={"a": SeriesAbout("Output", "dollars")}, **other)


def test_axes_have_long_names_and_periods_as_people_write_them() -> None:
    figure = named().plot()
    assert figure.layout.yaxis.title.text == "Output, dollars"
    assert figure.layout.xaxis.hoverformat == "%YQ%q"
    assert figure.data[4].hovertemplate.startswith("%{x|%YQ%q}: ")
    assert told().plot().layout.yaxis.title.text == "a"
    points = SeriesAbout("Rate", "percent", "percentage points")
    found = replace(attribution(), unit="", about={"a": points})
    assert plot_by_series(found).layout.xaxis.title.text == "effect, percentage points"
    assert found.plot().data[0].colorbar.title.text == "percentage points"
    assert attribution().plot().data[0].colorbar.title.text == ""
    assert plot_by_lag(attribution()).layout.yaxis.title.text == "effect, %"


def test_the_legend_has_the_colour_of_each_interval() -> None:
    """No interval lies over another, so that each one's colour is the one that is seen."""
    bands = told().plot().data[:3]
    assert len({band.fillcolor for band in bands}) == 3
    outer, inner = (list(band.y) for band in bands[1:])
    hole = outer.index(None)
    assert outer[3:5] == inner[1:3][::-1] and outer[hole + 2 : hole + 4] == inner[3:5][::-1]
