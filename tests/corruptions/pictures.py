"""Pictures to corrupt, and how far one is from another."""

import numpy as np
from PIL import Image
from skimage.data import chelsea

from dlexplain.corruptions.base import Picture, Pixels


def cat(width: int = 224, height: int = 224) -> Picture:
    """The middle of scikit-image's chelsea, cut to the shape and scaled."""
    whole = Image.fromarray(chelsea())
    part = min(whole.width / width, whole.height / height)
    left, top = ((whole.width - part * width) / 2, (whole.height - part * height) / 2)
    box = (left, top, left + part * width, top + part * height)
    return np.asarray(whole.resize((width, height), Image.Resampling.LANCZOS, box))


def plain(value: int, side: int = 224) -> Picture:
    return np.full((side, side, 3), value, np.uint8)


def drawn(shape: tuple[int, ...], seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).random(shape)


def squared_error(one: Picture, other: Picture) -> float:
    return float(((one.astype(float) - other) ** 2).mean())
