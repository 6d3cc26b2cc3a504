"""The map of one frame of an explanation film as a square of pixels: picture, text or series."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dlexplain.figures.overlay import INK, PAPER, overlay, smoothed
from dlexplain.figures.scales import Scale
from dlexplain.results import Attribution, Film, FilmFrame, SeriesAttribution, TextAttribution
from dlexplain.results.films import map_of
from dlexplain.results.words import made_visible

PANEL = 360
"""Pixels of a side."""
SIZES = (22, 19, 16, 14, 12, 10)
"""Of a text's letters: the largest with which it fits."""
STRONGEST = 0.75
NAMES = 96
"""Pixels for the names of series."""
Ink = tuple[int, int, int]


def film_scale(film: Film) -> Scale:
    """One for all frames: its ends are those of all maps together."""
    maps = film.maps
    if film.modality == "picture":
        maps = np.stack([smoothed(one) for one in maps])
    return Scale.of(maps.ravel(), film.signed)


def panel(film: Film, frame: FilmFrame) -> NDArray[np.uint8]:
    """(PANEL, PANEL, 3)"""
    found = frame.found
    if isinstance(found, Attribution):
        return _picture(film, found)
    if isinstance(found, TextAttribution):
        return _text(film_scale(film), found)
    return _series(film_scale(film), found)


def _picture(film: Film, found: Attribution) -> NDArray[np.uint8]:
    rival = film.maps.reshape(-1, film.maps.shape[-1])
    pixels, _ = overlay(found.picture, found.heatmap, found.signed, side=PANEL, rival=rival)
    return np.asarray(Image.fromarray(pixels).resize((PANEL, PANEL), Image.Resampling.LANCZOS))


def _text(scale: Scale, found: TextAttribution) -> NDArray[np.uint8]:
    """The tokens from left to right, each on its colour; what does not fit is left out."""
    pieces = _pieces(scale, found)
    for size in SIZES:
        sheet, whole = _written(pieces, size)
        if whole:
            break
    return sheet


def _pieces(scale: Scale, found: TextAttribution) -> list[tuple[str, Ink]]:
    """Each token with the blanks before it, and its colour."""
    inside = found.words >= 0
    values = found.values[inside].astype(np.float32)[None]
    share = STRONGEST * scale.opacity(values)[0][:, None]
    inks = ((1 - share) * 255 + share * scale.colour(values)[0]).round().astype(int)
    pieces, at = [], 0
    for (start, stop), ink in zip(found.offsets[inside].tolist(), inks.tolist(), strict=True):
        if stop <= at:  # a second piece of the same letter
            continue
        text = made_visible(" ".join(found.text[at:stop].split()))
        blank = found.text[at:start][-1:].isspace() or found.text[start:stop][:1].isspace()
        red, green, blue = ink
        pieces.append((f" {text}" if blank and at else text, (red, green, blue)))
        at = stop
    return pieces


def _written(pieces: list[tuple[str, Ink]], size: int) -> tuple[NDArray[np.uint8], bool]:
    """The sheet, and whether all is on it."""
    sheet = Image.new("RGB", (PANEL, PANEL), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size)
    line, x, y = round(1.7 * size), 0.0, 4.0
    for text, ink in pieces:
        own = text.lstrip(" ")
        gap = draw.textlength(" ", font=font) if own != text else 0.0
        width = draw.textlength(own, font=font)
        if x and x + gap + width > PANEL:
            x, y, gap = 0.0, y + line, 0.0
        if y + line > PANEL:
            draw.text((PANEL - 4, PANEL - line), "…", INK, font, anchor="ra")
            return np.asarray(sheet), False
        x += gap
        draw.rounded_rectangle((x, y, x + width, y + 1.4 * size), 3, fill=ink)
        draw.text((x, y + 0.1 * size), own, INK, font)
        x += width
    return np.asarray(sheet), True


def _series(scale: Scale, found: SeriesAttribution) -> NDArray[np.uint8]:
    """Series down, periods across."""
    values = map_of(found)
    share = scale.opacity(values)[..., None]
    cells = ((1 - share) * 255 + share * scale.colour(values)).round().astype(np.uint8)
    sheet = Image.new("RGB", (PANEL, PANEL), PAPER)
    draw = ImageDraw.Draw(sheet)
    height = PANEL - 24
    image = Image.fromarray(cells).resize((PANEL - NAMES, height), Image.Resampling.NEAREST)
    sheet.paste(image, (NAMES, 0))
    draw.rectangle((NAMES, 0, PANEL - 1, height), outline=(178, 186, 194))
    row = height / len(found.names)
    size = int(min(14, max(7, row)))
    font = ImageFont.load_default(size)
    for place, name in enumerate(found.names):
        name = made_visible(name)
        while name and draw.textlength(name, font=font) > NAMES - 6:
            name = name[:-2] + "…"
        draw.text((NAMES - 4, (place + 0.5) * row), name, INK, font, anchor="rm")
    for anchor, x, date in (("la", NAMES, found.dates[0]), ("ra", PANEL, found.dates[-1])):
        draw.text((x, height + 5), str(date)[:10], INK, ImageFont.load_default(12), anchor=anchor)
    return np.asarray(sheet)
