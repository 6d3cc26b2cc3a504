"""Additive attention: energy e[i, j] = v . tanh(W s[i] + U h[j]), weights softmax over j.

Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate",
2015, https://arxiv.org/abs/1409.0473.
"""

from typing import cast

import torch
from torch import Tensor, nn


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
