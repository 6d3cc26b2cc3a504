"""Whose robustness is measured: what a classifier of one kind must tell for that.

A kind of input is one file with a Subject; `robustness.py` knows no picture and no text.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dlexplain.explainers.progress import Progress
from dlexplain.params import Value

Row = list[float | None]
"""What was found of one example; JSON as it is."""
CLEAN = "clean"
"""Key of the question what the model says of an example as it is; its Row: class, confidence."""


@dataclass(frozen=True)
class Labelled:
    """What is measured on.

    title    says what it is;  notes  sentences on what is left out
    labels   class of each; None for all where that is not known, and what the model says counts
    classes  the labels of the model's classes
    digest   changes when an example does
    """

    title: str
    labels: tuple[int | None, ...]
    classes: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def known(self) -> bool:
        """Whether the right classes are known."""
        return None not in self.labels

    def label(self, place: int, clean: Row) -> int:
        """What counts as right of an example of which the model says `clean` as it is."""
        known = self.labels[place]
        return int(clean[0] or 0) if known is None else known


Answer = Callable[[range, Sequence[Row], Progress], list[Row]]
"""answer(places, what the model says of these as they are, progress) -> a Row each"""


@dataclass(frozen=True)
class Asked:
    """One question about each of the examples. key  of its answers, unique, for the file"""

    key: str
    answer: Answer


@dataclass(frozen=True)
class AskedAttack(Asked):
    """Its Row: [the first of `levels` that fools the model, -1 for none; None of an example that
    the model gets wrong as it is].

    levels     budgets, ascending;  unbounded  whether the last one is any change
    gradients  whether it uses them;  params  all of them
    """

    name: str
    title: str
    params: Mapping[str, Value]
    gradients: bool
    levels: tuple[float, ...]
    unbounded: bool


@dataclass(frozen=True)
class AskedCorruption(Asked):
    """Its Row: [class, confidence, rank correlation of the map or None]."""

    name: str
    title: str
    family: str
    severity: int


@dataclass(frozen=True)
class RobustnessPlan:
    """clean  is asked first;  norm, budgets  as results.Robustness has them
    map_method  whose maps are compared, "" for none;  notes  on what is left out
    """

    clean: Asked
    norm: str
    budgets: tuple[float, ...]
    attacks: tuple[AskedAttack, ...]
    corruptions: tuple[AskedCorruption, ...]
    map_method: str = ""
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All questions, in their order."""
        return (self.clean, *self.attacks, *self.corruptions)

    @property
    def facts(self) -> dict[str, Any]:
        """All that decides the answers, but for the examples."""
        return {
            "norm": self.norm,
            "budgets": list(self.budgets),
            "attacks": {one.name: dict(one.params) for one in self.attacks},
            "corruptions": [one.key for one in self.corruptions],
            "map_method": self.map_method,
        }


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None for what is usual, () for none of it."""

    attacks: tuple[str, ...] | None = None
    budgets: tuple[float, ...] | None = None
    corruptions: tuple[str, ...] | None = None
    severities: tuple[int, ...] | None = None
    params: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


class Subject(ABC):
    """A classifier of one kind. noun  what examples are called;  usual  how many are taken"""

    noun: ClassVar[str]
    usual: ClassVar[int]
    model: Any

    def __init__(self, model: Any) -> None:
        self.model = model

    @abstractmethod
    def examples(self, data: str, count: int, seed: int) -> Labelled:
        """At most `count`, drawn by the seed; raises DataError. data  "" for the model's own"""

    @abstractmethod
    def plan(self, examples: Labelled, wanted: Wanted, seed: int) -> RobustnessPlan:
        """What is asked of these examples; raises UnknownName or BadInput."""
