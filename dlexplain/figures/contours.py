"""Lines of equal values over a map, by marching squares (contourpy, which matplotlib brings)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dlexplain.figures.scales import Scale

SHARES = (0.25, 0.5, 0.75)
"""Of the scale's end, where lines are drawn; thicker, the further out."""
CASE = (255, 255, 255)
SHARP = 2
"""Pixels of the canvas for each of the picture, so that lines come out smooth."""
Line = NDArray[np.float64]


def levels(scale: Scale) -> list[tuple[float, int]]:
    """Values of the lines, and their weight from 1; on both sides of 0 for signed maps."""
    weights = range(1, len(SHARES) + 1)
    if scale.signed:
        up = [(share * scale.high, at) for share, at in zip(SHARES, weights, strict=True)]
        return [*((-value, at) for value, at in up), *up]
    span = scale.high - scale.low
    return [(scale.low + share * span, at) for share, at in zip(SHARES, weights, strict=True)]


def contour_lines(values: NDArray[np.float32], level: float) -> list[Line]:
    """Each line as its points (x, y), where a value (row, column) is the point (column, row).

    values  (height, width); lines end where NaN begins
    """
    from contourpy import contour_generator

    if min(values.shape) < 2:
        return []
    masked = np.ma.masked_invalid(values)
    found = contour_generator(z=masked, corner_mask=True).lines(level)
    return [np.asarray(line, dtype=np.float64) for line in found if len(line) > 1]


def draw_contours(
    pixels: NDArray[np.uint8], values: NDArray[np.float32], scale: Scale
) -> NDArray[np.uint8]:
    """(H, W, 3) with the lines of `levels`, each in its colour between two white ones."""
    height, width = pixels.shape[:2]
    size = (SHARP * width, SHARP * height)
    canvas = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(canvas)
    thin = SHARP * max(1.0, min(height, width) / 400)
    for level, weight in levels(scale):
        ink = tuple(int(part) for part in line_colour(scale, level))
        for line in contour_lines(values, level):
            points = [(SHARP * (x + 0.5), SHARP * (y + 0.5)) for x, y in line.tolist()]
            wide = thin * (0.6 + 0.5 * weight)
            draw.line(points, CASE, round(wide + 1.2 * thin), joint="curve")
            draw.line(points, ink, round(wide), joint="curve")
    return np.asarray(canvas.resize((width, height), Image.Resampling.BOX))


def line_colour(scale: Scale, level: float) -> NDArray[np.float32]:
    """(3,), 0..255"""
    colour: NDArray[np.float32] = scale.colour(np.array([[level]], np.float32))[0, 0]
    return colour
