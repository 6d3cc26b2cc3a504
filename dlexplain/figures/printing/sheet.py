"""A plotly figure laid out on a sheet: axes, traces, words; margins grow until all is on it."""

from collections.abc import Callable, Mapping
from typing import Any

import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox

from dlexplain.errors import BadInput
from dlexplain.figures.printing.axis import Axis, categories_of, kind_of, reach, span_of
from dlexplain.figures.printing.bars import Bars, arrange
from dlexplain.figures.printing.frame import Frame, given_of, pairs_of
from dlexplain.figures.printing.given import Trace, listed, read, size_of, titled
from dlexplain.figures.printing.grids import (
    Cells,
    draw_contour,
    draw_heatmap,
    draw_image,
    image_extent,
    settle_gaps,
)
from dlexplain.figures.printing.keys import colour_bars, entries, legend_on
from dlexplain.figures.printing.marks import Place, draw_annotation, draw_picture, draw_shape
from dlexplain.figures.printing.parallel import draw_parallel
from dlexplain.figures.printing.scatters import draw_scatter
from dlexplain.figures.printing.texts import INK, POINT, families, plain
from dlexplain.figures.scales import LINES

PIXELS = 96
HIGH, MARGINS = 450.0, {"l": 80.0, "r": 80.0, "t": 100.0, "b": 80.0}
"""plotly's own, where a layout says nothing."""
EDGE, APART = 2.0, 8.0
"""Pixels left free at the sheet's edge, and between what stands beside each other."""
LEAST = 0.45
"""Of the height that the layout has for the plot: words that leave less make the sheet higher."""
BARRED = ("bar", "histogram")
GRIDDED = ("heatmap", "contour")
KNOWN = {"scatter", "image", "parcoords", *BARRED, *GRIDDED}


def drawn(figure: go.Figure | Mapping[str, Any], width_mm: float) -> Figure:
    """The sheet, so wide. Raises BadInput of what cannot be drawn."""
    return Sheet(figure, width_mm).figure


