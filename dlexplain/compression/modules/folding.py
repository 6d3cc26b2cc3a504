"""Batch norms folded into the convolutions before them, and networks rebuilt for such weights."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from dlexplain.explainers.prepare import conv_norm_pairs, fold_batch_norms


def fold(network: nn.Module) -> list[tuple[str, str]]:
    """Fold every batch norm that alone reads a convolution's output; the names of each pair."""
    was = network.training
    network.eval()
    pairs = list(conv_norm_pairs(network))
    fold_batch_norms(network)
    for conv, _ in pairs:
        network.get_submodule(conv).requires_grad_(True)  # folding freezes what it made
    network.train(was)
    return pairs


def folded(network: nn.Module, pairs: Iterable[tuple[str, str]]) -> None:
    """Give a freshly built network the same modules, their weights of no matter."""
    for conv, norm in pairs:
        layer: Any = network.get_submodule(conv)
        if not isinstance(layer, nn.Conv2d):
            raise ValueError(f"{conv} is no convolution")
        if layer.bias is None:
            layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
        network.set_submodule(norm, nn.Identity())
