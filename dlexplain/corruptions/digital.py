"""What is done to a picture after it was taken: in a darkroom, on the way, when it is stored."""

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.corruptions.base import Corruption, Picture, Pixels, register
from dlexplain.corruptions.filters import smoothed


@register
class Contrast(Corruption[float]):
    """Flat light: the differences from the mean shrink.

    Formula: m + c (x - m), m the mean of each colour over the picture, c the share of the contrast
    that is left.
    """

    name = "contrast"
    title = "Contrast"
    family = "digital"
    draws = False
    imagenet = (0.4, 0.3, 0.2, 0.1, 0.05)
    cifar = (0.75, 0.5, 0.4, 0.3, 0.15)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        mean: Pixels = pixels.mean(axis=(0, 1))
        return mean + strength * (pixels - mean)


class Bend(NamedTuple):
    """In shares of the short side: the size of the moves, the deviation of their smoothing, and how
    far a corner is drawn away"""

    moves: float
    smooth: float
    corner: float


def _of_imagenet(moves: float, smooth: float, corner: float) -> Bend:
    # The authors wrote 244 for 224; the constants they used are kept.
    return Bend(*(244 / 224 * share for share in (moves, smooth, corner)))


def stretch(shape: tuple[int, int], corner: float, draw: np.random.Generator) -> Pixels:
    """(2, 3), the affine map of a place (row, column, 1) to where its value comes from.

    Three corners of a square in the middle are drawn away by up to `corner` pixels in both
    directions; the map is the one that leads them back.
    """
    middle, half = np.array(shape) // 2, min(shape) // 3
    corners = middle + half * np.array([[1, 1], [1, -1], [-1, -1]])
    drawn = corners + draw.uniform(-corner, corner, corners.shape)
    return np.asarray(np.linalg.solve(np.column_stack([drawn, np.ones(3)]), corners).T)


@register
class Elastic(Corruption[Bend]):
    """Stretched like rubber: the picture is sheared, and places are moved smoothly at random.

    Formula: x(A(p + a G_s(u))); u ~ U(-1, 1) for every place and direction, G_s a Gaussian of
    deviation s, A the affine map that leads three corners back which were drawn away by up to b.
    The constants are (a, s, b) in shares of the short side, linear in between, mirrored outside.
    The first two severities shear, the others ripple. The authors read twice in between, for A and
    for the moves; once is sharper.
    """

    name = "elastic"
    title = "Elastic"
    family = "digital"
    draws = True
    imagenet = (
        _of_imagenet(2, 0.7, 0.1), _of_imagenet(2, 0.08, 0.2), _of_imagenet(0.05, 0.01, 0.02),
        _of_imagenet(0.07, 0.01, 0.02), _of_imagenet(0.12, 0.01, 0.02),
    )  # fmt: skip
    cifar = (
        Bend(0, 0, 0.08), Bend(0.05, 0.2, 0.07), Bend(0.08, 0.06, 0.06), Bend(0.1, 0.04, 0.05),
        Bend(0.1, 0.03, 0.03),
    )  # fmt: skip

    def changed(self, pixels: Pixels, strength: Bend, draw: np.random.Generator) -> Pixels:
        from scipy.ndimage import map_coordinates  # 0.1 s

        height, width, colours = pixels.shape
        moves, smooth, corner = (min(height, width) * share for share in strength)
        back = stretch((height, width), corner, draw)
        places = np.mgrid[:height, :width].astype(float)  # (2, h, w)
        for direction in places:
            direction += moves * smoothed(draw.uniform(-1, 1, (height, width)), smooth)
        sources = np.tensordot(back[:, :2], places, axes=1) + back[:, 2, None, None]
        read = [
            map_coordinates(pixels[:, :, colour], sources, order=1, mode="mirror")
            for colour in range(colours)
        ]
        return np.stack(read, axis=2)


def as_picture(pixels: Pixels) -> Image.Image:
    """For Pillow, exactly the picture that the pixels were made of."""
    values: Picture = np.rint(pixels * 255).astype(np.uint8)
    return Image.fromarray(values)


def as_pixels(picture: Image.Image) -> Pixels:
    values: NDArray[np.uint8] = np.asarray(picture)
    return values / 255.0


@register
class Pixelate(Corruption[float]):
    """Too few pixels: the picture is made smaller and larger again.

    Formula: both sides times c, each new pixel the mean of the box that it covers; back to the old
    size in the same way. The constant is c.
    """

    name = "pixelate"
    title = "Pixelate"
    family = "digital"
    draws = False
    imagenet = (0.6, 0.5, 0.4, 0.3, 0.25)
    cifar = (0.95, 0.9, 0.85, 0.75, 0.65)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        picture = as_picture(pixels)
        width, height = (int(side * strength) for side in picture.size)
        small = picture.resize((width, height), Image.Resampling.BOX)
        return as_pixels(small.resize(picture.size, Image.Resampling.BOX))


@register
class Jpeg(Corruption[int]):
    """Stored too small: JPEG drops what is fine, and shows its blocks of 8 × 8 pixels.

    Formula: JPEG of quality c, 1 to 95, read back; as Pillow writes it, colours at half the size.
    """

    name = "jpeg"
    title = "JPEG"
    family = "digital"
    draws = False
    imagenet = (25, 18, 15, 10, 7)
    cifar = (80, 65, 58, 50, 40)

    def changed(self, pixels: Pixels, strength: int, draw: np.random.Generator) -> Pixels:
        stored = io.BytesIO()
        as_picture(pixels).save(stored, "JPEG", quality=strength)
        return as_pixels(Image.open(stored))
