"""W = U S Vᵀ, cut after r singular values: two layers of (out + in) r weights in place of one of
out x in. A convolution's matrix is (out, in x height x width): the first layer is a convolution of
r filters of the old size, the second mixes them at each point. Denton et al. 2014,
https://arxiv.org/abs/1404.0736.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.low_rank import Params
from dlexplain.compression.modules.base import Compressor
from dlexplain.errors import BadInput


class Factors(nn.Sequential):
    """Two layers in place of one."""


class LowRank(Compressor[Params]):
    """Factors every linear layer and every ungrouped convolution for which that is smaller."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.ranks: dict[str, int] = {}

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        self.ranks = {}
        for name, layer in _layers(network):
            weight = layer.weight.detach().flatten(1)
            left, values, right = torch.linalg.svd(weight.double(), full_matrices=False)
            rank = rank_of(values, self.params.energy)
            if rank * sum(weight.shape) >= weight.numel():
                continue
            first, second = _factors(layer, rank)
            root = values[:rank].sqrt()
            with torch.no_grad():
                first.weight.copy_((root[:, None] * right[:rank]).view_as(first.weight))
                second.weight.copy_((left[:, :rank] * root).view_as(second.weight))
                if layer.bias is not None:
                    second.bias.copy_(layer.bias)
            network.set_submodule(name, Factors(first, second))
            self.ranks[name] = rank
        if not self.ranks:
            raise BadInput(
                f"no layer gets smaller with {self.params.energy:.1%} of its energy; less is needed"
            )
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"ranks": {layer's name: rank}}"""
        return {"ranks": self.ranks}

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        for name, rank in structure["ranks"].items():
            network.set_submodule(name, Factors(*_factors(network.get_submodule(name), rank)))
        return network


def rank_of(values: Tensor, energy: float) -> int:
    """The fewest of the descending singular values whose squares are `energy` of all squares."""
    kept = values.square().cumsum(0) / values.square().sum()
    return int((kept < energy).sum()) + 1


def _layers(network: nn.Module) -> list[tuple[str, Any]]:
    return [
        (name, module)
        for name, module in network.named_modules()
        if type(module) is nn.Linear or (type(module) is nn.Conv2d and module.groups == 1)
    ]


def _factors(layer: Any, rank: int) -> tuple[Any, Any]:
    """Two layers whose composition has the shape of `layer`, of any weights."""
    if isinstance(layer, nn.Conv2d):
        first: nn.Module = nn.Conv2d(
            layer.in_channels, rank, _pair(layer.kernel_size), _pair(layer.stride),
            layer.padding if isinstance(layer.padding, str) else _pair(layer.padding),
            _pair(layer.dilation), bias=False, padding_mode=layer.padding_mode,
        )  # fmt: skip
        return first, nn.Conv2d(rank, layer.out_channels, 1, bias=layer.bias is not None)
    first = nn.Linear(layer.in_features, rank, bias=False)
    return first, nn.Linear(rank, layer.out_features, bias=layer.bias is not None)


def _pair(sizes: tuple[int, ...]) -> tuple[int, int]:
    height, width = sizes
    return height, width
