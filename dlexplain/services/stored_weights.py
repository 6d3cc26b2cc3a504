"""Weights as the zoo stores them: float16, large tables in eight bits a number with a scale a row.

A row of a table, such as a word's embedding, is kept as whole numbers from -127 to 127 times the
row's largest magnitude / 127. A card's metrics are those of what is stored.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

TABLE = 1_000_000
"""Numbers in a matrix from which it is a large table: an embedding, mostly."""
SCALE = ".row_scale"
LARGEST_HALF = 6e4


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is no weight, or too large for float16, stays as it is."""
    packed: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if tensor.is_floating_point() and tensor.ndim == 2 and tensor.numel() >= TABLE:
            scale = tensor.abs().amax(1).clamp_min(1e-12) / 127  # (rows,)
            packed[key] = (tensor / scale[:, None]).round().to(torch.int8)
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
        whole[name] = whole[name].float() * scale[:, None]
    return whole


def _half(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or tensor.numel() < 2:
        return tensor
    return tensor.half() if float(tensor.abs().max()) < LARGEST_HALF else tensor
