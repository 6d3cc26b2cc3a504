"""What explains a sheet's colours: the legend, and bars of colours with their numbers."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlexplain.figures.printing.colours import each, on_scale, rgba
from dlexplain.figures.printing.given import Trace, floats, listed, size_of, titled
from dlexplain.figures.printing.grids import scale_ends
from dlexplain.figures.printing.strokes import dash_of, stroke_of, symbol_of
from dlexplain.figures.printing.texts import INK, POINT, families, plain
from dlexplain.figures.printing.ticks import as_marks

NAMED = {"scatter", "bar", "histogram"}
LARGEST = 9.0
"""Pixels of a dot in the legend."""
THICK, BESIDE = 30.0, 10.0
"""Pixels of a bar of colours, and from the axes to it, where nothing is said."""


def entries(traces: list[Trace], layout: dict[str, Any], cycle: dict[int, str]) -> list[
    tuple[Artist, str]
]:  # fmt: skip
    """What the legend shows, in the traces' order.

    cycle  the colour of each trace for which nothing is said, by its place
    """
    known = [one for one in traces if one["type"] in NAMED]
    wanted = layout.get("showlegend")
    if wanted is False or (wanted is None and len(known) < 2 and not _asked(known)):
        return []
    found = []
    for one in known:
        name = plain(one.get("name") or "")
        if one.get("showlegend", True) is not False and name:
            found.append((_sign(one, cycle[one["index"]]), name))
    return found


def _asked(traces: list[Trace]) -> bool:
    return any(one.get("showlegend") is True for one in traces)


def _sign(trace: Trace, cycle: str) -> Artist:
    marker, line = trace.get("marker") or {}, trace.get("line") or {}
    own = float(trace.get("opacity", 1.0))
    if trace["type"] != "scatter":
        first = each(marker.get("color"), 1, cycle, {"opacity": 1.0} | marker)[0]
        return Patch(facecolor=(*first[:3], first[3] * own), edgecolor="none")
    mode, width = stroke_of(trace), float(line.get("width", 2))
    ink: Any = line.get("color") or (marker.get("color") if isinstance(marker.get("color"), str)
                                else cycle)  # fmt: skip
    if trace.get("fill") and not ("lines" in mode and width):
        return Patch(facecolor=rgba(trace.get("fillcolor") or ink, own), edgecolor="none")
    lined = "lines" in mode and width > 0
    look: dict[str, Any] = {
        "color": rgba(ink, own), "linewidth": width * POINT if lined else 0,
        "linestyle": dash_of(line) if lined else "",
    }  # fmt: skip
    if "markers" in mode:
        given: Any = marker.get("symbol")
        several = isinstance(given, list | tuple | np.ndarray)
        shape, is_open = symbol_of(listed(given)[0] if several and len(given) else
                                   None if several else given)  # fmt: skip
        dot = each(_first(marker.get("color")), 1, ink, {})[0]
        size = float(np.max(marker.get("size") or 6))
        look |= {
            "marker": shape, "markersize": min(size, LARGEST) * POINT,
            "markerfacecolor": "none" if is_open else dot, "markeredgecolor": dot,
            "markeredgewidth": 1.5 * POINT if is_open or shape in "x+|_" else 0,
        }  # fmt: skip
    return Line2D([], [], **look)


def _first(colour: Any) -> Any:
    """A text or nothing; of a colour for each dot, the first."""
    if colour is None or isinstance(colour, str):
        return colour
    return colour[0] if len(colour) and isinstance(colour[0], str) else None


def legend_on(sheet: Figure, found: list[tuple[Artist, str]], columns: int) -> Legend:
    names = [name for _, name in found]
    legend = sheet.legend(
        [sign for sign, _ in found], names, ncols=columns, frameon=False, loc="upper left",
        borderpad=0, borderaxespad=0, handlelength=1.8, columnspacing=1.4, handletextpad=0.6,
        labelspacing=0.4, prop={"size": 12 * POINT, "family": families("".join(names))},
    )  # fmt: skip
    legend.set_gid("legend")
    return legend


class ColourBar:
    """A bar of colours on axes of its own, see `place`."""

    def __init__(self, sheet: Figure, of: dict[str, Any], scale: Any, reverse: bool,
                 low: float, high: float) -> None:  # fmt: skip
        low, high = (low - 0.5, low + 0.5) if low == high else (low, high)
        self.of, self.low, self.high = of, low, high
        self.flat = of.get("orientation") == "h"
        self.on: Axes = sheet.add_axes((0, 0, 0.1, 0.1), gid="colour-bar")
        values = np.linspace(low, high, 256)
        colours = on_scale(values, low, high, scale, reverse)
        pixels = colours[None] if self.flat else colours[:, None]
        extent = (low, high, 0, 1) if self.flat else (0, 1, low, high)
        self.on.imshow(pixels, extent=extent, origin="lower", aspect="auto")
        for spine in self.on.spines.values():
            spine.set(linewidth=0.5 * POINT, color="#9AA5B1")
        self._title()

    def _title(self) -> None:
        text = plain(titled(self.of))
        given = self.of.get("title")
        title = given if isinstance(given, dict) else {}
        if not text:
            return
        look: dict[str, Any] = {
            "fontsize": size_of(title.get("font")) * POINT,
            "fontfamily": families(text),
        }
        if self.flat and title.get("side") != "top":
            self.on.set_xlabel(text, labelpad=3 * POINT, **look)
        elif title.get("side") == "right":
            self.on.yaxis.set_label_position("right")
            self.on.set_ylabel(text, rotation=-90, va="bottom", labelpad=5 * POINT, **look)
        else:
            self.on.set_title(text, loc="left", pad=6 * POINT, **look)

    def place(self, left: float, top: float, width: float, height: float, sheet: Any) -> None:
        """For a plot of these pixels, from the sheet's upper left corner; sheet  its (W, H)"""
        thick = float(self.of.get("thickness", THICK))
        length = float(self.of.get("len", 1.0)) * (width if self.flat else height)
        x = float(self.of.get("x", 0.5 if self.flat else 1.02))
        y = float(self.of.get("y", 1.02 if self.flat else 0.5))
        across = self.of.get("xanchor") or ("center" if self.flat else "left")
        up = self.of.get("yanchor") or ("bottom" if self.flat else "middle")
        size = (length, thick) if self.flat else (thick, length)
        start = left + x * width - size[0] * {"left": 0, "center": 0.5, "right": 1}[across]
        above = top + (1 - y) * height
        above -= size[1] * {"top": 0, "middle": 0.5, "bottom": 1}[up]
        if self.flat and up == "top":
            above += 4.0
        elif not self.flat:
            start += float(self.of.get("xpad", BESIDE)) - 0.02 * width * (x == 1.02)
        self.on.set_position((start / sheet[0], 1 - (above + size[1]) / sheet[1],
                              size[0] / sheet[0], size[1] / sheet[1]))  # fmt: skip
        marks = as_marks(self.of, self.low, self.high, length)
        font = size_of(self.of.get("tickfont")) * POINT
        axis = self.on.xaxis if self.flat else self.on.yaxis
        other = self.on.yaxis if self.flat else self.on.xaxis
        axis.set_ticks([at for at, _ in marks], [text for _, text in marks], fontsize=font)
        axis.set_tick_params(length=2 * POINT, width=0.5 * POINT, pad=2 * POINT, color=INK)
        other.set_ticks([])
        if not self.flat:
            self.on.yaxis.tick_right()


