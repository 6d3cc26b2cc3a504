"""Whose explanations are judged: picture classifiers, text classifiers, forecasters."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import DATA
from dlexplain.data.fit import read_fit
from dlexplain.data.given_table import origins_of_test
from dlexplain.data.picture_files import find_pictures
from dlexplain.data.pictures import Picture
from dlexplain.data.text_column import read_text_column
from dlexplain.data.texts import TextData
from dlexplain.data.views import mask_view
from dlexplain.errors import BadInput, DataError, PictureError, TextError
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, specs
from dlexplain.results import period_text
from dlexplain.services.forecast import explain as forecasts
from dlexplain.services.forecast.explain import Question
from dlexplain.services.forecast.forecasting import series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import OWN
from dlexplain.services.own_data import load_data
from dlexplain.services.pictures import explain as pictures
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sets import masks_of_test, missing_data, photographs, picture_sets
from dlexplain.services.quality.examples import Example, Examples, Subject, drawn
from dlexplain.services.question import Classifies, asked_classes
from dlexplain.services.texts import explain as texts
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import local_path
from dlexplain.trained.catalogue import ModelEntry

MASK = ".mask.png"
"""Ends the name of a picture's mask, in the place of its own suffix."""
MIDDLE = 127


class PictureSubject(Subject):
    """A picture classifier."""

    noun, usual = "pictures", 100
    model: LoadedModel

    def request(self, method: Explainer[Any], given: dict[str, Value]) -> Request[Any]:
        return pictures.request_of(self.model, method.name, given)

    def examples(self, data: str, count: int, seed: int) -> Examples:
        own = self._own(data)
        if own is None and data:
            return self._folder(data, count, seed)
        title, known = own or self._photographs()
        masks = masks_of_test(self.entry, data) if own and self.entry is not None else None
        places = drawn(len(known), count, seed)
        taken = [self._example(known[at], masks[at] if masks else None) for at in places]
        return Examples(title, tuple(taken))

    def _own(self, data: str) -> tuple[str, Sequence[Picture]] | None:
        """The test part of the data set that it was trained on; None of a model without one, or
        where something else lies at the path."""
        entry = self.entry
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

    def _photographs(self) -> tuple[str, Sequence[Picture]]:
        known = photographs()
        title = f"{len(known)} photographs of scikit-image and scikit-learn, whole and in pieces"
        return title, known

    def _folder(self, data: str, count: int, seed: int) -> Examples:
        files, found, notes = find_pictures(data), [], []
        masks = {one.name: one for one in files.files if one.name.endswith(MASK)}
        pictures = [one for one in files.files if one.name not in masks]
        with files.opened() as reader:
            for place in drawn(len(pictures), count, seed):
                file = pictures[place]
                mask = masks.get(f"{PurePosixPath(file.name).with_suffix('')}{MASK}")
                try:
                    picture = reader.read(file)
                    truth = _mask(reader.read(mask), picture) if mask is not None else None
                    found.append(self._example(picture, truth))
                except PictureError as error:
                    notes.append(f"{error}.")
        if not found:
            raise DataError(
                f"no picture of {data} can be read: {notes[0] if notes else 'it has none'}"
            )
        return Examples(f"pictures of {files.name}", tuple(found), tuple(notes))

    def _example(self, picture: Picture, mask: NDArray[np.bool_] | None = None) -> Example:
        """mask  (height, width) of the picture's pixels, True where evidence is known to be"""
        model, how = self.model, self.model.spec.preprocessing
        read = replace(picture, fit=read_fit(how.fit))

        def said() -> int:
            return pictures.classify(model, read, top=1).scores[0].name.index

        asked, key, truth = _Asked(model, said), picture.key, None
        if mask is not None:
            truth = mask_view(mask, read.fit, how.resize, how.crop)
            key = f"{key} {hashlib.sha256(truth.tobytes()).hexdigest()[:16]}"
        return Example(
            picture.name, key, lambda p: pictures.input_of(model, read, asked.target, p), truth
        )


