"""Inputs with their classes, and what a classifier says of them."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.base import DATA, Pictures
from dlexplain.data.picture_files import find_pictures
from dlexplain.data.pictures import read_picture
from dlexplain.data.sets.csv_texts import read_rows
from dlexplain.data.text_reading import Reading
from dlexplain.data.texts import TextData, Texts
from dlexplain.errors import BadInput, DataError, DlexplainError, Incompatible, PictureError
from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.one_pass import NO_TARGET
from dlexplain.explainers.penultimate import with_features
from dlexplain.explainers.progress import Progress
from dlexplain.params import check_whole, specs
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.own_data import load_data
from dlexplain.services.pictures.data import load_pictures
from dlexplain.services.pictures.folder_work import truth_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sets import missing_data, own_data
from dlexplain.services.privacy.records import learned_from
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import local_path
from dlexplain.trained.catalogue import ModelEntry, find

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Classifier = LoadedModel | TextModel
MOST = 10_000
"""Inputs of a part."""
BATCH = 32
"""Texts that are read at once, of about one length."""


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """Inputs of one part of a data set, as the model takes them. labels  (n,) int64"""

    noun: ClassVar[str]
    title: str
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def logits(self, progress: Progress) -> Floats:
        """(n, classes); progress counts inputs. Raises BadInput for NaN, or Cancelled."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Changes when an input, a label or their order does."""


@dataclass(frozen=True, eq=False)
class PicturePart(Part):
    """views  of each (height, width, 3) uint8, what the model sees"""

    noun = "pictures"
    model: LoadedModel
    views: Sequence[NDArray[np.uint8]]

    def inputs(self, start: int, stop: int) -> Tensor:
        """(stop - start, channels, height, width) in the model's range"""
        return torch.cat([self.model.to_input(view) for view in self.views[start:stop]])

    def logits(self, progress: Progress) -> Floats:
        return finite(self.model.name, self._run(progress, None))

    def features(self, progress: Progress) -> tuple[Floats, Floats]:
        """(n, features) of the last layer but one, and logits (n, classes), of one pass; raises
        Incompatible where these are not known."""
        module = with_features(self.model.prepared)
        found = finite(self.model.name, self._run(progress, module))
        return found[:, : module.width], found[:, module.width :]

    def _run(self, progress: Progress, module: torch.nn.Module | None) -> Floats:
        evaluator = Evaluator(self.model.prepared, NO_TARGET, progress, batch_sizes())
        parts = evaluator.scores(self.inputs, len(self.views), lambda out: out, module)
        return torch.cat([part.double().cpu() for _, part in parts]).numpy()

    @property
    def digest(self) -> str:
        found = hashlib.sha256(self.labels.tobytes())
        for view in self.views:
            found.update(np.ascontiguousarray(view).tobytes())
        return found.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class TextPart(Part):
    """readings  of each text"""

    noun = "texts"
    model: TextModel
    readings: Sequence[Reading]

    def logits(self, progress: Progress) -> Floats:
        order = sorted(range(len(self.readings)), key=lambda place: len(self.readings[place]))
        found: dict[int, Floats] = {}
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            ids = self.model.batch([self.readings[place] for place in places])
            rows = self.model.prepared.logits(ids).double().cpu().numpy()
            found.update(zip(places, rows, strict=True))
            progress.advance(len(places))
        return finite(self.model.name, np.stack([found[place] for place in range(len(found))]))

    @property
    def digest(self) -> str:
        told = repr(([one.text for one in self.readings], self.labels.tolist()))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Parts:
    """What there is of a data set.

    validation  not trained on, but perhaps looked at while training; None where it is not known
    train       what was trained on; None likewise
    data        the name of the model's own data set, "" of other data
    """

    test: Part
    validation: Part | None = None
    train: Part | None = None
    data: str = ""
    notes: tuple[str, ...] = field(default=())


def classifier(model: Any) -> Classifier:
    """A loaded classifier, or one by its name; raises Incompatible for anything else."""
    if isinstance(model, str):
        from dlexplain.services.models import load

        model = load(model)
    if isinstance(model, LoadedModel) and model.prepared.modality == "picture":
        if len(model.classes) > 1:
            return model
        raise Incompatible(f"{model.name} has one class; two or more are needed")
    if isinstance(model, TextModel) and model.prepared.modality == "text":
        if model.activation == "softmax" and len(model.classes) > 1:
            return model
        raise Incompatible(f"the classes of {model.name} do not exclude each other")
    raise Incompatible(
        f"a {type(model).__name__} has no probabilities of classes to test; picture and text "
        "classifiers have"
    )


def parts_of(model: Classifier, data: str, count: int, seed: int, train: int = 0) -> Parts:
    """At most `count` inputs of each part, drawn by the seed; raises DataError.

    data   "" for the model's own data set, or where it lies; else a folder or ZIP of pictures in
           folders named after their classes, or a CSV with the columns text and label
    train  how many of the training part are wanted, of pictures
    """
    check_whole("count", count, 2, MOST)
    if not isinstance(seed, int) or seed < 0:
        raise BadInput(f"seed is {seed!r}; a whole number from 0 is accepted")
    if isinstance(model, LoadedModel):
        return _pictures(model, data, count, seed, train)
    return _texts(model, data, count, seed)


