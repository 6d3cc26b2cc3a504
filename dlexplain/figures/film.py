"""An explanation film drawn: frames with their curves, as an animation, as a strip, as a figure."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from plotly.subplots import make_subplots

from dlexplain.figures.film_panels import PANEL, film_scale, panel
from dlexplain.figures.overlay import INK, PAPER, write_line
from dlexplain.figures.scales import BLUE, CLEAR, ORANGE, in_full
from dlexplain.language import SOURCE, only, tr
from dlexplain.results import Film, FilmFrame, SeriesAttribution, plot
from dlexplain.results.words import metric_name

LARGEST = 5_000_000
"""Bytes of an animation; one that would be larger is drawn smaller."""
FRAME_MS, LAST_MS = 900, 2600
"""How long a frame is shown, and the last."""
MARGIN, GAP, CHART = 16, 28, 360
HEAD, FOOT = 62, 64
GREY, LINE_GREY, RULE = (110, 122, 134), (178, 186, 194), (226, 230, 234)
Pixel = tuple[float, float]


def film_frames(film: Film) -> list[NDArray[np.uint8]]:
    """One sheet a frame, (height, width, 3): the map, and the loss and the answer beside it, on
    one colour scale and the same axes throughout."""
    return [_sheet(film, place) for place in range(len(film.frames))]


def film_webp(film: Film) -> bytes:
    """An animated WebP of less than 5 MB that begins again at its end."""
    return _animated(film, partial(_encoded, form="WEBP", quality=82, method=4, minimize_size=True))


def film_gif(film: Film) -> bytes:
    """The same as a GIF, for what shows no WebP; its colours are 128."""
    return _animated(film, _gif)


@only(SOURCE)
def film_strip(film: Film, columns: int = 5) -> bytes:
    """A PNG of all maps side by side, for paper."""
    side, label = 200, 26
    count = len(film.frames)
    across = min(columns, count)
    rows = -(-count // across)
    size = (across * (side + MARGIN) + MARGIN, rows * (side + label + MARGIN) + MARGIN + 34)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, 10), _title(film), 18, size[0] - 2 * MARGIN)
    for place, frame in enumerate(film.frames):
        left = MARGIN + place % across * (side + MARGIN)
        top = 34 + MARGIN + place // across * (side + label + MARGIN)
        image = Image.fromarray(panel(film, frame)).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(image, (left, top))
        write_line(
            draw, (left, top + side + 4), tr(f"Epoch {frame.epoch}: {_short_of(frame)}"), 14, side
        )
    return _png(sheet)


def _png(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _animated(film: Film, encode: Any) -> bytes:
    sheets = [Image.fromarray(pixels) for pixels in film_frames(film)]
    for factor in (1.0, 0.75, 0.5, 0.35):
        size = (round(sheets[0].width * factor), round(sheets[0].height * factor))
        images = [s if factor == 1.0 else s.resize(size, Image.Resampling.LANCZOS) for s in sheets]
        found: bytes = encode(images)
        if len(found) < LARGEST:
            break
    return found


def _encoded(images: Sequence[Image.Image], form: str, **more: Any) -> bytes:
    buffer = io.BytesIO()
    times = [FRAME_MS] * (len(images) - 1) + [LAST_MS]
    images[0].save(
        buffer, form, save_all=True, append_images=images[1:], duration=times, loop=0, **more
    )
    return buffer.getvalue()


def _gif(images: Sequence[Image.Image]) -> bytes:
    few = [
        image.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE) for image in images
    ]
    return _encoded(few, "GIF", disposal=1)


@only(SOURCE)
def _sheet(film: Film, place: int) -> NDArray[np.uint8]:
    frame = film.frames[place]
    width = 2 * MARGIN + PANEL + GAP + CHART
    sheet = Image.new("RGB", (width, HEAD + PANEL + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, 10), _title(film), 20, width - 2 * MARGIN)
    told = tr(f"{_when(frame)} of {film.epochs}: {_answer(frame)}")
    write_line(draw, (MARGIN, 36), told, 17, width - 2 * MARGIN)
    sheet.paste(Image.fromarray(panel(film, frame)), (MARGIN, HEAD))
    _draw_scale(sheet, draw, film)
    left, height = MARGIN + PANEL + GAP, (PANEL - 12) // 2
    _draw_loss(draw, film, frame, (left, HEAD, left + CHART, HEAD + height))
    _draw_value(draw, film, place, (left, HEAD + height + 12, left + CHART, HEAD + PANEL))
    legend = tr("red speaks for it, blue against it") if film.signed else tr("bright speaks for it")
    write_line(draw, (left, HEAD + PANEL + 12), tr(f"Map: {legend}, one scale"), 13, CHART)
    return np.asarray(sheet)


def _title(film: Film) -> str:
    found = film.last.found
    if isinstance(found, SeriesAttribution):
        return tr(f"{film.title}: why {found.target}, {found.step} ahead")
    return tr(f"{film.title}: why {found.class_question}")


def _when(frame: FilmFrame) -> str:
    return tr(f"Epoch {frame.epoch}") if frame.epoch else tr("Epoch 0, before the first step")


def _answer(frame: FilmFrame) -> str:
    found = frame.found
    if isinstance(found, SeriesAttribution):
        return tr(f"forecast change {frame.value:+.3g}{found.unit}").replace("-", "−")
    target = found.target.label
    said = "" if frame.said == target else f'says "{frame.said}", '
    return tr(f"{said}{target} {frame.value:.0%}")


def _short_of(frame: FilmFrame) -> str:
    """What the model says, without the class that it names where that is another."""
    return _answer(frame).rpartition('", ')[2]


def _draw_scale(sheet: Image.Image, draw: ImageDraw.ImageDraw, film: Film) -> None:
    scale, top = film_scale(film), HEAD + PANEL + 12
    values = np.linspace(scale.low, scale.high, PANEL, dtype=np.float32)[None].repeat(12, axis=0)
    share = scale.opacity(values)[..., None]
    bar = (1 - share) * 255 + share * scale.colour(values)
    sheet.paste(Image.fromarray(bar.round().astype(np.uint8)), (MARGIN, top))
    draw.rectangle((MARGIN, top, MARGIN + PANEL, top + 12), outline=LINE_GREY)
    font = ImageFont.load_default(13)
    unit = getattr(film.last.found, "unit", "")
    ends = (("la", 0, f"{scale.low:.3g}"), ("ra", PANEL, f"{scale.high:.3g}"))
    for anchor, place, text in ends:
        draw.text((MARGIN + place, top + 16), text, INK, font, anchor=anchor)
    room = PANEL - 120
    while unit and draw.textlength(unit, font=font) > room:
        unit = unit[:-2].rstrip() + "…"
    draw.text((MARGIN + PANEL // 2, top + 16), unit, GREY, font, anchor="ma")


@dataclass(frozen=True)
class _Axes:
    """A small chart: its box on the sheet, and the values at its ends."""

    box: tuple[int, int, int, int]
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> Pixel:
        left, top, right, bottom = self.inner
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * (right - left), bottom - min(1.0, max(0.0, up)) * (bottom - top)

    @property
    def inner(self) -> tuple[int, int, int, int]:
        left, top, right, bottom = self.box
        return left + 38, top + 24, right - 8, bottom - 20

    def draw(self, draw: ImageDraw.ImageDraw, title: str, form: str) -> None:
        left, _, right, bottom = self.inner
        small = ImageFont.load_default(12)
        write_line(draw, (self.box[0], self.box[1]), title, 14, self.box[2] - self.box[0])
        for value in (self.y[0], (self.y[0] + self.y[1]) / 2, self.y[1]):
            y = self.at(self.x[0], value)[1]
            draw.line((left, y, right, y), fill=RULE)
            draw.text((left - 6, y), format(value, form), GREY, small, anchor="rm")
        for value in (self.x[0], self.x[1]):
            anchor = "la" if value == self.x[0] else "ra"
            x = self.at(value, self.y[0])[0]
            draw.text((x, bottom + 4), tr(f"epoch {value:g}"), GREY, small, anchor=anchor)

    def line(
        self, draw: ImageDraw.ImageDraw, points: Sequence[Pixel], ink: Any, width: int
    ) -> None:
        found = [self.at(x, y) for x, y in points]
        if len(found) > 1:
            draw.line(found, fill=ink, width=width, joint="curve")

    def now(self, draw: ImageDraw.ImageDraw, x: float) -> None:
        place = self.at(x, self.y[0])[0]
        draw.line((place, self.inner[1], place, self.inner[3]), fill=INK, width=1)

    def dot(self, draw: ImageDraw.ImageDraw, x: float, y: float, ink: Any) -> None:
        across, down = self.at(x, y)
        draw.ellipse((across - 4, down - 4, across + 4, down + 4), fill=ink)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def _draw_loss(
    draw: ImageDraw.ImageDraw, film: Film, frame: FilmFrame, box: tuple[int, int, int, int]
) -> None:
    """The curves of the loss, whole, and where the frame stands."""
    lines = [(c.key, _by_epoch(film, c.steps), c.values) for c in film.curves if len(c)]
    if not lines:
        write_line(draw, box[:2], tr("No loss was recorded"), 14, CHART)
        return
    low, high = _span(np.concatenate([values for _, _, values in lines]))
    axes = _Axes(box, (0.0, float(max(1, film.epochs))), (low, high))
    names = ", ".join(f"{_short(key)} {_ink_name(key)}" for key, _, _ in lines)
    axes.draw(draw, tr(f"Loss: {names}"), ".3g")
    for key, epochs, values in lines:
        points = list(zip(epochs.tolist(), values.tolist(), strict=True))
        axes.line(draw, points, _rgb(_ink(key)), 1 if key.startswith("train") else 2)
    axes.now(draw, frame.epoch)


def _draw_value(
    draw: ImageDraw.ImageDraw, film: Film, place: int, box: tuple[int, int, int, int]
) -> None:
    """What the model says, up to the frame; what comes is faint."""
    values = np.array([frame.value for frame in film.frames])
    share = film.modality != "series"
    ends = (0.0, 1.0) if share else _span(values)
    axes = _Axes(box, (0.0, float(max(1, film.epochs))), ends)
    what = film.what[:1].upper() + film.what[1:]
    axes.draw(draw, what, ".0%" if share else ".3g")
    points = [(float(f.epoch), f.value) for f in film.frames]
    axes.line(draw, points, LINE_GREY, 1)
    axes.line(draw, points[: place + 1], _rgb(BLUE), 3)
    axes.now(draw, film.frames[place].epoch)
    axes.dot(draw, *points[place], _rgb(BLUE))


def _by_epoch(film: Film, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Steps as parts of epochs; a metric of a step is known when it is done."""
    return np.asarray((steps + 1) / max(1, film.steps) * film.epochs, np.float64)


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or max(abs(high), 1.0) * 0.05
    return low - room, high + room


