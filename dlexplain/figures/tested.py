"""What a test found: confusion, forecasts against truth, errors, perplexity and surprise."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import BLUE, CLEAR, INK, LINES, ORANGE, new_figure, rgba
from dlexplain.language import tr
from dlexplain.results import Backtest, ClassificationTest, LanguageTest, TextTest, plot

MOST_NUMBERS = 20
"""Classes up to which each cell shows its number."""
PAST_PERIODS = 48
BASE: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
}


@plot.register
def plot_confusion(tested: ClassificationTest, share: bool = True) -> go.Figure:
    """Actual classes down, predicted ones across; `share` colours and numbers by the part of each
    actual class, else by counts."""
    told = tr("%{customdata[0]:,} pictures, %{customdata[1]:.1%} of the class")
    return _confusion(list(tested.classes), tested.confusion, share, tr("pictures"), told)


def _confusion(
    names: list[str], counts: NDArray[np.int64], share: bool, noun: str, told: str
) -> go.Figure:
    """noun  what is counted;  told  how many and which part, under the pointer"""
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    parts = counts / rows
    few = len(names) <= MOST_NUMBERS
    return new_figure(
        {
            "type": "heatmap",
            "x": names,
            "y": names,
            "z": parts if share else counts,
            "zmin": 0,
            "zmax": 1 if share else int(counts.max()),
            "customdata": np.stack([counts, parts], axis=-1),
            "colorscale": "Blues",
            "text": (np.vectorize("{:.0%}".format)(parts) if share else counts) if few else None,
            "texttemplate": "%{text}" if few else None,
            "xgap": 1,
            "ygap": 1,
            "hovertemplate": tr("actual %{y}, predicted %{x}") + f"<br>{told}<extra></extra>",
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "tickformat": ".0%" if share else ",d",
                "title": {"text": tr("part of class") if share else noun, "side": "right"},
            },
        },
        {
            **BASE,
            "height": 420,
            "xaxis": {"title": {"text": tr("predicted")}, "type": "category", "automargin": True},
            "yaxis": {
                "title": {"text": tr("actual")},
                "type": "category",
                "autorange": "reversed",
                "automargin": True,
            },
        },
    )


@plot.register
def plot_forecast(tested: Backtest, target: int = 0, origin: int = -1) -> go.Figure:
    """A target's past, its forecast with intervals from one origin, and what came."""
    origin = origin % len(tested.origins)
    start = int(np.searchsorted(tested.dates, tested.origins[origin]))
    horizon = tested.truth.shape[1]
    first = max(0, start - PAST_PERIODS)
    past, ahead = tested.dates[first : start + 1], tested.dates[start : start + horizon + 1]
    now = float(tested.levels[start, target])
    quantiles = tested.forecasts[origin, :, target]  # (horizon, quantiles)
    count = len(tested.quantiles)
    traces: list[dict[str, Any]] = []
    for low in range(count // 2):
        high = count - 1 - low
        inside = round(100 * (tested.quantiles[high] - tested.quantiles[low]))
        upper = [now, *quantiles[:, high].tolist()]
        lower = [now, *quantiles[:, low].tolist()]
        traces.append(
            {
                "type": "scatter",
                "x": [*ahead, *ahead[::-1]],
                "y": upper + lower[::-1],
                "fill": "toself",
                "fillcolor": rgba(BLUE, 0.16),
                "line": {"width": 0},
                "mode": "lines",
                "name": tr(f"{inside}% interval"),
                "hoverinfo": "skip",
            }
        )
    hover = "%{x|%b %Y}: %{y:.5g}"
    traces += [
        {"type": "scatter", "x": past, "y": tested.levels[first : start + 1, target],
         "mode": "lines", "name": tr("past"), "line": {"color": INK, "width": 2},
         "hovertemplate": hover},
        {"type": "scatter", "x": ahead, "y": [now, *quantiles[:, count // 2].tolist()],
         "mode": "lines", "name": tr("forecast (median)"), "line": {"color": BLUE, "width": 2},
         "hovertemplate": hover},
        {"type": "scatter", "x": ahead, "y": [now, *tested.truth[origin, :, target].tolist()],
         "mode": "lines", "name": tr("actual"),
         "line": {"color": ORANGE, "width": 2, "dash": "dot"},
         "hovertemplate": hover},
    ]  # fmt: skip
    return new_figure(
        traces,
        {
            **BASE,
            "height": 380,
            "yaxis": {"title": {"text": tested.names[target]}, "automargin": True},
            "xaxis": {"title": {"text": tr("date")}},
            "legend": {"orientation": "h", "y": -0.25, "yanchor": "top"},
            "hovermode": "x",
        },
    )


def plot_errors(tested: Backtest, target: int = 0) -> go.Figure:
    """MASE by periods ahead, of the model and of the plain forecasts."""
    ahead = np.arange(1, tested.mase.shape[1] + 1)
    traces = [
        {
            "type": "scatter",
            "x": ahead,
            "y": tested.mase[index, :, target],
            "mode": "lines+markers",
            "name": name,
            "line": {"color": LINES[index % len(LINES)], "width": 2},
            "hovertemplate": tr("%{x} ahead: %{y:.3f}") + "<extra>" + name + "</extra>",
        }
        for index, name in enumerate(map(tr, tested.forecasters))
    ]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 300,
            "xaxis": {"title": {"text": tr("periods ahead")}, "dtick": max(1, len(ahead) // 12)},
            "yaxis": {"title": {"text": tr("MASE (lower is better)")}, "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": -0.3, "yanchor": "top"},
        },
    )


@plot.register
def plot_text_confusion(tested: TextTest, share: bool = True) -> go.Figure:
    """As plot_confusion's of pictures, counting texts."""
    told = tr("%{customdata[0]:,} texts, %{customdata[1]:.1%} of the class")
    return _confusion(list(tested.classes), tested.confusion, share, tr("texts"), told)


@plot.register
def plot_frequencies(tested: LanguageTest) -> go.Figure:
    """Perplexity of rare and of frequent tokens, on a logarithmic scale."""
    nexts = [*(int(n) - 1 for n in tested.often[1:]), None]
    names = [_times(int(n), after) for n, after in zip(tested.often, nexts, strict=True)]
    return new_figure(
        {
            "type": "bar",
            "x": names,
            "y": tested.perplexities,
            "customdata": tested.counts,
            "marker": {"color": BLUE},
            "hovertemplate": tr("%{x}: perplexity %{y:,.1f}, %{customdata:,} tokens")
            + "<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {
                "title": {"text": tr("times that the token is in the text")},
                "type": "category",
            },
            "yaxis": {"title": {"text": tr("perplexity (lower is better)")}, "type": "log"},
        },
    )


def plot_surprise(tested: LanguageTest, count: int = 60) -> go.Figure:
    """The surprise of each of the first tokens of the text, in bits."""
    shown = tested.surprise[:count] / 0.6931472
    names = [token.replace("\n", "↵").strip() or "␣" for token in tested.text[:count]]
    places = list(range(len(shown)))
    return new_figure(
        {
            "type": "bar",
            "x": places,
            "y": shown,
            "customdata": names,
            "marker": {"color": BLUE},
            "hovertemplate": tr("%{customdata}: %{y:.1f} bits") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {
                "title": {"text": tr("the test text's first tokens")},
                "tickmode": "array",
                "tickvals": places,
                "ticktext": names,
                "tickangle": -60,
            },
            "yaxis": {"title": {"text": tr("surprise, bits")}, "rangemode": "tozero"},
        },
    )


def _times(least: int, most: int | None) -> str:
    if most is None:
        return f"{least:,}+" if least > 1 else "1"
    return f"{least:,}" if most == least else tr(f"{least:,} to {most:,}")