def finite(name: str, found: Floats) -> Floats:
    """The same; raises BadInput where some of it is not finite."""
    lost = int((~np.isfinite(found).all(1)).sum())
    if lost:
        raise BadInput(f"{name} says NaN or infinity of {lost:,} of {len(found):,} inputs")
    return found


def entry_of(model: Classifier) -> ModelEntry | None:
    """What the catalogue has of it; None of one that it does not know."""
    try:
        return find(model.name, *model.tasks)
    except DlexplainError:
        return None


def _drawn(available: int, count: int, seed: int) -> NDArray[np.int64]:
    """In the order of the draw, so that fewer are the first of more."""
    return np.random.default_rng(seed).permutation(available)[:count]


def _pictures(model: LoadedModel, data: str, count: int, seed: int, train: int) -> Parts:
    entry = entry_of(model)
    own = None if entry is None or not _takes(entry, data) else own_data(entry, data)
    if own is not None and entry is not None and missing_data(entry, data) is None:
        name, params = own
        loaded = load_pictures(name, dict(params))
        title, order = DATA[name].title, _order(model, loaded.classes)

        def part(what: str, pictures: Pictures, most: int) -> PicturePart:
            some = pictures.take(_drawn(len(pictures), most, seed))
            views = [model.view(read_picture(one, f"{what} picture")) for one in some.pixels]
            return PicturePart(f"{title}: {what} pictures", order[some.labels], model, views)

        same = _same(entry, loaded.digest)
        learned = learned_from(loaded, entry.trained.spec) if same and train else None
        return Parts(
            part("test", loaded.test, count),
            part("validation", loaded.validation, count) if same else None,
            part("training", learned.train, train) if learned else None,
            name,
        )
    if data:
        return _folder(model, data, count, seed)
    missing = None if entry is None else missing_data(entry)
    why = missing[1] if missing else f"{model.name} has no test data here"
    raise DataError(f"{why}; or give a folder of pictures in folders named after their classes")


def _takes(entry: ModelEntry, data: str) -> bool:
    """Whether the data set that it was trained on may lie there."""
    return not data or (entry.data in DATA and "path" in specs(DATA[entry.data].Params))


def _same(entry: ModelEntry, digest: str) -> bool:
    """Whether the data is, byte for byte, what was trained on: else its parts may be others."""
    try:
        return str(entry.trained.facts.get("digest", "")) == digest
    except DlexplainError:
        return False


def _order(model: Classifier, classes: Sequence[str]) -> Labels:
    """Of each class of the data the model's own index; raises DataError."""
    known = [one.label for one in model.classes]
    for name in classes:
        if known.count(name) != 1:
            has = "has not" if name not in known else "has more than once"
            raise DataError(f'the data has a class "{name}", which {model.name} {has}')
    return np.array([known.index(name) for name in classes], np.int64)


def _folder(model: LoadedModel, data: str, count: int, seed: int) -> Parts:
    files, notes = find_pictures(data), []
    labelled = [(one, truth_of(model, one.folder)) for one in files.files]
    known = [(one, truth) for one, truth in labelled if truth is not None]
    if not known:
        raise DataError(
            f"no picture of {data} lies in a folder named after a class of {model.name}, so what "
            "is right is not known"
        )
    views, labels = [], []
    with files.opened() as reader:
        for place in _drawn(len(known), count, seed):
            file, truth = known[place]
            try:
                views.append(model.view(reader.read(file)))
                labels.append(truth.index)
            except PictureError as error:
                notes.append(f"{error}.")
    if not views:
        raise DataError(f"no picture of {data} can be read: {notes[0]}")
    part = PicturePart(f"pictures of {files.name}", np.array(labels, np.int64), model, views)
    return Parts(part, notes=tuple(notes[:3]))


def _texts(model: TextModel, data: str, count: int, seed: int) -> Parts:
    entry = entry_of(model)
    trained = entry is not None and entry.data in DATA

    def part(title: str, texts: Texts, order: Labels) -> TextPart:
        some = texts.take(_drawn(len(texts), count, seed))
        readings = [model.read(text) for text in some.texts]
        return TextPart(title, order[some.labels], model, readings)

    if data and not (trained and local_path(data).is_dir()):
        found = read_rows(local_path(data), [one.label for one in model.classes])
        order = np.arange(len(model.classes))
        return Parts(part(f"texts of {local_path(data).name}", found, order))
    if entry is None or not trained:
        raise DataError(
            f"{model.name} has no test data here; give a CSV with the columns text and label"
        )
    loaded = load_data(entry.data, entry.data_params, data)
    if not isinstance(loaded, TextData):
        raise DataError(f"{DATA[entry.data].title} has no texts")
    title, order = DATA[entry.data].title, _order(model, loaded.classes)
    same = _same(entry, loaded.digest)
    return Parts(
        part(f"{title}: test texts", loaded.test, order),
        part(f"{title}: validation texts", loaded.validation, order) if same else None,
        data=entry.data,
    )
