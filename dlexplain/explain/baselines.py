"""Inputs that stand for "nothing to see": the starting points and fillings of many methods."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.params import choice

BASELINES = ("black", "blur", "mean", "noise")
BLUR_SHARE = 0.05
"""Deviation of the Gaussian blur as a share of the picture's longer side."""
LEAST_BLUR = 2.0
"""In pixels: a smaller deviation would leave a small picture as it is."""


def baseline_choice(default: str = "black", help: str = "What stands for no evidence.") -> str:
    """The field that every method with a baseline declares."""
    chosen: str = choice(default, "Baseline", BASELINES, help=help)
    return chosen


def make_baseline(
    kind: str, inputs: Tensor, value_range: tuple[float, float], seed: int = 0
) -> Tensor:
    """A baseline of the shape of `inputs`, (batch, channels, height, width).

    black: the lowest value; blur: a Gaussian blur of the picture; mean: its mean colour;
    noise: uniform between black and white, drawn with `seed`.
    """
    low, high = value_range
    if kind == "black":
        return torch.full_like(inputs, low)
    if kind == "mean":
        return inputs.mean(dim=(2, 3), keepdim=True).expand_as(inputs).contiguous()
    if kind == "noise":
        generator = torch.Generator().manual_seed(seed)
        noise = torch.rand(inputs.shape, generator=generator).to(inputs)
        return low + (high - low) * noise
    return gaussian_blur(inputs, max(LEAST_BLUR, BLUR_SHARE * max(inputs.shape[-2:])))


def gaussian_blur(inputs: Tensor, sigma: float) -> Tensor:
    """Blur (batch, channels, height, width) with a Gaussian of `sigma` pixels; edges repeat."""
    radius = max(1, round(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, device=inputs.device, dtype=inputs.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = inputs.shape[1]
    padded = F.pad(inputs, (radius,) * 4, mode="replicate")
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    down = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return F.conv2d(F.conv2d(padded, across, groups=channels), down, groups=channels)
