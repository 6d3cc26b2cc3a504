"""Runs in groups: the mean curve of each with its interval, and the runs as thin lines."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.curves import layout_of_curves, shortened
from dlexplain.figures.scales import CLEAR, LINES, new_figure, rgba
from dlexplain.language import tr
from dlexplain.results import Curve
from dlexplain.results.run_groups import Band, GroupScore
from dlexplain.results.words import metric_name

HEIGHT = 360
SHADE, THIN = 0.16, 0.35
"""Opacity of an interval, and of a run's own line."""
NAME_LENGTH = 34
"""Of a name beside a row."""


def plot_bands(
    bands: Sequence[Band],
    places_of: Callable[[Curve], NDArray[np.float64]],
    over: str = "step",
    log_x: bool = False,
    log_y: bool = False,
    runs: bool = True,
) -> go.Figure:
    """A line a group, the 95% interval of its mean around it, and thin lines of its runs.

    places_of  where a run's points lie, on the axis of the bands
    over       "step" or "minutes"
    runs       whether the runs themselves are drawn
    """
    traces: list[dict[str, Any]] = []
    for index, band in enumerate(bands):
        colour = LINES[index % len(LINES)]
        name = shortened(band.group)
        of_group = {"type": "scatter", "legendgroup": str(index), "showlegend": False}
        silent = {**of_group, "hoverinfo": "skip", "mode": "lines"}
        if band.n > 1:
            edge = {**silent, "x": band.x, "line": {"width": 0}}
            traces.append({**edge, "y": band.high})
            filled = {"fill": "tonexty", "fillcolor": rgba(colour, SHADE)}
            traces.append({**edge, "y": band.low, **filled})
        for curve in band.curves if runs and band.n > 1 else ():
            thin = {"color": rgba(colour, THIN), "width": 1}
            traces.append({**silent, "x": places_of(curve), "y": curve.values, "line": thin})
        within = np.stack([band.low, band.high, np.full(len(band), band.n)], -1)
        told = "%{y:.5g} [%{customdata[0]:.5g}, %{customdata[1]:.5g}], n = %{customdata[2]}"
        traces.append(
            {
                **of_group,
                "x": band.x,
                "y": band.mean,
                "mode": "lines" if len(band) > 1 else "markers",
                "line": {"color": colour, "width": 2.5},
                "marker": {"color": colour, "size": 9},
                "name": name if band.n == 1 else f"{name}, n = {band.n}",
                "showlegend": True,
                "customdata": within,
                "hovertemplate": (told if band.n > 1 else "%{y:.5g}")
                + "<extra>"
                + name
                + "</extra>",
            }
        )
    layout = layout_of_curves([band.key for band in bands], over, log_x, log_y, HEIGHT)
    return new_figure(traces, {**layout, "height": HEIGHT + 22 * max(0, len(bands) - 3)})


def plot_scores(found: Sequence[GroupScore]) -> go.Figure:
    """A row a group: the metric of each run as a dot, the mean with its 95% interval above them."""
    traces: list[dict[str, Any]] = []
    for index, score in enumerate(found):
        colour, row = LINES[index % len(LINES)], len(found) - index
        dots = {"type": "scatter", "mode": "markers", "showlegend": False}
        traces.append(
            {
                **dots,
                "x": list(score.values),
                "y": [row - 0.18] * score.n,
                "marker": {"color": rgba(colour, 0.6), "size": 8},
                "hovertemplate": "%{x:.5g}<extra></extra>",
            }
        )
        half = 0.0 if score.n < 2 else score.high - score.mean
        traces.append(
            {
                **dots,
                "x": [score.mean],
                "y": [row + 0.12],
                "marker": {"color": colour, "size": 11, "symbol": "diamond"},
                "error_x": {"array": [half], "color": colour, "thickness": 2, "width": 5},
                "hovertemplate": shortened(score.words, 200) + "<extra></extra>",
            }
        )
    names = [shortened(s.group, NAME_LENGTH) for s in found]
    return new_figure(
        traces,
        {
            "height": 90 + 46 * len(found),
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {"title": {"text": tr(metric_name(found[0].key)) if found else ""}},
            "yaxis": {
                "tickvals": list(range(len(found), 0, -1)),
                "ticktext": names,
                "range": [0.4, len(found) + 0.6],
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
            },
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )
