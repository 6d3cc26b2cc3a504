"""Examples on which explanations are judged, and what a model of one kind must tell for that."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import DlexplainError
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.trained.catalogue import ModelEntry, find


@dataclass(frozen=True, eq=False)
class Example:
    """One input; `ask` makes it ready to be explained, of the class that the model says.

    truth  (height, width) of what the model sees of a picture, True where evidence is known to be;
           None where that is not known
    """

    name: str
    key: str
    ask: Callable[[Progress], ModelInput]
    truth: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Examples:
    """What the methods are judged on.

    title  says what they are;  notes  sentences on those that are left out
    """

    title: str
    known: tuple[Example, ...]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when one of them does."""
        return hashlib.sha256("\n".join(one.key for one in self.known).encode()).hexdigest()[:16]


class Subject(ABC):
    """A model of one kind. noun  what examples are called;  usual  how many are taken"""

    noun: ClassVar[str]
    usual: ClassVar[int]
    model: Any

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def name(self) -> str:
        return str(self.model.name)

    @property
    def modality(self) -> str:
        return str(self.model.prepared.modality)

    @cached_property
    def entry(self) -> ModelEntry | None:
        """What the catalogue has of it; None of one that it does not know."""
        try:
            return find(self.name, *self.model.tasks)
        except DlexplainError:
            return None

    @abstractmethod
    def request(self, method: Explainer[Any], given: dict[str, Value]) -> Request[Any]:
        """Of a method, with the defaults that suit the model; raises ParamError."""

    @abstractmethod
    def examples(self, data: str, count: int, seed: int) -> Examples:
        """At most `count`, drawn by the seed; raises DataError. data  "" for the model's own"""
