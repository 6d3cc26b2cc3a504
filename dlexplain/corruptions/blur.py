"""Blurs of lenses, panes and hands: each value becomes a mean of those around it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlexplain.corruptions.base import Corruption, Pixels, register
from dlexplain.corruptions.filters import blurred, convolved, disk, dragged, zoomed


class Disk(NamedTuple):
    """radius in pixels; softness, the deviation in pixels of the blur of the disk's edge"""

    radius: float
    softness: float


@register
class DefocusBlur(Corruption[Disk]):
    """Out of focus: each point becomes a disk.

    Formula: x * k, k a disk of a radius r in pixels whose edge is softened by a Gaussian of
    deviation s; Σ k = 1. The constants are (r, s).
    """

    name = "defocus-blur"
    title = "Defocus blur"
    family = "blur"
    draws = False
    imagenet = (Disk(3, 0.1), Disk(4, 0.5), Disk(6, 0.5), Disk(8, 0.5), Disk(10, 0.5))
    cifar = (Disk(0.3, 0.4), Disk(0.4, 0.5), Disk(0.5, 0.6), Disk(1, 0.2), Disk(1.5, 0.1))

    def changed(self, pixels: Pixels, strength: Disk, draw: np.random.Generator) -> Pixels:
        return convolved(pixels, disk(*strength))


class Pane(NamedTuple):
    """deviation of the blurs in pixels; reach of a move in pixels; rounds of moves"""

    deviation: float
    reach: int
    rounds: int


def moved(pixels: Pixels, offsets: NDArray[np.int64], reach: int) -> Pixels:
    """From the last row to the first, and in a row from the right, each pixel takes the value that
    then stands at its offset; pixels within `reach` of the border stay.

    offsets  (h, w, 2) in rows and columns, each from -reach to reach - 1

    The loop is not run. A pixel that reads one which had its turn before reads, in the end, what
    that one read: pointers, which are followed all at once, twice as far each time.
    """
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    inside = (rows > reach) & (rows <= height - reach)
    inside &= (columns > reach) & (columns <= width - reach)
    place = rows * width + columns
    source = np.where(inside, place + offsets[..., 0] * width + offsets[..., 1], place).ravel()
    # Only those are followed whose source had its turn: it comes later in reading order, and moves.
    place, moves = place.ravel(), inside.ravel()
    follow = np.where(moves & (source > place) & moves[source], source, place)
    while not np.array_equal(follow, further := follow[follow]):
        follow = further
    read: Pixels = pixels.reshape(-1, pixels.shape[2])[source[follow]]
    return read.reshape(pixels.shape)


@register
class GlassBlur(Corruption[Pane]):
    """Through frosted glass: pixels are blurred, moved at random to near by, and blurred again.

    Formula: G_s(M_d^n(G_s(x))); G_s a Gaussian of deviation s in pixels, M_d one round in which
    each pixel takes the value at an offset of -d to d - 1 in both directions. The constants are
    (s, d, n). The authors mean to swap two pixels; their code copies one, and so does this.
    """

    name = "glass-blur"
    title = "Glass blur"
    family = "blur"
    draws = True
    imagenet = (Pane(0.7, 1, 2), Pane(0.9, 2, 1), Pane(1, 2, 3), Pane(1.1, 3, 2), Pane(1.5, 4, 2))
    cifar = (Pane(0.05, 1, 1), Pane(0.25, 1, 1), Pane(0.4, 1, 1), Pane(0.25, 1, 2), Pane(0.4, 1, 2))

    def changed(self, pixels: Pixels, strength: Pane, draw: np.random.Generator) -> Pixels:
        changed = blurred(pixels, strength.deviation)
        for _ in range(strength.rounds):
            offsets = draw.integers(-strength.reach, strength.reach, (*pixels.shape[:2], 2))
            changed = moved(changed, offsets, strength.reach)
        return blurred(changed, strength.deviation)


class Drag(NamedTuple):
    """radius: 2 radius + 1 pixels are meant, one after the other; deviation in pixels"""

    radius: int
    deviation: float


@register
class MotionBlur(Corruption[Drag]):
    """The camera moved: each pixel is a mean of those on a line, which begins at it.

    Formula: Σ_i k_i x(p + i (sin a, cos a)), k_i ∝ exp(-i² / 2s²), i from 0 to 2r, as ImageMagick
    has it; a ~ U(-45°, 45°). The constants are (r, s), in pixels.
    """

    name = "motion-blur"
    title = "Motion blur"
    family = "blur"
    draws = True
    imagenet = (Drag(10, 3), Drag(15, 5), Drag(15, 8), Drag(15, 12), Drag(20, 15))
    cifar = (Drag(6, 1), Drag(6, 1.5), Drag(6, 2), Drag(8, 2), Drag(9, 2.5))

    def changed(self, pixels: Pixels, strength: Drag, draw: np.random.Generator) -> Pixels:
        return dragged(pixels, strength.radius, strength.deviation, draw.uniform(-45, 45))


class Zooms(NamedTuple):
    """factors from 1, a step apart, that are less than `below`"""

    below: float
    step: float


@register
class ZoomBlur(Corruption[Zooms]):
    """The camera came nearer: the mean of the picture and of itself, enlarged more and more.

    Formula: (x + Σ_z Z_z(x)) / (n + 1); Z_z enlarges about the middle by the n factors z = 1,
    1 + d, 1 + 2d, … The constants are (where they end, d).
    """

    name = "zoom-blur"
    title = "Zoom blur"
    family = "blur"
    draws = False
    imagenet = (
        Zooms(1.11, 0.01), Zooms(1.16, 0.01), Zooms(1.21, 0.02), Zooms(1.26, 0.02),
        Zooms(1.31, 0.03),
    )  # fmt: skip
    cifar = (
        Zooms(1.06, 0.01), Zooms(1.11, 0.01), Zooms(1.16, 0.01), Zooms(1.21, 0.01),
        Zooms(1.26, 0.01),
    )  # fmt: skip

    def changed(self, pixels: Pixels, strength: Zooms, draw: np.random.Generator) -> Pixels:
        # As the authors call it: rounding decides whether the end itself is among them.
        factors = np.arange(1, strength.below, strength.step)
        total = pixels.copy()
        for factor in factors:
            total += zoomed(pixels, factor)
        return total / (len(factors) + 1)
