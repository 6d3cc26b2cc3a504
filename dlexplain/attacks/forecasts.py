"""Attacks on forecasters: the past of the series is changed by parts of their deviation."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from dlexplain.attacks.base import AnyAttack
from dlexplain.explainers.batching import BatchSizes, Evaluator, Target
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.progress import Progress

P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class ForecastVictim:
    """model    inputs (n, window, series) in standard deviations -> (n, outputs)
    x        (1, window, series) the past as it is
    weights  (outputs,) whose sum with the outputs is what is to become large
    epsilon  how far each value may move, in standard deviations of its series
    bound    values lie in ±bound, as the model's inputs do
    """

    model: Prepared
    x: Tensor
    weights: Tensor
    epsilon: float
    bound: float
    progress: Progress
    chunks: BatchSizes

    def project(self, moved: Tensor) -> Tensor:
        """(n, window, series) -> the nearest that is within the budget and the bound."""
        change = (moved - self.x).clamp(-self.epsilon, self.epsilon)
        return (self.x + change).clamp(-self.bound, self.bound)

    def scores(self, x: Tensor) -> Tensor:
        """(n, window, series) -> (n,)"""

        def work(start: int, stop: int) -> Tensor:
            with torch.inference_mode():
                return self._score(x[start:stop])

        parts = self._evaluator.chunked("forward", len(x), work)
        return torch.cat([part.clone() for _, part in parts])

    def gradients(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of each one's score by it, (n, window, series), and the scores, (n,)."""

        def work(start: int, stop: int) -> tuple[Tensor, Tensor]:
            leaf = x[start:stop].detach().requires_grad_()
            with torch.enable_grad():
                score = self._score(leaf)
                (found,) = torch.autograd.grad(score.sum(), leaf)
            return found, score.detach()

        parts = [part for _, part in self._evaluator.chunked("gradient", len(x), work)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    def _score(self, x: Tensor) -> Tensor:
        module: Callable[[Tensor], Tensor] = self.model.module
        return module(self.model.to_device(x)) @ self.weights

    @property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.model, Target(0), self.progress, self.chunks)


class SeriesAttack(AnyAttack[P]):
    """Base of attacks on the past of series, which make a number large that the forecast gives."""

    modality = "series"

    @abstractmethod
    def evaluations(self, params: P) -> int:
        """At most so many of the model."""

    @abstractmethod
    def run(self, victim: ForecastVictim, params: P, generator: torch.Generator) -> Tensor:
        """(1, window, series) the past that makes the score largest, of those that were tried.
        Raises Cancelled."""
