"""The boxes that a detector finds in a picture."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import BadInput
from dlexplain.explainers.boxes import COORDINATES, corners
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.results import Box, ClassScore, Detection
from dlexplain.services.objects.models import LoadedDetector
from dlexplain.services.pictures.explain import as_picture

THRESHOLD = 0.5


@random_state_kept()
def detect(
    model: LoadedDetector,
    picture: Source | Picture,
    threshold: float = THRESHOLD,
    fit: Fit | str | None = None,
) -> Detection:
    """The boxes whose class has a probability of at least `threshold`, the most probable first.

    picture    a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    threshold  0 to 1; a box's probability is that of its most probable class but "no object"
    fit        how the picture is made into the model's square, see Fit; by default as it was
               measured to be usual, mostly "squash"

    Raises PictureError, ParamError for another fit, or BadInput for another threshold.
    """
    if not 0 <= threshold <= 1:
        raise BadInput(f"threshold is {threshold:g}; a number from 0 to 1 is accepted")
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    boxes = boxes_of(model, read, answer(model, read))
    likely = tuple(box for box in boxes if box.score.probability >= threshold)
    return Detection(read.name, model.name, likely, boxes[0], threshold, read.pixels, str(read.fit))


def answer(model: LoadedDetector, picture: Picture) -> Tensor:
    """(queries, classes + COORDINATES), what the network gives for a picture."""
    return model.prepared.answer(model.to_input(model.view(picture)))[0]


def boxes_of(model: LoadedDetector, picture: Picture, found: Tensor) -> list[Box]:
    """Every query's box, the most probable first; found  as `answer` gives it."""
    shares = found[:, :-COORDINATES].float().softmax(-1)[:, :-1]
    best = shares.max(-1)
    places = _in_picture(model, picture, corners(found[:, -COORDINATES:]).cpu().numpy())
    order = best.values.argsort(descending=True, stable=True).tolist()
    return [
        Box(
            rank,
            query,
            ClassScore(model.classes[int(best.indices[query])], float(best.values[query])),
            *(float(side) for side in places[query]),
        )
        for rank, query in enumerate(order, 1)
    ]


def _in_picture(
    model: LoadedDetector, picture: Picture, places: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(count, 4) parts of the model's square -> the same in the picture's pixels, cut off at its
    edges."""
    height, width = picture.pixels.shape[:2]
    left, top, right, bottom = model.seen_part(picture)
    if picture.fit.how == "pad":  # the square has bars at two sides
        long = max(width, height)
        left, top = (width - long) / 2, (height - long) / 2
        right, bottom = left + long, top + long
    size = np.array([right - left, bottom - top] * 2)
    found = places.astype(np.float64) * size + np.array([left, top] * 2)
    inside: NDArray[np.float64] = found.clip(0, np.array([width, height] * 2))
    return inside
