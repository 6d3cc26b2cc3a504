"""Reliability diagrams, histograms of scores, and certified accuracy."""

from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, INK, LINES, ORANGE, new_figure, rgba
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import (
    CalibrationScores,
    CertifiedAccuracy,
    ClassifierCalibration,
    OutOfDistribution,
    plot,
)

LEGEND = {"orientation": "h", "y": -0.22, "yanchor": "top"}
SHARE = {"tickformat": ".0%", "fixedrange": True, "zeroline": False}
OWN = "its test pictures"
POINTS = 200
"""Of a curve."""


@plot.register
def plot_reliability(found: ClassifierCalibration) -> go.Figure:
    """Accuracy over confidence, a bin a point with Wilson's interval, before and after the
    temperature; on the diagonal probabilities are right. Below: how many inputs of each bin."""
    after = tr(f"at temperature {found.temperature:.2f}")
    traces = [
        {
            "type": "scatter",
            "x": [0, 1],
            "y": [0, 1],
            "mode": "lines",
            "line": {"color": INK, "width": 1, "dash": "dot"},
            "name": tr("perfectly calibrated"),
            "hoverinfo": "skip",
        },
        _points(found.before, tr("as it is"), ORANGE),
        *([_points(found.after, after, BLUE)] if found.fitted else []),
        _counts(found.before, ORANGE),
        *([_counts(found.after, BLUE)] if found.fitted else []),
    ]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 440,
            "barmode": "overlay",
            "xaxis": {**share_axis(tr("confidence")), "anchor": "y2"},
            "yaxis": {**share_axis(tr("right")), "domain": [0.3, 1]},
            "yaxis2": {"domain": [0, 0.2], "title": {"text": tr(found.noun)}, "fixedrange": True},
            "legend": LEGEND,
        },
    )


def _points(scores: CalibrationScores, title: str, colour: str) -> dict[str, Any]:
    known = [one for one in scores.bins if one.n]
    right = [one.accuracy or 0.0 for one in known]
    ends = [(one.accuracy_low or 0.0, one.accuracy_high or 0.0) for one in known]
    return {
        "type": "scatter",
        "x": [one.confidence for one in known],
        "y": right,
        "mode": "lines+markers",
        "name": title,
        "line": {"color": colour, "width": 2},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - y for (_, high), y in zip(ends, right, strict=True)],
            "arrayminus": [y - low for (low, _), y in zip(ends, right, strict=True)],
            "color": rgba(colour, 0.6),
            "thickness": 1,
        },
        "customdata": [one.n for one in known],
        "hovertemplate": tr("says %{x:.1%}, right in %{y:.1%}, n = %{customdata:,}")
        + f"<extra>{title}</extra>",
    }


def _counts(scores: CalibrationScores, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": [(one.low + one.high) / 2 for one in scores.bins],
        "y": [one.n for one in scores.bins],
        "width": 1 / len(scores.bins),
        "yaxis": "y2",
        "marker": {"color": rgba(colour, 0.45)},
        "showlegend": False,
        "hovertemplate": "%{y:,}<extra></extra>",
    }


@plot.register
def plot_outside(found: OutOfDistribution, score: str = "") -> go.Figure:
    """Histograms of a score, by default of the best one: its test pictures, and each other set."""
    score = score or found.best
    known = [one for one in found.histograms if one.score == score]
    names = {kind: tr(name) for kind, name in {"": OWN, **found.sets}.items()}
    traces = []
    for place, one in enumerate(known):
        whole, colour = max(1, sum(one.counts)), LINES[place % len(LINES)]
        middles = [(a + b) / 2 for a, b in zip(one.edges, one.edges[1:], strict=False)]
        own = not one.outside
        traces.append(
            {
                "type": "scatter",
                "x": middles,
                "y": [count / whole for count in one.counts],
                "mode": "lines",
                "line": {"color": colour, "width": 3 if own else 2, "shape": "hvh"},
                **({"fill": "tozeroy", "fillcolor": rgba(colour, 0.15)} if own else {}),
                "name": names[one.outside],
                "hovertemplate": "%{y:.1%}<extra>" + names[one.outside] + "</extra>",
            }
        )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 400,
            "xaxis": {"title": {"text": tr(AXES[score])}, "fixedrange": True, "zeroline": False},
            "yaxis": {**SHARE, "title": {"text": tr("part of the set")}},
            "legend": {**LEGEND, "y": -0.3},
        },
    )


AXES = {
    "maximum-softmax": "largest probability",
    "energy": "negative energy",
    "mahalanobis": "negative squared Mahalanobis distance",
    "relative-mahalanobis": "the same less that of all classes",
}


@plot.register
def plot_certified(found: CertifiedAccuracy) -> go.Figure:
    """Part of the pictures that is right and certified to at least a radius, over the radius, with
    Wilson's 95% band."""
    most = 1.05 * max(found.radii[-1], 0.01)
    radii = [most * place / (POINTS - 1) for place in range(POINTS)]
    rows = [found.accuracy(radius) for radius in radii]
    shares, lows, highs = ([row[i] for row in rows] for i in range(3))
    band = {
        "type": "scatter",
        "x": [*radii, *radii[::-1]],
        "y": [*highs, *lows[::-1]],
        "fill": "toself",
        "fillcolor": rgba(BLUE, 0.15),
        "line": {"width": 0},
        "mode": "lines",
        "name": tr("95% interval"),
        "hoverinfo": "skip",
    }
    line = {
        "type": "scatter",
        "x": radii,
        "y": shares,
        "mode": "lines",
        "line": {"color": BLUE, "width": 2, "shape": "hv"},
        "name": tr(f"certified, noise {found.sigma:g}"),
        "hovertemplate": tr("radius %{x:.2f}: %{y:.1%}") + "<extra></extra>",
    }
    plain = {
        "type": "scatter",
        "x": [0],
        "y": [found.plain_accuracy],
        "mode": "markers",
        "marker": {"color": ORANGE, "size": 10, "symbol": "diamond"},
        "name": tr("right without noise, certified to nothing"),
        "hovertemplate": "%{y:.1%}<extra></extra>",
    }
    return new_figure(
        [band, line, plain],
        {
            **BASE,
            "height": 380,
            "xaxis": {
                "title": {"text": tr("radius in L2, 0 black and 1 white")},
                "range": [-0.01 * most, most],
                "fixedrange": True,
                "zeroline": False,
            },
            "yaxis": share_axis(tr("right and certified")),
            "legend": LEGEND,
        },
    )
