"""Attacks on texts: words are changed one after the other, within a number of queries."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

import torch
from torch import Tensor

from dlexplain.attacks.base import AnyAttack
from dlexplain.attacks.stop_words import STOP_WORDS
from dlexplain.errors import BadInput, Incompatible
from dlexplain.results.text_explanations import SAID

P = TypeVar("P")
Words = tuple[str, ...]
"""The words of a text in their order; "" where one was taken away."""


class Speaker(Protocol):
    """A model as attacks on texts ask it.

    readable  whether the model can read the text at all
    shares    (texts, classes) probabilities, all texts through one batching
    """

    def readable(self, words: Words) -> bool: ...

    def shares(self, texts: Sequence[Words]) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class WordVectors:
    """The words that a model has in one piece, and their vectors in its input embedding.

    table  (words, width), each row of length 1
    """

    words: tuple[str, ...]
    table: Tensor
    rows: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {word: row for row, word in enumerate(self.words)})

    def row_of(self, word: str) -> int | None:
        """As it is written, or else in small letters; None where the model has it not."""
        return self.rows.get(word, self.rows.get(word.lower()))

    def neighbours(self, word: str, most: int, least: float) -> list[tuple[str, float]]:
        """Other words by falling cosine similarity, `most` of them, none below `least`.

        Written as the word is: in capitals, with one at the beginning, or in small letters.
        """
        row = self.row_of(word)
        if row is None:
            return []
        cosines = self.table @ self.table[row]
        order = cosines.argsort(descending=True, stable=True).tolist()
        found: dict[str, float] = {}
        for place in order:
            if len(found) == most or float(cosines[place]) < least:
                break
            other = _written_as(word, self.words[place])
            if self.words[place].lower() != word.lower() and not is_stop_word(other):
                found.setdefault(other, float(cosines[place]))
        return list(found.items())


def _written_as(word: str, other: str) -> str:
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other[:1].upper() + other[1:] if word[:1].isupper() else other


def is_stop_word(word: str) -> bool:
    """Whether it is an English word that carries grammar rather than meaning."""
    return word.lower() in STOP_WORDS


@dataclass(frozen=True, eq=False)
class Trial:
    """A text, and how near it comes.

    gain    what the class that is right has lost of its probability, or the target has won
    fooled  whether the model says what is wanted
    """

    words: Words
    gain: float
    fooled: bool


@dataclass(eq=False)
class TextVictim:
    """Who is attacked.

    before       (classes,) what the model says of the text as it is
    label        the class that is right;  target  the one to be reached, or None: any other
    budget       texts that may be sent through the model;  queries  those that were
    independent  whether each class is a label that stands by itself, said from SAID on
    vectors      the model's own, or None where it has none that can be reached, and `why_none`
    """

    speaker: Speaker
    words: Words
    before: Tensor
    label: int
    target: int | None
    budget: int
    independent: bool = False
    vectors: WordVectors | None = None
    why_none: str = ""
    queries: int = 0

    @property
    def left(self) -> int:
        return self.budget - self.queries

    @property
    def begun(self) -> Trial:
        """The text as it is."""
        return Trial(self.words, 0.0, False)

    def ask(self, texts: Sequence[Words]) -> list[Trial | None]:
        """Of each what came of it; None for what the model cannot read, which costs nothing, and
        for what the budget does not reach."""
        readable = [place for place, words in enumerate(texts) if self.speaker.readable(words)]
        asked = readable[: self.left]
        if not asked:
            return [None] * len(texts)
        self.queries += len(asked)
        shares = self.speaker.shares([texts[place] for place in asked])
        found: list[Trial | None] = [None] * len(texts)
        for place, row in zip(asked, shares, strict=True):
            found[place] = Trial(texts[place], self._gain(row), self._fooled(row))
        return found

    def best_of(self, texts: Sequence[Words]) -> Trial | None:
        """The one that comes nearest; None where none was asked for."""
        tried = [trial for trial in self.ask(texts) if trial is not None]
        return max(tried, key=lambda trial: (trial.fooled, trial.gain), default=None)

    def _gain(self, shares: Tensor) -> float:
        if not bool(shares.isfinite().all()):
            return float("-inf")
        if self.target is not None:
            return float(shares[self.target] - self.before[self.target])
        lost = float(self.before[self.label] - shares[self.label])
        return lost if self._said_before else -lost

    def _fooled(self, shares: Tensor) -> bool:
        if not bool(shares.isfinite().all()):
            return False
        if not self.independent:
            said = int(shares.argmax())
            return said != self.label if self.target is None else said == self.target
        if self.target is not None:
            return float(shares[self.target]) >= SAID
        return (float(shares[self.label]) >= SAID) != self._said_before

    @property
    def _said_before(self) -> bool:
        return not self.independent or float(self.before[self.label]) >= SAID


class TextAttack(AnyAttack[P]):
    """Base of attacks on texts, which ask for probabilities alone.

    vectors  whether it needs the model's word vectors
    least    words that a text must have
    """

    modality = "text"
    gradients = False
    vectors: ClassVar[bool] = False
    least: ClassVar[int] = 1

    @abstractmethod
    def run(self, victim: TextVictim, params: P, generator: torch.Generator) -> Trial:
        """The nearest that was found within the budget. `check` has said yes. Raises Cancelled."""

    def check(self, victim: TextVictim) -> None:
        """Raise BadInput or Incompatible, saying why, where it cannot be run."""
        if len(victim.words) < self.least:
            raise BadInput(
                f"the text has {len(victim.words)} word; {self.title} needs {self.least} at least, "
                "since nothing would be left to read"
            )
        if self.vectors and victim.vectors is None:
            raise Incompatible(f"{self.title} needs word vectors: {victim.why_none}")


def changed(words: Words, place: int, new: str) -> Words:
    """With another word at a place."""
    return (*words[:place], new, *words[place + 1 :])


def by_importance(victim: TextVictim, words: Words, places: Sequence[int]) -> list[int]:
    """Places by how much is gained where their word is left out, the largest first; a query each.

    Those of which that is not known come last, in the order of the text. Jin et al. 2020, as the
    drop of the right class's probability.
    """
    if len(places) < 2:
        return list(places)
    trials = victim.ask([changed(words, place, "") for place in places])
    gains = [float("-inf") if trial is None else trial.gain for trial in trials]
    order = sorted(range(len(places)), key=lambda index: -gains[index])
    return [places[index] for index in order]
