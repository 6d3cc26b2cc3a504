"""Scatter traces: lines, areas, dots, names beside dots, intervals."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.figures.printing.axis import Axis
from dlexplain.figures.printing.colours import each, rgba
from dlexplain.figures.printing.given import Trace, listed, size_of
from dlexplain.figures.printing.strokes import (
    dash_of,
    drawn_points,
    pieces,
    stepped,
    stroke_of,
    symbol_of,
)
from dlexplain.figures.printing.texts import INK, POINT, families, plain

Row = NDArray[np.float64]
DOT = 6.0
"""Pixels of a dot for which nothing is said."""
CAP = 5.0


def draw_scatter(
    on: Axes, x_axis: Axis, y_axis: Axis, trace: Trace, cycle: str, before: tuple[Row, Row] | None
) -> tuple[Row, Row]:
    """Draw it; the line's corners come back, up to which the next one may be filled.

    cycle   its colour where nothing is said;  before  the corners of the trace before it
    """
    given_x, given_y = drawn_points(trace)
    x, y = x_axis.place(given_x), y_axis.place(given_y)
    mode, line, marker = stroke_of(trace), trace.get("line") or {}, trace.get("marker") or {}
    colour = line.get("color") or _one(marker.get("color")) or cycle
    own = float(trace.get("opacity", 1.0))
    corners = stepped(x, y, str(line.get("shape") or "linear"))
    _fill(on, corners, trace, colour, own, before)
    name, clipped = f"trace-{trace['index']}", trace.get("cliponaxis", True) is not False
    width = float(line.get("width", 2))
    if "lines" in mode and width:
        on.plot(
            *corners, color=rgba(colour, own), linewidth=width * POINT, linestyle=dash_of(line),
            gid=name, solid_joinstyle="round", clip_on=clipped, zorder=2.5, marker="",
        )  # fmt: skip
    _intervals(on, x, y, trace, colour)
    if "markers" in mode:
        _dots(on, x, y, marker, colour, own, name, clipped)
    if "text" in mode:
        _names(on, x, y, trace, marker)
    return corners


def _one(colour: Any) -> str | None:
    return colour if isinstance(colour, str) else None


def _fill(
    on: Axes, corners: tuple[Row, Row], trace: Trace, colour: str, own: float,
    before: tuple[Row, Row] | None,
) -> None:  # fmt: skip
    kind = trace.get("fill") or "none"
    if kind == "none":
        return
    ink = rgba(trace["fillcolor"], own) if trace.get("fillcolor") else rgba(colour, 0.5 * own)
    if kind == "toself":
        areas = pieces(*corners)
    elif kind == "tozeroy":
        areas = [
            (np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[0.0], y, [0.0]]))
            for x, y in pieces(*corners)
        ]
    elif kind == "tonexty" and before is not None:
        (ahead,), (back,) = (_whole(pieces(*one)) for one in (corners, before))
        areas = [(np.concatenate([ahead[0], back[0][::-1]]),
                  np.concatenate([ahead[1], back[1][::-1]]))]  # fmt: skip
    else:
        raise BadInput(f'the fill "{kind}" is not drawn in print; known: toself, tozeroy, tonexty')
    for x, y in areas:
        on.fill(x, y, facecolor=ink, linewidth=0, gid=f"area-{trace['index']}", zorder=1.5)


def _whole(parts: list[tuple[Row, Row]]) -> list[tuple[Row, Row]]:
    """One area between two lines, over gaps."""
    if not parts:
        return [(np.empty(0), np.empty(0))]
    return [(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]))]


def _intervals(on: Axes, x: Row, y: Row, trace: Trace, colour: str) -> None:
    for letter in "xy":
        error = trace.get(f"error_{letter}")
        if error and error.get("array") is not None and error.get("visible", True):
            whiskers(on, x, y, letter, error, colour)


def whiskers(on: Axes, x: Row, y: Row, letter: str, error: dict[str, Any], colour: str) -> None:
    """Intervals along one axis; error  plotly's error_x or error_y"""
    up = np.nan_to_num(np.array(listed(error["array"]), dtype=float))
    down = up
    if error.get("symmetric") is False and error.get("arrayminus") is not None:
        down = np.nan_to_num(np.array(listed(error["arrayminus"]), dtype=float))
    spread: dict[str, Any] = {
        f"{letter}err": np.stack([np.clip(down, 0, None), np.clip(up, 0, None)]),
        "ecolor": rgba(error.get("color") or colour),
        "elinewidth": float(error.get("thickness", 2)) * POINT,
        "capsize": float(error.get("width", CAP)) * POINT / 2,
        "zorder": 2.6,
    }
    on.errorbar(x, y, fmt="none", **spread)