def _ink(key: str) -> str:
    return ORANGE if key.startswith("validation") else BLUE


def _ink_name(key: str) -> str:
    return "(orange)" if key.startswith("validation") else "(blue)"


def _short(key: str) -> str:
    return "training" if key.startswith("train") else key.partition("/")[0]


@plot.register
def plot_film(film: Film, epoch: int | None = None) -> go.Figure:
    """The loss, then what the model says and how alike each map is with the last.

    epoch  where a line stands, by default at the last frame
    """
    drawn = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    for curve in film.curves:
        drawn.add_scatter(
            x=_by_epoch(film, curve.steps), y=curve.values, row=1, col=1, mode="lines",
            name=tr(metric_name(curve.key)),
            line={"color": _ink(curve.key), "width": 1.5},
            hovertemplate="%{y:.4g}<extra>" + tr(metric_name(curve.key)) + "</extra>",
        )  # fmt: skip
    epochs = [frame.epoch for frame in film.frames]
    likeness = [None if math.isnan(f.likeness) else f.likeness for f in film.frames]
    series = film.modality == "series"
    if not series:
        values = [frame.value for frame in film.frames]
        drawn.add_scatter(
            x=epochs, y=values, row=2, col=1, mode="lines+markers", name=tr(film.what),
            line={"color": BLUE}, hovertemplate="%{y:.1%}<extra></extra>",
        )  # fmt: skip
    drawn.add_scatter(
        x=epochs, y=likeness, row=2, col=1, mode="lines+markers", name=tr("map like the last one"),
        line={"color": ORANGE, "dash": "dot"}, hovertemplate="ρ = %{y:.2f}<extra></extra>",
    )  # fmt: skip
    drawn.add_vline(
        x=film.last.epoch if epoch is None else epoch, line={"color": "#7A8594", "width": 1.5}
    )
    drawn.update_yaxes(title=tr("loss"), row=1, col=1)
    drawn.update_yaxes(title=tr("likeness") if series else tr("share"), row=2, col=1)
    drawn.update_xaxes(title=tr("epochs done"), row=2, col=1)
    drawn.update_layout(
        height=430,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.16, "yanchor": "top"},
        hovermode="x unified",
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
    )
    return in_full(drawn)
