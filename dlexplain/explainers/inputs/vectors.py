"""Texts whose tokens have vectors: what text classifiers, language models and translators share.

The differentiable form are the vectors, (1, time, width); a token's value is the sum over its
vector's numbers.
"""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.inputs.base import ModelInput

TAKEN_AWAY = 0.75
"""Share of the words that a baseline of a background lacks."""


@dataclass(eq=False)
class VectorInput(ModelInput):
    """An input that is read as vectors; `stays` are the tokens that no baseline lacks."""

    @property
    @abstractmethod
    def stays(self) -> Tensor:
        """(time,) True for tokens that are no part of the text, such as [CLS]."""

    def fold(self, values: Tensor) -> Tensor:
        """(time, width) -> (time,)"""
        return values.sum(1)

    def background(
        self, evaluator: Evaluator, x: Tensor, seed: int, generator: torch.Generator
    ) -> Tensor:
        """(count, time, width) of the text, most of its tokens replaced by the baseline's."""
        nothing = self.baseline(evaluator, x)
        count = int(self.options["baselines"])
        gone = torch.rand((count, len(self.stays)), generator=generator) < TAKEN_AWAY
        return torch.where((gone & ~self.stays)[..., None].to(x.device), nothing, x)