def _dots(
    on: Axes, x: Row, y: Row, marker: dict[str, Any], cycle: str, own: float, name: str,
    clipped: bool,
) -> None:  # fmt: skip
    count = len(x)
    sizes = np.broadcast_to(np.asarray(marker.get("size") or DOT, dtype=float), count)
    colours = each(marker.get("color"), count, cycle, marker)
    given = marker.get("symbol")
    symbols = listed(given) if isinstance(given, list | tuple | np.ndarray) else [given] * count
    edge = marker.get("line") or {}
    for symbol in dict.fromkeys(symbols):
        shape, is_open = symbol_of(symbol)
        seen = [
            at for at in range(count)
            if symbols[at] == symbol and colours[at][3] * own > 0 and sizes[at] > 0
            and np.isfinite(x[at]) and np.isfinite(y[at])
        ]  # fmt: skip
        if not seen:
            continue
        inks = [(*colours[at][:3], colours[at][3] * own) for at in seen]
        rim = float(_first(edge.get("width"), 2 if is_open else 0))
        thin = shape in ("x", "+", "|", "_")
        faces: Any = "none" if is_open and not thin else inks
        rims: Any = inks if is_open or thin else rgba(edge.get("color") or "white")
        look = {"color": inks} if thin else {"facecolors": faces, "edgecolors": rims}
        on.scatter(
            x[seen], y[seen], s=(sizes[seen] * POINT) ** 2, marker=shape, gid=name, zorder=3,
            linewidths=max(rim, 1.5 if thin else 0) * POINT, clip_on=clipped, **look,
        )  # fmt: skip


def _first(value: Any, default: float) -> Any:
    if value is None:
        return default
    return value if np.ndim(value) == 0 else max(listed(value), default=default)


def _names(on: Axes, x: Row, y: Row, trace: Trace, marker: dict[str, Any]) -> None:
    """Each on the side of its dot that is asked for."""
    words, font = trace.get("text"), trace.get("textfont") or {}
    words = [words] * len(x) if isinstance(words, str) else listed(words)
    place = trace.get("textposition") or "middle center"
    places = [place] * len(x) if isinstance(place, str) else listed(place)
    sizes = np.broadcast_to(np.asarray(marker.get("size") or DOT, dtype=float), len(x))
    for at, (word, side) in enumerate(zip(words, places, strict=False)):
        text = plain(word)
        if not text or not (np.isfinite(x[at]) and np.isfinite(y[at])):
            continue
        up, across = side.split()
        gap = (sizes[at] / 2 + 3) * POINT
        shift = {"left": -gap, "center": 0.0, "right": gap}[across]
        rise = {"top": gap * 0.7, "middle": 0.0, "bottom": -gap * 0.7}[up]
        on.annotate(
            text, (x[at], y[at]), (shift, rise), textcoords="offset points", zorder=4,
            ha={"left": "right", "right": "left", "center": "center"}[across],
            va={"top": "bottom", "bottom": "top", "middle": "center"}[up],
            fontsize=size_of(font) * POINT, color=rgba(_one(font.get("color")) or INK),
            fontfamily=families(text), annotation_clip=False,
        )  # fmt: skip
