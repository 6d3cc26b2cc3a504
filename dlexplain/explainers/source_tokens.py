"""Which source tokens moved the log probability of what a translator wrote.

The score of a target token is log p(token | prefix, source), a function of the source tokens'
embedding vectors; gradients are taken there, and single tokens left out.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.recurrence import differentiable

CHUNK = 8
"""Sources at once."""

Score = Callable[[Tensor], Tensor]
"""(batch, time, size) vectors -> (batch,) the log probability of the token after them"""


@dataclass(frozen=True, eq=False)
class Written:
    """A translator, frozen, a source and what was written for it.

    network  (sources (batch, S), targets (batch, T)) -> logits (batch, T, vocabulary)
    table    its layer from a source's ids to vectors, the first time that a pass calls it
    source   (1, S) ids, the end the last; target (1, 1 + T) from the beginning on
    """

    network: Callable[[Tensor, Tensor], Tensor]
    table: nn.Module
    source: Tensor
    target: Tensor
    lock: FairLock

    @property
    def written(self) -> Tensor:
        """(T,) the tokens written."""
        return self.target[0, 1:]

    def vectors(self) -> Tensor:
        """(1, S, size) of the source"""
        with self.lock.turn(), torch.no_grad():  # another may be reading vectors there
            found: Tensor = self.table(self.source)
        return found

    def score_of(self, place: int) -> Score:
        """(batch, S, size) vectors of sources -> (batch,) log p(token written at `place`)"""
        prefix, token = self.target[:, : place + 1], self.written[place]

        def score(vectors: Tensor) -> Tensor:
            source = self.source.expand(len(vectors), -1)
            with self.reading(vectors):
                logits = self.network(source, prefix.expand(len(vectors), -1))
            return logits[:, place].float().log_softmax(-1)[:, token]

        return score

    def score_of_sources(self, place: int) -> Score:
        """(batch, at most S) ids of sources -> (batch,) the same"""
        prefix, token = self.target[:, : place + 1], self.written[place]

        def score(sources: Tensor) -> Tensor:
            logits = self.network(sources, prefix.expand(len(sources), -1))
            return logits[:, place].float().log_softmax(-1)[:, token]

        return score

    @contextmanager
    def reading(self, vectors: Tensor) -> Iterator[None]:
        """Inside it, the next source is read as `vectors`. A table that serves both languages is
        asked for the source first, and as ever for the target."""
        asked = []

        def instead(_module: nn.Module, _given: Any, found: Tensor) -> Tensor:
            asked.append(True)
            return vectors if len(asked) == 1 else found

        hook = self.table.register_forward_hook(instead)
        try:
            with differentiable():
                yield
        finally:
            hook.remove()

    def log_probabilities(self, source: Tensor) -> Tensor:
        """(batch, S) any sources -> (batch, T) of each token written after those before it."""
        count = len(source)
        with self.lock.turn(), torch.no_grad():
            logits = self.network(source, self.target[:, :-1].expand(count, -1))
            found = logits.float().log_softmax(-1)
            wanted = self.written[None, :, None].expand(count, -1, 1)
            return found.gather(2, wanted)[..., 0]


def every_gradient(written: Written, progress: Progress) -> Tensor:
    """(T, S): of each token written, x . d log p / dx of each source token's vector.

    Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713
    """
    vectors, count = written.vectors(), len(written.written)
    rows = []
    for first in range(0, count, CHUNK):
        places = torch.arange(first, min(first + CHUNK, count), device=vectors.device)
        progress.check()
        with written.lock.turn(), torch.enable_grad():
            given = vectors.repeat(len(places), 1, 1).requires_grad_()
            (slope,) = torch.autograd.grad(_each(written, given, places).sum(), given)
        rows.append((given.detach() * slope).sum(-1))
        progress.advance(len(places))
    return torch.cat(rows)


def _each(written: Written, vectors: Tensor, places: Tensor) -> Tensor:
    """(rows, S, size) -> (rows,) log p of the token at the row's place."""
    count, last = len(places), int(places[-1])
    prefix = written.target[:, : last + 1].expand(count, -1)
    with written.reading(vectors):
        logits = written.network(written.source.expand(count, -1), prefix)
    rows = torch.arange(count, device=vectors.device)
    found = logits[rows, places].float().log_softmax(-1)  # (rows, vocabulary)
    return found[rows, written.written[places]]


def every_removal(written: Written, leave: Sequence[int], progress: Progress) -> Tensor:
    """(T, S): log p of each token written, less that with the source token left out, so that those
    behind it move up; 0 for the tokens that are not in `leave`.

    Li et al., "Understanding Neural Networks through Representation Erasure", 2016,
    https://arxiv.org/abs/1612.08220
    """
    whole = written.log_probabilities(written.source)[0]  # (T,)
    moved = torch.zeros(len(whole), written.source.shape[1], device=whole.device)
    for first in range(0, len(leave), CHUNK):
        some = list(leave[first : first + CHUNK])
        progress.check()
        shorter = torch.cat([_without(written.source, place) for place in some])
        moved[:, some] = (whole - written.log_probabilities(shorter)).T
        progress.advance(len(some))
    return moved


def _without(source: Tensor, place: int) -> Tensor:
    return torch.cat([source[:, :place], source[:, place + 1 :]], dim=1)


def gradients(score: Score, vectors: Tensor, lock: FairLock) -> tuple[Tensor, Tensor]:
    """f (batch,) and df/dx (batch, time, size) at x = vectors, in one turn at the model."""
    given = vectors.detach().requires_grad_()
    with lock.turn(), torch.enable_grad():
        found = score(given)
        (slope,) = torch.autograd.grad(found.sum(), given)
    return found.detach(), slope


def reach(score: Score, vectors: Tensor, lock: FairLock) -> NDArray[np.float64]:
    """(batch, time): |df/dx| of the vector k = 1, 2, ... tokens before the one in question.

    vectors  (batch, time, size), each row the tokens before one token
    """
    _, slope = gradients(score, vectors, lock)
    found: NDArray[np.float64] = slope.norm(dim=-1).flip(1).double().cpu().numpy()
    return found
