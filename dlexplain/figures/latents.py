"""Pictures made of numbers: copies beside originals, maps of codes, what a dimension does."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.making import GREY, MOST_CLASSES, SYMBOLS, grid
from dlexplain.figures.overlay import enlarged
from dlexplain.figures.scales import BLUE, CLEAR, DIVERGING, INK, LINES, ORANGE
from dlexplain.figures.tested import BASE
from dlexplain.results import (
    DimensionEffects,
    EncodedPictures,
    LatentPath,
    LatentPlane,
    Reconstruction,
    Samples,
    plot,
)
from dlexplain.results.making import Pixels

HIDDEN = {"visible": False, "fixedrange": True}
MOST_POINTS = 1500
THUMBNAILS = 12
"""Along each side of a map: one picture for each cell that has one."""
BINS = 40
WORST = 0.995
"""Part of the errors that a histogram shows."""


def sheet(pixels: Pixels, in_a_row: int = 8) -> NDArray[np.uint8]:
    """Pictures (count, height, width, 1 or 3) in rows, grey between and after the last."""
    row = max(1, min(in_a_row, len(pixels)))
    missing = -len(pixels) % row
    whole = np.pad(pixels, ((0, missing), (0, 0), (0, 0), (0, 0)), constant_values=GREY)
    return grid([whole[first : first + row] for first in range(0, len(whole), row)])


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 1 or 3), a small one with its pixels made into squares."""
    large = enlarged(pixels)
    buffer = io.BytesIO()
    Image.fromarray(large[:, :, 0] if large.shape[2] == 1 else large).save(buffer, "PNG")
    return buffer.getvalue()


@plot.register
def plot_reconstruction(found: Reconstruction) -> go.Figure:
    """What was seen, the copy, and where they differ: red where the copy is brighter."""
    figure = go.Figure([_picture(found.seen.pixels, "x"), _picture(found.copy, "x2")])
    figure.add_trace({**_difference(found), "xaxis": "x3", "yaxis": "y3"})
    axes = {}
    for place in (1, 2, 3):
        end = "" if place == 1 else str(place)
        axes[f"xaxis{end}"] = {**HIDDEN, "domain": [(place - 1) / 3 + 0.01, place / 3 - 0.01]}
        axes[f"yaxis{end}"] = {**HIDDEN, "autorange": "reversed", "scaleanchor": f"x{end}",
                               "anchor": f"x{end}"}  # fmt: skip
    return figure.update_layout({**BASE, **axes, "height": 300})


def _picture(pixels: NDArray[np.uint8], axis: str) -> dict[str, Any]:
    whole = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return {"type": "image", "z": whole, "hoverinfo": "skip", "xaxis": axis,
            "yaxis": axis.replace("x", "y")}  # fmt: skip


def _difference(found: Reconstruction) -> dict[str, Any]:
    top = float(np.abs(found.difference).max()) or 1.0
    return {
        "type": "heatmap",
        "z": found.difference,
        "zmin": -top,
        "zmax": top,
        "colorscale": DIVERGING,
        "showscale": False,
        "hovertemplate": "x %{x}, y %{y}: %{z:+.2f}<extra></extra>",
    }


def plot_difference(found: Reconstruction, height: int = 260) -> go.Figure:
    """Copy less original, pixels 0 to 1; red where the copy is brighter."""
    axis = {**HIDDEN, "constrain": "domain"}
    return go.Figure(
        {**_difference(found), "showscale": True,
         "colorbar": {"orientation": "h", "thickness": 8, "y": -0.01, "yanchor": "top",
                      "outlinewidth": 0, "nticks": 5}},
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 30},
            "height": height + 30,
            "xaxis": axis,
            "yaxis": {**axis, "autorange": "reversed", "scaleanchor": "x"},
        },
    )  # fmt: skip


def plot_errors(encoded: EncodedPictures, error: float) -> go.Figure:
    """Errors of test and training pictures, as shares, and where this one is."""
    end = max(float(np.quantile(encoded.errors, WORST)), error) * 1.02
    edges = {"start": 0.0, "end": end, "size": end / BINS}
    traces = [
        {
            "type": "histogram",
            "x": encoded.errors[part],
            "histnorm": "probability",
            "xbins": edges,
            "autobinx": False,
            "name": name,
            "opacity": 0.6,
            "marker": {"color": colour},
            "hovertemplate": "%{x}: %{y:.1%}<extra>" + name + "</extra>",
        }
        for name, part, colour in (
            ("training pictures", ~encoded.tested, INK),
            ("test pictures", encoded.tested, BLUE),
        )
    ]
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 240,
            "barmode": "overlay",
            "bargap": 0.02,
            "xaxis": {"title": {"text": "mean squared error"}, "range": [0, end]},
            "yaxis": {"title": {"text": "share"}, "tickformat": ".0%"},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "shapes": [{"type": "line", "x0": error, "x1": error, "yref": "paper", "y0": 0,
                        "y1": 1, "line": {"color": ORANGE, "width": 3}}],
            "annotations": [{"x": error, "y": 1, "yref": "paper", "text": " this picture",
                             "showarrow": False, "font": {"color": ORANGE},
                             "xanchor": "left" if error < end / 2 else "right"}],
        },
    )  # fmt: skip


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
                    "size": 6,
                    "opacity": 0.5 if pictures else 0.8,
                    "color": LINES[order % len(LINES)],
                    "symbol": SYMBOLS[order // len(LINES) % len(SYMBOLS)],
                },
                "unselected": {"marker": {"opacity": 0.4}},
                "hovertemplate": "%{x:.2f}, %{y:.2f}<extra>" + name + "</extra>",
                "showlegend": order < MOST_CLASSES,
            }
        )
    if mark is not None:
        traces.append(
            {"type": "scatter", "mode": "markers", "x": [mark[0]], "y": [mark[1]],
             "name": "this picture", "hovertemplate": "this picture<extra></extra>",
             "unselected": {"marker": {"opacity": 1}},
             "marker": {"symbol": "star", "size": 18, "color": ORANGE,
                        "line": {"color": "white", "width": 1.5}}}
        )  # fmt: skip
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 520,
            "xaxis": {"title": {"text": plane.titles[0]}, "zeroline": False},
            "yaxis": {"title": {"text": plane.titles[1]}, "zeroline": False},
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


