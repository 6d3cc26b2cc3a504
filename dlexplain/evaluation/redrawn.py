"""A network whose weights are drawn anew: what it says then is chance."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from dlexplain.errors import Incompatible


def layers_of(network: nn.Module) -> list[str]:
    """Names of the modules that have weights of their own, in the order of the definition.

    Raises Incompatible where there are none, as in an ONNX file, whose weights torch does not see.
    """
    found = [
        name
        for name, module in network.named_modules()
        if any(weights.is_floating_point() for weights in module.parameters(recurse=False))
    ]
    if not found:
        raise Incompatible("the weights of this model are not at hand, so none can be drawn anew")
    return found


@torch.no_grad()
def redrawn(network: nn.Module, layers: Sequence[str], seed: int) -> nn.Module:
    """A copy in which each weight of the layers is normal with the mean and deviation of the tensor
    that it is in, so that what the layers give stays of the same size."""
    found = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    for name in layers:
        for weights in found.get_submodule(name).parameters(recurse=False):
            if not weights.is_floating_point():
                continue
            drawn = torch.randn(weights.shape, generator=generator).to(weights)
            spread = weights.std() if weights.numel() > 1 else weights.abs().mean()
            weights.copy_(weights.mean() + spread * drawn)
    return found
