"""Forecasts, their errors and coverage, and what drove them, drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import (
    BLUE,
    DIVERGING,
    INK,
    LINES,
    ORANGE,
    SEQUENTIAL,
    rgba,
    value_range,
)
from dlexplain.figures.tested import BASE, plot_errors
from dlexplain.results import (
    SeriesAttention,
    SeriesAttribution,
    SeriesBacktest,
    SeriesForecast,
    WhatIf,
    plot,
)

PAST, LEAST_PAST = 4, 24
"""The past that is shown: of the horizon, and periods at least."""
ROW = 34
FEW = 16
"""Periods up to which there is a gap between cells, which on a phone would else hide them."""
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
    return _scatter(told.dates[first:], told.levels[first:, target], name, line)


def _line(told: SeriesForecast, target: int, name: str, colour: str) -> dict[str, Any]:
    dates, values = _ahead(told, told.median[:, target], target)
    return _scatter(dates, values, name, {"color": colour, "width": 2})


def _truth(told: SeriesForecast, target: int) -> dict[str, Any]:
    dates, values = _ahead(told, told.truth[:, target], target)
    line = {"color": ORANGE, "width": 2, "dash": "dot"}
    return _scatter(dates, values, "what came", line)


def _scatter(x: Any, y: Any, name: str, line: dict[str, Any]) -> dict[str, Any]:
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


@plot.register
def plot_series_attribution(found: SeriesAttribution) -> go.Figure:
    """Series down, periods across; red raised the forecast, blue lowered it."""
    low, high = value_range(found.values.astype(np.float32), True)
    lags = np.arange(len(found.dates))[::-1]
    seen = np.stack([np.tile(lags, (len(found.names), 1)), found.inputs.T], axis=-1)
    return go.Figure(
        {
            "type": "heatmap",
            "z": found.values.T,
            "x": found.dates,
            "y": list(found.names),
            "customdata": seen,
            "zmin": low,
            "zmax": high,
            "colorscale": DIVERGING,
            "xgap": 1 if len(found.dates) <= FEW else 0,
            "ygap": 1,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "ticksuffix": found.unit},
            "hovertemplate": "%{y}, " + MONTH + " (%{customdata[0]} before the origin)<br>%{z:+.3g}"
            + found.unit + "<br>input %{customdata[1]:+.2f} deviations<extra></extra>",
        },
        {
            **BASE,
            "height": 90 + ROW * len(found.names),
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )  # fmt: skip


def plot_by_series(found: SeriesAttribution) -> go.Figure:
    """The sum of each series over the window, the largest first."""
    order = np.argsort(-np.abs(found.by_series))
    values = found.by_series[order]
    return go.Figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": values,
            "y": [found.names[place] for place in order],
            "marker": _coloured(values),
            "hovertemplate": "%{y}: %{x:+.3g}" + found.unit + "<extra></extra>",
        },
        {
            **BASE,
            "height": 70 + 28 * len(values),
            "xaxis": {"ticksuffix": found.unit, "zeroline": True},
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )


def plot_by_lag(found: SeriesAttribution) -> go.Figure:
    """The sum of each period over the series."""
    return go.Figure(
        {
            "type": "bar",
            "x": found.dates,
            "y": found.by_lag,
            "marker": _coloured(found.by_lag),
            "hovertemplate": MONTH + ": %{y:+.3g}" + found.unit + "<extra></extra>",
        },
        {
            **BASE,
            "height": 70 + 28 * len(found.names),
            "bargap": 0.1,
            "yaxis": {"ticksuffix": found.unit, "zeroline": True, "automargin": True},
        },
    )


def _coloured(values: NDArray[np.float64]) -> dict[str, Any]:
    top = float(np.abs(values).max()) or 1.0
    return {"color": values, "colorscale": DIVERGING, "cmin": -top, "cmax": top,
            "line": {"color": INK, "width": 0.5}}  # fmt: skip


@plot.register
def plot_attention_read(found: SeriesAttention) -> go.Figure:
    """What the last period looked at in the last layer, a line a head and their mean."""
    rows = [(f"head {head + 1}", weights) for head, weights in enumerate(found.read)]
    traces = [
        {
            **_scatter(found.dates, weights, name,
                       {"color": LINES[place % len(LINES)], "width": 1.5, "dash": "dot"}),
            "hovertemplate": MONTH + ": %{y:.1%}<extra>" + name + "</extra>",
        }
        for place, (name, weights) in enumerate(rows)
    ]  # fmt: skip
    traces.append(
        {
            "type": "bar", "x": found.dates, "y": found.read.mean(axis=0), "name": "mean of heads",
            "marker": {"color": rgba(BLUE, 0.35)},
            "hovertemplate": MONTH + ": %{y:.1%}<extra>mean</extra>",
        }
    )  # fmt: skip
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 320,
            "yaxis": {"tickformat": ".0%", "rangemode": "tozero", "automargin": True,
                      "title": {"text": "attention"}},
            "legend": UNDER,
        },
    )  # fmt: skip


def plot_attention_map(found: SeriesAttention, layer: int, head: int | None) -> go.Figure:
    """Who looks down, at whom across, of one head or the mean of all."""
    weights = found.weights[layer]
    shown = weights.mean(axis=0) if head is None else weights[head]
    return go.Figure(
        {
            "type": "heatmap",
            "z": shown,
            "x": found.dates,
            "y": found.dates,
            "colorscale": SEQUENTIAL,
            "zmin": 0,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".0%"},
            "hovertemplate": "%{y|%b %Y} looks at " + MONTH + ": %{z:.1%}<extra></extra>",
        },
        {
            **BASE,
            "height": 460,
            "xaxis": {"title": {"text": "looked at"}},
            "yaxis": {"title": {"text": "from"}, "autorange": "reversed", "automargin": True},
        },
    )


def plot_compared(found: Sequence[SeriesAttribution]) -> go.Figure:
    """Totals of each series by several methods, side by side."""
    traces = [
        {
            "type": "bar", "x": list(one.names), "y": one.by_series, "name": one.title,
            "marker": {"color": LINES[place % len(LINES)]},
            "hovertemplate": "%{x}: %{y:+.3g}" + one.unit + "<extra>" + one.title + "</extra>",
        }
        for place, one in enumerate(found)
    ]  # fmt: skip
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 300,
            "barmode": "group",
            "yaxis": {"ticksuffix": found[0].unit, "zeroline": True, "automargin": True},
            "legend": {**UNDER, "y": -0.3},
        },
    )
