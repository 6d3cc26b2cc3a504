"""Torch's operators on whole numbers, and whether this processor computes them exactly.

An activation becomes a number without sign of `bits` bits, q = round(x / scale) + zero, a weight a
signed one of eight. Where a processor has no VNNI, it adds pairs of products in sixteen bits: 2 ·
255 · 127 does not fit there and is cut off without a word, 2 · 127 · 127 does. So seven bits are
exact on every x86 processor, eight not on all. `exact` tries the largest numbers once a process,
and where they come out wrong, or an operator is missing, layers compute in float32 instead.
"""

import warnings
from functools import cache
from typing import Any

import torch
from torch import Tensor

LOW = 64
"""The number that stands for 0 where values lie around it, in seven bits."""
HIGH = 63
"""Steps from there to the largest."""

with warnings.catch_warnings():
    # torch says once a process that such tensors will go; the version that we take is pinned.
    warnings.simplefilter("ignore")
    torch.quantize_per_tensor(torch.zeros(1), 1.0, 0, torch.quint8)


def pack_linear(weight: Tensor, scale: Tensor, bias: Tensor | None) -> Any:
    """For `linear` and recurrent layers, in the layout of FBGEMM (on ARM, of QNNPACK)."""
    zeros = torch.zeros(len(weight), dtype=torch.long)
    known = torch._make_per_channel_quantized_tensor(weight.contiguous(), scale.double(), zeros, 0)
    return torch.ops.quantized.linear_prepack(known, bias)


def linear(x: Tensor, packed: Any, scale: float, zero: int) -> Tensor:
    """(..., in) of values that the scale covers -> (..., out) float32, with the packed bias."""
    y: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
        x, scale, zero, packed
    )
    return y


def linear_by_rows(x: Tensor, packed: Any, bias: Tensor | None) -> Tensor:
    """(..., in) -> (..., out): each row is rounded by its own largest magnitude, so that what it
    gives does not depend on the others; `packed` has no bias."""
    flat = x.reshape(-1, x.shape[-1])
    size = flat.abs().amax(1, keepdim=True).clamp_min(1e-12)  # (rows, 1)
    y = linear(flat / size, packed, 1 / HIGH, LOW)
    y = y.mul_(size) if bias is None else torch.addcmul(bias, y, size)
    return y.view(*x.shape[:-1], -1)


def quantised(x: Tensor, scale: float, zero: int, bits: int) -> Tensor:
    """x in whole numbers from 0 to 2^bits - 1."""
    whole: Tensor = torch.quantize_per_tensor(x, scale, zero, torch.quint8).int_repr()
    return whole if bits == 8 else whole.clamp_(max=2**bits - 1)


def pack_conv(layer: Any, weight: Tensor, scale: Tensor, x_scale: float, zero: int) -> Tensor:
    packed: Tensor = torch.ops.onednn.qconv_prepack(
        weight.contiguous(), scale, x_scale, zero, layer.stride, layer.padding, layer.dilation,
        layer.groups, None,
    )  # fmt: skip
    return packed


def conv2d(
    layer: Any, whole: Tensor, packed: Tensor, scale: Tensor, x_scale: float, zero: int
) -> Tensor:
    """Float32 of (batch, in, height, width) whole numbers."""
    y: Tensor = torch.ops.onednn.qconv2d_pointwise(
        whole, x_scale, zero, packed, scale, torch.zeros(len(scale), dtype=torch.int32), layer.bias,
        layer.stride, layer.padding, layer.dilation, layer.groups, 1.0, 0, torch.float32, "none",
        [], "",
    )  # fmt: skip
    return y


def pack_dense(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.onednn.qlinear_prepack(weight.contiguous(), None)
    return packed


def dense(
    whole: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None, x_scale: float, zero: int
) -> Tensor:
    """Float32 of (..., in) whole numbers."""
    y: Tensor = torch.ops.onednn.qlinear_pointwise(
        whole, x_scale, zero, packed, scale, torch.zeros(len(scale), dtype=torch.int64), bias, 1.0,
        0, torch.float32, "none", [], "",
    )  # fmt: skip
    return y


@cache
def exact(bits: int) -> bool:
    """Whether onednn's products of so many bits come out right here, tried with the largest."""
    top, size, rows = 2**bits - 1, 256, 8
    weight = torch.full((rows, size), 127, dtype=torch.int8)
    x = torch.full((4, size), top, dtype=torch.uint8)
    try:
        with torch.inference_mode(False), torch.no_grad():
            y = dense(x, pack_dense(weight), torch.ones(rows), None, 1.0, 0)
    except (RuntimeError, AttributeError):
        return False
    return bool((y == float(top * 127 * size)).all())


@cache
def exact_by_rows() -> bool:
    """Whether the products of `linear` come out right here, tried with the largest."""
    size, rows = 256, 8
    weight = torch.full((rows, size), 127, dtype=torch.int8)
    try:
        with torch.inference_mode(False), torch.no_grad():
            packed = pack_linear(weight, torch.ones(rows), None)
            y = linear(torch.full((4, size), float(HIGH)), packed, 1.0, LOW)
    except (RuntimeError, AttributeError):
        return False
    return bool((y == float(HIGH * 127 * size)).all())
