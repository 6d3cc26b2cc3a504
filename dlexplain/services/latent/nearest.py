"""The training pictures nearest to one that a model made: does it copy what it was shown?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import PictureData, Pictures
from dlexplain.explainers.progress import Progress
from dlexplain.results import Neighbours
from dlexplain.results.latents import Floats
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.pictures.data import evenly, fitting, load_pictures, other_data_note

SHOWN = 8
USUAL = 200
"""Test pictures whose distance to the nearest training picture is the measure."""
AT_ONCE = 5000
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class TrainingPictures:
    """A model's training pictures, and how far test pictures are from the nearest of them."""

    data: str
    pictures: Pictures
    classes: tuple[str, ...]
    usual: Floats
    note: str


def training_pictures(
    model: LatentModel, path: str = "", progress: Progress | None = None
) -> TrainingPictures:
    """All that the model was trained on; raises DataError where they are not here, or Cancelled."""
    data = load_pictures(model.data, model.data_params, path)
    data = fitting(data, model.data, model.channels, model.side)
    note = other_data_note(data, model.digest)
    return measured(model.data, data, progress or Progress(), note)


def measured(name: str, data: PictureData, progress: Progress, note: str = "") -> TrainingPictures:
    """The same of given data."""
    tests = evenly(data.test, USUAL).pixels
    progress.plan(len(data.train))
    usual = np.full(len(tests), np.inf, np.float32)
    for start in range(0, len(data.train), AT_ONCE):
        part = data.train.pixels[start : start + AT_ONCE]
        usual = np.minimum(usual, distances(tests, part).min(axis=1))
        progress.advance(len(part))
    return TrainingPictures(name, data.train, data.classes, usual, note)


def nearest(known: TrainingPictures, picture: Bytes, count: int = SHOWN) -> Neighbours:
    """Of a picture (side, side, channels), the nearest first."""
    every = known.pictures.pixels
    parts = [
        distances(picture[None], every[start : start + AT_ONCE])[0]
        for start in range(0, len(every), AT_ONCE)
    ]
    found = np.concatenate(parts)
    few = np.argsort(found, kind="stable")[: 2 * count]
    off = every[few].astype(np.float64) - picture  # exactly, so that a copy is 0 away
    exact = (np.sqrt((off**2).sum(axis=(1, 2, 3))) / 255).astype(np.float32)
    order = np.argsort(exact, kind="stable")[:count]
    best = few[order]
    return Neighbours(
        data=known.data,
        pixels=every[best],
        labels=known.pictures.labels[best],
        distances=exact[order],
        usual=known.usual,
        looked_at=len(every),
        classes=known.classes,
        note=known.note,
    )


def distances(pictures: Bytes, others: Bytes) -> Floats:
    """(a, ...) and (b, ...) -> (a, b) Euclidean distances, of pixels 0 to 1.

    |x|^2 - 2 x.y + |y|^2, which is one product of matrices; off by rounding for what is alike.
    """
    left = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    right = others.reshape(len(others), -1).astype(np.float32) / 255
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * (left @ right.T)
    found: Floats = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return found
