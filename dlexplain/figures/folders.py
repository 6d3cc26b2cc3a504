"""Many pictures of one folder: their maps as a contact sheet, and how sure the model is of them."""

import base64
import io
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dlexplain.figures.overlay import MARGIN, PAPER, overlay, write_line
from dlexplain.figures.scales import BLUE, ORANGE, new_figure
from dlexplain.figures.scales import INK as GREY
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import SOURCE, only, tr
from dlexplain.results import ExplainedFolder, PictureAnswer, plot
from dlexplain.results.folders import ORDERS, Order
from dlexplain.results.words import made_visible

TILE, GAP, TEXT = 128, 12, 34
"""Pixels of a map on the sheet, between two, and of the two lines below each."""
IN_A_ROW, MOST = 10, 200
"""Maps in a row of the sheet, and on all of it."""
THUMB = 96
"""Pixels of a small picture in a table, twice what is shown."""
QUALITY = 82
COLOURS = {"right": BLUE, "wrong": ORANGE, "": GREY}
NAMES = {"right": "right", "wrong": "wrong", "": "truth unknown"}
BINS = 10
FEW = 5
"""Up to so many pictures in one bar each has its line: there are no halves of one."""


def map_tile(found: ExplainedFolder, answer: PictureAnswer, side: int = TILE) -> NDArray[np.uint8]:
    """The map over what the model saw, (side, side, 3)."""
    values, view = found.load(answer)
    pixels, _ = overlay(view, values, found.signed, side=side)
    return _resized(pixels, side)


def view_tile(
    found: ExplainedFolder, answer: PictureAnswer, side: int = THUMB
) -> NDArray[np.uint8]:
    """What the model saw, (side, side, 3)."""
    _, view = found.load(answer)
    return _resized(view, side)


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A small one keeps its pixels as squares."""
    enlarges = pixels.shape[0] < side
    how = Image.Resampling.NEAREST if enlarges else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((side, side), how))


def jpeg_address(pixels: NDArray[np.uint8]) -> str:
    """As a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def told(answer: PictureAnswer) -> tuple[str, str]:
    """Two lines below a map: the class, and what there is to say against it, or the file's name."""
    first = f"{answer.top.probability:.0%}: {answer.top.name.label}"
    if answer.right is False and answer.truth is not None:
        return first, tr(f"truth: {answer.truth.label}")
    if answer.rival is not None and answer.rival.name != answer.top.name:
        return first, tr(f"rival: {answer.rival.name.label}")
    return first, made_visible(answer.name.rpartition("/")[2])


@only(SOURCE)
def contact_sheet(found: ExplainedFolder, order: Order = "name", most: int = MOST) -> bytes:
    """A PNG of the maps over their pictures, those that come first in the order, at most `most`;
    each map on a scale of its own."""
    shown = found.ordered(order)[:most]
    row = max(4, min(IN_A_ROW, len(shown)))
    lines = -(-len(shown) // row)
    top = MARGIN + 64
    size = (2 * MARGIN + row * (TILE + GAP) - GAP, top + lines * (TILE + TEXT + GAP) + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    count = len(found.answers)
    part = (
        tr(f"{len(shown):,} of {count:,} pictures") if len(shown) < count else f"{count:,} pictures"
    )
    head = (
        (tr(f"{found.title}, {found.model}: {part} of {made_visible(found.source)}"), 22),
        (tr(f"{ORDERS[order]}. Each map explains the class below it, on a scale of its own."), 15),
    )
    for index, (text, letters) in enumerate(head):
        write_line(draw, (MARGIN, MARGIN + 30 * index), text, letters, size[0] - 2 * MARGIN)
    for index, answer in enumerate(shown):
        left = MARGIN + index % row * (TILE + GAP)
        upper = top + index // row * (TILE + TEXT + GAP)
        sheet.paste(Image.fromarray(map_tile(found, answer)), (left, upper))
        if answer.right is not None:
            frame = (left, upper, left + TILE - 1, upper + TILE - 1)
            draw.rectangle(frame, outline=COLOURS[answer.verdict], width=3)
        for line, text in enumerate(told(answer)):
            write_line(draw, (left, upper + TILE + 3 + 15 * line), text, 13, TILE)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


@plot.register
def plot_folder(found: ExplainedFolder) -> go.Figure:
    """Pictures by the probability of their class, right and wrong ones apart."""
    edges = np.linspace(0, 1, BINS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    every, _ = np.histogram([a.top.probability for a in found.answers], edges)
    most, traces = int(every.max()), []
    for verdict, colour in COLOURS.items():
        part = [a.top.probability for a in found.answers if a.verdict == verdict]
        if part:
            counts, _ = np.histogram(np.clip(part, 0, 1), edges)
            traces.append(_bars(counts, middle, edges, tr(NAMES[verdict]), colour))
    return new_figure(
        traces,
        {
            **BASE,
            "height": 260,
            "barmode": "stack",
            "bargap": 0.08,
            "showlegend": len(traces) > 1,
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "xaxis": share_axis(tr("probability of the class")),
            "yaxis": {
                "title": {"text": tr("pictures")},
                "rangemode": "tozero",
                "fixedrange": True,
                "automargin": True,
                **({"dtick": 1} if most <= FEW else {"nticks": 5}),
            },
        },
    )


def _bars(
    counts: NDArray[np.int64],
    middle: NDArray[np.float64],
    edges: NDArray[np.float64],
    name: str,
    colour: str,
) -> go.Bar:
    spans = [tr(f"from {low:.0%} to {high:.0%}") for low, high in pairwise(edges)]
    return go.Bar(
        x=middle,
        y=counts,
        name=name,
        width=1 / BINS * 0.92,
        marker={"color": colour},
        customdata=spans,
        hovertemplate="%{customdata}: %{y:,} " + name + "<extra></extra>",
    )
