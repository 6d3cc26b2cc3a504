"""What text classifiers are built for, and what they share."""

from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

PAD, UNK = 0, 1


@runtime_checkable
class ReadsVectors(Protocol):
    """A text classifier whose word vectors can be looked at, and changed, on the way.

    embed         (batch, time) ids -> (batch, time, width) vectors
    read_vectors  vectors, and mask (batch, time), True where a token is -> (batch, classes) logits
    Called with ids it equals read_vectors(embed(ids), ids != PAD).
    """

    def __call__(self, x: Tensor) -> Tensor: ...

    def embed(self, x: Tensor) -> Tensor: ...

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor: ...


@runtime_checkable
class Attends(ReadsVectors, Protocol):
    """One whose attention can be seen.

    attend  as read_vectors -> logits, and of each layer the weights (batch, heads, queries, time)
            which they were computed from, so that gradients reach them; rows sum to 1
    A pooling has one query; else there is one a token, and the network may put `marks` of its own
    before the tokens, which count as queries and keys. `reads` says which state goes on to
    the classes: the first, the last, the mean of all, or the one at a place.
    """

    marks: int
    reads: Literal["first", "last", "mean"] | int

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]: ...


@runtime_checkable
class Adapted(Protocol):
    """A network with low-rank adapters, which can be added into the maps that they adapt.

    merge_adapters  leaves a network of the same function for use without training: fewer products
    """

    def merge_adapters(self) -> None: ...


class WordDropout(nn.Module):
    """In training, words are unknown with probability p (Iyyer et al. 2015, deep averaging)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time) ids"""
        if not self.training or self.p == 0:
            return x
        unknown = torch.rand(x.shape, device=x.device) < self.p
        return x.masked_fill(unknown & (x != PAD), UNK)


def embedding(vocabulary: int, width: int) -> nn.Embedding:
    """Normal with deviation 0.1; padding is 0 and stays so."""
    found = nn.Embedding(vocabulary, width, padding_idx=PAD)
    with torch.no_grad():
        found.weight.normal_(0, 0.1)
        found.weight[PAD] = 0
    return found


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """(batch, time, width) states where mask (batch, time) is True -> (batch, width)"""
    kept = states * mask[..., None]
    return kept.sum(1) / mask.sum(1, keepdim=True).clamp_min(1)
