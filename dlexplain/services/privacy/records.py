"""Records of which it is known whether a picture classifier was trained on them; no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import PictureData, Pictures
from dlexplain.data.few import few_of_each_class
from dlexplain.data.planting import planted_pictures
from dlexplain.data.shortcuts import Shortcut
from dlexplain.errors import BadInput
from dlexplain.evaluation.membership import LEAST
from dlexplain.execution.spec import RunSpec
from dlexplain.params import parse
from dlexplain.services.pictures.data import load_pictures, other_data_note
from dlexplain.trained.entry import ModelEntry

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Records:
    """As many members of a model's training set as others, drawn from its training and test part.

    pool  all of them, members first
    """

    data: PictureData
    members: Places
    others: Places
    notes: tuple[str, ...]

    @property
    def pool(self) -> Pictures:
        train, test = self.data.train.take(self.members), self.data.test.take(self.others)
        return Pictures(
            np.concatenate([train.pixels, test.pixels]),
            np.concatenate([train.labels, test.labels]),
        )


def records_of(entry: ModelEntry, path: str, count: int, seed: int) -> Records:
    """At most `count` of each, fewer where there are fewer.

    path  where the model's data lies, if not where the training found it
    Raises BadInput where its data is not known or too small, DataError where it is not here.
    """
    spec = spec_of(entry)
    data = learned_from(load_pictures(spec.data, spec.data_params, path), spec)
    shortcut = parse(Shortcut, spec.shortcut)
    if shortcut.planted:
        data = planted_pictures(data, shortcut, spec.seed)
    digest = str(entry.trained.facts.get("digest", ""))
    note = "" if shortcut.planted else other_data_note(data, digest)
    members, others = drawn(data, count, seed)
    return Records(data, members, others, (note,) if note else ())


def learned_from(data: PictureData, spec: RunSpec) -> PictureData:
    """The data set with those training examples alone that a run of the spec learns from."""
    most = int(spec.training.get("examples_per_class", 0))
    return few_of_each_class(data, most, spec.seed)


def spec_of(entry: ModelEntry) -> RunSpec:
    """How it was trained; raises BadInput where that is not known here."""
    if entry.source in ("registered", "own"):
        raise BadInput(
            f"what {entry.name} was trained on is not known here; a model of the zoo or a finished "
            "run is accepted"
        )
    return entry.trained.spec


def drawn(data: PictureData, count: int, seed: int) -> tuple[Places, Places]:
    """Places in the training part, and as many in the test part, ascending."""
    size = min(count, len(data.train), len(data.test))
    if size < LEAST:
        raise BadInput(f"{size} members and as many others are too few; {LEAST} of each are needed")
    generator = np.random.default_rng(seed)
    members, others = (
        np.sort(generator.permutation(len(part))[:size]) for part in (data.train, data.test)
    )
    return members, others
