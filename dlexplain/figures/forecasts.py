"""Forecasts, their errors and coverage, drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import (
    BLUE,
    INK,
    LINES,
    ORANGE,
    new_figure,
    rgba,
)
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE, plot_errors
from dlexplain.language import tr
from dlexplain.results import (
    SeriesBacktest,
    SeriesForecast,
    WhatIf,
    period_format,
    plot,
)
from dlexplain.results.series import SeriesAbout

PAST, LEAST_PAST = 4, 24
"""The past that is shown: of the horizon, and periods at least."""
BANDS = {95: 0.18, 80: 0.34, 50: 0.5}
"""Opacity of the part of an interval outside the next smaller one."""
WIDE = 0.16
"""Of a band that another may cover."""
UNDER: dict[str, Any] = {"orientation": "h", "y": -0.16, "yanchor": "top"}


def series_title(about: Mapping[str, SeriesAbout], name: str, unit: bool = False) -> str:
    """What a series that is known measures, in the reader's language; of others their name."""
    known = about.get(name)
    if known is None:
        return name
    return f"{tr(known.title)}, {tr(known.unit)}" if unit and known.unit else tr(known.title)


@plot.register
def plot_series_forecast(told: SeriesForecast, target: int = 0) -> go.Figure:
    """A series' past, its forecast with intervals, and what came where that is known."""
    traces = [
        *_intervals(told, target),
        _past(told, target),
        _line(told, target, tr("forecast (median)"), BLUE),
    ]
    if np.isfinite(told.truth[:, target]).any():
        traces.append(_truth(told, target))
    return new_figure(traces, _layout(told, target))


@plot.register
def plot_what_if(found: WhatIf, target: int = 0) -> go.Figure:
    """Before and after a change of the past."""
    changed = _past(found.after, target, tr("past, changed"), ORANGE)
    return plot_before_and_after(found.before, found.after, target, [changed])


def plot_before_and_after(
    before: SeriesForecast,
    after: SeriesForecast,
    target: int,
    under: Sequence[dict[str, Any]] = (),
) -> go.Figure:
    """Two forecasts from one origin with their 80% intervals.

    under  traces that lie under the past
    """
    traces = [
        _band(before, target, tr("80% interval, before"), BLUE),
        _band(after, target, tr("80% interval, after"), ORANGE),
        *under,
        _past(before, target),
        _line(before, target, tr("before"), BLUE),
        _line(after, target, tr("after"), ORANGE),
    ]
    return new_figure(traces, _layout(before, target))


def _dates(told: SeriesForecast) -> list[Any]:
    """Of what is forecast, with the origin in front, so that lines join."""
    return [*told.dates[-1:], *told.ahead]


def _joined(told: SeriesForecast, values: NDArray[np.float64], target: int) -> list[float]:
    """Values with the origin's in front."""
    return [float(told.levels[-1, target]), *values.tolist()]


def _intervals(told: SeriesForecast, target: int) -> list[dict[str, Any]]:
    """Each without the next smaller one, so that its colour is the one that the legend has."""
    traces = []
    x: list[Any]
    y: list[float | None]
    levels = told.levels_of_intervals
    for level, inner in zip(levels, (*levels[1:], None), strict=True):
        low, high = _ends(told, level, target)
        dates = _dates(told)
        if inner is None:
            x, y = [*dates, *dates[::-1]], [*high, *low[::-1]]
        else:
            inside = _ends(told, inner, target)
            x = [*dates, *dates[::-1], None, *dates, *dates[::-1]]
            y = [*high, *inside[1][::-1], None, *inside[0], *low[::-1]]
        traces.append(_filled(x, y, tr(f"{level}% interval"), rgba(BLUE, BANDS.get(level, WIDE))))
    return traces


def _band(told: SeriesForecast, target: int, name: str, colour: str) -> dict[str, Any]:
    """The whole interval of 80%, so thin that another shows through."""
    low, high = _ends(told, 80, target)
    dates = _dates(told)
    return _filled([*dates, *dates[::-1]], [*high, *low[::-1]], name, rgba(colour, WIDE))


def _ends(told: SeriesForecast, level: int, target: int) -> list[list[float]]:
    """Low and high, from the origin on."""
    return [_joined(told, end[:, target], target) for end in told.interval(level)]


def _filled(x: Any, y: Any, name: str, colour: str) -> dict[str, Any]:
    return {"type": "scatter", "x": x, "y": y, "fill": "toself", "fillcolor": colour,
            "line": {"width": 0}, "mode": "lines", "name": name, "hoverinfo": "skip"}  # fmt: skip


def _past(told: SeriesForecast, target: int, name: str = "", colour: str = INK) -> dict[str, Any]:
    first = -1 - max(LEAST_PAST, PAST * len(told.ahead))
    line = {"color": colour, "width": 2}
    levels = told.levels[first:, target]
    return scatter(told.dates[first:], levels, name or tr("past"), line, told.period)


def _line(told: SeriesForecast, target: int, name: str, colour: str) -> dict[str, Any]:
    values = _joined(told, told.median[:, target], target)
    line = {"color": colour, "width": 2}
    return scatter(_dates(told), values, name, line, told.period)


def _truth(told: SeriesForecast, target: int) -> dict[str, Any]:
    values = _joined(told, told.truth[:, target], target)
    line = {"color": ORANGE, "width": 2, "dash": "dot"}
    return scatter(_dates(told), values, tr("actual"), line, told.period)


def scatter(x: Any, y: Any, name: str, line: dict[str, Any], period: int = 0) -> dict[str, Any]:
    """A line over dates."""
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "name": name,
        "line": line,
        "hovertemplate": when(period) + ": %{y:,.6~r}<extra>" + name + "</extra>",
    }


def when(period: int, axis: str = "x") -> str:
    """A hover's x, a date, as periods are written."""
    return f"%{{{axis}|{period_format(period)}}}"


def time_axis(period: int) -> dict[str, Any]:
    """An axis of dates whose ticks are whole years where they are far apart."""
    ticks = [
        {"dtickrange": [None, "M11"], "value": period_format(period)},
        {"dtickrange": ["M12", None], "value": "%Y"},
    ]
    return {"hoverformat": period_format(period), "tickformatstops": ticks}


def _layout(told: SeriesForecast, target: int) -> dict[str, Any]:
    title = series_title(told.about, told.names[target], unit=True)
    return {
        **BASE,
        "height": 400,
        "xaxis": time_axis(told.period),
        "yaxis": {"title": {"text": title}, "automargin": True},
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
    for index, level in enumerate(found.tested.coverage_levels):
        kinds = [(tr("as trained"), found.tested.coverage, "dot")]
        if found.calibrated is not None:
            kinds.append((tr("calibrated"), found.calibrated, "solid"))
        for kind, values, dash in kinds:
            name = f"{level}%, {kind}"
            traces.append(
                {
                    "type": "scatter",
                    "x": steps,
                    "y": values[index, :, target],
                    "mode": "lines+markers",
                    "name": name,
                    "marker": {"size": 5},
                    "line": {"color": LINES[index], "width": 2, "dash": dash},
                    "hovertemplate": tr("%{x} ahead: %{y:.0%}") + "<extra>" + name + "</extra>",
                }
            )
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": level / 100,
                "y1": level / 100,
                "line": {"color": LINES[index], "width": 1, "dash": "dash"},
            }
        )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 340,
            "shapes": shapes,
            "xaxis": {"title": {"text": tr("periods ahead")}, "dtick": max(1, len(steps) // 12)},
            "yaxis": share_axis(tr("truth inside")),
            "legend": {**UNDER, "y": -0.3},
        },
    )
