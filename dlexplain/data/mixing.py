"""Varying training pictures by many operations, by blending, and by other pictures' parts.

RandAugment: Cubuk et al. 2020, https://arxiv.org/abs/1909.13719. AugMix: Hendrycks et al. 2020,
https://arxiv.org/abs/1912.02781. Random erasing: Zhong et al. 2020, https://arxiv.org/abs/1708.04896.
MixUp: Zhang et al. 2018, https://arxiv.org/abs/1710.09412. CutMix: Yun et al. 2019,
https://arxiv.org/abs/1905.04899. All that is drawn comes from the generator that is given.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from dlexplain.data.operations import ALL, OF_AUGMIX, WHITE, applied

STRONGEST = 30
"""Of RandAugment's strengths."""
SEVEREST = 10
"""Of AugMix's severities."""
CHAINS, LONGEST_CHAIN, LEAST_LEVEL = 3, 3, 0.1
SMALLEST, LARGEST, LEAST_ASPECT = 0.02, 1 / 3, 0.3
"""Of an erased rectangle: area as parts of the picture; height over width, or width over height."""
TRIES = 10


class Mixed(NamedTuple):
    """order  (batch,) which picture was mixed into each;  weight  of its own picture, 0 to 1"""

    pixels: Tensor
    order: Tensor
    weight: float


def randaugment(pixels: Tensor, count: int, strength: int, generator: torch.Generator) -> Tensor:
    """`count` operations on each picture, one after the other, each drawn with equal probability
    from all fourteen, with the same strength out of STRONGEST and a random sign."""
    batch = len(pixels)
    for _ in range(count):
        which = torch.randint(0, len(ALL), (batch,), generator=generator)
        signs = 2.0 * torch.randint(0, 2, (batch,), generator=generator) - 1
        pixels = applied(pixels, which, signs * strength / STRONGEST, ALL)
    return pixels


def augmix(pixels: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """(1 - m) x + m (w_1 c_1(x) + w_2 c_2(x) + w_3 c_3(x)), for each picture m from Beta(1, 1), w
    from Dirichlet(1, 1, 1), and each chain c_i of one to three operations.

    A strength is uniform in 0.1 to `severity`, out of SEVEREST. The paper's second part, a loss
    that holds the answers to three variants together, is not here.
    """
    batch = len(pixels)
    weights = torch._sample_dirichlet(torch.ones(batch, CHAINS), generator=generator)
    share = torch.rand(batch, generator=generator)
    mixed = torch.zeros_like(pixels)
    for chain in range(CHAINS):
        depth = torch.randint(1, LONGEST_CHAIN + 1, (batch,), generator=generator)
        varied = pixels
        for step in range(LONGEST_CHAIN):
            which = torch.randint(0, len(OF_AUGMIX), (batch,), generator=generator)
            which = torch.where(step < depth, which, -1)
            level = torch.rand(batch, generator=generator)
            level = LEAST_LEVEL + (severity - LEAST_LEVEL) * level
            signs = 2.0 * torch.randint(0, 2, (batch,), generator=generator) - 1
            varied = applied(varied, which, signs * level / SEVEREST, OF_AUGMIX)
        mixed = mixed + _each(weights[:, chain], pixels) * varied
    share = _each(share, pixels)
    return (1 - share) * pixels + share * mixed


def erased(pixels: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """With this probability a rectangle of each picture takes uniform random values 0 to 255.

    Its area is uniform in 2% to a third of the picture, the logarithm of height over width in
    those of 0.3 to 1 / 0.3; one that does not fit in TRIES drawings is left out.
    """
    batch, channels, height, width = pixels.shape
    chosen = torch.rand(batch, generator=generator) < probability
    part = SMALLEST + (LARGEST - SMALLEST) * torch.rand(batch, TRIES, generator=generator)
    aspect = 2 * torch.rand(batch, TRIES, generator=generator) - 1
    aspect = torch.exp(aspect * -math.log(LEAST_ASPECT))
    tall = (height * width * part * aspect).sqrt().round().long().clamp_min(1)  # (batch, TRIES)
    wide = (height * width * part / aspect).sqrt().round().long().clamp_min(1)
    fits = (tall < height) & (wide < width)
    first = fits.long().argmax(1, keepdim=True)
    tall, wide = tall.gather(1, first)[:, 0], wide.gather(1, first)[:, 0]
    top, left = torch.rand(2, batch, generator=generator)
    top = (top * (height - tall + 1)).long()
    left = (left * (width - wide + 1)).long()
    drawn = WHITE * torch.rand(batch, channels, height, width, generator=generator)
    hole = rectangle(top, left, tall, wide, height, width)
    hole &= (chosen & fits.any(1))[:, None, None]
    return torch.where(hole[:, None].to(pixels.device), drawn.to(pixels), pixels)


def rectangle(
    top: Tensor, left: Tensor, tall: Tensor, wide: Tensor, height: int, width: int
) -> Tensor:
    """(batch, height, width) True inside, of (batch,) corners and sizes."""
    down = torch.arange(height) - top[:, None]
    across = torch.arange(width) - left[:, None]
    inside_y = (down >= 0) & (down < tall[:, None])
    inside_x = (across >= 0) & (across < wide[:, None])
    return inside_y[:, :, None] & inside_x[:, None, :]


def mixup(pixels: Tensor, concentration: float, generator: torch.Generator) -> Mixed:
    """w x + (1 - w) x', w the larger of a pair from Beta(a, a), the same for the whole batch."""
    pair = torch.full((2,), concentration)
    weight = float(torch._sample_dirichlet(pair, generator=generator).max())
    order = torch.randperm(len(pixels), generator=generator)
    there = order.to(pixels.device)
    return Mixed(weight * pixels + (1 - weight) * pixels[there], order, weight)


def cutmix(pixels: Tensor, concentration: float, generator: torch.Generator) -> Mixed:
    """A rectangle of another picture in each, at the same place in the whole batch.

    Its sides are sqrt(1 - w) of the picture's, w from Beta(a, a), around a random point, cut at the
    edges; the weight is the part of the picture that is still its own.
    """
    _, _, height, width = pixels.shape
    pair = torch.full((2,), concentration)
    share = float(torch._sample_dirichlet(pair, generator=generator)[0])
    order = torch.randperm(len(pixels), generator=generator)
    y, x = torch.rand(2, generator=generator).tolist()
    side = math.sqrt(1 - share)
    top, bottom = _ends(int(y * height), int(side * height), height)
    left, right = _ends(int(x * width), int(side * width), width)
    found = pixels.clone()
    other = pixels[order.to(pixels.device)]
    found[:, :, top:bottom, left:right] = other[:, :, top:bottom, left:right]
    weight = 1 - (bottom - top) * (right - left) / (height * width)
    return Mixed(found, order, weight)


def _ends(middle: int, length: int, most: int) -> tuple[int, int]:
    """Of a stretch around a point, cut at 0 and `most`."""
    first = middle - length // 2
    return max(0, first), min(most, first + length)


def _each(values: Tensor, pixels: Tensor) -> Tensor:
    """(batch,) -> (batch, 1, 1, 1), where the pictures are."""
    return values[:, None, None, None].to(pixels)
