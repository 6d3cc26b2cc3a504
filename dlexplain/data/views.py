"""The square of a picture that a model sees."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.pictures import Picture
from dlexplain.errors import ParamError


def model_view(picture: Picture, resize: int = 256, crop: int = 224) -> NDArray[np.uint8]:
    """The square that a model sees, (crop, crop, 3) uint8 RGB.

    The short side is resized to `resize` pixels (bicubic, antialiased), the long side to
    round(long * resize / short), and the middle `crop` x `crop` pixels are taken, starting at
    round((side - crop) / 2). Memory does not grow with the picture's proportions.
    Raises ParamError unless 1 <= crop <= resize.
    """
    if not 1 <= crop <= resize:
        raise ParamError(f"crop is {crop}; 1 to resize ({resize}) is accepted")
    image = Image.fromarray(picture.pixels)
    width, height = image.size
    short = min(width, height)
    new_width = round(width * resize / short)
    new_height = round(height * resize / short)
    left, top = round((new_width - crop) / 2), round((new_height - crop) / 2)
    if max(width, height) <= 4 * short:
        resized = image.resize((new_width, new_height), Image.Resampling.BICUBIC)
        view = resized.crop((left, top, left + crop, top + crop))
    else:
        # Only the middle of a panorama is resampled; Pillow's filter still reads the pixels
        # beyond the box, so this is what resizing all of it and cropping would give.
        x_step, y_step = width / new_width, height / new_height
        box = (left * x_step, top * y_step, (left + crop) * x_step, (top + crop) * y_step)
        view = image.resize((crop, crop), Image.Resampling.BICUBIC, box=box)
    return np.array(view, dtype=np.uint8)