def colour_bars(sheet: Figure, traces: list[Trace], layout: dict[str, Any]) -> list[ColourBar]:
    found, shared = [], set()
    for one in traces:
        axis = one.get("coloraxis")
        if axis:
            of = layout.get(axis) or {}
            if axis in shared or of.get("showscale", True) is False:
                continue
            shared.add(axis)
            low, high = scale_ends(one, floats(one["z"]), of)
            found.append(_bar(sheet, of, low, high))
        elif one["type"] in ("heatmap", "contour") and one.get("showscale", True) is not False:
            values = floats(one["z"]) if len(one["z"]) else np.empty(0)
            found.append(_bar(sheet, one, *scale_ends(one, values, {})))
        for part in (one.get("line"), one.get("marker")):
            if isinstance(part, dict) and part.get("showscale"):
                values = floats(listed(part["color"]))
                ends = scale_ends({}, values, {**part, "colorscale": part.get("colorscale")})
                if one["type"] == "parcoords":  # whose own labels stand above
                    part = {**part, "colorbar": _aside(part.get("colorbar") or {})}
                found.append(_bar(sheet, part, *ends))
    return found


def _aside(bar: dict[str, Any]) -> dict[str, Any]:
    """The bar with its title beside it."""
    title = bar.get("title")
    return {**bar, "title": {"side": "right", **(title if isinstance(title, dict)
                                                 else {"text": title})}}  # fmt: skip


def _bar(sheet: Figure, of: dict[str, Any], low: float, high: float) -> ColourBar:
    scale = of.get("colorscale") or "Viridis"
    bar = of.get("colorbar") or {}
    return ColourBar(sheet, bar, scale, bool(of.get("reversescale")), low, high)
