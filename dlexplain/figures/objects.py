"""Boxes on a picture, and regions over it, each of which can be clicked."""

from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.attention_heads import BASE, png_source
from dlexplain.figures.overlay import PAGE_SIDE, enlarged, outlined
from dlexplain.figures.scales import CLEAR, INK, LINES, new_figure
from dlexplain.language import tr
from dlexplain.results import Detection, Segmentation, plot

PLACES = 32
"""Along the longer side, each of which can be clicked."""
LARGEST = 900
"""Pixels of a side of the picture in a figure."""
NAMED = 12
"""Boxes up to which each bears its label rather than its number alone."""
COVER, FAINT = 0.55, 0.2
"""Opacity of a region's colour, and of one that is not chosen while another is."""
LEGEND_ROW = 22


def colours_of(found: Segmentation) -> dict[int, str]:
    """By the index of a class: a colour of its own for the largest, grey for all others."""
    own = [colour for colour in LINES if colour != INK]
    return {
        region.name.index: own[place] if place < len(own) else INK
        for place, region in enumerate(found.regions)
    }


@plot.register
def plot_detection(found: Detection, chosen: int | None = None, side: int = PAGE_SIDE) -> go.Figure:
    """Each box with its class; the one of the number `chosen` stands out.

    A click on a place gives the smallest box around it, whose number is the point's customdata.
    """
    height, width = found.picture.shape[:2]
    order = list(dict.fromkeys(box.score.name.index for box in found.boxes))
    colours = {index: LINES[place % len(LINES)] for place, index in enumerate(order)}
    shapes, notes = [], []
    for box in sorted(found.boxes, key=lambda box: box.number == chosen):
        colour = colours[box.score.name.index]
        wide = 4 if box.number == chosen else 2
        shapes.append(
            {"type": "rect", "x0": box.left, "x1": box.right, "y0": box.top, "y1": box.bottom,
             "line": {"color": colour, "width": wide},
             "opacity": 1 if chosen in (None, box.number) else 0.6}
        )  # fmt: skip
        named = len(found.boxes) <= NAMED or box.number == chosen
        notes.append(
            {"x": box.left, "y": box.top, "text": escape(box.label) if named else str(box.number),
             "showarrow": False, "xanchor": "left", "yanchor": "top", "borderpad": 2,
             "font": {"color": "white", "size": 11}, "bgcolor": colour}
        )  # fmt: skip
    across, down = _places(width, height)
    numbers, told = [], []
    for x, y in zip(across, down, strict=True):
        around = [
            box for box in found.boxes if box.left <= x <= box.right and box.top <= y <= box.bottom
        ]
        around.sort(key=lambda box: (box.right - box.left) * (box.bottom - box.top))
        numbers.append([around[0].number if around else 0])
        told.append(escape(around[0].label) if around else "")
    points = _points(across, down, numbers, told, width, height, side)
    layout = _on_picture(_shrunk(found.picture), width, height, side)
    return new_figure([points], {**layout, "shapes": shapes, "annotations": notes})


@plot.register
def plot_segmentation(
    found: Segmentation, chosen: int | None = None, side: int = PAGE_SIDE
) -> go.Figure:
    """Each region in its colour over what the model saw; that of the class `chosen` stands out.

    A click on a place gives its class, whose index is the point's customdata.
    """
    height, width = found.classes.shape
    colours = colours_of(found)
    named = {region.name.index: escape(region.label) for region in found.regions}
    across, down = _places(width, height)
    indices = found.classes[down.astype(int), across.astype(int)].tolist()
    points = _points(
        across, down, [[i] for i in indices], [named[i] for i in indices], width, height, side
    )
    key = [
        {"type": "scatter", "mode": "markers", "x": [None], "y": [None],
         "name": named[region.name.index], "hoverinfo": "skip",
         "marker": {"color": colours[region.name.index], "symbol": "square", "size": 11}}
        for region in found.regions if colours[region.name.index] != INK
    ]  # fmt: skip
    others = [region for region in found.regions if colours[region.name.index] == INK]
    if others:
        key.append(
            {"type": "scatter", "mode": "markers", "x": [None], "y": [None],
             "name": tr(f"{len(others)} others, {sum(r.share for r in others):.1%}"),
             "hoverinfo": "skip", "marker": {"color": INK, "symbol": "square", "size": 11}}
        )  # fmt: skip
    layout = _on_picture(_shrunk(_painted(found, colours, chosen)), width, height, side)
    below = LEGEND_ROW * len(key)
    return new_figure(
        [points, *key],
        {
            **layout,
            "height": side + below,
            "margin": {"l": 0, "r": 0, "t": 0, "b": below},
            "showlegend": True,
            "legend": {"x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "itemclick": False,
                       "itemdoubleclick": False},
        },
    )  # fmt: skip


def _painted(found: Segmentation, colours: dict[int, str], chosen: int | None) -> NDArray[np.uint8]:
    """(H, W, 3) what the model saw under the regions' colours, the chosen one outlined."""
    picture = found.picture.astype(np.float32)
    shown = picture.copy()
    for index, colour in colours.items():
        share = COVER if chosen in (None, index) else FAINT
        there = found.classes == index
        ink = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
        shown[there] = (1 - share) * picture[there] + share * ink
    painted = shown.round().astype(np.uint8)
    short = min(painted.shape[:2])
    if short < PAGE_SIDE:  # so that the outline is thin
        height, width = (side * PAGE_SIDE // short for side in painted.shape[:2])
        image = Image.fromarray(painted).resize((width, height), Image.Resampling.BICUBIC)
        painted = np.asarray(image)
    return painted if chosen is None else outlined(painted, found.classes == chosen)


def _places(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles of a grid of places, across and down, row by row."""
    step = max(width, height) / PLACES
    columns, rows = max(1, round(width / step)), max(1, round(height / step))
    down, across = np.divmod(np.arange(rows * columns), columns)
    return (across + 0.5) * width / columns, (down + 0.5) * height / rows


def _points(
    across: NDArray[np.float64],
    down: NDArray[np.float64],
    customdata: list[list[int]],
    told: list[str],
    width: int,
    height: int,
    side: int,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": across,
        "y": down,
        "customdata": customdata,
        "text": told,
        "showlegend": False,
        "marker": {"size": max(4, side // PLACES), "symbol": "square", "color": CLEAR},
        "selected": {"marker": {"color": CLEAR}},
        "unselected": {"marker": {"color": CLEAR, "opacity": 0}},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _on_picture(picture: NDArray[np.uint8], width: int, height: int, side: int) -> dict[str, Any]:
    """The layout: a picture whose axes count width x height."""
    axis = {
        "visible": False, "fixedrange": True, "constrain": "domain", "constraintoward": "left",
    }  # fmt: skip
    return {
        **BASE,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "height": round(side * min(1.0, height / width)) if width else side,
        "hovermode": "closest",
        "dragmode": False,
        "images": [
            {"source": png_source(picture), "xref": "x", "yref": "y", "x": 0, "y": 0,
             "sizex": width, "sizey": height, "sizing": "stretch", "layer": "below"}
        ],
        "xaxis": {**axis, "range": [0, width]},
        "yaxis": {**axis, "range": [height, 0], "scaleanchor": "x", "constraintoward": "top"},
    }  # fmt: skip


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At most LARGEST pixels a side; small ones are enlarged crisply."""
    if max(pixels.shape[:2]) <= LARGEST:
        return enlarged(pixels)
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BICUBIC)
    return np.asarray(image)
