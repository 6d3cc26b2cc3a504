"""Convolutions and linear layers with a fixed range of their input: rounded in float32, as they are
trained, and in whole numbers, as they are used.

    q = clamp(round(x / s) + z, 0, 2^bits - 1),  x' = (q - z) s

and the same without z, from -127 to 127, for weights, with a scale an output channel. Through the
rounding a gradient goes as if it were not there, and not at all where a value is cut (the
straight-through estimator, Bengio et al. 2013, https://arxiv.org/abs/1308.3432).
"""

from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.compression.modules.int8_operators import (
    conv2d,
    dense,
    exact,
    pack_conv,
    pack_dense,
    quantised,
)
from dlexplain.compression.modules.narrow import (
    NarrowConv2d,
    NarrowLinear,
    in_int8,
    row_scales,
)

F_ = TypeVar("F_", bound=nn.Module)


class Range(NamedTuple):
    """How a layer's input becomes whole numbers."""

    scale: float
    zero: int
    bits: int


def range_of(low: float, high: float, bits: int) -> Range:
    """That holds low to high, and 0, which is a whole number of its own: padding is exact."""
    low, high, top = min(low, 0.0), max(high, 0.0), 2**bits - 1
    # Float32 from the start: so it is kept, and so the operators take it.
    scale = float(torch.tensor(max((high - low) / top, 1e-12)))
    return Range(scale, min(top, max(0, round(-low / scale))), bits)


class _Ranged(nn.Module):
    """With the range as buffers, so that it is kept beside the weights."""

    def take(self, given: Range) -> None:
        self.register_buffer("input_scale", torch.tensor([given.scale]))
        whole = torch.tensor([given.zero, given.bits], dtype=torch.int32)
        self.register_buffer("input_zero_bits", whole)

    def range(self) -> Range:
        scale: Tensor = self.input_scale  # type: ignore[assignment]
        whole: Tensor = self.input_zero_bits  # type: ignore[assignment]
        zero, bits = whole.tolist()
        return Range(float(scale), zero, bits)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, {self.range()}"


class Rounding(_Ranged):
    """Rounds its input and its weights, in float32."""

    weight: Tensor

    def rounded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        given = self.range()
        top = 2**given.bits - 1
        x = torch.fake_quantize_per_tensor_affine(x, given.scale, given.zero, 0, top)
        scale = row_scales(self.weight)
        zeros = torch.zeros(len(scale), dtype=torch.int32, device=scale.device)
        return x, torch.fake_quantize_per_channel_affine(self.weight, scale, zeros, 0, -127, 127)


class RoundingConv2d(Rounding, nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:
        x, weight = self.rounded(input)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class RoundingLinear(Rounding, nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        x, weight = self.rounded(input)
        return F.linear(x, weight, self.bias)


class _Whole(_Ranged):
    """Multiplies whole numbers."""

    def whole_numbers(self, x: Tensor) -> bool:
        layer: Any = self
        if not layer.narrow_now(x) or x.device.type != "cpu":
            return False
        return exact(layer.once("range", self.range).bits)


class WholeConv2d(_Whole, NarrowConv2d):
    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4 or not self.whole_numbers(input):
            return super().forward(input)
        scale, zero, bits = self.once("range", self.range)
        weight: Tensor = self.weight_int8.detach()
        packed = self.once(
            "packed", lambda: pack_conv(self, weight, self.weight_scale, scale, zero)
        )
        laid = input.contiguous(memory_format=torch.channels_last)
        whole = quantised(laid, scale, zero, bits)
        return conv2d(self, whole, packed, self.weight_scale, scale, zero)


class WholeLinear(_Whole, NarrowLinear):
    def forward(self, input: Tensor) -> Tensor:
        if not self.whole_numbers(input):
            return super().forward(input)
        scale, zero, bits = self.once("range", self.range)
        packed = self.once("packed", lambda: pack_dense(self.weight_int8.detach()))
        whole = quantised(input, scale, zero, bits)
        return dense(whole, packed, self.weight_scale, self.bias, scale, zero)


def rounding(layer: nn.Module, given: Range) -> Rounding:
    """The layer as it is trained; its parameters are the same ones."""
    kind = RoundingConv2d if isinstance(layer, nn.Conv2d) else RoundingLinear
    made: Any = kind.__new__(kind)
    made.__dict__.update(vars(layer))
    for own in ("_parameters", "_buffers", "_modules"):
        made.__dict__[own] = dict(getattr(layer, own))
    made.take(given)
    found: Rounding = made
    return found


def whole(layer: nn.Module, given: Range) -> nn.Module:
    """The layer as it is used."""
    kind: Any = WholeConv2d if isinstance(layer, nn.Conv2d) else WholeLinear
    made: Any = in_int8(kind, layer, "int8")
    made.take(given)
    found: nn.Module = made
    return found