class Sheet:
    def __init__(self, figure: go.Figure | Mapping[str, Any], width_mm: float) -> None:
        self.traces, self.layout = read(figure)
        for one in self.traces:
            one["type"] = one.get("type") or "scatter"
            if one["type"] not in KNOWN:
                raise BadInput(
                    f'a trace of type "{one["type"]}" is not drawn in print; '
                    f"known: {', '.join(sorted(KNOWN))}"
                )
        self.wide, self.high = width_mm / 25.4 * PIXELS, float(self.layout.get("height") or HIGH)
        given = self.layout.get("margin") or {}
        self.margins = {side: float(given.get(side, MARGINS[side])) for side in MARGINS}
        self.figure = Figure(figsize=(self.wide / PIXELS, self.high / PIXELS), dpi=PIXELS)
        FigureCanvasAgg(self.figure)
        self.paper = self.figure.add_axes((0, 0, 1, 1), zorder=3, gid="paper")
        self.paper.set_axis_off()
        self.paper.patch.set_visible(False)
        self.late: list[Callable[[], object]] = []
        self.cycle = {one["index"]: LINES[at % len(LINES)] for at, one in enumerate(self.traces)}
        self._axes()
        self._draw()
        self._marks()
        self.bars = colour_bars(self.figure, self.traces, self.layout)
        self._settle()

    def _on(self, pair: tuple[str, str]) -> list[Trace]:
        return [one for one in self.traces if one["type"] != "parcoords"
                and (one.get("xaxis") or "x", one.get("yaxis") or "y") == pair]  # fmt: skip

    def _axes(self) -> None:
        """The axes, their kinds and ends, and what stands on them but a scatter."""
        self.pairs = pairs_of(self.traces, self.layout)
        names = dict.fromkeys(name for pair in self.pairs for name in pair)
        self.axes: dict[str, Axis] = {}
        for name in names:
            own = [one for one in self.traces if one["type"] != "parcoords"
                   and (one.get(f"{name[0]}axis") or name[0]) == name]  # fmt: skip
            rows = [_row(one, name[0]) for one in own]
            given = given_of(self.layout, name)
            kind = kind_of(given, rows)
            categories = categories_of(given, rows) if kind == "category" else []
            self.axes[name] = Axis(name, given, kind, categories)
        self.cells: dict[int, Cells] = {}
        self.of_bars: dict[int, Bars] = {}
        for pair in self.pairs:
            x, y = (self.axes[name] for name in pair)
            for one in self._on(pair):
                if one["type"] in GRIDDED:
                    self.cells[one["index"]] = Cells(one, x, y)
                elif one["type"] in BARRED:
                    self.of_bars[one["index"]] = Bars(one, x, y)
            arrange([self.of_bars[one["index"]] for one in self._on(pair)
                     if one["type"] in BARRED], self.layout)  # fmt: skip
        for name, axis in self.axes.items():
            own = [one for pair in self.pairs if name in pair for one in self._on(pair)]
            reach(axis, own, [span for one in own for span in self._span(axis, one)])

    def _span(self, axis: Axis, one: Trace) -> list[tuple[float, float, bool]]:
        if one["index"] in self.cells:
            return self.cells[one["index"]].span(axis)
        if one["index"] in self.of_bars:
            return self.of_bars[one["index"]].span(axis)
        if one["type"] == "image":
            left, right, top, bottom = image_extent(one)
            return [(left, right, False) if axis.letter == "x" else (top, bottom, False)]
        return span_of(axis, one)

    def _draw(self) -> None:
        self.frames: dict[tuple[str, str], Frame] = {}
        shown: set[str] = set()
        anchored = {
            name: str(given_of(self.layout, name).get("anchor") or "") for name in self.axes
        }
        for pair in self.pairs:
            owns = tuple(_owns(name, pair, self.pairs, anchored, shown) for name in pair)
            self.frames[pair] = frame = Frame(
                self.figure, pair, self.axes, self.layout, self._on(pair), (owns[0], owns[1])
            )
            before = None
            for one in self._on(pair):
                before = self._trace(frame, one, before)
            frame.finish()
        for one in self.traces:
            if one["type"] == "parcoords":
                whole = self.figure.add_axes((0, 0, 1, 1), gid="parallel")
                draw_parallel(whole, one, self.cycle[one["index"]])
                self.parallel = whole

    def _trace(self, frame: Frame, one: Trace, before: Any) -> Any:
        kind, index = one["type"], one["index"]
        if kind == "scatter":
            return draw_scatter(frame.on, frame.x, frame.y, one, self.cycle[index], before)
        if kind in BARRED:
            self.of_bars[index].draw(frame.on, self.cycle[index])
        elif kind == "heatmap":
            shared = self.layout.get(one.get("coloraxis") or "") or {}
            draw_heatmap(frame.on, self.cells[index], shared)
        elif kind == "contour":
            draw_contour(frame.on, self.cells[index])
        else:
            draw_image(frame.on, one)
        return before

    def _marks(self) -> None:
        on = {pair: frame.on for pair, frame in self.frames.items()}
        base = self.layout.get("font") or {}
        for one in self.layout.get("images") or ():
            draw_picture(one, Place(one, on, self.axes, self.paper))
        for one in self.layout.get("shapes") or ():
            if one.get("visible", True) is not False:
                draw_shape(one, Place(one, on, self.axes, self.paper))
        for one in self.layout.get("annotations") or ():
            if one.get("visible", True) is not False:
                draw_annotation(one, Place(one, on, self.axes, self.paper), base)
        for frame in self.frames.values():  # pictures let matplotlib move the ends
            frame.on.set_xlim(frame.x.low, frame.x.high)
            frame.on.set_ylim(frame.y.low, frame.y.high)
            frame.on.set_aspect("equal" if frame.square else "auto")
        self.paper.set(xlim=(0, 1), ylim=(0, 1), aspect="auto")

    def _settle(self) -> None:
        """Place all; where words reach over the edge, the margins grow, and all is placed anew."""
        room = self.high - self.margins["t"] - self.margins["b"]
        for _ in range(4):
            self._place()
            if not self._grow(self._extent()):
                break
        found = entries(self.traces, self.layout, self.cycle)
        title = titled(self.layout)
        if title:
            self._title(title)
        if found:
            self._legend(found)
        missing = LEAST * room - (self.high - self.margins["t"] - self.margins["b"])
        if missing > 0:
            self.high += missing
            self.figure.set_size_inches(self.wide / PIXELS, self.high / PIXELS)
        self._place()
        for late in self.late:
            late()

    def _place(self) -> None:
        m = self.margins
        box = (m["l"], m["t"], max(self.wide - m["l"] - m["r"], 20.0),
               max(self.high - m["t"] - m["b"], 20.0))  # fmt: skip
        sheet = (self.wide, self.high)
        whole = (box[0] / sheet[0], 1 - (box[1] + box[3]) / sheet[1], box[2] / sheet[0],
                 box[3] / sheet[1])  # fmt: skip
        self.paper.set_position(whole)
        if hasattr(self, "parallel"):
            self.parallel.set_position(whole)
        for frame in self.frames.values():
            frame.settle(box, sheet)
        for bar in self.bars:
            bar.place(*box, sheet)
        for frame in self.frames.values():
            settle_gaps(frame.on)

    def _extent(self) -> Bbox:
        """What is drawn, in pixels from the lower left."""
        self.figure.draw_without_rendering()
        renderer = self.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        found = self.figure.get_tightbbox(renderer)
        return Bbox(found.get_points() * PIXELS)

    def _grow(self, seen: Bbox) -> bool:
        over = {
            "l": EDGE - seen.x0, "r": seen.x1 - (self.wide - EDGE),
            "b": EDGE - seen.y0, "t": seen.y1 - (self.high - EDGE),
        }  # fmt: skip
        for side, pixels in over.items():
            self.margins[side] += max(0.0, pixels)
        # Narrow sheets keep a third of their width for the plot.
        for side in "lr":
            self.margins[side] = min(self.margins[side], 0.6 * self.wide)
        return any(pixels > 0.5 for pixels in over.values())

    def _title(self, text: str) -> None:
        given = self.layout.get("title")
        font = (given.get("font") if isinstance(given, dict) else None) or {"size": 16}
        words = plain(text)
        found = self.figure.text(
            EDGE / self.wide, 1.0, words, fontsize=size_of(font) * POINT, va="top", ha="left",
            weight="bold", color=INK, fontfamily=families(words), gid="title",
        )  # fmt: skip
        top = self.high - self._extent().y1
        self.margins["t"] += max(0.0, size_of(font) * 1.3 + APART - max(0.0, top))
        self.late.append(lambda: found.set_y(1 - EDGE / self.high))

    def _legend(self, found: Any) -> None:
        of = self.layout.get("legend") or {}
        flat = of.get("orientation") == "h"
        legend, size = self._fitting(found, flat)
        legend.set_visible(False)
        self._place()
        seen = self._extent()
        legend.set_visible(True)
        x, y = float(of.get("x", 0 if flat else 1.02)), float(of.get("y", -0.1 if flat else 1.0))
        if flat:
            side = "t" if y >= 1 else "b"
            free = max(0.0, self.high - seen.y1 if side == "t" else seen.y0)
            self.margins[side] += max(0.0, size[1] + APART + EDGE - free)
            start = self.margins["l"] + max(0.0, x) * 1.0
            start = max(EDGE, min(start, self.wide - size[0] - EDGE))
            above = EDGE if side == "t" else None

            def late() -> None:
                top = above if above is not None else self.high - size[1] - EDGE
                _move(legend, start / self.wide, 1 - top / self.high)

        elif x >= 1:
            self.margins["r"] += max(0.0, size[0] + APART + EDGE - max(0.0, self.wide - seen.x1))

            def late() -> None:
                start = self.wide - size[0] - EDGE
                _move(legend, start / self.wide, 1 - self.margins["t"] / self.high)

        else:

            def late() -> None:
                box = self.paper.get_position()
                left = box.x0 + x * box.width
                top = box.y0 + y * box.height
                if (of.get("xanchor") or ("right" if x > 2 / 3 else "left")) == "right":
                    left -= size[0] / self.wide
                if (of.get("yanchor") or ("bottom" if y < 1 / 3 else "top")) == "bottom":
                    top += size[1] / self.high
                _move(legend, left, top)

        self.late.append(late)

    def _fitting(self, found: Any, flat: bool) -> tuple[Legend, tuple[float, float]]:
        """With as many columns as there is width for."""
        for columns in range(len(found) if flat else 1, 0, -1):
            legend = legend_on(self.figure, found, columns)
            self.figure.draw_without_rendering()
            box = legend.get_window_extent()
            if box.width <= self.wide - 2 * EDGE or columns == 1:
                return legend, (box.width, box.height)
            legend.remove()
        raise AssertionError("a legend has at least one column")


def _move(legend: Legend, left: float, top: float) -> None:
    legend.set_loc("upper left")
    legend.set_bbox_to_anchor((left, top))


def _row(one: Trace, letter: str) -> Any:
    """What a trace has on an axis, for its kind."""
    if one["type"] == "histogram" and letter == "y":
        return []
    return listed(one.get(letter))


def _owns(
    name: str, pair: tuple[str, str], pairs: list[tuple[str, str]], anchored: dict[str, str],
    shown: set[str],
) -> bool:  # fmt: skip
    """Whether an axis is shown at this pair: that with its anchor, else the first."""
    other = pair[1] if name == pair[0] else pair[0]
    wanted = anchored[name]
    there = any(name in one and wanted in one for one in pairs)
    if name in shown or (there and other != wanted):
        return False
    shown.add(name)
    return True
