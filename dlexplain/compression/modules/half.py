"""Weights in sixteen bits, computed with in bfloat16 where that is fast.

bfloat16 is float32 with 8 bits of precision, Kalamkar et al. 2019, https://arxiv.org/abs/1905.12322.
A processor without instructions for it computes thirty times slower than in float32; with them,
convolutions gain at every batch, products of one row lose (docs/decisions/0037).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.compression.half import Params
from dlexplain.compression.modules.base import Compressor
from dlexplain.compression.modules.folding import fold, folded
from dlexplain.compression.modules.narrow import (
    FLOAT,
    KINDS,
    Narrow,
    NarrowConv2d,
    NarrowLinear,
    in_half,
    layers_to_narrow,
    matrices_of,
)
from dlexplain.errors import BadInput

FORMATS = {"bfloat16": torch.bfloat16, "float16": torch.float16}
NOT_FAST = (
    "this processor has no fast operators in {format}, so the model computes in float32 with its "
    "weights in sixteen bits: smaller on disk, not faster"
)


@cache
def fast(format: str, device: str) -> bool:
    """Whether the device computes faster in the format than in float32."""
    if device == "cuda":
        return format == "float16" or torch.cuda.is_bf16_supported(including_emulation=False)
    if device != "cpu" or format != "bfloat16":
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _here(layer: Narrow, x: Tensor) -> bool:
    return layer.narrow_now(x) and fast(layer.computes, x.device.type)


class HalfConv2d(NarrowConv2d):
    """Its input rounded, sums in float32, its output float32 again."""

    def forward(self, input: Tensor) -> Tensor:
        if not _here(self, input):
            return super().forward(input)
        weight: Tensor = self.weight_half
        bias = None if self.bias is None else self.bias.to(weight.dtype)
        x = input.to(weight.dtype)
        y: Tensor = self._conv_forward(x, weight, bias)
        return y.float()


class HalfLinear(NarrowLinear):
    """The same, for (batch, tokens, features)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() < 3 or not _here(self, input):
            return super().forward(input)
        weight: Tensor = self.weight_half
        bias = None if self.bias is None else self.bias.to(weight.dtype)
        return F.linear(input.to(weight.dtype), weight, bias).float()


class Half(Compressor[Params]):
    """Keeps matrices in sixteen bits."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.notes: list[str] = []
        self.pairs: list[tuple[str, str]] = []
        self.names: list[str] = []

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        self.pairs = fold(network)
        layers = dict(layers_to_narrow(network, tuple(KINDS)))
        if not layers:
            raise BadInput("the network has no matrices of its own in 32 bits")
        dtype = FORMATS[self.params.format]
        for name, layer in layers.items():
            largest = max(float(getattr(layer, m).detach().abs().max()) for m in matrices_of(layer))
            if largest > torch.finfo(dtype).max:
                raise BadInput(f"{name} has a weight of {largest:g}, too large for float16")
            network.set_submodule(name, narrowed(layer, self.params.format))
        self.names = list(layers)
        if not fast(self.params.format, "cpu"):
            self.notes.append(NOT_FAST.format(format=self.params.format))
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"folded": [[convolution, its batch norm]], "layers": [names], "format": of weights}"""
        return {"folded": self.pairs, "layers": self.names, "format": self.params.format}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        return {"half_layers": len(self.names)}

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        folded(network, structure["folded"])
        for name in structure["layers"]:
            layer = network.get_submodule(name)
            if type(layer) not in KINDS:
                raise ValueError(f"{name} has no matrix to keep in sixteen bits")
            network.set_submodule(name, narrowed(layer, structure["format"]))
        return network


def narrowed(layer: nn.Module, format: str) -> Narrow:
    kind: Any = {nn.Conv2d: HalfConv2d, nn.Linear: HalfLinear}.get(type(layer))
    if kind is None:
        return in_half(KINDS[type(layer)], layer, FORMATS[format], FLOAT)
    made: Narrow = in_half(kind, layer, FORMATS[format], format)
    return made
