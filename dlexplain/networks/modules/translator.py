"""What a translator is: a network that reads a source and writes a target token by token."""

from typing import Protocol, runtime_checkable

from torch import Tensor, nn

PAD, UNK, BOS, EOS = range(4)
"""Ids of the tokens that every vocabulary begins with."""
Memory = dict[str, Tensor]
"""What the encoder keeps of the source, or the decoder of its past; rows come first in each."""


def embedding(vocabulary: int, width: int) -> nn.Embedding:
    """A table that also serves as the output's weights, so its rows have a length of about 1."""
    table = nn.Embedding(vocabulary, width, padding_idx=PAD)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table


@runtime_checkable
class Translator(Protocol):
    """Sources are (batch, source) ids that end with EOS, padded with PAD; targets begin with BOS.

    network(source, target)  -> (batch, target, vocabulary) logits of what follows each token
    encode   the source, once
    start    the decoder's state before its first step
    step     (rows,) last tokens -> (rows, vocabulary) log-probabilities of the next, new state
    alignment  how much each target token, when it was written, looked at each source token:
               (batch, target, source), rows sum to 1
    """

    def __call__(self, source: Tensor, target: Tensor) -> Tensor: ...

    def encode(self, source: Tensor) -> Memory: ...

    def start(self, memory: Memory) -> Memory: ...

    def step(self, last: Tensor, memory: Memory, state: Memory) -> tuple[Tensor, Memory]: ...

    def alignment(self, source: Tensor, target: Tensor) -> Tensor: ...


@runtime_checkable
class CrossAttends(Protocol):
    """A translator with several attentions to the source, by layer and head."""

    def cross_attention(self, source: Tensor, target: Tensor) -> Tensor:
        """(batch, layers, heads, T, S), rows sum to 1; `alignment` is the mean over the heads of
        the last layer but one, or of the only one"""
        ...
