"""What comparing two models must know of a kind of input; one file a kind implements it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.batching import Target
from dlexplain.explainers.progress import Progress
from dlexplain.results.model_comparison import PackedMap
from dlexplain.services.question import asked_classes
from dlexplain.services.reliability.labelled import finite

Floats = NDArray[np.float64]
NAMED = 5
"""Classes that a message names."""


@dataclass(frozen=True)
class Given:
    """The examples.

    title    says what they are;  names  of each, for people
    labels   the right class of each, an index of the first model; None where that is not known
    digest   changes when an example or its label does;  notes  on what is left out
    """

    title: str
    names: tuple[str, ...]
    labels: tuple[int | None, ...]
    digest: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


class Kind(ABC):
    """Models of one kind of input, over the same examples.

    models  the first, the second, and the control if any
    noun    what examples are called;  usual  how many are taken;  methods  by which is explained
            where none is named: the first that suits all models
    """

    noun: ClassVar[str]
    usual: ClassVar[int]
    methods: ClassVar[tuple[str, ...]]

    def __init__(self, models: Sequence[Any]) -> None:
        self.models = tuple(models)

    @property
    def modality(self) -> str:
        return str(self.models[0].modality)

    @abstractmethod
    def check(self) -> None:
        """Raise Incompatible, naming two models, where they are not of one task."""

    @abstractmethod
    def examples(self, data: str, count: int, seed: int) -> Given:
        """At most `count`, drawn by the seed; raises DataError. data  "" for the first's own."""

    @abstractmethod
    def request(self, which: int, method: Explainer[Any], given: dict[str, Any]) -> Request[Any]:
        """Of a method, with the defaults that suit the model; raises ParamError."""

    @abstractmethod
    def target(self, index: int) -> str:
        """The name of what is explained."""

    @abstractmethod
    def said(self, which: int, place: int) -> int | None:
        """The class that a model says of an example, as the first counts them; None of forecasts.
        Raises BadInput for NaN."""

    @abstractmethod
    def explained(
        self, which: int, place: int, target: int, method: Explainer[Any], request: Request[Any],
        progress: Progress,
    ) -> Floats:  # fmt: skip
        """The map of a class, as the first counts them."""

    @abstractmethod
    def aligned(
        self, place: int, first: tuple[int, Floats], second: tuple[int, Floats]
    ) -> tuple[Floats, Floats]:
        """The values of two models' maps, each with its model's place, on the same places."""

    @abstractmethod
    def packed(self, which: int, place: int, found: Floats) -> PackedMap:
        """A map as it is kept to be drawn."""

    def picture(self, place: int) -> tuple[str, int]:
        """What the first model sees, as ShownExample has it."""
        return "", 0


class ClassifierKind(Kind):
    """Classifiers, which may have the same classes in different orders."""

    @cached_property
    def orders(self) -> list[list[int]]:
        """Of each model, of each class of the first its own index; raises Incompatible."""
        return [class_order(self.models[0], one) for one in self.models]

    def check(self) -> None:
        _ = self.orders

    def target(self, index: int) -> str:
        return str(self.models[0].classes[index].label)

    def said(self, which: int, place: int) -> int:
        model = self.models[which]
        logits = model.prepared.logits(self.seen(which, place)).double().cpu().numpy()
        return self.orders[which].index(int(finite(model.name, logits)[0].argmax()))

    def goal(self, which: int, target: int) -> Target:
        """What a model is asked of a class, as the first counts them."""
        chosen, other = asked_classes(
            self.models[which], self.orders[which][target], None, alone=False
        )
        return Target(chosen.index, None if other is None else other.index)

    @abstractmethod
    def seen(self, which: int, place: int) -> Tensor:
        """(1, ...) an example as a model takes it."""


def class_order(first: Any, other: Any) -> list[int]:
    """Of each class of the first the other's index; raises Incompatible where they differ."""
    mine, its = ([one.label for one in model.classes] for model in (first, other))
    if len(mine) < 2:
        raise Incompatible(f"{first.name} has one class; models of two or more are compared")
    if mine == its:
        return list(range(len(mine)))
    if sorted(mine) != sorted(its) or len(set(its)) < len(its):
        raise Incompatible(
            f"{first.name} and {other.name} have other classes ({_named(mine)}; {_named(its)}); "
            "two models of the same classes are compared"
        )
    return [its.index(label) for label in mine]


def _named(labels: list[str]) -> str:
    return ", ".join(labels[:NAMED]) + (f" and {len(labels) - NAMED} more" * (len(labels) > NAMED))
