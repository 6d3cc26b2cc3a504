"""Who is attacked: a model, inputs on the unit scale, and what it is to be fooled about."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from dlexplain.attacks.losses import Loss, fooled
from dlexplain.explainers.batching import BatchSizes, Evaluator, Target
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.progress import Progress


class Attackable(Prepared, Protocol):
    """Prepared, of inputs between two values."""

    @property
    def value_range(self) -> tuple[float, float]: ...

    @property
    def differentiable(self) -> bool: ...


@dataclass(frozen=True, eq=False)
class Victim:
    """model   its module takes inputs in `value_range`
    x       (n, ...) in [0, 1], on the model's device
    labels  (n,) whole numbers: the classes that are right
    target  the class to be reached, or None: any but the right one
    """

    model: Attackable
    x: Tensor
    labels: Tensor
    progress: Progress
    chunks: BatchSizes
    target: int | None = None

    @property
    def differentiable(self) -> bool:
        return self.model.differentiable

    def rows(self, which: Tensor) -> Self:
        """Some of its inputs. which  (n,) bool, or (m,) indices"""
        return replace(self, x=self.x[which], labels=self.labels[which])

    def logits(self, x: Tensor) -> Tensor:
        """(m, ...) on the unit scale -> (m, classes)"""

        def work(start: int, stop: int) -> Tensor:
            with torch.inference_mode():
                logits: Tensor = self.model.module(self.scaled(x[start:stop]))
                return logits

        found = [part.clone() for _, part in self._evaluator.chunked("forward", len(x), work)]
        return torch.cat(found)

    def gradient(self, x: Tensor, loss: Loss) -> tuple[Tensor, Tensor, Tensor]:
        """Of the loss by x, (n, ...), of this victim's rows: the gradient, (n, ...), the losses,
        (n,), and the logits, (n, classes)."""

        def work(start: int, stop: int) -> tuple[Tensor, Tensor, Tensor]:
            leaf = x[start:stop].detach().requires_grad_()
            with torch.enable_grad():
                logits = self.model.module(self.scaled(leaf))
                losses = loss(logits, self.labels[start:stop], self.target)
                (found,) = torch.autograd.grad(losses.sum(), leaf)
            return found, losses.detach(), logits.detach()

        return _joined(self._evaluator, len(x), work)

    def jacobian_rows(self, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Of chosen logits by x. classes  (n, k) -> gradients (n, k, ...), logits (n, all)"""

        def work(start: int, stop: int) -> tuple[Tensor, Tensor, Tensor]:
            leaf = x[start:stop].detach().requires_grad_()
            with torch.enable_grad():
                logits = self.model.module(self.scaled(leaf))
                chosen = logits.gather(1, classes[start:stop])
                found = [
                    torch.autograd.grad(chosen[:, k].sum(), leaf, retain_graph=True)[0]
                    for k in range(classes.shape[1])
                ]
            return torch.stack(found, 1), chosen.detach(), logits.detach()

        gradients, _, logits = _joined(self._evaluator, len(x), work)
        return gradients, logits

    def fooled(self, logits: Tensor) -> Tensor:
        """(n, classes) -> (n,) bool: whether the attack has got what it wants."""
        return fooled(logits, self.labels, self.target)

    def scaled(self, x: Tensor) -> Tensor:
        """From the unit scale to the model's own."""
        low, high = self.model.value_range
        return self.model.to_device(low + (high - low) * x)

    @property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.model, Target(0), self.progress, self.chunks)


def _joined(
    evaluator: Evaluator, count: int, work: Callable[[int, int], tuple[Tensor, Tensor, Tensor]]
) -> tuple[Tensor, Tensor, Tensor]:
    parts = [part for _, part in evaluator.chunked("gradient", count, work)]
    first, second, third = zip(*parts, strict=True)
    return torch.cat(first), torch.cat(second), torch.cat(third)
