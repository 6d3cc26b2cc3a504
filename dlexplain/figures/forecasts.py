"""Forecasts, their errors and coverage, drawn."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import (
    BLUE,
    INK,
    LINES,
    ORANGE,
    rgba,
)
from dlexplain.figures.tested import BASE, plot_errors
from dlexplain.results import (
    SeriesBacktest,
    SeriesForecast,
    WhatIf,
    plot,
)

PAST, LEAST_PAST = 4, 24
"""The past that is shown: of the horizon, and periods at least."""
MONTH = "%{x|%b %Y}"
UNDER: dict[str, Any] = {"orientation": "h", "y": -0.16, "yanchor": "top"}


@plot.register
def plot_series_forecast(told: SeriesForecast, target: int = 0) -> go.Figure:
    """A series' past, its forecast with intervals, and what came where that is known."""
    traces = [*_intervals(told, target), _past(told, target),
              _line(told, target, "forecast (median)", BLUE)]  # fmt: skip
    if np.isfinite(told.truth[:, target]).any():
        traces.append(_truth(told, target))
    return go.Figure(traces, _layout(told.names[target]))


@plot.register
def plot_what_if(found: WhatIf, target: int = 0) -> go.Figure:
    """Before and after a change of the past."""
    before, after = found.before, found.after
    traces = [
        *_intervals(after, target, ORANGE)[1:2],
        _past(after, target, "past, changed", ORANGE),
        _past(before, target),
        _line(before, target, "before", BLUE),
        _line(after, target, "after", ORANGE),
    ]
    return go.Figure(traces, _layout(before.names[target]))


def _ahead(told: SeriesForecast, values: NDArray[np.float64], target: int) -> tuple[Any, Any]:
    """Dates and values with the origin in front, so that lines join."""
    dates = np.concatenate([told.dates[-1:], told.ahead])
    return dates, [float(told.levels[-1, target]), *values.tolist()]


def _intervals(told: SeriesForecast, target: int, colour: str = BLUE) -> list[dict[str, Any]]:
    traces = []
    for level in told.levels_of_intervals:
        low, high = told.interval(level)
        dates, lower = _ahead(told, low[:, target], target)
        _, upper = _ahead(told, high[:, target], target)
        traces.append(
            {
                "type": "scatter",
                "x": [*dates, *dates[::-1]],
                "y": [*upper, *lower[::-1]],
                "fill": "toself",
                "fillcolor": rgba(colour, 0.16),
                "line": {"width": 0},
                "mode": "lines",
                "name": f"{level}% interval",
                "hoverinfo": "skip",
            }
        )
    return traces


def _past(
    told: SeriesForecast, target: int, name: str = "past", colour: str = INK
) -> dict[str, Any]:
    first = -1 - max(LEAST_PAST, PAST * len(told.ahead))
    line = {"color": colour, "width": 2}
    return scatter(told.dates[first:], told.levels[first:, target], name, line)


def _line(told: SeriesForecast, target: int, name: str, colour: str) -> dict[str, Any]:
    dates, values = _ahead(told, told.median[:, target], target)
    return scatter(dates, values, name, {"color": colour, "width": 2})


def _truth(told: SeriesForecast, target: int) -> dict[str, Any]:
    dates, values = _ahead(told, told.truth[:, target], target)
    line = {"color": ORANGE, "width": 2, "dash": "dot"}
    return scatter(dates, values, "what came", line)


def scatter(x: Any, y: Any, name: str, line: dict[str, Any]) -> dict[str, Any]:
    """A line over dates."""
    return {"type": "scatter", "x": x, "y": y, "mode": "lines", "name": name, "line": line,
            "hovertemplate": MONTH + ": %{y:.5g}<extra>" + name + "</extra>"}  # fmt: skip


def _layout(name: str) -> dict[str, Any]:
    return {
        **BASE,
        "height": 400,
        "yaxis": {"title": {"text": name}, "automargin": True},
        "legend": UNDER,
        "hovermode": "x",
    }


@plot.register
def plot_backtest(found: SeriesBacktest, target: int = 0) -> go.Figure:
    """MASE by periods ahead, of the model and of the plain forecasts."""
    return plot_errors(found.tested, target)


def plot_coverage(found: SeriesBacktest, target: int = 0) -> go.Figure:
    """The part of the truth inside each interval, by periods ahead, beside what it promises."""
    steps = np.arange(1, found.tested.coverage.shape[1] + 1)
    traces: list[dict[str, Any]] = []
    shapes = []
    for place, level in enumerate(found.tested.coverage_levels):
        kinds = [("as trained", found.tested.coverage, "dot")]
        if found.calibrated is not None:
            kinds.append(("calibrated", found.calibrated, "solid"))
        for kind, values, dash in kinds:
            name = f"{level}%, {kind}"
            traces.append(
                {
                    "type": "scatter", "x": steps, "y": values[place, :, target],
                    "mode": "lines+markers", "name": name, "marker": {"size": 5},
                    "line": {"color": LINES[place], "width": 2, "dash": dash},
                    "hovertemplate": "%{x} ahead: %{y:.0%}<extra>" + name + "</extra>",
                }
            )  # fmt: skip
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": level / 100,
             "y1": level / 100, "line": {"color": LINES[place], "width": 1, "dash": "dash"}}
        )  # fmt: skip
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 340,
            "shapes": shapes,
            "xaxis": {"title": {"text": "periods ahead"}, "dtick": max(1, len(steps) // 12)},
            "yaxis": {"title": {"text": "truth inside"}, "tickformat": ".0%", "range": [0, 1.02]},
            "legend": {**UNDER, "y": -0.3},
        },
    )
