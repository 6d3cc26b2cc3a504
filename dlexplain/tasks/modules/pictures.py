"""Pictures in the tests of models that make them: ranges, likelihoods, spread, sheets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

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


LOG_2_PI = math.log(2 * math.pi)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each dimension, the shape of both; 0 or more.

    (mean^2 + variance - 1 - log variance) / 2
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance) / 2


def bernoulli_log_likelihood(logits: Tensor, target: Tensor) -> Tensor:
    """(batch,) sums over pixels of t log p + (1 - t) log(1 - p) with p = sigmoid(logits).

    target  0..1; grey ones count as the probability of white, as is usual for MNIST
    """
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return -losses.flatten(1).sum(1)


def gaussian_log_likelihood(logits: Tensor, target: Tensor, deviation: float) -> Tensor:
    """(batch,) sums over pixels of log N(target; sigmoid(logits), deviation^2), a density."""
    off = (target - torch.sigmoid(logits)) / deviation
    each = -(off.square() + LOG_2_PI) / 2 - math.log(deviation)
    return each.flatten(1).sum(1)


SHOWN = 16
"""Examples kept, at most."""


class Spread:
    """Keeps every n-th of the examples that pass by in batches."""

    def __init__(self, total: int, most: int = SHOWN) -> None:
        self.every = max(1, -(-total // most))
        self.clear()

    def clear(self) -> None:
        """Begin again."""
        self.passed = 0
        self._parts: list[dict[str, Tensor]] = []

    def keep(self, size: int, **batch: Tensor) -> None:
        """A batch of `size` examples; each tensor has one a row."""
        places = torch.arange(-self.passed % self.every, size, self.every)
        self.passed += size
        self._parts.append({k: v.detach()[places.to(v.device)].cpu() for k, v in batch.items()})

    def kept(self) -> dict[str, Tensor]:
        """By name, as `keep` had them; {} where nothing passed."""
        if not self._parts:
            return {}
        return {key: torch.cat([part[key] for part in self._parts]) for key in self._parts[0]}


GREY = 128


def tile(pixels: NDArray[np.uint8], in_a_row: int = 8, gap: int = 1) -> NDArray[np.uint8]:
    """(count, height, width, 1 or 3) -> one picture (rows, columns, 3), with grey between."""
    count, height, width = pixels.shape[:3]
    columns = min(count, in_a_row)
    rows = -(-count // in_a_row)
    sheet = np.full((rows * (height + gap), columns * (width + gap), 3), GREY, np.uint8)
    for index, picture in enumerate(pixels):
        y, x = index // in_a_row * (height + gap), index % in_a_row * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet


def in_pairs(
    originals: NDArray[np.uint8], copies: NDArray[np.uint8], in_a_row: int = 8
) -> NDArray[np.uint8]:
    """One picture of rows by turns: originals, and below each its copy."""
    rows: list[NDArray[np.uint8]] = []
    for first in range(0, len(originals) // in_a_row * in_a_row or len(originals), in_a_row):
        rows += [originals[first : first + in_a_row], copies[first : first + in_a_row]]
    return tile(np.concatenate(rows), min(in_a_row, len(originals)))
