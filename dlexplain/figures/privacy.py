"""What a model betrays: losses of members and others, ROC, accuracy against epsilon, exposure."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.making import grid
from dlexplain.figures.scales import BLUE, INK, LINES, ORANGE, new_figure, rgba
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import plot
from dlexplain.results.canaries import CanaryTest
from dlexplain.results.inversion import Inversion
from dlexplain.results.privacy import MembershipAttack, PrivacyReport
from dlexplain.results.privacy_cost import PrivacyTrade

BINS, LEAST_LOSS = 30, 1e-8
TRADES = {"accuracy": "test accuracy", "auc": "membership AUC"}


@plot.register
def plot_losses(found: PrivacyReport, marked: float | None = None) -> go.Figure:
    """How many members and others have which loss, on a log axis.

    marked  a loss to draw a line at
    """
    logs = [np.log10(np.maximum(part, LEAST_LOSS)) for part in (found.members, found.others)]
    low, high = (float(end(np.concatenate(logs))) for end in (np.min, np.max))
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    names = (tr("of the training set"), tr("others"))
    hovers = (
        tr("%{y} of the training set, loss about %{customdata:.2g}"),
        tr("%{y} others, loss about %{customdata:.2g}"),
    )
    traces = [
        {
            "type": "bar",
            "x": middle,
            "y": np.histogram(part, edges)[0],
            "width": edges[1] - edges[0],
            "name": name,
            "marker": {"color": rgba(colour, 0.55), "line": {"width": 0}},
            "customdata": 10.0**middle,
            "hovertemplate": hover + "<extra></extra>",
        }
        for part, name, hover, colour in zip(logs, names, hovers, (BLUE, ORANGE), strict=True)
    ]
    ticks = np.arange(np.floor(edges[0]), np.ceil(edges[-1]) + 1)[:: max(1, int(high - low) // 5)]
    figure = new_figure(
        traces,
        {
            **BASE,
            "height": 300,
            "barmode": "overlay",
            "xaxis": {
                "title": {"text": tr("loss, nats")},
                "tickvals": ticks,
                "ticktext": [f"{10.0**tick:g}" for tick in ticks],
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {"title": {"text": tr("records")}, "fixedrange": True, "automargin": True},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        },
    )
    if marked is not None:
        figure.add_vline(
            float(np.log10(max(marked, LEAST_LOSS))),
            line={"color": INK, "width": 2, "dash": "dash"},
        )
    return figure


def plot_roc(found: PrivacyReport) -> go.Figure:
    """Members found against false alarms of each attack; the diagonal is chance."""
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": INK, "dash": "dot", "width": 1},
            "name": tr("chance"),
            "hoverinfo": "skip",
        }
    ]
    traces += [_roc_line(one, LINES[place]) for place, one in enumerate(found.attacks)]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 300,
            "xaxis": share_axis(tr("false alarms among others")),
            "yaxis": share_axis(tr("members found")),
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        },
    )


def _roc_line(one: MembershipAttack, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "line": {"shape": "hv", "color": colour, "width": 2},
        "x": one.false,
        "y": one.true,
        "name": tr(one.title),
        "hovertemplate": tr("%{y:.1%} of members at %{x:.1%} false alarms") + "<extra></extra>",
    }


def plot_trade(found: PrivacyTrade, what: str = "accuracy") -> go.Figure:
    """Accuracy or membership AUC at each epsilon: a point a training, the mean over seeds with its
    95% interval by Student's t."""
    names = [epsilon_told(epsilon) for epsilon in found.epsilons]
    told = [found.summary(epsilon, what) for epsilon in found.epsilons]
    pairs = [
        (name, getattr(trade, what))
        for epsilon, name in zip(found.epsilons, names, strict=True)
        for trade in found.of(epsilon)
    ]
    share = what == "accuracy"
    drawn = [*(value for _, value in pairs), *(end for _, *ends in told for end in ends)]
    shown = ".1%" if share else ".3f"
    within = "–".join(f"%{{customdata[{end}]:{shown}}}" for end in (0, 1))
    told_mean = f"%{{y:{shown}}} [{within}]<extra>{tr('mean')}</extra>"
    figure = new_figure(
        [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [name for name, _ in pairs],
                "y": [value for _, value in pairs],
                "marker": {"color": rgba(BLUE, 0.35), "size": 7},
                "hovertemplate": "%{y:" + shown + "}<extra>" + tr("one training") + "</extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": names,
                "y": [mean for mean, _, _ in told],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [high - mean for mean, _, high in told],
                    "arrayminus": [mean - low for mean, low, _ in told],
                    "color": ORANGE,
                    "thickness": 2,
                    "width": 8,
                },
                "marker": {"color": ORANGE, "size": 10, "symbol": "diamond"},
                "customdata": [[low, high] for _, low, high in told],
                "hovertemplate": told_mean,
            },
        ],
        {
            **BASE,
            "height": 300,
            "showlegend": False,
            "xaxis": {
                "title": {"text": tr("privacy budget, epsilon")},
                "type": "category",
                "categoryorder": "array",
                "categoryarray": names,
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": share_axis(tr(TRADES[what]), drawn) if share else {
                "title": {"text": tr(TRADES[what])},
                "tickformat": ".2f",
                "fixedrange": True,
                "automargin": True,
            },
        },
    )  # fmt: skip
    if not share:
        figure.add_hline(0.5, line={"color": INK, "dash": "dot", "width": 1})
    return figure


def epsilon_told(epsilon: float | None) -> str:
    return tr("no noise") if epsilon is None else f"{epsilon:g}"


@plot.register
def plot_inversion(found: Inversion) -> go.Figure:
    """The pictures that the model gives of its classes, above their mean training pictures."""
    pixels = grid([found.pictures, found.means])
    hidden = {"visible": False}
    return new_figure(
        {"type": "image", "z": pixels, "hoverinfo": "skip"},
        {**BASE, "height": 260, "xaxis": hidden, "yaxis": hidden},
    )


@plot.register
def plot_exposure(found: CanaryTest) -> go.Figure:
    """Exposure in bits by how often the secret stood in the text: a point a training; the dashed
    line is the most that can be."""
    figure = new_figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [_times(one.times) for one in found.found],
            "y": [one.exposure for one in found.found],
            "customdata": [[one.rank, one.seed] for one in found.found],
            "marker": {"color": BLUE, "size": 10},
            "hovertemplate": tr("%{y:.1f} bits: rank %{customdata[0]:,}, seed %{customdata[1]}")
            + "<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {
                "title": {"text": tr("how often the secret stood in the text")},
                "type": "category",
                "categoryorder": "array",
                "categoryarray": [_times(times) for times in found.times],
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": tr("exposure, bits")},
                "range": [-0.5, found.most + 1],
                "fixedrange": True,
                "automargin": True,
            },
        },
    )
    figure.add_hline(found.most, line={"color": ORANGE, "dash": "dash", "width": 2})
    return figure


def _times(count: int) -> str:
    return tr(f"{count:,} times")
