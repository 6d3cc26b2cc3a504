"""Few examples of each class to learn from, drawn by the seed; validation and test stay whole."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import PictureData
from dlexplain.data.texts import TextData

D = TypeVar("D")


def few_of_each_class(data: D, most: int, seed: int) -> D:
    """The data set with at most so many training examples a class; 0 takes all.

    The same seed draws the same, and of two numbers the smaller draws from the larger's, as a
    learning curve wants it.
    """
    if not most:
        return data
    if not isinstance(data, PictureData | TextData):
        raise TypeError(f"{type(data).__name__} has no classes")
    places = drawn(data.train.labels, most, seed)
    note = (
        f"{len(places):,} of {len(data.train):,} training examples are learned from, at most "
        f"{most:,} a class, drawn by the seed"
    )
    train = data.train.take(places)
    return replace(data, train=train, notes=(*data.notes, note))  # type: ignore[arg-type]


def drawn(labels: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Places, ascending, of at most so many of each label."""
    chosen = []
    for label in np.unique(labels):
        generator = np.random.default_rng([seed, int(label)])
        chosen.append(generator.permutation(np.flatnonzero(labels == label))[:most])
    return np.sort(np.concatenate(chosen))
