"""A bidirectional LSTM whose states are weighed by additive attention.

Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997,
https://doi.org/10.1162/neco.1997.9.8.1735; additive attention of Bahdanau et al. 2015 with one
learned query, as in Yang et al., "Hierarchical Attention Networks for Document Classification",
2016, https://aclanthology.org/N16-1174.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dlexplain.networks.base import TextShape
from dlexplain.networks.lstm_attention import Params
from dlexplain.networks.modules.minilm_package import KeepsLearnt, word_vectors
from dlexplain.networks.modules.recurrent_steps import Recurrent, Steps, unroll
from dlexplain.networks.modules.text_shapes import PAD, WordDropout

CELLS: dict[str, type[Recurrent]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class AdditivePooling(nn.Module):
    """e_t = v . tanh(W h_t + b), a = softmax(e), sum of a_t h_t; gives that sum and a."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.mix = nn.Linear(width, hidden)  # W, b
        self.energy = nn.Linear(hidden, 1, bias=False)  # v

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, time, width), (batch, time) -> (batch, width), (batch, time) weights"""
        energy = cast(Tensor, self.energy(torch.tanh(self.mix(states))))[..., 0]  # (batch, time)
        weights = energy.float().masked_fill(~mask, float("-inf")).softmax(1)
        return torch.bmm(weights[:, None].to(states.dtype), states)[:, 0], weights


class LSTMAttention(KeepsLearnt):
    """(batch, time) ids -> (batch, classes) logits."""

    def __init__(self, shape: TextShape, params: Params) -> None:
        super().__init__()
        self.word_dropout = WordDropout(params.word_dropout)
        self.embedding = word_vectors(shape, params.vectors, params.embedding)
        self.input_dropout = nn.Dropout(params.dropout)
        self.recurrent = CELLS[params.cell](
            params.embedding,
            params.hidden,
            params.layers,
            batch_first=True,
            bidirectional=params.bidirectional,
            dropout=params.dropout if params.layers > 1 else 0.0,
        )
        width = params.hidden * (2 if params.bidirectional else 1)
        self.pooling = AdditivePooling(width, params.hidden)
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(width, shape.classes)

        self.marks, self.reads = 0, "mean"

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != PAD)

    def embed(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.embedding(self.word_dropout(x)))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        return self.attend(vectors, mask)[0]

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The only query of the only head is the pooling's learnt one."""
        states = self._states(vectors, mask)
        weights = self.pooling(states, mask)[1][:, None, None]  # (batch, 1, 1, time)
        pooled = (weights[:, 0].to(states.dtype) @ states)[:, 0]
        return self.head(self.dropout(pooled)), [weights]

    def states(self, x: Tensor) -> Tensor:
        """(batch, time, directions * hidden) of (batch, time) ids"""
        return self._states(self.embed(x), x != PAD)

    def _states(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """The backward direction starts at each text's end."""
        vectors = self.input_dropout(vectors)
        lengths = mask.sum(1).cpu()
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        states, _ = self.recurrent(packed)
        return pad_packed_sequence(states, batch_first=True, total_length=mask.shape[1])[0]

    def attention(self, x: Tensor) -> Tensor:
        """(batch, time) weights, which sum to 1 over each text."""
        return cast(Tensor, self.pooling(self.states(x), x != PAD)[1])

    def steps(self, x: Tensor) -> list[Steps]:
        """Hidden states and gates of each layer and direction at each word of (1, time) ids."""
        return unroll(self.recurrent, self.embedding(x[:, : int((x != PAD).sum())]))
