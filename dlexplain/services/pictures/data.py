"""The data set that a model which makes pictures was trained on, where it is here; no torch."""

from collections.abc import Mapping

import numpy as np

from dlexplain.data.base import DATA, PictureData, Pictures
from dlexplain.errors import DataError
from dlexplain.params import Value
from dlexplain.services.own_data import load_data

__all__ = ["PictureData", "evenly", "fitting", "load_pictures", "other_data_note"]


def load_pictures(name: str, params: Mapping[str, Value], path: str = "") -> PictureData:
    """The data set of that name; raises DataError, which says how to get it.

    path  where it lies, if not where the training found it
    """
    data = load_data(name, params, path)
    if not isinstance(data, PictureData):
        raise DataError(f"{DATA[name].title} has no pictures")
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
    return pictures.take(np.arange(0, len(pictures), every))
