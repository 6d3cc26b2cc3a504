"""Pictures as JPEG stores them."""

import io

import numpy as np
import torch
from torch import Tensor

from dlexplain.errors import Incompatible

COLOURS = {1: "L", 3: "RGB"}
"""By the number of channels, as Pillow names them."""


def as_jpeg(picture: Tensor, value_range: tuple[float, float], quality: int) -> Tensor:
    """(channels, height, width), black and white at the ends of the range -> the same, compressed
    and decoded.

    Raises Incompatible for pictures that are neither grey nor of three colours.
    """
    from PIL import Image

    channels = len(picture)
    if channels not in COLOURS:
        raise Incompatible(f"JPEG has pictures of 1 or 3 channels; this one has {channels}")
    low, high = value_range
    shares = ((picture - low) / (high - low)).clamp(0, 1)
    pixels = (255 * shares).round().byte().permute(1, 2, 0).numpy()
    coded = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels, COLOURS[channels]).save(
        coded, "JPEG", quality=quality
    )
    with Image.open(coded) as image:
        decoded = np.array(image, dtype=np.float32).reshape(*pixels.shape)
    return low + (high - low) * torch.from_numpy(decoded).permute(2, 0, 1) / 255
