"""What an attack on a text's class found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.params import Value
from dlexplain.results.explanations import ClassName, ClassScore

Span = tuple[int, int]


@dataclass(frozen=True)
class ChangedWord:
    """One word of a text and what stands in its place.

    place        of the word, from 0
    new          "" where it was left out
    start, stop  its letters in the text as it was; at  those of the new one in the changed text
    similarity   cosine of the two in the model's input embedding, where the attack looked there
    """

    place: int
    old: str
    new: str
    start: int
    stop: int
    at: Span
    similarity: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"place": self.place, "old": self.old, "new": self.new,
                "similarity": self.similarity}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TextAttackResult:
    """One attack on one text.

    attack, title, params  which, and how it was asked
    label      the class that was right, or that the model said where no truth is known
    target     the class that was to be reached, or None: any other
    already    whether the model said another class before: then there is nothing to attack
    success    whether the model says what was wanted of the changed text
    text       what the model read;  moved  what it was shown in its place
    changes    word by word, in the order of the text
    words      how many the text has, as the model reads it
    before, after  the classes of each, the most probable first
    budget     changed texts that might be sent through the model;  queries  those that were: the
               text as it is is not counted
    """

    model: str
    attack: str
    title: str
    params: Mapping[str, Value]
    label: ClassName
    target: ClassName | None
    already: bool
    success: bool
    text: str
    moved: str
    changes: tuple[ChangedWord, ...]
    words: int
    before: tuple[ClassScore, ...]
    after: tuple[ClassScore, ...]
    budget: int
    queries: int
    seconds: float
    seed: int
    model_fingerprint: str = ""

    @property
    def marked(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Letters of the changed words, in `text` and in `moved`; what was left out is in the
        first alone."""
        before = tuple((one.start, one.stop) for one in self.changes)
        return before, tuple(one.at for one in self.changes if one.new)

    @property
    def told(self) -> str:
        """The answer in a sentence."""
        best = self.before[0]
        if self.already:
            return (
                f"The model says {best.name.label} of the text as it is, not {self.label.label}: "
                "there is nothing to attack."
            )
        was, said = (
            f"{one.name.label} ({one.text})" for one in (self._of_label(self.before), self._now)
        )
        count = f"{len(self.changes)} of {self.words} word{'' if self.words == 1 else 's'}"
        if self.success and self._now.name == self.label:  # one that stands by itself
            return f"{self.title} moves {was} to {self._now.text} with {count} changed."
        if self.success:
            return f"{self.title} turns {was} into {said} with {count} changed."
        wanted = f" into {self.target.label}" if self.target else ""
        tried = (
            f"within {self.budget:,} queries"
            if self.queries >= self.budget
            else f"and has nothing more to try after {self.queries:,} queries"
        )
        return (
            f"{self.title} does not turn {was}{wanted} {tried}; with {count} changed the model "
            f"says {said}."
        )

    @property
    def _now(self) -> ClassScore:
        """What is said of the changed text: the target where it was reached, since a label that
        stands by itself need not be the most probable."""
        if self.target is not None and self.success:
            return next(one for one in self.after if one.name == self.target)
        return self.after[0]

    def _of_label(self, scores: tuple[ClassScore, ...]) -> ClassScore:
        return next(one for one in scores if one.name == self.label)

    def to_dict(self) -> dict[str, Any]:
        """The form that `attack --text --json` prints."""
        return {
            "text": self.text,
            "changed_text": self.moved,
            "model": self.model,
            "attack": self.attack,
            "params": dict(self.params),
            "label": self.label.label,
            "target": self.target.label if self.target else None,
            "already_misclassified": self.already,
            "success": self.success,
            "changes": [one.to_dict() for one in self.changes],
            "words": self.words,
            "before": [score.to_dict() for score in self.before],
            "after": [score.to_dict() for score in self.after],
            "budget": self.budget,
            "queries": self.queries,
            "seconds": self.seconds,
            "seed": self.seed,
            "model_fingerprint": self.model_fingerprint,
        }
