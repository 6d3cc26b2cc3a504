"""Relevance mass in a planted mark, method by method, and maps with the mark's place."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import BLUE, INK, ORANGE, new_figure
from dlexplain.figures.series_explanations import plot_series_attribution
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import SeriesAttribution, plot
from dlexplain.results.shortcuts import ShortcutTest

ROW = 26


@plot.register
def plot_masses(tested: ShortcutTest) -> go.Figure:
    """A bar for each method, the largest at the top, with its 95% interval; grey where the interval
    does not lie above chance, which is the dashed line."""
    found = tested.methods
    means = np.array([one.mean for one in found])
    lows, highs = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
    told = [[one.low, one.high, len(one.values), one.silent] for one in found]
    figure = new_figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": means,
            "y": [one.title for one in found],
            "marker": {
                "color": [BLUE if low > tested.chance else INK for low in lows],
                "cornerradius": 3,
            },
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": highs - means,
                "arrayminus": means - lows,
                "color": ORANGE,
                "thickness": 1.5,
                "width": 4,
            },
            "customdata": told,
            "hovertemplate": "%{y}: %{x:.1%} [%{customdata[0]:.1%}–%{customdata[1]:.1%}]<br>"
            + tr("%{customdata[2]} examples, %{customdata[3]} maps without anything positive")
            + "<extra></extra>",
        },
        {
            **BASE,
            "margin": {"l": 8, "r": 24, "t": 24, "b": 8},
            "height": 110 + ROW * len(found),
            "bargap": 0.3,
            "xaxis": share_axis(tr("relevance mass in the mark")),
            "yaxis": {
                "autorange": "reversed",
                "type": "category",
                "automargin": True,
                "fixedrange": True,
            },
            "showlegend": False,
        },
    )
    figure.add_vline(tested.chance, line={"color": ORANGE, "dash": "dash", "width": 2})
    figure.add_annotation(
        x=tested.chance, y=1, yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
        text=tr(f"chance {tested.chance:.1%}"), font={"color": ORANGE},
    )  # fmt: skip
    return figure


def plot_marked_series(found: SeriesAttribution, mask: NDArray[np.bool_]) -> go.Figure:
    """The map of a window with a frame around the place of the spike."""
    figure = plot_series_attribution(found)
    times, series = np.nonzero(mask)
    figure.add_trace(
        {
            "type": "scatter",
            "mode": "markers",
            "x": found.dates[times],
            "y": [found.names[place] for place in series],
            "marker": {
                "symbol": "square-open",
                "size": 24,
                "color": ORANGE,
                "line": {"width": 3},
            },
            "hovertemplate": tr("the spike") + "<extra></extra>",
            "showlegend": False,
        }
    )
    return figure
