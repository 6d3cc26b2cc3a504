"""What language models share: what they are built for, their state, and a tied output layer."""

from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = tuple[Tensor, ...]
"""What a language model remembers of the text before, each (batch, ...); the model knows what."""


class LanguageModel(Protocol):
    """forward(tokens (batch, time), state) -> logits (batch, time, vocabulary), the new state.

    The logits at t are of token t + 1 and see nothing after t. A text may be given in pieces, each
    with the state that the one before gave back; that equals giving it whole.
    """

    def __call__(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]: ...


@runtime_checkable
class ScoresWords(Protocol):
    """An embedding that computes the products with its vectors in its own way."""

    def scores(self, states: Tensor, bias: Tensor) -> Tensor:
        """(batch, time, size) -> logits (batch, time, vocabulary)"""


class Output(nn.Module):
    """(batch, time, size) -> logits (batch, time, vocabulary).

    Without weights of its own where the embedding's are given: Press and Wolf, "Using the Output
    Embedding to Improve Language Models", 2017, https://arxiv.org/abs/1608.05859.
    """

    def __init__(self, size: int, vocabulary: int, tied: bool) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.weight = None if tied else nn.Parameter(torch.empty(vocabulary, size))
        if self.weight is not None:
            nn.init.uniform_(self.weight, -0.1, 0.1)

    def forward(self, states: Tensor, embedding: nn.Module) -> Tensor:
        if self.weight is None and isinstance(embedding, ScoresWords):
            return embedding.scores(states, self.bias)
        weight = embedding.weight if self.weight is None else self.weight
        return F.linear(states, cast(Tensor, weight), self.bias)


def detached(state: Any) -> State:
    """The state without the history through which gradients would flow."""
    return tuple(part.detach() for part in state)
