"""The axes of a sheet: which there are, where they stand, their ticks, titles and grids."""

import re
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlexplain.figures.printing.axis import Axis
from dlexplain.figures.printing.given import Trace, size_of, titled
from dlexplain.figures.printing.texts import INK, POINT, families, plain
from dlexplain.figures.printing.ticks import ticks_of

GRID, RULE = "#DDE2E7", "#9AA5B1"
CELLS = {"heatmap", "image", "contour"}
SLANT = 40.0
"""Degrees by which names are turned that would else meet."""


def pairs_of(traces: list[Trace], layout: dict[str, Any]) -> list[tuple[str, str]]:
    """The pairs of axes on which something stands, in order."""
    found = [(str(one.get("xaxis") or "x"), str(one.get("yaxis") or "y")) for one in traces
             if one["type"] != "parcoords"]  # fmt: skip
    if not found and not traces:
        found = [("x", "y")]
    return list(dict.fromkeys(found))


def given_of(layout: dict[str, Any], name: str) -> dict[str, Any]:
    """What the layout says of the axis "x2": its "xaxis2"."""
    return layout.get(f"{name[0]}axis{name[1:]}") or {}


def domain_of(layout: dict[str, Any], name: str) -> tuple[float, float]:
    """The part of the paper that an axis spans; rows of a grid are counted from above."""
    given = given_of(layout, name).get("domain")
    if given is not None:
        return float(given[0]), float(given[1])
    grid = layout.get("grid")
    if not grid or given_of(layout, name).get("overlaying"):
        return 0.0, 1.0
    rows, columns = int(grid.get("rows") or 1), int(grid.get("columns") or 1)
    number = int(name[1:] or 1) - 1
    gap = float(grid.get(f"{name[0]}gap", 0.1))
    count = columns if name[0] == "x" else rows
    if grid.get("pattern") == "independent":
        at = number % columns if name[0] == "x" else number // columns
    else:
        at = number
    step = 1 / (count - gap) if count > 1 else 1.0
    start = at * step
    end = start + step * (1 - gap) if count > 1 else 1.0
    return (start, end) if name[0] == "x" else (1 - end, 1 - start)


