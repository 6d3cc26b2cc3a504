"""A map laid over its picture, as an array and as a PNG."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dlexplain.figures.scales import Sign, colour, shown
from dlexplain.results import Attribution

PNG_SIDE = 672
SMALL = 64
"""Side in pixels under which a picture's pixels are meant to be seen: it is enlarged crisply."""


def enlarged(pixels: NDArray[np.uint8], least: int = PNG_SIDE) -> NDArray[np.uint8]:
    """A small picture with each pixel repeated until its sides have `least`; others as they are."""
    side = min(pixels.shape[:2])
    if side >= SMALL:
        return pixels
    factor = -(-least // side)
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def overlay(
    attribution: Attribution, strength: float = 0.6, sign: Sign = "both"
) -> NDArray[np.uint8]:
    """(height, width, 3): the picture in grey, and over it the map's colours.

    strength  0 shows the picture alone, 1 the map alone
    """
    heatmap = shown(attribution.heatmap, attribution.signed, sign)
    colours = colour(attribution.heatmap, attribution.signed)
    if attribution.picture is None:
        return colours.astype(np.uint8)
    grey = attribution.picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    share = np.where(np.isnan(heatmap), 0.0, strength)[..., None]
    blended = (1 - share) * grey[..., None] + share * colours
    return blended.round().astype(np.uint8)


def overlay_png(attribution: Attribution, strength: float = 0.6, sign: Sign = "both") -> bytes:
    """The overlay as PNG, enlarged to PNG_SIDE pixels, with method and class in its metadata.

    A small one is enlarged to at least so many, each of its pixels a square.
    """
    image = Image.fromarray(enlarged(overlay(attribution, strength, sign)))
    if min(image.size) < PNG_SIDE:
        image = image.resize((PNG_SIDE, PNG_SIDE), Image.Resampling.BICUBIC)
    info = PngInfo()
    info.add_text("Title", f"{attribution.title}: {attribution.class_question}")
    info.add_text("Software", "dlexplain")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
