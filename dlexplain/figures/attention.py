"""One attention: as a matrix, as links between tokens, and one token's row as bars."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.attention_heads import BASE
from dlexplain.figures.scales import BLUE, INK, ORANGE, SEQUENTIAL, new_figure, rgba, value_range
from dlexplain.figures.token_names import shown
from dlexplain.language import tr
from dlexplain.results import TokenWeights, plot

CELL, LEAST, MOST = 22, 300, 720
"""Pixels of a token, and of the smallest and largest figure."""
TEXT = 13
"""Pixels that a token's name takes."""
SHADES, LINKS = 8, 600
"""Steps of opacity, and how many links are drawn at most, the strongest."""
AXIS = {"type": "category", "automargin": True, "fixedrange": True}
"""Plotly leaves out names for which there is no room."""
TOLD = 6
"""Tokens that a hover lists."""


@plot.register
def plot_matrix(found: TokenWeights, focus: int | None = None) -> go.Figure:
    """Queries down, what they look at across. `focus` frames a token's row."""
    down, across = unique_names(found.queries), unique_names(found.tokens)
    frame = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "line": {"color": ORANGE}}
    rows = [] if focus is None or found.pooled else [frame | {"y0": focus - 0.5, "y1": focus + 0.5}]
    return new_figure(
        {
            "type": "heatmap",
            "x": across,
            "y": down,
            "z": found.weights,
            "zmin": 0,
            "zmax": value_range(found.weights, signed=False)[1],
            "colorscale": SEQUENTIAL,
            "hovertemplate": tr("%{y} looks at %{x} with %{z:.1%}") + "<extra></extra>",
            "colorbar": {"thickness": 8, "outlinewidth": 0, "tickformat": ".0%", "len": 0.6,
                         "orientation": "h", "y": 0, "yanchor": "top", "nticks": 4,
                         "title": {"text": tr("part of attention"), "side": "bottom"}},
        },
        {
            **BASE,
            "height": _height(len(found.queries)),
            "shapes": rows,
            "xaxis": {**AXIS, "side": "top", "tickangle": -60},
            "yaxis": {**AXIS, "autorange": "reversed"},
        },
    )  # fmt: skip


def plot_links(found: TokenWeights, focus: int | None = None) -> go.Figure:
    """Lines from each token, on the left, to where it looks, on the right: the stronger, the
    darker. With a `focus` only that token's; hover over a token to read where it looks."""
    weights = found.weights
    height = max(LEAST, min(CELL * max(weights.shape) + 40, MOST))
    lines = _links(weights, focus)
    ends = [_end(found, side, focus) for side in ("left", "right")]
    most = max(weights.shape) - 0.5
    return new_figure(
        [*lines, *ends],
        {
            **BASE,
            "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
            "height": height,
            "showlegend": False,
            "hovermode": "closest",
            "xaxis": {"visible": False, "range": [-0.75, 1.75], "fixedrange": True},
            "yaxis": {"visible": False, "range": [most, -0.5], "fixedrange": True},
            "annotations": [
                {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 6, "text": text,
                 "showarrow": False, "font": {"color": INK}}
                for x, text in ((0, tr("token")), (1, tr("looks at")))
            ],
        },
    )  # fmt: skip


def plot_row(names: tuple[str, ...], weights: NDArray[np.float32]) -> go.Figure:
    """(tokens,) as bars, in the order of the text."""
    return new_figure(
        {
            "type": "bar",
            "x": unique_names(names),
            "y": weights,
            "marker": {"color": BLUE},
            "hovertemplate": "%{x}: %{y:.1%}<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {**AXIS, "tickangle": -60},
            "yaxis": {"title": {"text": tr("part of attention")}, "tickformat": ".0%"},
        },
    )


def _links(weights: NDArray[np.float32], focus: int | None) -> list[dict[str, Any]]:
    """A trace for each shade: separate lines would be slow."""
    shown = weights
    if focus is not None and len(weights) > 1:
        shown = np.zeros_like(weights)
        shown[focus] = weights[focus]
    top = float(shown.max()) or 1.0
    least = np.partition(shown.ravel(), -LINKS)[-LINKS] if shown.size > LINKS else 0.0
    shade = np.minimum((shown / top * SHADES).astype(int), SHADES - 1)
    drawn = (shown >= least) & (shown > top / (4 * SHADES))
    traces = []
    for step in range(SHADES):
        queries, keys = np.nonzero(drawn & (shade == step))
        if len(queries) == 0:
            continue
        gaps = np.full(len(queries), None)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": np.tile(np.array([0, 1, None], object), len(queries)),
                "y": np.stack([queries.astype(object), keys.astype(object), gaps], 1).ravel(),
                "line": {"color": rgba(BLUE, (step + 1) / SHADES), "width": 1 + 2 * step / SHADES},
                "hoverinfo": "skip",
            }
        )
    return traces


def _end(found: TokenWeights, side: str, focus: int | None) -> dict[str, Any]:
    """The tokens of one side, and what a hover says of each."""
    left = side == "left"
    names = found.queries if left else found.tokens
    rows = found.weights if left else found.weights.T
    others = found.tokens if left else found.queries
    step = _step(len(names), max(LEAST, min(CELL * len(names), MOST)))
    verb = tr("looks at") if left else tr("is looked at by")
    near = unique_names(others)
    hover = [
        f"{name} {verb}<br>" + "<br>".join(f"{row[k]:.1%} {near[k]}" for k in _largest(row))
        for name, row in zip(unique_names(names), rows, strict=True)
    ]
    marked = left and focus is not None
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [0 if left else 1] * len(names),
        "y": list(range(len(names))),
        "text": [
            _short(name) if index % step == 0 or (marked and index == focus) else ""
            for index, name in enumerate(names)
        ],
        "textposition": "middle left" if left else "middle right",
        "marker": {
            "size": 7,
            "color": [ORANGE if marked and index == focus else INK for index in range(len(names))],
        },
        "hovertext": hover,
        "hoverinfo": "text",
    }


def _largest(row: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.argsort(-row)[:TOLD]


def unique_names(tokens: tuple[str, ...]) -> list[str]:
    """A token that occurs again gets its place, so that each is a category of its own."""
    return [
        f"{_short(token)} ({index + 1})" if tokens.count(token) > 1 else _short(token)
        for index, token in enumerate(tokens)
    ]


def _step(count: int, pixels: int) -> int:
    return max(1, -(-count * TEXT // pixels))


def _short(token: str) -> str:
    """< would begin a tag."""
    return shown(token).replace("&", "&amp;").replace("<", "&lt;")


def _height(count: int) -> int:
    return int(max(LEAST, min(CELL * count + 140, MOST))) if count > 1 else 240
