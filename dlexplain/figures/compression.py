"""The front of compressed models: how good against what they cost."""

from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, INK, ORANGE, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.results import plot
from dlexplain.results.compression import COSTS, Compression, MeasuredModel
from dlexplain.results.words import interval, metric_name, size

HEIGHT = 400
WIDE = 8.0
"""Times from the least to the most cost from which the axis is logarithmic."""
UNITS = {"latency": (1e3, "ms"), "best batch": (1e3, "ms"), "size": (1e-6, "MB"),
         "zipped": (1e-6, "MB")}  # fmt: skip


@plot.register
def plot_front(found: Compression, by: str = "latency") -> go.Figure:
    """A point a model, with 95% intervals; those that no other dominates are joined, the knee is
    an orange diamond. by  of results.compression.COSTS"""
    factor, unit = UNITS[by]
    models = [m for m in found.models if m.score is not None]
    on_front, knee = found.front(by), found.knee(by)
    placed = {m.name: factor * m.cost(by) for m in models}
    line = [next(m for m in models if m.name == name) for name in on_front]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "name": "front", "hoverinfo": "skip",
            "x": [placed[m.name] for m in line], "y": [m.score for m in line],
            "line": {"color": BLUE, "width": 2, "dash": "dot"},
        }
    ]  # fmt: skip
    # Names of neighbours stand above and below in turn, lest they cover each other.
    ordered = sorted(placed, key=lambda name: placed[name])
    sides = {name: f"{('top', 'bottom')[i % 2]} center" for i, name in enumerate(ordered)}
    rest = [m for m in models if m is not found.original]
    groups = {
        ("original", INK, "square"): [m for m in models if m is found.original],
        ("knee", ORANGE, "diamond"): [m for m in rest if m.name == knee],
        ("on the front", BLUE, "circle"): [
            m for m in rest if m.name in on_front and m.name != knee
        ],
        ("dominated", INK, "circle-open"): [m for m in rest if m.name not in on_front],
    }
    traces += [_points(own, placed, sides, *look, by) for look, own in groups.items() if own]
    costs = list(placed.values())
    percent = bool(models) and interval(found.original.metric, 0.5, 2) is not None
    y = metric_name(found.original.metric.partition("/")[2])
    y += " (lower is better)" if found.lower_is_better else ""
    axis: dict[str, Any] = {
        "title": {"text": f"{COSTS[by]}, {unit}"}, "fixedrange": True, "automargin": True,
        "zeroline": False,
    }  # fmt: skip
    if costs and min(costs) > 0 and max(costs) / min(costs) > WIDE:
        axis["type"] = "log"
    else:
        axis["rangemode"] = "tozero"
    return new_figure(
        traces,
        {
            **BASE,
            "height": HEIGHT,
            "xaxis": axis,
            "yaxis": {
                "title": {"text": y}, "tickformat": ".1%" if percent else ".3g",
                "fixedrange": True, "automargin": True,
            },
            "legend": {"orientation": "h", "y": -0.22},
        },
    )  # fmt: skip


def _points(
    models: list[MeasuredModel], placed: dict[str, float], sides: dict[str, str], name: str,
    colour: str, symbol: str, by: str,
) -> dict[str, Any]:  # fmt: skip
    ends = [_score_ends(m) for m in models]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers+text",
        "name": name,
        "x": [placed[m.name] for m in models],
        "y": [m.score for m in models],
        "text": [m.label.partition(" (")[0] for m in models],
        "textposition": [sides[m.name] for m in models],
        "cliponaxis": False,
        "marker": {"size": 12 if name == "knee" else 9, "color": colour, "symbol": symbol},
        "error_y": {
            "type": "data", "symmetric": False, "array": [up for _, up in ends],
            "arrayminus": [down for down, _ in ends], "color": colour, "thickness": 0.8, "width": 3,
        },
        "customdata": [
            [m.label, m.told_score, m.single.seconds.told(" ms", 1000), size(m.size)]
            for m in models
        ],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<br>"
        "one example %{customdata[2]}<br>%{customdata[3]}<extra></extra>",
    }  # fmt: skip
    if by == "latency":
        spreads = [m.single.seconds for m in models]
        factor = UNITS[by][0]
        trace["error_x"] = {
            "type": "data", "symmetric": False,
            "array": [factor * ((s.high or s.value) - s.value) for s in spreads],
            "arrayminus": [factor * (s.value - (s.low or s.value)) for s in spreads],
            "color": colour, "thickness": 0.8, "width": 3,
        }  # fmt: skip
    return trace


def _score_ends(m: MeasuredModel) -> tuple[float, float]:
    """How far down and up the score's interval goes; 0 without one."""
    assert m.score is not None
    within = interval(m.metric, m.score, m.examples)
    return (m.score - within[0], within[1] - m.score) if within else (0.0, 0.0)
