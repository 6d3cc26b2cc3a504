"""The data set that a model was trained on, of whatever kind, where it is here; no torch.

Nothing is fetched from here: a page or a command that only looks must not load 170 MB. Where the
data set is not here, the error says how to get it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

import dlexplain.data.sets  # noqa: F401, registers the data sets
from dlexplain.data.base import DATA, LoadedData, silent
from dlexplain.errors import BadInput, DataError, known_names
from dlexplain.execution.paths import data_folder
from dlexplain.params import Value, parse, specs
from dlexplain.settings import settings

KEPT = 2
"""Data sets kept in memory; CIFAR-10 is 180 MB."""


def drawn(available: int, count: int, seed: int) -> list[int]:
    """Which of so many examples, in the order of the draw, so that fewer are the first of more."""
    return [int(one) for one in np.random.default_rng(seed).permutation(available)[:count]]


def load_data(name: str, params: Mapping[str, Value], path: str = "") -> LoadedData:
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
def _load(name: str, params: tuple[tuple[str, Value], ...], home: str) -> LoadedData:
    source, folder = DATA[name], data_folder(settings().home)
    try:
        wanted: Any = parse(source.Params, dict(params))
    except BadInput as error:
        raise DataError(f"{source.title} cannot be read: {error}") from error
    status = source.status(wanted, folder)
    if not status.there:
        raise DataError(f"{source.title} is not here: {status.how}")
    return source.load(wanted, folder, silent)
