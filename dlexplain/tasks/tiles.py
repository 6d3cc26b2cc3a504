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
