"""What an attack is, and the register of them.

An attack is one class in one file: facts as class attributes, a Params dataclass, a docstring that
the page shows, and `run`. What is changed, and within which bounds, is a matter of what the model
reads: values of a picture within a norm (`Attack`, here), words of a text within a number of
queries (`dlexplain.attacks.texts`), the past of series within parts of their deviation
(`dlexplain.attacks.forecasts`).
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

import torch
from torch import Tensor

from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from dlexplain.params import Spec, Value, read_values, specs
from dlexplain.registry import Registry
from dlexplain.results.attacks import NORM_TITLES

P = TypeVar("P")
Norm = Literal["linf", "l2", "l0"]
NORMS: dict[str, str] = NORM_TITLES
NOTHING: Mapping[str, Value] = {}
USUAL: dict[str, float] = {"linf": 8 / 255, "l2": 0.5, "l0": 1}
LARGEST: dict[str, float] = {"linf": 64 / 255, "l2": 16.0, "l0": 64}
"""Budgets that are usual, and those at which the search for the smallest begins."""


@dataclass(frozen=True)
class Budget:
    """How far an attack may go from its input, in a norm, on the unit scale.

    linf  the largest change of any value, in (0, 1];  l2  the length of the change, above 0
    l0    the number of pixels that change, of all channels, a whole number from 1
    Raises BadInput.
    """

    norm: str
    epsilon: float

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise BadInput(f'the norm is "{self.norm}"; accepted: {", ".join(NORMS)}')
        if self.norm == "l0":
            if not 1 <= self.epsilon < float("inf") or self.epsilon % 1:
                raise BadInput(
                    f"the budget is {self.epsilon:g} pixels; a whole number from 1 is accepted"
                )
        elif not 0 < self.epsilon < float("inf") or (self.norm == "linf" and self.epsilon > 1):
            most = "" if self.norm == "l2" else f" and at most 1, such as {8 / 255:.4f} (8/255)"
            raise BadInput(f"the budget is {self.epsilon:g}; it has to be above 0{most}")


class AnyAttack(ABC, Generic[P]):
    """What all attacks have in common.

    modality   what the models that it attacks read: picture, text or series
    gradients  whether it needs the model's gradient; else it asks for scores alone
    """

    name: ClassVar[str]
    title: ClassVar[str]
    modality: ClassVar[str]
    gradients: ClassVar[bool] = True
    paper: ClassVar[str]
    Params: type[P]

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    def specs(self) -> dict[str, Spec]:
        """Its parameters."""
        return specs(self.Params)

    def params(self, given: Mapping[str, Value] = NOTHING) -> P:
        """From text or typed values; raises ParamError."""
        return self.Params(**read_values(self.specs(), given))


class Attack(AnyAttack[P]):
    """Base of attacks on pictures, on the unit scale: 0 is black (or the least value allowed) and 1
    is white, whatever range the model takes.

    norms      in which it keeps a budget, the usual one first
    minimal    whether it looks for the least change, and takes the budget as what must not be
               exceeded, rather than using all of it
    targeted   whether it can be told which class to reach
    """

    modality = "picture"
    norms: ClassVar[tuple[Norm, ...]]
    minimal: ClassVar[bool] = False
    targeted: ClassVar[bool] = True

    def usual(self, norm: str, shape: tuple[int, ...]) -> float:
        """The budget where none is given; for an input of this shape, without the batch."""
        if norm == "l2":  # of 32 pixels; of larger ones as much a pixel
            return round(USUAL[norm] * (shape[-2] * shape[-1]) ** 0.5 / 32, 2) or 0.01
        return USUAL[norm]

    def largest(self, norm: str, shape: tuple[int, ...]) -> float:
        """The budget at which the search for the smallest begins."""
        return LARGEST[norm]

    @abstractmethod
    def evaluations(self, budget: Budget, params: P) -> int:
        """At most so many of the model, an input."""

    @abstractmethod
    def run(self, victim: Victim, budget: Budget, params: P, generator: torch.Generator) -> Tensor:
        """(n, ...) where each of the victim's inputs was moved to, on the unit scale.

        Rows in which no change within the budget fools the model are given as the attack left
        them, within the budget as well. `check` has said yes. Raises Cancelled.
        """

    def check(self, victim: Victim, budget: Budget) -> None:
        """Raise BadInput, saying why, where it cannot be run."""
        if budget.norm not in self.norms:
            known = " or ".join(NORMS[norm] for norm in self.norms)
            raise BadInput(f"{self.title} keeps a budget in {known}, not in {NORMS[budget.norm]}")
        if victim.target is not None and not self.targeted:
            raise BadInput(f"{self.title} takes no target: it looks for the nearest other class")
        if self.gradients and not victim.differentiable:
            raise BadInput(
                f"{self.title} needs gradients, which this model has not; square needs none"
            )


ATTACKS: Registry[AnyAttack[Any]] = Registry("attack")
"""Of every modality."""
A = TypeVar("A", bound=AnyAttack[Any])


def register(attack: type[A]) -> type[A]:
    """Class decorator: makes the attack known under its `name`."""
    ATTACKS.add(attack.name, attack())
    return attack


def attacks_for(modality: str) -> Registry[Any]:
    """Those on models that read a picture, a text or series, by name."""
    found: Registry[Any] = Registry("attack")
    for name, attack in ATTACKS.items():
        if attack.modality == modality:
            found.add(name, attack)
    return found
