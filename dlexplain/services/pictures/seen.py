"""A picture of any size and colour, made into what a model of small pictures takes; no torch.

The middle square, resized with antialiasing; grey where the model is grey (ITU-R 601 luminance);
inverted where the model knows bright strokes on a dark ground and the picture's rim is light.
Handwriting for MNIST is cut out and centred as its makers did: the ink, white on black, fits a
square of 20/28 of the side, its centre of mass in the middle (LeCun et al. 1998,
https://doi.org/10.1109/5.726791).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.pictures import Picture
from dlexplain.results import SeenPicture

LIGHT = 127.5
"""Median of the rim above which a ground is light."""
INK = 40
"""Difference to the ground from which on a pixel is part of the drawing."""
BOX = 20 / 28
Bytes = NDArray[np.uint8]


def see_picture(
    picture: Picture, channels: int, side: int, dark: bool = False, centre: bool = False
) -> SeenPicture:
    """As the model sees it, and what was done.

    dark    whether the model knows bright strokes on a dark ground: a light ground is inverted
    centre  cut bright ink out and centre it, where the picture is not of the model's size already
    """
    pixels, changes = picture.pixels, []
    height, width = pixels.shape[:2]
    if channels == 1:
        coloured = bool((pixels.max(axis=2).astype(int) - pixels.min(axis=2) > 0).any())
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]
        changes += ["made grey"] if coloured else []
        if dark and float(np.median(_rim(pixels))) > LIGHT:
            pixels = 255 - pixels
            changes.append("inverted, since its background is light and the model's is dark")
    if (height, width) != (side, side):
        ink = _ink(pixels) if centre and channels == 1 and dark else None
        if ink is not None:
            pixels = _centred(ink, side)
            changes.append(f"its ink cut out, made white and centred in {side} × {side}")
        else:
            pixels = _resized(_middle(pixels), side)
            cut = "its middle square " if height != width else ""
            changes.append(f"{cut}resized from {min(height, width)} to {side} pixels a side")
    return SeenPicture(picture.name, np.ascontiguousarray(pixels), tuple(changes))


def _rim(pixels: Bytes) -> Bytes:
    """Its outermost pixels."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _middle(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _resized(pixels: Bytes, height: int, width: int | None = None) -> Bytes:
    """Bicubic, antialiased."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    found = np.asarray(image.resize((width or height, height), Image.Resampling.BICUBIC))
    return found[:, :, None] if found.ndim == 2 else found


def _ink(pixels: Bytes) -> Bytes | None:
    """What is brighter than the ground, in its box, 0 to 255; None where nothing is."""
    values = pixels[:, :, 0].astype(np.float32)
    values -= float(np.median(_rim(pixels)))
    there = values > INK
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return None
    found = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    stretched: Bytes = np.clip(found * (255 / found.max()), 0, 255).round().astype(np.uint8)
    return stretched[:, :, None]


def _centred(ink: Bytes, side: int) -> Bytes:
    """The ink in a square of BOX of the side, its centre of mass in the middle."""
    box = max(1, round(side * BOX))
    height, width = ink.shape[:2]
    scale = box / max(height, width)
    small = _resized(ink, max(1, round(height * scale)), max(1, round(width * scale)))[:, :, 0]
    weights = small.astype(np.float64)
    total = weights.sum() or 1.0
    down = float((weights.sum(axis=1) * np.arange(small.shape[0])).sum() / total)
    right = float((weights.sum(axis=0) * np.arange(small.shape[1])).sum() / total)
    found = np.zeros((side, side), np.uint8)
    top = _within(round(side / 2 - 0.5 - down), side - small.shape[0])
    left = _within(round(side / 2 - 0.5 - right), side - small.shape[1])
    found[top : top + small.shape[0], left : left + small.shape[1]] = small
    return found[:, :, None]


def _within(place: int, most: int) -> int:
    return min(max(0, place), most)
