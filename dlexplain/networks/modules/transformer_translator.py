"""The Transformer: an encoder reads, a causal decoder with cross-attention writes.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762; norms come
before each part (Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020,
https://arxiv.org/abs/2002.04745); embeddings and output share their weights (Press and Wolf 2017).
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import PairShape
from dlexplain.networks.modules.dot_attention import DotAttention, causal_mask
from dlexplain.networks.modules.translator import PAD, Memory, embedding
from dlexplain.networks.transformer_translator import Params


class FeedForward(nn.Sequential):
    """(..., width) -> (..., width)"""

    def __init__(self, p: Params) -> None:
        super().__init__(
            nn.Linear(p.width, p.feed_forward),
            nn.ReLU(),
            nn.Dropout(p.dropout),
            nn.Linear(p.feed_forward, p.width),
        )


class EncoderLayer(nn.Module):
    """(batch, S, width) -> the same; every token looks at every token."""

    def __init__(self, p: Params) -> None:
        super().__init__()
        self.attention_norm, self.feed_norm = nn.LayerNorm(p.width), nn.LayerNorm(p.width)
        self.attention, self.feed = DotAttention(p.width, p.heads), FeedForward(p)
        self.dropout = nn.Dropout(p.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        normed = self.attention_norm(x)
        x = x + self.dropout(self.attention(normed, *self.attention.keys_values(normed), mask))
        return cast(Tensor, x + self.dropout(self.feed(self.feed_norm(x))))


class DecoderLayer(nn.Module):
    """(batch, T, width) -> the same; looks at the past and at the source."""

    def __init__(self, p: Params) -> None:
        super().__init__()
        self.past_norm, self.source_norm = nn.LayerNorm(p.width), nn.LayerNorm(p.width)
        self.feed_norm = nn.LayerNorm(p.width)
        self.past, self.source = DotAttention(p.width, p.heads), DotAttention(p.width, p.heads)
        self.feed = FeedForward(p)
        self.dropout = nn.Dropout(p.dropout)

    def look_back(self, x: Tensor, past: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """past: keys and values of all that x may look at, its own included"""
        return cast(Tensor, x + self.dropout(self.past(self.past_norm(x), *past, mask)))

    def look_at_source(self, x: Tensor, memory: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        x = x + self.dropout(self.source(self.source_norm(x), *memory, mask))
        return cast(Tensor, x + self.dropout(self.feed(self.feed_norm(x))))


class TransformerTranslator(nn.Module):
    """A Translator: see its protocol for the shapes."""

    def __init__(self, shape: PairShape, params: Params) -> None:
        super().__init__()
        p = params
        if p.width % p.heads or p.width % 2:
            raise ParamError(
                f"width is {p.width}; it takes an even multiple of the {p.heads} heads"
            )
        self.width = p.width
        self.source_embedding = embedding(shape.source, p.width)
        joint = shape.joint
        self.target_embedding = self.source_embedding if joint else embedding(shape.target, p.width)
        self.encoder = nn.ModuleList(EncoderLayer(p) for _ in range(p.layers))
        self.decoder = nn.ModuleList(DecoderLayer(p) for _ in range(p.layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(p.width), nn.LayerNorm(p.width)
        self.bias = nn.Parameter(torch.zeros(shape.target))  # the output's weights are the table's
        self.dropout = nn.Dropout(p.dropout)

    def _embed(self, table: nn.Embedding, ids: Tensor, first: int = 0) -> Tensor:
        """(batch, time) ids -> (batch, time, width), of positions from `first` on"""
        places = torch.arange(first, first + ids.shape[1], device=ids.device)
        embedded = table(ids) * math.sqrt(self.width) + sinusoids(places, self.width)
        return cast(Tensor, self.dropout(embedded))

    def encode(self, source: Tensor) -> Memory:
        """keys.i, values.i (batch, heads, S, width / heads) for the i-th decoder layer; mask."""
        mask = (source != PAD)[:, None, None]  # (batch, 1, 1, S)
        x = self._embed(self.source_embedding, source)
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.encoder_norm(x)
        memory = {"mask": mask}
        for index, layer in enumerate(self._layers()):
            keys, values = layer.source.keys_values(x)
            memory |= {f"keys.{index}": keys, f"values.{index}": values}
        return memory

    def _layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoder))

    def start(self, memory: Memory) -> Memory:
        """No past: the same tensors as in the memory, of no time."""
        return {key: t[:, :, :0] for key, t in memory.items() if key != "mask"}

    def step(self, last: Tensor, memory: Memory, state: Memory) -> tuple[Tensor, Memory]:
        """The state holds keys and values of the past, so each token is computed once."""
        x = self._embed(self.target_embedding, last[:, None], first=state["keys.0"].shape[2])
        kept: Memory = {}
        for index, layer in enumerate(self._layers()):
            keys, values = layer.past.keys_values(layer.past_norm(x))  # (rows, heads, 1, d)
            keys = torch.cat([state[f"keys.{index}"], keys], dim=2)
            values = torch.cat([state[f"values.{index}"], values], dim=2)
            kept |= {f"keys.{index}": keys, f"values.{index}": values}
            x = layer.look_back(x, (keys, values), None)
            x = layer.look_at_source(x, _of(memory, index), memory["mask"])
        return self._logits(x)[:, 0].float().log_softmax(-1), kept

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(self.decoder_norm(x), self.target_embedding.weight, self.bias)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory = self.encode(source)
        causal = causal_mask(target.shape[1], target.device)
        x = self._embed(self.target_embedding, target)
        for index, layer in enumerate(self._layers()):
            x = layer.look_back(x, layer.past.keys_values(layer.past_norm(x)), causal)
            x = layer.look_at_source(x, _of(memory, index), memory["mask"])
        return self._logits(x)

    def cross_attention(self, source: Tensor, target: Tensor) -> Tensor:
        """(batch, layers, heads, T, S)"""
        memory = self.encode(source)
        causal = causal_mask(target.shape[1], target.device)
        x = self._embed(self.target_embedding, target)
        found = []
        for index, layer in enumerate(self._layers()):
            x = layer.look_back(x, layer.past.keys_values(layer.past_norm(x)), causal)
            keys, values = _of(memory, index)
            found.append(layer.source.weights(layer.source_norm(x), keys, memory["mask"]))
            x = layer.look_at_source(x, (keys, values), memory["mask"])
        return torch.stack(found, dim=1)

    def alignment(self, source: Tensor, target: Tensor) -> Tensor:
        """Mean over the heads of the last layer but one, which aligns best (Garg et al. 2019)."""
        return self.cross_attention(source, target)[:, -2:].select(1, 0).mean(1)


def _of(memory: Memory, place: int) -> tuple[Tensor, Tensor]:
    return memory[f"keys.{place}"], memory[f"values.{place}"]


def sinusoids(places: Tensor, width: int) -> Tensor:
    """(time,) -> (time, width): sin(place / 10000^(2 i / width)), then the cosines"""
    rates = torch.exp(
        torch.arange(0, width, 2, device=places.device) * (-math.log(10_000.0) / width)
    )
    angles = places[:, None] * rates  # (time, width / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
