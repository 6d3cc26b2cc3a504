"""Many small pictures as one."""

import numpy as np
from numpy.typing import NDArray

GREY = 128


def tile(pixels: NDArray[np.uint8], in_a_row: int = 8, gap: int = 1) -> NDArray[np.uint8]:
    """(count, height, width, 1 or 3) -> one picture (rows, columns, 3), with grey between."""
    count, height, width = pixels.shape[:3]
    columns = min(count, in_a_row)
    rows = -(-count // in_a_row)
    sheet = np.full((rows * (height + gap), columns * (width + gap), 3), GREY, np.uint8)
    for place, picture in enumerate(pixels):
        y, x = place // in_a_row * (height + gap), place % in_a_row * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet


def in_pairs(
    originals: NDArray[np.uint8], copies: NDArray[np.uint8], in_a_row: int = 8
) -> NDArray[np.uint8]:
    """One picture of rows by turns: originals, and below each its copy."""
    rows: list[NDArray[np.uint8]] = []
    for first in range(0, len(originals) // in_a_row * in_a_row or len(originals), in_a_row):
        rows += [originals[first : first + in_a_row], copies[first : first + in_a_row]]
    return tile(np.concatenate(rows), min(in_a_row, len(originals)))
