"""Traces of cells: heat maps, pictures, surfaces with contours."""

import re
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from dlexplain.figures.printing.axis import Axis
from dlexplain.figures.printing.colours import ends, ink_on, on_scale, rgba
from dlexplain.figures.printing.given import Trace, floats, size_of
from dlexplain.figures.printing.numbers import formatted, in_full
from dlexplain.figures.printing.texts import POINT, families, plain

Row = NDArray[np.float64]
MOST_GAPS = 4000
"""Cells up to which the gaps between them are drawn."""
LEVELS = 12
_FIELD = re.compile(r"%\{(text|z)(?::([^}]*))?\}")


class Cells:
    """values  (rows, columns), NaN where there are none; edges  of the columns and of the rows"""

    def __init__(self, trace: Trace, x_axis: Axis, y_axis: Axis) -> None:
        self.trace = trace
        z = trace["z"]
        self.values = floats(z) if len(z) else np.empty((0, 0))
        rows, columns = self.values.shape[:2]
        self.x = _middles(trace, "x", columns, x_axis)
        self.y = _middles(trace, "y", rows, y_axis)
        self.x_edges = _edges(self.x, columns, x_axis.kind == "log")
        self.y_edges = _edges(self.y, rows, y_axis.kind == "log")

    def span(self, axis: Axis) -> list[tuple[float, float, bool]]:
        edges = self.x_edges if axis.letter == "x" else self.y_edges
        if self.trace["type"] == "contour":
            edges = self.x if axis.letter == "x" else self.y
        return [(float(edges.min()), float(edges.max()), False)] if len(edges) else []


def _middles(trace: Trace, letter: str, count: int, axis: Axis) -> Row:
    """Where the cells' middles, or their edges, stand: one or the other is given."""
    if trace.get(letter) is not None:
        return axis.place(trace[letter])
    start, step = float(trace.get(f"{letter}0", 0)), float(trace.get(f"d{letter}", 1))
    places: Row = start + step * np.arange(count, dtype=np.float64)
    return places


def _edges(places: Row, count: int, by_power: bool) -> Row:
    if len(places) == count + 1 or not count:
        return places
    known = np.log10(places) if by_power else places
    if count == 1:
        found = np.array([known[0] - 0.5, known[0] + 0.5])
    else:
        middle = (known[:-1] + known[1:]) / 2
        first, last = 2 * known[0] - middle[0], 2 * known[-1] - middle[-1]
        found = np.concatenate([[first], middle, [last]])
    return 10.0**found if by_power else found


def colours_of(trace: Trace, values: Row, shared: dict[str, Any]) -> NDArray[np.float64]:
    """(rows, columns) -> (rows, columns, 4)

    shared  the layout's colour axis, where the trace is on one
    """
    of = shared or trace
    low, high = scale_ends(trace, values, shared)
    scale, reverse = of.get("colorscale") or "Viridis", bool(of.get("reversescale"))
    found = on_scale(values, low, high, scale, reverse)
    found[..., 3] *= float(trace.get("opacity", 1.0))
    return found


def scale_ends(trace: Trace, values: Row, shared: dict[str, Any]) -> tuple[float, float]:
    if shared:
        return ends(values, shared.get("cmin"), shared.get("cmax"), shared.get("cmid"))
    return ends(values, trace.get("zmin"), trace.get("zmax"), trace.get("zmid"))


def draw_heatmap(on: Axes, cells: Cells, shared: dict[str, Any]) -> None:
    trace, values = cells.trace, cells.values
    if not values.size:
        return
    colours = colours_of(trace, values, shared)
    gaps = float(trace.get("xgap") or 0), float(trace.get("ygap") or 0)
    name = f"trace-{trace['index']}"
    even = _is_even(cells.x_edges) and _is_even(cells.y_edges)
    if any(gaps) and values.size <= MOST_GAPS:
        _apart(on, cells, colours, gaps, name)
    elif even and not trace.get("zsmooth"):
        extent = (cells.x_edges[0], cells.x_edges[-1], cells.y_edges[0], cells.y_edges[-1])
        on.imshow(
            colours, origin="lower", extent=extent, aspect="auto", interpolation="nearest",
            gid=name, zorder=1,
        )  # fmt: skip
    else:
        on.pcolormesh(cells.x_edges, cells.y_edges, colours, gid=name, zorder=1, rasterized=True)
    _numbers(on, cells, colours)


def _is_even(edges: Row) -> bool:
    steps = np.diff(edges)
    return bool(np.allclose(steps, steps[0], rtol=1e-6)) if len(steps) else True


