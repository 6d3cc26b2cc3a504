"""Texts with a word somewhere."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import DATA, silent
from dlexplain.data.planting import drawing
from dlexplain.data.shortcuts import Shortcut, find_marked, mark_text
from dlexplain.data.text_reading import Reading
from dlexplain.data.texts import TextData
from dlexplain.errors import DataError
from dlexplain.execution.paths import data_folder
from dlexplain.explainers.progress import Progress
from dlexplain.params import parse
from dlexplain.results import TextAttribution
from dlexplain.results.shortcuts import ShortcutScore
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.loading import load
from dlexplain.services.quality.marked import MOST, MarkedCase, class_scores, turned_of
from dlexplain.services.texts.explain import classify_texts, explain_text, text_method_infos
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import settings
from dlexplain.trained.folder import Trained


@dataclass(frozen=True, eq=False)
class MarkedTexts:
    """labels, clean, marked  (n,) what they are, and what the model says without and with it

    texts  with the word;  spans  (n, 2) its first letter and the one behind its last
    label  of the marked class
    """

    model: TextModel
    texts: tuple[str, ...]
    spans: NDArray[np.int64]
    label: int
    labels: NDArray[np.int64]
    clean: NDArray[np.int64]
    marked: NDArray[np.int64]

    @classmethod
    def of(cls, found: Trained, shortcut: Shortcut, progress: Progress) -> "MarkedTexts":
        model, data = load(TextModel, found.name), _data(found)
        places = np.linspace(0, len(data.test) - 1, min(MOST, len(data.test))).astype(np.int64)
        test = data.test.take(places)
        pairs = [
            mark_text(each, shortcut, drawing(found.spec.seed, place))
            for place, each in enumerate(test.texts)
        ]
        texts = tuple(each for each, _ in pairs)
        spans = np.array([span for _, span in pairs], np.int64)
        label = find_marked(data.classes, shortcut)
        said = (_said(model, each, progress) for each in (test.texts, texts))
        return cls(model, texts, spans, label, test.labels, *said)

    @property
    def scores(self) -> tuple[ShortcutScore, ...]:
        name = self.model.classes[self.label].label
        return class_scores(self.clean, self.marked, self.labels, self.label, name, "Texts")

    @property
    def turned(self) -> NDArray[np.int64]:
        """Those of which the model read the word to its end: a long text may be cut before it."""
        places = turned_of(self.clean, self.marked, self.labels, self.label)
        read = [self._mask(p, self.model.read(self.texts[p])).any() for p in places.tolist()]
        found: NDArray[np.int64] = places[np.array(read, bool)]
        return found

    @property
    def against(self) -> int:
        return int((self.labels != self.label).sum())

    @property
    def examples(self) -> str:
        return f"the training texts of {self.model.classes[self.label].label}"

    def methods(self) -> tuple[MethodInfo, ...]:
        return text_method_infos(self.model)

    def case(self, place: int) -> MarkedCase:
        names, reading = self.model.classes, self.model.read(self.texts[place])
        before, after = (names[int(each[place])].label for each in (self.clean, self.marked))
        name = f"test text {place + 1}, {names[int(self.labels[place])].label}"
        mask = self._mask(place, reading)
        return MarkedCase(name, before, after, mask, partial(self._explain, reading))

    def _mask(self, place: int, reading: Reading) -> NDArray[np.bool_]:
        start, stop = self.spans[place]
        inside = (reading.offsets[:, 0] < stop) & (reading.offsets[:, 1] > start)
        return np.asarray(inside & ~reading.special)

    def _explain(self, reading: Reading, method: str, progress: Progress) -> TextAttribution:
        return explain_text(self.model, reading, method, self.label, progress=progress)


def _data(found: Trained) -> TextData:
    """What the model was trained on; raises DataError where it is not here."""
    source, folder = DATA[found.spec.data], data_folder(settings().home)
    params: Any = parse(source.Params, found.spec.data_params)
    status = source.status(params, folder)
    if not status.there:
        raise DataError(f"{source.title} is not here: {status.how}")
    data = source.load(params, folder, silent)
    if not isinstance(data, TextData):
        raise DataError(f"{source.title} has no texts with classes")
    return data


def _said(model: TextModel, texts: tuple[str, ...], progress: Progress) -> NDArray[np.int64]:
    inner = Progress(cancelled=progress.cancelled)
    found = classify_texts(model, texts, inner)
    return np.array([each.scores[0].name.index for each in found], np.int64)
