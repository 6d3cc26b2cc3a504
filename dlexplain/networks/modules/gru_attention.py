"""A bidirectional GRU reads, a GRU with additive attention writes.

Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate",
2015, https://arxiv.org/abs/1409.0473; the GRU is Cho et al., "Learning Phrase Representations
using RNN Encoder-Decoder", 2014, https://arxiv.org/abs/1406.1078.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dlexplain.networks.base import PairShape
from dlexplain.networks.gru_attention import Params
from dlexplain.networks.modules.dot_attention import AdditiveAttention
from dlexplain.networks.modules.translator import PAD, Memory, embedding


class GRUAttention(nn.Module):
    """A Translator: see its protocol for the shapes."""

    def __init__(self, shape: PairShape, params: Params) -> None:
        super().__init__()
        width, hidden = params.embedding, params.hidden
        self.source_embedding = embedding(shape.source, width)
        joint = shape.joint
        self.target_embedding = self.source_embedding if joint else embedding(shape.target, width)
        between = params.dropout if params.layers > 1 else 0.0
        self.encoder = nn.GRU(
            width, hidden, params.layers, batch_first=True, bidirectional=True, dropout=between
        )
        self.bridge = nn.Linear(hidden, hidden)
        self.attention = AdditiveAttention(hidden, 2 * hidden, hidden)
        self.cell = nn.GRUCell(width + 2 * hidden, hidden)
        self.before_output = nn.Linear(3 * hidden + width, width)
        self.bias = nn.Parameter(torch.zeros(shape.target))  # the output's weights are the table's
        self.dropout = nn.Dropout(params.dropout)

    def encode(self, source: Tensor) -> Memory:
        """values (rows, S, 2 hidden) both directions' states; last (rows, hidden) of the backward
        one, which has read the whole source when it comes to the first token."""
        mask = source != PAD  # (rows, S)
        embedded = self.dropout(self.source_embedding(source))
        packed = pack_padded_sequence(
            embedded, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)  # last (layers * 2, rows, hidden)
        values, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        return {
            "values": values,
            "keys": self.attention.key(values),
            "mask": mask,
            "last": last[-1],
        }

    def start(self, memory: Memory) -> Memory:
        return {"hidden": torch.tanh(self.bridge(memory["last"]))}

    def _advance(
        self, embedded: Tensor, memory: Memory, hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(rows, width) last token -> new hidden, context, weights (rows, S)."""
        context, weights = self.attention(hidden, memory["keys"], memory["values"], memory["mask"])
        hidden = self.cell(torch.cat([embedded, context], dim=-1), hidden.to(embedded.dtype))
        return hidden, context, weights

    def _logits(self, hidden: Tensor, context: Tensor, embedded: Tensor) -> Tensor:
        """(..., hidden), (..., 2 hidden), (..., width) -> (..., vocabulary)"""
        mixed = torch.tanh(self.before_output(torch.cat([hidden, context, embedded], dim=-1)))
        return F.linear(self.dropout(mixed), self.target_embedding.weight, self.bias)

    def step(self, last: Tensor, memory: Memory, state: Memory) -> tuple[Tensor, Memory]:
        embedded = self.dropout(self.target_embedding(last))  # (rows, width)
        hidden, context, _ = self._advance(embedded, memory, state["hidden"])
        return self._logits(hidden, context, embedded).float().log_softmax(-1), {"hidden": hidden}

    def unroll(self, source: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Every step of teacher forcing: embedded, hidden, context (batch, T, ...), weights
        (batch, T, S)."""
        memory = self.encode(source)
        hidden = self.start(memory)["hidden"]
        embedded = self.dropout(self.target_embedding(target))  # (batch, T, width)
        steps = []
        for token in embedded.unbind(1):
            hidden, context, weights = self._advance(token, memory, hidden)
            steps.append((hidden, context, weights))
        hiddens, contexts, weights_ = (torch.stack(s, dim=1) for s in zip(*steps, strict=True))
        return {"embedded": embedded, "hidden": hiddens, "context": contexts, "weights": weights_}

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        found = self.unroll(source, target)
        return self._logits(found["hidden"], found["context"], found["embedded"])

    def alignment(self, source: Tensor, target: Tensor) -> Tensor:
        return self.unroll(source, target)["weights"]