def data_address(pixels: NDArray[np.uint8]) -> str:
    """(height, width, 1 or 3) as a data: address of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def plot_use(encoded: EncodedPictures, picture: NDArray[np.float32]) -> go.Figure:
    """What each dimension carries, the most first.

    picture  (latent,) KL of one picture, drawn beside the mean; or () for none
    """
    order = list(encoded.most_used)
    unit = "KL to the prior, nats" if len(encoded.kl) else "variance"
    names = [str(place + 1) for place in order]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": names,
            "y": encoded.use[order],
            "name": "mean of the data set",
            "marker": {"color": BLUE},
            "hovertemplate": "dimension %{x}: %{y:.3f}<extra></extra>",
        }
    ]
    if len(picture):
        traces.append(
            {"type": "scatter", "mode": "markers", "x": names, "y": picture[order],
             "name": "this picture", "marker": {"color": ORANGE, "size": 9, "symbol": "diamond"},
             "hovertemplate": "dimension %{x}: %{y:.3f}<extra>this picture</extra>"}
        )  # fmt: skip
    return go.Figure(
        traces,
        {
            **BASE,
            "height": 280,
            "xaxis": {"title": {"text": "latent dimension, most used first"}, "type": "category"},
            "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        },
    )


def plot_effects(effects: DimensionEffects, order: Sequence[int], columns: int = 4) -> go.Figure:
    """A map a dimension, all on one scale: red where a larger number makes brighter."""
    _, height, width = effects.maps.shape
    rows, gap = -(-len(order) // columns), max(2, height // 4)
    deep, wide = height + gap, width + 2
    whole = np.full((rows * deep, columns * wide), np.nan, np.float32)
    notes = []
    for place, dimension in enumerate(order):
        top, left = place // columns * deep + gap, place % columns * wide
        whole[top : top + height, left : left + width] = effects.maps[dimension]
        notes.append(
            {"x": left + width / 2, "y": top - 0.5, "text": str(dimension + 1), "showarrow": False,
             "yanchor": "bottom", "font": {"size": 12}}
        )  # fmt: skip
    end = float(np.percentile(np.abs(effects.maps[list(order)]), 99.5)) or 1.0
    axis = {**HIDDEN, "constrain": "domain"}
    return go.Figure(
        {
            "type": "heatmap",
            "z": whole,
            "zmin": -end,
            "zmax": end,
            "colorscale": DIVERGING,
            "hoverongaps": False,
            "hovertemplate": "%{z:+.3f}<extra></extra>",
            "colorbar": {
                "orientation": "h",
                "thickness": 8,
                "y": -0.01,
                "yanchor": "top",
                "outlinewidth": 0,
                "nticks": 5,
            },
        },
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 30},
            "height": 30 + 110 * rows,
            "xaxis": axis,
            "yaxis": {**axis, "autorange": "reversed", "scaleanchor": "x"},
            "annotations": notes,
        },
    )


@plot.register
def plot_path(path: LatentPath) -> go.Figure:
    """The pictures in a row."""
    return _sheet_figure(sheet(path.pixels, len(path.pixels)))


@plot.register
def plot_samples(found: Samples, chosen: int | None = None, in_a_row: int = 8) -> go.Figure:
    """The pictures in rows; a point on each, whose customdata is its place, can be clicked."""
    count, height, width = found.pixels.shape[:3]
    row = min(in_a_row, count)
    figure = _sheet_figure(sheet(found.pixels, row))
    places = np.arange(count)
    x = places % row * (width + 1) + (width + 1) / 2
    y = places // row * (height + 1) + (height + 1) / 2
    names = [f"{place + 1} {found.label(place)}".strip() for place in range(count)]
    figure.add_trace(
        {"type": "scatter", "mode": "markers", "x": x, "y": y, "customdata": places,
         "text": names, "hovertemplate": "%{text}<extra></extra>", "showlegend": False,
         "marker": {"size": 24, "opacity": 0, "color": ORANGE},
         "selected": {"marker": {"opacity": 0}}, "unselected": {"marker": {"opacity": 0}}}
    )  # fmt: skip
    if chosen is not None and chosen < count:
        left, top = chosen % row * (width + 1), chosen // row * (height + 1)
        figure.add_shape(
            type="rect", x0=left - 0.5, y0=top - 0.5, x1=left + width + 0.5,
            y1=top + height + 0.5, line={"color": ORANGE, "width": 3},
        )  # fmt: skip
    return figure


def _sheet_figure(pixels: NDArray[np.uint8]) -> go.Figure:
    height, width = pixels.shape[:2]
    axis = {**HIDDEN, "constrain": "domain"}
    return go.Figure(
        {"type": "image", "z": pixels, "hoverinfo": "skip"},
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "paper_bgcolor": CLEAR,
            "height": round(min(720, max(90, 640 * height / width))),
            "hoverdistance": 60,
            "dragmode": False,
            "xaxis": {**axis, "range": [-0.5, width - 0.5]},
            "yaxis": {**axis, "range": [height - 0.5, -0.5], "scaleanchor": "x"},
        },
    )
