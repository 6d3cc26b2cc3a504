"""Models of which one attention head can be seen in numbers; no torch here."""

from dataclasses import dataclass
from typing import Literal

from dlexplain.errors import UnknownName, WeightsError, known_names
from dlexplain.services.texts.attention_list import attending_entries
from dlexplain.services.trained.models import trained
from dlexplain.services.writing.model_list import language_entries

WITH_HEADS = ("minilm", "text-transformer")
"""Text classifiers; others that attend have no query of each token."""


@dataclass(frozen=True)
class HeadEntry:
    """A model with dot-product attention; kind "text" of a classifier."""

    name: str
    title: str
    kind: Literal["text", "language"]


def head_entries() -> tuple[HeadEntry, ...]:
    """Classifiers of texts, then language models."""
    texts = [
        HeadEntry(entry.name, entry.title, "text")
        for entry in attending_entries()
        if _architecture(entry.name) in WITH_HEADS
    ]
    writers = [
        HeadEntry(entry.name, entry.title, "language")
        for entry in language_entries()
        if _architecture(entry.name) == "transformer-lm"
    ]
    return (*texts, *writers)


def head_entry(name: str) -> HeadEntry:
    """Raises UnknownName, which says what is known."""
    for entry in head_entries():
        if entry.name == name:
            return entry
    known = known_names(name, (entry.name for entry in head_entries()))
    raise UnknownName(f'no model with attention heads is called "{name}"; {known}')


def _architecture(name: str) -> str:
    """ "" where the model's card is damaged: whoever loads it is told."""
    try:
        return trained(name).spec.model
    except WeightsError:
        return ""
