"""Training by several workers: each takes its own rows of every batch, in a fixed order.

With n terms in the batch's mean, n_r of them in the rows of worker r of R, the worker minimises
f_r L_r with f_r = R n_r / n. The mean of the workers' gradients, which DistributedDataParallel
makes (Li et al. 2020, https://arxiv.org/abs/2006.15704), is then the gradient of the whole batch's
mean, however unequal the shares are: Σ_r f_r ∇L_r / R = Σ_r n_r ∇L_r / n.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

ROWS = "rows"
"""The key under which a share says how many rows the whole batch has."""


def _at_once() -> None:
    """Nothing goes before."""


@dataclass(frozen=True)
class Together:
    """Which of how many workers this process is, the first by default, and alone.

    meet  goes before what all do together outside of a training step
    """

    rank: int = 0
    count: int = 1
    meet: Callable[[], None] = _at_once

    def span(self, rows: int) -> slice:
        """This worker's rows: shares differ by one at most."""
        return slice(rows * self.rank // self.count, rows * (self.rank + 1) // self.count)

    def share(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The batch with this worker's rows only, and under ROWS how many there are in all."""
        if self.count == 1:
            return batch
        rows = rows_of(batch)
        own = self.span(rows)
        cut = {
            key: value[own] if isinstance(value, Tensor) and value.shape[:1] == (rows,) else value
            for key, value in batch.items()
        }
        return {**cut, ROWS: rows}

    def own(self, whole: Tensor) -> Tensor:
        """(rows, ...) of all workers -> this one's."""
        return whole[self.span(len(whole))]

    def whole(self, own: Tensor, rows: int) -> Tensor:
        """The other way; every worker gets all of them."""
        if self.count == 1:
            return own
        found = own.new_zeros((rows, *own.shape[1:]))
        found[self.span(rows)] = own
        distributed.all_reduce(found)
        return found

    def factors(self, own: Tensor, whole: Tensor) -> Tensor:
        """R n_r / n for each mean of which the loss is made, (means,); 0 for one of nothing."""
        return self.count * own / whole.clamp_min(1)

    def means(self, numbers: Mapping[str, Tensor], weight: float) -> dict[str, Tensor]:
        """Each number's mean over the workers that have it, weighted by theirs."""
        if self.count == 1:
            return dict(numbers)
        own = {key: float(value) for key, value in numbers.items()}
        said = self._said_by_all([float(weight), own])
        keys = dict.fromkeys(key for _, found in said for key in found)
        return {key: torch.tensor(_mean(key, said)) for key in keys}

    def _said_by_all(self, told: Any) -> list[Any]:
        """What each worker says, as JSON: nothing that another machine sends is unpickled."""
        own = torch.frombuffer(bytearray(json.dumps(told).encode()), dtype=torch.uint8)
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.count)]
        distributed.all_gather(lengths, torch.tensor([len(own)]))
        longest = max(int(length) for length in lengths)
        texts = [own.new_zeros(longest) for _ in range(self.count)]
        distributed.all_gather(texts, nn.functional.pad(own, (0, longest - len(own))))
        pairs = zip(texts, lengths, strict=True)
        return [json.loads(text[: int(length)].numpy().tobytes()) for text, length in pairs]

    def of_first(self, value: float, device: torch.device) -> float:
        """What the first worker says, in double precision."""
        if self.count == 1:
            return value
        self.meet()
        told = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.broadcast(told, src=0)
        return float(told)


def rows_of(batch: Mapping[str, Any]) -> int:
    """Examples of a batch: the length of its first tensor."""
    return next(len(value) for value in batch.values() if isinstance(value, Tensor))


def _mean(key: str, said: list[Any]) -> float:
    there = [(weight, found[key]) for weight, found in said if key in found and weight]
    total = sum(weight for weight, _ in there)
    return sum(weight * value for weight, value in there) / total if total else 0.0
