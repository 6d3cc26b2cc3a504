"""Metrics over training steps: of one run, or of several over each other."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import CLEAR, LINES, new_figure, rgba
from dlexplain.language import tr
from dlexplain.results import Curve
from dlexplain.results.words import made_visible, metric_name

HEIGHT = 320
FAINT = 0.25
NAME_LENGTH = 90


def smooth(values: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Exponential moving average, (points,) -> (points,), without the pull towards the start.

    strength  0 leaves the values as they are; 0.9 averages over about ten points
    """
    if not strength:
        return values
    averaged, weight, sums = np.empty(len(values)), 0.0, 0.0
    for place, value in enumerate(values):
        sums = strength * sums + (1 - strength) * value
        weight = strength * weight + (1 - strength)
        averaged[place] = sums / weight
    return averaged


def plot_curves(
    curves: Sequence[Curve],
    smoothing: float = 0.0,
    log_x: bool = False,
    log_y: bool = False,
    over: str = "step",
    by: str = "run",
    colours: Sequence[str] | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """One line a curve; smoothed ones have the measured values behind them, fainter.

    over  "step", or "minutes" since each curve's first point
    by    what the legend names: "run", or "key", the metric
    """
    traces: list[dict[str, Any]] = []
    names = _names(curves, by)
    for index, curve in enumerate(curves):
        colour = (colours or LINES)[index % len(colours or LINES)]
        x = curve.steps if over == "step" else (curve.at - curve.at[0]) / 60
        name = names[index]
        line = {
            "type": "scatter",
            "x": x,
            "mode": "lines" if len(curve) > 1 else "markers",
            "name": name,
            "legendgroup": str(index),
            "hovertemplate": "%{y:.5g}<extra>" + name + "</extra>",
        }
        if smoothing:
            traces.append(
                {
                    **line,
                    "y": curve.values,
                    "line": {"color": rgba(colour, FAINT), "width": 1},
                    "showlegend": False,
                    "hoverinfo": "skip",
                    "hovertemplate": None,
                }
            )
        y = smooth(curve.values, smoothing)
        traces.append({**line, "y": y, "line": {"color": colour, "width": 2}})
    layout = layout_of_curves([curve.key for curve in curves], over, log_x, log_y, height)
    return new_figure(traces, {**layout, "showlegend": len(curves) > 1})


def layout_of_curves(
    keys: Iterable[str], over: str, log_x: bool, log_y: bool, height: int
) -> dict[str, Any]:
    """What figures of these metrics over training share."""
    units = {tr(metric_name(key)) for key in keys}
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "x unified",
        "xaxis": {
            "title": {"text": tr("step") if over == "step" else tr("minutes of training")},
            "type": "log" if log_x else "linear",
        },
        "yaxis": {
            "title": {"text": units.pop() if len(units) == 1 else ""},
            "type": "log" if log_y else "linear",
            "automargin": True,
        },
        "legend": {"orientation": "h", "y": -64 / (height - 90), "x": 0, "yanchor": "top"},
        "uirevision": "kept",  # a zoom outlives the next point
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
    }


def _names(curves: Sequence[Curve], by: str) -> list[str]:
    """What the legend says; runs of one name are told apart by their ids."""
    if by == "key":
        return [tr(metric_name(curve.key)) for curve in curves]
    names = [curve.name for curve in curves]
    return [
        f"{shortened(c.name)} ({c.run})" if names.count(c.name) > 1 else shortened(c.name)
        for c in curves
    ]


def shortened(name: str, longest: int = NAME_LENGTH) -> str:
    """A name that somebody gave, for plotly, which reads mark-up and templates in texts."""
    short = name if len(name) <= longest else name[: longest - 1] + "…"
    return escape(made_visible(short)).replace("{", "&#123;")
