"""Pixel values as tasks that make pictures see them.

The data module gives x = (pixel - mean) / scale with pixels 0..255. Errors and likelihoods are told
in units of the whole range: 0 is black and 1 is white.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

WHITE = 255.0


@dataclass(frozen=True)
class PixelRange:
    """Between normalised inputs, units 0..1, -1..1 as a GAN has them, and bytes."""

    mean: float
    scale: float

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "PixelRange":
        return cls(float(facts["mean"]), float(facts["scale"]))

    def unit(self, x: Tensor) -> Tensor:
        """Normalised -> 0..1; colours beyond, as augmentation may give them, are cut."""
        return ((x.float() * self.scale + self.mean) / WHITE).clamp(0, 1)

    def normalised(self, unit: Tensor) -> Tensor:
        """0..1 -> normalised, channels-last"""
        x = (unit * WHITE - self.mean) / self.scale
        return x.contiguous(memory_format=torch.channels_last)


def to_bytes(unit: Tensor) -> Tensor:
    """(count, channels, side, side) 0..1 -> (count, side, side, channels) uint8 on the CPU"""
    pixels = (unit.detach().float() * WHITE).round().clamp(0, WHITE).to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).cpu()


def noise_of(seed: int, *shape: int) -> Tensor:
    """Standard normal values, the same at every call, whatever else is drawn."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