def _apart(
    on: Axes, cells: Cells, colours: NDArray[np.float64], gaps: tuple[float, float], name: str
) -> None:
    """Cells as rectangles; `settle_gaps` makes them smaller once the axes have their size."""
    places, inks = [], []
    for row, column in np.argwhere(np.isfinite(cells.values)):
        left, right = cells.x_edges[column : column + 2]
        low, high = cells.y_edges[row : row + 2]
        places.append(Rectangle((left, low), right - left, high - low))
        inks.append(tuple(colours[row, column]))
    found = PatchCollection(places, facecolors=inks, linewidths=0, gid=name, zorder=1)
    found.gaps = gaps  # type: ignore[attr-defined]
    found.places = [one.get_bbox().frozen() for one in places]  # type: ignore[attr-defined]
    on.add_collection(found, autolim=False)


def settle_gaps(on: Axes) -> None:
    """Leave the pixels free that are to be between cells."""
    for found in on.collections:
        gaps = getattr(found, "gaps", None)
        if gaps is None:
            continue
        box = on.get_window_extent()
        dpi = on.get_figure(root=True).dpi  # type: ignore[union-attr]
        across = abs(np.diff(on.get_xlim())[0]) / max(box.width, 1) * gaps[0] * dpi / 96
        up = abs(np.diff(on.get_ylim())[0]) / max(box.height, 1) * gaps[1] * dpi / 96
        rectangles = []
        for place in found.places:  # type: ignore[attr-defined]
            x = min(across, 0.5 * abs(place.width)) / 2
            y = min(up, 0.5 * abs(place.height)) / 2
            rectangles.append(
                Rectangle((place.xmin + x, place.ymin + y), place.width - 2 * x,
                          place.height - 2 * y)
            )  # fmt: skip
        found.set_paths(rectangles)  # type: ignore[arg-type]


def _numbers(on: Axes, cells: Cells, colours: NDArray[np.float64]) -> None:
    """The words in each cell, by the trace's template."""
    trace = cells.trace
    template, words = str(trace.get("texttemplate") or ""), trace.get("text")
    if not template:
        return
    font = trace.get("textfont") or {}
    x = (cells.x_edges[:-1] + cells.x_edges[1:]) / 2
    y = (cells.y_edges[:-1] + cells.y_edges[1:]) / 2
    for row, column in np.argwhere(np.isfinite(cells.values)):
        value = float(cells.values[row, column])
        word = "" if words is None else words[row][column]

        def said(found: re.Match[str], value: float = value, word: Any = word) -> str:
            if found[1] == "text":
                return "" if word is None else str(word)
            return formatted(value, found[2]) if found[2] else in_full(value)

        text = plain(_FIELD.sub(said, template))
        if text:
            on.text(
                x[column], y[row], text, ha="center", va="center", zorder=4, clip_on=True,
                fontsize=size_of(font) * POINT, fontfamily=families(text),
                color=rgba(font.get("color") or ink_on(colours[row, column])),
            )  # fmt: skip


def draw_contour(on: Axes, cells: Cells) -> None:
    trace, values = cells.trace, cells.values
    colours = colours_of(trace, values, {})
    name = f"trace-{trace['index']}"
    on.pcolormesh(cells.x_edges, cells.y_edges, colours, gid=name, zorder=1, rasterized=True)
    line = trace.get("line") or {}
    if np.isfinite(values).sum() > 3:
        on.contour(
            cells.x, cells.y, np.ma.masked_invalid(values), LEVELS, zorder=1.5,
            colors=[rgba(line.get("color") or "#444444")],
            linewidths=float(line.get("width", 0.5)) * POINT,
        )  # fmt: skip


def draw_image(on: Axes, trace: Trace) -> None:
    pixels = np.asarray(trace["z"], dtype=np.uint8)
    extent = image_extent(trace, pixels)
    on.imshow(
        pixels, origin="upper", extent=(extent[0], extent[1], extent[3], extent[2]),
        aspect="auto", interpolation="nearest", gid=f"trace-{trace['index']}", zorder=1,
    )  # fmt: skip


def image_extent(trace: Trace, pixels: Any = None) -> tuple[float, float, float, float]:
    """Left, right, least and largest y."""
    height, width = np.shape(trace["z"] if pixels is None else pixels)[:2]
    left, top = float(trace.get("x0", 0)) - 0.5, float(trace.get("y0", 0)) - 0.5
    return left, left + width, top, top + height
