"""The data set that a model which makes pictures was trained on, where it is here; no torch.

Nothing is fetched from here: a page or a command that only looks must not load 170 MB. Where the
data set is not here, the error says how to get it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import dlexplain.data.sets  # noqa: F401, registers the data sets
from dlexplain.data.base import DATA, PictureData, Pictures, silent
from dlexplain.errors import BadInput, DataError, known_names
from dlexplain.execution.paths import data_folder
from dlexplain.params import Value, parse, specs
from dlexplain.settings import settings

__all__ = ["PictureData", "evenly", "fitting", "load_pictures", "other_data_note"]
KEPT = 2
"""Data sets kept in memory; CIFAR-10 is 180 MB."""


def load_pictures(name: str, params: Mapping[str, Value], path: str = "") -> PictureData:
    """The data set of that name; raises DataError, which says how to get it.

    path  where it lies, if not where the training found it
    """
    if name not in DATA:
        raise DataError(f'the data set "{name}" is not known here; {known_names(name, DATA)}')
    wanted: dict[str, Value] = dict(params)
    if path:
        if "path" not in specs(DATA[name].Params):
            raise DataError(f"{DATA[name].title} comes with dlexplain and takes no path")
        wanted["path"] = path
    return _load(name, tuple(sorted(wanted.items())), str(settings().home))


@lru_cache(maxsize=KEPT)
def _load(name: str, params: tuple[tuple[str, Value], ...], home: str) -> PictureData:
    source, folder = DATA[name], data_folder(settings().home)
    try:
        wanted: Any = parse(source.Params, dict(params))
    except BadInput as error:
        raise DataError(f"{source.title} cannot be read: {error}") from error
    status = source.status(wanted, folder)
    if not status.there:
        raise DataError(f"{source.title} is not here: {status.how}")
    data = source.load(wanted, folder, silent)
    if not isinstance(data, PictureData):
        raise DataError(f"{source.title} has no pictures")
    return data


def fitting(data: PictureData, name: str, channels: int, side: int) -> PictureData:
    """The same; raises DataError where its pictures are not of the model's size and colour."""
    if (data.channels, data.side) != (channels, side):
        raise DataError(
            f"the pictures of {name} are {data.side} × {data.side} with {data.channels} "
            f"channel(s); the model takes {side} × {side} with {channels}"
        )
    return data


def other_data_note(data: PictureData, digest: str) -> str:
    """A sentence where the data set is not, byte for byte, what the model was trained on."""
    if not digest or data.digest == digest:
        return ""
    return "These are not the very pictures that the model was trained on: their digest differs."


def evenly(pictures: Pictures, most: int) -> Pictures:
    """At most so many, spread over all of them, since some sets come class by class."""
    every = max(1, -(-len(pictures) // most))
    masks = None if pictures.masks is None else pictures.masks[::every]
    return Pictures(pictures.pixels[::every], pictures.labels[::every], masks)
