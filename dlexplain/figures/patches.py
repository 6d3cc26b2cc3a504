"""A picture's patches, of which one can be chosen."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.attention_heads import BASE, png_source
from dlexplain.figures.overlay import PAGE_SIDE, enlarged
from dlexplain.figures.scales import CLEAR, ORANGE, new_figure
from dlexplain.language import tr

LINE = "rgba(255,255,255,0.35)"


def plot_patches(
    picture: NDArray[np.uint8], side: int, chosen: int | None = None, pixels: int = PAGE_SIDE
) -> go.Figure:
    """(height, width, 3) under a grid of side × side squares, numbered row by row from 0, each a
    point that can be clicked; `chosen` is framed."""
    rows, columns = np.divmod(np.arange(side**2), side)
    lines = [
        {
            "type": "line",
            "x0": x0,
            "x1": x1,
            "y0": y0,
            "y1": y1,
            "line": {"color": LINE, "width": 1},
        }
        for at in range(1, side)
        for x0, x1, y0, y1 in ((at, at, 0, side), (0, side, at, at))
    ]
    if chosen is not None:
        row, column = divmod(chosen, side)
        lines.append(
            {"type": "rect", "x0": column, "x1": column + 1, "y0": row, "y1": row + 1,
             "line": {"color": ORANGE, "width": 3}}
        )  # fmt: skip
    axis = {
        "visible": False,
        "fixedrange": True,
        "constrain": "domain",
        "constraintoward": "left",
    }
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": columns + 0.5,
            "y": rows + 0.5,
            "customdata": np.arange(side**2),
            "text": [
                tr(f"row {r + 1}, column {c + 1}")
                for r, c in zip(rows, columns, strict=True)
            ],
            "marker": {"size": max(4, pixels // side), "symbol": "square", "color": CLEAR},
            "selected": {"marker": {"color": CLEAR}},
            "unselected": {"marker": {"color": CLEAR, "opacity": 0}},
            "hovertemplate": "%{text}<extra></extra>",
        },
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "height": pixels,
            "hovermode": "closest",
            "dragmode": False,
            "images": [
                {"source": png_source(enlarged(picture, pixels)), "xref": "x", "yref": "y", "x": 0,
                 "y": 0, "sizex": side, "sizey": side, "sizing": "stretch", "layer": "below"}
            ],
            "shapes": lines,
            "xaxis": {**axis, "range": [0, side]},
            "yaxis": {**axis, "range": [side, 0], "scaleanchor": "x", "constraintoward": "top"},
        },
    )  # fmt: skip
