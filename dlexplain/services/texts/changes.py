"""What if: words dropped, masked or replaced, and the fewest whose change turns the class."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np
import torch

from dlexplain.data.text_reading import Reading
from dlexplain.errors import Incompatible, TextError
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.turning import Turned, turn_by_removal, turn_by_replacement
from dlexplain.results import Turning, WordChange
from dlexplain.services.texts.explain import classify_reading, input_of
from dlexplain.services.texts.models import TextModel

Way = Literal["drop", "mask", "replace"]
WAYS: tuple[Way, ...] = ("drop", "mask", "replace")
KEEPS_PLACES: tuple[Way, ...] = ("mask",)
"""Of those, what moves no other word, as the label of one token needs it."""
BLANK = "▢"
"""How a masked word is shown."""


def ways_of(model: TextModel) -> tuple[Way, ...]:
    """How words of a text may be changed for this model."""
    return WAYS if model.place < 0 else KEEPS_PLACES


def _check_way(model: TextModel, way: Way) -> None:
    if way not in ways_of(model):
        raise Incompatible(
            f'"{way}" may move the token whose label is asked; {", ".join(ways_of(model))} is '
            "accepted"
        )


def words_of(reading: Reading) -> tuple[str, ...]:
    """The words, each as it stands in the text."""
    return tuple(reading.text[start:stop] for start, stop in word_spans(reading))


def word_spans(reading: Reading) -> list[tuple[int, int]]:
    """First letter and the one behind the last of each word."""
    spans: dict[int, tuple[int, int]] = {}
    for word, (start, stop) in zip(reading.words.tolist(), reading.offsets.tolist(), strict=True):
        if word >= 0:
            spans[word] = (spans.get(word, (start, stop))[0], stop)
    return list(spans.values())


def changed(
    model: TextModel, reading: Reading, places: Sequence[int], way: Way, new: str = ""
) -> Reading:
    """The text with these words (positions in `words_of`) changed, as the model reads it.

    A dropped or replaced word changes the text, which is read anew; a masked one keeps its place
    and becomes what the model has for an unknown word. Raises TextError where nothing is left, or
    Incompatible where the token whose label is asked would move.
    """
    _check_way(model, way)
    if way == "mask":
        numbers = list(dict.fromkeys(int(w) for w in reading.words if w >= 0))
        hidden = np.isin(reading.words, [numbers[place] for place in places])
        tokens = tuple(
            BLANK if hide else token for hide, token in zip(hidden, reading.tokens, strict=True)
        )
        return replace(
            reading, ids=np.where(hidden, model.prepared.blank, reading.ids), tokens=tokens
        )
    if way == "replace" and not new.strip():
        raise TextError("there is nothing to put in the word's place; type a word")
    spans, text = word_spans(reading), reading.text
    for place in sorted(places, reverse=True):
        start, stop = spans[place]
        text = text[:start] + (new if way == "replace" else "") + text[stop:]
    return model.read(" ".join(text.split()))


@random_state_kept()
def find_turning(
    model: TextModel,
    reading: Reading,
    way: Way = "mask",
    budget: int = 1000,
    progress: Progress | None = None,
) -> Turning:
    """The fewest words whose change turns the class, within `budget` trials.

    Of labels that stand by themselves, the most probable one is turned. Raises Cancelled, or
    Incompatible of a regression, which has no class, and where the token whose label is asked would
    move.
    """
    if model.activation == "identity":
        raise Incompatible("a regression says no class that could turn")
    _check_way(model, way)
    progress = progress or Progress()
    before = classify_reading(model, reading)
    given = input_of(model, reading, Target(before.scores[0].name.index), progress)
    if way == "replace":
        found = turn_by_replacement(given, _plain_words(model), budget)
    else:
        found = turn_by_removal(given, "drop" if way == "drop" else "blank", budget)
    if found.ids is None:
        return Turning(before, None, (), False, progress.done, progress.seconds)
    kept = found.ids[0][found.ids[0] != model.prepared.pad].numpy()
    after = classify_reading(model, replace(reading, ids=kept))
    changes = _changes(model, reading, found)
    return Turning(before, after, changes, found.smallest, progress.done, progress.seconds)


def _changes(model: TextModel, reading: Reading, found: Turned) -> tuple[WordChange, ...]:
    words = words_of(reading)
    new = [model.reader.tokeniser.decode([token]).strip() for token in found.new]
    new = new or [""] * len(found.words)
    return tuple(WordChange(w, words[w], n) for w, n in zip(found.words, new, strict=True))


@lru_cache(maxsize=8)
def _plain_words(model: TextModel) -> torch.Tensor:
    """(ids,) of the tokens that are whole words of letters."""
    vocabulary = model.reader.tokeniser.get_vocab()
    return torch.tensor(
        sorted(token for word, token in vocabulary.items() if word.isalpha() and len(word) > 1)
    )
