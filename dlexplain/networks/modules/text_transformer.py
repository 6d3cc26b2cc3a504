"""A Transformer encoder, trained from scratch, whose states are averaged or read at a first mark.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762; layers are
normed first (Xiong et al. 2020), places are learnt.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import TextShape
from dlexplain.networks.modules.dot_attention import attention_weights
from dlexplain.networks.modules.text_shapes import PAD, WordDropout, embedding, masked_mean
from dlexplain.networks.text_transformer import Params


class TextTransformer(nn.Module):
    """(batch, time) ids -> (batch, classes) logits."""

    def __init__(self, shape: TextShape, params: Params) -> None:
        super().__init__()
        if params.width % params.heads:
            raise ParamError(
                f"width {params.width} cannot be shared by {params.heads} heads; a multiple is "
                "accepted"
            )
        self.word_dropout = WordDropout(params.word_dropout)
        self.embedding = embedding(shape.vocabulary, params.width)
        self.places = nn.Parameter(0.02 * torch.randn(shape.longest, params.width))
        self.mark = nn.Parameter(0.1 * torch.randn(params.width))  # CLS
        self.mark.requires_grad = params.pooling == "first"
        self.input_dropout = nn.Dropout(params.dropout)
        layer = nn.TransformerEncoderLayer(
            params.width,
            params.heads,
            params.feed_forward,
            params.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, params.layers, nn.LayerNorm(params.width), enable_nested_tensor=False
        )
        for parameter in self.encoder.parameters():
            if parameter.dim() > 1:  # the copies of a layer were equal
                nn.init.xavier_uniform_(parameter)
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(params.width, shape.classes)

        self.reads = params.pooling
        self.marks = int(params.pooling == "first")

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != PAD)

    def embed(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.embedding(self.word_dropout(x)))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        vectors, mask = self._placed(vectors, mask)
        states = self.encoder(vectors, src_key_padding_mask=~mask)  # (batch, time, width)
        return self._logits(states, mask)

    def _logits(self, states: Tensor, mask: Tensor) -> Tensor:
        pooled = states[:, 0] if self.marks else masked_mean(states, mask)
        return cast(Tensor, self.head(self.dropout(pooled)))

    def _placed(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors with places, behind the mark where there is one, and where words are."""
        vectors = vectors + self.places[: vectors.shape[1]]
        if self.marks:
            marks = self.mark.expand(len(vectors), 1, -1).to(vectors.dtype)
            vectors = torch.cat([marks, vectors], dim=1)
            mask = torch.cat([mask.new_ones(len(mask), 1), mask], dim=1)
        return self.input_dropout(vectors), mask

    def attention(self, x: Tensor) -> list[Tensor]:
        """Of each layer: (batch, heads, time, time), row t the weights with which t looks.

        Where there is a mark, it is the first of time.
        """
        return self.attend(self.embed(x), x != PAD)[1]

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """torch's layers give copies of their weights, so here the layers' sums are written out."""
        states, mask = self._placed(vectors, mask)
        found = []
        for layer in self.encoder.layers:
            assert isinstance(layer, nn.TransformerEncoderLayer)
            seen, weights = _self_attention(layer.self_attn, layer.norm1(states), mask)
            found.append(weights)
            states = states + layer.dropout1(seen)
            states = states + layer._ff_block(layer.norm2(states))
        assert self.encoder.norm is not None
        return self._logits(self.encoder.norm(states), mask), found


def _self_attention(layer: nn.MultiheadAttention, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(batch, time, width) -> the same, and the weights (batch, heads, time, time)"""
    batch, time, width = x.shape
    assert layer.in_proj_weight is not None
    projected = F.linear(x, layer.in_proj_weight, layer.in_proj_bias)
    q, k, v = (  # (batch, heads, time, width / heads)
        part.view(batch, time, layer.num_heads, -1).transpose(1, 2)
        for part in projected.chunk(3, dim=-1)
    )
    weights = attention_weights(q, k, mask[:, None, None])
    joined = (weights @ v).transpose(1, 2).reshape(batch, time, width)
    return layer.out_proj(joined), weights
