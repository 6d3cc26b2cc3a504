"""The square of a picture that a model sees, and which part of the picture that is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture
from dlexplain.errors import ParamError

RESAMPLES = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
MIDDLE_GREY = 128


class Part(NamedTuple):
    """Sides of a part of a picture, in its pixels."""

    left: float
    top: float
    right: float
    bottom: float


def model_view(
    picture: Picture,
    resize: int = 256,
    crop: int = 224,
    fill: int = MIDDLE_GREY,
    resample: str = "bicubic",
) -> NDArray[np.uint8]:
    """The square that a model sees, (crop, crop, 3) uint8 RGB, as `picture.fit` says.

    crop    the short side is resized to `resize` pixels, the long side to round(long * resize /
            short), and a `crop` x `crop` square is taken, starting at round((side - crop) * place)
    pad     the long side is resized to `crop` pixels, the rest is `fill` in all colours
    squash  both sides are resized to `crop` pixels

    resample  of RESAMPLES; antialiased where it shrinks. Memory does not grow with the picture's
    proportions.
    Raises ParamError unless 1 <= crop <= resize.
    """
    if not 1 <= crop <= resize:
        raise ParamError(f"crop is {crop}; 1 to resize ({resize}) is accepted")
    image, by = Image.fromarray(picture.pixels), RESAMPLES[resample]
    return np.array(_fitted(image, picture.fit, resize, crop, (fill,) * 3, by), dtype=np.uint8)


def segments_view(
    segments: NDArray[np.int64], fit: Fit, resize: int, crop: int
) -> NDArray[np.int64]:
    """Of a picture whose pixels have these segments, (height, width): those of the square's,
    (crop, crop), counted from 0; -1 for the bars beside a picture."""
    numbers = np.unique(segments, return_inverse=True)[1].reshape(segments.shape)
    image = Image.fromarray(numbers.astype(np.int32))  # of mode I
    square = np.array(_fitted(image, fit, resize, crop, -1, Image.Resampling.NEAREST), np.int64)
    seen = np.unique(square[square >= 0])
    return np.where(square >= 0, np.searchsorted(seen, square), -1)


def mask_view(mask: NDArray[np.bool_], fit: Fit, resize: int, crop: int) -> NDArray[np.bool_]:
    """Of a picture whose pixels have this mask, (height, width): that of the square's, (crop,
    crop); False for the bars beside a picture."""
    image = Image.fromarray(mask.astype(np.uint8))
    return np.array(_fitted(image, fit, resize, crop, 0, Image.Resampling.NEAREST), dtype=bool)


def _fitted(
    image: Image.Image,
    fit: Fit,
    resize: int,
    crop: int,
    fill: int | tuple[int, ...],
    by: Image.Resampling,
) -> Image.Image:
    if fit.how == "crop":
        return _cropped(image, fit, resize, crop, by)
    if fit.how == "pad":
        return _padded(image, crop, fill, by)
    return image.resize((crop, crop), by)


def seen_part(size: tuple[int, int], fit: Fit, resize: int, crop: int) -> Part:
    """The part of a picture of `size` (width, height) that is in the square; see model_view."""
    width, height = size
    if fit.how != "crop":
        return Part(0, 0, width, height)
    (new_width, new_height), left, top = _square(size, fit, resize, crop)
    x_step, y_step = width / new_width, height / new_height
    return Part(left * x_step, top * y_step, (left + crop) * x_step, (top + crop) * y_step)


def _square(
    size: tuple[int, int], fit: Fit, resize: int, crop: int
) -> tuple[tuple[int, int], int, int]:
    """The size of the picture resized, and where in it the square begins."""
    short = min(size)
    width, height = (round(side * resize / short) for side in size)
    return (width, height), round((width - crop) * fit.x), round((height - crop) * fit.y)


def _cropped(
    image: Image.Image, fit: Fit, resize: int, crop: int, by: Image.Resampling
) -> Image.Image:
    if max(image.size) <= 4 * min(image.size):
        new, left, top = _square(image.size, fit, resize, crop)
        return image.resize(new, by).crop((left, top, left + crop, top + crop))
    # Only the square of a panorama is resampled; Pillow's filter still reads the pixels beyond
    # the box, so this is what resizing all of it and cropping would give.
    return image.resize((crop, crop), by, box=seen_part(image.size, fit, resize, crop))


def _padded(
    image: Image.Image, crop: int, fill: int | tuple[int, ...], by: Image.Resampling
) -> Image.Image:
    long = max(image.size)
    width, height = (max(1, round(side * crop / long)) for side in image.size)
    view = Image.new(image.mode, (crop, crop), fill)
    view.paste(image.resize((width, height), by), ((crop - width) // 2, (crop - height) // 2))
    return view
