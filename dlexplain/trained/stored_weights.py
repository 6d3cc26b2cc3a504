"""Weights as the zoo stores them: float16, large ones in eight bits a number with a scale a row.

A row, such as a word's embedding or what makes one channel, is kept as whole numbers from -127 to
127 times the row's largest magnitude / 127. A card's metrics are those of what is stored.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

LARGE = 50_000
"""Numbers in a weight from which it is kept in eight bits."""
SCALE = ".row_scale"
LARGEST_HALF = 6e4


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is no weight, or too large for float16, stays as it is."""
    packed: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if tensor.is_floating_point() and tensor.ndim >= 2 and tensor.numel() >= LARGE:
            scale = tensor.flatten(1).abs().amax(1).clamp_min(1e-12) / 127  # (rows,)
            packed[key] = (tensor / _along(scale, tensor)).round().to(torch.int8)
            packed[key + SCALE] = scale
        else:
            packed[key] = _half(tensor)
    return packed


def unpack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 again; a state that was never packed stays as it is."""
    halves = (torch.float16, torch.bfloat16)
    whole = {k: t.float() if t.dtype in halves else t for k, t in state.items()}
    for key in [key for key in whole if key.endswith(SCALE)]:
        scale = whole.pop(key)
        name = key.removesuffix(SCALE)
        whole[name] = whole[name].float() * _along(scale, whole[name])
    return whole


def _along(scale: Tensor, weight: Tensor) -> Tensor:
    """(rows,) -> (rows, 1, ...), as many dimensions as the weight has"""
    return scale.view(-1, *[1] * (weight.ndim - 1))


def _half(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or tensor.numel() < 2:
        return tensor
    return tensor.half() if float(tensor.abs().max()) < LARGEST_HALF else tensor
