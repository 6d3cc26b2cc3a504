"""An attack on a forecast: what was added to the past, and the forecast before and after."""

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.forecasts import plot_before_and_after, time_axis, when
from dlexplain.figures.scales import STANDARD, new_figure
from dlexplain.figures.series_explanations import FEW, ROW
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import SeriesAttackResult, about_of, plot


@plot.register
def plot_series_attack(found: SeriesAttackResult) -> go.Figure:
    """The forecast of the series that was attacked, before and after, with its 80% intervals."""
    place = found.before.names.index(found.target)
    return plot_before_and_after(found.before, found.after, place)


def plot_past_change(found: SeriesAttackResult) -> go.Figure:
    """Series down, periods across: what was added, in standard deviations of each series."""
    top = max(found.epsilon, found.largest)
    seen = np.stack([found.inputs.T, found.moved.T], axis=-1)
    period = found.before.period
    return new_figure(
        {
            "type": "heatmap",
            "z": found.difference.T,
            "x": found.dates,
            "y": list(found.names),
            "text": [
                [about_of(found.before.about, name).title] * len(found.dates)
                for name in found.names
            ],
            "customdata": seen,
            "zmin": -top,
            "zmax": top,
            "colorscale": STANDARD.stops(),
            "xgap": 1 if len(found.dates) <= FEW else 0,
            "ygap": 1,
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "title": {"text": tr("deviations"), "side": "right"},
            },
            "hovertemplate": "%{text}, "
            + when(period)
            + "<br>"
            + tr("%{z:+.3f} deviations")
            + "<br>"
            + tr("from %{customdata[0]:+.2f} to %{customdata[1]:+.2f}")
            + "<extra></extra>",
        },
        {
            **BASE,
            "height": 90 + ROW * len(found.names),
            "xaxis": time_axis(period),
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )
