"""Text classifiers over the same texts; maps are compared word by word.

A word is what stands between blanks, so that models with different tokenisers have the same ones:
the values of the tokens that begin in a word are added up. Words that one of the models does not
read, since the text is too long for it, are left out.
"""

import hashlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from dlexplain.data.text_column import column_names, read_text_column
from dlexplain.data.text_reading import Reading
from dlexplain.errors import DataError, Incompatible, TextError
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.progress import Progress
from dlexplain.results.model_comparison import PackedMap
from dlexplain.services.comparing.kinds import ClassifierKind, Floats, Given
from dlexplain.services.own_data import drawn
from dlexplain.services.reliability.labelled import parts_of
from dlexplain.services.texts.explain import input_of, request_of
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import local_path

LABEL = "label"


class TextKind(ClassifierKind):
    """Each model reads the text by its own tokens."""

    noun, usual = "texts", 100
    methods: ClassVar[tuple[str, ...]] = ("integrated-gradients", "leave-one-out")
    models: tuple[TextModel, ...]

    def check(self) -> None:
        for model in self.models:
            if model.activation != "softmax":
                raise Incompatible(f"the classes of {model.name} do not exclude each other")
        super().check()

    def examples(self, data: str, count: int, seed: int) -> Given:
        model = self.models[0]
        labels: tuple[int | None, ...]
        if _unlabelled(data):
            every = read_text_column(local_path(data))[1]
            texts = [every[place] for place in drawn(len(every), count, seed)]
            title, labels = f"texts of {Path(data).name}", tuple(None for _ in texts)
        else:
            part: Any = parts_of(model, data, count, seed).test
            texts, title = [one.text for one in part.readings], part.title
            labels = tuple(map(int, part.labels))
        self.readings: list[list[Reading]] = []
        kept: list[int] = []
        notes: list[str] = []
        for place, text in enumerate(texts):
            try:
                self.readings.append([one.read(text) for one in self.models])
                kept.append(place)
            except TextError as error:
                notes.append(f"A text was left out: {error}.")
        if not kept:
            raise DataError(f"no text of {title} can be read: {notes[0] if notes else 'none'}")
        names = tuple(texts[place] for place in kept)
        own = tuple(labels[place] for place in kept)
        digest = hashlib.sha256(repr((names, own)).encode()).hexdigest()[:16]
        return Given(title, names, own, digest, tuple(dict.fromkeys(notes)))

    def request(self, which: int, method: Explainer[Any], given: dict[str, Any]) -> Request[Any]:
        return request_of(self.models[which], method.name, given)

    def seen(self, which: int, place: int) -> Tensor:
        return torch.from_numpy(self._reading(which, place).ids)[None]

    def explained(
        self, which: int, place: int, target: int, method: Explainer[Any], request: Request[Any],
        progress: Progress,
    ) -> Floats:  # fmt: skip
        """(words,), NaN where the model does not read one."""
        reading = self._reading(which, place)
        given = input_of(self.models[which], reading, self.goal(which, target), progress)
        found = method.explain(given, request)
        return of_words(reading, found.values.astype(np.float64))

    def aligned(
        self, place: int, first: tuple[int, Floats], second: tuple[int, Floats]
    ) -> tuple[Floats, Floats]:
        both = np.isfinite(first[1]) & np.isfinite(second[1])
        return first[1][both], second[1][both]

    def packed(self, which: int, place: int, found: Floats) -> PackedMap:
        words = self._reading(which, place).text.split()
        return PackedMap.of(self.models[which].name, np.nan_to_num(found), words=tuple(words))

    def _reading(self, which: int, place: int) -> Reading:
        return self.readings[place][which]


def of_words(reading: Reading, values: Floats) -> Floats:
    """(tokens,) -> (words,) sums over what stands between blanks; NaN where a word has no token.
    A token belongs to the word of its first letter that is no blank; marks to none."""
    text = reading.text
    blank = np.array([letter.isspace() for letter in text], bool)
    begins = ~blank & np.r_[True, blank[:-1]]
    word_of = np.cumsum(begins) - 1
    found = np.full(int(begins.sum()), np.nan)
    rows = zip(reading.offsets.tolist(), reading.words.tolist(), values.tolist(), strict=True)
    for (start, stop), word, value in rows:
        letters = [at for at in range(start, min(stop, len(text))) if not blank[at]]
        if word < 0 or not letters:
            continue
        place = word_of[letters[0]]
        found[place] = np.nan_to_num(found[place]) + value
    return found


def _unlabelled(data: str) -> bool:
    """Whether it is a CSV without a column of labels."""
    path = local_path(data) if data else None
    if path is None or path.is_dir():
        return False
    return LABEL not in column_names(path)
