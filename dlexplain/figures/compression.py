"""The front of compressed models: how good against what they cost."""

import math
from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.labels import Place, corners, polyline
from dlexplain.figures.scales import BLUE, INK, ORANGE, new_figure
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import plot
from dlexplain.results.compression import COSTS, Compression, MeasuredModel
from dlexplain.results.words import interval, metric_name, size

HEIGHT = 400
WIDE = 8.0
"""Times from the least to the most cost from which the axis is logarithmic."""
FREE = 0.08
"""Of an axis, beyond the last point."""
MOST_NAMED = 8
"""Models up to which every point has its name."""
UNITS = {"latency": (1e3, "ms"), "best batch": (1e3, "ms"), "size": (1e-6, "MB"),
         "zipped": (1e-6, "MB")}  # fmt: skip


@plot.register
def plot_front(found: Compression, by: str = "latency") -> go.Figure:
    """A point a model, with 95% intervals; those that no other dominates are joined, the knee is
    an orange diamond. Of many models those on the front have their names, all show them under the
    pointer. by  of results.compression.COSTS"""
    factor, unit = UNITS[by]
    models = [m for m in found.models if m.score is not None]
    on_front, knee = found.front(by), found.knee(by)
    line = [next(m for m in models if m.name == name) for name in on_front]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "name": tr("front"), "hoverinfo": "skip",
            "x": [factor * m.cost(by) for m in line], "y": [m.score for m in line],
            "line": {"color": BLUE, "width": 2, "dash": "dot"},
        }
    ]  # fmt: skip
    x, y = _cost_axis(models, by, f"{tr(COSTS[by])}, {unit}"), _score_axis(found, models)
    sides = _sides(found, models, by, x, y)
    rest = [m for m in models if m is not found.original]
    groups = {
        (tr("original"), INK, "square"): [m for m in models if m is found.original],
        (tr("knee"), ORANGE, "diamond"): [m for m in rest if m.name == knee],
        (tr("on the front"), BLUE, "circle"): [
            m for m in rest if m.name in on_front and m.name != knee
        ],
        (tr("dominated"), INK, "circle-open"): [m for m in rest if m.name not in on_front],
    }
    traces += [_points(own, sides, *look, by) for look, own in groups.items() if own]
    return new_figure(
        traces,
        {
            **BASE,
            "height": HEIGHT,
            "xaxis": x,
            "yaxis": y,
            "legend": {"orientation": "h", "y": -0.22},
        },
    )


def _cost_axis(models: list[MeasuredModel], by: str, title: str) -> dict[str, Any]:
    """From 0, or logarithmic where costs differ widely."""
    axis: dict[str, Any] = {
        "title": {"text": title}, "fixedrange": True, "automargin": True, "zeroline": False,
    }  # fmt: skip
    ends = [end for m in models for end in _cost_ends(m, by)]
    if not ends or max(ends) <= 0:
        return axis
    if min(ends) > 0 and max(ends) / min(ends) > WIDE:
        low, high = math.log10(min(ends)), math.log10(max(ends))
        free = FREE * (high - low)
        return {**axis, "type": "log", "range": [low - free, high + free]}
    return {**axis, "range": [0.0, (1 + FREE) * max(ends)]}


def _score_axis(found: Compression, models: list[MeasuredModel]) -> dict[str, Any]:
    title = metric_name(found.original.metric.partition("/")[2])
    title = tr(f"{title} (lower is better)") if found.lower_is_better else tr(title)
    ends = [end for m in models for end in _score_within(m)]
    if interval(found.original.metric, 0.5, 2) is not None:
        return share_axis(title, ends)
    axis: dict[str, Any] = {
        "title": {"text": title}, "tickformat": ".3g", "fixedrange": True, "automargin": True,
    }  # fmt: skip
    if ends:
        free = FREE * ((max(ends) - min(ends)) or abs(max(ends)) or 1.0)
        axis["range"] = [min(ends) - free, max(ends) + free]
    return axis


def _sides(
    found: Compression, models: list[MeasuredModel], by: str, x: dict[str, Any], y: dict[str, Any]
) -> dict[str, str]:
    """On which side of its point each model's name stands; of those that are named."""
    named = set(found.front(by)) | {found.original.name}
    if len(models) <= MOST_NAMED:
        named = {m.name for m in models}
    logarithmic = x.get("type") == "log"

    def place(cost: float, score: float) -> Place:
        across = math.log10(cost) if logarithmic else cost
        return tuple(
            (value - low) / (high - low)
            for value, (low, high) in ((across, x["range"]), (score, y["range"]))
        )

    if "range" not in x or not models:
        return dict.fromkeys(named, "top right")
    at = {m.name: place(UNITS[by][0] * m.cost(by), m.score or 0.0) for m in models}
    lines = polyline([at[name] for name in found.front(by)])
    for m in models:
        cost, score = UNITS[by][0] * m.cost(by), m.score or 0.0
        (left, right), (low, high) = _cost_ends(m, by), _score_within(m)
        lines += [(place(cost, low), place(cost, high)), (place(left, score), place(right, score))]
    told = [_short(m) if m.name in named else "" for m in models]
    sides = corners([at[m.name] for m in models], told, lines)
    return {m.name: side for m, side in zip(models, sides, strict=True) if m.name in named}


def _short(m: MeasuredModel) -> str:
    return m.label.partition(" (")[0]


def _points(
    models: list[MeasuredModel], sides: dict[str, str], name: str, colour: str, symbol: str,
    by: str,
) -> dict[str, Any]:  # fmt: skip
    scores = [m.score or 0.0 for m in models]
    ends = [_score_within(m) for m in models]
    costs = [UNITS[by][0] * m.cost(by) for m in models]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers+text",
        "name": name,
        "x": costs,
        "y": scores,
        "text": [_short(m) if m.name in sides else "" for m in models],
        "textposition": [sides.get(m.name, "top right") for m in models],
        "cliponaxis": False,
        "marker": {"size": 12 if symbol == "diamond" else 9, "color": colour, "symbol": symbol},
        "error_y": {
            "type": "data", "symmetric": False,
            "array": [high - y for y, (_, high) in zip(scores, ends, strict=True)],
            "arrayminus": [y - low for y, (low, _) in zip(scores, ends, strict=True)],
            "color": colour, "thickness": 0.8, "width": 3,
        },
        "customdata": [
            [m.label, tr(m.told_score), m.single.seconds.told(" ms", 1000), size(m.size)]
            for m in models
        ],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<br>"
        + tr("one example %{customdata[2]}") + "<br>%{customdata[3]}<extra></extra>",
    }  # fmt: skip
    if by == "latency":
        spreads = [_cost_ends(m, by) for m in models]
        trace["error_x"] = {
            "type": "data", "symmetric": False,
            "array": [high - x for x, (_, high) in zip(costs, spreads, strict=True)],
            "arrayminus": [x - low for x, (low, _) in zip(costs, spreads, strict=True)],
            "color": colour, "thickness": 0.8, "width": 3,
        }  # fmt: skip
    return trace


def _cost_ends(m: MeasuredModel, by: str) -> tuple[float, float]:
    """Of the cost's interval; the cost twice without one."""
    factor, cost = UNITS[by][0], m.cost(by)
    seconds = m.single.seconds
    if by != "latency" or seconds.low is None or seconds.high is None:
        return factor * cost, factor * cost
    return factor * seconds.low, factor * seconds.high


def _score_within(m: MeasuredModel) -> tuple[float, float]:
    """Of the score's interval; the score twice without one."""
    score = m.score or 0.0
    return interval(m.metric, score, m.examples) or (score, score)
