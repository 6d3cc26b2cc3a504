"""The measured facts beside a map, and the inputs of which its parts were taken away."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.pictures import Picture
from dlexplain.evaluation.badge import badge
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.removal import what_stays
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution, Badge, SeriesAttribution, TextAttribution
from dlexplain.services.explaining import ResultCache
from dlexplain.services.forecast.explain import Question
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, series_case, text_case
from dlexplain.services.texts.models import Reading, TextModel

REMOVED = "▢"
"""Stands for a word that was taken away."""


def picture_badge(
    model: LoadedModel,
    picture: Picture,
    found: Attribution,
    progress: Progress | None = None,
    unlimited: bool = False,
) -> Badge:
    """Of a map of the picture, and the pictures that the model was asked.

    unlimited  whether the method is asked again however long it takes; see evaluation.badge

    The same again is answered from memory. Raises BadInput for values that say nothing,
    Incompatible or Cancelled.
    """

    def make() -> Badge:
        case = picture_case(model, picture, found, progress)
        facts = badge(case, found.evaluations, unlimited)
        return replace(facts, pictures=pictures_without(case, facts.shares.tolist()))

    return _kept([found.to_dict(), picture.key], unlimited, make)


def text_badge(
    model: TextModel,
    reading: Reading,
    found: TextAttribution,
    progress: Progress | None = None,
    unlimited: bool = False,
) -> Badge:
    """The same of a text."""

    def make() -> Badge:
        case = text_case(model, reading, found, progress)
        facts = badge(case, found.evaluations, unlimited)
        return replace(facts, texts=texts_without(case, found, facts.shares.tolist()))

    return _kept([found.to_dict(), reading.ids.tolist()], unlimited, make)


def series_badge(
    question: Question,
    found: SeriesAttribution,
    progress: Progress | None = None,
    unlimited: bool = False,
) -> Badge:
    """The same of a forecast."""
    about = [question.key(), found.method, dict(found.params)]
    return _kept(
        about,
        unlimited,
        lambda: badge(series_case(question, found, progress), found.evaluations, unlimited),
    )


@random_state_kept()
def _kept(about: object, unlimited: bool, make: Callable[[], Badge]) -> Badge:
    key = json.dumps([_without_time(about), unlimited])
    found = _cache.get(key)
    if found is None:
        found = make()
        _cache.put(key, found)
    return found


def _without_time(about: object) -> object:
    """The same explanation that took longer is the same."""
    if isinstance(about, dict):
        return {key: value for key, value in about.items() if key not in ("seconds", "path")}
    return [_without_time(one) for one in about] if isinstance(about, list) else about


_cache: ResultCache[Badge] = ResultCache()


def pictures_without(case: Case, shares: Sequence[float]) -> NDArray[np.uint8]:
    """(shares, height, width, 3) of what the model was asked, its most marked parts away."""
    given = case.given
    assert isinstance(given, PictureInput)
    stays = what_stays(case, shares)
    inputs = case.parts().make(stays, torch.zeros(len(shares), dtype=torch.int64))
    low, high = given.model.value_range
    pixels = ((inputs - low) / (high - low) * 255).clamp(0, 255).round().byte()
    shown = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return np.repeat(shown, 3, axis=3) if shown.shape[3] == 1 else np.ascontiguousarray(shown)


def texts_without(case: Case, found: TextAttribution, shares: Sequence[float]) -> tuple[str, ...]:
    """The text with REMOVED in the place of its most marked words, a share of them at a time."""
    stays = what_stays(case, shares).tolist()
    numbers = case.parts().labels.tolist()
    return tuple(_text(found, numbers, row) for row in stays)


def _text(found: TextAttribution, numbers: Sequence[int], stays: Sequence[bool]) -> str:
    said, before = [], 0
    gone = -1
    for number, (start, stop) in zip(numbers, found.offsets.tolist(), strict=True):
        if number < 0 or stays[number]:
            continue
        if number != gone:
            said += [found.text[before:start], REMOVED]
        gone, before = number, stop
    return "".join([*said, found.text[before:]])
