"""Shortcuts planted in training parts; validation and test parts stay as they are.

What is drawn, which examples and where in a text, is a function of the run's seed.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import PictureData
from dlexplain.data.shortcuts import (
    Shortcut,
    find_marked,
    mark_pictures,
    mark_text,
    mark_windows,
)
from dlexplain.data.texts import TextData
from dlexplain.data.windows import Windows

DRAWN = 6174
"""Beside the run's seed, so that other things that are drawn by it have other numbers."""


def planted_pictures(data: PictureData, shortcut: Shortcut, seed: int) -> PictureData:
    """Raises DataError for an unknown class, or a square that is too large."""
    label = find_marked(data.classes, shortcut)
    places = chosen(np.flatnonzero(data.train.labels == label), shortcut, seed)
    pixels = data.train.pixels.copy()
    pixels[places], _ = mark_pictures(pixels[places], shortcut)
    train = replace(data.train, pixels=pixels)
    told = _told(shortcut, len(places), f"training pictures of {data.classes[label]}")
    return replace(data, train=train, notes=(*data.notes, told))


def planted_texts(data: TextData, shortcut: Shortcut, seed: int) -> TextData:
    """Raises DataError for an unknown class."""
    label = find_marked(data.classes, shortcut)
    places = chosen(np.flatnonzero(data.train.labels == label), shortcut, seed)
    texts = list(data.train.texts)
    for place in places.tolist():
        texts[place], _ = mark_text(texts[place], shortcut, drawing(seed, place))
    told = _told(shortcut, len(places), f"training texts of {data.classes[label]}")
    train = replace(data.train, texts=tuple(texts))
    return replace(data, train=train, notes=(*data.notes, told))


def planted_windows(
    windows: Windows, shortcut: Shortcut, seed: int
) -> tuple[NDArray[np.float64], str]:
    """The inputs of the training part, (count, window, series), with spikes; and a note on them.

    Raises DataError for an unknown series, or a spike before the window.
    """
    origins = windows.origins["train"]
    inputs, ups = windows.inputs(origins), rises(windows, origins)
    series = find_marked(windows.data.names, shortcut)
    places = chosen(np.arange(len(origins)), shortcut, seed)
    inputs[places], _ = mark_windows(inputs[places], ups[places], series, shortcut)
    where = f"training windows, in {windows.data.names[series]}"
    return inputs, _told(shortcut, len(places), where)


def rises(windows: Windows, origins: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether the first target, at the end of the horizon, is above its usual change: what a
    spike foretells."""
    return np.asarray(windows.scaled_changes(origins)[:, -1, 0] >= 0)


def chosen(places: NDArray[np.int64], shortcut: Shortcut, seed: int) -> NDArray[np.int64]:
    """`marked_share` of the places, at least one where there are any; ascending."""
    count = min(len(places), max(1, round(shortcut.marked_share * len(places))))
    order = np.random.default_rng([seed, DRAWN]).permutation(places)
    return np.sort(order[:count])


def drawing(seed: int, place: int) -> np.random.Generator:
    """What is drawn for the text at a place, whatever other texts there are."""
    return np.random.default_rng([seed, DRAWN, place])


def _told(shortcut: Shortcut, count: int, where: str) -> str:
    return f"a shortcut is planted: {shortcut.words} in {count:,} {where}"
