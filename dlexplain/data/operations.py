"""What RandAugment and AugMix do to pictures: fourteen operations on whole batches.

Each takes (count, channels, height, width) float pictures with values 0 to 255 and (count,)
strengths from 0, which changes least, to 1; signed ones go either way with -1 to 1. They compute as
Pillow does, except that what is turned, sheared or moved is mirrored at the edges and interpolated
linearly. Ranges are those of Cubuk et al., "RandAugment", 2020, https://arxiv.org/abs/1909.13719.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

WHITE = 255.0
LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue, ITU-R BT.601."""
MOST_DEGREES, MOST_SHEAR, MOST_MOVED, MOST_FACTOR, MOST_BITS = 30.0, 0.3, 150 / 331, 0.9, 4
"""MOST_MOVED is a part of the side."""


@dataclass(frozen=True)
class Operation:
    """signed  whether it goes either way;  of_augmix  whether it is also one of AugMix's, which
    leaves out what ImageNet-C's corruptions do"""

    apply: Callable[[Tensor, Tensor], Tensor]
    signed: bool = False
    of_augmix: bool = True


def identity(pixels: Tensor, strength: Tensor) -> Tensor:
    """As it was."""
    return pixels


def autocontrast(pixels: Tensor, strength: Tensor) -> Tensor:
    """Each channel's values are stretched over 0 to 255; a flat channel stays."""
    low, high = pixels.amin((2, 3), keepdim=True), pixels.amax((2, 3), keepdim=True)
    stretched = (pixels - low) * (WHITE / (high - low).clamp_min(1e-6))
    return torch.where(high > low, stretched, pixels)


