"""Whose explanations are judged: picture classifiers, text classifiers, forecasters."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dlexplain.data.base import DATA
from dlexplain.data.given_table import origins_of_test
from dlexplain.data.text_column import read_text_column
from dlexplain.data.texts import TextData
from dlexplain.data.views import mask_view
from dlexplain.errors import BadInput, DataError, TextError
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import period_text
from dlexplain.services.forecast import explain as forecasts
from dlexplain.services.forecast.explain import Question
from dlexplain.services.forecast.forecasting import series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import OWN
from dlexplain.services.own_data import drawn, load_data
from dlexplain.services.pictures import explain as pictures
from dlexplain.services.pictures.examples import Shown, shown_pictures
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.examples import Example, Examples, Subject
from dlexplain.services.question import Classifies, asked_classes
from dlexplain.services.texts import explain as texts
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import local_path


class PictureSubject(Subject):
    """A picture classifier."""

    noun, usual = "pictures", 100
    model: LoadedModel

    def request(self, method: Explainer[Any], given: dict[str, Value]) -> Request[Any]:
        return pictures.request_of(self.model, method.name, given)

    def examples(self, data: str, count: int, seed: int) -> Examples:
        how = self.model.spec.preprocessing.fit
        shown = shown_pictures(self.entry, how, data, count, seed)
        return Examples(shown.title, tuple(map(self._example, shown.known)), shown.notes)

    def _example(self, shown: Shown) -> Example:
        model, how, picture = self.model, self.model.spec.preprocessing, shown.picture

        def said() -> int:
            return pictures.classify(model, picture, top=1).scores[0].name.index

        asked, key, truth = _Asked(model, said), picture.key, None
        if shown.mask is not None:
            truth = mask_view(shown.mask, picture.fit, how.resize, how.crop)
            key = f"{key} {hashlib.sha256(truth.tobytes()).hexdigest()[:16]}"
        return Example(
            picture.name, key, lambda p: pictures.input_of(model, picture, asked.target, p), truth
        )


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
