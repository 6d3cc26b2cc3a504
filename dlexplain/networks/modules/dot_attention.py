"""Scaled dot-product attention by heads: softmax(Q K^T / sqrt(d)) V.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762. As
nn.MultiheadAttention, but keys and values can be kept from step to step.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn


def attention_weights(query: Tensor, keys: Tensor, mask: Tensor | None) -> Tensor:
    """(..., T, d), (..., S, d) -> (..., T, S); mask broadcasts to that, True where it may look."""
    scores = query @ keys.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1)


class DotAttention(nn.Module):
    """Queries from x (batch, T, width) look at keys and values (batch, heads, S, width / heads)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        for linear in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def split(self, x: Tensor) -> Tensor:
        """(batch, time, width) -> (batch, heads, time, width / heads)"""
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.split(self.key(x)), self.split(self.value(x))

    def weights(self, x: Tensor, keys: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, heads, T, S), what forward weighs the values by"""
        return attention_weights(self.split(self.query(x)), keys, mask)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """mask (batch or 1, 1, T or 1, S), True where a query may look"""
        # Torch's fused form takes five times as long in bf16 on a CPU for sentences this short.
        found = self.weights(x, keys, mask).to(values.dtype) @ values  # (batch, heads, T, d)
        joined = found.transpose(1, 2).flatten(2)  # (batch, T, width)
        return cast(Tensor, self.output(joined))


def causal_mask(length: int, device: torch.device) -> Tensor:
    """(length, length), True where a position may look: at itself and what came before."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()