def equalize(pixels: Tensor, strength: Tensor) -> Tensor:
    """Each channel's histogram is made even, as Pillow's ImageOps.equalize does; values are rounded
    to whole ones first."""
    count, channels, height, width = pixels.shape
    levels = pixels.round().clamp(0, WHITE).long().view(count * channels, -1)
    histogram = torch.zeros(len(levels), 256, dtype=torch.long, device=pixels.device)
    histogram.scatter_add_(1, levels, torch.ones_like(levels))
    brightest = levels.amax(1, keepdim=True)
    step = (height * width - histogram.gather(1, brightest)) // 255  # (rows, 1)
    before = histogram.cumsum(1) - histogram
    table = ((step // 2 + before) // step.clamp_min(1)).clamp(0, 255)
    found = torch.where(step > 0, table.gather(1, levels), levels)
    return found.view_as(pixels).to(pixels.dtype)


def posterize(pixels: Tensor, strength: Tensor) -> Tensor:
    """Keep the upper 8 to 4 bits of each value."""
    size = 2 ** (strength * MOST_BITS).round()[:, None, None, None]
    return (pixels / size).floor() * size


def solarize(pixels: Tensor, strength: Tensor) -> Tensor:
    """x becomes 255 - x where it is at least the threshold 255 (1 - strength)."""
    threshold = WHITE * (1 - strength)[:, None, None, None]
    return torch.where(pixels >= threshold, WHITE - pixels, pixels)


def brightness(pixels: Tensor, strength: Tensor) -> Tensor:
    """f x with f = 1 + 0.9 strength."""
    return _blended(torch.zeros_like(pixels), pixels, strength)


def contrast(pixels: Tensor, strength: Tensor) -> Tensor:
    """m + f (x - m), m the mean luminance of the picture."""
    mean = grey(pixels).mean((1, 2, 3), keepdim=True)
    return _blended(mean, pixels, strength)


def colour(pixels: Tensor, strength: Tensor) -> Tensor:
    """g + f (x - g), g the pixel's luminance; grey pictures stay."""
    return _blended(grey(pixels), pixels, strength)


def sharpness(pixels: Tensor, strength: Tensor) -> Tensor:
    """s + f (x - s), s the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13; the edge stays."""
    kernel = torch.ones(3, 3, device=pixels.device, dtype=pixels.dtype)
    kernel[1, 1] = 5
    channels = pixels.shape[1]
    weights = (kernel / 13).expand(channels, 1, 3, 3)
    smooth = pixels.clone()
    smooth[:, :, 1:-1, 1:-1] = F.conv2d(pixels, weights, groups=channels)
    return _blended(smooth, pixels, strength)


def rotate(pixels: Tensor, strength: Tensor) -> Tensor:
    """About the middle, by up to 30 degrees, anticlockwise where positive."""
    angle = strength * math.radians(MOST_DEGREES)
    return _moved(pixels, angle.cos(), -angle.sin(), angle.sin(), angle.cos())


def shear_x(pixels: Tensor, strength: Tensor) -> Tensor:
    """The value at (x, y) comes from (x + s y, y), from the middle, s up to 0.3."""
    one = torch.ones_like(strength)
    return _moved(pixels, one, MOST_SHEAR * strength, 0 * one, one)


def shear_y(pixels: Tensor, strength: Tensor) -> Tensor:
    """The value at (x, y) comes from (x, y + s x), from the middle, s up to 0.3."""
    one = torch.ones_like(strength)
    return _moved(pixels, one, 0 * one, MOST_SHEAR * strength, one)


def translate_x(pixels: Tensor, strength: Tensor) -> Tensor:
    """The value at (x, y) comes from (x + t, y), t up to 150/331 of the width."""
    one = torch.ones_like(strength)
    return _moved(pixels, one, 0 * one, 0 * one, one, across=MOST_MOVED * strength)


def translate_y(pixels: Tensor, strength: Tensor) -> Tensor:
    """The value at (x, y) comes from (x, y + t), t up to 150/331 of the height."""
    one = torch.ones_like(strength)
    return _moved(pixels, one, 0 * one, 0 * one, one, down=MOST_MOVED * strength)


OPERATIONS: Mapping[str, Operation] = {
    "identity": Operation(identity, of_augmix=False),
    "autocontrast": Operation(autocontrast),
    "equalize": Operation(equalize),
    "rotate": Operation(rotate, signed=True),
    "solarize": Operation(solarize),
    "posterize": Operation(posterize),
    "shear-x": Operation(shear_x, signed=True),
    "shear-y": Operation(shear_y, signed=True),
    "translate-x": Operation(translate_x, signed=True),
    "translate-y": Operation(translate_y, signed=True),
    "colour": Operation(colour, signed=True, of_augmix=False),
    "contrast": Operation(contrast, signed=True, of_augmix=False),
    "brightness": Operation(brightness, signed=True, of_augmix=False),
    "sharpness": Operation(sharpness, signed=True, of_augmix=False),
}
ALL = tuple(OPERATIONS.values())
OF_AUGMIX = tuple(operation for operation in ALL if operation.of_augmix)


def applied(
    pixels: Tensor, which: Tensor, strength: Tensor, operations: tuple[Operation, ...]
) -> Tensor:
    """To each picture its own operation.

    which     (count,) places in `operations`, or -1 for none
    strength  (count,) -1 to 1; of operations that have no sign its size counts
    """
    found = pixels.clone()
    for place in which.unique().tolist():
        if place < 0:
            continue
        rows = (which == place).nonzero()[:, 0].to(pixels.device)
        operation = operations[place]
        given = strength.to(pixels.device)[rows]
        changed = operation.apply(pixels[rows], given if operation.signed else given.abs())
        found[rows] = changed.clamp(0, WHITE)
    return found


def grey(pixels: Tensor) -> Tensor:
    """(count, 1 or 3, height, width) -> luminance (count, 1, height, width)"""
    if pixels.shape[1] != len(LUMINANCE):
        return pixels.mean(1, keepdim=True)
    weights = torch.tensor(LUMINANCE, device=pixels.device, dtype=pixels.dtype)
    return (pixels * weights[:, None, None]).sum(1, keepdim=True)


def _blended(other: Tensor, pixels: Tensor, strength: Tensor) -> Tensor:
    factor = (1 + MOST_FACTOR * strength)[:, None, None, None]
    return (other + factor * (pixels - other)).clamp(0, WHITE)


def _moved(
    pixels: Tensor,
    xx: Tensor,
    xy: Tensor,
    yx: Tensor,
    yy: Tensor,
    across: float | Tensor = 0.0,
    down: float | Tensor = 0.0,
) -> Tensor:
    """The value at (x, y) comes from (xx x + xy y + across, yx x + yy y + down), all (count,), from
    the middle; across and down are parts of the sides."""
    count, _, height, width = pixels.shape
    rows = torch.stack(
        [
            # Coordinates run from -1 to 1 over either side, whose lengths may differ.
            torch.stack([xx, xy * height / width, 2 * across + torch.zeros_like(xx)], 1),
            torch.stack([yx * width / height, yy, 2 * down + torch.zeros_like(xx)], 1),
        ],
        1,
    )  # (count, 2, 3)
    size = [count, pixels.shape[1], height, width]
    grid = F.affine_grid(rows.to(pixels), size, align_corners=False)
    return F.grid_sample(
        pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
