"""Defences that change the picture before the model sees it, and a model behind one of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dlexplain.attacks.victim import Attackable
from dlexplain.errors import BadInput
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.prepare import part_named
from dlexplain.explainers.recoding import as_jpeg
from dlexplain.registry import Registry


class Defence(ABC):
    """What is done to each input before the model sees it.

    least, most, usual  of its one strength, a whole number;  measure  what that counts
    """

    name: ClassVar[str]
    title: ClassVar[str]
    measure: ClassVar[str]
    least: ClassVar[int]
    most: ClassVar[int]
    usual: ClassVar[int]
    paper: ClassVar[str]

    @abstractmethod
    def changed(self, x: Tensor, strength: int) -> Tensor:
        """(n, channels, height, width) in [0, 1] -> the same shape and range, not differentiable"""

    def check(self, strength: int) -> int:
        """Raises BadInput for a strength that it has not."""
        if int(strength) != strength or not self.least <= strength <= self.most:
            raise BadInput(
                f"{self.measure} of {self.title} is {strength}; a whole number from {self.least} "
                f"to {self.most} is accepted"
            )
        return int(strength)


DEFENCES: Registry[Defence] = Registry("defence")


def register(defence: type[Defence]) -> type[Defence]:
    """Class decorator: makes the defence known under its `name`."""
    DEFENCES.add(defence.name, defence())
    return defence


@register
class JpegDefence(Defence):
    """JPEG throws away what eyes see least, and small changes with it."""

    name, title, measure = "jpeg", "JPEG", "the quality"
    least, most, usual = 1, 100, 75
    paper = "Das et al. 2017, https://arxiv.org/abs/1705.02900"

    def changed(self, x: Tensor, strength: int) -> Tensor:
        return torch.stack([as_jpeg(one.cpu(), (0.0, 1.0), strength) for one in x]).to(x)


@register
class BitDepth(Defence):
    """Values are rounded to 2^bits levels, so that small changes vanish: round(x (2^b - 1)) /
    (2^b - 1)."""

    name, title, measure = "bit-depth", "Bit depth", "the bits"
    least, most, usual = 1, 8, 4
    paper = "Xu et al. 2018, https://arxiv.org/abs/1704.01155"

    def changed(self, x: Tensor, strength: int) -> Tensor:
        levels = 2**strength - 1
        found: Tensor = (x * levels).round() / levels
        return found


class _Behind(nn.Module):
    """A network behind a defence. Backwards the defence is taken for the identity, which it is
    nearly: backward pass differentiable approximation (BPDA, Athalye et al. 2018)."""

    def __init__(self, model: Attackable, defence: Defence, strength: int) -> None:
        super().__init__()
        self.network = model.module
        self.range = model.value_range
        self.defence, self.strength = defence, strength

    def forward(self, x: Tensor) -> Tensor:
        low, high = self.range
        unit = ((x.detach() - low) / (high - low)).clamp(0.0, 1.0)
        changed = low + (high - low) * self.defence.changed(unit, self.strength)
        logits: Tensor = self.network(x + (changed - x).detach())
        return logits


@dataclass(frozen=True, eq=False)
class Defended:
    """A model behind a defence, Attackable as the model is; its gradients are those of BPDA.

    An attack on it is adaptive: it knows the defence. One on the model itself does not.
    """

    model: Attackable
    module: nn.Module
    fingerprint: str

    @classmethod
    def of(cls, model: Attackable, defence: Defence, strength: int) -> "Defended":
        """Raises BadInput for a strength that the defence has not."""
        strength = defence.check(strength)
        name = part_named(model.fingerprint, f"{defence.name}-{strength}")
        return cls(model, _Behind(model, defence, strength), name)

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def lock(self) -> FairLock:
        return self.model.lock

    @property
    def coupled(self) -> bool:
        return self.model.coupled

    @property
    def value_range(self) -> tuple[float, float]:
        return self.model.value_range

    @property
    def differentiable(self) -> bool:
        return self.model.differentiable

    def to_device(self, x: Tensor) -> Tensor:
        return self.model.to_device(x)

    def trial(self, count: int) -> Tensor:
        return self.model.trial(count)
