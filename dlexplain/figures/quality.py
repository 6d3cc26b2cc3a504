"""Curves behind a metric: the answer while parts are taken away, the map under random weights."""

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, INK, new_figure, rgba
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import Quality, plot
from dlexplain.results.quality import LayerCurve, RemovalCurve

HEIGHT = 300


@plot.register
def plot_quality(found: Quality) -> go.Figure:
    """The curve of what was measured. Raises ValueError for a metric without one."""
    if not found.found.curves:
        raise ValueError(f"{found.title} has no curve: it is one number, {found.value:.4g}")
    curve = found.found.curves[0]
    if isinstance(curve, LayerCurve):
        return plot_layers(curve)
    return plot_removal(curve, found.unit)


def plot_removal(curve: RemovalCurve, unit: str) -> go.Figure:
    """The answer against the share taken away, or put back, in the order of the map in blue; the
    lines of random maps in grey, and their mean dashed."""
    percent = unit == "probability"
    hover = "%{x:.0%}: %{y:.1%}" if percent else "%{x:.0%}: %{y:.4g}"
    thin = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": curve.shares,
            "y": answers,
            "line": {"color": rgba(INK, 0.25), "width": 1},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        for answers in curve.random
    ]
    mean = {
        "type": "scatter",
        "mode": "lines",
        "x": curve.shares,
        "y": curve.random.mean(0),
        "line": {"color": INK, "width": 2, "dash": "dash"},
        "name": tr(f"random maps, n = {len(curve.random)}"),
        "hovertemplate": tr("random maps") + f", {hover}<extra></extra>",
    }
    own = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": curve.shares,
        "y": curve.answers,
        "line": {"color": BLUE, "width": 2.5},
        "marker": {"size": 5},
        "name": tr("this map"),
        "hovertemplate": tr("this map") + f", {hover}<extra></extra>",
    }
    said = tr("probability") if percent else tr(unit or "what the model says")
    return new_figure(
        [*thin, *([mean] if len(curve.random) else []), own],
        _layout(
            {**share_axis(_share_of(curve)), "range": [-0.02, 1.03]},
            {
                "title": {"text": said},
                "tickformat": ".0%" if percent else None,
                "rangemode": "tozero" if percent else "normal",
            },
        ),
    )


def plot_layers(curve: LayerCurve) -> go.Figure:
    """How alike the map stays while more layers get random weights, the mean over the draws."""
    means = curve.similarities.mean(0)
    names = list(curve.layers)
    return new_figure(
        {
            "type": "bar",
            "x": np.arange(len(names)),
            "y": means,
            "customdata": names,
            "marker": {"color": BLUE, "cornerradius": 3},
            "hovertemplate": "%{customdata}: %{y:.2f}<extra></extra>",
        },
        _layout(
            {
                "title": {"text": tr("random layers, the last one first")},
                "tickvals": [0, len(names) - 1] if len(names) > 1 else [0],
                "ticktext": [names[0], names[-1]] if len(names) > 1 else names,
            },
            {
                "title": {"text": tr("alike (rank correlation)")},
                "range": [min(-0.05, float(means.min()) - 0.05), 1.02],
                "zeroline": True,
                "zerolinecolor": INK,
            },
        ),
    )


def _share_of(curve: RemovalCurve) -> str:
    put_back = curve.name.startswith("with ")
    return tr("share that the model is given") if put_back else tr("share taken away")


def _layout(x: dict[str, object], y: dict[str, object]) -> dict[str, object]:
    fixed = {"fixedrange": True, "automargin": True}
    return {
        **BASE,
        "height": HEIGHT,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "xaxis": x | fixed,
        "yaxis": y | fixed,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
