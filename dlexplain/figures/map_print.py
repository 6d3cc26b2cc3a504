"""A map for print: the picture and the map as pictures, lines and words as lines and words."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dlexplain.figures.contours import contour_lines, levels, line_colour
from dlexplain.figures.overlay import FAINT, PNG_SIDE, Layers, layers
from dlexplain.figures.scales import STANDARD, Palette, Sign
from dlexplain.figures.static import WIDTH_MM, Kind, printing
from dlexplain.results import Attribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCH = 25.4
GAP, HEAD, FOOT = 4.0, 15.0, 17.0
"""Millimetres between the pictures, above and below them."""
WHITE, DARK = "#FFFFFF", "#141414"


def printed_map(
    attribution: Attribution,
    kind: Kind,
    strength: float = 0.8,
    sign: Sign = "both",
    smooth: bool = True,
    palette: Palette = STANDARD,
    contours: bool = False,
    width_mm: float = WIDTH_MM,
) -> bytes:
    """The map's file, with its question, scale and unit, on a transparent ground of 300 dpi.

    The picture and the map are layers of their own, so that an editor can take them apart; contours
    and outlines are paths. See `static.printed` for the kinds.
    """
    with printing(kind, f"{attribution.title}: {attribution.class_question}") as finish:
        sheet = _sheet(attribution, strength, sign, smooth, palette, contours, width_mm)
        buffer = io.BytesIO()
        finish(sheet, buffer)
    return buffer.getvalue()


def _sheet(
    a: Attribution, strength: float, sign: Sign, smooth: bool, palette: Palette, contours: bool,
    width_mm: float,
) -> "Figure":  # fmt: skip
    from matplotlib.figure import Figure

    found = layers(a.picture, a.heatmap, a.signed, sign, PNG_SIDE, smooth, None, palette)
    rows, columns = found.values.shape
    panels = 1 if a.picture is None else 2
    wide = (width_mm - GAP * (panels - 1)) / panels
    high = wide * rows / columns
    size = (width_mm, HEAD + high + FOOT)
    sheet = Figure(figsize=(size[0] / INCH, size[1] / INCH), dpi=96)

    def panel(left: float, top: float, width: float, height: float) -> "Axes":
        return sheet.add_axes((left / size[0], 1 - (top + height) / size[1], width / size[0],
                               height / size[1]))  # fmt: skip

    _head(sheet, a, size)
    for place in range(panels):
        on = panel(place * (wide + GAP), HEAD, wide, high)
        last = place == panels - 1
        _picture(on, a, found, strength * (FAINT if contours else 1.0) if last else 0.0)
        if last and contours:
            _contours(on, found)
    left = (panels - 1) * (wide + GAP)
    _scale(panel(left + 1, HEAD + high + 2, wide - 2, 3), found, strength, a.unit)
    notes = " ".join(filter(None, ("Smoothed." if smooth else "", found.scale.words)))
    _write(sheet, left / size[0], 1.5 / size[1], notes, 6.5, "bottom")
    return sheet


def _head(sheet: "Figure", a: Attribution, size: tuple[float, float]) -> None:
    asked = ", ".join(f"{key}={value}" for key, value in a.params.items())
    _write(sheet, 0, 1 - 1.5 / size[1], f"{a.title}: {a.class_question}", 10, "top")
    below = f"{a.model}, {a.method}" + f" ({asked})" * bool(asked)
    _write(sheet, 0, 1 - 8 / size[1], below, 7, "top")


def _write(sheet: "Figure", x: float, y: float, text: str, points: float, side: str) -> None:
    """A line, smaller where it would reach over the sheet."""
    from dlexplain.figures.printing.texts import families

    told = sheet.text(x, y, text, fontsize=points, va=side, ha="left", fontfamily=families(text))
    sheet.draw_without_rendering()
    room = sheet.get_window_extent().width * (1 - x)
    width = told.get_window_extent().width
    if width > room:
        told.set_fontsize(max(4.0, points * room / width))


def _picture(on: "Axes", a: Attribution, found: Layers, strength: float) -> None:
    rows, columns = found.values.shape
    on.set_axis_off()
    place: dict[str, Any] = {"extent": (0, columns, rows, 0), "interpolation": "none"}
    if found.photo is not None:
        on.imshow(found.photo.astype(np.uint8), gid="picture", **place)
    if strength:
        colours = found.scale.colour(found.values) / 255
        on.imshow(np.concatenate([colours, found.share(strength)], axis=-1), gid="map", **place)
    if a.mask is not None:
        _outline(on, a, rows, columns)
    on.set(xlim=(0, columns), ylim=(rows, 0))


def _outline(on: "Axes", a: Attribution, rows: int, columns: int) -> None:
    """The mask's edge, white between dark lines."""
    assert a.mask is not None
    edge = np.pad(a.mask.astype(np.float32), 1)
    across, down = columns / a.mask.shape[1], rows / a.mask.shape[0]
    for line in contour_lines(edge, 0.5):
        x, y = (line[:, 0] - 0.5) * across, (line[:, 1] - 0.5) * down
        on.plot(x, y, color=DARK, linewidth=2.2, gid="outline-case")
        on.plot(x, y, color=WHITE, linewidth=1.0, gid="outline")


def _contours(on: "Axes", found: Layers) -> None:
    for level, weight in levels(found.scale):
        ink = line_colour(found.scale, level) / 255
        for line in contour_lines(found.values, level):
            x, y = line[:, 0] + 0.5, line[:, 1] + 0.5
            wide = 0.3 + 0.3 * weight
            on.plot(x, y, color=WHITE, linewidth=wide + 0.6, gid="contour-case")
            on.plot(x, y, color=ink.tolist(), linewidth=wide, gid=f"contour-{level:.3g}")


def _scale(on: "Axes", found: Layers, strength: float, unit: str) -> None:
    from dlexplain.figures.printing.numbers import in_full
    from dlexplain.figures.printing.texts import families

    scale = found.scale
    values = np.linspace(scale.low, scale.high, 256, dtype=np.float32)[None]
    share = max(strength, 0.2) * scale.opacity(values)[..., None]
    bar = np.concatenate([scale.colour(values) / 255, share], axis=-1)
    on.imshow(bar, extent=(scale.low, scale.high, 0, 1), aspect="auto", gid="scale")
    ends = [scale.low, scale.high]
    step = (scale.high - scale.low) / 100
    on.set_xticks(ends, [in_full(end, step) for end in ends], fontsize=7)
    first, last = on.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    on.set_xlabel(unit, fontsize=7, labelpad=-6, fontfamily=families(unit))
    on.set_yticks([])
    for spine in on.spines.values():
        spine.set(linewidth=0.4, color="#9AA5B1")
