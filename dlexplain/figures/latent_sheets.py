"""Many small pictures as one: samples that can be clicked, steps of a path, downloads."""

import base64
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.making import GREY, grid
from dlexplain.figures.overlay import enlarged
from dlexplain.figures.scales import CLEAR, ORANGE, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.results import LatentPath, Samples, plot
from dlexplain.results.test_results import Pixels

HIDDEN: dict[str, Any] = {"visible": False, "fixedrange": True}


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


def data_address(pixels: NDArray[np.uint8]) -> str:
    """(height, width, 1 or 3) as a data: address of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def path_sheet(path: LatentPath) -> NDArray[np.uint8]:
    """The pictures in a row; an orange line stands where one change is far above the others."""
    whole = sheet(path.pixels, len(path.pixels))
    if path.leap is not None:
        between = (path.leap + 1) * (path.pixels.shape[2] + 1)
        whole[:, between] = [int(ORANGE[place : place + 2], 16) for place in (1, 3, 5)]
    return whole


@plot.register
def plot_path(path: LatentPath) -> go.Figure:
    """The pictures in a row."""
    return _sheet_figure(path_sheet(path))


@plot.register
def plot_samples(found: Samples, chosen: int | None = None, in_a_row: int = 8) -> go.Figure:
    """The pictures in rows; a point on each, whose customdata is its place, can be clicked."""
    count, height, width = found.pixels.shape[:3]
    row = min(in_a_row, count)
    figure = _sheet_figure(sheet(found.pixels, row))
    places = np.arange(count)
    x = places % row * (width + 1) + (width + 1) / 2
    y = places // row * (height + 1) + (height + 1) / 2
    names = [f"{index + 1} {found.label(index)}".strip() for index in range(count)]
    figure.add_trace(
        {"type": "scatter", "mode": "markers", "x": x, "y": y, "customdata": places,
         "text": names, "hovertemplate": "%{text}<extra></extra>", "showlegend": False,
         "marker": {"size": 24, "opacity": 0, "color": ORANGE},
         "selected": {"marker": {"opacity": 0}}, "unselected": {"marker": {"opacity": 0}}}
    )  # fmt: skip
    if chosen is not None and chosen < count:
        left, top = chosen % row * (width + 1), chosen // row * (height + 1)
        figure.add_shape(
            type="rect",
            x0=left - 0.5,
            y0=top - 0.5,
            x1=left + width + 0.5,
            y1=top + height + 0.5,
            line={"color": ORANGE, "width": 3},
        )
    return figure


def _sheet_figure(pixels: NDArray[np.uint8]) -> go.Figure:
    height, width = pixels.shape[:2]
    axis = {**HIDDEN, "constrain": "domain"}
    return new_figure(
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
