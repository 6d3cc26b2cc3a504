"""A network whose weights are drawn anew: what it says then is chance."""

import copy
from collections.abc import Sequence

import torch
from torch import nn


def layers_of(network: nn.Module) -> list[str]:
    """Names of the modules that have weights of their own, in the order of the definition."""
    return [
        name
        for name, module in network.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]


@torch.no_grad()
def redrawn(network: nn.Module, layers: Sequence[str], seed: int) -> nn.Module:
    """A copy in which each weight of the layers is normal with the mean and deviation of the tensor
    that it is in, so that what the layers give stays of the same size."""
    found = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    for name in layers:
        for weights in found.get_submodule(name).parameters(recurse=False):
            drawn = torch.randn(weights.shape, generator=generator).to(weights)
            spread = weights.std() if weights.numel() > 1 else weights.abs().mean()
            weights.copy_(weights.mean() + spread * drawn)
    return found
