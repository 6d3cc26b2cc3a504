"""Lines, rectangles, words and pictures that a layout lays over or under its traces."""

import base64
import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Rectangle
from matplotlib.transforms import ScaledTranslation, Transform, blended_transform_factory
from PIL import Image

from dlexplain.errors import BadInput
from dlexplain.figures.printing.axis import Axis
from dlexplain.figures.printing.colours import rgba
from dlexplain.figures.printing.given import size_of
from dlexplain.figures.printing.strokes import dash_of
from dlexplain.figures.printing.texts import INK, POINT, families, is_bold, plain

Pairs = dict[tuple[str, str], Axes]
FAR = 0.01


class Place:
    """Where a mark's x and y count from: an axis, its domain, or the whole paper."""

    def __init__(
        self, of: dict[str, Any], pairs: Pairs, axes: dict[str, Axis], paper: Axes
    ) -> None:
        self.axes = axes
        self.refs = {one: str(of.get(f"{one}ref") or one) for one in "xy"}
        names = {one: ref.removesuffix(" domain") for one, ref in self.refs.items()}
        self.on = _pair(names, pairs, paper)
        parts = [
            paper.transAxes if self.refs[one] == "paper"
            else self.on.transAxes if self.refs[one].endswith("domain")
            else self.on.transData
            for one in "xy"
        ]  # fmt: skip
        self.transform: Transform = (
            parts[0] if parts[0] is parts[1] else blended_transform_factory(*parts)
        )

    def at(self, letter: str, value: Any, as_power: bool) -> float:
        ref = self.refs[letter]
        if ref == "paper" or ref.endswith("domain"):
            return float(value)
        return self.axes[ref].at(value, as_power)

    @property
    def inside(self) -> bool:
        """Whether the mark belongs to the axes, so that it ends where they end."""
        return any(ref[0] in "xy" for ref in self.refs.values())


def _pair(names: dict[str, str], pairs: Pairs, paper: Axes) -> Axes:
    for (x, y), axes in pairs.items():
        if names["x"] in (x, "paper") and names["y"] in (y, "paper"):
            return paper if names["x"] == names["y"] == "paper" else axes
    for (x, y), axes in pairs.items():
        if x == names["x"] or y == names["y"]:
            return axes
    return paper


def draw_shape(of: dict[str, Any], place: Place) -> None:
    kind, line = of.get("type") or "rect", of.get("line") or {}
    x0, x1 = (place.at("x", of.get(end, 0), as_power=False) for end in ("x0", "x1"))
    y0, y1 = (place.at("y", of.get(end, 0), as_power=False) for end in ("y0", "y1"))
    own = float(of.get("opacity", 1.0))
    width = float(line.get("width", 2)) * POINT
    look: dict[str, Any] = {
        "transform": place.transform, "gid": "shape", "clip_on": place.inside,
        "zorder": {"below": 0.5, "between": 1.8}.get(str(of.get("layer")), 3.5),
    }  # fmt: skip
    ink = rgba(line.get("color") or "#444444", own)
    if kind == "line":
        place.on.add_line(
            Line2D([x0, x1], [y0, y1], color=ink, linewidth=width, linestyle=dash_of(line), **look)
        )
        return
    if kind not in ("rect", "circle"):
        raise BadInput(f'a shape "{kind}" is not drawn in print; known: line, rect, circle')
    fill = rgba(of["fillcolor"], own) if of.get("fillcolor") else "none"
    more = {"facecolor": fill, "edgecolor": ink if width else "none", "linewidth": width,
            "linestyle": dash_of(line), **look}  # fmt: skip
    left, low, across, up = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
    place.on.add_patch(
        Rectangle((left, low), across, up, **more) if kind == "rect"
        else Ellipse((left + across / 2, low + up / 2), across, up, **more)
    )  # fmt: skip


