"""Segments that a user gives, which then stand for the superpixels of a method."""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.pictures import Picture, Source, read_picture
from dlexplain.data.views import segments_view
from dlexplain.errors import ParamError
from dlexplain.explainers.base import Explainer, methods_for
from dlexplain.explainers.inputs.picture import MOST_REGIONS
from dlexplain.services.pictures.models import LoadedModel


def segments_of(
    model: LoadedModel, picture: Picture, method: Explainer[object], given: Source
) -> tuple[Tensor, str]:
    """Numbers from 0 of the segments of what the model sees, (height, width), and their digest.

    given  (height, width) whole numbers of the picture's own size, or a picture of that size of
           which every colour is a segment

    Raises ParamError where the method switches no superpixels, or the segments are of another size,
    fewer than two, or more than MOST_REGIONS; PictureError where they cannot be read.
    """
    kind = model.prepared.modality
    if "regions" not in method.specs(kind):
        known = [m.name for m in methods_for(kind).values() if "regions" in m.specs(kind)]
        raise ParamError(
            f"{method.title} has no superpixels for which segments could stand; "
            f"{', '.join(known)} have"
        )
    numbers = _numbers(given)
    if numbers.shape != picture.pixels.shape[:2]:
        (height, width), (rows, columns) = picture.pixels.shape[:2], numbers.shape
        raise ParamError(
            f"the segments are {columns} x {rows}, the picture is {width} x {height} pixels; "
            "the same size is accepted"
        )
    how = model.spec.preprocessing
    seen = segments_view(numbers, picture.fit, how.resize, how.crop)
    count = int(seen.max()) + 1
    if not 2 <= count <= MOST_REGIONS:
        raise ParamError(
            f"the model sees {count:,} segment{'s' if count > 1 else ''}; 2 to {MOST_REGIONS} are "
            "accepted, each a number, or a colour of a picture without loss, such as a PNG"
        )
    return torch.from_numpy(seen), hashlib.sha256(seen.tobytes()).hexdigest()[:16]


def _numbers(given: Source) -> NDArray[np.int64]:
    """(height, width) whole numbers, equal within a segment."""
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.dtype.kind in "iub":
        return given.astype(np.int64)
    pixels = read_picture(given, "segments" if not isinstance(given, str) else None).pixels
    red, green, blue = np.moveaxis(pixels.astype(np.int64), 2, 0)
    numbers: NDArray[np.int64] = red << 16 | green << 8 | blue
    return numbers
