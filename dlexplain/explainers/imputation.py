"""Missing pixels of a picture from those around them.

Each missing pixel becomes the weighted mean of its eight neighbours, of those above, below, left
and right with weight 1/6 and of the diagonal ones with 1/12, missing ones among them: a linear
system over the missing pixels (Rong et al. 2022, https://arxiv.org/abs/2202.00449). At the border
of the picture the weights of the neighbours that are there are divided by their sum.

A sparse solver factorises a matrix for each picture. Here the system is solved for all pictures and
channels of a batch at once, by conjugate gradients, each step of which is corrected on coarser and
coarser pictures (multigrid, Tatebe 1993), where far pixels are near: a handful of steps is enough
however large a hole is, and each is a few passes over the picture.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

TOLERANCE = 3e-4
"""Usual, of the range from black to white."""
MOST_STEPS = 40
WEIGHTS = torch.tensor([[1.0, 2.0, 1.0], [2.0, 0.0, 2.0], [1.0, 2.0, 1.0]]) / 12


def impute(inputs: Tensor, missing: Tensor, tolerance: float) -> Tensor:
    """(n or 1, channels, height, width), (n, height, width) True where missing -> (n, channels,
    height, width), where the others are as they were.

    tolerance  the last step was no larger, and the error is about as large at most
    A picture of which nothing is left becomes its mean colour.
    """
    count, (channels, height, width) = len(missing), inputs.shape[1:]
    holes = missing.to(inputs.device)
    pictures = inputs.expand(count, -1, -1, -1)
    # All channels of all pictures as the planes of one: (1, count * channels, height, width), the
    # planes next to each other in memory, where each operation is one pass.
    planes = (1, count * channels, height, width)
    x = _laid_out(pictures.reshape(planes))
    marks = _laid_out(holes[:, None].expand(pictures.shape).reshape(planes).to(inputs.dtype))
    found = _solve(x, _levels(marks), tolerance).view(pictures.shape)
    empty = holes.flatten(1).all(1).view(-1, 1, 1, 1)
    return torch.where(empty, pictures.mean((2, 3), keepdim=True), found)


@dataclass(frozen=True, eq=False)
class _Level:
    """A picture at one size.

    missing  (1, planes, height, width) 1 where a pixel is missing, else 0
    sums     of the weights of the neighbours that are there: 1 but for the border
    share    missing / sums
    """

    missing: Tensor
    sums: Tensor
    share: Tensor


def _levels(missing: Tensor) -> list[_Level]:
    """The picture, and it at half the size and so on. A coarse pixel is missing where its four are:
    so the last of a picture of which something is left has none."""
    found: list[_Level] = []
    while True:
        # Of one plane, which are then laid out for all: a picture of one pixel has no neighbour.
        sums = _neighbours(torch.ones_like(missing[:, :1])).clamp_min_(float(WEIGHTS[0, 0]))
        sums = _laid_out(sums.expand_as(missing))
        found.append(_Level(missing, sums, missing / sums))
        if min(missing.shape[2:]) < 2:
            return found
        missing = -F.max_pool2d(-_even(missing, 1.0), 2)
        if not missing.any():
            return found


def _solve(x: Tensor, levels: list[_Level], tolerance: float) -> Tensor:
    """Conjugate gradients that forgive a correction which is not symmetric (Notay 2000,
    https://doi.org/10.1137/S1064827599362314); each plane has its own lengths of steps."""
    finest = levels[0]
    y = _first(x, levels)
    # What is missing to a mean of the neighbours, times the sum of their weights.
    residual = _excess(y, finest).neg_()
    direction = moved = torch.zeros_like(y)
    length = before = torch.ones_like(y[..., :1, :1])
    for step in range(MOST_STEPS):
        corrected = _correction(residual, levels)
        if step > 0:
            turn = -length * _dot(corrected, moved) / before
            direction = corrected.addcmul_(direction, turn)
        else:
            direction = corrected
        before = _positive(_dot(direction, residual))
        moved = _excess(direction, finest)
        length = _dot(direction, residual) / _positive(_dot(direction, moved))
        change = direction * length
        y += change
        residual = residual.addcmul(moved, length, value=-1)
        if float(change.movedim(1, 3).abs().max()) <= tolerance:  # as it lies in memory
            break
    return y


def _first(x: Tensor, levels: list[_Level]) -> Tensor:
    """A first guess: holes are filled from the picture at half the size, which is filled alike."""
    level = levels[0]
    known = 1 - level.missing
    if len(levels) > 1:
        height, width = x.shape[2:]
        there = F.avg_pool2d(_even(known), 2)
        mean = F.avg_pool2d(_even(x * known), 2) / there.clamp_min(0.25)
        guess = _larger(_first(mean, levels[1:]), height, width)
    else:
        total = (x * known).sum((2, 3), keepdim=True)
        guess = (total / known.sum((2, 3), keepdim=True).clamp_min(1)).expand_as(x)
    y = torch.lerp(x, guess, level.missing)
    for _ in range(2):
        y = (x * known).addcmul_(_neighbours(y), level.share)
    return y


def _correction(residual: Tensor, levels: list[_Level]) -> Tensor:
    """About the solution e of D e - W e = residual, D being the sums of weights and W the weights:
    a step of Jacobi's, what is left solved alike at half the size, and a step again.

    Jacobi's step needs no damping here: on these weights it takes away two thirds of whatever
    changes from pixel to pixel.
    """
    level = levels[0]
    e = residual * level.share
    if len(levels) > 1:
        height, width = residual.shape[2:]
        left = _neighbours(e).mul_(level.missing)  # residual - D e + W e, where D e is residual
        coarse = F.avg_pool2d(_even(left), 2)
        # A difference between coarse neighbours is over twice the way: it counts four times.
        coarse = coarse.mul_(levels[1].missing).mul_(4)
        e.addcmul_(_larger(_correction(coarse, levels[1:]), height, width), level.missing)
    return _neighbours(e).add_(residual).mul_(level.share)


def _excess(y: Tensor, level: _Level) -> Tensor:
    """D y - W y where pixels are missing, 0 elsewhere."""
    return _neighbours(y).neg_().addcmul_(y, level.sums).mul_(level.missing)


def _neighbours(x: Tensor) -> Tensor:
    """The weighted sum of each pixel's neighbours; there are none beyond the border."""
    planes = x.shape[1]
    return F.conv2d(x, WEIGHTS.to(x).expand(planes, 1, 3, 3), padding=1, groups=planes)


def _larger(x: Tensor, height: int, width: int) -> Tensor:
    doubled = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return doubled[..., :height, :width]


def _even(x: Tensor, value: float = 0.0) -> Tensor:
    """With a row and a column more where their number is odd."""
    height, width = x.shape[2:]
    return F.pad(x, (0, width % 2, 0, height % 2), value=value) if height % 2 or width % 2 else x


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Of each plane, (1, planes, 1, 1)."""
    return (a * b).sum((2, 3), keepdim=True)


def _positive(x: Tensor) -> Tensor:
    """As a divisor: planes that are solved have 0 above and below."""
    return x.clamp_min(torch.finfo(x.dtype).tiny)


def _laid_out(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