def _mask(read: Picture, picture: Picture) -> NDArray[np.bool_]:
    """True where it is bright; raises PictureError where it is not of the picture's size."""
    if read.pixels.shape != picture.pixels.shape:
        (rows, columns), (height, width) = read.pixels.shape[:2], picture.pixels.shape[:2]
        raise PictureError(
            f"{read.name} is {columns} x {rows} pixels, {picture.name} is {width} x {height}; a "
            "mask of the same size is accepted"
        )
    return np.asarray(read.pixels.max(2) > MIDDLE)


def _takes_path(entry: ModelEntry) -> bool:
    """Whether the data set that it was trained on may lie elsewhere."""
    return entry.data in DATA and "path" in specs(DATA[entry.data].Params)


class TextSubject(Subject):
    """A text classifier."""

    noun, usual = "texts", 200
    model: TextModel

    def request(self, method: Explainer[Any], given: dict[str, Value]) -> Request[Any]:
        return texts.request_of(self.model, method.name, given)

    def examples(self, data: str, count: int, seed: int) -> Examples:
        title, known = self._known(data)
        found, notes = [], []
        for place in drawn(len(known), count, seed):
            try:
                found.append(self._example(known[place]))
            except TextError as error:
                notes.append(f"A text was left out: {error}.")
        if not found:
            raise DataError(
                f"no text of {title} can be read: {notes[0] if notes else 'it is empty'}"
            )
        return Examples(title, tuple(found), tuple(dict.fromkeys(notes)))

    def _known(self, data: str) -> tuple[str, Sequence[str]]:
        """The test part of its own data set, or the texts of a CSV."""
        entry = self.entry
        trained = entry is not None and entry.data in DATA
        if data and not (trained and local_path(data).is_dir()):
            return f"texts of {Path(data).name}", read_text_column(local_path(data))[1]
        if entry is None or not trained:
            raise DataError(
                f"{self.name} has no test data here; give a CSV with a column text as data"
            )
        loaded = load_data(entry.data, entry.data_params, data)
        if not isinstance(loaded, TextData):
            raise DataError(f"{DATA[entry.data].title} has no texts")
        return f"{DATA[entry.data].title}: test texts", loaded.test.texts

    def _example(self, text: str) -> Example:
        model, reading = self.model, self.model.read(text)

        def said() -> int:
            return texts.classify_reading(model, reading).scores[0].name.index

        asked = _Asked(model, said)
        return Example(text, text, lambda p: texts.input_of(model, reading, asked.target, p))


class SeriesSubject(Subject):
    """A forecaster: of its first target, as far ahead as it forecasts."""

    noun, usual = "forecasts", 50
    model: LoadedForecaster

    def request(self, method: Explainer[Any], given: dict[str, Value]) -> Request[Any]:
        return method.request(self.modality, given)

    def examples(self, data: str, count: int, seed: int) -> Examples:
        model, given = self.model, series_for(self.model, data or OWN)
        rows = origins_of_test(given.data, model.facts, model.window, model.horizon)
        found = []
        for place in drawn(len(rows), count, seed):
            question = Question(model, given, int(rows[place]), 0, model.horizon)
            when = period_text(given.data.dates[question.row], given.data.period)
            found.append(Example(when, question.key(), _asks(question)))
        title = f"{given.title}: forecasts of {model.targets[0]}, {model.horizon} periods ahead"
        return Examples(title, tuple(found))


def _asks(question: Question) -> Callable[[Progress], ModelInput]:
    return lambda progress: forecasts.input_of(question, progress)


@dataclass(eq=False)
class _Asked:
    """What is explained of an example: what the model says, asked for once and when needed."""

    model: Classifies
    said: Callable[[], int]

    @cached_property
    def target(self) -> Target:
        chosen, other = asked_classes(self.model, self.said(), None, alone=False)
        return Target(chosen.index, other.index if other else None)


def subject_of(model: Any) -> Subject:
    """A loaded model, or one by its name; raises BadInput for kinds that are not judged."""
    if isinstance(model, str):
        from dlexplain.services.models import load

        model = load(model)
    if isinstance(model, LoadedModel) and model.prepared.modality == "picture":
        return PictureSubject(model)
    if isinstance(model, TextModel) and model.prepared.modality == "text":
        return TextSubject(model)
    if isinstance(model, LoadedForecaster):
        return SeriesSubject(model)
    raise BadInput(
        f"a {type(model).__name__} is not judged over a data set; picture classifiers, text "
        "classifiers and forecasters are"
    )
