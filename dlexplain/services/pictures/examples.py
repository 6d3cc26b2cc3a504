"""Pictures on which a classifier is judged: its own data's test part, a folder's, or photographs,
with their right class and the pixels that define it, where these are known; no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import DATA
from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.picture_files import find_pictures
from dlexplain.data.pictures import Picture
from dlexplain.errors import DataError, PictureError
from dlexplain.params import specs
from dlexplain.services.own_data import drawn
from dlexplain.services.pictures.sets import (
    labels_of_test,
    masks_of_test,
    missing_data,
    photographs,
    picture_sets,
)
from dlexplain.trained.catalogue import ModelEntry

MASK = ".mask.png"
"""Ends the name of a picture's mask, in the place of its own suffix."""
MIDDLE = 127


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture, fitted as the model takes them.

    label   of its class, as its data set has it
    folder  the name of the folder that it lies in, "" at the top; None of what is no file
    mask    (height, width) of its pixels, True where evidence is known to be
    """

    picture: Picture
    label: str | None = None
    folder: str | None = None
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class ShownPictures:
    """title  says what they are;  notes  sentences on those that are left out"""

    title: str
    known: tuple[Shown, ...]
    notes: tuple[str, ...] = ()


def shown_pictures(
    entry: ModelEntry | None, fit: str, data: str, count: int, seed: int
) -> ShownPictures:
    """At most `count`, drawn by the seed; raises DataError.

    entry  the model in the catalogue; None of one that it does not know
    data   where the model's own data set lies, a folder or ZIP of pictures; "" for the model's own
           test data, of a model without one the photographs that come along
    """
    how = read_fit(fit)
    own = _own(entry, data)
    if own is None and data:
        return _folder(data, how, count, seed)
    title, known = own or _photographs()
    masks = labels = None
    if own and entry is not None:
        masks, labels = masks_of_test(entry, data), labels_of_test(entry, data)
    found = [
        Shown(
            replace(known[at], fit=how),
            label=labels[at] if labels else None,
            mask=masks[at] if masks else None,
        )
        for at in drawn(len(known), count, seed)
    ]
    return ShownPictures(title, tuple(found))


def _own(entry: ModelEntry | None, data: str) -> tuple[str, Sequence[Picture]] | None:
    """The test part of the data set that it was trained on; None of a model without one, or where
    something else lies at the path."""
    if entry is None or (data and not _takes_path(entry)):
        return None
    if (missing := missing_data(entry, data)) is not None:
        if data:
            return None
        raise DataError(f"{missing[1]}; or give other pictures as data")
    first = picture_sets(entry, data)[0]
    if first.name != "data":
        return None
    return f"{DATA[entry.data].title}: test pictures", first.load()


def _takes_path(entry: ModelEntry) -> bool:
    """Whether the data set that it was trained on may lie elsewhere."""
    return entry.data in DATA and "path" in specs(DATA[entry.data].Params)


def _photographs() -> tuple[str, Sequence[Picture]]:
    known = photographs()
    title = f"{len(known)} photographs of scikit-image and scikit-learn, whole and in pieces"
    return title, known


def _folder(data: str, how: Fit, count: int, seed: int) -> ShownPictures:
    files, found, notes = find_pictures(data), [], []
    masks = {one.name: one for one in files.files if one.name.endswith(MASK)}
    pictures = [one for one in files.files if one.name not in masks]
    with files.opened() as reader:
        for place in drawn(len(pictures), count, seed):
            file = pictures[place]
            try:
                picture = replace(reader.read(file), fit=how)
                beside = masks.get(f"{PurePosixPath(file.name).with_suffix('')}{MASK}")
                mask = None if beside is None else _mask(reader.read(beside), picture)
                found.append(Shown(picture, folder=file.folder, mask=mask))
            except PictureError as error:
                notes.append(f"{error}.")
    if not found:
        why = notes[0] if notes else "it has none"
        raise DataError(f"no picture of {data} can be read: {why}")
    return ShownPictures(f"pictures of {files.name}", tuple(found), tuple(notes))


def _mask(read: Picture, picture: Picture) -> NDArray[np.bool_]:
    """True where it is bright; raises PictureError where it is not of the picture's size."""
    if read.pixels.shape != picture.pixels.shape:
        (rows, columns), (height, width) = read.pixels.shape[:2], picture.pixels.shape[:2]
        raise PictureError(
            f"{read.name} is {columns} x {rows} pixels, {picture.name} is {width} x {height}; a "
            "mask of the same size is accepted"
        )
    return np.asarray(read.pixels.max(2) > MIDDLE)
