"""All layers and heads at a glance: one picture of small maps, and one number of each head."""

import base64
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.scales import CLEAR, ORANGE, SEQUENTIAL, colour, new_figure
from dlexplain.language import tr
from dlexplain.results import AttentionMaps, HeadFacts, PictureAttention, plot

CELL, GUTTER = 64, 4
"""Pixels of a head's map at most, and between two."""
ROW, SQUARE, AROUND = 68, 96, 50
"""Pixels of a row on the page, of one of pictures, and of the axis."""
LEAST_FACTS = 240
"""Pixels of a chart of facts, whose colour bar has a title."""
BASE: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
}


@plot.register
def plot_heads(
    maps: AttentionMaps, facts: HeadFacts | None = None, chosen: tuple[int, int] | None = None
) -> go.Figure:
    """Layers down, heads across; each map has its own scale, and roots, so that little is seen.

    The maps are one PNG, since 72 heat maps of 512 tokens would be too much for a browser; a
    point in the middle of each tells about the head and can be clicked. `chosen` is framed.
    """
    return plot_board(maps.weights, facts, chosen)


def plot_board(
    weights: NDArray[np.float32],
    facts: HeadFacts | None,
    chosen: tuple[int, int] | None,
    square: bool = False,
) -> go.Figure:
    """The same of (layers, heads, height, width); `square` where the maps are of a picture."""
    layers, heads = weights.shape[:2]
    in_square = {"constrain": "domain", "constraintoward": "left"} if square else {}
    down = {"scaleanchor": "x", "constrain": "domain"} if square else {}
    places = [(layer, head) for layer in range(layers) for head in range(heads)]
    told = [_told(facts, place) for place in places]
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [head + 1 for _, head in places],
            "y": [layer + 1 for layer, _ in places],
            "customdata": [[layer + 1, head + 1] for layer, head in places],
            "text": told,
            "marker": {"size": 26, "symbol": "square", "color": CLEAR},
            "selected": {"marker": {"color": CLEAR}},
            "unselected": {"marker": {"color": CLEAR, "opacity": 0}},
            "hovertemplate": tr("layer %{y}, head %{x}") + "%{text}<extra></extra>",
        },
        {
            **BASE,
            "height": (SQUARE if square else ROW) * layers + AROUND,
            "hovermode": "closest",
            "hoverdistance": 60,
            "dragmode": False,
            "images": [
                {
                    "source": png_source(mosaic(weights)),
                    "xref": "x",
                    "yref": "y",
                    "x": 0.5,
                    "y": 0.5,
                    "sizex": heads,
                    "sizey": layers,
                    "sizing": "stretch",
                    "layer": "below",
                }
            ],
            "shapes": [_frame(chosen)] if chosen else [],
            "xaxis": {
                **_axis(tr("head"), heads),
                "side": "top",
                "range": [0.5, heads + 0.5],
                **in_square,
            },
            "yaxis": {**_axis(tr("layer"), layers), "range": [layers + 0.5, 0.5], **down},
        },
    )


def mosaic(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(layers, heads, queries, tokens) -> (height, width, 4) RGBA, clear between the maps."""
    small = pooled(weights)
    top = small.max((2, 3), keepdims=True)
    small = np.sqrt(small / np.where(top > 0, top, 1))
    layers, heads, height, width = small.shape
    half = GUTTER // 2
    space = ((0, 0), (0, 0), (half, half), (half, half))
    board = np.pad(small, space, constant_values=np.nan).transpose(0, 2, 1, 3)
    board = board.reshape(layers * (height + GUTTER), heads * (width + GUTTER))
    filled = np.where(np.isnan(board), 0, 255)[..., None]
    return np.concatenate([colour(board, signed=False), filled], axis=2).astype(np.uint8)


def pooled(weights: NDArray[np.float32], most: int = CELL) -> NDArray[np.float32]:
    """The same with at most `most` rows and columns: each the largest of those that it stands for,
    so that a thin diagonal is not lost. Smaller maps are enlarged to nearly as many."""
    for axis in (3, 2):
        count = weights.shape[axis]
        if count > most:
            edges = np.linspace(0, count, most, endpoint=False).astype(int)
            weights = np.maximum.reduceat(weights, edges, axis=axis)
        else:
            weights = weights.repeat(most // count, axis=axis)
    return weights


@plot.register
def _plot_patch_heads(maps: PictureAttention) -> go.Figure:
    return plot_board(maps.seen_from(), None, None, square=True)


def plot_facts(facts: HeadFacts, what: str = "entropy") -> go.Figure:
    """Entropy in bits or distance in tokens or patches, layers down and heads across."""
    table = facts.entropy if what == "entropy" else facts.distance
    unit = "bits" if what == "entropy" else facts.apart
    title = tr("entropy, bits") if what == "entropy" else tr(f"distance, {facts.apart}")
    most = float(np.log2(facts.tokens) if what == "entropy" else table.max())
    layers, heads = table.shape
    return new_figure(
        {
            "type": "heatmap",
            "x": list(range(1, heads + 1)),
            "y": list(range(1, layers + 1)),
            "z": table,
            "zmin": 0,
            "zmax": max(most, 1e-6),
            "colorscale": SEQUENTIAL,
            "xgap": 1,
            "ygap": 1,
            "hovertemplate": tr(f"layer %{{y}}, head %{{x}}: %{{z:.2f}} {unit}")
            + "<extra></extra>",
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "title": {"text": title, "side": "right"},
            },
        },
        {
            **BASE,
            "height": max(LEAST_FACTS, 32 * layers + 90),
            "xaxis": _axis(tr("head"), heads),
            "yaxis": {**_axis(tr("layer"), layers), "autorange": "reversed"},
        },
    )


@plot.register
def _plot_entropy(facts: HeadFacts) -> go.Figure:
    return plot_facts(facts)


def _axis(title: str, count: int) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "tickvals": list(range(1, count + 1)),
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def _frame(place: tuple[int, int]) -> dict[str, Any]:
    layer, head = place[0] + 1, place[1] + 1
    return {
        "type": "rect",
        "x0": head - 0.5,
        "x1": head + 0.5,
        "y0": layer - 0.5,
        "y1": layer + 0.5,
        "line": {"color": ORANGE, "width": 3},
    }


def _told(facts: HeadFacts | None, place: tuple[int, int]) -> str:
    if facts is None:
        return ""
    lines = [
        tr(
            f"entropy {facts.entropy[place]:.2f} bits, "
            f"distance {facts.distance[place]:.1f} {facts.apart}"
        )
    ]
    lines += [f"{share[place]:.0%} {tr(kind)}" for kind, share in facts.shares.items()]
    return "<br>" + "<br>".join(lines)


def png_source(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
