"""Small pictures that a classifier was not trained on: digits, shapes, textures and noise.

All of them come with pip or are drawn; each is made at the size that the model sees.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.sets.shapes import draw
from dlexplain.errors import DataError

Pixels = NDArray[np.uint8]
"""(count, side, side, 3)"""
TEXTURES = ("brick.png", "grass.png", "gravel.png")
"""512 × 512, grey, of scikit-image."""
SMALLEST_CROP = 64
DEVIATION = 64.0
TEXTURE = 0.3
"""Of the shapes' ground, as the data set has it."""


def digits(count: int, side: int, seed: int) -> Pixels:
    """scikit-learn's handwritten digits, 8 × 8, enlarged (Alpaydin and Kaynak 1998)."""
    from sklearn.datasets import load_digits

    known = load_digits().images
    places = np.random.default_rng(seed).permutation(len(known))[:count]
    found = [_resized((known[place] * 255 / 16).astype(np.uint8), side) for place in places]
    return np.stack(found)


def shapes(count: int, side: int, seed: int) -> Pixels:
    """Circles, squares, triangles, stars and crosses on striped ground."""
    drawn = draw(count, max(16, side), TEXTURE, seed).pixels
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side))) for one in drawn])


def textures(count: int, side: int, seed: int) -> Pixels:
    """Squares cut at random out of photographs of brick, grass and gravel."""
    known, generator = [_texture(name) for name in TEXTURES], np.random.default_rng(seed)
    found = []
    for place in range(count):
        whole = known[place % len(known)]
        most = min(whole.shape)
        crop = int(generator.integers(min(SMALLEST_CROP, most), most // 2 + 1))
        top, left = (int(generator.integers(0, length - crop + 1)) for length in whole.shape)
        found.append(_resized(whole[top : top + crop, left : left + crop], side))
    return np.stack(found)


def gaussian_noise(count: int, side: int, seed: int) -> Pixels:
    """Each value from a normal distribution around the middle, deviation 64, cut at 0 and 255."""
    drawn = np.random.default_rng(seed).normal(127.5, DEVIATION, (count, side, side, 3))
    return np.clip(drawn.round(), 0, 255).astype(np.uint8)


def uniform_noise(count: int, side: int, seed: int) -> Pixels:
    """Each value drawn evenly from 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8)


OUTSIDE: dict[str, tuple[str, Callable[[int, int, int], Pixels], tuple[str, ...]]] = {
    "digits": ("handwritten digits", digits, ("digits", "mnist")),
    "shapes": ("shapes on striped ground", shapes, ("shapes",)),
    "textures": ("textures of brick, grass and gravel", textures, ()),
    "gaussian-noise": ("Gaussian noise", gaussian_noise, ()),
    "uniform-noise": ("uniform noise", uniform_noise, ()),
}
"""By name: what they are called, how they are made (count, side, seed), and the data sets of which
they are a part, so that models trained on these are not shown them."""


def _texture(name: str) -> Pixels:
    """(height, width)"""
    found = importlib.util.find_spec("skimage")
    file = Path(str(found.origin)).parent / "data" / name if found and found.origin else Path(name)
    try:
        return np.asarray(Image.open(file).convert("L"))
    except OSError as error:
        raise DataError(f"scikit-image's {name} cannot be read: {error}") from error


def _resized(grey: Pixels, side: int) -> Pixels:
    """(height, width) -> (side, side, 3)"""
    image = Image.fromarray(grey).resize((side, side), Image.Resampling.BICUBIC)
    return np.repeat(np.asarray(image)[:, :, None], 3, axis=2)
