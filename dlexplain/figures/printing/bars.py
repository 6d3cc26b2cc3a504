"""Bars, side by side, stacked or over each other; and histograms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dlexplain.figures.printing.axis import Axis
from dlexplain.figures.printing.colours import each, rgba
from dlexplain.figures.printing.given import Trace, floats, listed, size_of
from dlexplain.figures.printing.scatters import whiskers
from dlexplain.figures.printing.strokes import drawn_points
from dlexplain.figures.printing.texts import INK, POINT, families, plain

Row = NDArray[np.float64]
GAP = 0.2
NEAR = 4.0
"""Pixels between a bar's end and its number."""


class Bars:
    """Where the bars of one pair of axes stand: `at` their middles, from `base` up to `top`."""

    def __init__(self, trace: Trace, x_axis: Axis, y_axis: Axis) -> None:
        self.trace, self.across = trace, trace.get("orientation") == "h"
        self.along, self.value_axis = (y_axis, x_axis) if self.across else (x_axis, y_axis)
        if trace["type"] == "histogram":
            self.at, self.values, self.width = _counted(trace)
        else:
            x, y = drawn_points(trace)
            self.at, self.values = (
                self.along.place(y if self.across else x),
                floats(listed(x if self.across else y)),
            )
            self.width = np.full(len(self.at), np.nan)
            if trace.get("width") is not None:
                self.width = np.broadcast_to(np.asarray(trace["width"], float), len(self.at)).copy()
        self.base = np.zeros(len(self.at))
        if trace.get("base") is not None:
            self.base = np.broadcast_to(np.asarray(trace["base"], float), len(self.at)).copy()

    @property
    def top(self) -> Row:
        return self.base + self.values

    def span(self, axis: Axis) -> list[tuple[float, float, bool]]:
        """What they cover of an axis."""
        if axis is self.along:
            ends = np.concatenate([self.at - self.width / 2, self.at + self.width / 2])
            return [(float(ends.min()), float(ends.max()), False)] if len(ends) else []
        ends = np.concatenate([self.base, self.top, *self._whiskers()])
        ends = ends[np.isfinite(ends)]
        if axis.kind == "log":
            ends = ends[ends > 0]
            return [(float(ends.min()) / 2, float(ends.max()), False)] if ends.size else []
        return [(float(ends.min()), float(ends.max()), True)] if ends.size else []

    def _whiskers(self) -> list[Row]:
        error = self.trace.get("error_x" if self.across else "error_y") or {}
        if error.get("array") is None:
            return []
        up = np.nan_to_num(np.array(listed(error["array"]), dtype=float))
        less = error.get("arrayminus")
        down = up if less is None else np.nan_to_num(np.array(listed(less), dtype=float))
        return [self.top + up, self.top - down]

    def draw(self, on: Axes, cycle: str) -> None:
        marker = self.trace.get("marker") or {}
        own = float(self.trace.get("opacity", 1.0))
        colours = [(*c[:3], c[3] * own) for c in each(marker.get("color"), len(self.at), cycle,
                                                      marker)]  # fmt: skip
        edge = marker.get("line") or {}
        rim = float(np.max(edge.get("width") or 0))
        look: dict[str, Any] = {
            "color": colours, "linewidth": rim * POINT, "gid": f"trace-{self.trace['index']}",
            "edgecolor": rgba(edge.get("color") or "white") if rim else "none", "zorder": 2,
        }  # fmt: skip
        if self.across:
            on.barh(self.at, self.values, self.width, self.base, **look)
        else:
            on.bar(self.at, self.values, self.width, self.base, **look)
        error = self.trace.get("error_x" if self.across else "error_y")
        if error and error.get("array") is not None:
            x, y = (self.top, self.at) if self.across else (self.at, self.top)
            whiskers(on, x, y, "x" if self.across else "y", error, INK)
        self._numbers(on)

    def _numbers(self, on: Axes) -> None:
        words = listed(self.trace.get("text"))
        if not words or self.trace.get("textposition") == "none":
            return
        inside = self.trace.get("textposition") == "inside"
        for at, top, word in zip(self.at, self.top, words, strict=False):
            text = plain(word)
            if not text or not np.isfinite(top):
                continue
            sign = (-1 if top < 0 else 1) * (-1 if inside else 1)
            shift = (sign * NEAR * POINT, 0.0) if self.across else (0.0, sign * NEAR * POINT)
            on.annotate(
                text, (top, at) if self.across else (at, top), shift,
                textcoords="offset points", annotation_clip=False, zorder=4,
                ha=("left" if sign > 0 else "right") if self.across else "center",
                va="center" if self.across else ("bottom" if sign > 0 else "top"),
                fontsize=size_of(self.trace.get("textfont")) * POINT, color=INK,
                fontfamily=families(text),
            )  # fmt: skip


def _counted(trace: Trace) -> tuple[Row, Row, Row]:
    """A histogram's middles, heights and widths."""
    values = floats(listed(trace.get("x")))
    values = values[np.isfinite(values)]
    bins = trace.get("xbins") or {}
    if bins.get("size"):
        steps = int(np.ceil((bins["end"] - bins["start"]) / bins["size"] - 1e-9))
        edges = bins["start"] + bins["size"] * np.arange(steps + 1)
    else:
        edges = np.histogram_bin_edges(values, int(trace.get("nbinsx") or 0) or "auto")
    heights = np.histogram(values, edges)[0].astype(float)
    if trace.get("histnorm") == "probability":
        heights /= max(1.0, heights.sum())
    elif trace.get("histnorm") == "percent":
        heights *= 100 / max(1.0, heights.sum())
    return (edges[:-1] + edges[1:]) / 2, heights, np.diff(edges)


def arrange(bars: Sequence[Bars], layout: dict[str, Any]) -> None:
    """Set the widths and bases of the bars of one pair of axes, by the layout's "barmode"."""
    if not bars:
        return
    mode = layout.get("barmode", "group")
    places = np.unique(np.concatenate([one.at for one in bars]))
    step = float(np.diff(places).min()) if len(places) > 1 else 1.0
    if bars[0].along.kind == "date" and len(places) < 2:
        step = 30.0
    room = step * (1 - float(layout.get("bargap", GAP)))
    side_by_side = mode == "group" and len(bars) > 1
    share = room / len(bars) if side_by_side else room
    thin = share * (1 - float(layout.get("bargroupgap", 0)))
    for order, one in enumerate(bars):
        if side_by_side and np.isnan(one.width).any():
            one.at = one.at + (order - (len(bars) - 1) / 2) * share
        one.width = np.where(np.isnan(one.width), thin, one.width)
    if mode in ("stack", "relative"):
        _stack(bars)


def _stack(bars: Sequence[Bars]) -> None:
    """Each on those before it, negative ones downwards."""
    up: dict[float, float] = {}
    down: dict[float, float] = {}
    for one in bars:
        for place, (at, value) in enumerate(zip(one.at, one.values, strict=True)):
            heap = down if value < 0 else up
            one.base[place] = heap.get(at, 0.0)
            heap[at] = one.base[place] + np.nan_to_num(value)
