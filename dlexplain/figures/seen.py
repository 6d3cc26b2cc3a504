"""A picture with what a model does not see of it darkened."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

LEFT_OUT = 0.3
"""Of its brightness, what is left out keeps."""
FRAME = (255, 255, 255)


def with_left_out(
    pixels: NDArray[np.uint8], part: tuple[float, float, float, float], side: int = 640
) -> NDArray[np.uint8]:
    """The picture, (H, W, 3), shrunk to at most `side`, dark outside of `part` and a frame there.

    part  left, top, right and bottom in the picture's pixels
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    scale = image.width / pixels.shape[1], image.height / pixels.shape[0]
    left, top, right, bottom = (round(at * scale[i % 2]) for i, at in enumerate(part))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    shown = (np.asarray(image) * LEFT_OUT).round().astype(np.uint8)
    shown[top:bottom, left:right] = np.asarray(image)[top:bottom, left:right]
    framed = Image.fromarray(shown)
    ImageDraw.Draw(framed).rectangle((left, top, right - 1, bottom - 1), outline=FRAME)
    return np.asarray(framed)
