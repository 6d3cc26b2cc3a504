"""The loss over learning rates that were tried, with the one suggested."""

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, CLEAR, ORANGE, new_figure
from dlexplain.language import tr
from dlexplain.results.rates import RateSearch


def plot_rates(found: RateSearch) -> go.Figure:
    """A line over a log axis; the suggestion is a dot."""
    line = {
        "type": "scatter",
        "x": found.rates,
        "y": found.losses,
        "mode": "lines",
        "line": {"color": BLUE, "width": 2},
        "hovertemplate": tr("rate %{x:.2g}: loss %{y:.4g}") + "<extra></extra>",
    }
    traces = [line]
    if found.suggestion is not None:
        at = int(abs(found.rates - found.suggestion).argmin())
        traces.append(
            {
                "type": "scatter",
                "x": [found.rates[at]],
                "y": [found.losses[at]],
                "mode": "markers",
                "marker": {"color": ORANGE, "size": 12},
                "hovertemplate": tr("suggested: %{x:.3g}") + "<extra></extra>",
            }
        )
    return new_figure(
        traces,
        {
            "height": 260,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "xaxis": {"title": {"text": tr("learning rate")}, "type": "log"},
            "yaxis": {"title": {"text": tr("training loss")}, "automargin": True},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )
