"""What must be on the sheet of a figure, counted from the figure itself."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.collections import PatchCollection, PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from dlexplain.figures.printing.given import listed, read, titled
from dlexplain.figures.printing.sheet import Sheet
from dlexplain.figures.printing.texts import plain, settings, texts_of

WIDE_MM = 180.0


def check_printed(figure: go.Figure) -> None:
    """Words, ends of axes, bars, cells, dots and lines of the figure are on its sheet."""
    with settings("png"):
        sheet = Sheet(figure, WIDE_MM)
    traces, layout = read(figure)
    words = {text.get_text() for text in texts_of(sheet.figure)}
    missing = [one for one in wanted_words(traces, layout) if one not in words]
    assert missing == []
    check_ends(sheet, layout)
    for one in traces:
        check_marks(sheet.figure, one)
    check_inside(sheet)


def wanted_words(traces: list[dict[str, Any]], layout: dict[str, Any]) -> list[str]:
    """Titles of axes that are seen, annotations, names in the legend, ticks that are named."""
    found = [plain(one.get("text")) for one in layout.get("annotations") or ()]
    used = {one.get(f"{letter}axis") or letter for one in traces for letter in "xy"}
    if all(one["type"] == "parcoords" for one in traces):
        used = set()
    for name, axis in layout.items():
        if "axis" not in name[:5] or name.replace("axis", "") not in used:
            continue
        if axis.get("visible", True) is False:
            continue
        found.append(plain(titled(axis)))
        named = axis.get("type") == "category" and axis.get("showticklabels") is not False
        if named and axis.get("range") is None:
            found += [plain(tick) for tick in listed(axis.get("ticktext"))]
    named = [one for one in traces if one["type"] in ("scatter", "bar", "histogram")]
    if layout.get("showlegend", len(named) > 1) is not False:
        found += [plain(one.get("name")) for one in named if one.get("showlegend", True)]
    for one in traces:
        found += [plain(part["label"]) for part in one.get("dimensions") or ()]
        if "text" in str(one.get("mode")):
            found += [plain(word) for word in listed(one.get("text"))]
    return [one for one in found if one.strip()]


def check_ends(sheet: Sheet, layout: dict[str, Any]) -> None:
    """An axis whose range is given has that range, and a reversed one is reversed."""
    for pair, frame in sheet.frames.items():
        for name, ends in zip(pair, (frame.on.get_xlim(), frame.on.get_ylim()), strict=True):
            given = layout.get(f"{name[0]}axis{name[1:]}") or {}
            axis = sheet.axes[name]
            asked = listed(given.get("range"))
            if len(asked) == 2 and None not in asked:
                wanted = [axis.at(one, as_power=True) for one in asked]
                np.testing.assert_allclose(ends, wanted)
            elif given.get("autorange") == "reversed":
                assert ends[0] > ends[1]


def check_marks(drawn: Figure, trace: dict[str, Any]) -> None:
    name, kind = f"trace-{trace['index']}", trace["type"]
    own = drawn.findobj(lambda artist: artist.get_gid() == name)
    if kind == "bar":
        values = listed(trace["x" if trace.get("orientation") == "h" else "y"])
        assert sum(isinstance(one, Rectangle) for one in own) == len(values)
    elif kind == "heatmap" and np.size(trace["z"]):
        cells = [one for one in own if isinstance(one, PatchCollection)]
        if cells:
            known = np.isfinite(np.array(trace["z"], dtype=float)).sum()
            assert len(cells[0].get_paths()) == known
        else:
            mesh = next(one for one in own if isinstance(one, AxesImage | QuadMesh))
            shape = mesh.get_array().shape
            assert shape[:2] == np.shape(trace["z"])[:2]
    elif kind == "scatter" and trace.get("mode") == "markers":
        dots = sum(len(one.get_offsets()) for one in own if isinstance(one, PathCollection))
        marker = trace.get("marker") or {}
        colour, opacity = marker.get("color"), marker.get("opacity")
        unseen = colour == "rgba(0,0,0,0)" or opacity == 0
        values = [one for one in listed(trace.get("y")) if one is not None and one == one]
        assert dots == (0 if unseen else len(values))
    elif kind == "scatter" and trace.get("mode") == "lines":
        width = (trace.get("line") or {}).get("width", 2)
        assert bool(own) == (width > 0 and len(listed(trace.get("y"))) > 0)


def check_inside(sheet: Sheet) -> None:
    """No word reaches over the sheet's edge by more than a hair; wide legends may not either."""
    sheet.figure.draw_without_rendering()
    wide, high = sheet.wide, sheet.high
    for text in texts_of(sheet.figure):
        box = text.get_window_extent()
        if text.get_clip_on() or not box.width:
            continue
        assert box.x0 > -3 and box.y0 > -3, text
        assert box.x1 < wide + 3 and box.y1 < high + 3, text
