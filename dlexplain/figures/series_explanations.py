"""What drove a forecast, drawn: maps of lag by series, their sums, and attention over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.forecasts import UNDER, scatter, time_axis, when
from dlexplain.figures.scales import (
    BLUE,
    INK,
    LINES,
    SEQUENTIAL,
    STANDARD,
    Palette,
    new_figure,
    rgba,
    value_range,
)
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import SeriesAttention, SeriesAttribution, about_of, plot

ROW = 34
FEW = 16
"""Periods up to which there is a gap between cells, which on a phone would else hide them."""


@plot.register
def plot_series_attribution(
    found: SeriesAttribution,
    rival: SeriesAttribution | None = None,
    palette: Palette = STANDARD,
) -> go.Figure:
    """Series down, periods across; red raised the forecast, blue lowered it.

    rival  another one that is drawn on the same scale
    """
    every = [one.values for one in (found, rival) if one is not None]
    low, high = value_range(np.stack(every).astype(np.float32), True)
    lags = np.arange(len(found.dates))[::-1]
    seen = np.stack([np.tile(lags, (len(found.names), 1)), found.inputs.T], axis=-1)
    return new_figure(
        {
            "type": "heatmap",
            "z": found.values.T,
            "x": found.dates,
            "y": list(found.names),
            "text": [[about_of(found.about, name).title] * len(lags) for name in found.names],
            "customdata": seen,
            "zmin": low,
            "zmax": high,
            "colorscale": palette.stops(),
            "xgap": 1 if len(found.dates) <= FEW else 0,
            "ygap": 1,
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "ticksuffix": found.unit,
                "title": {"text": tr(_words(found)), "side": "right"},
            },
            "hovertemplate": "%{text}, "
            + when(found.period)
            + " ("
            + tr("%{customdata[0]} before the origin")
            + ")<br>%{z:+,.3~r}"
            + found.unit
            + "<br>"
            + tr("input %{customdata[1]:+.2f} deviations")
            + "<extra></extra>",
        },
        {
            **BASE,
            "height": 90 + ROW * len(found.names),
            "xaxis": time_axis(found.period),
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )


def plot_by_series(found: SeriesAttribution, palette: Palette = STANDARD) -> go.Figure:
    """The sum of each series over the window, the largest first."""
    order = np.argsort(-np.abs(found.by_series))
    values = found.by_series[order]
    return new_figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": values,
            "y": [found.names[place] for place in order],
            "marker": _coloured(values, palette),
            "customdata": [about_of(found.about, found.names[place]).title for place in order],
            "hovertemplate": "%{customdata}: %{x:+,.3~r}" + found.unit + "<extra></extra>",
        },
        {
            **BASE,
            "height": 100 + 28 * len(values),
            "xaxis": {
                "title": {"text": _effect(found)},
                "ticksuffix": found.unit,
                "zeroline": True,
                "automargin": True,
            },
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )


def plot_by_lag(found: SeriesAttribution, palette: Palette = STANDARD) -> go.Figure:
    """The sum of each period over the series."""
    return new_figure(
        {
            "type": "bar",
            "x": found.dates,
            "y": found.by_lag,
            "marker": _coloured(found.by_lag, palette),
            "hovertemplate": when(found.period) + ": %{y:+,.3~r}" + found.unit + "<extra></extra>",
        },
        {
            **BASE,
            "height": 100 + 28 * len(found.names),
            "bargap": 0.1,
            "xaxis": time_axis(found.period),
            "yaxis": {
                "title": {"text": _effect(found)},
                "ticksuffix": found.unit,
                "zeroline": True,
                "automargin": True,
            },
        },
    )


def _words(found: SeriesAttribution) -> str:
    """A unit that is words, such as percentage points; "%" stands behind each number instead."""
    return "" if found.unit else about_of(found.about, found.target).unit_of_changes


def _effect(found: SeriesAttribution) -> str:
    """What bars measure: "effect, percentage points"; short, as a phone has little room."""
    unit = found.unit or about_of(found.about, found.target).unit_of_changes
    return tr(f"effect, {unit}") if unit else tr("effect")


def _coloured(values: NDArray[np.float64], palette: Palette) -> dict[str, Any]:
    top = float(np.abs(values).max()) or 1.0
    return {
        "color": values,
        "colorscale": palette.stops(),
        "cmin": -top,
        "cmax": top,
        "line": {"color": INK, "width": 0.5},
    }


@plot.register
def plot_attention_read(found: SeriesAttention) -> go.Figure:
    """What the last period looked at in the last layer, a line a head and their mean."""
    rows = [(tr(f"head {head + 1}"), weights) for head, weights in enumerate(found.read)]
    traces = [
        {
            **scatter(
                found.dates,
                weights,
                name,
                {"color": LINES[index % len(LINES)], "width": 1.5, "dash": "dot"},
            ),
            "hovertemplate": when(found.period) + ": %{y:.1%}<extra>" + name + "</extra>",
        }
        for index, (name, weights) in enumerate(rows)
    ]
    traces.append(
        {
            "type": "bar",
            "x": found.dates,
            "y": found.read.mean(axis=0),
            "name": tr("mean of heads"),
            "marker": {"color": rgba(BLUE, 0.35)},
            "hovertemplate": when(found.period) + ": %{y:.1%}<extra>" + tr("mean") + "</extra>",
        }
    )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 320,
            "xaxis": time_axis(found.period),
            "yaxis": {
                "tickformat": ".0%",
                "rangemode": "tozero",
                "automargin": True,
                "title": {"text": tr("attention")},
            },
            "legend": UNDER,
        },
    )


def plot_attention_map(found: SeriesAttention, layer: int, head: int | None) -> go.Figure:
    """Who looks down, at whom across, of one head or the mean of all."""
    weights = found.weights[layer]
    shown = weights.mean(axis=0) if head is None else weights[head]
    x, y = when(found.period), when(found.period, "y")
    return new_figure(
        {
            "type": "heatmap",
            "z": shown,
            "x": found.dates,
            "y": found.dates,
            "colorscale": SEQUENTIAL,
            "zmin": 0,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".0%"},
            "hovertemplate": tr(f"{y} looks at {x} with %{{z:.1%}}") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 460,
            "xaxis": {"title": {"text": tr("looked at")}, **time_axis(found.period)},
            "yaxis": {
                "title": {"text": tr("from")},
                "autorange": "reversed",
                "automargin": True,
                **time_axis(found.period),
            },
        },
    )


def plot_compared(found: Sequence[SeriesAttribution]) -> go.Figure:
    """Totals of each series by several methods, side by side."""
    traces = [
        {
            "type": "bar",
            "x": list(one.names),
            "y": one.by_series,
            "name": one.title,
            "marker": {"color": LINES[index % len(LINES)]},
            "customdata": [about_of(one.about, name).title for name in one.names],
            "hovertemplate": "%{customdata}: %{y:+,.3~r}"
            + one.unit
            + "<extra>"
            + one.title
            + "</extra>",
        }
        for index, one in enumerate(found)
    ]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 340,
            "barmode": "group",
            "xaxis": {"type": "category", "tickangle": -45, "automargin": True},
            "yaxis": {
                "title": {"text": _effect(found[0])},
                "ticksuffix": found[0].unit,
                "zeroline": True,
                "automargin": True,
            },
            "legend": {**UNDER, "yref": "container", "y": 0, "yanchor": "bottom"},
        },
    )
