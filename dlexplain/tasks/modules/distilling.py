"""Learning from the answers of a trained network, a teacher, beside the labels.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015,
https://arxiv.org/abs/1503.02531. Best the teacher sees the very pictures that the student sees,
varied and mixed alike: Beyer et al., "Knowledge Distillation: A Good Teacher is Patient and
Consistent", 2022, https://arxiv.org/abs/2106.05237; where that costs too much, it answers once to
each picture as it is.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.tasks.modules.pictures import PixelRange

NO_FILES: Mapping[str, str] = MappingProxyType({})


@runtime_checkable
class HasTeacher(Protocol):
    """A task's module that may learn from a trained model's answers."""

    @property
    def teacher_name(self) -> str:
        """The trained model's, or "" for none."""

    def take_teacher(
        self, network: nn.Module, facts: Mapping[str, Any], files: Mapping[str, str]
    ) -> None:
        """The trained network, the facts of its data, and what it needs beside its weights, such
        as a tokeniser; after `prepare`. Raises BadInput where it does not fit."""


class Teacher:
    """A trained picture classifier that answers in a student's classes.

    No module, so that a student's checkpoint does not hold its teacher.
    """

    def __init__(self, network: nn.Module, facts: Mapping[str, Any], seen: PixelRange) -> None:
        """facts  of the teacher's data; seen  how the student's pictures are normalised"""
        self.network = network.eval().requires_grad_(False)
        own, self.side = PixelRange.of(facts), int(facts["side"])
        self.factor = seen.scale / own.scale
        self.offset = (seen.mean - own.mean) / own.scale

    def __call__(self, x: Tensor) -> Tensor:
        """(batch, channels, side, side) as the student sees them -> (batch, classes) logits; of
        another side than the teacher's own, they are resized for it."""
        if next(self.network.parameters()).device != x.device:
            self.network = self.network.to(x.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if x.shape[-1] != self.side:
            x = F.interpolate(x, size=self.side, mode="bilinear", antialias=True)
        with torch.no_grad():
            logits: Tensor = self.network(x * self.factor + self.offset)
        return logits.float()


class Remembered:
    """A teacher's answers to pictures as they are, each asked for once."""

    def __init__(self, originals: Callable[[Tensor], Tensor]) -> None:
        """originals  (count,) places -> their pictures as the student's model sees them"""
        self.originals = originals
        self.answers: dict[int, Tensor] = {}

    def __deepcopy__(self, memo: object) -> "Remembered":
        return self  # a copy of the task's module, as measuring makes, reads the same data

    def __call__(self, teacher: Teacher, places: Tensor) -> Tensor:
        """(count,) places -> (count, classes) logits"""
        asked = places.tolist()
        if new := sorted({place for place in asked if place not in self.answers}):
            pictures = self.originals(torch.tensor(new)).to(places.device)
            self.answers.update(zip(new, teacher(pictures).unbind(), strict=True))
        return torch.stack([self.answers[place] for place in asked])


def mixed(first: Tensor, second: Tensor, weight: float, temperature: float) -> Tensor:
    """Logits whose softened probabilities are a mean of those of two: softmax(mixed / T) is
    weight softmax(first / T) + (1 - weight) softmax(second / T); all (batch, classes)."""
    one, two = ((logits / temperature).softmax(1) for logits in (first, second))
    return temperature * (weight * one + (1 - weight) * two).clamp_min(1e-12).log()


def distillation_loss(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """T² KL(softmax(taught / T) || softmax(logits / T)), the mean over the batch, both
    (batch, classes); T² keeps the gradient's size whatever the temperature."""
    target = (taught / temperature).log_softmax(1)
    found = (logits / temperature).log_softmax(1)
    divergence = F.kl_div(found, target, reduction="batchmean", log_target=True)
    return temperature**2 * divergence
