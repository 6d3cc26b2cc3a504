"""A map of latent space: a point a picture, some of the pictures in it."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.latent_sheets import data_address
from dlexplain.figures.making import MOST_CLASSES
from dlexplain.figures.scales import LINES, ORANGE, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import LatentPlane, plot

COLOURS = (*LINES, "#BCBD22", "#8C564B")
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "pentagon")
"""Seven beside ten colours: ten classes differ in colour, and seventy in one of the two."""
MOST_POINTS = 1500
THUMBNAILS = 12
"""Along each side of a map: one picture for each cell that has one."""


@plot.register
def plot_plane(
    plane: LatentPlane, mark: tuple[float, float] | None = None, pictures: bool = False
) -> go.Figure:
    """A point a picture, coloured by class; customdata is its place in the encoded pictures.

    mark      a place that is shown by a star;  pictures  some of them in the map
    """
    encoded, every = plane.encoded, max(1, -(-len(plane.encoded) // MOST_POINTS))
    shown = np.arange(len(encoded)) % every == 0
    traces: list[dict[str, Any]] = []
    for order, label in enumerate(np.unique(encoded.labels)):
        there = np.flatnonzero(shown & (encoded.labels == label))
        name = encoded.classes[label] if label < len(encoded.classes) else str(label)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": plane.places[there, 0],
                "y": plane.places[there, 1],
                "customdata": there,
                "name": name,
                "marker": {
                    "size": 8,
                    "opacity": 0.5 if pictures else 0.8,
                    "color": COLOURS[order % len(COLOURS)],
                    "symbol": SYMBOLS[order % len(SYMBOLS)],
                    "line": {"width": 0},
                },
                "unselected": {"marker": {"opacity": 0.4}},
                "hovertemplate": "%{x:.2f}, %{y:.2f}<extra>" + name + "</extra>",
                "showlegend": order < MOST_CLASSES,
            }
        )
    if mark is not None:
        traces.append(
            {"type": "scatter", "mode": "markers", "x": [mark[0]], "y": [mark[1]],
             "name": tr("this picture"), "hovertemplate": tr("this picture") + "<extra></extra>",
             "unselected": {"marker": {"opacity": 1}},
             "marker": {"symbol": "star", "size": 18, "color": ORANGE,
                        "line": {"color": "white", "width": 1.5}}}
        )  # fmt: skip
    return new_figure(
        traces,
        {
            **BASE,
            "height": 520,
            "xaxis": {"title": {"text": tr(plane.titles[0])}, "zeroline": False},
            "yaxis": {"title": {"text": tr(plane.titles[1])}, "zeroline": False},
            "legend": {"orientation": "h", "y": -0.14, "yanchor": "top"},
            "images": _thumbnails(plane) if pictures else [],
            "dragmode": "pan",
        },
    )


def _thumbnails(plane: LatentPlane) -> list[dict[str, Any]]:
    """One picture for each cell of the map that has one: that nearest to the cell's middle."""
    low, high = plane.places.min(axis=0), plane.places.max(axis=0)
    size = np.maximum((high - low) / THUMBNAILS, 1e-6)
    cells = np.minimum((plane.places - low) / size, THUMBNAILS - 1e-3)
    off = np.linalg.norm(cells - (cells.astype(int) + 0.5), axis=1)
    best: dict[tuple[int, int], int] = {}
    for place in np.argsort(off, kind="stable"):
        across, up = (int(part) for part in cells[place])
        best.setdefault((across, up), int(place))
    return [
        {
            "source": data_address(plane.encoded.pixels[place]),
            "xref": "x",
            "yref": "y",
            "x": float(low[0] + (across + 0.5) * size[0]),
            "y": float(low[1] + (up + 0.5) * size[1]),
            "sizex": float(size[0]) * 0.9,
            "sizey": float(size[1]) * 0.9,
            "xanchor": "center",
            "yanchor": "middle",
            "layer": "below",
        }
        for (across, up), place in best.items()
    ]