def draw_annotation(of: dict[str, Any], place: Place, base: dict[str, Any]) -> None:
    """base  the layout's font"""
    text = plain(of.get("text"))
    if not text.strip():
        return
    x, y = place.at("x", of.get("x", 0.5), True), place.at("y", of.get("y", 0.5), True)
    font = {**base, **(of.get("font") or {})}
    box = None
    if of.get("bgcolor") or of.get("bordercolor"):
        box = {
            "facecolor": rgba(of["bgcolor"]) if of.get("bgcolor") else "none",
            "edgecolor": rgba(of["bordercolor"]) if of.get("bordercolor") else "none",
            "boxstyle": f"square,pad={float(of.get('borderpad', 1)) / size_of(font):.3f}",
        }
    across = of.get("xanchor") or "auto"
    up = of.get("yanchor") or "auto"
    pads = (float(of.get("borderpad", 1)) if box else 0.0) + 1.0
    look: dict[str, Any] = {
        "fontsize": size_of(font) * POINT, "color": rgba(font.get("color") or INK),
        "rotation": -float(of.get("textangle") or 0), "fontfamily": families(text),
        "weight": "bold" if is_bold(of.get("text")) else "normal", "gid": "annotation",
        "ha": _across(across, place, x), "va": _up(up, place, y), "zorder": 5, "bbox": box,
        "linespacing": 1.25,
    }  # fmt: skip
    shift = float(of.get("xshift") or 0), -float(of.get("yshift") or 0)
    if of.get("showarrow", True):
        offset = float(of.get("ax", -10)) * POINT, -float(of.get("ay", -30)) * POINT
        arrow = {"arrowstyle": "-|>", "color": rgba(of.get("arrowcolor") or INK),
                 "linewidth": float(of.get("arrowwidth", 1)) * POINT}  # fmt: skip
        look |= {"ha": "center", "va": "center"}
        place.on.annotate(text, (x, y), offset, xycoords=place.transform, arrowprops=arrow,
                          textcoords="offset points", annotation_clip=False, **look)  # fmt: skip
        return
    inset = {"left": pads, "right": -pads}.get(look["ha"], 0.0) + shift[0]
    rise = {"bottom": pads, "top": -pads}.get(look["va"], 0.0) - shift[1]
    sheet = place.on.get_figure(root=True)
    assert sheet is not None
    moved = ScaledTranslation(inset / 96, rise / 96, sheet.dpi_scale_trans)
    place.on.text(x, y, text, transform=place.transform + moved, **look)


def _across(anchor: str, place: Place, x: float) -> str:
    if anchor != "auto":
        return anchor
    if place.refs["x"] != "paper":
        return "center"
    return "left" if x < 1 / 3 else "right" if x > 2 / 3 else "center"


def _up(anchor: str, place: Place, y: float) -> str:
    if anchor == "auto":
        if place.refs["y"] != "paper":
            return "center"
        return "bottom" if y < 1 / 3 else "top" if y > 2 / 3 else "center"
    return {"middle": "center"}.get(anchor, anchor)


def draw_picture(of: dict[str, Any], place: Place) -> None:
    """A layout's image, from its data: address."""
    pixels = decoded(str(of["source"]))
    width, height = float(of.get("sizex", 1)), float(of.get("sizey", 1))
    x, y = place.at("x", of.get("x", 0), True), place.at("y", of.get("y", 0), True)
    ref = place.refs["y"]
    down = ref in place.axes and place.axes[ref].low > place.axes[ref].high
    if of.get("sizing", "contain") == "contain" and place.refs["x"] in place.axes:
        share = min(width / pixels.shape[1], height / pixels.shape[0])
        width, height = share * pixels.shape[1], share * pixels.shape[0]
    left = x - width * {"left": 0, "center": 0.5, "right": 1}[of.get("xanchor") or "left"]
    above = {"top": 0, "middle": 0.5, "bottom": 1}[of.get("yanchor") or "top"]
    top = y - height * above if down else y + height * above
    bottom = top + height if down else top - height
    place.on.imshow(
        pixels, extent=(left, left + width, bottom, top), transform=place.transform,
        aspect="auto", interpolation="nearest", alpha=float(of.get("opacity", 1.0)),
        zorder=0.6 if of.get("layer") == "below" else 3.4, gid="picture", origin="upper",
    )  # fmt: skip


def decoded(source: str) -> Any:
    """(height, width, 3 or 4) of a data: address. Raises BadInput of another address."""
    if not source.startswith("data:image/"):
        raise BadInput("a figure's picture is printed from a data: address only")
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGBA"))
