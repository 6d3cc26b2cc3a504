"""A decoder-only Transformer language model with a memory, in pre-norm form.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762. Each position
sees the last `context` ones, and the nearer the more easily: linear biases of Press et al., "Train
Short, Test Long", 2022, https://arxiv.org/abs/2108.12409. Keys and values of the tokens before are
the state that is carried, as in Dai et al., "Transformer-XL", 2019,
https://arxiv.org/abs/1901.02860; in generation they are the key-value cache.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.networks.base import LanguageShape
from dlexplain.networks.modules.language import Output, State
from dlexplain.networks.transformer_lm import Params

SPREAD = 0.02
"""Standard deviation of the first embeddings, as in GPT-2."""


class TransformerLM(nn.Module):
    """tokens (batch, time) -> logits (batch, time, vocabulary) and the state to go on with.

    The state holds each layer's keys and values, (batch, heads, at most context, head size).
    """

    def __init__(self, shape: LanguageShape, params: Params) -> None:
        super().__init__()
        p = params
        self.embedding = nn.Embedding(shape.vocabulary, p.size)
        nn.init.normal_(self.embedding.weight, std=SPREAD)
        self.dropout = nn.Dropout(p.dropout)
        self.blocks = nn.ModuleList(
            Block(p.size, _heads(p.heads, p.size), p.context, p.dropout) for _ in range(p.layers)
        )
        self.norm = nn.LayerNorm(p.size)
        self.output_dropout = nn.Dropout(p.dropout)
        self.output = Output(p.size, shape.vocabulary, p.tied)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        x, new, _ = self._through(tokens, state, need_weights=False)
        x = self.output_dropout(self.norm(x))
        return self.output(x, self.embedding), new

    def attention(self, tokens: Tensor, state: State | None = None) -> list[Tensor]:
        """Each layer's attention weights, (batch, heads, time, remembered + time)."""
        return self._through(tokens, state, need_weights=True)[2]

    def _through(
        self, tokens: Tensor, state: State | None, need_weights: bool
    ) -> tuple[Tensor, State, list[Tensor]]:
        x = self.dropout(self.embedding(tokens))  # (batch, time, size)
        new: list[Tensor] = []
        found: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            past = None if state is None else (state[2 * index], state[2 * index + 1])
            x, kept, weights = block(x, past, need_weights)
            new += kept
            if weights is not None:
                found.append(weights)
        return x, tuple(new), found


class Block(nn.Module):
    """x + attention(norm(x)), then that + feed-forward(norm(that))."""

    def __init__(self, size: int, heads: int, context: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(size)
        self.attention = CausalAttention(size, heads, context)
        self.attention_dropout = nn.Dropout(dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, 4 * size),
            nn.GELU(),
            nn.Linear(4 * size, size),
            nn.Dropout(dropout),
        )

    def forward(
        self, x: Tensor, past: tuple[Tensor, Tensor] | None, need_weights: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor | None]:
        seen, kept, weights = self.attention(self.attention_norm(x), past, need_weights)
        x = x + self.attention_dropout(seen)
        return x + self.feed_forward(x), kept, weights


class CausalAttention(nn.Module):
    """softmax(q k^T / sqrt(head size) - slope * distance) v over the last `context` positions."""

    slopes: Tensor

    def __init__(self, size: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads, self.context = heads, context
        self.query_key_value = nn.Linear(size, 3 * size)
        self.join = nn.Linear(size, size)
        slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
        self.register_buffer("slopes", slopes, persistent=False)

    def forward(
        self, x: Tensor, past: tuple[Tensor, Tensor] | None, need_weights: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor | None]:
        """What was seen, (batch, time, size); the keys and values to remember; the weights."""
        batch, time, size = x.shape
        # each (batch, heads, time, head size)
        q, k, v = (
            part.view(batch, time, self.heads, -1).transpose(1, 2)
            for part in self.query_key_value(x).chunk(3, dim=-1)
        )
        if past is not None:
            k = torch.cat([past[0].to(k.dtype), k], dim=2)
            v = torch.cat([past[1].to(v.dtype), v], dim=2)
        bias = self.bias(time, k.shape[2]).to(q.dtype)
        weights = None
        if need_weights:
            scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5 + bias
            weights = scores.softmax(-1)  # (batch, heads, time, all)
            seen = weights @ v
        else:
            seen = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        joined = self.join(seen.transpose(1, 2).reshape(batch, time, size))
        return joined, (k[:, :, -self.context :], v[:, :, -self.context :]), weights

    def bias(self, time: int, every: int) -> Tensor:
        """(1, heads, time, every): -slope * distance; what is to come or too far is -infinity."""
        places = torch.arange(every, device=self.slopes.device)
        distance = places[every - time :, None] - places  # (time, every)
        hidden = (distance < 0) | (distance > self.context)
        bias = -self.slopes[:, None, None] * distance
        return bias.masked_fill(hidden, float("-inf"))[None]


def _heads(heads: int, size: int) -> int:
    """The largest count of heads, at most `heads`, that divides the size."""
    return next(count for count in range(min(heads, size), 0, -1) if size % count == 0)
