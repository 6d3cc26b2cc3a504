"""Sets of pictures that a model can be asked about: its own data's test part where that is here,
the pictures that a run has kept, and photographs that come with pip. No torch here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from dlexplain.data.base import DATA, Pictures
from dlexplain.errors import DlexplainError, UnknownName
from dlexplain.params import Value, parse
from dlexplain.runs.paths import data_folder
from dlexplain.services.latent.data import evenly, load_pictures
from dlexplain.services.pictures.model_list import ModelEntry
from dlexplain.services.pictures.sources import (
    KnownPicture,
    Picture,
    kept_pictures,
    read_picture,
    read_sample,
    sample_names,
)
from dlexplain.services.trained.models import trained
from dlexplain.settings import settings

MOST = 1000
"""Pictures of a data set that are looked at, spread over all of its test part."""
PIECES = 3
"""Pieces down and across that each photograph is cut into."""


@dataclass(frozen=True)
class PictureSet:
    """Pictures to search through; `load` reads them.

    name  "data", "kept" or "photographs";  title  says what they are, and how many
    """

    name: str
    title: str
    load: Callable[[], Sequence[Picture]]


def picture_sets(entry: ModelEntry) -> tuple[PictureSet, ...]:
    """Of a model, the one that suits it best first."""
    found = []
    if (own := own_data(entry)) is not None:
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
        f'unknown set of pictures "{name}"; known: {", ".join(known.name for known in sets)}'
    )


def own_data(entry: ModelEntry) -> tuple[str, tuple[tuple[str, Value], ...]] | None:
    """The data set that a model was trained on and how, where it is here; None where it is not."""
    if entry.source == "registered":
        return None
    try:
        spec = trained(entry.name).spec
        source = DATA[spec.data]
        status = source.status(parse(source.Params, spec.data_params), data_folder(settings().home))
    except DlexplainError:  # whoever loads the model is told what is wrong with its card
        return None
    return (spec.data, tuple(spec.data_params.items())) if status.there else None


def one_of_each(entry: ModelEntry) -> tuple[KnownPicture, ...]:
    """A test picture of each class of the model's own data; () where that is not here."""
    own = own_data(entry)
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
    return [_picture(some, place, f"test picture {place + 1}") for place in range(len(some))]


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
        for place in range(PIECES**2):
            top, left = place // PIECES * height, place % PIECES * width
            piece = whole.pixels[top : top + height, left : left + width]
            found.append(read_picture(np.ascontiguousarray(piece), f"{name}, piece {place + 1}"))
    return tuple(found)
