"""Attention: dot-product and additive."""

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
        return self.attend(x, keys, values, mask)[0]

    def attend(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What forward gives, and the weights (batch, heads, T, S) by which the values go in."""
        # Torch's fused form takes five times as long in bf16 on a CPU for sentences this short.
        weights = self.weights(x, keys, mask)
        found = weights.to(values.dtype) @ values  # (batch, heads, T, d)
        joined = found.transpose(1, 2).flatten(2)  # (batch, T, width)
        return cast(Tensor, self.output(joined)), weights


def causal_mask(length: int, device: torch.device) -> Tensor:
    """(length, length), True where a position may look: at itself and what came before."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


class AdditiveAttention(nn.Module):
    """(rows, query width), keys, values, mask -> (rows, value width) context, (rows, T) weights.

    keys are `self.key(values)`, which a decoder computes once for all of its steps.
    """

    def __init__(self, query: int, value: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(query, hidden)  # W, with the bias of both
        self.key = nn.Linear(value, hidden, bias=False)  # U
        self.energy = nn.Linear(hidden, 1, bias=False)  # v

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """keys (rows, T, hidden); values (rows, T, value); mask (rows, T), True where a token is"""
        mixed = torch.tanh(self.query(query)[:, None] + keys)  # (rows, T, hidden)
        energy = cast(Tensor, self.energy(mixed))[..., 0].float()  # (rows, T)
        weights = energy.masked_fill(~mask, float("-inf")).softmax(-1)
        context = torch.bmm(weights[:, None].to(values.dtype), values)[:, 0]  # (rows, value)
        return context, weights
