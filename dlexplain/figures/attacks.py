"""An attack as pictures: what was added, magnified."""

import numpy as np
from numpy.typing import NDArray

from dlexplain.results import AttackResult

FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
MIDDLE = 127.5


def magnified(found: AttackResult) -> tuple[NDArray[np.uint8], int]:
    """(height, width, 3) uint8, grey where nothing was added, and by how much it is magnified: the
    largest of FACTORS at which the largest change is still within the scale."""
    change = found.change
    most = float(np.abs(change).max())
    factor = max((f for f in FACTORS if f * most <= 1), default=1)
    pixels = MIDDLE + MIDDLE * np.clip(factor * change, -1, 1)
    return pixels.round().astype(np.uint8), factor
