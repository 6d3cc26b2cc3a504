"""Textures that weather is made of, drawn from a seed: plasma, and crystals of ice."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dlexplain.corruptions.base import Pixels


def plasma(shape: tuple[int, int], decay: float, draw: np.random.Generator) -> Pixels:
    """(height, width), a landscape of random heights, by the diamond-square algorithm.

    From a flat map that repeats itself, whose side is the least power of 2 that holds the shape,
    each round halves the distance of the known points: first the middles of squares, then those of
    diamonds get the mean of their four neighbours and a draw from U(-d, d), where d is 1 and is
    divided by decay² a round (the authors multiply the decayed factor twice). The map is brought
    to 0 to 1 and cut to the shape.
    """
    side = 1 << max(2, math.ceil(math.log2(max(shape))))
    heights = np.zeros((1, 1))
    reach = 1.0
    while len(heights) < side:
        heights = _halved(heights, reach, draw)
        reach /= decay**2
    heights -= heights.min()
    heights /= heights.max()
    return heights[: shape[0], : shape[1]]


def _halved(known: Pixels, reach: float, draw: np.random.Generator) -> Pixels:
    """(n, n) heights and, between them, new ones: (2n, 2n)."""

    def new(*sums: Pixels) -> Pixels:
        return sum(sums) / 4 + draw.uniform(-reach, reach, known.shape)

    below, right = np.roll(known, -1, axis=0), np.roll(known, -1, axis=1)
    middle = new(known, below, right, np.roll(below, -1, axis=1))
    finer = np.empty((2 * len(known), 2 * len(known)))
    finer[::2, ::2] = known
    finer[1::2, 1::2] = middle
    finer[::2, 1::2] = new(known, right, middle, np.roll(middle, 1, axis=0))
    finer[1::2, ::2] = new(known, below, middle, np.roll(middle, 1, axis=1))
    return finer


CRYSTALS = 45
ARMS = 6  # ice grows along six directions
BRANCHES = np.linspace(0.15, 0.9, 9)
"""Where on an arm branches begin, in shares of its length."""
LIGHTS = (0.9, 0.45)
"""How light an arm is, and its last branches; those before are in between."""
CANVAS = 512
"""Least short side of what crystals are drawn on, so that their lines can be thin."""
TINT = np.array([0.80, 0.90, 1.0])
"""Ice is a little blue."""


def frost(shape: tuple[int, int], draw: np.random.Generator) -> Pixels:
    """(height, width, 3), 0 to 1: a window pane with ice on it, crystals over a cloudy film."""
    film = plasma(shape, 1.7, draw)
    ice = 0.08 + 0.47 * film + (0.3 + 0.4 * film) * crystals(shape, draw)
    blue: Pixels = np.clip(ice, 0, 1)[:, :, None] ** (1 / TINT)
    return blue


def crystals(shape: tuple[int, int], draw: np.random.Generator) -> Pixels:
    """(height, width), 0 to 1: stars of six feathered arms, turned, placed and sized at random.

    An arm is 5 to 25% of the short side long; its branches leave it at 60° and are shorter and
    fainter towards its tip.
    """
    scale = math.ceil(CANVAS / min(shape))
    height, width = (scale * side for side in shape)
    middles = draw.random((CRYSTALS, 1, 2)) * (height, width)
    lengths = min(height, width) * draw.uniform(0.05, 0.25, (CRYSTALS, 1))
    arms = draw.uniform(0, 2 * math.pi, (CRYSTALS, 1)) + np.arange(ARMS) * 2 * math.pi / ARMS
    segments = [(middles, _tip(middles, arms, lengths), LIGHTS[0])]
    for share, light in zip(BRANCHES, np.linspace(*LIGHTS, len(BRANCHES)), strict=True):
        begin = _tip(middles, arms, lengths * share)
        for side in (-1, 1):
            turned = arms + side * math.pi / 3
            segments.append((begin, _tip(begin, turned, 0.5 * lengths * (1 - share)), light))
    canvas = Image.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    thick = max(1, min(height, width) // 256)
    for begins, ends, light in reversed(segments):  # the faint ones first
        pairs = np.concatenate(np.broadcast_arrays(begins, ends), axis=2).reshape(-1, 4)
        for row, column, to_row, to_column in pairs.tolist():
            pen.line((column, row, to_column, to_row), int(255 * light), thick)
    small: NDArray[np.uint8] = np.asarray(canvas.resize(shape[::-1], Image.Resampling.BOX))
    return small / 255.0


def _tip(begin: Pixels, angle: Pixels, length: Pixels) -> Pixels:
    """(crystals, arms, 2): the places that far from `begin` in that direction."""
    towards: Pixels = np.stack([np.sin(angle), np.cos(angle)], axis=2)
    return begin + length[:, :, None] * towards
