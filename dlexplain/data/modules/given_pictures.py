"""Pictures that a user gives, as a trained model sees them: to score it on them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.base import (
    Augmentation,
    PictureData,
    Pictures,
    digest_of,
    silent,
)
from dlexplain.data.class_folders import read_given_folders
from dlexplain.data.modules.base import EVALUATION_BATCH, GIVEN
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.errors import DataError
from dlexplain.settings import local_path

NAMED = 5


class GivenPictures(PictureModule):
    """The pictures are all three parts; normalised as the model's training pictures were."""

    def __init__(self, data: PictureData, facts: Mapping[str, Any], notes: tuple[str, ...]) -> None:
        super().__init__(data, Augmentation(), EVALUATION_BATCH, 0, 1)
        self.mean, self.scale = float(facts["mean"]), float(facts["scale"])
        self.facts = {**facts, "sizes": self.facts["sizes"]}
        self.notes = notes


def given_labelled(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task_params: Mapping[str, Any]
) -> GivenPictures:
    """Class-named folders, or a ZIP of them, whose names are the model's classes or some of them.

    Where folders say which part is for testing, that part. Raises DataError for another class.
    """
    pictures, found, notes = _read(path, facts)
    classes = [str(name) for name in facts["classes"]]
    others = [name for name in found if name not in classes]
    if others:
        raise DataError(
            f'{path} has a folder "{others[0]}", which is no class of the model; '
            f"{_some(classes)} are accepted"
        )
    place_of = np.array([classes.index(name) for name in found], np.int64)
    pictures = Pictures(pictures.pixels, place_of[pictures.labels])
    return GivenPictures(_thrice(pictures, tuple(classes)), facts, notes)


def given_pictures(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task_params: Mapping[str, Any]
) -> GivenPictures:
    """As given_labelled, but with any class names: for models that have no use for classes."""
    pictures, found, notes = _read(path, facts)
    return GivenPictures(_thrice(pictures, found), facts, notes)


def _read(path: str, facts: Mapping[str, Any]) -> tuple[Pictures, tuple[str, ...], tuple[str, ...]]:
    """Sized and coloured as the model's; labels are places in the names that come with them.

    Also notes on what was done to them.
    """
    pictures, names, notes = read_given_folders(local_path(path), int(facts["side"]), silent)
    pixels = pictures.pixels
    if int(facts["channels"]) == 1:
        coloured = sum(bool(np.ptp(one, axis=2).any()) for one in pixels)
        if coloured:
            notes = (
                *notes,
                f"{coloured:,} of {len(pixels):,} pictures in colour were made grey, "
                "as the model sees no colour",
            )
        pixels = np.stack([_grey(one) for one in pixels])
    return Pictures(pixels, pictures.labels), names, notes


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) -> (height, width, 1), luminance as Pillow has it; grey stays as it is."""
    return np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]


def _thrice(pictures: Pictures, classes: tuple[str, ...]) -> PictureData:
    digest = digest_of(pictures.pixels, pictures.labels)
    return PictureData(pictures, pictures, pictures, classes, digest)


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (" and so on" if len(names) > NAMED else "")


GIVEN.add("classify-image", given_labelled)
for _task in ("autoencode", "vae", "gan"):
    GIVEN.add(_task, given_pictures)