class Frame:
    """One pair of axes."""

    def __init__(
        self, sheet: Figure, names: tuple[str, str], axes: dict[str, Axis],
        layout: dict[str, Any], traces: list[Trace], owns: tuple[bool, bool],
    ) -> None:  # fmt: skip
        """owns  whether this pair is the one that shows its x, and its y axis"""
        self.x, self.y = axes[names[0]], axes[names[1]]
        self.owns, self.layout, self.names = owns, layout, names
        self.cells = bool(traces) and all(one["type"] in CELLS for one in traces)
        self.square = "scaleanchor" in self.x.given or "scaleanchor" in self.y.given
        self.square = self.square or any(one["type"] == "image" for one in traces)
        over = bool(self.y.given.get("overlaying") or self.x.given.get("overlaying"))
        self.on: Axes = sheet.add_axes((0, 0, 1, 1), zorder=2 if over else 1)
        self.on.set_label("/".join(names))
        self.on.patch.set_visible(False)
        self.on.set_autoscale_on(False)
        for axis, letter in ((self.x, "x"), (self.y, "y")):
            if axis.kind == "log":
                getattr(self.on, f"set_{letter}scale")("log")

    def finish(self) -> None:
        """After the traces, which matplotlib lets move the ends."""
        self.on.set_xlim(self.x.low, self.x.high)
        self.on.set_ylim(self.y.low, self.y.high)
        if self.square:
            side = {"left": "W", "right": "E"}.get(str(self.x.given.get("constraintoward")), "")
            end = {"top": "N", "bottom": "S"}.get(str(self.y.given.get("constraintoward")), "")
            self.on.set_aspect("equal", adjustable="box", anchor=(end + side) or "C")
        bottom = self.owns[0] and self._seen(self.x) and not self.cells
        for name, spine in self.on.spines.items():
            spine.set(visible=bottom and name == "bottom", linewidth=0.75 * POINT, color=RULE)
        for axis, owns in ((self.x, self.owns[0]), (self.y, self.owns[1])):
            self._dress(axis, owns)

    def _seen(self, axis: Axis) -> bool:
        return axis.given.get("visible", True) is not False

    def _dress(self, axis: Axis, owns: bool) -> None:
        part = self.on.xaxis if axis.letter == "x" else self.on.yaxis
        if not owns or not self._seen(axis):
            part.set_visible(False)
            return
        side: Any = axis.given.get("side") or {"x": "bottom", "y": "left"}[axis.letter]
        getattr(part, f"tick_{side}")()
        part.set_label_position(side)
        part.set_tick_params(which="both", length=0 if self.cells else 3 * POINT, pad=3 * POINT,
                             width=0.75 * POINT, color=RULE)  # fmt: skip
        text = plain(titled(axis.given))
        given = axis.given.get("title")
        title = given if isinstance(given, dict) else {}
        part.set_label_text(text, fontfamily=families(text), color=INK,
                            fontsize=size_of(title.get("font")) * POINT)  # fmt: skip
        part.labelpad = 5 * POINT
        if axis.given.get("zeroline") is True and axis.kind == "linear":
            ink = axis.given.get("zerolinecolor") or RULE
            across = self.on.axvline if axis.letter == "x" else self.on.axhline
            across(0, color=ink, linewidth=POINT, zorder=1.9, gid="zero")
        if self._has_grid(axis):
            part.grid(True, color=GRID, linewidth=0.75 * POINT, zorder=0.4)
            self.on.set_axisbelow(True)

    def _has_grid(self, axis: Axis) -> bool:
        asked = axis.given.get("showgrid")
        if asked is not None:
            return bool(asked)
        if self.cells or axis.kind == "category" or axis.given.get("overlaying"):
            return False
        return axis.letter == "y" or self.y.kind == "category" or not self._seen(self.y)

    def settle(self, box: tuple[float, float, float, float], sheet: tuple[float, float]) -> None:
        """Stand in a plot of left, top, width and height pixels, and have ticks that fit there."""
        left, top, width, height = box
        x0, x1 = domain_of(self.layout, self._domain("x"))
        y0, y1 = domain_of(self.layout, self._domain("y"))
        self.on.set_position((
            (left + x0 * width) / sheet[0], 1 - (top + (1 - y0) * height) / sheet[1],
            (x1 - x0) * width / sheet[0], (y1 - y0) * height / sheet[1],
        ))  # fmt: skip
        self._ticks(self.x, max((x1 - x0) * width, 1.0))
        self._ticks(self.y, max((y1 - y0) * height, 1.0))

    def _domain(self, letter: str) -> str:
        name = self.names["xy".index(letter)]
        over = given_of(self.layout, name).get("overlaying")
        return str(over) if over else name

    def _ticks(self, axis: Axis, pixels: float) -> None:
        if not self._seen(axis):
            return
        across = axis.letter == "x"
        part = self.on.xaxis if across else self.on.yaxis
        asked = axis.given.get("tickangle")
        found = ticks_of(axis, pixels, turned=bool(asked))
        words = [text for _, text in found]
        angle = -float(asked) if asked not in (None, "auto") else 0.0
        if across and asked is None and _meet(found, self.on, pixels):
            if axis.kind == "category":
                angle = SLANT
                found = ticks_of(axis, pixels, turned=True)
            else:
                found = found[::2]
            words = [text for _, text in found]
        if axis.given.get("showticklabels") is False:
            words = [""] * len(found)
        font = axis.given.get("tickfont") or {}
        part.set_ticks([at for at, _ in found], words, fontfamily=families("".join(words)),
                       fontsize=size_of(font) * POINT, color=INK)  # fmt: skip
        part.set_ticks([], minor=True)
        if across:
            up = (axis.given.get("side") or "bottom") == "top"
            for label in part.get_ticklabels():
                _turn(label, angle, up)


def _turn(label: Any, angle: float, up: bool) -> None:
    if not angle:
        label.set(rotation=0, ha="center", rotation_mode="default")
        return
    right = (angle > 0) != up
    side = "center" if abs(angle) >= 85 else "right" if right else "left"
    label.set(rotation=angle, ha=side, va="center_baseline" if abs(angle) < 85 else
              ("bottom" if up else "top"), rotation_mode="anchor" if abs(angle) < 85
              else "default")  # fmt: skip
    if abs(angle) < 85:
        label.set_va("bottom" if up else "top")


def _meet(found: list[tuple[float, str]], on: Axes, pixels: float) -> bool:
    """Whether texts of this length would touch, at half a font's height a letter."""
    if len(found) < 2:
        return False
    span = abs(np.diff(on.get_xlim())[0]) or 1.0
    places = sorted(at for at, _ in found)
    if on.get_xscale() == "log":
        places = [float(np.log10(at)) for at in places]
        span = abs(float(np.diff(np.log10(on.get_xlim()))[0])) or 1.0
    step = min(np.diff(places)) / span * pixels
    longest = max(max(len(line) for line in re.split("\n", text)) for _, text in found)
    return bool(longest * 6.6 + 4 > step)
