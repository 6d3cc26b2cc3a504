"""Predictions of texts as bars: one, or before and after a change."""

from html import escape
from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, CLEAR, INK, ORANGE, new_figure
from dlexplain.language import tr
from dlexplain.results import Activation, TextPrediction, plot

MOST = 8
"""Classes drawn, the most probable."""


@plot.register
def plot_text_prediction(prediction: TextPrediction) -> go.Figure:
    """One bar a class, best at the top, in percent; of two classes one line, which they share."""
    if len(prediction.scores) == 2 and prediction.activation == "softmax":
        return _shared_line(prediction)
    return _bars([("", prediction, BLUE)], [s.name.index for s in prediction.scores[:MOST]])


def _shared_line(prediction: TextPrediction) -> go.Figure:
    traces = [
        {
            "type": "bar", "orientation": "h", "x": [score.size], "y": [""],
            "name": f"{escape(score.name.label[:28])} {score.text}",
            "marker": {"color": colour, "cornerradius": 4},
            "hovertemplate": f"{escape(score.name.label)} {score.size:.2%}<extra></extra>",
        }
        for score, colour in zip(prediction.scores, (BLUE, INK), strict=True)
    ]  # fmt: skip
    return new_figure(
        traces,
        {
            "barmode": "stack", "height": 64, "margin": {"l": 0, "r": 0, "t": 28, "b": 0},
            "xaxis": {"range": [0, 1], "visible": False, "fixedrange": True},
            "yaxis": {"visible": False, "fixedrange": True},
            "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0,
                       "itemclick": False, "itemdoubleclick": False},
            "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR,
        },
    )  # fmt: skip


def plot_before_after(before: TextPrediction, after: TextPrediction) -> go.Figure:
    """Two bars a class."""
    places = [s.name.index for s in before.scores[:MOST]]
    return _bars([(tr("before"), before, INK), (tr("after"), after, ORANGE)], places)


def _bars(rows: list[tuple[str, TextPrediction, str]], classes: list[int]) -> go.Figure:
    labels = {s.name.index: s.name.label for s in rows[0][1].scores}
    places = [str(index) for index in classes]
    traces: list[dict[str, Any]] = []
    activation = rows[0][1].activation
    shown, hover = (".4g", ".4g") if activation == "identity" else (".1%", ".2%")
    for name, prediction, colour in rows:
        shares = {s.name.index: s.size for s in prediction.scores}
        values = [shares.get(index, 0.0) for index in classes]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "x": values,
                "y": places,
                "marker": {"color": colour, "cornerradius": 4},
                "text": [f"{value:{shown}}" for value in values],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": [escape(labels[index]) for index in classes],
                "hovertemplate": f"%{{customdata}} %{{x:{hover}}}<extra>{name}</extra>",
            }
        )
    return new_figure(
        traces,
        {
            "barmode": "group",
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "tickmode": "array",
                "tickvals": places,
                "ticktext": [escape(labels[index][:28]) for index in classes],
                "automargin": True,
                "fixedrange": True,
            },
            "xaxis": _axis([value for trace in traces for value in trace["x"]], activation),
            "height": (26 + 18 * len(rows)) * len(classes) + 70,
            "margin": {"l": 0, "r": 8, "t": 4, "b": 0},
            "showlegend": len(rows) > 1,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )


def _axis(values: list[float], activation: Activation) -> dict[str, Any]:
    """Probabilities from 0 to 1; a regression's values with room for what is written beside."""
    if activation == "identity":
        low, high = min(0.0, *values), max(0.0, *values)
        room = 0.25 * (high - low or 1.0)
        return {
            "range": [low - room if low < 0 else low, high + room if high > 0 else high],
            "title": {"text": tr("output")},
            "nticks": 5,
            "fixedrange": True,
        }
    each = activation == "sigmoid"
    return {
        "range": [0, 1.15],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0%", "50%", "100%"],
        "title": {"text": tr("probability of each label by itself" if each else "probability")},
        "fixedrange": True,
    }
