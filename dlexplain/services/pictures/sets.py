"""Sets of pictures that a model can be asked about: its own data's test part where that is here,
the pictures that a run has kept, and photographs that come with pip. No torch here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import DATA, Pictures
from dlexplain.errors import DlexplainError, UnknownName, known_names
from dlexplain.execution.paths import data_folder
from dlexplain.params import Value, parse, specs
from dlexplain.services.pictures.data import evenly, load_pictures
from dlexplain.services.pictures.sources import (
    KnownPicture,
    Picture,
    kept_pictures,
    read_picture,
    read_sample,
    sample_names,
)
from dlexplain.settings import settings
from dlexplain.trained.catalogue import ModelEntry

MOST = 1000
"""Pictures of a data set that are looked at, spread over all of its test part."""
PIECES = 3
"""Pieces down and across that each photograph is cut into."""
Own = tuple[str, tuple[tuple[str, Value], ...]]
"""A data set's name and its parameters."""


@dataclass(frozen=True)
class PictureSet:
    """Pictures to search through; `load` reads them.

    name  "data", "kept" or "photographs";  title  says what they are, and how many
    """

    name: str
    title: str
    load: Callable[[], Sequence[Picture]]


def picture_sets(entry: ModelEntry, path: str = "") -> tuple[PictureSet, ...]:
    """Of a model, the one that suits it best first.

    path  where its own data lies, if not where the training found it
    """
    found = []
    if (own := own_data(entry, path)) is not None:
        name, params = own
        title = f"{DATA[name].title}: test pictures, up to {MOST:,}"
        found.append(PictureSet("data", title, partial(_test_part, name, params)))
    if entry.source == "run" and (kept := kept_pictures(entry.name)):
        title = f"the {len(kept)} test pictures that the run has kept"
        found.append(PictureSet("kept", title, lambda: [known.picture for known in kept]))
    count = len(sample_names())
    title = f"{count} photographs of scikit-image and scikit-learn, whole and in {PIECES**2} pieces"
    return (*found, PictureSet("photographs", title, photographs))


def picture_set(entry: ModelEntry, name: str) -> PictureSet:
    """By its name, or the first where that is ""; raises UnknownName."""
    sets = picture_sets(entry)
    for known in sets:
        if name in ("", known.name):
            return known
    raise UnknownName(
        f'unknown set of pictures "{name}"; {known_names(name, (known.name for known in sets))}'
    )


def own_data(entry: ModelEntry, path: str = "") -> Own | None:
    """The data set that a model was trained on and how, where it is here; None where it is not."""
    own = _trained_on(entry, path)
    return own if own is not None and not _missing(*own) else None


def missing_data(entry: ModelEntry, path: str = "") -> tuple[str, str] | None:
    """The name of the data set that a model was trained on, and a sentence on why it is not here.

    path  is read, where it is given, since anything may lie there
    None where it is here, or where the model's data is not known.
    """
    own = _trained_on(entry, path)
    if own is None:
        return None
    why = _missing(*own)
    if path and not why:
        try:
            load_pictures(own[0], dict(own[1]))
        except DlexplainError as error:
            why = str(error)
    return (own[0], why) if why else None


def _trained_on(entry: ModelEntry, path: str) -> Own | None:
    if entry.source == "registered":
        return None
    try:
        spec = entry.trained.spec
        taken = specs(DATA[spec.data].Params)
    except DlexplainError:  # whoever loads the model is told what is wrong with its card
        return None
    params = dict(spec.data_params)
    if path and "path" in taken:
        params["path"] = path
    return spec.data, tuple(params.items())


def _missing(name: str, params: tuple[tuple[str, Value], ...]) -> str:
    """Why a data set is not here; "" where it is."""
    source = DATA[name]
    try:
        status = source.status(parse(source.Params, dict(params)), data_folder(settings().home))
    except DlexplainError as error:
        return str(error)
    return "" if status.there else f"{source.title} is not here: {status.how}"


def one_of_each(entry: ModelEntry, path: str = "") -> tuple[KnownPicture, ...]:
    """A test picture of each class of the model's own data; () where that is not here.

    Raises DataError where what is there is not that data set.
    """
    own = own_data(entry, path)
    return () if own is None else _one_of_each(*own, str(settings().home))


@lru_cache(maxsize=4)
def _one_of_each(
    name: str, params: tuple[tuple[str, Value], ...], home: str
) -> tuple[KnownPicture, ...]:
    from dlexplain.results import ClassName

    data = load_pictures(name, dict(params))
    found = []
    for label, title in enumerate(data.classes):
        places = np.flatnonzero(data.test.labels == label)
        if len(places):
            picture = _picture(data.test, int(places[0]), f"test picture of {title}")
            found.append(KnownPicture(picture, ClassName(label, "", title)))
    return tuple(found)


def _test_part(name: str, params: tuple[tuple[str, Value], ...]) -> list[Picture]:
    some = evenly(load_pictures(name, dict(params)).test, MOST)
    return [_picture(some, index, f"test picture {index + 1}") for index in range(len(some))]


def masks_of_test(entry: ModelEntry, path: str = "") -> Sequence[NDArray[np.bool_]] | None:
    """Of the pictures of its data's test part, in their order, the pixels that define the class;
    None where these are not known, or the data is not here."""
    own = own_data(entry, path)
    if own is None:
        return None
    masks = evenly(load_pictures(own[0], dict(own[1])).test, MOST).masks
    return None if masks is None else list(masks)


def labels_of_test(entry: ModelEntry, path: str = "") -> Sequence[str] | None:
    """Of the same pictures, the labels of their classes; None where the data is not here."""
    own = own_data(entry, path)
    if own is None:
        return None
    data = load_pictures(own[0], dict(own[1]))
    return [data.classes[label] for label in evenly(data.test, MOST).labels]


def _picture(pictures: Pictures, place: int, name: str) -> Picture:
    return read_picture(pictures.pixels[place], name)


@lru_cache(maxsize=1)
def photographs() -> tuple[Picture, ...]:
    """Each sample whole, then in PIECES x PIECES pieces."""
    found = []
    for name in sample_names():
        whole = read_sample(name)
        found.append(whole)
        height, width = (side // PIECES for side in whole.pixels.shape[:2])
        for index in range(PIECES**2):
            top, left = index // PIECES * height, index % PIECES * width
            piece = whole.pixels[top : top + height, left : left + width]
            found.append(read_picture(np.ascontiguousarray(piece), f"{name}, piece {index + 1}"))
    return tuple(found)
